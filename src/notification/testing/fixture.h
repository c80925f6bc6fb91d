// What the tests of notification begin with: a database with its tables, and facts to apply to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "notification/apply.h"
#include "notification/query.h"
#include "notification/schema.h"
#include "people/schema.h"
#include "sql/testing/engines.h"
#include "stream/view.h"

namespace matsuri::notification::testing {

inline constexpr std::int64_t start_ms = 1'790'000'000'000;

inline std::uint64_t id_at(std::int64_t after_start_ms, Node node = Node{1}) {
  return compose_id({.unix_ms = start_ms + after_start_ms, .node = node});
}
inline PostId post_at(std::int64_t after_start_ms, Node node = Node{1}) {
  return PostId{id_at(after_start_ms, node)};
}

// A fact that was made true by a command of that id.
inline stream::Record record_of(Event event, std::uint64_t id) {
  stream::Record record;
  record.header = {.id = id, .unix_ms = parts_of(id).unix_ms, .kind = kind_of(event)};
  record.event = std::move(event);
  return record;
}

inline stream::Record person_record(AccountId account) {
  return record_of(AccountChanged{.account = account,
                                  .rev = 1,
                                  .handle = "h" + account.to_string(),
                                  .name = "Name " + account.to_string()},
                   id_at(0));
}
inline stream::Record empathy_record(std::uint64_t id, PostId post, AccountId author,
                                     AccountId account, bool given) {
  return record_of(EmpathyChanged{.post = post,
                                  .post_author = author,
                                  .community = common_ground,
                                  .account = account,
                                  .rev = id,
                                  .given = given},
                   id);
}
inline stream::Record follow_record(std::uint64_t id, AccountId account, AccountId target,
                                    bool followed) {
  return record_of(
      FollowChanged{.account = account, .target = target.value, .rev = id, .followed = followed},
      id);
}
inline stream::Record comment_record(PostId comment, AccountId author, PostId parent,
                                     AccountId parent_author) {
  return record_of(PostPublished{.post = comment,
                                 .rev = 1,
                                 .community = common_ground,
                                 .author = author,
                                 .text = "text",
                                 .parent = parent,
                                 .parent_author = parent_author},
                   comment.value);
}
inline stream::Record deleted_record(PostId post, AccountId author, PostId parent = {}) {
  return record_of(PostDeleted{.post = post, .author = author, .parent = parent}, post.value);
}
inline stream::Record read_record(std::uint64_t id, AccountId account, std::uint64_t up_to) {
  return record_of(MarkNotificationsRead{.account = account, .up_to = up_to}, id);
}
inline stream::Record block_record(AccountId account, AccountId target, std::uint64_t rev,
                                   bool blocked) {
  return record_of(BlockChanged{account, target, rev, blocked}, id_at(0));
}
inline stream::Record mute_record(AccountId account, AccountId target, std::uint64_t rev,
                                  bool muted) {
  return record_of(MuteChanged{account, target, rev, muted}, id_at(0));
}

// A database of notifications alone, to which records are applied as an applier would.
class ViewTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    db_ = open();
    MATSURI_ASSERT(db_->migrate("people", people::migrations()).ok());
    MATSURI_ASSERT(db_->migrate("notification", migrations()).ok());
  }

  stream::BatchResult apply(const std::vector<stream::Record>& records) {
    std::optional<stream::BatchResult> result;
    write([&](sql::Connection& connection) -> Result<void> {
      result.emplace(records.size());
      NotificationView view;
      return view.apply(connection, records, *result);
    });
    return std::move(*result);
  }

  void write(const std::function<Result<void>(sql::Connection&)>& body) {
    const Result<void> done =
        db_->write_and_wait([&](sql::Connection& connection) { return body(connection); });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
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
    MATSURI_ASSERT(value.has_value() && value->ok(), done.ok() ? "" : done.error().message());
    return std::move(*value).value();
  }

  Page page_of(AccountId recipient, std::size_t count_max = page_count_max,
               std::uint64_t before = 0) {
    return read([&](sql::Connection& connection) {
      return read_page(connection,
                       {.recipient = recipient, .before = before, .count_max = count_max});
    });
  }

  void set_settings(AccountId account, const Settings& settings) {
    const ChosenSettings chosen[] = {{.account = account, .settings = settings}};
    write([&](sql::Connection& connection) { return write_settings(connection, chosen); });
  }

  // "3 empathy 1000: 44 22 of 2, unread": a notice on one line.
  static std::string line_of(const Notice& notice) {
    std::string line = std::to_string(notice.sequence) + ' ' + std::string(name_of(notice.kind)) +
                       ' ' + notice.post.to_string() + ':';
    for (const people::Person& person : notice.people) line += ' ' + person.id.to_string();
    line += " of " + std::to_string(notice.people_count);
    return line + (notice.is_unread ? ", unread" : "");
  }
  std::vector<std::string> lines_for(AccountId recipient) {
    std::vector<std::string> lines;
    for (const Notice& notice : page_of(recipient, 1000).notices) lines.push_back(line_of(notice));
    return lines;
  }

  std::unique_ptr<sql::Db> db_;
};

}  // namespace matsuri::notification::testing
