#include "traffic/bursts.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "match/descriptor.h"

namespace matsuri::traffic {
namespace {

using match::testing::Filmed;
using match::testing::Footage;
using match::testing::Picture;

constexpr double corners_off = 0.02;  // of the TV's width: as well as people set them
constexpr double scale = 1024;        // of the whole numbers
// How much brighter or darker than grey a cell is that stands out by 1.
constexpr float contrast = 40;

Picture picture_of(const match::Reference& reference, double at_s) {
  const auto row = std::clamp<std::int64_t>(std::llround(at_s * match::rows_per_second), 0,
                                            std::int64_t{reference.row_count} - 1);
  const auto cells =
      reference.rows.subspan(static_cast<std::size_t>(row) * match::cell_count, match::cell_count);
  Picture small(match::cells_wide, match::cells_high);
  for (std::size_t i = 0; i < match::cell_count; ++i)
    small.luma[i] = 128 + contrast * static_cast<float>(cells[i] / match::feature_scale);
  constexpr double step_x = double{match::cells_wide} / Footage::width_px;
  constexpr double step_y = double{match::cells_high} / Footage::height_px;
  Picture shown(Footage::width_px, Footage::height_px);
  for (std::size_t y = 0; y < shown.height; ++y)
    for (std::size_t x = 0; x < shown.width; ++x)
      shown.at(x, y) = small.between((static_cast<double>(x) + .5) * step_x - .5,
                                     (static_cast<double>(y) + .5) * step_y - .5);
  return shown;
}

// Makes `count` of them, in their order.
template <class Make>
std::vector<Burst> on_all_cores(std::size_t count, const Make& make) {
  std::vector<std::optional<Burst>> made(count);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) made[i].emplace(make(i));
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
    work();
  }
  std::vector<Burst> bursts;
  bursts.reserve(count);
  for (std::optional<Burst>& one : made) bursts.push_back(std::move(*one));
  return bursts;
}

using Cells = std::array<std::int16_t, match::cell_count>;
using Sums = std::array<std::int32_t, match::patterns_per_block>;

// Of a row on the patterns of one block: a pattern's sum is that of the row less twice what it
// takes away.
[[gnu::always_inline]] inline Sums plain_sums_of(const Cells& row, const std::uint8_t* minus) {
  constexpr std::size_t pattern_count = match::patterns_per_block;
  Sums taken{};
  std::int32_t sum = 0;
  for (std::size_t cell = 0; cell < row.size(); cell += 4, minus += 4 * pattern_count) {
    for (std::size_t i = 0; i < 4; ++i) sum += row[cell + i];
    for (std::size_t i = 0; i < pattern_count; ++i)
      taken[i] += minus[4 * i] * row[cell] + minus[4 * i + 1] * row[cell + 1] +
                  minus[4 * i + 2] * row[cell + 2] + minus[4 * i + 3] * row[cell + 3];
  }
  for (std::int32_t& one : taken) one = sum - 2 * one;
  return taken;
}

// This was half of what a driver does, so it is compiled for wider vectors, too. (Without
// target_clones: ThreadSanitizer can't start a program that has any.)
#ifdef __x86_64__
[[gnu::target("avx2")]] Sums wide_sums_of(const Cells& row, const std::uint8_t* minus) {
  return plain_sums_of(row, minus);
}
#endif

Sums sums_of(const Cells& row, const std::uint8_t* minus) {
#ifdef __x86_64__
  static const bool has_wide = __builtin_cpu_supports("avx2") != 0;
  if (has_wide) return wide_sums_of(row, minus);
#endif
  return plain_sums_of(row, minus);
}

}  // namespace

Burst::Burst(const Filmed& filmed)
    : begin_ms_(std::llround(filmed.begin_s * 1000)), t_ms_(filmed.t_ms) {
  for (const match::Features& features : filmed.features) {
    Row& row = rows_.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = static_cast<std::int16_t>(std::lround(features[i] * scale));
  }
}

std::string Burst::describe(const match::Seed& seed) const {
  const match::Patterns patterns = match::Patterns::expand(seed);
  match::Descriptor descriptor{.frame_count = rows_.size()};
  for (std::size_t frame = 0; frame < rows_.size(); ++frame) {
    const Sums sums = sums_of(rows_[frame], patterns.minus(frame % match::block_count));
    match::Frame& out = descriptor.frames[frame];
    out.t_ms = t_ms_[frame];
    for (std::size_t i = 0; i < sums.size(); ++i)
      out.values[i] =
          static_cast<std::int8_t>(std::clamp(std::floor(sums[i] / scale + 0.5), -127.0, 127.0));
  }
  return match::pack(descriptor);
}

Bursts Bursts::of_show(const program::Show& show, const FilmOptions& options) {
  const auto shown = [&](double at_s) { return picture_of(show.reference(), at_s); };
  const auto count =
      static_cast<std::size_t>((options.to_ms - options.from_ms) / options.every_ms) + 1;
  return Bursts(on_all_cores(count, [&](std::size_t i) {
    std::mt19937 random(options.seed + static_cast<std::uint32_t>(i));
    const std::int64_t begin_ms = options.from_ms + static_cast<std::int64_t>(i) * options.every_ms;
    return Burst(
        match::testing::film(shown, static_cast<double>(begin_ms) / 1000, random, corners_off));
  }));
}

Bursts Bursts::of_other_channel(std::size_t count, std::uint32_t seed) {
  const Footage footage = match::testing::other_channel();
  return Bursts(on_all_cores(count, [&](std::size_t i) {
    std::mt19937 random(seed + static_cast<std::uint32_t>(i));
    return Burst(match::testing::film(footage, random, corners_off));
  }));
}

const Burst& Bursts::near(std::int64_t time_ms) const {
  MATSURI_ASSERT(!bursts_.empty());
  const auto after = std::ranges::lower_bound(bursts_, time_ms, {}, &Burst::begin_ms);
  if (after == bursts_.end()) return bursts_.back();
  if (after == bursts_.begin()) return *after;
  const auto before = after - 1;
  return time_ms - before->begin_ms() < after->begin_ms() - time_ms ? *before : *after;
}

}  // namespace matsuri::traffic
