#include "empathy/query.h"

#include <optional>

#include "people/query.h"
#include "sql/list.h"

namespace matsuri::empathy {
namespace {

constexpr std::uint64_t newest = (std::uint64_t{1} << 63) - 1;

}  // namespace

Result<PeoplePage> read_people(sql::Connection& connection, const PeopleQuery& query) {
  static const std::string text =
      "SELECT e.rev, " + people::person_columns("p") +
      " FROM empathy e JOIN person p ON p.id = e.account WHERE e.post = ? AND e.given = 1 "
      "AND e.rev < ? AND NOT " +
      people::hidden("e.account") +
      " AND (p.empathies_shown_to = 0 OR p.id = ? OR ? = 1) ORDER BY e.rev DESC LIMIT ?";
  const bool is_author = query.viewer && query.viewer == query.post_author;
  const std::uint64_t viewer = query.viewer.value;
  PeoplePage page;
  std::uint64_t last_rev = 0;
  bool has_more = false;
  TRY(connection.query(
      text,
      {query.post.value, query.before != 0 ? query.before : newest, viewer, viewer, viewer, viewer,
       std::int64_t{is_author}, static_cast<std::int64_t>(query.count_max + 1)},
      [&](const sql::Row& row) {
        has_more = page.people.size() == query.count_max;
        if (has_more) return;
        last_rev = row.id(0);
        page.people.push_back(people::to_person(row, 1));
      }));
  if (has_more) page.next = last_rev;
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
  std::uint64_t last_rev = 0;
  bool has_more = false;
  TRY(
      connection.query("SELECT rev, post FROM empathy WHERE account = ? AND given = 1 AND rev < ? "
                       "ORDER BY rev DESC LIMIT ?",
                       {person->id.value, query.before != 0 ? query.before : newest,
                        static_cast<std::int64_t>(query.count_max + 1)},
                       [&](const sql::Row& row) {
                         has_more = page.posts.size() == query.count_max;
                         if (has_more) return;
                         last_rev = row.id(0);
                         page.posts.push_back(PostId{row.id(1)});
                       }));
  if (has_more) page.next = last_rev;
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
