// Feeds whose order moves: hot, and popular by day. Their pages come from a ranking that was taken
// once and stays as it is, so that no page skips or repeats a post while scores move.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"
#include "sql/db.h"
#include "timeline/model.h"

namespace matsuri::timeline {

enum class Ranked : std::uint8_t {
  hot,      // hot_score(), all days
  popular,  // of one day in UTC: the most empathies first, the newer first among equals
};

// How deep a ranking goes: at its end the feed ends.
inline constexpr std::size_t ranking_count_max = 1000;
inline constexpr std::int64_t ranking_kept_ms = std::int64_t{10} * 60 * 1000;
// Who begins to read shares a ranking of at most this age.
inline constexpr std::int64_t ranking_fresh_ms = 2'000;

struct RankingKey {
  CommunityId community;
  Ranked ranked = Ranked::hot;
  std::int64_t day = 0;  // day_of(); 0 for hot

  bool operator==(const RankingKey&) const = default;
};

// The best ranking_count_max posts just now, whoever may see them. Two range scans: posts that got
// something have a rank of their own, all others are as old as they are.
Result<std::vector<PostId>> read_ranking(sql::Connection& connection, const RankingKey& key);

struct RankedQuery {
  CommunityId community;
  Ranked ranked = Ranked::hot;
  // popular: none is the last one on which somebody posted (today where nobody ever did), or the
  // cursor's.
  std::optional<std::int64_t> day;
  AccountId viewer;
  std::string cursor;  // empty for the first page, else the `next` of another
  std::size_t count_max = feed_count_default;
};

// A day, and the nearest ones on both sides on which somebody posted.
struct RankedDays {
  std::int64_t day = 0;
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> after;
};

struct RankedPage {
  std::vector<Post> posts;
  std::string next;                // empty at the end
  std::optional<RankedDays> days;  // popular: of the page
};

// Rankings in memory, for ranking_kept_ms. Bounded: where there are too many, the oldest go early.
// Thread-safe; read() runs on readers' threads.
class Rankings {
 public:
  struct Bounds {
    std::size_t ranking_count_max = 4096;
    std::size_t post_count_max = 1'000'000;  // of all rankings together; 8 bytes each
  };
  Rankings(io::Clock& clock, io::Random& random) : Rankings(clock, random, Bounds{}) {}
  Rankings(io::Clock& clock, io::Random& random, Bounds bounds)
      : clock_(clock), random_(random), bounds_(bounds) {}

  // Code::invalid for a cursor that is none, or one of another feed; Code::conflict where its
  // ranking is not kept any more: begin again at the first page.
  Result<RankedPage> read(sql::Connection& connection, const RankedQuery& query);

  std::size_t count() const;

 private:
  struct Ranking {
    RankingKey key;
    std::uint64_t id = 0;
    std::int64_t taken_ms = 0;  // of the clock that never goes back
    std::vector<PostId> posts;
  };
  using RankingPtr = std::shared_ptr<const Ranking>;

  RankingPtr find(std::uint64_t id);
  RankingPtr find_fresh(const RankingKey& key);
  RankingPtr keep(const RankingKey& key, std::vector<PostId> posts);
  void drop_old();  // REQUIRES: the mutex is held

  io::Clock& clock_;
  io::Random& random_;
  const Bounds bounds_;
  mutable std::mutex mutex_;
  std::list<RankingPtr> order_;  // the oldest first
  std::unordered_map<std::uint64_t, RankingPtr> rankings_;
  std::size_t post_count_ = 0;
};

}  // namespace matsuri::timeline
