// A record: one event with what every reader of a log needs to know of it, whatever it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "model/event.h"
#include "model/ids.h"

namespace matsuri {

// The first 128 bits of BLAKE2b over the client's Idempotency-Key. All zero means: none was given.
struct IdempotencyKey {
  std::array<std::byte, 16> bytes{};

  auto operator<=>(const IdempotencyKey&) const = default;
  explicit operator bool() const { return *this != IdempotencyKey{}; }
};

// The fixed part of a record, the same in the journal (64 bytes, journal/format.h) and in an
// outbox.
struct RecordHeader {
  std::uint64_t id = 0;           // the id of what the record makes or changes
  std::int64_t unix_ms = 0;       // when exec accepted it; for imports the original time
  AccountId account;              // who acts; 0 for the system
  IdempotencyKey key;             // scoped to the account
  std::uint64_t fingerprint = 0;  // of the request under that key: a reuse for another is an error
  EventKind kind{};
};

}  // namespace matsuri

template <>
struct std::hash<matsuri::IdempotencyKey> {
  std::size_t operator()(const matsuri::IdempotencyKey& key) const noexcept {
    std::size_t value;
    static_assert(sizeof value <= sizeof key.bytes);
    __builtin_memcpy(&value, key.bytes.data(), sizeof value);
    return value;
  }
};
