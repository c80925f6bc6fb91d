// Texts are read by a table of our own, the one part of this that is not libsodium's: its reader
// looks at each letter in constant time, as secrets want it, and takes some texts that nobody
// gives. Of an attempt at check-in, which is all but public, that was a seventh of what refusing it
// cost.
#include "model/base64url.h"

#include <sodium.h>

#include <array>
#include <cstdint>

namespace matsuri {
namespace {

constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Above all values, and still there when those of several letters are put together.
constexpr std::uint32_t no_letter = 0x40000000;
constexpr auto values = [] {
  std::array<std::uint32_t, 256> all;
  all.fill(no_letter);
  for (std::uint32_t value = 0; value < letters.size(); ++value)
    all[static_cast<unsigned char>(letters[value])] = value;
  return all;
}();

std::uint32_t value_of(char letter) { return values[static_cast<unsigned char>(letter)]; }

}  // namespace

std::string to_base64url(Bytes bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  text.pop_back();  // the terminating zero
  return text;
}

bool from_base64url(std::string_view text, MutableBytes bytes) {
  if (text.size() != base64url_size(bytes.size())) return false;
  std::uint32_t seen = 0;
  std::size_t at = 0;
  for (; text.size() >= 4; text.remove_prefix(4)) {
    const std::uint32_t a = value_of(text[0]), b = value_of(text[1]);
    const std::uint32_t c = value_of(text[2]), d = value_of(text[3]);
    seen |= a | b | c | d;
    const std::uint32_t word = a << 18 | b << 12 | c << 6 | d;
    bytes[at++] = static_cast<std::byte>(word >> 16);
    bytes[at++] = static_cast<std::byte>(word >> 8);
    bytes[at++] = static_cast<std::byte>(word);
  }
  // What is left are one or two bytes in a letter more, with bits at the end that are zero.
  std::uint32_t word = 0;
  for (const char letter : text) {
    seen |= value_of(letter);
    word = word << 6 | value_of(letter);
  }
  const std::size_t spare = 6 * text.size() - 8 * (bytes.size() - at);
  const bool is_exact = (word & ((1U << spare) - 1)) == 0;
  for (word >>= spare; at < bytes.size(); ++at)
    bytes[at] = static_cast<std::byte>(word >> 8 * (bytes.size() - 1 - at));
  return is_exact && seen < letters.size();
}

}  // namespace matsuri
