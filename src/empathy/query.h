// Reads of empathy, on a reader's connection, off the I/O threads. Each leaves out what the viewer
// may not see.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"
#include "empathy/model.h"
#include "sql/db.h"

namespace matsuri::empathy {

struct PeopleQuery {
  PostId post;
  AccountId post_author;
  AccountId viewer;  // none for a visitor
  Cursor before;
  std::size_t count_max = page_count_default;
};
// Leaves out who is blocked or muted, and who shows their empathies to nobody: those see only
// themselves, and the post's author sees them.
Result<PeoplePage> read_people(sql::Connection& connection, const PeopleQuery& query);

struct PostsQuery {
  std::string handle;
  AccountId viewer;
  Cursor before;
  std::size_t count_max = page_count_default;
};
// Code::not_found where nobody of that handle is known; Code::denied where they do not show this to
// the viewer, or one of the two blocks the other. Whether the viewer may read the posts is for
// whoever has them.
Result<PostsPage> read_posts(sql::Connection& connection, const PostsQuery& query);

// With which of the posts the account feels empathy: for the marks beside posts that are shown.
Result<std::unordered_set<PostId>> given_by(sql::Connection& connection, AccountId account,
                                            std::span<const PostId> posts);

}  // namespace matsuri::empathy
