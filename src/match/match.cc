#include "match/match.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"
#include "match/internal/kernel.h"

namespace matsuri::match {
namespace internal {
namespace {

constexpr double mean_weight = 0.75;    // 2a - a^2 with a = 1/2: half of the mean is taken away
constexpr double energy_a_cell = 0.05;  // of the floor

std::size_t row_offset(std::uint16_t t_ms) { return (t_ms + 50U) / 100U; }
static_assert(search_row_count_max + (burst_ms_max + 50) / 100 == slot_count_max);

}  // namespace

Burst burst_of(const Descriptor& descriptor) {
  Burst burst{.frame_count = descriptor.frame_count};
  for (std::size_t frame = 0; frame < descriptor.frame_count; ++frame) {
    const Frame& from = descriptor.frames[frame];
    burst.offset[frame] = static_cast<std::uint8_t>(row_offset(from.t_ms));
    for (std::size_t i = 0; i < patterns_per_block; ++i) {
      burst.values[frame][i] = from.values[i];
      burst.sums[frame % block_count][i] += from.values[i];
    }
  }
  return burst;
}

double without_means(const Products& products, std::size_t frame_count) {
  const std::size_t shorter_count = frame_count / block_count;
  const auto shorter = static_cast<double>(shorter_count);
  return products.plain - mean_weight * (products.means[0] / shorter) -
         mean_weight * (products.means[1] / (shorter + 1));
}

double energy(const Burst& burst) {
  Products xx;
  // By pattern first, so that no sum waits for the one before.
  std::array<double, patterns_per_block> squares{};
  for (std::size_t frame = 0; frame < burst.frame_count; ++frame)
    for (std::size_t i = 0; i < patterns_per_block; ++i)
      squares[i] += burst.values[frame][i] * burst.values[frame][i];
  for (const double sum : squares) xx.plain += sum;
  for (std::size_t block = 0; block < block_count; ++block)
    for (const double sum : burst.sums[block])
      xx.means[block < burst.frame_count % block_count ? 1 : 0] += sum * sum;
  return without_means(xx, burst.frame_count);
}

double energy_floor(std::size_t frame_count) {
  return energy_a_cell * static_cast<double>(patterns_per_block * frame_count * cell_count);
}

}  // namespace internal

namespace {

// Sets of starts, and of the slots that these need.
using Starts = std::uint64_t;
static_assert(search_row_count_max == 64);
struct Slots {
  std::array<std::uint64_t, 2> bits{};

  // Adds each start, moved by offset <= 34.
  void add(Starts starts, std::size_t offset) {
    bits[0] |= starts << offset;
    if (offset != 0) bits[1] |= starts >> (64 - offset);
  }
};

template <class Function>
void for_each_bit(std::uint64_t bits, const Function& function) {
  for (; bits != 0; bits &= bits - 1) function(static_cast<std::size_t>(std::countr_zero(bits)));
}

// The eligible starts from row `first` on, as bits, at which the whole burst lies in the reference.
Starts starts_of(const Reference& reference, std::int64_t first, std::int64_t last) {
  Starts starts = 0;
  for (std::int64_t row = first; row <= last; ++row)
    if (reference.is_eligible(static_cast<std::size_t>(row))) starts |= Starts{1} << (row - first);
  return starts;
}

// Of each two rows the first that may be taken: what is left out lies beside one that is not.
Starts every_second(Starts starts) {
  constexpr Starts firsts = 0x5555'5555'5555'5555;
  return starts & (firsts | ~(starts << 1));
}

// Who filmed what is on is found near the middle, mostly within the first part. A part's slots are
// the burst's own length more than its starts: smaller ones would hardly cost less.
constexpr std::int64_t part_radius = 10;

// Those at most so far from `middle`, which may lie outside.
constexpr Starts within(std::int64_t middle, std::int64_t radius) {
  const std::int64_t low = std::max<std::int64_t>(middle - radius, 0);
  const std::int64_t high = std::min<std::int64_t>(middle + radius, search_row_count_max - 1);
  return low > high ? 0 : (~Starts{0} << low) & (~Starts{0} >> (search_row_count_max - 1 - high));
}

// One burst's way through the rows.
class Search {
 public:
  // `rows` begins at the first row that is looked at, and has as many as the last start needs.
  Search(const internal::KernelFunctions& functions, const Patterns& patterns,
         const internal::Burst& burst, const std::int8_t* rows, std::size_t row_count)
      : functions_(functions), patterns_(patterns), burst_(burst), rows_(rows) {
    functions.sum_rows(rows, row_count, sums_.data());
  }

