// Drawings without a meaning, the same for the same seed everywhere: what tests and benches draw.
#pragma once

#include <cstdint>

#include "drawing/drawing.h"

namespace matsuri::drawing::testing {

// Numbers that only have to look arbitrary.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2 + 1) { next(1); }

  // One of 0..bound-1.
  std::int32_t next(std::int32_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int32_t>((state_ >> 33) % static_cast<std::uint64_t>(bound));
  }
  // One of first..last.
  std::int32_t within(std::int32_t first, std::int32_t last) {
    return first + next(last - first + 1);
  }

 private:
  std::uint64_t state_;
};

struct MadeOptions {
  std::uint64_t seed = 1;
  std::int32_t stroke_count = 12;
  std::int32_t point_count = 25;  // of each stroke
  bool erases = true;             // about one stroke of four
};

// Scribbles: a hand that goes on in about the direction it has, and at times leaves the canvas.
// Not cleaned. The first stroke is never an eraser's.
inline Drawing made(const MadeOptions& options) {
  Dice dice(options.seed);
  Drawing drawing;
  for (std::int32_t i = 0; i < options.stroke_count; ++i) {
    Stroke stroke{.pen = dice.within(1, pen_count),
                  .eraser = options.erases && i > 0 && dice.next(4) == 0,
                  .points = {}};
    Point at{.x = dice.within(0, x_max), .y = dice.within(0, y_max), .t = dice.within(0, 900)};
    std::int32_t dx = 0, dy = 0;
    for (std::int32_t point = 0; point < options.point_count; ++point) {
      stroke.points.push_back(at);
      dx = dx * 3 / 4 + dice.within(-12, 12);
      dy = dy * 3 / 4 + dice.within(-12, 12);
      at = {.x = at.x + dx, .y = at.y + dy, .t = dice.within(4, 30)};
    }
    drawing.strokes.push_back(std::move(stroke));
  }
  return drawing;
}

}  // namespace matsuri::drawing::testing
