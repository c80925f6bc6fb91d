// Records on their way: appended now, durable a little later, in the tables some time after that.
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
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "journal/writer.h"
#include "model/ids.h"
#include "model/position.h"
#include "stream/stream.h"

namespace matsuri::imports::internal {

// A post that others name.
struct PostRef {
  PostId post;
  AccountId author;
  CommunityId community;
};

// One thread calls it. Memory is bounded: append() waits until the appliers have come so far that
// no more than unapplied_count_max records are under way.
class RecordQueue {
 public:
  // Is asked some times a second while the queue waits; false ends the waiting.
  using GoOn = std::function<bool()>;

  RecordQueue(journal::Writer& journal, stream::Stream& stream, std::size_t unapplied_count_max);
  ~RecordQueue();  // waits for the journal's answers, not for the appliers
  RecordQueue(const RecordQueue&) = delete;
  RecordQueue& operator=(const RecordQueue&) = delete;

  struct Record {
    std::string key;  // of a post, by which the applier knows it again; else empty
    PostRef post;
    journal::Writer::Entry entry;
  };

  // The post of that key that is under way; nullptr where none is, and for those that are in the
  // tables.
  const PostRef* find(std::string_view key) const {
    const auto found = posts_.find(key);
    return found == posts_.end() ? nullptr : &found->second;
  }

  // Appends them in their order; how many it was, fewer only where `go_on` ended the waiting.
  // Code::exhausted where the disk is full, Code::io where the journal has failed.
  Result<std::size_t> append(std::vector<Record> records, const GoOn& go_on);
  // Waits until all are durable and every view has them. False where `go_on` ended the waiting.
  Result<bool> finish(const GoOn& go_on);
  // Waits until all are durable, so that nothing is lost that was counted.
  Result<void> finish_durable();

 private:
  // Records that become durable together.
  struct Chunk {
    std::vector<std::string> keys;  // of the posts among them
    std::size_t record_count = 0;
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
  Result<bool> try_append(std::span<Record> records);
  // Forgets chunks that every view has passed.
  Result<void> forget_applied();
  void wait_a_little();

  journal::Writer& journal_;
  stream::Stream& stream_;
  const std::size_t unapplied_count_max_;
  io::InlineExecutor inline_;
  const std::shared_ptr<Shared> shared_;
  std::size_t record_count_ = 0;                                           // of all chunks
  std::unordered_map<std::string, PostRef, Hash, std::equal_to<>> posts_;  // of all chunks
};

}  // namespace matsuri::imports::internal
