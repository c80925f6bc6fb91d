// Deadlines of many connections for one timer of the system: a wheel of coarse slots. Setting a
// deadline is two pointer writes; one that is met too early by a tick never fires before its time.
#pragma once

#include <array>
#include <cstdint>

namespace matsuri::http {

// Not thread-safe: one wheel an I/O thread.
class TimerWheel {
 public:
  static constexpr std::int64_t tick_ms = 100;

  // What waits. Leaves the wheel when it is destroyed.
  class Entry {
   public:
    Entry() = default;
    virtual ~Entry() { unlink(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual void on_deadline() = 0;

   private:
    friend class TimerWheel;
    void unlink();
    Entry* before_ = nullptr;
    Entry* after_ = nullptr;
    std::int64_t due_ms_ = 0;
    std::int64_t slot_tick_ = 0;
  };

  explicit TimerWheel(std::int64_t now_ms);
  ~TimerWheel();

  // Moves the entry's deadline. One that only moves away costs a store: the slot stays, and the
  // entry goes on to its new one when its turn comes.
  void schedule(Entry& entry, std::int64_t due_ms);
  void cancel(Entry& entry);

  // Calls on_deadline() of what is due at `now_ms`; each left the wheel before, and may come back.
  void advance(std::int64_t now_ms);
  // The time of the last advance(): what deadlines are counted from.
  std::int64_t now_ms() const { return now_ms_; }

 private:
  struct Anchor final : Entry {
    void on_deadline() override {}
  };
  static constexpr std::size_t slot_count = 1024;

  void link(Entry& entry);

  std::array<Anchor, slot_count> slots_;
  std::int64_t now_ms_;
  std::int64_t tick_;  // the last one that was done
};

}  // namespace matsuri::http
