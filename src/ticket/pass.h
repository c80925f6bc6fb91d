// The viewer pass: that an account may check in to a programme until then. The web role signs it,
// because it knows who is logged in; closures read it, and share nothing with the web role but
// keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "ticket/keys.h"

namespace matsuri::ticket {

using ProgrammeId = Id<struct ProgrammeTag>;

struct ViewerPass {
  AccountId account;
  ProgrammeId programme;
  std::int64_t expires_unix_ms = 0;  // it counts before that millisecond

  bool operator==(const ViewerPass&) const = default;
};

// base64url of these 42 bytes, 56 letters; integers are little-endian:
//
//   offset  size  field
//        0     1  version    1
//        1     1  key id
//        2     8  account
//       10     8  programme
//       18     8  expires    Unix milliseconds
//       26    16  mac        the first 16 bytes of HMAC-SHA256(key of `pass`, all before it)
inline constexpr std::size_t pass_text_size = 56;

std::string seal(const Keys& keys, const ViewerPass& pass);

// Code::unauthenticated for all that seal() does not give. In constant time in the mac. Whether it
// still counts, and for which programme, is for can_use().
Result<ViewerPass> open_pass(const Keys& keys, std::string_view text);

// Code::unauthenticated where it is over, Code::denied where it is for another programme.
Result<void> can_use(const ViewerPass& pass, ProgrammeId programme, std::int64_t now_unix_ms);

}  // namespace matsuri::ticket
