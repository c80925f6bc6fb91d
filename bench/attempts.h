// Attempts on a closure, judged by the same function that judges viewers: one who sends anything at
// any moment of a programme, and counts of what was taken.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "closure/admit.h"
#include "match/descriptor.h"
#include "match/features.h"
#include "match/patterns.h"
#include "program/show.h"

namespace matsuri::bench {

// A ticket of ours, and what its holder could know: the patterns of its seed. Each number gives
// another one.
struct Viewer {
  explicit Viewer(std::uint64_t number);

  std::string ticket;
  match::Patterns patterns;
};

// What is posted, whether or not the descriptor was made for the ticket.
struct Post {
  std::string ticket;
  std::string wire;
  std::int64_t burst_ms = 0;

  Post(const Viewer& viewer, const match::Descriptor& descriptor);
};

// A programme behind a closure. Immutable: any thread may ask.
class Judge {
 public:
  // One window over all of it. `eligible` has a bit for each row.
  Judge(std::span<const match::Row> rows, Bytes eligible);

  // What the closure says of a post whose first frame was, by its clock, `time_ms` into the
  // programme, and that comes `late_ms` after its last frame. The ticket was given a second before
  // the first frame; the studio's start is put where that makes it so.
  Result<closure::Verdict> judge(const Post& post, std::int64_t time_ms,
                                 std::int64_t late_ms = 200) const;

  std::uint32_t row_count() const { return show_.reference().row_count; }
  bool is_eligible(std::size_t row) const { return show_.reference().is_eligible(row); }
  double eligible_share() const;

 private:
  program::Lines bytes_;
  program::Show show_;
};

// Attempts that the programme was searched for, or that were refused before; not those that came
// where nobody could have checked in.
struct Tally {
  std::uint64_t count = 0;
  std::uint64_t accepted = 0;
  float best_score = -1;
  // How often which second of a film was taken for which second of the programme.
  std::map<std::pair<int, int>, std::uint64_t> mistaken;

  void add(const closure::Verdict& verdict);
  void add(const Tally& other);
  double share() const;
};

// The sum of what work(i, tally) counts for each i of [0, count), over all cores. The same whatever
// their number.
Tally count_all(std::size_t count, const std::function<void(std::size_t, Tally&)>& work);

// Windows are a second apart and six seconds long: whatever looks like a place is accepted in six.
inline constexpr double windows_per_place = 6;

// Whether a count is one that the bound would give at least once in a hundred times, were the
// attempts independent of each other but for `together` of them at a time.
bool is_at_most(const Tally& tally, double bound, double together);
bool is_at_least(const Tally& tally, double bound);

}  // namespace matsuri::bench
