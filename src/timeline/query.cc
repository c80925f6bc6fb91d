#include "timeline/query.h"

#include <algorithm>
#include <optional>
#include <string>

namespace matsuri::timeline {
namespace {

// Beginning of every read of posts; a post is shown once its author's name has arrived.
constexpr std::string_view select_post =
    "SELECT p.id, p.community, p.author, a.handle, a.name, p.text, p.language FROM post p "
    "JOIN author a ON a.id = p.author WHERE ";

// The rule of who may read whose posts; two parameters, both the viewer. Nobody blocks account 0.
constexpr std::string_view visible =
    " AND NOT EXISTS (SELECT 1 FROM block b WHERE b.account = ? AND b.target = p.author "
    "AND b.blocked = 1) AND NOT EXISTS (SELECT 1 FROM block c WHERE c.account = p.author "
    "AND c.target = ? AND c.blocked = 1)";

Post to_post(const sql::Row& row) {
  return {.id = PostId{row.id(0)},
          .community = CommunityId{row.id(1)},
          .author = {.id = AccountId{row.id(2)},
                     .handle = std::string(row.text(3)),
                     .name = std::string(row.text(4))},
          .text = std::string(row.text(5)),
          .language = std::string(row.text(6)),
          .created_unix_ms = parts_of(row.id(0)).unix_ms};
}

}  // namespace

Result<FeedPage> read_feed(sql::Connection& connection, const FeedQuery& query) {
  static const std::string text = std::string(select_post) + "p.community = ? AND p.id < ?" +
                                  std::string(visible) + " ORDER BY p.id DESC LIMIT ?";
  constexpr std::uint64_t newest = (std::uint64_t{1} << 63) - 1;
  FeedPage page;
  // One more than is asked for tells whether there is a next page.
  TRY(connection.query(
      text,
      {query.community.value, query.before ? query.before.value : newest, query.viewer.value,
       query.viewer.value, static_cast<std::int64_t>(query.count_max + 1)},
      [&](const sql::Row& row) { page.posts.push_back(to_post(row)); }));
  if (page.posts.size() > query.count_max) {
    page.posts.pop_back();
    page.next = page.posts.back().id;
  }
  return page;
}

Result<Post> read_post(sql::Connection& connection, PostId id, AccountId viewer) {
  static const std::string text = std::string(select_post) + "p.id = ?" + std::string(visible);
  std::optional<Post> found;
  TRY(connection.query(text, {id.value, viewer.value, viewer.value},
                       [&](const sql::Row& row) { found = to_post(row); }));
  if (!found) return Error(Code::not_found, "there is no such post");
  return std::move(*found);
}

Result<std::vector<Post>> read_posts(sql::Connection& connection, std::span<const PostId> ids,
                                     AccountId viewer) {
  // One text for every page: the last id stands in all places that are left.
  constexpr std::size_t list_count = feed_count_max + 1;
  static const std::string text = [] {
    std::string list = "p.id IN (?";
    for (std::size_t place = 1; place < list_count; ++place) list += ",?";
    return std::string(select_post) + list + ')' + std::string(visible) + " ORDER BY p.id DESC";
  }();
  std::vector<Post> posts;
  std::vector<sql::Value> values;
  while (!ids.empty()) {
    const auto part = ids.first(std::min(ids.size(), list_count));
    ids = ids.subspan(part.size());
    values.clear();
    for (const PostId id : part) values.emplace_back(id.value);
    values.resize(list_count, values.back());
    values.insert(values.end(), {viewer.value, viewer.value});
    TRY(connection.query(text, values,
                         [&](const sql::Row& row) { posts.push_back(to_post(row)); }));
  }
  return posts;
}

Result<std::vector<Author>> read_authors(sql::Connection& connection,
                                         std::span<const AccountId> ids) {
  std::vector<Author> authors;
  for (const AccountId id : ids)
    TRY(connection.query(
        "SELECT handle, name FROM author WHERE id = ?", {id.value}, [&](const sql::Row& row) {
          authors.push_back(
              {.id = id, .handle = std::string(row.text(0)), .name = std::string(row.text(1))});
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
  return hidden;
}

}  // namespace matsuri::timeline
