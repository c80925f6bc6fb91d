// What a game presents: title keys, which an admin gives out, and player tokens, which are signed
// and stand for themselves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "account/credential.h"
#include "base/result.h"
#include "game/model.h"
#include "io/random.h"
#include "model/ids.h"

namespace matsuri::game {

// The secret of a title key, and what is kept of it.
using Secret = std::array<std::byte, 24>;
using SecretHash = std::array<std::byte, 32>;

struct KeyText {
  TitleKeyId id;
  Secret secret{};
};
Secret new_secret(io::Random& random);
SecretHash hash_of(const Secret& secret);
// In constant time.
bool equal(const SecretHash& a, const SecretHash& b);
// "mk_" and 43 characters of base64url.
std::string to_text(const KeyText& key);
// Code::unauthenticated for all that to_text() does not give.
Result<KeyText> parse_key_text(std::string_view text);

// An account that plays a title, as a client key of the title and the account together proved.
struct PlayerToken {
  TitleId title;
  AccountId account;
  TitleKeyId key;           // that it was asked for with
  std::uint32_t epoch = 0;  // of the account
  std::int64_t expires_unix_ms = 0;

  bool operator==(const PlayerToken&) const = default;
};

// "mp_" and base64url: 97 characters.
std::string seal(const account::Signer& signer, const PlayerToken& token);
// Code::unauthenticated for all that seal() does not give. Whether it still counts is for others.
Result<PlayerToken> open_player_token(const account::Signer& signer, std::string_view text);

}  // namespace matsuri::game
