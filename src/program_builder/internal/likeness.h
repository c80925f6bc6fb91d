// How alike a burst of three seconds at one row is to bursts at all rows of a reference: the score
// of VCI-1 without a key, on all 512 cells.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "match/features.h"

namespace matsuri::program_builder {

inline constexpr std::size_t burst_frame_count = 24;  // one each 125 ms, for three seconds
inline constexpr std::size_t burst_row_count = 30;    // a burst needs the rows from its first on

// The row of each frame of a burst, counted from its first: 0 1 2 4 5 6 8 9 10 …
std::span<const std::uint8_t, burst_frame_count> burst_rows();

// Of all starts of a burst in some rows: how many there are.
constexpr std::size_t start_count_of(std::size_t row_count) {
  return row_count < burst_row_count ? 0 : row_count - burst_row_count + 1;
}

// What a burst has of energy: in steps of a feature, squared.
struct Energy {
  std::int64_t whole = 0;  // the sum over its frames and cells
  std::int64_t still = 0;  // of the sum of its frames: 24 times what does not move

  // The part that the score counts: alpha is one half, so three quarters of what is still are left
  // out.
  double counted() const;
};
std::vector<Energy> energies_of(std::span<const match::Row> rows);

// The bursts of a reference, ready to be compared with. A view of the rows.
class Bursts {
 public:
  explicit Bursts(std::span<const match::Row> rows);

  std::span<const match::Row> rows() const { return rows_; }
  std::size_t count() const { return inverses_.size(); }
  // 1 / the root of a burst's energy, and the floor.
  std::span<const float> inverses() const { return inverses_; }

 private:
  std::span<const match::Row> rows_;
  std::vector<float> inverses_;
};

// The ways to compute the same.
enum class Kernel : std::uint8_t { plain, avx2, avx512_vnni };
std::vector<Kernel> kernels();  // those that this processor can run, the best last
Kernel best_kernel();

struct Likeness {
  float score = -1;
  std::int32_t row = -1;  // the first at which it is so alike
};

// Up to likeness_count_max queries, each compared with all bursts of `among` that begin more than
// `apart` rows from its own; 0 compares with all. The same on every processor.
// REQUIRES: first + out.size() <= queries.count().
inline constexpr std::size_t likeness_count_max = 128;
void find_alike(const Bursts& queries, std::size_t first, const Bursts& among, std::size_t apart,
                std::span<Likeness> out, Kernel kernel = best_kernel());

}  // namespace matsuri::program_builder
