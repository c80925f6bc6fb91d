// Programmes that nobody has to own: pictures that are computed, different enough from each other
// to be told apart, and as hard as television is: stills, fine moving texture, slow clouds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "match/match.h"

namespace matsuri::match::testing {

// Luma, 0..255, row by row.
struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<float> luma;

  Picture(std::size_t width_px, std::size_t height_px)
      : width(width_px), height(height_px), luma(width_px * height_px) {}
  float& at(std::size_t x, std::size_t y) { return luma[y * width + x]; }
  float at(std::size_t x, std::size_t y) const { return luma[y * width + x]; }
  // Between the four pixels around, of which the first's centre is (0, 0); the edge goes on
  // outside.
  float between(double x, double y) const;
};

enum class SceneKind : std::uint8_t { fractal, test_card, fields, life, clouds, automaton };

struct Scene {
  SceneKind kind;
  double seconds;
  std::uint32_t seed;
};

// Whatever can be shown on a TV that a phone films. Immutable: any thread may ask.
class Film {
 public:
  static constexpr std::size_t width_px = 8 * cells_wide;
  static constexpr std::size_t height_px = 9 * cells_high;
  static constexpr double frames_per_second = 30;

  virtual ~Film() = default;
  virtual double seconds() const = 0;
  // The frame that is shown at a moment. REQUIRES: 0 <= at_s; after the end the last one stays.
  virtual Picture at(double at_s) const = 0;
};

class Footage final : public Film {
 public:
  explicit Footage(std::vector<Scene> scenes);

  double seconds() const override { return seconds_; }
  Picture at(double at_s) const override;

 private:
  struct Grid {  // what an automaton has become, a step after the other
    std::size_t width, height;
    std::vector<std::vector<std::uint8_t>> steps;
  };

  std::vector<Scene> scenes_;
  std::vector<Grid> grids_;  // of each scene; empty of those that are formulas
  double seconds_ = 0;
};

// A minute of programme, and as much of another channel: the same kinds of scenes of other seeds.
Footage broadcast();
Footage other_channel();

// What the builder of a programme makes of it; every row is eligible.
struct MadeReference {
  std::vector<std::int8_t> rows;
  std::vector<std::byte> eligible;

  explicit MadeReference(const Film& film);
  std::uint32_t row_count() const { return static_cast<std::uint32_t>(rows.size() / cell_count); }
  Reference view() const { return {.rows = rows, .eligible = eligible, .row_count = row_count()}; }
};

}  // namespace matsuri::match::testing
