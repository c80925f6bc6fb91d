// The timeline of what one follows, made when it is asked for: the newest posts of all those people
// and communities, merged. A post costs nothing per follower, and a follow, a block or a deletion
// holds at the next read.
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

namespace matsuri::timeline {

struct HomeOptions {
  RingOptions rings;
  // People and communities of all the lists that are kept, 12 bytes each; the list that was read
  // the longest ago goes first.
  std::size_t followee_count_max = 8'000'000;
  // Changes that are remembered for reads that began before them.
  std::size_t change_count_max = 65'536;
};

struct HomeQuery {
  AccountId viewer;
  PostId before;  // none for the newest
  std::size_t count_max = feed_count_default;
};

// Rings of posts and lists of whom people follow, in memory as far as there is room, kept true by
// committed(). What is not there is read from the database, and kept.
//
// Thread-safe. Memory is bounded by HomeOptions.
class Home {
 public:
  explicit Home(const HomeOptions& options = {});

  // What the timeline's view committed. Called by one thread, in the order of the commits.
  void committed(std::span<const stream::Record> records, const stream::BatchResult& result);

  // A moment before a read's snapshot of the database: what was committed after it is put on top of
  // what the read finds. Take it before Db::read().
  struct Moment {
    std::uint64_t change_index = 0;
  };
  Moment now() const;

  // The page as a plain recomputation gives it: posts (no comments) of whom the viewer follows, of
  // the communities they follow, and their own, as far as they may be seen; each once, the newest
  // first. Reads the database for the rows, and for what is not in memory.
  Result<FeedPage> read(sql::Connection& connection, Moment moment, const HomeQuery& query);

  // The ids alone, before anybody asks who may see them: at most count_max, fewer at the end.
  Result<std::vector<PostId>> read_ids(sql::Connection& connection, Moment moment,
                                       const HomeQuery& query);

  struct Usage {
    std::size_t ring_count = 0;
    std::size_t ring_size = 0;  // bytes
    std::size_t list_count = 0;
    std::size_t list_size = 0;  // bytes
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

  void note(const Change& change);
  void change_ring(const Change& change);
  void follow(const FollowChanged& fact);
  void forget_list(AccountId viewer);
  static void change_list(Followees& list, const Change& change);
  // Calls `each` for the changes since `moment`; false where they are no longer remembered.
  template <class Each>
  bool replay(Moment moment, Each each) const;

  Result<std::shared_ptr<Followees>> followees(sql::Connection& connection, Moment moment,
                                               AccountId viewer);
  void keep(AccountId viewer, const std::shared_ptr<Followees>& list);
  Result<std::vector<PostId>> page_of(sql::Connection& connection, Moment moment,
                                      const std::shared_ptr<Followees>& list,
                                      const HomeQuery& query);
  void merge(Reading& reading);
  Result<void> load(sql::Connection& connection, Reading& reading);

  const HomeOptions options_;
  mutable std::mutex mutex_;
  Rings rings_;
  std::deque<Change> changes_;
  std::uint64_t change_end_ = 0;  // how many there were

  struct Kept {
    std::shared_ptr<Followees> list;
    std::list<AccountId>::iterator order;
  };
  std::unordered_map<AccountId, Kept> lists_;
  std::list<AccountId> order_;  // read the longest ago first
  std::size_t followee_count_ = 0;
};

}  // namespace matsuri::timeline
