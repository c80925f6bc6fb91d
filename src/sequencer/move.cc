#include "sequencer/move.h"

#include <algorithm>

#include "base/assert.h"

namespace matsuri::sequencer {

namespace {

// So long does the one that parked go on: a slot must not wait for what does not come.
constexpr unsigned rest_count_max = 3;
constexpr unsigned take_count_max = 3;

}  // namespace

Move Move::resume(const MovePlan& plan, std::uint64_t from_seq) {
  Move move(plan);
  move.step_ = Step::take;
  move.carried_.seq = from_seq;
  return move;
}

SlotChange Move::change() const {
  SlotChange change{.slot = plan_.slot, .row = {.version = plan_.version}, .seq = carried_.seq};
  switch (step_) {
    case Step::arrive:
      change.row.state = SlotState::arriving;
      change.row.peer = plan_.from;
      break;
    case Step::give:
      change.row.state = SlotState::given;
      change.row.peer = plan_.to;
      break;
    case Step::take:
      change.row.state = SlotState::owned;
      change.row.peer = plan_.from;
      break;
    default:
      MATSURI_ASSERT(false, "this step asks nothing of a shard");
  }
  return change;
}

void Move::carried_more(bool well, const Carried& carried) {
  if (well) carried_ = carried;
  if (step_ == Step::carry) {
    if (!well)
      step_ = Step::failed;
    else if (carried.all)
      step_ = Step::park;
    return;
  }
  if (well && carried.seq >= marked_seq_) {
    step_ = Step::give;
    try_count_ = 0;
  } else if (!well || ++try_count_ >= rest_count_max) {
    step_ = Step::open_here;
  }
}

void Move::did(bool well, std::uint64_t seq, const Carried& carried) {
  switch (step_) {
    case Step::arrive:
      step_ = well ? Step::carry : Step::failed;
      break;
    case Step::carry:
    case Step::carry_rest:
      carried_more(well, carried);
      break;
    case Step::park:
      step_ = Step::mark;
      break;
    case Step::mark:
      marked_seq_ = seq;
      try_count_ = 0;
      step_ = well ? Step::carry_rest : Step::open_here;
      break;
    case Step::give:
      // Whoever read the shard just before has seen it at this place: what the new one decides is
      // above it, or would be taken for read. Where nobody knows whether it was given, its owner
      // will: senders go there and hear.
      carried_.seq = std::max(carried_.seq, seq);
      step_ = well ? Step::take : Step::open_here;
      break;
    case Step::take:
      if (well)
        step_ = Step::open_there;
      else if (++try_count_ >= take_count_max)
        step_ = Step::open_here;
      break;
    case Step::open_there:
      step_ = Step::clear;
      break;
    case Step::open_here:
      step_ = Step::failed;
      break;
    case Step::clear:
      step_ = well ? Step::done : Step::failed;
      break;
    case Step::done:
    case Step::failed:
      break;
  }
}

}  // namespace matsuri::sequencer
