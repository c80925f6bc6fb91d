// The shards that this node owns, with their threads: what domains hand their commands to.
#pragma once

#include <cstddef>
#include <cstdint>
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

class Mover;

struct SequencerOptions {
  OwnerOptions owner;  // of each shard; their numbers are set here
  // One database each, in the order of their numbers; they outlive it. The first start divides the
  // slots among them. More may be added behind later: those begin with none.
  std::vector<sql::Db*> shards;
  // For how many days commands are kept, keep_days_min to keep_days_max (days.h); 0 is for ever.
  std::uint32_t keep_days = 0;
  // Up to which moment all commands were read by those who must have them before they go. Any
  // thread; none: nobody is waited for.
  std::function<std::int64_t()> read_to_ms;
};

// Thread-safe. Two threads a shard: one reads what waiting requests need, one decides and commits.
// One more moves slots between them, as wished (shard_map.h); it looks once a second. Where
// commands are not kept for ever one more drops their days (days.h); it looks every few seconds.
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

  // Wishes were made: no need to wait.
  void look_at_wishes();

  std::size_t shard_of(TitleId title, std::string_view arena) const;
  std::size_t shard_count() const { return workers_.size(); }

 private:
  class Worker;
  class Routes;
  class Dropper;
  struct Parcel;
  Sequencer();

  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Routes> routes_;
  std::unique_ptr<Mover> mover_;
  std::unique_ptr<Dropper> dropper_;
};

}  // namespace matsuri::sequencer
