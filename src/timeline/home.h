// Feeds by time, made when they are asked for: the newest posts of one community or person, or of
// all those that somebody follows, merged. A post costs nothing per follower, and a follow, a block
// or a deletion holds at the next read.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sql/db.h"
#include "stream/view.h"
#include "timeline/model.h"
#include "timeline/rings.h"
#include "timeline/rows.h"

namespace matsuri::timeline {

struct HomeOptions {
  RingOptions rings;
  RowOptions rows;
  // People and communities of all the lists that are kept, 12 bytes each; the list that was read
  // the longest ago goes first.
  std::size_t followee_count_max = 8'000'000;
  // Changes that are remembered for reads that began before them.
  std::size_t change_count_max = 65'536;
};

struct HomeQuery {
  AccountId viewer;  // none for a visitor
  Source source;     // none for all that the viewer follows, and their own
  PostId before;     // none for the newest
  std::size_t count_max = feed_count_default;
};

// Rings of posts, lists of whom people follow and don't see, and the posts themselves, in memory as
// far as there is room, kept true by committed(). What is not there is read from the database, and
// kept.
//
// Thread-safe. Memory is bounded by HomeOptions.
class Home final : public stream::MemoryView {
 public:
  explicit Home(Rows::Render render, const HomeOptions& options = {},
                metrics::Registry* metrics = nullptr);

  // What the timeline's view committed. Called by one thread, in the order of the commits.
  void committed(std::span<const stream::Record> records, const stream::BatchResult& result);

  // Facts of the timeline's own database. Most tell what committed() has told, and change nothing;
  // but `matsuri requeue` writes there beside a running server, which hears of it here alone.
  std::string_view name() const override { return "home"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::post_published || kind == EventKind::post_edited ||
           kind == EventKind::post_deleted || kind == EventKind::follow_changed;
  }
  void consume(std::span<const stream::Record> facts) override;

  // A moment before a read's snapshot of the database: what was committed after it is put on top of
  // what the read finds. Take it before Db::read().
  struct Moment {
    std::uint64_t change_index = 0;
    Rows::Moment rows;
  };
  Moment now() const;

  // Where a read looks: in memory alone (any thread), or in the database too.
  struct Access {
    sql::Connection* connection = nullptr;
    Moment moment = {};
  };

  // All reads give nullopt where not everything is in memory, and they may look nowhere else.

  // The page as a plain recomputation gives it: posts (no comments) of the source, or of whom the
  // viewer follows, of the communities they follow, and their own, as far as they may be seen; each
  // once, the newest first.
  Result<std::optional<FeedPage>> read(const Access& access, const HomeQuery& query);

  // Those of `ids` that are there and that the viewer may see, in their order. REQUIRES: each once.
  Result<std::optional<std::vector<RowPtr>>> read_posts(const Access& access,
                                                        std::span<const PostId> ids,
                                                        AccountId viewer);

  // The ids alone, before anybody asks who may see them: at most count_max, fewer at the end.
  Result<std::optional<std::vector<PostId>>> read_ids(const Access& access, const HomeQuery& query);

  struct Usage {
    std::size_t ring_count = 0;
    std::size_t ring_size = 0;  // bytes
    std::size_t list_count = 0;
    std::size_t list_size = 0;  // bytes
    Rows::Usage rows;
  };
  Usage usage() const;

 private:
  struct Change {
    enum class Kind : std::uint8_t { post_added, post_removed, followed, unfollowed, hidden };
    Kind kind{};
    Source source;
    std::uint64_t id = 0;  // of the post, or of the account whose list it is
  };
  struct Followees;
  struct Reading;

  template <class Fact>
  void post(Change::Kind kind, const Fact& fact);
  void note(const Change& change);
  void change_ring(const Change& change);
  void follow(const FollowChanged& fact);
  bool knows(const FollowChanged& fact) const;
  void forget_list(AccountId viewer);
  static void change_list(Followees& list, const Change& change);
  // Calls `each` for the changes since `moment`; false where they are no longer remembered.
  template <class Each>
  bool replay(Moment moment, Each each) const;

  using FolloweesPtr = std::shared_ptr<Followees>;
  Result<FolloweesPtr> followees(const Access& access, AccountId viewer);
  void keep(AccountId viewer, const FolloweesPtr& list);
  static FolloweesPtr sources_of(const HomeQuery& query, const FolloweesPtr& list);
  Result<std::optional<std::vector<PostId>>> page_of(const Access& access,
                                                     const FolloweesPtr& sources,
                                                     const HomeQuery& query);
  Result<std::optional<std::vector<RowPtr>>> rows_of(const Access& access,
                                                     std::span<const PostId> ids);
  Result<std::optional<std::vector<RowPtr>>> seen_by(const Followees& list, AccountId viewer,
                                                     const Access& access,
                                                     std::span<const PostId> ids);
  void merge(Reading& reading);
  Result<void> load(sql::Connection& connection, Reading& reading);

  const HomeOptions options_;
  Rows rows_;
  const FolloweesPtr of_visitors_;  // nobody
  mutable std::mutex mutex_;
  Rings rings_;
  std::deque<Change> changes_;
  std::uint64_t change_end_ = 0;  // how many there were

  struct Kept {
    FolloweesPtr list;
    std::list<AccountId>::iterator order;
  };
  std::unordered_map<AccountId, Kept> lists_;
  std::list<AccountId> order_;  // read the longest ago first
  std::size_t followee_count_ = 0;
};

}  // namespace matsuri::timeline
