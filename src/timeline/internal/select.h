// The one way in which posts are read: what a row holds, and the one rule of who may see it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/db.h"
#include "timeline/model.h"

namespace matsuri::timeline::internal {

// Beginning of every read of posts, up to WHERE: `p` is the post, `a` its author. A post is shown
// once its author's name has arrived.
inline constexpr std::string_view select_post =
    "SELECT p.id, p.community, p.author, a.handle, a.name, a.face, p.text, p.language, p.parent, "
    "p.rev, p.drawing, p.feeling, p.spoiler, p.tag, h.empathy_count, h.comment_count FROM post p "
    "JOIN author a ON a.id = p.author LEFT JOIN heat h ON h.post = p.id WHERE ";

// What select_post gives.
Post to_post(const sql::Row& row);

// Follows the other conditions of a read that has a post `p` and its author `a`: leaves out what
// was deleted, whom the viewer blocks or mutes, and who blocks the viewer; and, because a comment
// is seen below its post, comments on posts of which that holds, but for the viewer's own. Its
// parameters are append_viewer()'s. For a visitor (no viewer) it has none.
std::string_view and_visible_to(AccountId viewer);
void append_viewer(std::vector<sql::Value>& parameters, AccountId viewer);

// Reads posts: select_post, `where`, the rule for `viewer`, `tail`.
Result<std::vector<Post>> read_posts(sql::Connection& connection, AccountId viewer,
                                     std::string_view where, std::vector<sql::Value> parameters,
                                     std::string_view tail, std::vector<sql::Value> more);

}  // namespace matsuri::timeline::internal
