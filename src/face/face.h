// The parametric faces: 64 bits become head and shoulders in flat ink.
//
// The drawings are defined by docs/formats/face.md; a face is the same picture for ever, so that
// its address never expires.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace matsuri::face {

// All 64-bit values are faces.
struct Genome {
  std::uint64_t bits = 0;

  bool operator==(const Genome&) const = default;
};

// 16 of 0-9 a-f, the highest digit first. Code::invalid for all else.
Result<Genome> parse_genome(std::string_view text);
std::string to_string(Genome genome);

// Whoever has not chosen a face has the one that follows from a number of their own: one step of
// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
Genome genome_of(std::uint64_t seed);
// What is kept of a face is 0 where nobody chose one.
inline Genome chosen_or_own(std::uint64_t chosen, std::uint64_t seed) {
  return chosen != 0 ? Genome{chosen} : genome_of(seed);
}

// The genes in the order of their bits, the lowest first. Never reorder nor widen; spend `spare`.
struct Gene {
  std::string_view name;
  unsigned bit_count;
};
inline constexpr std::array<Gene, 24> genes = {{
    {"skin", 3},    {"head", 3},     {"hair", 4},         {"hair_colour", 4}, {"eyes", 3},
    {"eye_gap", 2}, {"eye_y", 2},    {"eye_size", 2},     {"brows", 3},       {"brow_y", 2},
    {"nose", 2},    {"mouth", 3},    {"mouth_y", 2},      {"glasses", 3},     {"glass_colour", 2},
    {"cheeks", 2},  {"freckles", 2}, {"beard", 3},        {"robe", 4},        {"collar", 3},
    {"pattern", 2}, {"extra", 3},    {"extra_colour", 2}, {"spare", 3},
}};

inline constexpr int feeling_count = 6;  // plain, happy, wink, surprised, frustrated, puzzled

// What a face stands on: paper of the robe's pale wash, 100 by 100; or nothing, as in a crowd, and
// then it is seen a little further down, 100 by 107.
enum class Ground : std::uint8_t { paper, none };

// A whole SVG document. REQUIRES: 0 <= feeling < feeling_count.
std::string to_svg(Genome genome, int feeling, Ground ground = Ground::paper);

}  // namespace matsuri::face
