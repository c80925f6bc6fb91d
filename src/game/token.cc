#include "game/token.h"

#include <sodium.h>

#include "base/bytes.h"
#include "model/base64url.h"

namespace matsuri::game {
namespace {

constexpr std::string_view key_prefix = "mk_";
constexpr std::string_view player_prefix = "mp_";
constexpr std::string_view player_purpose = "player";
constexpr std::byte player_version{1};
// version, title, account, title key, epoch, end, id of the signing key; then the MAC.
constexpr std::size_t body_size = 1 + 8 + 8 + 8 + 4 + 8 + 1;
constexpr std::size_t player_size = body_size + sizeof(account::Signer::Seal::mac);

}  // namespace

Secret new_secret(io::Random& random) {
  Secret secret;
  random.fill(secret);
  return secret;
}

SecretHash hash_of(const Secret& secret) {
  SecretHash hash;
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr,
                     0);
  return hash;
}

bool equal(const SecretHash& a, const SecretHash& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_text(const KeyText& key) {
  std::array<std::byte, 8 + sizeof(Secret)> bytes{};
  store<std::uint64_t>(bytes, 0, key.id.value);
  std::memcpy(bytes.data() + 8, key.secret.data(), key.secret.size());
  return std::string(key_prefix) + to_base64url(bytes);
}

Result<KeyText> parse_key_text(std::string_view text) {
  std::array<std::byte, 8 + sizeof(Secret)> bytes{};
  if (!text.starts_with(key_prefix) || !from_base64url(text.substr(key_prefix.size()), bytes))
    return Error(Code::unauthenticated, "this is no title key");
  KeyText key{.id = TitleKeyId{load<std::uint64_t>(bytes, 0)}};
  std::memcpy(key.secret.data(), bytes.data() + 8, key.secret.size());
  return key;
}

std::string seal(const account::Signer& signer, const PlayerToken& token) {
  std::array<std::byte, player_size> bytes{};
  const MutableBytes view(bytes);
  bytes[0] = player_version;
  store<std::uint64_t>(view, 1, token.title.value);
  store<std::uint64_t>(view, 9, token.account.value);
  store<std::uint64_t>(view, 17, token.key.value);
  store<std::uint32_t>(view, 25, token.epoch);
  store<std::int64_t>(view, 29, token.expires_unix_ms);
  const account::Signer::Seal seal = signer.seal(player_purpose, Bytes(bytes).first(body_size - 1));
  bytes[body_size - 1] = std::byte{seal.key_id};
  std::memcpy(bytes.data() + body_size, seal.mac.data(), seal.mac.size());
  return std::string(player_prefix) + to_base64url(bytes);
}

Result<PlayerToken> open_player_token(const account::Signer& signer, std::string_view text) {
  const Error refused(Code::unauthenticated, "this is no player token: ask for a session");
  std::array<std::byte, player_size> bytes{};
  if (!text.starts_with(player_prefix) ||
      !from_base64url(text.substr(player_prefix.size()), bytes) || bytes[0] != player_version)
    return refused;
  account::Signer::Seal seal{.key_id = std::to_integer<std::uint8_t>(bytes[body_size - 1])};
  std::memcpy(seal.mac.data(), bytes.data() + body_size, seal.mac.size());
  if (!signer.is_genuine(player_purpose, Bytes(bytes).first(body_size - 1), seal)) return refused;
  return PlayerToken{.title = TitleId{load<std::uint64_t>(bytes, 1)},
                     .account = AccountId{load<std::uint64_t>(bytes, 9)},
                     .key = TitleKeyId{load<std::uint64_t>(bytes, 17)},
                     .epoch = load<std::uint32_t>(bytes, 25),
                     .expires_unix_ms = load<std::int64_t>(bytes, 29)};
}

}  // namespace matsuri::game
