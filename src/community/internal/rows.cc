#include "community/internal/rows.h"

#include <deque>
#include <string>
#include <utility>

#include "model/ids.h"

namespace matsuri::community {

Result<void> insert_titles(sql::Connection& connection, const std::vector<TitleRow>& rows) {
  std::deque<std::string> columns;  // what the values point to
  std::vector<sql::Value> values;
  for (const auto& [title, rev] : rows) {
    const std::string& names = columns.emplace_back(to_column(title.names));
    const std::string& platforms = columns.emplace_back(to_column(title.platforms));
    const sql::Value row[] = {title.id.value,
                              rev,
                              names,
                              platforms,
                              title.publisher,
                              title.crest,
                              title.main_community.value,
                              title.created_unix_ms};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO title (id, rev, names, platforms, publisher, crest, main_community, created_ms)",
      "", 8, values);
}

Result<void> insert_communities(sql::Connection& connection,
                                const std::vector<CommunityRow>& rows) {
  std::deque<std::string> columns;
  std::vector<sql::Value> values;
  for (const auto& [community, rev] : rows) {
    const Rules& rules = community.rules;
    const std::string& names = columns.emplace_back(to_column(community.names));
    const sql::Value row[] = {community.id.value,
                              rev,
                              rules.title.value,
                              static_cast<std::int64_t>(rules.kind),
                              rules.owner.value,
                              names,
                              community.description,
                              std::int64_t{rules.post_kinds},
                              static_cast<std::int64_t>(rules.who_posts),
                              community.created_unix_ms};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO community (id, rev, title, kind, owner, names, description, post_kinds, "
      "who_posts, created_ms)",
      "", 10, values);
}

Result<void> update_title(sql::Connection& connection, const TitleRow& row) {
  const Title& title = row.title;
  const std::string names = to_column(title.names);
  const std::string platforms = to_column(title.platforms);
  TRY(connection.execute(
      "UPDATE title SET rev = ?, names = ?, platforms = ?, publisher = ?, crest = ? WHERE id = ?",
      {row.rev, names, platforms, title.publisher, title.crest, title.id.value}));
  return {};
}

Result<void> update_community(sql::Connection& connection, const CommunityRow& row) {
  const Community& community = row.community;
  const std::string names = to_column(community.names);
  TRY(connection.execute(
      "UPDATE community SET rev = ?, names = ?, description = ?, post_kinds = ?, who_posts = ? "
      "WHERE id = ?",
      {row.rev, names, community.description, std::int64_t{community.rules.post_kinds},
       static_cast<std::int64_t>(community.rules.who_posts), community.id.value}));
  return {};
}

TitleWithMain new_title(TitleId id, CommunityId main, NewTitle wanted) {
  CommunityRow community = new_community(
      main, AccountId{}, {.title = id, .kind = CommunityKind::main, .names = wanted.names});
  return {.title = {.title = {.id = id,
                              .names = std::move(wanted.names),
                              .platforms = std::move(wanted.platforms),
                              .publisher = std::move(wanted.publisher),
                              .crest = std::move(wanted.crest),
                              .main_community = main,
                              .created_unix_ms = parts_of(id.value).unix_ms},
                    .rev = 1},
          .main = std::move(community)};
}

CommunityRow new_community(CommunityId id, AccountId owner, NewCommunity wanted) {
  return {
      .community = {.id = id,
                    .rules = {.kind = wanted.kind,
                              .who_posts = wanted.who_posts.value_or(posters_of_new(wanted.kind)),
                              .post_kinds = wanted.post_kinds,
                              .title = wanted.title,
                              .owner = owner},
                    .names = std::move(wanted.names),
                    .description = std::move(wanted.description),
                    .created_unix_ms = parts_of(id.value).unix_ms},
      .rev = 1};
}

}  // namespace matsuri::community
