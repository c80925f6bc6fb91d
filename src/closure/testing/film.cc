#include "closure/testing/film.h"

#include <cmath>
#include <random>
#include <utility>

#include "base/assert.h"

namespace matsuri::closure {
namespace {

constexpr std::int64_t scene_ms = 4'000;
constexpr int wave_count = 6;

}  // namespace

match::Luma film_picture(std::uint64_t number, std::int64_t time_ms) {
  const std::int64_t scene = time_ms / scene_ms;
  std::mt19937_64 random(number * 1'000'003 + static_cast<std::uint64_t>(scene));
  const auto any = [&random](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  };
  match::Luma luma;
  luma.fill(128);
  const double seconds = static_cast<double>(time_ms - scene * scene_ms) / 1000;
  for (int wave = 0; wave < wave_count; ++wave) {
    const double across = any(-1.2, 1.2), down = any(-1.2, 1.2), speed = any(-4, 4);
    const double phase = any(0, 6.28), height = any(8, 22);
    for (std::size_t i = 0; i < luma.size(); ++i)
      luma[i] += height * std::sin(across * static_cast<double>(i % match::cells_wide) +
                                   down * static_cast<double>(i / match::cells_wide) +
                                   speed * seconds + phase);
  }
  return luma;
}

program::Lines film_show(FilmOptions options) {
  options.about.duration_ms = options.duration_ms;
  const std::uint32_t row_count = program::row_count_of(options.duration_ms);
  std::vector<match::Row> rows;
  std::vector<std::byte> eligible((row_count + 7) / 8);
  for (std::uint32_t row = 0; row < row_count; ++row) {
    const auto time_ms = std::int64_t{row} * program::ms_per_row;
    rows.push_back(match::quantize(match::features(film_picture(options.number, time_ms))));
    if (options.is_eligible(row)) eligible[row / 8] |= std::byte{1} << (row % 8);
  }
  auto show = program::make_show(options.about, rows, eligible);
  MATSURI_ASSERT(show.ok(), show.ok() ? "" : show.error().message());
  return std::move(show).value();
}

program::Lines film_waves(std::uint64_t programme, std::uint32_t duration_ms) {
  return film_show({.duration_ms = duration_ms,
                    .about = {.programme = programme,
                              .title = "Waves",
                              .windows = {{.id = 1,
                                           .start_ms = 0,
                                           .end_ms = duration_ms,
                                           .points = 5,
                                           .campaign = "waves"}}}});
}

std::string film_burst(const match::Seed& seed, const BurstOptions& options) {
  const match::Patterns patterns = match::Patterns::expand(seed);
  match::Descriptor descriptor;
  descriptor.frame_count = options.frame_count;
  for (std::size_t frame = 0; frame < options.frame_count; ++frame) {
    const auto t_ms = static_cast<std::uint16_t>(frame * options.period_ms);
    match::Luma luma = film_picture(options.number, options.start_ms + t_ms);
    for (double& cell : luma) cell = 128 + (cell - 128) * options.contrast;
    descriptor.frames[frame] = {.t_ms = t_ms,
                                .values = match::project(patterns, frame, match::features(luma))};
  }
  return match::pack(descriptor);
}

}  // namespace matsuri::closure
