// Fulfils wishes for the shard map: one thread that takes the steps of one move behind the other,
// and finishes what another process left half done.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "sequencer/internal/bell.h"
#include "sequencer/move.h"
#include "sequencer/owner.h"
#include "sequencer/shard_map.h"
#include "sql/db.h"

namespace matsuri::sequencer {

// What a move needs of the node that it runs in.
struct MoverHooks {
  // `done` runs once, on some thread.
  std::function<void(std::uint32_t shard, Request, Owner::Done done)> ask;
  std::function<void(std::uint32_t slot)> park;
  std::function<void(std::uint32_t slot, std::uint32_t shard)> open;
  std::function<std::uint32_t(std::uint32_t slot)> shard_of;
};

class Mover {
 public:
  // The databases outlive it.
  Mover(std::vector<sql::Db*> shards, MoverHooks hooks, metrics::Registry* metrics);
  // Leaves a move where it is; whoever comes next goes on. Waits for one step at most.
  ~Mover();

  void look() { bell_.ring(); }

 private:
  void pass(const std::stop_token& stop);
  bool run(Move& move, const std::stop_token& stop);
  void take_step(Move& move);
  void ask_step(Move& move, std::uint32_t shard, Request request);

  std::vector<sql::Db*> shards_;
  MoverHooks hooks_;
  metrics::Counter* moved_ = nullptr;
  metrics::Histogram* pause_ = nullptr;
  std::int64_t parked_us_ = 0;
  Bell bell_;
  std::jthread thread_;
};

}  // namespace matsuri::sequencer
