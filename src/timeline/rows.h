// Posts in memory as they are shown. Each is read and rendered once for all who read it, and pages
// are put together from them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "sql/db.h"
#include "stream/view.h"
#include "timeline/model.h"

namespace matsuri::timeline {

// A post, and what all who read it get alike; what it is to one of them comes on top (render.h).
struct Row {
  Post post;
  std::string rendered;
};
using RowPtr = std::shared_ptr<const Row>;

struct FeedPage {
  std::vector<RowPtr> posts;  // the newest first; of comments, the oldest
  PostId next;                // where the next page goes on; none at the end
};

struct RowOptions {
  // Bytes of all rows; those that nobody has read again go first (CLOCK).
  std::size_t size_max = std::size_t{128} << 20;
  // Posts and authors share stamps, 8 bytes each: a change of one makes the rows of one in so many
  // others be read again. A power of two.
  std::size_t stamp_count = std::size_t{1} << 18;
};

// Rows are never changed. A change stamps the post or the author that it is about, and a row counts
// only where both stamps are older than the snapshot that it was read from: so nothing has to be
// found when an author of many posts gets another name, and a read that began before a change can't
// bring back what was there before it.
//
// Whether the viewer may see a post is not asked here.
//
// Thread-safe. Memory is bounded by RowOptions.
class Rows {
 public:
  // What is kept beside a post.
  using Render = std::string (*)(const Post&);

  Rows(Render render, const RowOptions& options, metrics::Registry* metrics);

  // What the timeline's view committed, or a fact of it. One call at a time.
  void committed(std::span<const stream::Record> records);

  // A moment before a read's snapshot of the database: what is committed after it outdates what the
  // read finds.
  struct Moment {
    std::uint64_t commit_index = 0;
  };
  Moment now() const { return {commit_index_.load(std::memory_order_acquire)}; }

  // The rows of `ids` in their order, nullopt where one is not in memory.
  std::optional<std::vector<RowPtr>> find(std::span<const PostId> ids);
  // The rows of `ids` in their order, but for those that are deleted, not there, or whose author's
  // name has not come. Keeps what it had to read. REQUIRES: each id once.
  Result<std::vector<RowPtr>> read(sql::Connection& connection, Moment moment,
                                   std::span<const PostId> ids);

  struct Usage {
    std::size_t count = 0;
    std::size_t size = 0;  // bytes
  };
  Usage usage() const;

 private:
  struct Entry {
    RowPtr row;
    Moment read_at;
    std::atomic<bool> is_used{false};  // somebody read it since the hand came by
  };

  std::atomic<std::uint64_t>& stamp(std::uint64_t id) const;
  bool is_true(const Row& row, Moment read_at) const;
  std::size_t look_up(std::span<const PostId> ids, std::vector<RowPtr>& rows);
  void keep(Moment moment, std::span<const RowPtr> rows);

  const Render render_;
  const RowOptions options_;
  metrics::Counter* hit_count_ = nullptr;
  metrics::Counter* miss_count_ = nullptr;

  std::atomic<std::uint64_t> commit_index_{0};
  // The index of the last commit that changed a post or an author with this hash.
  const std::unique_ptr<std::atomic<std::uint64_t>[]> stamps_;

  mutable std::shared_mutex mutex_;
  std::unordered_map<PostId, Entry> entries_;
  std::deque<PostId> order_;  // the hand stands at its front
  std::size_t size_ = 0;

  std::shared_ptr<void> size_gauge_;  // reads what stands above
};

}  // namespace matsuri::timeline
