// The keys of check-in: one secret an id, of which everything that is signed or derived gets a key
// of its own. They are read at run time, by the web role and by each closure; a closure never
// carries any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace matsuri::ticket {

using Secret = std::array<std::byte, 32>;
using Digest = std::array<std::byte, 32>;

// What a key is for. A signature of one purpose never counts for another.
enum class Purpose : std::uint8_t { pass, ticket_mac, ticket_seed };
inline constexpr std::size_t purpose_count = 3;

// Immutable, so any thread may use it. Wipes its keys when it goes.
//
// The key of a purpose is HMAC-SHA256(secret, "matsuri.checkin." + name), with the names `pass`,
// `mac` and `seed`.
class Keys {
 public:
  // Reads lines of an id (1..255) and 64 hexadecimal digits, with one space between; the key of the
  // last line signs. Lines that are empty or begin with # are left out. At most 16 keys.
  // Code::invalid says which line is wrong.
  static Result<Keys> parse(std::string_view text);
  // A line of parse(), for whoever makes a new key.
  static std::string line_of(std::uint8_t id, const Secret& secret);

  ~Keys();
  Keys(Keys&&) noexcept;
  Keys& operator=(Keys&&) noexcept;

  // Of the key that signs.
  std::uint8_t signing_id() const;
  std::size_t count() const;
  bool has(std::uint8_t id) const;

  // HMAC-SHA256 of `body` under the key of that id and purpose. REQUIRES: has(id).
  Digest digest(std::uint8_t id, Purpose purpose, Bytes body) const;

 private:
  struct Key;
  Keys();
  const Key* find(std::uint8_t id) const;

  std::vector<Key> all_;
};

inline constexpr std::size_t keys_text_size_max = 4096;

// Whether both are the same bytes, in a time that does not depend on them. Where the lengths differ
// they are not.
bool is_equal(Bytes a, Bytes b);

}  // namespace matsuri::ticket
