// Where in a programme a burst was filmed, and how sure that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "match/descriptor.h"
#include "match/features.h"
#include "match/patterns.h"

namespace matsuri::match {

// A programme's pictures, ten a second, in the order of broadcast. A view: who makes it keeps the
// bytes, and says that rows.size() == row_count * cell_count and that eligible has a bit a row.
struct Reference {
  std::span<const std::int8_t> rows;    // 64-byte aligned where speed matters
  std::span<const std::byte> eligible;  // bit r % 8 of byte r / 8: a burst may begin at row r
  std::uint32_t row_count = 0;

  bool is_eligible(std::size_t row) const {
    return (eligible[row / 8] >> (row % 8) & std::byte{1}) != std::byte{0};
  }
};

inline constexpr std::int32_t no_row = -1;

struct Match {
  float score = -1;           // how alike, at most 1; tau() says what is enough. Never told anybody
  std::int32_t row = no_row;  // where the burst begins; no_row where no row could be searched
};

// Where to search: both ends belong to it, and what lies outside of the reference is left out.
struct SearchOptions {
  std::int32_t from_row = 0;
  std::int32_t to_row = 0;
  float enough = 1;  // a score over it ends the search; there is none over 1
};

inline constexpr std::int32_t search_row_count_max = 64;  // 61 are what a check-in searches

// The eligible row at which the burst fits best, of those that are looked at; of equal ones the
// first that is. Those are, from the middle outwards and a second at a time, every second row (of a
// pair the first that is eligible), and then what lies beside the best of them: no eligible row is
// further than 0.1 s from one of those.
//
// With `enough` it ends with the second in which that is reached. Whether a score is over `enough`
// is the same as without, and a burst with none takes the same time however well it fits.
//
// All kernels give the same, to the last bit. Allocates nothing; some 60 KiB of stack.
// REQUIRES: to_row - from_row < search_row_count_max; the descriptor is one that parse() gave;
// reference is as it says; kernel is one of kernels().
Match best(const Patterns& patterns, const Descriptor& descriptor, const Reference& reference,
           const SearchOptions& options);
Match best(const Patterns& patterns, const Descriptor& descriptor, const Reference& reference,
           const SearchOptions& options, Kernel kernel);

}  // namespace matsuri::match
