// The community's writes (posts, comments, deletions, empathies): one after the other, in the order
// of the calls, each sent until it is answered.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "core.h"

namespace matsuri {

// One write, and who hears of it.
struct Write {
  std::uint64_t id = 0;  // in the queue
  std::string what;      // as in Recovered
  std::string key;
  std::string method;
  std::string path;
  std::string body;
  std::int64_t added_unix_ms = 0;
  // Empty for one that an earlier run left.
  std::function<void(const Answer&)> then;
  int conflicts = 0;
};

class Writes {
 public:
  explicit Writes(Core& core) : core_(core) {}

  // Takes up what an earlier run left. False where it is no write.
  bool recover(const Queue::Item& item);
  // Queues it and returns its key; a refusal of the queue is told to `then`.
  std::string add(Write write);
  void tick();

 private:
  void send(Write& write);
  void answered(Answer answer);
  void finish(const Answer& answer);

  Core& core_;
  std::list<Write> waiting_;
  bool under_way_ = false;
  // Asked with a credential that does not count: waits for another.
  std::uint64_t refused_generation_ = 0;
};

}  // namespace matsuri
