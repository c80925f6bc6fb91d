#include "empathy/query.h"

#include <optional>

#include "people/query.h"
#include "sql/list.h"

namespace matsuri::empathy {
Result<PeoplePage> read_people(sql::Connection& connection, const PeopleQuery& query) {
  static const std::string text =
      "SELECT e.rev, " + people::person_columns("p") +
      " FROM empathy e JOIN person p ON p.id = e.account WHERE e.post = ? AND e.given = 1 "
      "AND e.rev <= ? AND (e.rev < ? OR e.account < ?) AND NOT " +
      people::hidden("e.account") +
      " AND (p.empathies_shown_to = 0 OR p.id = ? OR ? = 1) "
      "ORDER BY e.rev DESC, e.account DESC LIMIT ?";
  const bool is_author = query.viewer && query.viewer == query.post_author;
  const std::uint64_t viewer = query.viewer.value;
  PeoplePage page;
  Cursor last;
  TRY(connection.query(
      text,
      {query.post.value, query.before.moment, query.before.moment, query.before.id, viewer, viewer,
       viewer, viewer, std::int64_t{is_author}, static_cast<std::int64_t>(query.count_max + 1)},
      [&](const sql::Row& row) {
        if (page.people.size() == query.count_max) {
          page.next = last;
          return;
        }
        page.people.push_back(people::to_person(row, 1));
        last = {row.id(0), page.people.back().id.value};
      }));
  return page;
}

Result<PostsPage> read_posts(sql::Connection& connection, const PostsQuery& query) {
  TRY_ASSIGN(const std::optional<people::Person> person,
             people::find_person(connection, query.handle));
  if (!person) return Error(Code::not_found, "there is no such account");
  if (person->id != query.viewer) {
    TRY_ASSIGN(const bool is_blocked, people::is_blocked(connection, person->id, query.viewer));
    if (is_blocked || person->empathies_shown_to != Audience::everyone)
      return Error(Code::denied, "they do not show with which posts they feel empathy");
  }
  PostsPage page;
  Cursor last;
  TRY(
      connection.query("SELECT rev, post FROM empathy WHERE account = ? AND given = 1 "
                       "AND rev <= ? AND (rev < ? OR post < ?) "
                       "ORDER BY rev DESC, post DESC LIMIT ?",
                       {person->id.value, query.before.moment, query.before.moment, query.before.id,
                        static_cast<std::int64_t>(query.count_max + 1)},
                       [&](const sql::Row& row) {
                         if (page.posts.size() == query.count_max) {
                           page.next = last;
                           return;
                         }
                         page.posts.push_back(PostId{row.id(1)});
                         last = {row.id(0), row.id(1)};
                       }));
  return page;
}

Result<std::unordered_set<PostId>> given_by(sql::Connection& connection, AccountId account,
                                            std::span<const PostId> posts) {
  std::unordered_set<PostId> given;
  if (!account) return given;
  std::vector<sql::Value> keys;
  for (const PostId post : posts) keys.emplace_back(post.value);
  TRY(sql::query_in(connection, "SELECT post FROM empathy WHERE post",
                    " AND account = ? AND given = 1", keys, {account.value},
                    [&](const sql::Row& row) { given.insert(PostId{row.id(0)}); }));
  return given;
}

}  // namespace matsuri::empathy
