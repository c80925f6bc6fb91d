// The ticket: one session of a viewer's camera, signed, and kept by nobody. Its seed makes the
// patterns that the viewer's pictures are projected on (match/), so a descriptor counts for one
// ticket alone, and a closure that did not give the ticket can judge it all the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "ticket/keys.h"
#include "ticket/pass.h"

namespace matsuri::ticket {

using Nonce = std::array<std::byte, 16>;

struct Ticket {
  std::uint8_t key = 0;  // the id of the key that signed it, which makes its seed, too
  AccountId account;
  ProgrammeId programme;
  std::int64_t issued_unix_ms = 0;
  Nonce nonce{};

  bool operator==(const Ticket&) const = default;
};

// base64url of these 58 bytes, 78 letters; integers are little-endian:
//
//   offset  size  field
//        0     1  version    1
//        1     1  key id
//        2     8  account
//       10     8  programme
//       18     8  issued     Unix milliseconds
//       26    16  nonce      random
//       42    16  mac        the first 16 bytes of HMAC-SHA256(key of `mac`, all before it)
//
// The seed is HMAC-SHA256(key of `seed`, the 42 bytes before the mac).
inline constexpr std::size_t ticket_text_size = 78;

// REQUIRES: keys.has(ticket.key).
std::string seal(const Keys& keys, const Ticket& ticket);
Digest seed_of(const Keys& keys, const Ticket& ticket);

// Code::unauthenticated for all that seal() does not give. In constant time in the mac.
Result<Ticket> open_ticket(const Keys& keys, std::string_view text);

}  // namespace matsuri::ticket
