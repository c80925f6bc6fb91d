#include "program_builder/internal/generic.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string_view>

namespace matsuri::program_builder {
namespace {

constexpr double aspect = 16.0 / 9.0;
constexpr int samples = 4;  // of a cell, each way

// A picture by its brightness, 0 to 1, at x of [0, 16/9] and y of [0, 1].
using Paint = std::function<double(double, double)>;

match::Features draw(const Paint& paint) {
  match::Luma luma{};
  for (std::size_t y = 0; y < match::cells_high * samples; ++y)
    for (std::size_t x = 0; x < match::cells_wide * samples; ++x)
      luma[y / samples * match::cells_wide + x / samples] +=
          paint((static_cast<double>(x) + 0.5) / (match::cells_wide * samples) * aspect,
                (static_cast<double>(y) + 0.5) / (match::cells_high * samples));
  for (double& cell : luma) cell = std::clamp(cell / (samples * samples), 0.0, 1.0) * 215 + 20;
  return match::features(luma);
}

bool is_in(double value, double from, double to) { return value >= from && value < to; }

// Lines of text: words of different lengths, as dense as letters are. `from` and `to` are x.
double text_line(double x, double y, double top, double height, double from, double to) {
  if (!is_in(y, top, top + height) || !is_in(x, from, to)) return 0;
  const auto word = static_cast<int>((x - from) / (height * 1.3));
  return (x - from) - word * height * 1.3 < height * (0.7 + 0.1 * (word * 7 % 5)) ? 0.75 : 0;
}

// Adds pictures, each also with dark and bright exchanged.
class Frames {
 public:
  void add(const Paint& paint) {
    frames_.push_back(draw(paint));
    frames_.push_back(draw([&](double x, double y) { return 1 - paint(x, y); }));
  }
  std::vector<match::Features> take() { return std::move(frames_); }

