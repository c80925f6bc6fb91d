#include "match/patterns.h"

#include <sodium.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace matsuri::match {
namespace {

constexpr std::size_t pattern_size = cell_count / 8;
static_assert(pattern_size == 64, "a pattern is one block of ChaCha20");

constexpr unsigned char nonce[crypto_stream_chacha20_IETF_NONCEBYTES] = {'V', 'C', 'I', '1'};

// Bits 0..3 of the index as four bytes of 0 and 1, the lowest bit first.
constexpr std::array<std::uint32_t, 16> spread = [] {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t bits = 0; bits < 16; ++bits)
    for (std::uint32_t bit = 0; bit < 4; ++bit) table[bits] |= (bits >> bit & 1) << (8 * bit);
  return table;
}();

}  // namespace

Patterns::Patterns(const Seed& seed) {
  std::array<std::uint8_t, pattern_count * pattern_size> stream;
  crypto_stream_chacha20_ietf(stream.data(), stream.size(), nonce, seed.data());
  constexpr std::size_t four = 4 * patterns_per_block;  // bytes that four cells take
  for (std::size_t pattern = 0; pattern < pattern_count; ++pattern) {
    std::uint8_t* to = &minus_[pattern / patterns_per_block * cell_count * patterns_per_block +
                               pattern % patterns_per_block * 4];
    for (std::size_t byte = 0; byte < pattern_size; ++byte, to += 2 * four) {
      const std::uint8_t bits = stream[pattern * pattern_size + byte];
      std::memcpy(to, &spread[bits & 15U], 4);
      std::memcpy(to + four, &spread[bits >> 4U], 4);
    }
  }
}

Projection project(const Patterns& patterns, std::size_t frame, const Features& features) {
  Projection out;
  for (std::size_t i = 0; i < patterns_per_block; ++i) {
    const std::size_t pattern = frame % block_count * patterns_per_block + i;
    double sum = 0;
    for (std::size_t cell = 0; cell < cell_count; ++cell)
      sum += patterns.sign(pattern, cell) * features[cell];
    out[i] = static_cast<std::int8_t>(std::clamp(std::floor(sum + 0.5), -127.0, 127.0));
  }
  return out;
}

}  // namespace matsuri::match
