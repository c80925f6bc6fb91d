#include "timeline/ranking.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <unordered_set>

namespace matsuri::timeline {
namespace {

// "0123456789abcdef.50": of which ranking, and where its next page begins.
struct RankedCursor {
  std::uint64_t ranking = 0;
  std::size_t index = 0;

  std::string to_string() const {
    char text[48];
    const int size = std::snprintf(text, sizeof text, "%016llx.%zu",
                                   static_cast<unsigned long long>(ranking), index);
    return {text, static_cast<std::size_t>(size)};
  }

  static std::optional<RankedCursor> parse(std::string_view text) {
    RankedCursor cursor;
    if (text.size() < 18 || text.size() > 24 || text[16] != '.') return std::nullopt;
    const auto number = [](std::string_view digits, int base, auto& value) {
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
      return error == std::errc() && end == digits.data() + digits.size();
    };
    if (!number(text.substr(0, 16), 16, cursor.ranking) ||
        !number(text.substr(17), 10, cursor.index))
      return std::nullopt;
    return cursor;
  }
};

Result<std::vector<std::uint64_t>> read_ids(sql::Connection& connection, std::string_view text,
                                            std::initializer_list<sql::Value> parameters) {
  std::vector<std::uint64_t> ids;
  TRY(connection.query(text, parameters, [&](const sql::Row& row) { ids.push_back(row.id(0)); }));
  return ids;
}

// Where the ids of a day begin: they are a range of the index.
std::uint64_t first_id_of(std::int64_t day) {
  constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
  constexpr std::int64_t first = id_epoch_unix_ms / day_ms;
  constexpr std::int64_t last = (id_epoch_unix_ms + id_ms_max) / day_ms;
  static_assert(id_epoch_unix_ms % day_ms == 0);
  return compose_id({.unix_ms = std::clamp(day, first, last) * day_ms});
}

// The day of the one post that the statement finds, if any.
Result<std::optional<std::int64_t>> read_day(sql::Connection& connection, std::string_view text,
                                             CommunityId community, std::uint64_t id) {
  TRY_ASSIGN(const auto ids, read_ids(connection, text, {community.value, id}));
  if (ids.empty()) return std::optional<std::int64_t>();
  return std::optional(day_of(parts_of(ids.front()).unix_ms));
}

// The last day before `day` on which somebody posted.
Result<std::optional<std::int64_t>> read_day_before(sql::Connection& connection,
                                                    CommunityId community, std::int64_t day) {
  return read_day(connection,
                  "SELECT id FROM post WHERE parent = 0 AND community = ? AND id < ? "
                  "AND deleted = 0 ORDER BY id DESC LIMIT 1",
                  community, first_id_of(day));
}

Result<std::optional<std::int64_t>> read_day_after(sql::Connection& connection,
                                                   CommunityId community, std::int64_t day) {
  return read_day(connection,
                  "SELECT id FROM post WHERE parent = 0 AND community = ? AND id >= ? "
                  "AND deleted = 0 ORDER BY id LIMIT 1",
                  community, first_id_of(day + 1));
}

Result<RankedDays> read_days(sql::Connection& connection, CommunityId community, std::int64_t day) {
  RankedDays days{.day = day, .before = {}, .after = {}};
  TRY_ASSIGN(days.before, read_day_before(connection, community, day));
  TRY_ASSIGN(days.after, read_day_after(connection, community, day));
  return days;
}

struct Scored {
  std::uint64_t post = 0;
  std::int64_t score = 0;
};

// The highest score first; the newer first among equals, as the indexes have it.
std::vector<PostId> best_of(std::vector<Scored> warm, const std::vector<Scored>& cold) {
  std::unordered_set<std::uint64_t> known;
  for (const Scored& one : warm) known.insert(one.post);
  for (const Scored& one : cold)
    if (known.insert(one.post).second) warm.push_back(one);
  std::ranges::sort(warm, [](const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score > b.score : a.post > b.post;
  });
  if (warm.size() > ranking_count_max) warm.resize(ranking_count_max);
  std::vector<PostId> posts;
  posts.reserve(warm.size());
  for (const Scored& one : warm) posts.push_back(PostId{one.post});
  return posts;
}

}  // namespace

// A post that got nothing is beaten by every newer one. So whatever belongs into the best N is
// among the N best that got something, or among the N newest.
Result<std::vector<PostId>> read_ranking(sql::Connection& connection, const RankingKey& key) {
  const auto count = static_cast<std::int64_t>(ranking_count_max);
  std::vector<Scored> warm, cold;
  const auto keep_warm = [&](const sql::Row& row) {
    warm.push_back({.post = row.id(0), .score = row.integer(1)});
  };
  if (key.ranked == Ranked::hot) {
    TRY(connection.query(
        "SELECT post, hot FROM heat WHERE community = ? ORDER BY hot DESC, post DESC LIMIT ?",
        {key.community.value, count}, keep_warm));
    TRY_ASSIGN(const auto newest, read_ids(connection,
                                           "SELECT id FROM post WHERE parent = 0 AND community = ? "
                                           "AND deleted = 0 ORDER BY id DESC LIMIT ?",
                                           {key.community.value, count}));
    for (const std::uint64_t id : newest)
      cold.push_back({.post = id, .score = hot_score(0, 0, parts_of(id).unix_ms)});
    return best_of(std::move(warm), cold);
  }
  TRY(
      connection.query("SELECT post, empathy_count FROM heat WHERE community = ? AND day = ? "
                       "ORDER BY empathy_count DESC, post DESC LIMIT ?",
                       {key.community.value, key.day, count}, keep_warm));
  TRY_ASSIGN(
      const auto newest,
      read_ids(connection,
               "SELECT id FROM post WHERE parent = 0 AND community = ? AND id >= ? "
               "AND id < ? AND deleted = 0 ORDER BY id DESC LIMIT ?",
               {key.community.value, first_id_of(key.day), first_id_of(key.day + 1), count}));
  for (const std::uint64_t id : newest) cold.push_back({.post = id, .score = 0});
  return best_of(std::move(warm), cold);
}

Result<std::optional<RankedPage>> Rankings::read(const Home::Access& access,
                                                 const RankedQuery& query) {
  // Which days have posts is asked of the database.
  if (query.ranked == Ranked::popular && access.connection == nullptr)
    return std::optional<RankedPage>();
  RankingPtr ranking;
  std::size_t index = 0;
  if (query.cursor.empty()) {
    RankingKey key{
        .community = query.community, .ranked = query.ranked, .day = query.day.value_or(0)};
    if (query.ranked == Ranked::popular && !query.day) {
      const std::int64_t today = day_of(clock_.unix_ms());
      TRY_ASSIGN(const auto last, read_day_before(*access.connection, query.community, today + 1));
      key.day = last.value_or(today);
    }
    ranking = find_fresh(key);
    if (ranking == nullptr) {
      if (access.connection == nullptr) return std::optional<RankedPage>();
      TRY_ASSIGN(auto posts, read_ranking(*access.connection, key));
      ranking = keep(key, std::move(posts));
    }
  } else {
    const auto cursor = RankedCursor::parse(query.cursor);
    if (!cursor) return Error(Code::invalid, "before: the `next` of another page is taken");
    ranking = find(cursor->ranking);
    if (ranking == nullptr)
      return Error(Code::conflict,
                   "before: these pages are not kept any more, begin again at the first");
    const RankingKey& key = ranking->key;
    if (key.community != query.community || key.ranked != query.ranked ||
        (query.day && *query.day != key.day) || cursor->index >= ranking->posts.size())
      return Error(Code::invalid, "before: the `next` of another page of this feed is taken");
    index = cursor->index;
  }
  RankedPage page;
  if (query.ranked == Ranked::popular) {
    TRY_ASSIGN(page.days, read_days(*access.connection, query.community, ranking->key.day));
  }
  while (index < ranking->posts.size()) {
    const std::size_t count = std::min(query.count_max + 1, ranking->posts.size() - index);
    const auto ids = std::span(ranking->posts).subspan(index, count);
    TRY_ASSIGN(auto posts, home_.read_posts(access, ids, query.viewer));
    if (!posts) return std::optional<RankedPage>();
    auto post = posts->begin();
    for (std::size_t place = 0; place < ids.size() && post != posts->end(); ++place) {
      if ((*post)->post.id != ids[place]) continue;  // hidden from the viewer
      if (page.posts.size() == query.count_max) {
        page.next = RankedCursor{ranking->id, index + place}.to_string();
        return std::optional(std::move(page));
      }
      page.posts.push_back(std::move(*post++));
    }
    index += count;
  }
  return std::optional(std::move(page));
}

Rankings::RankingPtr Rankings::find(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  drop_old();
  const auto found = rankings_.find(id);
  return found == rankings_.end() ? nullptr : found->second;
}

Rankings::RankingPtr Rankings::find_fresh(const RankingKey& key) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ms = clock_.monotonic_us() / 1000;
  for (auto each = order_.rbegin(); each != order_.rend(); ++each) {
    if (now_ms - (*each)->taken_ms > ranking_fresh_ms) break;
    if ((*each)->key == key) return *each;
  }
  return nullptr;
}

Rankings::RankingPtr Rankings::keep(const RankingKey& key, std::vector<PostId> posts) {
  const auto ranking =
      std::make_shared<const Ranking>(Ranking{.key = key,
                                              .id = random_.next_u64(),
                                              .taken_ms = clock_.monotonic_us() / 1000,
                                              .posts = std::move(posts)});
  const std::lock_guard lock(mutex_);
  order_.push_back(ranking);
  rankings_[ranking->id] = ranking;
  post_count_ += ranking->posts.size();
  drop_old();
  return ranking;
}

void Rankings::drop_old() {
  const std::int64_t now_ms = clock_.monotonic_us() / 1000;
  while (!order_.empty() &&
         (now_ms - order_.front()->taken_ms > ranking_kept_ms ||
          order_.size() > bounds_.ranking_count_max || post_count_ > bounds_.post_count_max)) {
    post_count_ -= order_.front()->posts.size();
    rankings_.erase(order_.front()->id);
    order_.pop_front();
  }
}

std::size_t Rankings::count() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

}  // namespace matsuri::timeline
