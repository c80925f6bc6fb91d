#include "match/testing/footage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

namespace matsuri::match::testing {
namespace {

constexpr double steps_per_second = 10;  // of automata

double uniform(std::mt19937& random, double from, double to) {
  return from + (to - from) * (static_cast<double>(random()) / 4294967296.0);
}

// A Julia set whose parameter wanders, seen from a side, while the view turns and comes nearer. The
// side and the parameter's path are the seed's: two channels do not show the same drawing.
Picture fractal(const Scene& scene, double t) {
  std::mt19937 random(scene.seed);
  const double phase = uniform(random, 0, 6.28), speed = uniform(random, .15, .3);
  const double reach = uniform(random, .68, .8);
  const double side_x = uniform(random, -.8, .8), side_y = uniform(random, -.5, .5);
  const double angle = phase + .1 * t, scale = 1.5 * std::exp(-.05 * t);
  const double a = reach * std::cos(phase + speed * t), b = reach * std::sin(phase + speed * t);
  Picture out(Footage::width_px, Footage::height_px);
  for (std::size_t v = 0; v < out.height; ++v) {
    for (std::size_t u = 0; u < out.width; ++u) {
      const double px =
          (static_cast<double>(u) / static_cast<double>(out.width) - .5) * 3.2 * scale;
      const double py =
          (static_cast<double>(v) / static_cast<double>(out.height) - .5) * 1.8 * scale;
      double x = side_x + px * std::cos(angle) - py * std::sin(angle);
      double y = side_y + px * std::sin(angle) + py * std::cos(angle);
      int count = 0;
      for (; count < 48 && x * x + y * y < 4; ++count) {
        const double next = x * x - y * y + a;
        y = 2 * x * y + b;
        x = next;
      }
      out.at(u, v) = static_cast<float>(127.5 - 127.5 * std::cos(count * .35));
    }
  }
  return out;
}

// Bars, a ramp, a disc that runs around and a hand that sweeps: a test picture with little motion.
Picture test_card(const Scene& scene, double t) {
  std::mt19937 random(scene.seed);
  const double phase = uniform(random, 0, 6.28);
  Picture out(Footage::width_px, Footage::height_px);
  const auto width = static_cast<double>(out.width), height = static_cast<double>(out.height);
  const double x = width * (.5 + .35 * std::cos(phase + .9 * t));
  const double y = height * (.5 + .3 * std::sin(phase + 1.3 * t));
  for (std::size_t v = 0; v < out.height; ++v) {
    for (std::size_t u = 0; u < out.width; ++u) {
      const auto px = static_cast<double>(u), py = static_cast<double>(v);
      double value = 235 - 30 * std::floor(px / width * 7);
      if (py > height * .7) value = 255 * px / width;
      if (std::hypot(px - x, py - y) < height * .18) value = 250 - value;
      const double hand = std::atan2(py - height / 2, px - width / 2) - phase - t;
      if (std::cos(hand) > .97 && std::hypot(px - width / 2, py - height / 2) < height * .45)
        value = 20;
      out.at(u, v) = static_cast<float>(value);
    }
  }
  return out;
}

// Fields of any grey that stand still.
Picture fields(const Scene& scene) {
  constexpr std::size_t across = 9, down = 5;
  std::mt19937 random(scene.seed);
  std::array<float, across * down> luma;
  for (float& value : luma) value = static_cast<float>(uniform(random, 16, 235));
  Picture out(Footage::width_px, Footage::height_px);
  for (std::size_t v = 0; v < out.height; ++v)
    for (std::size_t u = 0; u < out.width; ++u)
      out.at(u, v) = luma[v * down / out.height * across + u * across / out.width];
  return out;
}

// Soft blobs, light and dark, on paths of their own.
Picture clouds(const Scene& scene, double t) {
  struct Blob {
    double x, y, size, weight;
  };
  std::mt19937 random(scene.seed);
  std::vector<Blob> blobs;
  for (int i = 0; i < 9; ++i) {
    const double phase = uniform(random, 0, 6.28), rate = uniform(random, .2, .9);
    const double reach = uniform(random, .15, .5), side = uniform(random, .2, .8);
    blobs.push_back({.x = side + reach * std::cos(phase + rate * t),
                     .y = 1 - side + reach * std::sin(1.7 * phase + 1.3 * rate * t),
                     .size = uniform(random, .08, .22),
                     .weight = (i % 2 == 0 ? 1 : -1) * uniform(random, 60, 110)});
  }
  Picture out(Footage::width_px, Footage::height_px);
  for (std::size_t v = 0; v < out.height; ++v) {
    for (std::size_t u = 0; u < out.width; ++u) {
      double value = 128;
      for (const Blob& blob : blobs) {
        const double x = (static_cast<double>(u) / static_cast<double>(out.width) - blob.x) * 1.78;
        const double y = static_cast<double>(v) / static_cast<double>(out.height) - blob.y;
        value += blob.weight * std::exp(-(x * x + y * y) / (2 * blob.size * blob.size));
      }
      out.at(u, v) = static_cast<float>(std::clamp(value, 0.0, 255.0));
    }
  }
  return out;
}

using Cells = std::vector<std::uint8_t>;  // 255 lives; what died fades

Cells next_of_life(const Cells& now, std::size_t width, std::size_t height) {
  Cells out(now.size());
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      int count = 0;
      for (std::size_t v = y + height - 1; v <= y + height + 1; ++v)
        for (std::size_t u = x + width - 1; u <= x + width + 1; ++u)
          count += now[v % height * width + u % width] == 255 ? 1 : 0;
      const std::uint8_t before = now[y * width + x];
      const bool lives = count == 3 || (count == 4 && before == 255);  // itself is counted too
      out[y * width + x] =
          lives ? 255 : static_cast<std::uint8_t>(before == 255 ? 160 : before * 4 / 5);
    }
  }
  return out;
}

