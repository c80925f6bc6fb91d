// The change feed: applied commands of a title, for whoever comes back with the place where they
// were, or waits for more.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "game/commands.h"
#include "game/cursor.h"
#include "game/exec.h"
#include "io/clock.h"
#include "io/executor.h"
#include "model/ids.h"
#include "sequencer/history.h"

namespace matsuri::game {

inline constexpr std::size_t change_count_max = 1000;  // of one page
inline constexpr std::size_t change_count_default = 100;
inline constexpr std::int64_t change_wait_ms_max = 20'000;
// Readers that may wait at once, streams among them.
inline constexpr std::size_t feed_reader_count_max = 1024;

struct FeedQuery {
  TitleId title;
  std::string arena;  // empty: all
  Cursor after;
  std::size_t count_max = change_count_default;
};

struct FeedPage {
  // Applied commands of one shard, in its order.
  struct Part {
    sequencer::SlotSet slots;  // whose commands these are, up to each of them
    std::vector<sequencer::StoredCommand> commands;
  };
  std::vector<Part> parts;
  Cursor start;  // before the first
  Cursor next;   // behind the last
  // For who follows: commands behind `start` are not kept any more, and this was the last page.
  bool is_gone = false;

  bool empty() const;
};

// Behind all that the shards have applied. Code::busy while an arena is on its way between two.
Result<Cursor> end_of_shards(std::span<const ShardDb> shards, std::uint64_t world);

// Reads shards' tables beside their writers: a reader costs the order nothing. Commits of this
// process wake those who wait within a few milliseconds; others' are found within a second.
// Thread-safe. Owns one thread, which reads for all who wait.
class Feed {
 public:
  // `world` is the incarnation of main.
  Feed(std::vector<ShardDb> shards, std::uint64_t world, io::Clock& clock,
       metrics::Registry* metrics = nullptr);
  Cursor start() const { return Cursor(world_); }
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Answers when there is a change, or after `wait_ms` with none. start() begins with the first
  // command that is kept; with `from_now` only what comes from now on counts. Code::conflict for a
  // cursor of the time before a restore, or where what came behind it is not kept any more;
  // Code::busy where too many wait.
  void read(FeedQuery query, bool from_now, std::int64_t wait_ms, io::Executor& executor,
            Completion<FeedPage> done);

  // Gives a page whenever there is something, on the feed's thread, until `take` says false; now
  // and then an empty one. Its count is at most query.count_max.
  using Take = std::move_only_function<bool(const FeedPage&)>;
  Result<void> follow(FeedQuery query, bool from_now, Take take);

  // A shard has come to that place.
  void wake(std::size_t shard, std::uint64_t seq);

  // Answers all that wait with what there is, and lets nobody wait any more: before a server stops.
  void drain();

 private:
  struct Reader {
    FeedQuery query;
    bool from_now = false;
    std::int64_t until_us = 0;
    io::Executor* executor = nullptr;
    Completion<FeedPage> done;        // of who waits once
    Take take;                        // of who follows
    std::vector<std::uint64_t> seen;  // how far shards were known to be when it was served last
    bool is_behind = true;            // there is more to read than was read
  };
  struct Read {
    FeedPage page;
    bool is_end = true;
  };

  void loop();
  // False where the reader is done with.
  bool serve(Reader& reader);
  bool give(Reader& reader, Read read);
  Result<Read> read_some(const FeedQuery& query) const;
  Result<Cursor> first_kept() const;
  Result<std::size_t> read_shard(std::size_t shard, std::size_t count_max, const FeedQuery& query,
                                 Read& read) const;
  Result<Read> read_end() const;
  bool has_news(const Reader& reader) const;
  // Takes it, or leaves it where it is.
  Result<void> add(std::unique_ptr<Reader>& reader);

  const std::vector<ShardDb> shards_;
  const std::uint64_t world_;
  io::Clock& clock_;
  metrics::Gauge* reader_gauge_ = nullptr;
  metrics::Counter* change_counter_ = nullptr;

  std::vector<std::atomic<std::uint64_t>> known_;  // how far each shard is, as far as was heard
  std::atomic<std::size_t> reader_count_{0};
  std::atomic<bool> has_news_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Reader>> incoming_;
  bool is_draining_ = false;
  bool is_ending_ = false;
  std::vector<std::unique_ptr<Reader>> readers_;  // the thread's own
  std::thread thread_;
};

}  // namespace matsuri::game
