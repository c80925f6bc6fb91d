// What a session cookie and a bearer token hold: who, which session or token, of which epoch,
// signed. Nothing has to be looked up to know that one is genuine; standing.h knows whether it
// still counts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file.h"
#include "io/random.h"
#include "model/ids.h"

namespace matsuri::account {

struct Credential {
  enum class Kind : std::uint8_t { session = 1, token = 2 };

  Kind kind = Kind::session;
  AccountId account;
  std::uint64_t id = 0;     // a SessionId or a TokenId
  std::uint32_t epoch = 0;  // of the account when it was made; sessions of an older one are over

  bool operator==(const Credential&) const = default;
};

// Signs and checks credentials with HMAC-SHA-512/256 (libsodium's crypto_auth). Keys have an id, so
// that a new one can be added while credentials of the old one still count. Thread-safe.
class Signer {
 public:
  // Reads the keys in `folder` (mode 0700, file 0600), or makes the first one. Code::corrupt where
  // the file is damaged.
  static Result<std::unique_ptr<Signer>> open(io::FileSystem& files, const std::string& folder,
                                              io::Random& random);
  ~Signer();
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  // base64url of version, kind, key id, account, id, epoch and the MAC: 74 characters.
  std::string sign(const Credential& credential) const;
  // Code::unauthenticated for everything that sign() did not give. Constant time in the MAC.
  Result<Credential> verify(std::string_view text) const;

  // For what other modules sign with the same keys. `purpose` says what it is: a seal counts for
  // that alone, and never as a credential.
  struct Seal {
    std::uint8_t key_id = 0;
    std::array<std::byte, 32> mac{};
  };
  Seal seal(std::string_view purpose, Bytes body) const;
  bool is_genuine(std::string_view purpose, Bytes body, const Seal& seal) const;

 private:
  struct Keys;
  explicit Signer(std::unique_ptr<Keys> keys);
  std::unique_ptr<Keys> keys_;
};

}  // namespace matsuri::account
