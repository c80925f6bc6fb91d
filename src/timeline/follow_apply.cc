// Follows and counts, written into the timeline database.
#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sql/list.h"
#include "timeline/follow.h"
#include "timeline/rings.h"

namespace matsuri::timeline {
namespace {

FollowKind kind_of(Source source) {
  return source.is_community() ? FollowKind::community : FollowKind::person;
}
std::int64_t number_of(FollowKind kind) { return static_cast<std::int64_t>(kind); }

// The rows of tally that a batch changes: read before, written after. The applier is alone, so that
// what it reads is what it adds to.
class Tallies {
 public:
  struct Tally {
    std::uint64_t post_count = 0;
    std::uint64_t follower_count = 0;
    std::uint64_t people_count = 0;
    std::uint64_t community_count = 0;
  };

  void want(Source source) { tallies_.try_emplace(source); }
  Tally& at(Source source) { return tallies_.at(source); }

  Result<void> read(sql::Connection& connection) {
    for (const FollowKind kind : {FollowKind::person, FollowKind::community}) {
      std::vector<std::uint64_t> ids;
      for (const auto& [source, tally] : tallies_)
        if (kind_of(source) == kind) ids.push_back(source.id());
      std::ranges::sort(ids);
      TRY(read_of(connection, kind, ids));
    }
    return {};
  }

  Result<void> write(sql::Connection& connection) const {
    std::vector<Source> order;
    for (const auto& [source, tally] : tallies_) order.push_back(source);
    std::ranges::sort(order);
    std::vector<sql::Value> values;
    values.reserve(order.size() * 6);
    for (const Source source : order) {
      const Tally& tally = tallies_.at(source);
      const sql::Value row[] = {number_of(kind_of(source)), source.id(),
                                tally.post_count,           tally.follower_count,
                                tally.people_count,         tally.community_count};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    return connection.insert_rows(
        "INSERT INTO tally (kind, id, post_count, follower_count, people_count, community_count)",
        "ON CONFLICT (kind, id) DO UPDATE SET post_count = excluded.post_count, "
        "follower_count = excluded.follower_count, people_count = excluded.people_count, "
        "community_count = excluded.community_count",
        6, values);
  }

 private:
  Result<void> read_of(sql::Connection& connection, FollowKind kind,
                       std::span<const std::uint64_t> ids) {
    const std::vector<sql::Value> keys(ids.begin(), ids.end());
    return sql::query_in(
        connection,
        "SELECT id, post_count, follower_count, people_count, community_count FROM tally WHERE id",
        " AND kind = ?", keys, {number_of(kind)}, [&](const sql::Row& row) {
          tallies_[Source::of(kind, row.id(0))] = {row.id(1), row.id(2), row.id(3), row.id(4)};
        });
  }

  std::unordered_map<Source, Tally, SourceHash> tallies_;
};

// One batch of SetFollow records on its way into the tables.
class FollowBatch {
 public:
  FollowBatch(sql::Connection& connection, std::span<const stream::Record> records,
              stream::BatchResult& result)
      : connection_(connection), records_(records), result_(result) {}

  Result<void> run() {
    for (const stream::Record& record : records_) {
      const auto* wanted = std::get_if<SetFollow>(&record.event);
      if (wanted == nullptr) continue;
      states_.try_emplace(pair_of(*wanted));
      tallies_.want(Source::of(wanted->account));
      tallies_.want(target_of(*wanted));
    }
    if (states_.empty()) return {};
    TRY(read_states());
    TRY(tallies_.read(connection_));
    for (std::size_t index = 0; index < records_.size(); ++index)
      if (const auto* wanted = std::get_if<SetFollow>(&records_[index].event))
        decide(index, *wanted);
    TRY(write_states());
    return tallies_.write(connection_);
  }

 private:
  using Pair = std::tuple<std::uint64_t, std::int64_t, std::uint64_t>;  // as the primary key has it
  struct State {
    std::uint64_t rev = 0;
    bool followed = false;
    std::uint64_t since = 0;
    bool is_changed = false;
  };

  static Pair pair_of(const SetFollow& follow) {
    return {follow.account.value, number_of(follow.kind), follow.target};
  }
  static Source target_of(const SetFollow& follow) {
    return Source::of(follow.kind, follow.target);
  }

