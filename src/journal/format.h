// The bytes of a journal: what docs/formats/journal.md says, as constants and functions. All
// integers are little-endian; every checksum is CRC-32C.
//
// A folder holds the file JOURNAL and segments <incarnation>-<first offset>.seg (both as 16 hex
// digits); `next.tmp` is a segment that did not begin, LOCK is the lock, other names are ignored.
//
// JOURNAL, replaced as a whole:
//
//   offset  size  field
//        0     8  magic         "MTSRJRNL"
//        8     4  checksum      of every byte after it
//       12     4  version       1
//       16     1  region
//       17     1  node
//       18     2  reserved      zero
//       20     4  sealed_count  older incarnations that still have, or had, segments
//       24     8  incarnation   the one that is written
//       32   16n  sealed        incarnation (8), offset of its last record (8); the oldest first
//
// A segment is a header block of 4096 bytes, batches, and zeros up to segment_size:
//
//        0     8  magic         "MTSRJSEG"
//        8     4  checksum      of every byte after it in the block
//       12     4  version       1
//       16     8  incarnation
//       24     8  first_offset  of the first record; 1 is an incarnation's first
//       32     8  segment_size  bytes that are allocated
//       40     8  created_ms    Unix time; informative
//       48     4  salt          random; the seed of every checksum below
//       52     1  region
//       53     1  node
//       54     -  reserved      zero up to 4096
//
// A batch is what one group commit made durable: whole, or not there. It starts at a multiple of 8:
//
//        0     4  checksum      salted, of every byte after it to the end of the body
//        4     4  body_size     bytes after this header; a multiple of 8
//        8     8  offset_first  of the first record; the next batch goes on without a gap
//       16     8  time_ms       Unix time of the commit; informative, never ordered by
//       24     4  count         records in the body; at least 1
//       28     4  reserved      zero
//
// A record is a header, its payload, and zeros up to a multiple of 8:
//
//        0     4  length        bytes of payload; at most record_payload_size_max
//        4     4  checksum      salted, of length, then of every byte after it to the payload's end
//        8     8  id            of what it makes or changes
//       16     8  unix_ms       when it was accepted; for imports the original time
//       24     8  account       who acts; 0 for the system
//       32    16  key           idempotency key; zero: none
//       48     8  fingerprint   of the request under that key
//       56     2  kind          EventKind: how to read the payload
//       58     6  reserved      zero
//
// The rule of recovery: a segment ends before the first batch that is cut short, fails its checksum
// or has the wrong offset. Where a whole batch with a greater offset follows in the segment, or
// where another segment begins with a greater offset than the next, what was damaged had been
// durable: that is corrupt. Else it was torn by a crash, and is cut off. This holds because a batch
// is written only after the one before it is durable, and a segment gets its name only after its
// header is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/position.h"
#include "model/record.h"

namespace matsuri::journal {

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::size_t segment_header_size = 4096;
inline constexpr std::string_view journal_file_name = "JOURNAL";
inline constexpr std::string_view lock_file_name = "LOCK";
inline constexpr std::string_view spare_file_name = "next.tmp";

struct SegmentHeader {
  char magic[8];
  std::uint32_t checksum;
  std::uint32_t version;
  std::uint64_t incarnation;
  std::uint64_t first_offset;
  std::uint64_t segment_size;
  std::int64_t created_ms;
  std::uint32_t salt;
  std::uint8_t region;
  std::uint8_t node;
  std::uint16_t reserved;
};
static_assert(sizeof(SegmentHeader) == 56);
static_assert(offsetof(SegmentHeader, checksum) == 8);
static_assert(offsetof(SegmentHeader, incarnation) == 16);
static_assert(offsetof(SegmentHeader, segment_size) == 32);
static_assert(offsetof(SegmentHeader, salt) == 48);
static_assert(offsetof(SegmentHeader, region) == 52);

struct BatchHeader {
  std::uint32_t checksum;
  std::uint32_t body_size;
  std::uint64_t offset_first;
  std::int64_t time_ms;
  std::uint32_t count;
  std::uint32_t reserved;
};
static_assert(sizeof(BatchHeader) == 32);
static_assert(offsetof(BatchHeader, body_size) == 4);
static_assert(offsetof(BatchHeader, offset_first) == 8);
static_assert(offsetof(BatchHeader, time_ms) == 16);
static_assert(offsetof(BatchHeader, count) == 24);

struct StoredHeader {
  std::uint32_t length;
  std::uint32_t checksum;
  std::uint64_t id;
  std::int64_t unix_ms;
  std::uint64_t account;
  std::byte key[16];
  std::uint64_t fingerprint;
  std::uint16_t kind;
  std::uint16_t reserved_a;
  std::uint32_t reserved_b;
};
static_assert(sizeof(StoredHeader) == 64);
static_assert(offsetof(StoredHeader, checksum) == 4);
static_assert(offsetof(StoredHeader, id) == 8);
static_assert(offsetof(StoredHeader, account) == 24);
static_assert(offsetof(StoredHeader, key) == 32);
static_assert(offsetof(StoredHeader, fingerprint) == 48);
static_assert(offsetof(StoredHeader, kind) == 56);

// What a record of that many bytes of payload takes in a batch.
constexpr std::size_t record_stride(std::size_t payload_size) {
  return (sizeof(StoredHeader) + payload_size + 7) & ~std::size_t{7};
}

// Fills the record's header, checksum included, under the segment's salt.
StoredHeader store_header(const RecordHeader& header, Bytes payload, std::uint32_t salt);
std::uint32_t record_checksum(const StoredHeader& header, Bytes payload, std::uint32_t salt);
RecordHeader load_header(const StoredHeader& header);

// The record at `at` in a batch's body. nullopt where it does not fit into the body, fails its
// checksum, or has reserved bits.
struct RecordView {
  StoredHeader header;
  Bytes payload;
};
std::optional<RecordView> record_at(Bytes body, std::size_t at, std::uint32_t salt);

// Whether the fields may be a batch's: false for zeros and for almost all other bytes.
bool is_plausible(const BatchHeader& header);
// REQUIRES: `batch` is header and body.
std::uint32_t batch_checksum(Bytes batch, std::uint32_t salt);

// The header block. `checksum`, `magic` and `version` of `header` are filled in.
std::string encode_segment_header(SegmentHeader header);
// Code::corrupt, with what is wrong, for all that encode_segment_header() does not give.
Result<SegmentHeader> decode_segment_header(Bytes block);

struct SealedIncarnation {
  std::uint64_t incarnation = 0;
  std::uint64_t end_offset = 0;
  bool operator==(const SealedIncarnation&) const = default;
};

// What the file JOURNAL says.
struct JournalFile {
  Region region{};
  Node node{};
  std::uint64_t incarnation = 0;
  std::vector<SealedIncarnation> sealed;
  bool operator==(const JournalFile&) const = default;
};
inline constexpr std::size_t sealed_count_max = 4096;
std::string encode_journal_file(const JournalFile& journal);
Result<JournalFile> decode_journal_file(Bytes bytes);

// Which segment a file name names.
struct SegmentName {
  std::uint64_t incarnation = 0;
  std::uint64_t first_offset = 0;
  auto operator<=>(const SegmentName&) const = default;
  std::string to_string() const;
};
std::optional<SegmentName> parse_segment_name(std::string_view name);

}  // namespace matsuri::journal
