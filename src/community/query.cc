#include "community/query.h"

#include <algorithm>

namespace matsuri::community {
namespace {

constexpr std::string_view title_columns =
    "SELECT id, rev, names, platforms, publisher, crest, main_community, created_ms FROM title ";
constexpr std::string_view community_columns =
    "SELECT id, rev, title, kind, owner, names, description, post_kinds, who_posts, created_ms "
    "FROM community ";

TitleRow to_title(const sql::Row& row) {
  return {.title = {.id = TitleId{row.id(0)},
                    .names = names_in(row.text(2)),
                    .platforms = lines_in(row.text(3)),
                    .publisher = std::string(row.text(4)),
                    .crest = std::string(row.text(5)),
                    .main_community = CommunityId{row.id(6)},
                    .created_unix_ms = row.integer(7)},
          .rev = row.id(1)};
}

CommunityRow to_community(const sql::Row& row) {
  return {.community = {.id = CommunityId{row.id(0)},
                        .rules = {.kind = static_cast<CommunityKind>(row.integer(3)),
                                  .who_posts = static_cast<Posters>(row.integer(8)),
                                  .post_kinds = static_cast<std::uint8_t>(row.integer(7)),
                                  .title = TitleId{row.id(2)},
                                  .owner = AccountId{row.id(4)}},
                        .names = names_in(row.text(5)),
                        .description = std::string(row.text(6)),
                        .created_unix_ms = row.integer(9)},
          .rev = row.id(1)};
}

Result<std::vector<TitleRow>> titles_where(sql::Connection& connection,
                                           const std::string& condition,
                                           std::span<const sql::Value> values) {
  std::vector<TitleRow> rows;
  TRY(connection.query(std::string(title_columns) + condition, values,
                       [&](const sql::Row& row) { rows.push_back(to_title(row)); }));
  return rows;
}

Result<std::vector<CommunityRow>> communities_where(sql::Connection& connection,
                                                    const std::string& condition,
                                                    std::span<const sql::Value> values) {
  std::vector<CommunityRow> rows;
  TRY(connection.query(std::string(community_columns) + condition, values,
                       [&](const sql::Row& row) { rows.push_back(to_community(row)); }));
  return rows;
}

}  // namespace

Result<TitleRow> title_of(sql::Connection& connection, TitleId id) {
  const sql::Value values[] = {id.value};
  TRY_ASSIGN(auto rows, titles_where(connection, "WHERE id = ?", values));
  if (rows.empty()) return Error(Code::not_found, "there is no such title");
  return std::move(rows.front());
}

Result<CommunityRow> community_of(sql::Connection& connection, CommunityId id) {
  const sql::Value values[] = {id.value};
  TRY_ASSIGN(auto rows, communities_where(connection, "WHERE id = ?", values));
  if (rows.empty()) return Error(Code::not_found, "there is no such community");
  return std::move(rows.front());
}

Result<TitlePage> read_titles(sql::Connection& connection, const TitleQuery& query) {
  std::string condition;
  std::vector<sql::Value> values;
  if (query.before) {
    condition += "WHERE id < ? ";
    values.emplace_back(query.before.value);
  }
  // One more than asked for tells whether there is a next page.
  values.emplace_back(query.count_max + 1);
  TRY_ASSIGN(auto rows, titles_where(connection, condition + "ORDER BY id DESC LIMIT ?", values));
  TitlePage page;
  for (TitleRow& row : rows) {
    if (page.titles.size() == query.count_max) {
      page.next = page.titles.back().id;
      break;
    }
    page.titles.push_back(std::move(row.title));
  }
  return page;
}

Result<CommunityPage> read_communities(sql::Connection& connection, const CommunityQuery& query) {
  std::string condition;
  std::vector<sql::Value> values;
  const auto add = [&](std::string_view term, sql::Value value) {
    condition += values.empty() ? "WHERE " : "AND ";
    condition += term;
    values.push_back(value);
  };
  if (query.title) add("title = ? ", query.title->value);
  if (query.kind) add("kind = ? ", static_cast<std::int64_t>(*query.kind));
  if (query.before) add("id < ? ", query.before.value);
  values.emplace_back(query.count_max + 1);
  TRY_ASSIGN(auto rows,
             communities_where(connection, condition + "ORDER BY id DESC LIMIT ?", values));
  CommunityPage page;
  for (CommunityRow& row : rows) {
    if (page.communities.size() == query.count_max) {
      page.next = page.communities.back().id;
      break;
    }
    page.communities.push_back(std::move(row.community));
  }
  return page;
}

Result<std::vector<TitleRow>> all_titles(sql::Connection& connection) {
  return titles_where(connection, "", {});
}

Result<std::vector<CommunityRow>> all_communities(sql::Connection& connection) {
  return communities_where(connection, "", {});
}

Result<std::size_t> owned_count(sql::Connection& connection, AccountId owner, TitleId title) {
  TRY_ASSIGN(const auto count,
             connection.integer(
                 "SELECT COUNT(*) FROM community WHERE owner = ? AND title = ? AND kind = ?",
                 {owner.value, title.value, static_cast<std::int64_t>(CommunityKind::user)}));
  return static_cast<std::size_t>(count.value_or(0));
}

Result<TitleId> imported_title(sql::Connection& connection, std::string_view source,
                               std::string_view source_id) {
  TRY_ASSIGN(
      const auto found,
      connection.integer("SELECT title FROM imported_title WHERE source = ? AND source_id = ?",
                         {source, source_id}));
  return TitleId{static_cast<std::uint64_t>(found.value_or(0))};
}

Result<CommunityId> imported_community(sql::Connection& connection, std::string_view source,
                                       std::string_view source_id) {
  TRY_ASSIGN(const auto found,
             connection.integer(
                 "SELECT community FROM imported_community WHERE source = ? AND source_id = ?",
                 {source, source_id}));
  return CommunityId{static_cast<std::uint64_t>(found.value_or(0))};
}

TitleChanged fact_of(const TitleRow& row) {
  const Title& title = row.title;
  return {.title = title.id,
          .rev = row.rev,
          .names = title.names,
          .platforms = title.platforms,
          .publisher = title.publisher,
          .crest = title.crest,
          .main_community = title.main_community,
          .created_unix_ms = title.created_unix_ms};
}

CommunityChanged fact_of(const CommunityRow& row) {
  const Community& community = row.community;
  return {.community = community.id,
          .rev = row.rev,
          .title = community.rules.title,
          .kind = community.rules.kind,
          .owner = community.rules.owner,
          .names = community.names,
          .description = community.description,
          .post_kinds = community.rules.post_kinds,
          .who_posts = community.rules.who_posts,
          .created_unix_ms = community.created_unix_ms};
}

Title title_in(const TitleChanged& fact) {
  return {.id = fact.title,
          .names = fact.names,
          .platforms = fact.platforms,
          .publisher = fact.publisher,
          .crest = fact.crest,
          .main_community = fact.main_community,
          .created_unix_ms = fact.created_unix_ms};
}

Community community_in(const CommunityChanged& fact) {
  return {.id = fact.community,
          .rules = {.kind = fact.kind,
                    .who_posts = fact.who_posts,
                    .post_kinds = fact.post_kinds,
                    .title = fact.title,
                    .owner = fact.owner},
          .names = fact.names,
          .description = fact.description,
          .created_unix_ms = fact.created_unix_ms};
}

std::string to_column(const std::vector<LocalName>& names) {
  std::string column;
  for (const LocalName& name : names) column += name.language + '\t' + name.text + '\n';
  return column;
}

std::string to_column(const std::vector<std::string>& lines) {
  std::string column;
  for (const std::string& line : lines) column += line + '\n';
  return column;
}

std::vector<LocalName> names_in(std::string_view column) {
  std::vector<LocalName> names;
  for (const std::string& line : lines_in(column)) {
    const std::size_t tab = std::min(line.find('\t'), line.size());
    names.push_back(
        {.language = line.substr(0, tab), .text = line.substr(std::min(tab + 1, line.size()))});
  }
  return names;
}

std::vector<std::string> lines_in(std::string_view column) {
  std::vector<std::string> lines;
  while (!column.empty()) {
    const std::size_t end = std::min(column.find('\n'), column.size());
    lines.emplace_back(column.substr(0, end));
    column.remove_prefix(std::min(end + 1, column.size()));
  }
  return lines;
}

}  // namespace matsuri::community
