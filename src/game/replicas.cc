#include "game/replicas.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/sentence.h"
#include "sequencer/history.h"

namespace matsuri::game {
namespace {

using sequencer::ShardPlace;

constexpr std::chrono::milliseconds look_again{1000};

}  // namespace

Replicas::Replicas(ReplicasParts parts) : parts_(std::move(parts)), states_(parts_.shards.size()) {
  if (parts_.metrics != nullptr) meter(*parts_.metrics);
  look();
  thread_ = std::thread([this] { loop(); });
}

Replicas::~Replicas() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Replicas::meter(metrics::Registry& registry) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const metrics::Labels labels = {{"role", parts_.role}, {"shard", std::to_string(i)}};
    const State& state = states_[i];
    const auto add = [&](std::string_view name, std::string_view help,
                         std::function<double()> read) {
      gauges_.push_back(registry.gauge_from(name, help, labels, std::move(read)));
    };
    add("matsuri_game_replica_up", "1 where the replica of a shard answers.",
        [&state] { return state.is_there ? 1.0 : 0.0; });
    add("matsuri_game_replica_lag_places", "Places in the order that a replica lacks.",
        [&state] { return static_cast<double>(state.places); });
    add("matsuri_game_replica_lag_seconds",
        "Since the last write that a replica has, where it lacks others.",
        [&state] { return static_cast<double>(state.lag_ms) / 1000; });
  }
}

sql::Db* Replicas::find(std::size_t shard) const {
  return states_[shard].is_there ? parts_.shards[shard].replica : nullptr;
}

void Replicas::lost(std::size_t shard) { states_[shard].is_there = false; }

ReplicaLag Replicas::lag(std::size_t shard) const {
  const State& state = states_[shard];
  return {.is_there = state.is_there, .places = state.places, .ms = state.lag_ms};
}

std::int64_t Replicas::as_of_ms() const {
  std::int64_t oldest = parts_.clock.unix_ms();
  for (const State& state : states_) oldest = std::min(oldest, state.as_of_ms.load());
  return oldest;
}

std::vector<std::string> Replicas::remarks() const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const ReplicaLag now = lag(i);
    const std::string name = sentence(parts_.role, " replica of shard ", i, ": ");
    lines.push_back(now.is_there ? sentence(name, now.places, " places and ", now.ms, " ms behind")
                                 : name + "away");
  }
  return lines;
}

void Replicas::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, look_again, [this] { return is_ending_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

// All are on one server: where one does not answer, nobody waits for the others.
void Replicas::look() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Result<void> looked = look_at(i);
    if (std::exchange(states_[i].is_told, !looked.ok()) == looked.ok())
      log::info("game", looked.ok() ? "a replica is read again" : "a replica can't be read",
                {{"role", parts_.role},
                 {"shard", std::to_string(i)},
                 {"reason", looked.ok() ? "" : looked.error().to_string()}});
    if (looked.ok()) continue;
    for (std::size_t other = i; other < states_.size(); ++other) states_[other].is_there = false;
    return;
  }
}

// What is written is looked at first: so a replica that has as much had all of it by then. Where
// that can't be read, what the replica has is as good as before.
Result<void> Replicas::look_at(std::size_t shard) {
  const ReplicasParts::Shard& dbs = parts_.shards[shard];
  State& state = states_[shard];
  const std::int64_t now_ms = parts_.clock.unix_ms();
  ShardPlace written, copied;
  std::uint64_t incarnation = 0;
  const Result<void> read = dbs.written->read_and_wait([&](sql::Connection& connection) {
    auto place = sequencer::read_place(connection);
    if (place.ok()) written = *place;
    return place.ok() ? Result<void>() : Result<void>(place.error());
  });
  TRY(dbs.replica->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(incarnation, parts_.incarnation_of(connection));
    TRY_ASSIGN(copied, sequencer::read_place(connection));
    return {};
  }));
  if (incarnation != dbs.incarnation)
    return Error(Code::conflict, "it is a copy of another life of the shard");
  if (read.ok()) {
    const bool is_behind = copied.seq < written.seq;
    state.places = is_behind ? written.seq - copied.seq : 0;
    // The last write that came says when it was, but for one that gave the shard back.
    if (!is_behind)
      state.as_of_ms = now_ms;
    else if (copied.lease_until_ms != 0)
      state.as_of_ms = std::min(now_ms, copied.lease_until_ms - parts_.lease_ms);
    state.lag_ms = now_ms - state.as_of_ms;
  }
  state.is_there = true;
  return {};
}

}  // namespace matsuri::game
