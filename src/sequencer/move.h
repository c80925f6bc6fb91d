// A planned move of a slot from one shard to another while commands flow, as a state machine: no
// thread, no database. sequencer.h drives it with threads and SQL, move_sim_test.cc by a seed.
//
//   arrive       to:    its row says that the slot comes
//   carry        rows of entities and commands are copied, as often as it takes; commands flow
//   park         senders of the slot wait from here on
//   mark         from:  all that was sent before is decided, up to a place
//   carry_rest   what was decided since the last copy
//   give         from:  its row says that the slot is gone. This decides the move
//   take         to:    its row says that it has the slot
//   open_there   those who waited go to the new shard
//   clear        from:  its copies of entities go
//
// A slot pauses from the last command before `mark` to the first behind `take`: three commits, and
// the one of that command. Up to `give` a failure undoes the move (open_here), and what was carried
// is only a copy. From then on it can only go forward: whoever finds given without owned, takes.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "sequencer/slots.h"

namespace matsuri::sequencer {

struct Carried {
  std::uint64_t seq = 0;  // the place up to which all is there
  bool all = false;       // nothing was left when it looked, and it was little
};

// Copies the rows of a slot between two databases. What is copied is committed where it came from,
// and stays true: to copy it twice, or for a move that never happens, does no harm.
class Carrier {
 public:
  virtual ~Carrier() = default;
  // Copies what was decided behind `after_seq`, a bounded part; from the start (0) all entities
  // too. Code::conflict where the slot does not arrive there any more.
  virtual Result<Carried> carry(const MovePlan& plan, std::uint64_t after_seq) = 0;
  // Deletes the entities of a slot that was given. Its commands stay: a shard's order is for ever.
  virtual Result<void> clear(const MovePlan& plan) = 0;
};

class Move {
 public:
  enum class Step : std::uint8_t {
    arrive,
    carry,
    park,
    mark,
    carry_rest,
    give,
    take,
    open_there,
    open_here,
    clear,
    done,
    failed,
  };

  explicit Move(const MovePlan& plan) : plan_(plan) {}
  // Of a move that was decided, and whose driver is gone. `from_seq`: where the shard that gave has
  // come to.
  static Move resume(const MovePlan& plan, std::uint64_t from_seq);

  const MovePlan& plan() const { return plan_; }
  Step step() const { return step_; }
  bool over() const { return step_ == Step::done || step_ == Step::failed; }
  std::uint64_t carried_seq() const { return carried_.seq; }

  // What arrive, give and take ask of a shard.
  SlotChange change() const;

  // The step was done, or failed for good. `carried` of the two that carry; `seq` of mark
  // and give.
  void did(bool well, std::uint64_t seq = 0, const Carried& carried = {});

 private:
  void carried_more(bool well, const Carried& carried);

  MovePlan plan_;
  Step step_ = Step::arrive;
  Carried carried_;
  std::uint64_t marked_seq_ = 0;
  unsigned try_count_ = 0;  // of the step
};

}  // namespace matsuri::sequencer