 private:
  std::vector<match::Features> frames_;
};

// Gradients, vignettes, discs and rings: logos on a ground, spotlights, suns.
void add_round(Frames& frames) {
  constexpr double ways[][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}, {2, 1}, {1, 2}};
  for (const auto& way : ways)
    frames.add([&](double x, double y) {
      return 0.5 + ((x / aspect - 0.5) * way[0] + (y - 0.5) * way[1]) /
                       (std::abs(way[0]) + std::abs(way[1]));
    });
  for (const double wide : {1.0, aspect}) {
    for (const double radius : {0.12, 0.2, 0.28, 0.36, 0.45}) {
      const auto distance = [=](double x, double y) {
        const double right = (x - aspect / 2) / wide, down = y - 0.5;
        return std::sqrt(right * right + down * down) / radius;
      };
      frames.add([=](double x, double y) { return distance(x, y) < 1 ? 1.0 : 0.1; });
      frames.add([=](double x, double y) { return is_in(distance(x, y), 0.75, 1) ? 1.0 : 0.1; });
      frames.add([=](double x, double y) { return 1 / (1 + distance(x, y) * distance(x, y)); });
    }
  }
  for (const double left : {0.25, 0.75})
    for (const double radius : {0.15, 0.3})
      frames.add([=](double x, double y) {
        const double right = x - aspect * left, down = y - 0.5;
        return right * right + down * down < radius * radius ? 1.0 : 0.1;
      });
}

// Horizons, halves, bars and boards.
void add_straight(Frames& frames) {
  for (const double at : {0.2, 0.35, 0.5, 0.65, 0.8})
    for (const double slope : {-0.15, 0.0, 0.15})
      frames.add([=](double x, double y) {
        return y < at + slope * (x / aspect - 0.5) ? 0.85 - 0.2 * y : 0.15 + 0.1 * y;
      });
  for (const double at : {0.33, 0.5, 0.67})
    frames.add([=](double x, double) { return x < at * aspect ? 0.8 : 0.2; });
  for (const int count : {3, 4, 5, 7, 8, 12}) {
    frames.add(
        [=](double x, double) { return static_cast<int>(x / aspect * count) % 2 * 0.8 + 0.1; });
    frames.add([=](double, double y) { return static_cast<int>(y * count) % 2 * 0.8 + 0.1; });
    frames.add([=](double x, double) {
      return static_cast<double>(static_cast<int>(x / aspect * count)) / count;
    });
    frames.add([=](double x, double y) {
      return (static_cast<int>(x / aspect * count) + static_cast<int>(y * count)) % 2 * 0.8 + 0.1;
    });
  }
  for (const double bar : {0.08, 0.12, 0.16}) {
    frames.add([=](double, double y) { return is_in(y, bar, 1 - bar) ? 0.5 : 0.0; });
    frames.add([=](double x, double) { return is_in(x / aspect, bar, 1 - bar) ? 0.5 : 0.0; });
    frames.add([=](double x, double y) {
      return is_in(y, bar, 1 - bar) && is_in(x / aspect, bar, 1 - bar) ? 0.6 : 0.1;
    });
  }
}

// Titles, subtitles, credits, a table of news, a mark in a corner, a picture in the picture.
void add_text(Frames& frames) {
  for (const double height : {0.05, 0.08, 0.12}) {
    for (const int lines : {1, 2, 3, 5}) {
      for (const double wide : {0.4, 0.7}) {
        frames.add([=](double x, double y) {
          double value = 0.1;
          for (int line = 0; line < lines; ++line) {
            const double half = wide * (line % 2 == 0 ? 0.5 : 0.36) * aspect;
            value += text_line(x, y, 0.5 + (line - lines * 0.5) * height * 1.5, height,
                               aspect / 2 - half, aspect / 2 + half);
          }
          return value;
        });
      }
    }
  }
  for (const double top : {0.72, 0.8, 0.86}) {
    frames.add(
        [=](double x, double y) { return 0.4 + text_line(x, y, top, 0.06, 0.3, aspect - 0.3); });
    frames.add([=](double x, double y) { return is_in(y, top, 0.95) && x < 1.2 ? 0.9 : 0.4; });
    frames.add([=](double, double y) { return y >= top ? 0.1 : 0.6; });
  }
  for (const double phase : {0.0, 0.03, 0.06})
    frames.add([=](double x, double y) {
      double value = 0.05;
      for (int line = -1; line < 12; ++line) {
        value += text_line(x, y, line * 0.09 + phase, 0.05, 0.25, 0.8);
        value += text_line(x, y, line * 0.09 + phase, 0.05, 0.95, 1.2 + line % 3 * 0.1);
      }
      return value;
    });
  for (const double left : {0.05, 1.45})
    for (const double top : {0.06, 0.78}) {
      frames.add([=](double x, double y) {
        return is_in(x, left, left + 0.28) && is_in(y, top, top + 0.16) ? 0.9 : 0.3;
      });
      frames.add([=](double x, double y) {
        return is_in(x, left * 0.8, left * 0.8 + 0.55) && is_in(y, top * 0.75, top * 0.75 + 0.36)
                   ? 0.8
                   : 0.25;
      });
    }
}

// Somebody who speaks: a head over shoulders.
void add_people(Frames& frames) {
  for (const double at : {0.3, 0.5, 0.7})
    for (const double size : {0.12, 0.18, 0.26})
      for (const double shade : {0.45, 0.95})
        frames.add([=](double x, double y) {
          const double right = (x - at * aspect) / size, down = (y - 0.2 - size) / (size * 1.25);
          if (right * right + down * down < 1) return shade;
          const double below = (y - 0.2 - size * 2.1) / size;
          return below > 0 && std::abs(right) < std::min(0.8 + below * 2, 2.2) ? 0.2 : 0.6;
        });
}

double dot(const Template& a, const Template& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(Template& to, const Template& what, double factor) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i] * factor;
}

void normalise(Template& vector) {
  const double length = std::sqrt(dot(vector, vector));
  if (length > 0)
    for (double& value : vector) value /= length;
}

// Makes each stand upright on those before it (Gram and Schmidt, twice for what rounding left).
void straighten(std::vector<Template>& vectors) {
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    for (int round = 0; round < 2; ++round)
      for (std::size_t j = 0; j < i; ++j)
        add_scaled(vectors[i], vectors[j], -dot(vectors[i], vectors[j]));
    normalise(vectors[i]);
  }
}

}  // namespace

std::vector<match::Features> generic_frames() {
  Frames frames;
  add_round(frames);
  add_straight(frames);
  add_text(frames);
  add_people(frames);
  return frames.take();
}

// The directions in which the frames differ most, by subspace iteration: without a library, and
// without a function of libm that gives another last bit on another processor.
std::vector<Template> generic_templates() {
  std::vector<match::Features> frames = generic_frames();
  Template mean{};
  for (const match::Features& frame : frames)
    add_scaled(mean, frame, 1 / static_cast<double>(frames.size()));
  for (match::Features& frame : frames) add_scaled(frame, mean, -1);

  std::vector<Template> found(frames.begin(), frames.begin() + principal_count);
  constexpr int round_count = 30;
  for (int round = 0; round < round_count; ++round) {
    straighten(found);
    for (Template& vector : found) {
      Template next{};
      for (const match::Features& frame : frames) add_scaled(next, frame, dot(frame, vector));
      vector = next;
    }
  }
  straighten(found);
  normalise(mean);
  found.push_back(mean);
  return found;
}

}  // namespace matsuri::program_builder
