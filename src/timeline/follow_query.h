// Reads of who follows whom. Each runs on a reader's connection, off the I/O threads.
//
// Blocks hold in both directions: who is blocked, or blocks, finds nobody (Code::not_found), and
// neither stands in a list that the other reads. Whom somebody follows and who follows them is for
// themselves alone where their privacy says so (Code::denied).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/cursor.h"
#include "model/event.h"
#include "model/ids.h"
#include "sql/db.h"
#include "timeline/model.h"
#include "timeline/rings.h"

namespace matsuri::timeline {

// Somebody whom the viewer may see. Code::not_found where there is none of this handle, or a block
// stands between the two.
Result<AccountId> find_person(sql::Connection& connection, std::string_view handle,
                              AccountId viewer);

// Whom somebody is about to follow, or to follow no more. To follow: Code::denied where a block
// stands between the two, and check_room(). To follow no more, nothing is in the way.
Result<AccountId> find_person_to_follow(sql::Connection& connection, std::string_view handle,
                                        AccountId follower, bool followed);
// Code::exhausted where the account follows as many as it may, and not this one. A courtesy: apply
// decides.
Result<void> check_room(sql::Connection& connection, AccountId account, FollowKind kind,
                        std::uint64_t target);

struct PeopleQuery {
  enum class Which : std::uint8_t { followers, following };
  Which which = Which::followers;
  std::string handle;  // whose
  AccountId viewer;    // none for a visitor
  Cursor before;       // `next` of the page before
  std::size_t count_max = feed_count_default;
};
struct PeoplePage {
  std::vector<Author> people;  // the newest follow first
  std::optional<Cursor> next;  // none at the end
};
Result<PeoplePage> read_people(sql::Connection& connection, const PeopleQuery& query);

// The newest follow first.
Result<std::vector<CommunityId>> read_followed_communities(sql::Connection& connection,
                                                           AccountId account);

// Whose posts are an account's timeline: its own, and those of the people and communities that it
// follows. In order.
Result<std::vector<Source>> read_sources(sql::Connection& connection, AccountId account);

struct Relation {
  std::uint64_t post_count = 0;  // comments not among them
  std::uint64_t follower_count = 0;
  std::uint64_t following_count = 0;  // people
  bool followed = false;              // by the viewer
  bool follows_viewer = false;
};
Result<Relation> read_relation(sql::Connection& connection, std::string_view handle,
                               AccountId viewer);

struct CommunityRelation {
  std::uint64_t post_count = 0;
  std::uint64_t follower_count = 0;
  bool followed = false;
};
Result<CommunityRelation> read_community_relation(sql::Connection& connection,
                                                  CommunityId community, AccountId viewer);

}  // namespace matsuri::timeline
