#include "timeline/follow_query.h"

#include <algorithm>
#include <optional>

#include "timeline/follow.h"

namespace matsuri::timeline {
namespace {

constexpr std::int64_t person = static_cast<std::int64_t>(FollowKind::person);
constexpr std::int64_t community_kind = static_cast<std::int64_t>(FollowKind::community);

// No block stands between the author `a` and the viewer; two parameters, both the viewer.
constexpr std::string_view no_block =
    " AND NOT EXISTS (SELECT 1 FROM block b WHERE b.account = ? AND b.target = a.id "
    "AND b.blocked = 1) AND NOT EXISTS (SELECT 1 FROM block c WHERE c.account = a.id "
    "AND c.target = ? AND c.blocked = 1)";

// The author `a`, at the other end of a follow, lets the viewer see it: theirs are shown to
// everyone, or the viewer is one of the two. Two parameters: the viewer, and whether the list is
// the viewer's own.
constexpr std::string_view is_shown_by_both = " AND (a.follows_shown_to = 0 OR a.id = ? OR ? = 1)";

struct Person {
  AccountId account;
  Audience follows_shown_to = Audience::everyone;
  bool is_blocked = false;  // in either direction
};

Result<Person> person_named(sql::Connection& connection, std::string_view handle,
                            AccountId viewer) {
  std::optional<Person> found;
  TRY(connection.query(
      "SELECT a.id, a.follows_shown_to, "
      "EXISTS (SELECT 1 FROM block b WHERE b.account = ? AND b.target = a.id AND b.blocked = 1) + "
      "EXISTS (SELECT 1 FROM block c WHERE c.account = a.id AND c.target = ? AND c.blocked = 1) "
      "FROM author a WHERE a.handle = ?",
      {viewer.value, viewer.value, handle}, [&](const sql::Row& row) {
        found = Person{.account = AccountId{row.id(0)},
                       .follows_shown_to = static_cast<Audience>(row.integer(1)),
                       .is_blocked = row.integer(2) != 0};
      }));
  if (!found) return Error(Code::not_found, "there is nobody of that handle");
  return *found;
}

Result<Person> visible_person(sql::Connection& connection, std::string_view handle,
                              AccountId viewer) {
  TRY_ASSIGN(const Person found, person_named(connection, handle, viewer));
  if (found.is_blocked) return Error(Code::not_found, "there is nobody of that handle");
  return found;
}

Result<bool> is_followed(sql::Connection& connection, AccountId account, std::int64_t kind,
                         std::uint64_t target) {
  TRY_ASSIGN(const auto followed,
             connection.integer(
                 "SELECT followed FROM follow WHERE account = ? AND kind = ? AND target = ?",
                 {account.value, kind, target}));
  return followed.value_or(0) != 0;
}

}  // namespace

Result<AccountId> find_person(sql::Connection& connection, std::string_view handle,
                              AccountId viewer) {
  TRY_ASSIGN(const Person found, visible_person(connection, handle, viewer));
  return found.account;
}

Result<AccountId> find_person_to_follow(sql::Connection& connection, std::string_view handle,
                                        AccountId follower, bool followed) {
  TRY_ASSIGN(const Person found, person_named(connection, handle, follower));
  if (!followed) return found.account;
  if (found.is_blocked)
    return Error(Code::denied, "one of you blocks the other: nobody follows across a block");
  TRY(check_room(connection, follower, FollowKind::person, found.account.value));
  return found.account;
}

Result<void> check_room(sql::Connection& connection, AccountId account, FollowKind kind,
                        std::uint64_t target) {
  std::uint64_t people = 0, communities = 0;
  TRY(connection.query("SELECT people_count, community_count FROM tally WHERE kind = 1 AND id = ?",
                       {account.value}, [&](const sql::Row& row) {
                         people = row.id(0);
                         communities = row.id(1);
                       }));
  const bool is_person = kind == FollowKind::person;
  if (is_person ? people < followed_people_max : communities < followed_communities_max) return {};
  TRY_ASSIGN(const bool is_there,
             is_followed(connection, account, static_cast<std::int64_t>(kind), target));
  if (is_there) return {};
  return Error(Code::exhausted, is_person ? "at most 5000 people may be followed"
                                          : "at most 500 communities may be followed");
}

Result<PeoplePage> read_people(sql::Connection& connection, const PeopleQuery& query) {
  static const std::string followers =
      "SELECT f.since, a.id, a.handle, a.name, a.face FROM follow f JOIN author a ON a.id = "
      "f.account "
      "WHERE f.kind = 1 AND f.target = ? AND f.followed = 1 AND f.since <= ? "
      "AND (f.since < ? OR f.account < ?)" +
      std::string(no_block) + std::string(is_shown_by_both) +
      " ORDER BY f.since DESC, f.account DESC LIMIT ?";
  static const std::string following =
      "SELECT f.since, a.id, a.handle, a.name, a.face FROM follow f JOIN author a ON a.id = "
      "f.target "
      "WHERE f.account = ? AND f.kind = 1 AND f.followed = 1 AND f.since <= ? "
      "AND (f.since < ? OR f.target < ?)" +
      std::string(no_block) + std::string(is_shown_by_both) +
      " ORDER BY f.since DESC, f.target DESC LIMIT ?";
  TRY_ASSIGN(const Person whose, visible_person(connection, query.handle, query.viewer));
  if (whose.follows_shown_to == Audience::nobody && whose.account != query.viewer)
    return Error(Code::denied, "this person keeps their follows to themselves");
  PeoplePage page;
  Cursor last;
  // One more than is asked for tells whether there is a next page.
  TRY(connection.query(
      query.which == PeopleQuery::Which::followers ? followers : following,
      {whose.account.value, query.before.moment, query.before.moment, query.before.id,
       query.viewer.value, query.viewer.value, query.viewer.value,
       std::int64_t{whose.account == query.viewer}, static_cast<std::int64_t>(query.count_max + 1)},
      [&](const sql::Row& row) {
        if (page.people.size() == query.count_max) {
          page.next = last;
          return;
        }
        last = {row.id(0), row.id(1)};
        page.people.push_back({.id = AccountId{row.id(1)},
                               .handle = std::string(row.text(2)),
                               .name = std::string(row.text(3)),
                               .face = row.id(4)});
      }));
  return page;
}

Result<std::vector<CommunityId>> read_followed_communities(sql::Connection& connection,
                                                           AccountId account) {
  std::vector<CommunityId> communities;
  TRY(connection.query(
      "SELECT target FROM follow WHERE account = ? AND kind = 2 AND followed = 1 "
      "ORDER BY since DESC",
      {account.value},
      [&](const sql::Row& row) { communities.push_back(CommunityId{row.id(0)}); }));
  return communities;
}

Result<std::vector<Source>> read_sources(sql::Connection& connection, AccountId account) {
  std::vector<Source> sources = {Source::of(account)};
  TRY(connection.query("SELECT kind, target FROM follow WHERE account = ? AND followed = 1",
                       {account.value}, [&](const sql::Row& row) {
                         sources.push_back(
                             Source::of(static_cast<FollowKind>(row.integer(0)), row.id(1)));
                       }));
  std::ranges::sort(sources);
  return sources;
}

Result<Relation> read_relation(sql::Connection& connection, std::string_view handle,
                               AccountId viewer) {
  TRY_ASSIGN(const Person whose, visible_person(connection, handle, viewer));
  Relation relation;
  TRY(connection.query(
      "SELECT post_count, follower_count, people_count FROM tally WHERE kind = 1 AND id = ?",
      {whose.account.value}, [&](const sql::Row& row) {
        relation.post_count = row.id(0);
        relation.follower_count = row.id(1);
        relation.following_count = row.id(2);
      }));
  if (!viewer) return relation;
  TRY_ASSIGN(relation.followed, is_followed(connection, viewer, person, whose.account.value));
  TRY_ASSIGN(relation.follows_viewer, is_followed(connection, whose.account, person, viewer.value));
  return relation;
}

Result<CommunityRelation> read_community_relation(sql::Connection& connection,
                                                  CommunityId community, AccountId viewer) {
  CommunityRelation relation;
  TRY(connection.query("SELECT post_count, follower_count FROM tally WHERE kind = 2 AND id = ?",
                       {community.value}, [&](const sql::Row& row) {
                         relation.post_count = row.id(0);
                         relation.follower_count = row.id(1);
                       }));
  if (!viewer) return relation;
  TRY_ASSIGN(relation.followed, is_followed(connection, viewer, community_kind, community.value));
  return relation;
}

}  // namespace matsuri::timeline
