#include "journal/format.h"

#include <cstring>

#include "base/crc32c.h"
#include "journal/writer.h"

namespace matsuri::journal {
namespace {

constexpr std::string_view segment_magic = "MTSRJSEG";
constexpr std::string_view journal_magic = "MTSRJRNL";
constexpr std::size_t checksum_at = 8;
constexpr std::size_t checked_from = 12;
constexpr std::size_t journal_fixed_size = 32;
constexpr std::size_t sealed_size = 16;

template <class T>
Bytes bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

Error corrupt(std::string message) { return {Code::corrupt, std::move(message)}; }

// Checks what JOURNAL and a segment's header have in common.
Result<void> check_frame(Bytes bytes, std::string_view magic, std::uint32_t version) {
  if (as_text(bytes.first(magic.size())) != magic) return corrupt("the magic is wrong");
  if (load<std::uint32_t>(bytes, checksum_at) != crc32c(bytes.subspan(checked_from)))
    return corrupt("the header's checksum is wrong");
  // After the checksum: a version that a newer program wrote is not damage.
  if (version != format_version)
    return Error(Code::invalid, "format version " + std::to_string(version) + " is not known");
  return {};
}

std::string hex16(std::uint64_t value) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = digits[(value >> (4 * i)) & 15];
  return text;
}

std::optional<std::uint64_t> parse_hex16(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

std::uint32_t record_checksum(const StoredHeader& header, Bytes payload, std::uint32_t salt) {
  const Bytes bytes = bytes_of(header);
  const std::uint32_t of_length = crc32c(bytes.first(offsetof(StoredHeader, checksum)), salt);
  return crc32c(payload, crc32c(bytes.subspan(offsetof(StoredHeader, id)), of_length));
}

StoredHeader store_header(const RecordHeader& header, Bytes payload, std::uint32_t salt) {
  StoredHeader stored{};
  stored.length = static_cast<std::uint32_t>(payload.size());
  stored.id = header.id;
  stored.unix_ms = header.unix_ms;
  stored.account = header.account.value;
  std::memcpy(stored.key, header.key.bytes.data(), sizeof stored.key);
  stored.fingerprint = header.fingerprint;
  stored.kind = static_cast<std::uint16_t>(header.kind);
  stored.checksum = record_checksum(stored, payload, salt);
  return stored;
}

RecordHeader load_header(const StoredHeader& stored) {
  RecordHeader header;
  header.id = stored.id;
  header.unix_ms = stored.unix_ms;
  header.account = AccountId{stored.account};
  std::memcpy(header.key.bytes.data(), stored.key, sizeof stored.key);
  header.fingerprint = stored.fingerprint;
  header.kind = static_cast<EventKind>(stored.kind);
  return header;
}

std::optional<RecordView> record_at(Bytes body, std::size_t at, std::uint32_t salt) {
  if (at > body.size() || body.size() - at < sizeof(StoredHeader)) return std::nullopt;
  RecordView view;
  std::memcpy(&view.header, body.data() + at, sizeof view.header);
  if (view.header.length > record_payload_size_max) return std::nullopt;
  if (body.size() - at < record_stride(view.header.length)) return std::nullopt;
  if (view.header.reserved_a != 0 || view.header.reserved_b != 0) return std::nullopt;
  view.payload = body.subspan(at + sizeof(StoredHeader), view.header.length);
  if (record_checksum(view.header, view.payload, salt) != view.header.checksum) return std::nullopt;
  return view;
}

bool is_plausible(const BatchHeader& header) {
  return header.reserved == 0 && header.count >= 1 && header.body_size % 8 == 0 &&
         header.body_size / sizeof(StoredHeader) >= header.count && header.offset_first != 0;
}

std::uint32_t batch_checksum(Bytes batch, std::uint32_t salt) {
  return crc32c(batch.subspan(offsetof(BatchHeader, body_size)), salt);
}

std::string encode_segment_header(SegmentHeader header) {
  std::memcpy(header.magic, segment_magic.data(), sizeof header.magic);
  header.version = format_version;
  std::string block(segment_header_size, '\0');
  std::memcpy(block.data(), &header, sizeof header);
  const MutableBytes bytes = std::as_writable_bytes(std::span(block));
  store(bytes, checksum_at, crc32c(as_bytes(block).subspan(checked_from)));
  return block;
}

Result<SegmentHeader> decode_segment_header(Bytes block) {
  if (block.size() < segment_header_size) return corrupt("the header is cut short");
  block = block.first(segment_header_size);
  SegmentHeader header;
  std::memcpy(&header, block.data(), sizeof header);
  TRY(check_frame(block, segment_magic, header.version));
  for (const std::byte byte : block.subspan(offsetof(SegmentHeader, reserved)))
    if (byte != std::byte{0}) return corrupt("reserved bytes of the header are not zero");
  if (header.incarnation == 0 || header.first_offset == 0)
    return corrupt("the header has no incarnation or no first offset");
  return header;
}

std::string encode_journal_file(const JournalFile& journal) {
  std::string out(journal_fixed_size + sealed_size * journal.sealed.size(), '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(out));
  std::memcpy(out.data(), journal_magic.data(), journal_magic.size());
  store(bytes, 12, format_version);
  store(bytes, 16, static_cast<std::uint8_t>(journal.region));
  store(bytes, 17, static_cast<std::uint8_t>(journal.node));
  store(bytes, 20, static_cast<std::uint32_t>(journal.sealed.size()));
  store(bytes, 24, journal.incarnation);
  std::size_t at = journal_fixed_size;
  for (const SealedIncarnation& sealed : journal.sealed) {
    store(bytes, at, sealed.incarnation);
    store(bytes, at + 8, sealed.end_offset);
    at += sealed_size;
  }
  store(bytes, checksum_at, crc32c(as_bytes(out).subspan(checked_from)));
  return out;
}

Result<JournalFile> decode_journal_file(Bytes bytes) {
  if (bytes.size() < journal_fixed_size) return corrupt("the file is cut short");
  TRY(check_frame(bytes, journal_magic, load<std::uint32_t>(bytes, 12)));
  const auto sealed_count = load<std::uint32_t>(bytes, 20);
  if (sealed_count > sealed_count_max ||
      bytes.size() != journal_fixed_size + sealed_size * sealed_count ||
      load<std::uint16_t>(bytes, 18) != 0)
    return corrupt("the file's fields contradict its length");
  JournalFile journal;
  journal.region = Region{load<std::uint8_t>(bytes, 16)};
  journal.node = Node{load<std::uint8_t>(bytes, 17)};
  journal.incarnation = load<std::uint64_t>(bytes, 24);
  if (journal.incarnation == 0) return corrupt("the file names no incarnation");
  for (std::size_t at = journal_fixed_size; at < bytes.size(); at += sealed_size)
    journal.sealed.push_back({.incarnation = load<std::uint64_t>(bytes, at),
                              .end_offset = load<std::uint64_t>(bytes, at + 8)});
  return journal;
}

std::string SegmentName::to_string() const {
  return hex16(incarnation) + "-" + hex16(first_offset) + ".seg";
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
  if (name.size() != 37 || name[16] != '-' || !name.ends_with(".seg")) return std::nullopt;
  const auto incarnation = parse_hex16(name.substr(0, 16));
  const auto first_offset = parse_hex16(name.substr(17, 16));
  if (!incarnation || !first_offset) return std::nullopt;
  return SegmentName{.incarnation = *incarnation, .first_offset = *first_offset};
}

}  // namespace matsuri::journal
