// Reads of the timeline. Each runs on a reader's connection, off the I/O threads, and leaves out
// what the viewer may not see: posts of people they block, or who block them.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "sql/db.h"
#include "timeline/model.h"

namespace matsuri::timeline {

struct FeedQuery {
  CommunityId community;
  AccountId viewer;  // none for a visitor
  PostId before;     // none for the newest
  std::size_t count_max = feed_count_default;
};
Result<FeedPage> read_feed(sql::Connection& connection, const FeedQuery& query);

// Code::not_found where there is none, or the viewer may not know of it.
Result<Post> read_post(sql::Connection& connection, PostId id, AccountId viewer);

// Those of `ids` that the viewer may read, the newest first.
Result<std::vector<Post>> read_posts(sql::Connection& connection, std::span<const PostId> ids,
                                     AccountId viewer);

// The authors that are known, in no order.
Result<std::vector<Author>> read_authors(sql::Connection& connection,
                                         std::span<const AccountId> ids);

// Somebody whom an account does not see, and why.
struct Hidden {
  AccountId account;
  bool by_viewer = false;  // the viewer blocks them
  bool by_them = false;    // they block the viewer
};
Result<std::vector<Hidden>> read_hidden(sql::Connection& connection, AccountId viewer);

}  // namespace matsuri::timeline
