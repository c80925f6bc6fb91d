#include "http/internal/timer_wheel.h"

#include <algorithm>

namespace matsuri::http {

void TimerWheel::Entry::unlink() {
  if (!before_) return;
  before_->after_ = after_;
  after_->before_ = before_;
  before_ = after_ = nullptr;
}

TimerWheel::TimerWheel(std::int64_t now_ms) : now_ms_(now_ms), tick_(now_ms / tick_ms) {
  for (Anchor& anchor : slots_) anchor.before_ = anchor.after_ = &anchor;
}

TimerWheel::~TimerWheel() {
  for (Anchor& anchor : slots_) {
    while (anchor.after_ != &anchor) anchor.after_->unlink();
    anchor.before_ = anchor.after_ = nullptr;
  }
}

void TimerWheel::link(Entry& entry) {
  // The first tick that is not before the deadline; at most one turn of the wheel away.
  const std::int64_t due_tick = (entry.due_ms_ + tick_ms - 1) / tick_ms;
  entry.slot_tick_ =
      std::clamp(due_tick, tick_ + 1, tick_ + static_cast<std::int64_t>(slot_count) - 1);
  Entry& anchor = slots_[static_cast<std::size_t>(entry.slot_tick_) % slot_count];
  entry.before_ = anchor.before_;
  entry.after_ = &anchor;
  anchor.before_->after_ = &entry;
  anchor.before_ = &entry;
}

void TimerWheel::schedule(Entry& entry, std::int64_t due_ms) {
  entry.due_ms_ = due_ms;
  if (entry.before_) {
    if (entry.slot_tick_ * tick_ms <= due_ms) return;
    entry.unlink();
  }
  link(entry);
}

void TimerWheel::cancel(Entry& entry) { entry.unlink(); }

void TimerWheel::advance(std::int64_t now_ms) {
  now_ms_ = now_ms;
  while (tick_ < now_ms / tick_ms) {
    ++tick_;
    Entry& anchor = slots_[static_cast<std::size_t>(tick_) % slot_count];
    // What on_deadline() schedules goes to later slots: tick_ + 1 at the earliest.
    while (anchor.after_ != &anchor) {
      Entry& entry = *anchor.after_;
      entry.unlink();
      if (entry.due_ms_ > now_ms)
        link(entry);
      else
        entry.on_deadline();
    }
  }
}

}  // namespace matsuri::http
