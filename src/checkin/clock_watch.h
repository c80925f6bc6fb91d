// What check-ins tell of clocks: nobody finds the picture of a broadcast by a clock that is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "io/clock.h"
#include "stream/view.h"

namespace matsuri::checkin {

// Clocks that are apart by more than this are told.
inline constexpr std::int64_t clock_off_ms_min = 2'000;
// What was seen is told for so long.
inline constexpr std::int64_t clock_told_ms = 600'000;
// So many people of one path tried within clock_told_ms, and nobody's picture was found: then it is
// not they who look elsewhere.
inline constexpr std::size_t lost_people_min = 20;

// Follows attempts as they come, and only tells: nothing is refused by what it sees.
//
// Three things can't be while all clocks are right: an attempt that was taken later than it is now;
// a ticket that is younger than the attempt with it (another closure gave it); and many people on a
// path of a programme whose pictures are found nowhere near where the clock says. The last one sees
// a single machine's clock, too; and a start or a delay that was told wrong.
//
// consume() on the follower's thread, the others on any.
class ClockWatch final : public stream::MemoryView {
 public:
  ClockWatch(const io::Clock& clock, metrics::Registry& metrics);

  std::string_view name() const override { return "checkin_clock"; }
  bool wants(EventKind kind) const override { return kind == EventKind::checkin_attempted; }
  void consume(std::span<const stream::Record> records) override;

  // What should be looked at, a line each.
  std::vector<std::string> remarks() const;

 private:
  // Who tried on one path of a programme since somebody was found there.
  struct Path {
    std::set<AccountId> people;  // lost_people_min at most
    std::int64_t since_ms = 0;
    std::int64_t last_ms = 0;
    bool is_told = false;
  };

  void note_clocks(const stream::Record& record, std::int64_t now_ms);
  void note_path(const stream::Record& record, std::int64_t now_ms);
  double off_seconds() const;
  double lost_path_count() const;

  const io::Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t off_ms_ = 0;  // the most that was seen
  std::int64_t off_seen_ms_ = 0;
  std::map<std::pair<std::string, std::string>, Path> paths_;  // by programme and path
  std::vector<std::shared_ptr<void>> gauges_;                  // last: they ask the others
};

}  // namespace matsuri::checkin
