// What a phone sends of a burst: when each frame was, and what its patterns gave. The wire form:
//
//   offset  size  field
//        0     1  version      1
//        1     1  frame_count  12..24
//        2     2  reserved     written as zero, and refused when not zero
//        4    18  each frame   u16 t_ms (little-endian, since the first frame), then 16 x int8
//
// At most 436 bytes. What it says is the client's word: only the match proves anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "match/patterns.h"

namespace matsuri::match {

inline constexpr std::size_t frame_count_min = 12;
inline constexpr std::size_t frame_count_max = 24;
inline constexpr std::size_t slot_ms = 125;         // a frame a slot, if the camera has one
inline constexpr std::size_t burst_ms_min = 1'400;  // from the first frame to the last
inline constexpr std::size_t burst_ms_max = 3'400;
inline constexpr std::size_t descriptor_size_max = 4 + 18 * frame_count_max;

struct Frame {
  std::uint16_t t_ms = 0;
  Projection values{};

  bool operator==(const Frame&) const = default;
};

// A burst that keeps the rules of parse(); frames beyond frame_count are zero.
struct Descriptor {
  std::size_t frame_count = 0;
  std::array<Frame, frame_count_max> frames{};

  bool operator==(const Descriptor&) const = default;
  std::size_t burst_ms() const { return frames[frame_count - 1].t_ms; }
};

// Code::invalid where version, length, count or reserved bytes are wrong, the first time is not 0,
// times do not grow, the last is not in [burst_ms_min, burst_ms_max], or a value is -128.
Result<Descriptor> parse(Bytes wire);

// The inverse of parse(). REQUIRES: frame_count <= frame_count_max.
std::string pack(const Descriptor& descriptor);

// Whether the burst has too little in it to be compared: a dark, flat or still-and-faint picture.
bool is_flat(const Descriptor& descriptor);

// A match counts if its score is above this: more is asked of short bursts, which agree by chance
// more often.
constexpr float tau(std::size_t frame_count) { return frame_count < 16 ? 0.50F : 0.45F; }

}  // namespace matsuri::match
