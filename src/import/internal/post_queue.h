// Posts on their way: appended now, durable a little later, in the tables some time after that.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "journal/writer.h"
#include "model/position.h"
#include "stream/stream.h"

namespace matsuri::imports::internal {

// One thread calls it. Memory is bounded: append() waits until the appliers have come so far that
// no more than unapplied_count_max posts are under way.
class PostQueue {
 public:
  // Is asked some times a second while the queue waits; false ends the waiting.
  using GoOn = std::function<bool()>;

  PostQueue(journal::Writer& journal, stream::Stream& stream, std::size_t unapplied_count_max);
  ~PostQueue();  // waits for the journal's answers, not for the appliers
  PostQueue(const PostQueue&) = delete;
  PostQueue& operator=(const PostQueue&) = delete;

  struct Post {
    std::string key;  // by which the applier knows it again
    journal::Writer::Entry entry;
  };

  // Whether a post of that key is under way. False for those that are in the tables.
  bool holds(std::string_view key) const { return keys_.contains(key); }

  // Appends them in their order; how many it was, fewer only where `go_on` ended the waiting.
  // Code::exhausted where the disk is full, Code::io where the journal has failed.
  Result<std::size_t> append(std::vector<Post> posts, const GoOn& go_on);
  // Waits until all are durable and every view has them. False where `go_on` ended the waiting.
  Result<bool> finish(const GoOn& go_on);
  // Waits until all are durable, so that nothing is lost that was counted.
  Result<void> finish_durable();

 private:
  // Posts that become durable together.
  struct Chunk {
    std::vector<std::string> keys;
    Position end;  // offset 0 until they are durable
  };
  // What the journal's and the stream's threads touch; it outlives the queue.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Chunk> chunks;       // in the order of the appends, the oldest first
    std::size_t durable_count = 0;  // of chunks
    std::optional<Error> error;     // the first one: the journal takes nothing after it
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  // Appends one chunk, or waits a little where the journal is busy; false: call again.
  Result<bool> try_append(std::span<Post> posts);
  // Forgets chunks that every view has passed.
  Result<void> forget_applied();
  void wait_a_little();

  journal::Writer& journal_;
  stream::Stream& stream_;
  const std::size_t unapplied_count_max_;
  io::InlineExecutor inline_;
  const std::shared_ptr<Shared> shared_;
  std::unordered_set<std::string, Hash, std::equal_to<>> keys_;  // of all chunks
};

}  // namespace matsuri::imports::internal
