#include "analytics/run.h"

#include <algorithm>
#include <chrono>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"

namespace matsuri::analytics {
namespace {

using sequencer::SlotSet;

// How often a pass over the shards is made again, because a slot was on its way from one to
// another.
constexpr int pass_count_max = 20;
constexpr std::chrono::milliseconds pass_wait{250};

Result<std::uint64_t> read_world(sql::Db& main) {
  std::uint64_t world = 0;
  TRY(main.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto found,
               connection.integer("SELECT incarnation FROM stream_origin WHERE slot = 1"));
    world = static_cast<std::uint64_t>(found.value_or(0));
    return {};
  }));
  return world;
}

class Run {
 public:
  Run(const game::LogDbs& log, sql::Db& own, io::Clock& clock, const RunOptions& options)
      : log_(log), own_(own), clock_(clock), options_(options) {}

  Result<Advance> run() {
    TRY_ASSIGN(const std::uint64_t world, read_world(*log_.main));
    TRY_ASSIGN(claim_, begin_run(own_, {.asked_by = options_.asked_by,
                                        .now_ms = clock_.unix_ms(),
                                        .world = world,
                                        .zone = options_.zone->name(),
                                        .forgets = options_.forgets}));
    const Result<std::int64_t> as_of_ms = count_all();
    RunEnd end{.state = as_of_ms.ok() ? "done"
                        : is_ended_   ? "interrupted"
                                      : "failed",
               .error = as_of_ms.ok() || is_ended_ ? "" : as_of_ms.error().message(),
               .now_ms = clock_.unix_ms(),
               .advance = advance_};
    if (as_of_ms.ok()) {
      end.as_of_ms = *as_of_ms;
      end.as_of_day = options_.zone->day_of(*as_of_ms);
    }
    const Result<void> ended = end_run(own_, claim_, end);
    if (!as_of_ms.ok()) return as_of_ms.error();
    TRY(ended);
    return advance_;
  }

 private:
  // Gives the moment up to which everything is counted.
  Result<std::int64_t> count_all() {
    for (int pass = 0; pass < pass_count_max; ++pass) {
      if (pass != 0) std::this_thread::sleep_for(pass_wait);
      const std::int64_t as_of_ms = options_.as_of_ms ? options_.as_of_ms() : clock_.unix_ms();
      TRY(read_ends());
      SlotSet counted;
      for (std::size_t shard = 0; shard < log_.shards.size(); ++shard) {
        TRY_ASSIGN(const SlotSet slots, count_shard(shard));
        counted |= slots;
      }
      if (counted.all()) return as_of_ms;
    }
    return Error(Code::busy, "arenas are on their way between shards: the next run counts them");
  }

  // Of all shards before any is read: so a run ends, however much comes meanwhile.
  Result<void> read_ends() {
    ends_.assign(log_.shards.size(), {});
    std::uint64_t left = 0;
    for (std::size_t shard = 0; shard < ends_.size(); ++shard) {
      ShardEnd& end = ends_[shard];
      TRY(log_.shards[shard]->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(end, read_end(connection));
        return {};
      }));
      const auto is_gone = [&](std::size_t slot) {
        return end.slots[slot] && claim_.places[slot] < end.dropped[slot];
      };
      if (std::ranges::any_of(std::views::iota(std::size_t{0}, claim_.places.size()), is_gone))
        log::warn("analytics", "commands of old days went before they were counted",
                  {{"shard", std::uint64_t{shard}}});
      left += end.seq - std::min(first_of(claim_.places, end.slots), end.seq);
    }
    advance_.total_count = advance_.done_count + left;
    return {};
  }

  // Gives the slots of which everything up to the shard's end is counted: a slot that came since
  // then may lack what is behind that place.
  Result<SlotSet> count_shard(std::size_t shard) {
    const ShardEnd& end = ends_[shard];
    for (;;) {
      Window window;
      TRY(log_.shards[shard]->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(window, read_window(connection, claim_.places, end.seq, options_.window_count));
        return {};
      }));
      TRY(count_window(window));
      if (window.is_end) return window.slots & end.slots;
    }
  }

  Result<void> count_window(const Window& window) {
    Places places = claim_.places;
    const std::uint64_t first = std::min(first_of(places, window.slots), window.read_to);
    for (std::size_t slot = 0; slot < places.size(); ++slot)
      if (window.slots[slot]) places[slot] = std::max(places[slot], window.read_to);
    if (places == claim_.places) return {};
    Sums sums;
    TRY(load_entities(own_, window.commands, sums));
    fold(window.commands, *options_.zone, sums);
    // What slots that came since have to be read again may be more than was foreseen.
    advance_.done_count += window.read_to - first;
    advance_.total_count = std::max(advance_.total_count, advance_.done_count);
    advance_.command_count += window.commands.size();
    TRY(add_sums(own_, claim_, sums, *options_.zone, places, advance_));
    if (options_.commands != nullptr) options_.commands->add(window.commands.size());
    is_ended_ = !options_.on_advance(advance_);
    if (is_ended_) return Error(Code::busy, "the run was ended: the next one goes on with it");
    return {};
  }

  const game::LogDbs& log_;
  sql::Db& own_;
  io::Clock& clock_;
  const RunOptions& options_;
  Claim claim_;
  Advance advance_;
  std::vector<ShardEnd> ends_;
  bool is_ended_ = false;
};

}  // namespace

Result<Advance> run(const game::LogDbs& log, sql::Db& own, io::Clock& clock,
                    const RunOptions& options) {
  return Run(log, own, clock, options).run();
}

}  // namespace matsuri::analytics
