// The shards that this node owns, with their threads: what domains hand their commands to.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "sequencer/owner.h"
#include "sequencer/shard.h"
#include "sql/db.h"

namespace matsuri::sequencer {

struct SequencerOptions {
  OwnerOptions owner;            // of each shard; their numbers are set here
  std::vector<sql::Db*> shards;  // one database each, in the order of their numbers; outlive it
};

// Thread-safe. Two threads a shard: one reads what waiting requests need, one decides and commits.
// Destroying it answers all that wait, and gives the leases back.
class Sequencer {
 public:
  using Done = Owner::Done;

  static Result<std::unique_ptr<Sequencer>> start(const SequencerOptions& options, Schemas schemas,
                                                  io::Clock& clock);
  ~Sequencer();

  // `done` runs through `executor`, once: when the batch is durable, or the request was refused.
  // REQUIRES: a Chain passes check() with its title's schema; all of a request is in one arena.
  void submit(TitleId title, std::string_view arena, Request request, io::Executor& executor,
              Done done);

  std::size_t shard_of(TitleId title, std::string_view arena) const;
  std::size_t shard_count() const { return workers_.size(); }

 private:
  class Worker;
  Sequencer();

  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace matsuri::sequencer