  void look_at(Starts starts) {
    project_needed(starts);
    for_each_bit(starts, [&](std::size_t start) {
      const double score = score_at(start);
      if (score <= best_score_) return;
      best_score_ = score;
      best_start_ = start;
    });
  }

  float best_score() const { return static_cast<float>(best_score_); }
  std::size_t best_start() const { return best_start_; }

 private:
  void project_needed(Starts starts) {
    for (std::size_t block = 0; block < block_count; ++block) {
      Slots needed;
      for (std::size_t frame = block; frame < burst_.frame_count; frame += block_count)
        needed.add(starts, burst_.offset[frame]);
      std::array<std::uint8_t, internal::slot_count_max> slots;
      std::size_t count = 0;
      for (std::size_t word = 0; word < 2; ++word) {
        std::uint64_t& there = slots_[block].bits[word];
        for_each_bit(needed.bits[word] & ~there, [&](std::size_t bit) {
          slots[count++] = static_cast<std::uint8_t>(word * 64 + bit);
        });
        there |= needed.bits[word];
      }
      functions_.project(patterns_.minus(block), rows_, std::span(slots).first(count), sums_.data(),
                         projected_[block].data());
    }
  }

  double score_at(std::size_t start) const {
    const internal::Compared compared = functions_.compare(burst_, projected_, start);
    const double xy = internal::without_means(compared.xy, burst_.frame_count) / feature_scale;
    const double yy =
        internal::without_means(compared.yy, burst_.frame_count) / (feature_scale * feature_scale);
    return xy / std::sqrt(ex_ * (yy + floor_));
  }

  const internal::KernelFunctions& functions_;
  const Patterns& patterns_;
  const internal::Burst& burst_;
  const std::int8_t* const rows_;
  const double floor_ = internal::energy_floor(burst_.frame_count);
  const double ex_ = internal::energy(burst_) + floor_;
  double best_score_ = -2;
  std::size_t best_start_ = 0;
  std::array<std::int32_t, internal::slot_count_max> sums_;
  std::array<Slots, block_count> slots_;  // that are projected
  alignas(64) internal::ProjectedRows projected_;
};

}  // namespace

Match best(const Patterns& patterns, const Descriptor& descriptor, const Reference& reference,
           const SearchOptions& options) {
  return best(patterns, descriptor, reference, options, kernels().back());
}

Match best(const Patterns& patterns, const Descriptor& descriptor, const Reference& reference,
           const SearchOptions& options, Kernel kernel) {
  MATSURI_ASSERT(std::int64_t{options.to_row} - options.from_row < search_row_count_max);
  MATSURI_ASSERT(reference.rows.size() == std::size_t{reference.row_count} * cell_count &&
                 reference.eligible.size() * 8 >= reference.row_count);
  const internal::Burst burst = internal::burst_of(descriptor);
  const std::size_t span = burst.offset[burst.frame_count - 1];
  const std::int64_t first = std::max<std::int64_t>(options.from_row, 0);
  const std::int64_t last = std::min<std::int64_t>(
      options.to_row, std::int64_t{reference.row_count} - 1 - static_cast<std::int64_t>(span));
  const Starts starts = starts_of(reference, first, last);
  if (starts == 0) return {};

  Search search(internal::functions_of(kernel), patterns, burst,
                reference.rows.data() + static_cast<std::size_t>(first) * cell_count,
                static_cast<std::size_t>(std::bit_width(starts)) + span);
  // Neighbours are a tenth of a second apart: where one is what was filmed the other is nearly so.
  const Starts firsts = every_second(starts);
  const std::int64_t middle = (std::int64_t{options.from_row} + options.to_row) / 2 - first;
  Starts looked_at = 0;
  for (std::int64_t radius = part_radius;
       looked_at != firsts && search.best_score() <= options.enough; radius += part_radius) {
    const Starts part = firsts & within(middle, radius);
    search.look_at(part & ~looked_at);
    looked_at = part;
  }
  const Starts found = Starts{1} << search.best_start();
  search.look_at((found << 1 | found >> 1) & starts & ~looked_at);
  return {.score = search.best_score(),
          .row = static_cast<std::int32_t>(first + static_cast<std::int64_t>(search.best_start()))};
}

}  // namespace matsuri::match
