#include "sequencer/internal/mover.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "base/log.h"
#include "io/clock.h"
#include "sequencer/sql_carrier.h"

namespace matsuri::sequencer {

namespace {

constexpr std::chrono::milliseconds look_every{1000};

}  // namespace

Mover::Mover(std::vector<sql::Db*> shards, MoverHooks hooks, metrics::Registry* metrics)
    : shards_(std::move(shards)), hooks_(std::move(hooks)) {
  if (metrics != nullptr) {
    moved_ = &metrics->counter("matsuri_sequencer_moved_slots_total",
                               "Slots that this node moved to another shard");
    pause_ = &metrics->histogram("matsuri_sequencer_move_pause_seconds",
                                 "How long commands of a slot waited while it moved",
                                 metrics::seconds_bounds());
  }
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pass(stop);
      if (!stop.stop_requested()) bell_.wait(look_every);
    }
  });
}

Mover::~Mover() {
  thread_.request_stop();
  bell_.ring();
  thread_.join();
}

// Finishes what was decided, then goes for what is wished, then sends requests where slots are.
void Mover::pass(const std::stop_token& stop) {
  Result<std::vector<Slots>> map = read_map(shards_);
  if (!map.ok()) return;
  for (const MovePlan& plan : unfinished(*map)) {
    std::uint64_t from_seq = 0;
    const Result<void> read =
        shards_[plan.from]->read_and_wait([&](sql::Connection& connection) -> Result<void> {
          TRY_ASSIGN(const auto seq, connection.integer("SELECT seq FROM shard WHERE id = 1"));
          from_seq = static_cast<std::uint64_t>(seq.value_or(0));
          return {};
        });
    if (!read.ok()) return;
    hooks_.park(plan.slot);
    Move move = Move::resume(plan, from_seq);
    if (!run(move, stop)) return;
  }
  const Result<std::vector<Wish>> wishes = read_wishes(*shards_.front());
  if (!wishes.ok()) return;
  for (const Wish& wish : *wishes) {
    map = read_map(shards_);
    if (!map.ok() || stop.stop_requested()) return;
    if (wish.shard < map->size() && wish.slot < slot_count) {
      const auto plan = plan_of(*map, wish.slot, wish.shard);
      if (plan) {
        Move move(*plan);
        if (!run(move, stop)) return;
        continue;  // The next pass sees that it is there.
      }
      if (map_of(*map)[wish.slot] != wish.shard) continue;
    }
    (void)fulfilled(*shards_.front(), wish);
  }
  map = read_map(shards_);
  if (!map.ok()) return;
  const std::vector<std::uint32_t> now = map_of(*map);
  for (std::uint32_t slot = 0; slot < slot_count; ++slot)
    if (now[slot] < shards_.size() && now[slot] != hooks_.shard_of(slot))
      hooks_.open(slot, now[slot]);
}

// False where it was told to stop, or the move failed: then it is too early for another one.
bool Mover::run(Move& move, const std::stop_token& stop) {
  const MovePlan& plan = move.plan();
  while (!move.over()) {
    if (stop.stop_requested()) return false;
    take_step(move);
  }
  const bool done = move.step() == Move::Step::done;
  log::info("sequencer", done ? "a slot moved" : "a slot did not move",
            {{"slot", std::uint64_t{plan.slot}},
             {"from", std::uint64_t{plan.from}},
             {"to", std::uint64_t{plan.to}},
             {"version", plan.version}});
  if (done && moved_ != nullptr) moved_->add(1);
  return done;
}

void Mover::take_step(Move& move) {
  using enum Move::Step;
  const MovePlan plan = move.plan();
  SqlCarrier carrier(*shards_[plan.from], *shards_[plan.to]);
  switch (move.step()) {
    case arrive:
    case take:
      return ask_step(move, plan.to, move.change());
    case give:
      return ask_step(move, plan.from, move.change());
    case mark:
      return ask_step(move, plan.from, Read{});
    case carry:
    case carry_rest: {
      const Result<Carried> carried = carrier.carry(plan, move.carried_seq());
      if (!carried.ok())
        log::warn("sequencer", "a slot's rows were not copied",
                  {{"slot", std::uint64_t{plan.slot}}, {"reason", carried.error().to_string()}});
      return move.did(carried.ok(), 0, carried.ok() ? *carried : Carried{});
    }
    case park:
      hooks_.park(plan.slot);
      parked_us_ = io::system_clock().monotonic_us();
      return move.did(true);
    case open_there:
    case open_here:
      hooks_.open(plan.slot, move.step() == open_there ? plan.to : plan.from);
      if (pause_ != nullptr && parked_us_ != 0)
        pause_->observe(static_cast<double>(io::system_clock().monotonic_us() - parked_us_) / 1e6);
      parked_us_ = 0;
      return move.did(true);
    case clear:
      return move.did(carrier.clear(plan).ok());
    case done:
    case failed:
      return;
  }
}

void Mover::ask_step(Move& move, std::uint32_t shard, Request request) {
  std::promise<Answer> promise;
  std::future<Answer> answered = promise.get_future();
  hooks_.ask(shard, std::move(request),
             [&promise](Answer answer) { promise.set_value(std::move(answer)); });
  const Answer answer = answered.get();
  const bool well = answer.outcomes.empty() || answer.outcomes.front().verdict == Verdict::applied;
  if (!well)
    log::info("sequencer", "a shard refused a step of a move",
              {{"slot", std::uint64_t{move.plan().slot}},
               {"shard", std::uint64_t{shard}},
               {"reason", answer.outcomes.front().message}});
  move.did(well, answer.seq);
}

}  // namespace matsuri::sequencer
