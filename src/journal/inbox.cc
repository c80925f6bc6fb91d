// The bytes of inbox files, and how one record gets there. Linked by programs that live for one
// request: nothing here starts a thread or keeps a file open.
#include "journal/inbox.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/crc32c.h"
#include "io/append.h"

namespace matsuri::journal {
namespace {

constexpr std::string_view inbox_magic = "MIB1";

std::uint32_t checksum_of(const InboxHeader& header, Bytes payload) {
  const Bytes bytes = std::as_bytes(std::span(&header, 1));
  const std::uint32_t before = crc32c(bytes.first(offsetof(InboxHeader, checksum)));
  return crc32c(payload, crc32c(bytes.subspan(offsetof(InboxHeader, kind)), before));
}

}  // namespace

std::string encode_inbox_record(const RecordHeader& header, Bytes payload, std::uint64_t mark) {
  MATSURI_ASSERT(payload.size() <= inbox_payload_size_max);
  InboxHeader stored{};
  std::memcpy(stored.magic, inbox_magic.data(), sizeof stored.magic);
  stored.length = static_cast<std::uint32_t>(payload.size());
  stored.kind = static_cast<std::uint16_t>(header.kind);
  stored.unix_ms = header.unix_ms;
  stored.account = header.account.value;
  std::memcpy(stored.key, header.key.bytes.data(), sizeof stored.key);
  stored.fingerprint = header.fingerprint;
  stored.mark = mark;
  stored.checksum = checksum_of(stored, payload);
  std::string bytes(sizeof stored + payload.size(), '\0');
  std::memcpy(bytes.data(), &stored, sizeof stored);
  if (!payload.empty()) std::memcpy(bytes.data() + sizeof stored, payload.data(), payload.size());
  return bytes;
}

std::optional<InboxRecord> inbox_record_at(Bytes bytes) {
  InboxHeader stored;
  if (bytes.size() < sizeof stored || as_text(bytes.first(inbox_magic.size())) != inbox_magic)
    return std::nullopt;
  std::memcpy(&stored, bytes.data(), sizeof stored);
  if (stored.length > inbox_payload_size_max || stored.reserved != 0 ||
      bytes.size() - sizeof stored < stored.length)
    return std::nullopt;
  InboxRecord record;
  record.payload = bytes.subspan(sizeof stored, stored.length);
  if (checksum_of(stored, record.payload) != stored.checksum) return std::nullopt;
  record.size = sizeof stored + stored.length;
  record.header.unix_ms = stored.unix_ms;
  record.header.account = AccountId{stored.account};
  std::memcpy(record.header.key.bytes.data(), stored.key, sizeof stored.key);
  record.header.fingerprint = stored.fingerprint;
  record.header.kind = static_cast<EventKind>(stored.kind);
  const MutableBytes id(record.as_first);
  store(id, 0, stored.mark);
  store(id, 8, stored.checksum);
  store(id, 12, static_cast<std::uint32_t>(stored.unix_ms));
  return record;
}

InboxPiece inbox_piece_at(Bytes bytes) {
  using What = InboxPiece::What;
  if (auto record = inbox_record_at(bytes))
    return {.what = What::record, .size = record->size, .record = *std::move(record)};
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    const auto* found = static_cast<const std::byte*>(
        std::memchr(bytes.data() + at, inbox_magic.front(), bytes.size() - at));
    if (found == nullptr) break;
    at = static_cast<std::size_t>(found - bytes.data());
    if (inbox_record_at(bytes.subspan(at))) return {.what = What::damaged, .size = at};
  }
  // A whole record that begins before that would have been found.
  if (bytes.size() >= inbox_record_size_max)
    return {.what = What::damaged, .size = bytes.size() - inbox_record_size_max + 1};
  return {.what = What::open, .size = bytes.size()};
}

Result<void> InboxWriter::append(const RecordHeader& header, Bytes payload) {
  const std::string record = encode_inbox_record(header, payload, random_.next_u64());
  auto appended = io::append_once(path_, as_bytes(record));
  if (!appended.ok() && appended.error().code() == Code::exhausted)
    return Error(Code::busy, "the inbox's disk is full: " + appended.error().message());
  return appended;
}

}  // namespace matsuri::journal
