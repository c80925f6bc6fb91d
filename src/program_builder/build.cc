#include "program_builder/build.h"

#include <algorithm>

#include "program_builder/cache.h"
#include "program_builder/library.h"
#include "text/clean.h"

namespace matsuri::program_builder {
namespace {

constexpr std::size_t windows_size_max = 1 << 20;
constexpr std::size_t title_points_max = 100;

Result<Master> master_of(const BuildOptions& options, io::FileSystem& files, Cache& cache,
                         Observer& observer) {
  TRY_ASSIGN(const Key key, key_of_video(files, options.video, observer));
  if (auto known = cache.master(key)) return std::move(*known);
  TRY_ASSIGN(Master master, read_master(options.video, options.thread_count, observer));
  TRY(cache.keep(key, master));
  return master;
}

std::span<const match::Row> rows_of(const program::Show& show) {
  const std::span<const std::int8_t> cells = show.reference().rows;
  static_assert(sizeof(match::Row) == match::cell_count && alignof(match::Row) == 1);
  return {reinterpret_cast<const match::Row*>(cells.data()), show.reference().row_count};
}

Result<std::vector<Rating>> ratings_of(std::span<const match::Row> rows,
                                       std::span<const LibraryShow> library,
                                       const BuildOptions& options, Cache& cache,
                                       Observer& observer) {
  std::vector<std::span<const match::Row>> others;
  for (const LibraryShow& other : library) others.push_back(rows_of(other.show()));
  const Key key = key_of_ratings(rows, others);
  if (auto known = cache.ratings(key); known && known->size() == rows.size())
    return std::move(*known);
  TRY_ASSIGN(std::vector<Rating> ratings, rate(rows, others, options.thread_count, observer));
  TRY(cache.keep(key, ratings));
  return ratings;
}

std::vector<std::byte> bits_of(std::span<const Rating> ratings) {
  std::vector<std::byte> bits((ratings.size() + 7) / 8);
  for (std::size_t row = 0; row < ratings.size(); ++row)
    if (reason_of(ratings[row]) == Reason::none) bits[row / 8] |= std::byte{1} << (row % 8);
  return bits;
}

}  // namespace

Result<Built> build(const BuildOptions& options, io::FileSystem& files, Observer& observer) {
  Built built;
  program::About& about = built.about;
  TRY_ASSIGN(about.title, within("title", text::clean_line(options.title,
                                                           {.points_max = title_points_max,
                                                            .size_max = program::title_size_max})));
  about.start_unix_ms = options.start_unix_ms;
  about.programme = programme_of(about.title, about.start_unix_ms);
  TRY_ASSIGN(const std::string text, io::read_file(files, options.windows, windows_size_max));
  TRY_ASSIGN(Windows windows, within(options.windows, parse_windows(text)));
  std::vector<LibraryShow> library;
  if (!options.library.empty()) {
    TRY_ASSIGN(library, read_library(files, options.library, about.programme));
  }

  Cache cache(files, options.cache);
  TRY_ASSIGN(Master master, master_of(options, files, cache, observer));
  about.duration_ms = master.duration_ms;
  TRY(within(options.windows, windows.check_end(about.duration_ms)));
  about.windows = std::move(windows.windows);
  TRY_ASSIGN(built.ratings, ratings_of(master.rows, library, options, cache, observer));
  TRY_ASSIGN(built.data, program::make_show(about, master.rows, bits_of(built.ratings)));
  built.pictures = std::move(master.pictures);
  built.stretches = stretches_of(built.ratings);
  for (const LibraryShow& other : library)
    built.library.push_back({.title = other.show().about().title, .path = other.path});
  return built;
}

WindowSummary summarise(const program::Window& window, std::span<const Stretch> stretches) {
  WindowSummary summary;
  // A row counts where its whole tenth of a second is in the window.
  const std::uint32_t from = (window.start_ms + program::ms_per_row - 1) / program::ms_per_row;
  const std::uint32_t to = window.end_ms / program::ms_per_row;
  std::uint32_t covered = from;
  const auto wait_until = [&](std::uint32_t row) {
    if (row > covered)
      summary.wait_ms_max = std::max(summary.wait_ms_max, (row - covered) * program::ms_per_row);
  };
  for (const Stretch& stretch : stretches) {
    const std::uint32_t begin = std::max(stretch.first_row, from);
    const std::uint32_t end = std::min(stretch.first_row + stretch.row_count, to);
    if (stretch.reason != Reason::none || end < begin + stretch_rows_min) continue;
    wait_until(begin);
    covered = end;
    summary.stretches.push_back(
        {.first_row = begin, .row_count = end - begin, .reason = Reason::none});
    summary.eligible_ms += (end - begin) * program::ms_per_row;
  }
  wait_until(to);
  return summary;
}

}  // namespace matsuri::program_builder
