// What the tests of timeline begin with: a database with its tables, and records to apply to it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "sql/testing/engines.h"
#include "stream/view.h"
#include "timeline/apply.h"
#include "timeline/query.h"
#include "timeline/schema.h"

namespace matsuri::timeline::testing {

inline constexpr std::int64_t start_ms = 1'790'000'000'000;

inline IdempotencyKey key_of(std::uint64_t number) {
  IdempotencyKey key;
  std::memcpy(key.bytes.data(), &number, sizeof number);
  return key;
}

inline PostId post_id(std::int64_t after_start_ms, std::uint16_t sequence = 0) {
  return PostId{
      compose_id({.unix_ms = start_ms + after_start_ms, .node = Node{1}, .sequence = sequence})};
}

struct PostOptions {
  std::uint64_t key = 0;  // 0: none
  CommunityId community = common_ground;
  std::string source = {};
  std::string source_id = {};
  PostId parent = {};
  std::string drawing = {};
};

inline stream::Record post_record(PostId id, AccountId author, std::string text,
                                  const PostOptions& options = {}) {
  stream::Record record;
  record.header = {.id = id.value,
                   .unix_ms = parts_of(id.value).unix_ms,
                   .account = author,
                   .key = key_of(options.key),
                   .fingerprint = 1,
                   .kind = EventKind::publish_post};
  record.event = PublishPost{.post = id,
                             .community = options.community,
                             .author = author,
                             .text = std::move(text),
                             .language = "en",
                             .import_source = options.source,
                             .import_source_id = options.source_id,
                             .parent = options.parent,
                             .parent_author = options.parent ? AccountId{1} : AccountId{},
                             .drawing = options.drawing};
  return record;
}

inline stream::Record comment_record(PostId id, AccountId author, PostId parent, std::string text) {
  return post_record(id, author, std::move(text), {.parent = parent});
}

// `id` is the edit's own.
inline stream::Record edit_record(PostId post, AccountId author, std::uint64_t id, std::string text,
                                  PostId parent = {}) {
  stream::Record record;
  record.header = {
      .id = id, .unix_ms = parts_of(id).unix_ms, .account = author, .kind = EventKind::edit_post};
  record.event = EditPost{.post = post,
                          .community = common_ground,
                          .author = author,
                          .parent = parent,
                          .text = std::move(text),
                          .feeling = 2};
  return record;
}

inline stream::Record delete_record(PostId post, AccountId author, std::uint64_t id,
                                    PostId parent = {}) {
  stream::Record record;
  record.header = {
      .id = id, .unix_ms = parts_of(id).unix_ms, .account = author, .kind = EventKind::delete_post};
  record.event =
      DeletePost{.post = post, .community = common_ground, .author = author, .parent = parent};
  return record;
}

inline stream::Record fact_record(Event fact) {
  stream::Record record;
  record.header = {.unix_ms = start_ms, .kind = kind_of(fact)};
  record.event = std::move(fact);
  return record;
}

// That account 22 feels empathy with a post of account 11.
inline EmpathyChanged felt(PostId post, std::uint64_t count, std::uint64_t count_rev) {
  return {.post = post,
          .post_author = AccountId{11},
          .community = common_ground,
          .account = AccountId{22},
          .rev = count_rev,
          .given = true,
          .count = count,
          .count_rev = count_rev};
}

inline stream::Record name_record(AccountId account, std::uint64_t rev, const std::string& name) {
  return fact_record(AccountChanged{
      .account = account, .rev = rev, .handle = "h" + account.to_string(), .name = name});
}

inline stream::Record block_record(AccountId account, AccountId target, std::uint64_t rev,
                                   bool blocked) {
  return fact_record(BlockChanged{account, target, rev, blocked});
}

inline stream::Record follow_record(PostId id, AccountId account, FollowKind kind,
                                    std::uint64_t target, bool followed) {
  stream::Record record;
  record.header = {.id = id.value,
                   .unix_ms = parts_of(id.value).unix_ms,
                   .account = account,
                   .key = {},
                   .fingerprint = 0,
                   .kind = EventKind::set_follow};
  record.event =
      SetFollow{.account = account, .kind = kind, .target = target, .followed = followed};
  return record;
}
inline stream::Record follow_record(PostId id, AccountId account, AccountId target,
                                    bool followed = true) {
  return follow_record(id, account, FollowKind::person, target.value, followed);
}
inline stream::Record follow_record(PostId id, AccountId account, CommunityId target,
                                    bool followed = true) {
  return follow_record(id, account, FollowKind::community, target.value, followed);
}
inline stream::Record mute_record(AccountId account, AccountId target, std::uint64_t rev,
                                  bool muted) {
  return fact_record(MuteChanged{account, target, rev, muted});
}

inline std::string not_rendered(const Post&) { return {}; }

// The newest posts of a community.
struct FeedQuery {
  CommunityId community;
  AccountId viewer;
  PostId before;
  std::size_t count_max = feed_count_default;
};

// A database of the timeline alone, to which records are applied as an applier would.
class ViewTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (!IsSkipped()) db_ = fresh();
  }

  std::unique_ptr<sql::Db> fresh() {
    auto db = open();
    MATSURI_ASSERT(db->migrate("timeline", migrations()).ok());
    return db;
  }

  static Result<stream::BatchResult> try_apply(sql::Db& db,
                                               const std::vector<stream::Record>& records) {
    std::optional<stream::BatchResult> result;
    TRY(db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      result.emplace(records.size());
      TimelineView view;
      return view.apply(connection, records, *result);
    }));
    return std::move(*result);
  }
  stream::BatchResult apply(const std::vector<stream::Record>& records) {
    auto result = try_apply(*db_, records);
    MATSURI_ASSERT(result.ok(), result.ok() ? "" : result.error().message());
    return std::move(result).value();
  }
  stream::Outcome apply_one(const stream::Record& record) { return apply({record}).outcomes()[0]; }

  template <class Body>
  static auto read(sql::Db& db, Body body) {
    using Value = typename decltype(body(std::declval<sql::Connection&>()))::value_type;
    std::optional<Result<Value>> value;
    // The body's own error is told to the Db as well, so that it is asked again as it would be in
    // the server.
    const Result<void> done = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      value = body(connection);
      if (!value->ok()) return value->error();
      return {};
    });
    MATSURI_ASSERT(value.has_value(), done.ok() ? "" : done.error().message());
    return std::move(*value);
  }
  // A page that `body` reads where nothing is in memory yet.
  template <class Body>
  static Result<FeedPage> read_cold(sql::Db& db, Body body) {
    Home home(not_rendered);
    const Home::Moment now = home.now();
    return read(db, [&](sql::Connection& connection) -> Result<FeedPage> {
      TRY_ASSIGN(auto page, body(home, Home::Access{&connection, now}));
      return std::move(*page);
    });
  }
  static FeedPage feed_of(sql::Db& db, const FeedQuery& query) {
    return read_cold(db,
                     [&](Home& home, const Home::Access& access) {
                       return home.read(access, {.viewer = query.viewer,
                                                 .source = Source::of(query.community),
                                                 .before = query.before,
                                                 .count_max = query.count_max});
                     })
        .value();
  }
  static std::vector<std::string> texts_of(const FeedPage& page) {
    std::vector<std::string> texts;
    for (const RowPtr& row : page.posts) texts.push_back(row->post.text);
    return texts;
  }
  std::vector<std::string> texts_for(AccountId viewer) {
    return texts_of(feed_of(*db_, {.community = common_ground, .viewer = viewer}));
  }

  std::unique_ptr<sql::Db> db_;
};

}  // namespace matsuri::timeline::testing
