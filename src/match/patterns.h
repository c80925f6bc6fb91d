// The key of a burst: which sums of a picture's cells a phone tells is decided by a seed that it
// gets with its ticket, so that what was recorded under one seed says nothing under another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "match/features.h"

namespace matsuri::match {

// Frame f of a burst is projected on the patterns of block f % block_count.
inline constexpr std::size_t block_count = 8;
inline constexpr std::size_t patterns_per_block = 16;
inline constexpr std::size_t pattern_count = block_count * patterns_per_block;

using Seed = std::array<std::uint8_t, 32>;

// A frame's sums on the patterns of its block, each in [-127, 127].
using Projection = std::array<std::int8_t, patterns_per_block>;

// The ways to compute the same numbers.
enum class Kernel : std::uint8_t { scalar, avx2, avx512_vnni };

std::string_view name_of(Kernel kernel);

// Those that this processor can run, the fastest last: that one is taken unless told.
std::span<const Kernel> kernels();

// The 128 patterns of +1 and -1, each of 512 cells, that a seed gives. Immutable, 64 KiB.
//
// Pattern p is the 64 bytes of block p of ChaCha20 (RFC 8439) with the seed as key and the nonce
// "VCI1" and eight zeros; bit i of them, from the lowest bit of the first byte, is 0 for +1 at cell
// i and 1 for -1.
class Patterns {
 public:
  static Patterns expand(const Seed& seed) { return Patterns(seed); }
  explicit Patterns(const Seed& seed);
  // REQUIRES: kernel is one of kernels().
  Patterns(const Seed& seed, Kernel kernel);

  // +1 or -1. REQUIRES: pattern < pattern_count, cell < cell_count.
  int sign(std::size_t pattern, std::size_t cell) const {
    const std::size_t block = pattern / patterns_per_block;
    return 1 - 2 * minus_[(block * cell_count + cell / 4 * 4) * patterns_per_block +
                          pattern % patterns_per_block * 4 + cell % 4];
  }

  // Of one block: 1 where a pattern has -1, else 0. Four cells of the first pattern, the same four
  // of the second, and so on to the sixteenth; then the next four cells. So one load has four cells
  // of all its patterns: 64-byte aligned.
  const std::uint8_t* minus(std::size_t block) const {
    return &minus_[block * cell_count * patterns_per_block];
  }

 private:
  alignas(64) std::array<std::uint8_t, pattern_count * cell_count> minus_;
};

// What a phone sends of frame `frame` of its burst.
Projection project(const Patterns& patterns, std::size_t frame, const Features& features);

}  // namespace matsuri::match
