// What the tests of empathy begin with: a database with its tables, and records to apply to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "empathy/apply.h"
#include "empathy/query.h"
#include "empathy/schema.h"
#include "people/schema.h"
#include "sql/testing/engines.h"
#include "stream/view.h"

namespace matsuri::empathy::testing {

inline constexpr std::int64_t start_ms = 1'790'000'000'000;

// An id of that many milliseconds after the start.
inline std::uint64_t id_at(std::int64_t after_start_ms, Node node = Node{1}) {
  return compose_id({.unix_ms = start_ms + after_start_ms, .node = node});
}

inline stream::Record record_of(Event event, std::uint64_t id = 0) {
  stream::Record record;
  record.header = {
      .id = id, .unix_ms = id == 0 ? start_ms : parts_of(id).unix_ms, .kind = kind_of(event)};
  record.event = std::move(event);
  return record;
}

inline stream::Record empathy_record(std::uint64_t id, PostId post, AccountId author,
                                     AccountId account, bool given) {
  stream::Record record = record_of(SetEmpathy{.post = post,
                                               .post_author = author,
                                               .community = common_ground,
                                               .account = account,
                                               .given = given},
                                    id);
  record.header.account = account;
  return record;
}

inline stream::Record person_record(AccountId account, std::uint64_t rev = 1,
                                    Audience shown_to = Audience::everyone) {
  return record_of(AccountChanged{.account = account,
                                  .rev = rev,
                                  .handle = "h" + account.to_string(),
                                  .name = "Name " + account.to_string(),
                                  .empathies_shown_to = shown_to});
}

// A database of empathy alone, to which records are applied as an applier would.
class ViewTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (!IsSkipped()) db_ = fresh();
  }

  std::unique_ptr<sql::Db> fresh() {
    auto db = open();
    MATSURI_ASSERT(db->migrate("people", people::migrations()).ok());
    MATSURI_ASSERT(db->migrate("empathy", migrations()).ok());
    return db;
  }

  stream::BatchResult apply(const std::vector<stream::Record>& records) {
    std::optional<stream::BatchResult> result;
    const Result<void> done = db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      result.emplace(records.size());
      EmpathyView view;
      return view.apply(connection, records, *result);
    });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
    return std::move(*result);
  }

  template <class Body>
  auto read(Body body) {
    using Value = typename decltype(body(std::declval<sql::Connection&>()))::value_type;
    std::optional<Result<Value>> value;
    const Result<void> done = db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      value = body(connection);
      if (!value->ok()) return value->error();
      return {};
    });
    MATSURI_ASSERT(value.has_value(), done.ok() ? "" : done.error().message());
    return std::move(*value);
  }

  PeoplePage people_of(const PeopleQuery& query) {
    return read([&](sql::Connection& connection) { return read_people(connection, query); })
        .value();
  }
  std::vector<AccountId> ids_of(const PeoplePage& page) {
    std::vector<AccountId> ids;
    for (const people::Person& person : page.people) ids.push_back(person.id);
    return ids;
  }
  Result<PostsPage> posts_of(const PostsQuery& query) {
    return read([&](sql::Connection& connection) { return read_posts(connection, query); });
  }

  std::unique_ptr<sql::Db> db_;
};

}  // namespace matsuri::empathy::testing
