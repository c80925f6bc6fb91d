// Patterns from a seed by libsodium, which has the fastest ChaCha20 for most processors.
#include <sodium.h>

#include "base/assert.h"
#include "match/internal/kernel.h"
#include "match/internal/vectors.h"

namespace matsuri::match::internal {
namespace {

constexpr std::size_t pattern_size = cell_count / 8;
static_assert(pattern_size == 64, "a pattern is one block of ChaCha20");
static_assert(pattern_nonce.size() == crypto_stream_chacha20_IETF_NONCEBYTES);

// libsodium looks once which of its own implementations the processor can run.
bool is_sodium_ready() {
  static const bool is_ready = sodium_init() >= 0;
  return is_ready;
}

}  // namespace

void expand_with_sodium(const Seed& seed, std::uint8_t* minus) {
  MATSURI_ASSERT(is_sodium_ready());
  std::array<std::uint8_t, pattern_count * pattern_size> bits;
  crypto_stream_chacha20_ietf(bits.data(), bits.size(), pattern_nonce.data(), seed.data());
  const std::uint8_t* from = bits.data();
  for (std::size_t block = 0; block < block_count; ++block) {
    for (std::size_t byte = 0; byte < pattern_size; byte += sizeof(std::uint32_t)) {
      std::array<std::uint32_t, patterns_per_block> gathered;
      for (std::size_t i = 0; i < patterns_per_block; ++i)
        std::memcpy(&gathered[i], from + i * pattern_size + byte, sizeof gathered[i]);
      Words words;
      std::memcpy(&words, gathered.data(), sizeof words);
      spread(words, minus);
      minus += 32 * patterns_per_block;
    }
    from += patterns_per_block * pattern_size;
  }
}

}  // namespace matsuri::match::internal
