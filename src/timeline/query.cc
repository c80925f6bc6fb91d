#include "timeline/query.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <unordered_set>

#include "sql/list.h"
#include "timeline/internal/select.h"

namespace matsuri::timeline {

namespace internal {

Post to_post(const sql::Row& row) {
  const std::uint64_t rev = row.id(9);
  return {.id = PostId{row.id(0)},
          .community = CommunityId{row.id(1)},
          .parent = PostId{row.id(8)},
          .author = {.id = AccountId{row.id(2)},
                     .handle = std::string(row.text(3)),
                     .name = std::string(row.text(4)),
                     .face = row.id(5)},
          .text = std::string(row.text(6)),
          .drawn = row.id(10) != 0,
          .feeling = static_cast<std::uint8_t>(row.integer(11)),
          .spoiler = row.integer(12) != 0,
          .tag = std::string(row.text(13)),
          .language = std::string(row.text(7)),
          .created_unix_ms = parts_of(row.id(0)).unix_ms,
          .edited_unix_ms = rev > 1 ? parts_of(rev).unix_ms : 0,
          .comment_count = row.id(15),
          .empathy_count = row.id(14)};
}

namespace {

// That the viewer sees what the author of `post` says. Three parameters, each the viewer.
std::string and_not_hidden(const std::string& post) {
  return " AND NOT EXISTS (SELECT 1 FROM block b WHERE b.account = ? AND b.target = " + post +
         ".author AND b.blocked = 1) AND NOT EXISTS (SELECT 1 FROM block c WHERE c.account = " +
         post +
         ".author AND c.target = ? AND c.blocked = 1) AND NOT EXISTS (SELECT 1 FROM mute m "
         "WHERE m.account = ? AND m.target = " +
         post + ".author AND m.muted = 1)";
}

std::string and_parent_is_shown(const std::string& or_own, const std::string& and_not_hidden) {
  return " AND (p.parent = 0" + or_own +
         " OR EXISTS (SELECT 1 FROM post q WHERE q.id = p.parent AND q.deleted = 0" +
         and_not_hidden + "))";
}

}  // namespace

std::string_view and_visible_to(AccountId viewer) {
  static const std::string to_visitor = " AND p.deleted = 0" + and_parent_is_shown("", "");
  static const std::string to_somebody =
      " AND p.deleted = 0" + and_not_hidden("p") +
      and_parent_is_shown(" OR p.author = ?", and_not_hidden("q"));
  return viewer ? to_somebody : to_visitor;
}

void append_viewer(std::vector<sql::Value>& parameters, AccountId viewer) {
  if (viewer) parameters.insert(parameters.end(), 7, sql::Value(viewer.value));
}

Result<std::vector<Post>> read_posts(sql::Connection& connection, AccountId viewer,
                                     std::string_view where, std::vector<sql::Value> parameters,
                                     std::string_view tail, std::vector<sql::Value> more) {
  std::string text(select_post);
  text.append(where).append(and_visible_to(viewer)).append(tail);
  append_viewer(parameters, viewer);
  parameters.insert(parameters.end(), more.begin(), more.end());
  std::vector<Post> posts;
  TRY(connection.query(text, parameters,
                       [&](const sql::Row& row) { posts.push_back(to_post(row)); }));
  return posts;
}

}  // namespace internal

namespace {

// The ids that a feed finds, and one more: it tells whether there is a next page.
Result<std::optional<FeedPage>> read_page(Home& home, const Home::Access& access, AccountId viewer,
                                          std::string_view where,
                                          std::vector<sql::Value> parameters,
                                          std::string_view order, std::size_t count_max) {
  std::string text("SELECT p.id FROM post p JOIN author a ON a.id = p.author WHERE ");
  text.append(where).append(internal::and_visible_to(viewer)).append(order).append(" LIMIT ?");
  internal::append_viewer(parameters, viewer);
  parameters.emplace_back(static_cast<std::int64_t>(count_max + 1));
  std::vector<PostId> ids;
  TRY(access.connection->query(text, parameters,
                               [&](const sql::Row& row) { ids.push_back(PostId{row.id(0)}); }));
  FeedPage page;
  if (ids.size() > count_max) {
    ids.resize(count_max);
    page.next = ids.back();
  }
  TRY_ASSIGN(auto posts, home.read_posts(access, ids, viewer));
  page.posts = std::move(*posts);
  return std::optional(std::move(page));
}

}  // namespace

Result<std::optional<FeedPage>> read_comments(Home& home, const Home::Access& access,
                                              const CommentQuery& query) {
  if (access.connection == nullptr) return std::optional<FeedPage>();
  TRY_ASSIGN(const Post post, read_post(*access.connection, query.post, query.viewer));
  return read_page(home, access, query.viewer, "p.parent = ? AND p.community = ? AND p.id > ?",
                   {post.id.value, post.community.value, query.after.value}, " ORDER BY p.id",
                   query.count_max);
}

Result<std::optional<FeedPage>> read_profile(Home& home, const Home::Access& access,
                                             const ProfileQuery& query) {
  if (access.connection == nullptr) return std::optional<FeedPage>();
  TRY_ASSIGN(const Author author, read_author(*access.connection, query.handle));
  if (!query.drawings_only)
    return home.read(access, {.viewer = query.viewer,
                              .source = Source::of(author.id),
                              .before = query.before,
                              .count_max = query.count_max});
  // A range of an index of its own: a profile of many texts and few drawings is read as fast.
  // Somebody's drawings are all seen or all hidden: the limit inside cuts as the one outside.
  constexpr std::uint64_t newest = (std::uint64_t{1} << 63) - 1;
  return read_page(
      home, access, query.viewer,
      "p.id IN (SELECT post FROM (SELECT d.post AS post FROM drawing d WHERE d.author = ? "
      "AND d.is_comment = 0 AND d.post < ? ORDER BY d.post DESC LIMIT ?) latest)",
      {author.id.value, query.before ? query.before.value : newest,
       static_cast<std::int64_t>(query.count_max + 1)},
      " ORDER BY p.id DESC", query.count_max);
}

Result<Post> read_post(sql::Connection& connection, PostId id, AccountId viewer) {
  TRY_ASSIGN(auto posts, internal::read_posts(connection, viewer, "p.id = ?", {id.value}, "", {}));
  if (posts.empty()) return Error(Code::not_found, "there is no such post");
  return std::move(posts.front());
}

namespace {

Result<std::vector<Post>> read_in_order(sql::Connection& connection, std::span<const PostId> ids,
                                        std::string_view condition,
                                        std::initializer_list<sql::Value> parameters) {
  std::vector<sql::Value> values;
  values.reserve(ids.size());
  for (const PostId id : ids) values.emplace_back(id.value);
  std::unordered_map<PostId, Post> found;
  std::string head(internal::select_post);
  head += "p.id";
  const auto keep = [&](const sql::Row& row) {
    Post post = internal::to_post(row);
    found.emplace(post.id, std::move(post));
  };
  TRY(sql::query_in(connection, head, condition, values, parameters, keep));
  std::vector<Post> posts;
  for (const PostId id : ids)
    if (auto post = found.extract(id)) posts.push_back(std::move(post.mapped()));
  return posts;
}

}  // namespace

Result<std::vector<Post>> read_posts(sql::Connection& connection, std::span<const PostId> ids,
                                     AccountId viewer) {
  const std::string_view condition = internal::and_visible_to(viewer);
  if (!viewer) return read_in_order(connection, ids, condition, {});
  const sql::Value one(viewer.value);
  return read_in_order(connection, ids, condition, {one, one, one, one, one, one, one});
}

Result<std::vector<Post>> read_kept_posts(sql::Connection& connection,
                                          std::span<const PostId> ids) {
  return read_in_order(connection, ids, " AND p.deleted = 0", {});
}

Result<WrittenPage> read_written(sql::Connection& connection, const WrittenQuery& query) {
  constexpr std::uint64_t newest = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t before = query.before ? query.before.value : newest;
  struct Found {
    PostId id;
    bool deleted;
  };
  std::vector<Found> found;
  // Two ranges of one index: posts, and comments. One more than wanted tells of a next page.
  for (const bool is_comment : {false, true})
    TRY(connection.query(
        "SELECT id, deleted FROM post"
        " WHERE author = ? AND is_comment = ? AND id < ? ORDER BY id DESC LIMIT ?",
        {query.author.value, std::int64_t{is_comment}, before,
         static_cast<std::int64_t>(query.count_max + 1)},
        [&](const sql::Row& row) { found.push_back({PostId{row.id(0)}, row.integer(1) != 0}); }));
  std::ranges::sort(found, std::ranges::greater(), &Found::id);
  WrittenPage page;
  if (found.size() > query.count_max) {
    found.resize(query.count_max);
    page.next = found.back().id;
  }
  std::vector<PostId> ids;
  std::unordered_set<PostId> deleted;
  for (const Found& one : found) {
    ids.push_back(one.id);
    if (one.deleted) deleted.insert(one.id);
  }
  TRY_ASSIGN(std::vector<Post> posts, read_in_order(connection, ids, "", {}));
  for (Post& post : posts) {
    const bool is_deleted = deleted.contains(post.id);
    page.posts.push_back({.post = std::move(post), .deleted = is_deleted});
  }
  return page;
}

Result<std::string> read_drawing(sql::Connection& connection, PostId id, AccountId viewer) {
  std::string text =
      "SELECT d.stored FROM drawing d JOIN post p ON p.id = d.post "
      "JOIN author a ON a.id = p.author WHERE d.post = ?";
  text += internal::and_visible_to(viewer);
  std::vector<sql::Value> parameters = {id.value};
  internal::append_viewer(parameters, viewer);
  std::string stored;
  TRY(connection.query(text, parameters,
                       [&](const sql::Row& row) { stored = as_text(row.blob(0)); }));
  if (stored.empty()) return Error(Code::not_found, "there is no such drawing");
  return stored;
}

Result<std::vector<Counts>> read_counts(sql::Connection& connection, std::span<const PostId> ids) {
  std::vector<sql::Value> values;
  values.reserve(ids.size());
  for (const PostId id : ids) values.emplace_back(id.value);
  std::vector<Counts> counts;
  TRY(sql::query_in(
      connection,
      "SELECT p.id, p.community, p.author, h.comment_count, h.empathy_count, h.empathy_rev, "
      "q.author FROM post p LEFT JOIN heat h ON h.post = p.id LEFT JOIN post q ON q.id = p.parent "
      "WHERE p.id",
      " AND p.deleted = 0", values, {}, [&](const sql::Row& row) {
        counts.push_back({.post = PostId{row.id(0)},
                          .community = CommunityId{row.id(1)},
                          .author = AccountId{row.id(2)},
                          .parent_author = AccountId{row.id(6)},
                          .comment_count = row.id(3),
                          .empathy_count = row.id(4),
                          .empathy_rev = row.id(5)});
      }));
  return counts;
}

Result<std::unordered_map<PostId, AccountId>> read_authors_of(sql::Connection& connection,
                                                              std::span<const PostId> ids) {
  std::vector<sql::Value> values;
  for (const PostId id : ids) values.emplace_back(id.value);
  std::unordered_map<PostId, AccountId> authors;
  TRY(sql::query_in(
      connection, "SELECT id, author FROM post WHERE id", "", values, {},
      [&](const sql::Row& row) { authors.emplace(PostId{row.id(0)}, AccountId{row.id(1)}); }));
  return authors;
}

Result<Author> read_author(sql::Connection& connection, std::string_view handle) {
  std::optional<Author> author;
  TRY(connection.query("SELECT id, handle, name, face FROM author WHERE handle = ?", {handle},
                       [&](const sql::Row& row) {
                         author = {.id = AccountId{row.id(0)},
                                   .handle = std::string(row.text(1)),
                                   .name = std::string(row.text(2)),
                                   .face = row.id(3)};
                       }));
  if (!author) return Error(Code::not_found, "nobody has this handle");
  return std::move(*author);
}

Result<std::vector<Author>> read_authors(sql::Connection& connection,
                                         std::span<const AccountId> ids) {
  std::vector<sql::Value> values;
  values.reserve(ids.size());
  for (const AccountId id : ids) values.emplace_back(id.value);
  std::vector<Author> authors;
  TRY(sql::query_in(connection, "SELECT id, handle, name, face FROM author WHERE id", "", values,
                    {}, [&](const sql::Row& row) {
                      authors.push_back({.id = AccountId{row.id(0)},
                                         .handle = std::string(row.text(1)),
                                         .name = std::string(row.text(2)),
                                         .face = row.id(3)});
                    }));
  return authors;
}

Result<std::vector<Hidden>> read_hidden(sql::Connection& connection, AccountId viewer) {
  std::vector<Hidden> hidden;
  TRY(connection.query("SELECT target FROM block WHERE account = ? AND blocked = 1", {viewer.value},
                       [&](const sql::Row& row) {
                         hidden.push_back({.account = AccountId{row.id(0)}, .by_viewer = true});
                       }));
  TRY(connection.query("SELECT account FROM block WHERE target = ? AND blocked = 1", {viewer.value},
                       [&](const sql::Row& row) {
                         hidden.push_back({.account = AccountId{row.id(0)}, .by_them = true});
                       }));
  TRY(connection.query("SELECT target FROM mute WHERE account = ? AND muted = 1", {viewer.value},
                       [&](const sql::Row& row) {
                         hidden.push_back({.account = AccountId{row.id(0)}, .muted = true});
                       }));
  return hidden;
}

}  // namespace matsuri::timeline