// Rule 110: the rows move up, and the next comes in below.
Cells next_of_automaton(const Cells& now, std::size_t width, std::size_t height) {
  Cells out(now.begin() + static_cast<std::ptrdiff_t>(width), now.end());
  const std::uint8_t* const last = &now[(height - 1) * width];
  for (std::size_t x = 0; x < width; ++x) {
    const int bits = (last[(x + width - 1) % width] != 0 ? 4 : 0) + (last[x] != 0 ? 2 : 0) +
                     (last[(x + 1) % width] != 0 ? 1 : 0);
    out.push_back((110 >> bits & 1) != 0 ? 230 : 0);
  }
  return out;
}

}  // namespace

float Picture::between(double x, double y) const {
  const double inside_x = std::clamp(x, 0.0, static_cast<double>(width) - 1.001);
  const double inside_y = std::clamp(y, 0.0, static_cast<double>(height) - 1.001);
  const auto u = static_cast<std::size_t>(inside_x), v = static_cast<std::size_t>(inside_y);
  const auto fx = static_cast<float>(inside_x - static_cast<double>(u));
  const auto fy = static_cast<float>(inside_y - static_cast<double>(v));
  const float* const first = &luma[v * width + u];
  return (first[0] * (1 - fx) + first[1] * fx) * (1 - fy) +
         (first[width] * (1 - fx) + first[width + 1] * fx) * fy;
}

Footage::Footage(std::vector<Scene> scenes) : scenes_(std::move(scenes)) {
  for (const Scene& scene : scenes_) {
    seconds_ += scene.seconds;
    Grid grid{.width = 64, .height = 36, .steps = {}};
    const bool is_life = scene.kind == SceneKind::life;
    if (is_life || scene.kind == SceneKind::automaton) {
      std::mt19937 random(scene.seed);
      Cells cells(grid.width * grid.height);
      for (std::uint8_t& cell : cells) cell = random() % 10 < 3 ? 255 : 0;
      for (double t = 0; t < scene.seconds; t += 1 / steps_per_second) {
        grid.steps.push_back(cells);
        cells = is_life ? next_of_life(cells, grid.width, grid.height)
                        : next_of_automaton(cells, grid.width, grid.height);
      }
    }
    grids_.push_back(std::move(grid));
  }
}

Picture Footage::at(double at_s) const {
  double t = std::floor(at_s * frames_per_second + 1e-6) / frames_per_second;
  std::size_t index = 0;
  while (index + 1 < scenes_.size() && t >= scenes_[index].seconds) t -= scenes_[index++].seconds;
  const Scene& scene = scenes_[index];
  t = std::min(t, scene.seconds);
  switch (scene.kind) {
    case SceneKind::fractal:
      return fractal(scene, t);
    case SceneKind::test_card:
      return test_card(scene, t);
    case SceneKind::fields:
      return fields(scene);
    case SceneKind::clouds:
      return clouds(scene, t);
    case SceneKind::life:
    case SceneKind::automaton:
      break;
  }
  const Grid& grid = grids_[index];
  const Cells& cells = grid.steps[std::min(static_cast<std::size_t>(t * steps_per_second + 1e-6),
                                           grid.steps.size() - 1)];
  Picture out(width_px, height_px);
  for (std::size_t y = 0; y < height_px; ++y)
    for (std::size_t x = 0; x < width_px; ++x)
      out.at(x, y) = cells[y * grid.height / height_px * grid.width + x * grid.width / width_px];
  return out;
}

Footage broadcast() {
  return Footage({{SceneKind::fractal, 20, 1},
                  {SceneKind::test_card, 8, 2},
                  {SceneKind::life, 16, 7},
                  {SceneKind::clouds, 16, 4}});
}

Footage other_channel() {
  return Footage({{SceneKind::fractal, 16, 11},
                  {SceneKind::fields, 5, 12},
                  {SceneKind::life, 12, 8},
                  {SceneKind::clouds, 12, 14},
                  {SceneKind::automaton, 10, 15}});
}

MadeReference::MadeReference(const Film& film) {
  const auto count =
      static_cast<std::size_t>(film.seconds() * static_cast<double>(rows_per_second));
  constexpr std::size_t cell_width = Footage::width_px / cells_wide;
  constexpr std::size_t cell_height = Footage::height_px / cells_high;
  for (std::size_t i = 0; i < count; ++i) {
    const Picture picture = film.at(static_cast<double>(i) / static_cast<double>(rows_per_second));
    Luma luma{};
    for (std::size_t y = 0; y < picture.height; ++y)
      for (std::size_t x = 0; x < picture.width; ++x)
        luma[y / cell_height * cells_wide + x / cell_width] +=
            picture.at(x, y) / static_cast<double>(cell_width * cell_height);
    const Row row = quantize(features(luma));
    rows.insert(rows.end(), row.begin(), row.end());
  }
  eligible.assign((count + 7) / 8, std::byte{0xff});
}

}  // namespace matsuri::match::testing
