// Reads of the timeline, on a reader's connection, off the I/O threads (but for those through Home,
// as far as they need the database). Each leaves out what the viewer may not see: posts of people
// they block or mute, or who block them, and what was deleted. internal/select.h has that rule once
// for all reads that ask the database, Home for those from memory.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "sql/db.h"
#include "timeline/home.h"
#include "timeline/model.h"

namespace matsuri::timeline {

// The comments on a post, the oldest first.
struct CommentQuery {
  PostId post;
  AccountId viewer;
  PostId after;  // none for the oldest
  std::size_t count_max = feed_count_default;
};
// Code::not_found where the viewer may not know of the post.
Result<std::optional<FeedPage>> read_comments(Home& home, const Home::Access& access,
                                              const CommentQuery& query);

// What somebody posted, the newest first; no comments.
struct ProfileQuery {
  std::string handle;
  AccountId viewer;
  bool drawings_only = false;
  PostId before;
  std::size_t count_max = feed_count_default;
};
// Code::not_found where nobody has the handle.
Result<std::optional<FeedPage>> read_profile(Home& home, const Home::Access& access,
                                             const ProfileQuery& query);

// Code::not_found where there is none, or the viewer may not know of it.
Result<Post> read_post(sql::Connection& connection, PostId id, AccountId viewer);

// Those of `ids` that are not deleted, whoever may see them, in their order, each once.
Result<std::vector<Post>> read_kept_posts(sql::Connection& connection, std::span<const PostId> ids);

// What somebody wrote, posts and comments, the newest first, whoever may see it: for staff alone.
// Of a deleted one nothing is left but that it was there.
struct Written {
  Post post;
  bool deleted = false;
};
struct WrittenQuery {
  AccountId author;
  PostId before;  // none for the newest
  std::size_t count_max = feed_count_default;
};
struct WrittenPage {
  std::vector<Written> posts;
  PostId next;  // none at the end
};
Result<WrittenPage> read_written(sql::Connection& connection, const WrittenQuery& query);

// Those of `ids` that the viewer may see, in their order, each once.
Result<std::vector<Post>> read_posts(sql::Connection& connection, std::span<const PostId> ids,
                                     AccountId viewer);

// The stored form of a post's drawing. Code::not_found as read_post(), and where it has none.
Result<std::string> read_drawing(sql::Connection& connection, PostId id, AccountId viewer);

// What posts have got from others; nothing for those that are deleted or not there.
struct Counts {
  PostId post;
  CommunityId community;
  AccountId author;
  AccountId parent_author;  // none for a post that is no comment
  std::uint64_t comment_count = 0;
  std::uint64_t empathy_count = 0;
  std::uint64_t empathy_rev = 0;  // EmpathyChanged::count_rev
};
Result<std::vector<Counts>> read_counts(sql::Connection& connection, std::span<const PostId> ids);

// Who wrote the posts, deleted ones too; those that are known.
Result<std::unordered_map<PostId, AccountId>> read_authors_of(sql::Connection& connection,
                                                              std::span<const PostId> ids);

// Code::not_found where nobody has the handle.
Result<Author> read_author(sql::Connection& connection, std::string_view handle);

// The authors that are known, in no order.
Result<std::vector<Author>> read_authors(sql::Connection& connection,
                                         std::span<const AccountId> ids);

// Somebody whom an account does not see, and why.
struct Hidden {
  AccountId account;
  bool by_viewer = false;  // the viewer blocks them
  bool by_them = false;    // they block the viewer
  bool muted = false;      // the viewer mutes them

  bool is_hidden() const { return by_viewer || by_them || muted; }
};
Result<std::vector<Hidden>> read_hidden(sql::Connection& connection, AccountId viewer);

}  // namespace matsuri::timeline
