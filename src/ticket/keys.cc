#include "ticket/keys.h"

#include <sodium.h>

#include <charconv>

#include "base/assert.h"
#include "base/sentence.h"

namespace matsuri::ticket {
namespace {

constexpr std::size_t key_count_max = 16;
constexpr std::size_t digit_count = 2 * sizeof(Secret);
constexpr std::string_view labels[purpose_count] = {"matsuri.checkin.pass", "matsuri.checkin.mac",
                                                    "matsuri.checkin.seed"};
static_assert(sizeof(Digest) == crypto_auth_hmacsha256_BYTES);
static_assert(sizeof(Secret) == crypto_auth_hmacsha256_KEYBYTES);

const unsigned char* raw(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

using Hmac = crypto_auth_hmacsha256_state;

void begin(Hmac& hmac, const Secret& key) {
  crypto_auth_hmacsha256_init(&hmac, raw(key), key.size());
}

// The copy of the state is wiped by libsodium as it ends.
Digest hmac_of(Hmac hmac, Bytes body) {
  Digest digest;
  crypto_auth_hmacsha256_update(&hmac, raw(body), body.size());
  crypto_auth_hmacsha256_final(&hmac, reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool parse_secret(std::string_view text, Secret& secret) {
  if (text.size() != digit_count) return false;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    secret[i] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

}  // namespace

// The state behind each purpose's key: half of what a digest of so few bytes costs is that.
struct Keys::Key {
  std::uint8_t id = 0;
  std::array<Hmac, purpose_count> of_purpose{};
};

Result<Keys> Keys::parse(std::string_view text) {
  MATSURI_ASSERT(sodium_init() >= 0);
  if (text.size() > keys_text_size_max)
    return Error(Code::invalid, sentence("keys are at most ", keys_text_size_max, " bytes"));
  Keys keys;
  keys.all_.reserve(key_count_max);  // so that none is left behind in memory by growing
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const Error wrong(Code::invalid, sentence("line ", number, " of the keys is not an id (1 to ",
                                              255, ") and ", digit_count, " hexadecimal digits"));
    const std::size_t space = line.find(' ');
    Key key;
    const std::string_view id = line.substr(0, space);
    const auto [stop, fault] = std::from_chars(id.begin(), id.end(), key.id);
    Secret secret;
    if (space == line.npos || fault != std::errc() || stop != id.end() || key.id == 0 ||
        !parse_secret(line.substr(space + 1), secret))
      return wrong;
    if (keys.has(key.id))
      return Error(Code::invalid, sentence("line ", number, " of the keys has the id ", key.id,
                                           ", which was there before"));
    Hmac of_secret;
    begin(of_secret, secret);
    for (std::size_t i = 0; i < purpose_count; ++i) {
      secret = hmac_of(of_secret, as_bytes(labels[i]));
      begin(key.of_purpose[i], secret);
    }
    sodium_memzero(secret.data(), secret.size());
    sodium_memzero(&of_secret, sizeof of_secret);
    if (keys.all_.size() == key_count_max)
      return Error(Code::invalid, sentence("there are at most ", key_count_max, " keys"));
    keys.all_.push_back(key);
    sodium_memzero(key.of_purpose.data(), sizeof key.of_purpose);
  }
  if (keys.all_.empty()) return Error(Code::invalid, "there is no key");
  return keys;
}

std::string Keys::line_of(std::uint8_t id, const Secret& secret) {
  return sentence(id, " ", to_hex(secret), "\n");
}

Keys::Keys() = default;
Keys::Keys(Keys&&) noexcept = default;
Keys& Keys::operator=(Keys&&) noexcept = default;
Keys::~Keys() {
  for (Key& key : all_) sodium_memzero(key.of_purpose.data(), sizeof key.of_purpose);
}

const Keys::Key* Keys::find(std::uint8_t id) const {
  for (const Key& key : all_)
    if (key.id == id) return &key;
  return nullptr;
}

std::uint8_t Keys::signing_id() const { return all_.back().id; }
std::size_t Keys::count() const { return all_.size(); }
bool Keys::has(std::uint8_t id) const { return find(id) != nullptr; }

Digest Keys::digest(std::uint8_t id, Purpose purpose, Bytes body) const {
  const Key* const key = find(id);
  MATSURI_ASSERT(key != nullptr, "who asks for a digest has looked whether there is such a key");
  return hmac_of(key->of_purpose[static_cast<std::size_t>(purpose)], body);
}

bool is_equal(Bytes a, Bytes b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace matsuri::ticket
