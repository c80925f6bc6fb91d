// Inbox files: what processes that live for one request (CGI) write instead of a journal. A record
// is one append to a file, by whoever likes; the node's agent carries it into the journal.
// docs/formats/inbox.md has the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/random.h"
#include "model/record.h"

namespace matsuri::journal {

inline constexpr std::size_t inbox_payload_size_max = std::size_t{16} << 10;

// All integers are little-endian. No padding: records follow each other byte by byte.
struct InboxHeader {
  char magic[4];           // "MIB1"
  std::uint32_t length;    // bytes of payload behind the header
  std::uint32_t checksum;  // CRC-32C of the header without this field, then the payload
  std::uint16_t kind;
  std::uint16_t reserved;  // zero
  std::int64_t unix_ms;
  std::uint64_t account;
  std::byte key[16];
  std::uint64_t fingerprint;
  std::uint64_t mark;  // random: no two records are the same bytes
};
static_assert(sizeof(InboxHeader) == 64);
static_assert(offsetof(InboxHeader, checksum) == 8);
static_assert(offsetof(InboxHeader, unix_ms) == 16);
static_assert(offsetof(InboxHeader, key) == 32);
static_assert(offsetof(InboxHeader, mark) == 56);

inline constexpr std::size_t inbox_record_size_max = sizeof(InboxHeader) + inbox_payload_size_max;

// The record as it stands in the file. The id in `header` counts for nothing: the agent makes one.
// REQUIRES: payload.size() <= inbox_payload_size_max.
std::string encode_inbox_record(const RecordHeader& header, Bytes payload, std::uint64_t mark);

// What a file is known by, whatever its name: it is made of its first whole record.
using InboxFileId = std::array<std::byte, 16>;

struct InboxRecord {
  RecordHeader header;  // without an id
  Bytes payload;        // in the bytes that were looked at
  std::size_t size = 0;
  InboxFileId as_first{};  // the file's, where this is its first record
};

// The record that begins the bytes, if a whole and undamaged one does.
std::optional<InboxRecord> inbox_record_at(Bytes bytes);

// What the bytes begin with, and how many of them it takes.
struct InboxPiece {
  enum class What : std::uint8_t {
    record,
    damaged,  // what is no record up to where one begins, or may begin
    open,     // all there is, of what may be a record when more of it is written
  };
  What what = What::open;
  std::size_t size = 0;
  InboxRecord record{};
};
// REQUIRES: bytes is not empty.
InboxPiece inbox_piece_at(Bytes bytes);

// Appends records to the file at `path`, which is made where it is missing. Any number of processes
// and threads may do so at once; the file may be renamed at any moment, and the next record begins
// a new one. The folder has to be there.
class InboxWriter {
 public:
  explicit InboxWriter(std::string path, io::Random& random = io::system_random())
      : path_(std::move(path)), random_(random) {}

  // When it returns without an error the record is *written*: it survives the end of the process,
  // and not a power cut. Code::busy where the disk is full, Code::not_found where the folder is
  // missing, Code::io: nothing was promised, and nobody reads what may have been written of it.
  // REQUIRES: payload.size() <= inbox_payload_size_max.
  Result<void> append(const RecordHeader& header, Bytes payload);

 private:
  std::string path_;
  io::Random& random_;
};

}  // namespace matsuri::journal
