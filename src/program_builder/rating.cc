#include "program_builder/rating.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "program_builder/internal/generic.h"
#include "program_builder/internal/likeness.h"
#include "program_builder/internal/parallel.h"

namespace matsuri::program_builder {
namespace {

constexpr double scale_squared = match::feature_scale * match::feature_scale;

// energy, moving and generic of one burst: checkin.md calls them en, tf and pc.
void rate_alone(std::span<const match::Row> rows, std::size_t start, const Energy& energy,
                std::span<const Template> templates, Rating& rating) {
  std::array<double, match::cell_count> mean{};
  for (const std::size_t frame : burst_rows())
    for (std::size_t cell = 0; cell < match::cell_count; ++cell)
      mean[cell] += rows[start + frame][cell];
  for (double& cell : mean) cell /= burst_frame_count * match::feature_scale;

  // Of the mean frame, in features: all that it has, and what of it stands still.
  const double whole = static_cast<double>(energy.whole) / burst_frame_count / scale_squared;
  double still = 0;
  for (const double cell : mean) still += cell * cell;
  const double moving = std::max(whole - still, 0.0);
  const double counted = moving + still / 4;
  double likest = 0;
  for (const Template& one : templates) {
    double sum = 0;
    for (std::size_t cell = 0; cell < match::cell_count; ++cell) sum += one[cell] * mean[cell];
    likest = std::max(likest, std::abs(sum));
  }
  rating.energy = static_cast<float>(whole / match::cell_count);
  rating.moving = static_cast<float>(moving / (counted + 1e-6));
  rating.generic =
      static_cast<float>(likest / 2 / std::sqrt(counted + energy_min * match::cell_count));
}

// Everything that is compared, in pieces of likeness_count_max bursts.
class Comparison {
 public:
  Comparison(std::span<const match::Row> rows, std::span<const std::span<const match::Row>> library)
      : own_(rows) {
    for (const std::span<const match::Row> other : library) library_.emplace_back(other);
  }

  std::size_t piece_count() const {
    return (own_.count() + likeness_count_max - 1) / likeness_count_max;
  }

  void compare(std::size_t piece, std::span<Rating> ratings) const {
    const std::size_t first = piece * likeness_count_max;
    const std::size_t count = std::min(likeness_count_max, own_.count() - first);
    std::array<Likeness, likeness_count_max> found{};
    find_alike(own_, first, own_, apart_rows, std::span(found).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      ratings[first + i].repeated = found[i].score;
      ratings[first + i].repeated_row = found[i].row;
    }
    for (std::size_t show = 0; show < library_.size(); ++show) {
      found = {};
      find_alike(own_, first, library_[show], 0, std::span(found).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        Rating& rating = ratings[first + i];
        if (found[i].score <= rating.earlier) continue;
        rating.earlier = found[i].score;
        rating.earlier_show = static_cast<std::int32_t>(show);
        rating.earlier_row = found[i].row;
      }
    }
  }

 private:
  Bursts own_;
  std::vector<Bursts> library_;
};

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "check-in";
    case Reason::end:
      return "end";
    case Reason::flat:
      return "flat";
    case Reason::still:
      return "still";
    case Reason::repeated:
      return "repeated";
    case Reason::earlier:
      return "seen before";
    case Reason::generic:
      return "generic";
  }
  return "";
}

Reason reason_of(const Rating& rating) {
  if (rating.energy < 0) return Reason::end;
  if (rating.energy <= energy_min) return Reason::flat;
  if (rating.moving <= moving_min) return Reason::still;
  if (rating.repeated >= alike_max) return Reason::repeated;
  if (rating.earlier >= alike_max) return Reason::earlier;
  if (rating.generic >= generic_max) return Reason::generic;
  return Reason::none;
}

Result<std::vector<Rating>> rate(std::span<const match::Row> rows,
                                 std::span<const std::span<const match::Row>> library,
                                 int thread_count, Observer& observer) {
  std::vector<Rating> ratings(rows.size(), Rating{.energy = -1});
  const std::vector<Energy> energies = energies_of(rows);
  const std::vector<Template> templates = generic_templates();
  for (std::size_t start = 0; start < energies.size(); ++start)
    rate_alone(rows, start, energies[start], templates, ratings[start]);

  const Comparison comparison(rows, library);
  const std::size_t piece_count = comparison.piece_count();
  std::atomic<bool> is_stopped = false;
  parallel_for(
      piece_count, thread_count,
      [&](std::size_t piece) {
        if (!is_stopped) comparison.compare(piece, ratings);
      },
      [&](std::size_t piece) {
        observer.progressed(Stage::comparing,
                            static_cast<double>(piece + 1) / static_cast<double>(piece_count));
        if (observer.wants_stop()) is_stopped = true;
      });
  if (is_stopped) return Error(Code::busy, "was stopped before its end");
  return ratings;
}

std::vector<Stretch> stretches_of(std::span<const Rating> ratings) {
  std::vector<Stretch> stretches;
  for (std::uint32_t row = 0; row < ratings.size(); ++row) {
    const Reason reason = reason_of(ratings[row]);
    if (stretches.empty() || stretches.back().reason != reason)
      stretches.push_back({.first_row = row, .row_count = 0, .reason = reason});
    ++stretches.back().row_count;
  }
  return stretches;
}

}  // namespace matsuri::program_builder
