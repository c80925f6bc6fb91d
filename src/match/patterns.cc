#include "match/patterns.h"

#include <sodium.h>

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "match/internal/kernel.h"

namespace matsuri::match {
namespace {

constexpr std::size_t pattern_size = cell_count / 8;
static_assert(pattern_size == 64, "a pattern is one block of ChaCha20");

constexpr unsigned char nonce[crypto_stream_chacha20_IETF_NONCEBYTES] = {'V', 'C', 'I', '1'};

// libsodium looks once which of its own implementations the processor can run.
bool is_sodium_ready() {
  static const bool is_ready = sodium_init() >= 0;
  return is_ready;
}

}  // namespace

Patterns::Patterns(const Seed& seed) {
  MATSURI_ASSERT(is_sodium_ready());
  alignas(64) std::array<std::uint8_t, pattern_count * pattern_size> bits;
  crypto_stream_chacha20_ietf(bits.data(), bits.size(), nonce, seed.data());
  const internal::KernelFunctions& functions = internal::functions_of(kernels().back());
  for (std::size_t block = 0; block < block_count; ++block) {
    functions.spread(&bits[block * patterns_per_block * pattern_size],
                     &minus_[block * patterns_per_block * cell_count]);
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
