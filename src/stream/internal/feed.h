// What followers see of an origin, whether it is a journal's incarnation or the outbox of a
// database: how far it goes, and cursors that read it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "journal/follower.h"
#include "journal/reader.h"
#include "journal/writer.h"
#include "model/position.h"
#include "stream/internal/signal.h"
#include "stream/outbox.h"

namespace matsuri::stream::internal {

// Reads one origin for one follower, on one thread at a time.
class Cursor {
 public:
  virtual ~Cursor() = default;
  // Reads up to `count_max` records after `after`, never past `end`, into `records`; their payloads
  // lie in the cursor until its next read. Code::not_found where retention has dropped some.
  virtual Result<void> read(std::uint64_t after, std::uint64_t end, std::size_t count_max,
                            std::size_t size_max, std::vector<journal::StoredRecord>& records) = 0;
};

// One origin. Thread-safe. After close() it no longer touches what it reads from.
class Feed {
 public:
  explicit Feed(Origin origin) : origin_(origin) {}
  virtual ~Feed() = default;

  const Origin& origin() const { return origin_; }
  // The last record that is known to be there.
  std::uint64_t end() const { return end_.load(std::memory_order_acquire); }
  // True where `offset` was news.
  bool raise_end(std::uint64_t offset);
  // The end when the origin came to the stream: set once, before any other thread has the feed.
  std::uint64_t joined_at() const { return joined_at_; }
  void join() { joined_at_ = end(); }
  // The incarnation of the same journal whose records were answered before this one's; null where
  // there is none. Set before any other thread has the feed.
  const std::shared_ptr<const Feed>& earlier() const { return earlier_; }
  void come_after(std::shared_ptr<const Feed> earlier) { earlier_ = std::move(earlier); }

  // Looks how far the origin goes, for what others than this process write. May wait.
  virtual Result<void> poll() = 0;
  virtual std::unique_ptr<Cursor> open_cursor() = 0;
  // The oldest record that retention has left, as far as anybody can tell; 0 where it can't be
  // told.
  virtual std::uint64_t first_offset() = 0;
  virtual bool is_outbox() const = 0;
  // Waits for reads that run.
  virtual void close() = 0;

 private:
  Origin origin_;
  std::atomic<std::uint64_t> end_{0};
  std::uint64_t joined_at_ = 0;
  std::shared_ptr<const Feed> earlier_;
};

// All origins, as they come and go. Thread-safe.
class Feeds {
 public:
  Feeds(io::FileSystem& files, std::shared_ptr<Signal> signal)
      : files_(files), signal_(std::move(signal)) {}
  ~Feeds();

  Result<void> add_journal(const std::string& folder, journal::Writer* writer);
  Result<void> add_outbox(Outbox& outbox);
  void remove(const Origin& origin);
  void close_all();

  // Looks for new ends and new incarnations. The first error, after having tried all.
  Result<void> poll();

  using List = std::vector<std::shared_ptr<Feed>>;
  // Changes whenever an origin comes or goes; a new object every time.
  std::shared_ptr<const List> list() const;

 private:
  // The folder's journal, and who may look: one at a time.
  struct Followed {
    Followed(io::FileSystem& files, const std::string& folder) : follower(files, folder) {}
    std::mutex mutex;
    journal::Follower follower;
  };
  Result<std::vector<journal::Range>> look(const std::string& folder);
  Result<void> poll_folder(const std::string& folder);
  // Adds the origins that are new, and raises the ends of the others; not the writer's own. Gives
  // the last of them.
  std::shared_ptr<Feed> follow(const std::string& folder, const std::vector<journal::Range>& ranges,
                               const journal::Writer* writer);
  void add(std::shared_ptr<Feed> feed);

  io::FileSystem& files_;
  std::shared_ptr<Signal> signal_;
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<const List>();
  // Folders that others write: our own writers say what is new.
  std::map<std::string, std::shared_ptr<Followed>> folders_;
  std::set<Origin> removed_;  // so that a look into their folder does not bring them back
};

}  // namespace matsuri::stream::internal