  Result<void> read_states() {
    std::vector<sql::Value> values;
    values.reserve(states_.size() * 3);
    for (const auto& [pair, state] : states_) {
      const sql::Value row[] = {std::get<0>(pair), std::get<1>(pair), std::get<2>(pair)};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    return sql::query_tuples(
        connection_, "SELECT account, kind, target, rev, followed, since FROM follow WHERE",
        {"account", "kind", "target"}, values, [&](const sql::Row& row) {
          states_[Pair(row.id(0), row.integer(1), row.id(2))] = {
              .rev = row.id(3), .followed = row.integer(4) != 0, .since = row.id(5)};
        });
  }

  void decide(std::size_t index, const SetFollow& wanted) {
    const RecordHeader& header = records_[index].header;
    State& state = states_.at(pair_of(wanted));
    if (header.id <= state.rev) return result_.duplicate(index);  // a later one came first
    Tallies::Tally& own = tallies_.at(Source::of(wanted.account));
    const bool is_person = wanted.kind == FollowKind::person;
    std::uint64_t& followed_count = is_person ? own.people_count : own.community_count;
    if (wanted.followed != state.followed) {
      if (is_person && wanted.target == wanted.account.value)
        return result_.refuse(index, Code::invalid, "nobody follows themselves");
      if (wanted.followed &&
          followed_count >= (is_person ? followed_people_max : followed_communities_max))
        return result_.refuse(index, Code::exhausted,
                              is_person ? "at most 5000 people may be followed"
                                        : "at most 500 communities may be followed");
    }
    state.rev = header.id;
    state.is_changed = true;
    if (wanted.followed == state.followed) return result_.duplicate(index);
    state.followed = wanted.followed;
    state.since = header.id;
    std::uint64_t& follower_count = tallies_.at(target_of(wanted)).follower_count;
    followed_count += wanted.followed ? 1 : ~std::uint64_t{0};
    follower_count += wanted.followed ? 1 : ~std::uint64_t{0};
    result_.fact(FollowChanged{.account = wanted.account,
                               .kind = wanted.kind,
                               .target = wanted.target,
                               .rev = header.id,
                               .followed = wanted.followed},
                 header.unix_ms, wanted.account);
  }

  Result<void> write_states() {
    std::vector<sql::Value> values;
    for (const auto& [pair, state] : states_) {
      if (!state.is_changed) continue;
      const sql::Value row[] = {std::get<0>(pair),
                                std::get<1>(pair),
                                std::get<2>(pair),
                                state.rev,
                                std::int64_t{state.followed},
                                state.since};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    return connection_.insert_rows(
        "INSERT INTO follow (account, kind, target, rev, followed, since)",
        "ON CONFLICT (account, kind, target) DO UPDATE SET rev = excluded.rev, "
        "followed = excluded.followed, since = excluded.since",
        6, values);
  }

  sql::Connection& connection_;
  std::span<const stream::Record> records_;
  stream::BatchResult& result_;
  std::map<Pair, State> states_;  // in the order of the index
  Tallies tallies_;
};

// By how much a batch changes the post counts, modulo 2^64.
struct Changes {
  std::unordered_map<Source, std::uint64_t, SourceHash> all;

  template <class Fact>
  void add(const Fact& fact, std::uint64_t change) {
    if (fact.parent) return;  // a comment
    all[Source::of(fact.author)] += change;
    all[Source::of(fact.community)] += change;
  }

  Result<void> subtract_stored(
      sql::Connection& connection,
      const std::unordered_map<std::uint64_t, const PostDeleted*>& deleted) {
    std::vector<sql::Value> keys;
    for (const auto& [post, fact] : deleted) keys.emplace_back(post);
    return sql::query_in(
        connection, "SELECT id FROM post WHERE id", "", keys, {},
        [&](const sql::Row& row) { add(*deleted.at(row.id(0)), ~std::uint64_t{0}); });
  }
};

}  // namespace

Result<void> apply_follows(sql::Connection& connection, std::span<const stream::Record> records,
                           stream::BatchResult& result) {
  return FollowBatch(connection, records, result).run();
}

// A post may be deleted before it comes, and then is never published: of the deletions, only those
// of posts that had been there count.
Result<void> count_posts(sql::Connection& connection, std::span<const stream::Record> records,
                         const stream::BatchResult& result) {
  Changes changes;
  std::unordered_set<std::uint64_t> published;
  std::unordered_map<std::uint64_t, const PostDeleted*> deleted;
  for (const stream::BatchResult::Fact& fact : result.facts()) {
    if (const auto* post = std::get_if<PostPublished>(&fact.event)) {
      changes.add(*post, 1);
      published.insert(post->post.value);
    } else if (const auto* gone = std::get_if<PostDeleted>(&fact.event); gone && !gone->parent) {
      deleted.emplace(gone->post.value, gone);
    }
  }
  for (const std::uint64_t id : published) {
    const auto gone = deleted.find(id);
    if (gone == deleted.end()) continue;
    changes.add(*gone->second, ~std::uint64_t{0});
    deleted.erase(gone);
  }
  if (!deleted.empty()) {
    for (const stream::Record& record : records)
      if (const auto* post = std::get_if<PublishPost>(&record.event))
        deleted.erase(post->post.value);
    TRY(changes.subtract_stored(connection, deleted));
  }
  if (changes.all.empty()) return {};
  Tallies tallies;
  for (const auto& [source, change] : changes.all) tallies.want(source);
  TRY(tallies.read(connection));
  for (const auto& [source, change] : changes.all) tallies.at(source).post_count += change;
  return tallies.write(connection);
}

}  // namespace matsuri::timeline
