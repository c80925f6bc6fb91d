#include "account/credential.h"

#include <sodium.h>

#include <array>
#include <vector>

#include "base/assert.h"
#include "base/crc32c.h"
#include "model/base64url.h"

namespace matsuri::account {
namespace {

constexpr std::size_t key_size = crypto_auth_KEYBYTES;
constexpr std::size_t mac_size = crypto_auth_BYTES;
constexpr std::size_t body_size = 1 + 1 + 1 + 8 + 8 + 4;
constexpr std::size_t signed_size = body_size + mac_size;
constexpr std::byte version{1};

// The key file: "MATSKEY1", then id (1) and key (32) of each key, then CRC-32C of all before it.
constexpr std::string_view magic = "MATSKEY1";
constexpr std::size_t entry_size = 1 + key_size;
constexpr std::size_t key_count_max = 16;

struct Key {
  std::byte id{};
  std::array<unsigned char, key_size> bytes{};
};

std::string serialise(const std::vector<Key>& keys) {
  std::string text(magic);
  for (const Key& key : keys) {
    text += static_cast<char>(key.id);
    text.append(reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size());
  }
  const std::uint32_t checksum = crc32c(as_bytes(text));
  text.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return text;
}

Result<std::vector<Key>> parse(std::string_view text) {
  const Error damaged(Code::corrupt,
                      "the signing keys are damaged: restore keys/session.keys "
                      "from a backup, or remove it (everybody signs in again)");
  if (text.size() < magic.size() + entry_size + 4 || !text.starts_with(magic)) return damaged;
  const std::string_view body = text.substr(0, text.size() - 4);
  if (load<std::uint32_t>(as_bytes(text), body.size()) != crc32c(as_bytes(body))) return damaged;
  std::string_view rest = body.substr(magic.size());
  if (rest.size() % entry_size != 0) return damaged;
  std::vector<Key> keys;
  for (; !rest.empty(); rest.remove_prefix(entry_size)) {
    Key key;
    key.id = static_cast<std::byte>(rest[0]);
    std::memcpy(key.bytes.data(), rest.data() + 1, key_size);
    keys.push_back(key);
  }
  return keys;
}

std::string sealed_text(std::string_view purpose, Bytes body) {
  MATSURI_ASSERT(!purpose.empty() && purpose.front() >= 'a' && purpose.front() <= 'z');
  std::string text(purpose);
  text += '\0';
  text += as_text(body);
  return text;
}

static_assert(sizeof(Signer::Seal::mac) == mac_size);

}  // namespace

struct Signer::Keys {
  std::vector<Key> all;  // the last one signs

  ~Keys() {
    for (Key& key : all) sodium_memzero(key.bytes.data(), key.bytes.size());
  }
};

Signer::Signer(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
Signer::~Signer() = default;

Result<std::unique_ptr<Signer>> Signer::open(io::FileSystem& files, const std::string& folder,
                                             io::Random& random) {
  MATSURI_ASSERT(sodium_init() >= 0);
  const std::string path = folder + "/session.keys";
  auto keys = std::make_unique<Keys>();
  TRY(files.make_folders(folder));
  TRY_ASSIGN(const bool exists, files.exists(path));
  if (exists) {
    TRY_ASSIGN(const std::string text,
               io::read_file(files, path, magic.size() + key_count_max * entry_size + 4));
    TRY_ASSIGN(keys->all, parse(text));
  } else {
    Key key;
    key.id = std::byte{1};
    random.fill(std::as_writable_bytes(std::span(key.bytes)));
    keys->all.push_back(key);
    TRY(io::replace_file(files, path, as_bytes(serialise(keys->all))));
  }
  return std::unique_ptr<Signer>(new Signer(std::move(keys)));
}

std::string Signer::sign(const Credential& credential) const {
  const Key& key = keys_->all.back();
  std::array<std::byte, signed_size> bytes{};
  const MutableBytes view(bytes);
  bytes[0] = version;
  bytes[1] = static_cast<std::byte>(credential.kind);
  bytes[2] = key.id;
  store<std::uint64_t>(view, 3, credential.account.value);
  store<std::uint64_t>(view, 11, credential.id);
  store<std::uint32_t>(view, 19, credential.epoch);
  auto* const raw = reinterpret_cast<unsigned char*>(bytes.data());
  crypto_auth(raw + body_size, raw, body_size, key.bytes.data());
  return to_base64url(bytes);
}

Result<Credential> Signer::verify(std::string_view text) const {
  const Error refused(Code::unauthenticated, "the session is not valid: sign in again");
  std::array<std::byte, signed_size> bytes{};
  auto* const raw = reinterpret_cast<unsigned char*>(bytes.data());
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(raw, bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      size != signed_size || end != text.data() + text.size() || bytes[0] != version)
    return refused;
  for (const Key& key : keys_->all) {
    if (key.id != bytes[2]) continue;
    if (crypto_auth_verify(raw + body_size, raw, body_size, key.bytes.data()) != 0) return refused;
    const auto kind = static_cast<Credential::Kind>(bytes[1]);
    if (kind != Credential::Kind::session && kind != Credential::Kind::token) return refused;
    return Credential{.kind = kind,
                      .account = AccountId{load<std::uint64_t>(bytes, 3)},
                      .id = load<std::uint64_t>(bytes, 11),
                      .epoch = load<std::uint32_t>(bytes, 19)};
  }
  return refused;
}

// A credential's body begins with its version, a small number; a purpose with a letter.
Signer::Seal Signer::seal(std::string_view purpose, Bytes body) const {
  const Key& key = keys_->all.back();
  Seal seal{.key_id = std::to_integer<std::uint8_t>(key.id)};
  const std::string text = sealed_text(purpose, body);
  crypto_auth(reinterpret_cast<unsigned char*>(seal.mac.data()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.bytes.data());
  return seal;
}

bool Signer::is_genuine(std::string_view purpose, Bytes body, const Seal& seal) const {
  const std::string text = sealed_text(purpose, body);
  for (const Key& key : keys_->all)
    if (std::to_integer<std::uint8_t>(key.id) == seal.key_id)
      return crypto_auth_verify(reinterpret_cast<const unsigned char*>(seal.mac.data()),
                                reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                key.bytes.data()) == 0;
  return false;
}

}  // namespace matsuri::account
