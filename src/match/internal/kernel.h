// The loops that a match spends its time in, in one form for each kind of processor. They work in
// whole numbers, or in doubles that hold whole numbers below 2^53, so that no order of adding
// changes a result.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "match/match.h"

namespace matsuri::match::internal {

// Rows that a search may look at: 64 starts, and 3.4 s from the last of them on.
inline constexpr std::size_t slot_count_max = 98;

// Of ChaCha20: the seed is its key, and pattern p its block p.
inline constexpr std::array<std::uint8_t, 12> pattern_nonce = {'V', 'C', 'I', '1'};

// A burst as the kernels read it.
struct Burst {
  std::size_t frame_count = 0;
  std::array<std::uint8_t, frame_count_max> offset{};  // of each frame, in rows from the first
  // Each frame's values, and by block the sums of the values of its frames.
  alignas(64) std::array<std::array<double, patterns_per_block>, frame_count_max> values{};
  alignas(64) std::array<std::array<double, patterns_per_block>, block_count> sums{};
};

Burst burst_of(const Descriptor& descriptor);

// A row's sums on the patterns of one block.
struct alignas(64) Projected {
  std::array<std::int32_t, patterns_per_block> values;
};

// By block, then by slot: the row's distance from the first that the search looks at.
using ProjectedRows = std::array<std::array<Projected, slot_count_max>, block_count>;

// Inner products of a burst with itself, or with the reference at one row. `means` are those of
// the sums over the frames of a block: [1] of the blocks that have one frame more than the others.
struct Products {
  double plain = 0;
  std::array<double, 2> means{};
};

struct Compared {
  Products xy;  // of the burst with the reference
  Products yy;  // of the reference with itself
};

struct KernelFunctions {
  // Makes the patterns of a seed, in the form of Patterns::minus(), all blocks one after the other.
  void (*expand)(const Seed& seed, std::uint8_t* minus);
  // The sum of each row's cells.
  void (*sum_rows)(const std::int8_t* rows, std::size_t count, std::int32_t* sums);
  // Projects those rows that `slots` names on one block's patterns (Patterns::minus). `rows`,
  // `sums` and `out` are those of slot 0.
  void (*project)(const std::uint8_t* minus, const std::int8_t* rows,
                  std::span<const std::uint8_t> slots, const std::int32_t* sums, Projected* out);
  // The products of the burst with the reference from slot `start` on.
  Compared (*compare)(const Burst& burst, const ProjectedRows& rows, std::size_t start);
};

// By libsodium's ChaCha20: what the others are held against.
void expand_with_sodium(const Seed& seed, std::uint8_t* minus);

extern const KernelFunctions scalar_functions;
#ifdef __x86_64__
extern const KernelFunctions avx2_functions;
extern const KernelFunctions avx512_vnni_functions;
#endif

// REQUIRES: kernel is one of kernels().
const KernelFunctions& functions_of(Kernel kernel);

// A product without three quarters of what the frames of a block have in common: a still picture
// says less than what moves in it.
double without_means(const Products& products, std::size_t frame_count);

// Of a burst, in the units of its values. With the floor, faint pictures stay unlike anything.
double energy(const Burst& burst);
double energy_floor(std::size_t frame_count);

}  // namespace matsuri::match::internal
