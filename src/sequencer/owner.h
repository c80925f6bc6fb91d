// The owner of one shard: takes requests, reads what they need, decides and commits them in
// batches, and answers. It has no thread of its own: sequencer.h gives it two, the simulator takes
// its steps in whatever order the seed says.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "io/clock.h"
#include "sequencer/shard.h"
#include "sequencer/store.h"

namespace matsuri::sequencer {

// The answer to one that is not executed. Reads get no values then: who reads asks elsewhere, or
// again.
Answer refusal(const Request& request, Verdict verdict, const std::string& message);

struct OwnerOptions {
  std::string name;  // of this node, for ever: who comes back under it need not wait for its lease
  ShardOptions shard;
  std::size_t waiting_count_max = 16'384;  // commands and reads that may wait, in all
  std::size_t batch_count_max = 2048;      // commands and reads of one transaction
  std::int64_t lease_ms = 3000;
  std::int64_t answer_after_ms =
      5000;  // then who waits for a commit that is unclear hears `unknown`
  metrics::Registry* metrics = nullptr;
  std::uint32_t shard_number = 0;  // a label
};

class Owner {
 public:
  using Done = std::move_only_function<void(Answer)>;

  // All must outlive the owner.
  Owner(OwnerOptions options, Schemas schemas, Store& store, io::Clock& clock);

  // Any thread. `done` runs once, on the thread of step() or, where the queue is full (overloaded),
  // at once. REQUIRES: a Chain passes check() with the title's schema.
  void submit(Request request, Done done);

  // Reads what waiting requests need, and passes them on in their order. False where there was
  // nothing to do. One thread.
  bool load();
  // Takes the shard if nobody has it; decides and commits what is loaded; answers. False where
  // there was nothing to do, or it has to wait for somebody else. One thread.
  bool step();
  // Answers not_owner to all that wait, and gives the lease back if nothing is unclear. No load()
  // or step() may follow.
  void stop();

  bool owns() const { return owns_; }
  bool busy() const;  // Is there anybody without an answer?
  std::uint64_t epoch() const;
  std::uint64_t seq() const;

 private:
  struct Waiting {
    Request request;
    Done done;
  };
  // A batch between its decision and the news of its commit.
  struct Open {
    std::deque<Waiting> waiting;
    std::vector<Answer> answers;  // one for each
    Write write;
    std::int64_t begun_us = 0;
    bool unclear = false;   // a commit was unknown: only done or fenced is an end
    bool answered = false;  // with `unknown`
  };

  // Series of /metrics; null without a registry.
  struct Meters {
    metrics::Counter* decided = nullptr;
    metrics::Counter* refused = nullptr;
    metrics::Histogram* batch = nullptr;
    metrics::Histogram* commit = nullptr;
    std::shared_ptr<void> waiting;
  };

  void meter(metrics::Registry& registry);
  bool take_over();
  bool begin_batch();
  bool reload();
  void commit();
  void finish(bool committed);
  void lose();
  void leave(const std::deque<Waiting>& answered);
  void refuse_all(Verdict verdict, const std::string& message);

  const OwnerOptions options_;
  Store& store_;
  io::Clock& clock_;

  // Neither is held while the store works. Whoever takes both takes `mutex_` first.
  mutable std::mutex mutex_;  // of the shard, and of who is ready; held while a batch is decided
  Shard shard_;
  std::deque<Waiting> ready_;
  std::atomic<bool> owns_ = false;  // changes with mutex_ held

  mutable std::mutex door_;  // of who comes; held for moments only
  std::deque<Waiting> waiting_;
  std::size_t count_ = 0;  // commands and reads that have no answer yet

  // step()'s alone:
  std::optional<Open> open_;
  bool reload_ = false;  // the first of ready_ needs something that was not read, or left memory
  std::int64_t lease_until_us_ = 0;

  Meters meters_;  // the last: it reads what is above
};

}  // namespace matsuri::sequencer
