// Reads of main's tables of titles and communities. Each runs on a reader's connection, off the I/O
// threads, or inside a strict transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "community/model.h"
#include "model/event.h"
#include "sql/db.h"

namespace matsuri::community {

inline constexpr std::size_t page_count_default = 50;
inline constexpr std::size_t page_count_max = 100;

struct TitleRow {
  Title title;
  std::uint64_t rev = 0;
};

struct CommunityRow {
  Community community;
  std::uint64_t rev = 0;
};

// Code::not_found where there is none.
Result<TitleRow> title_of(sql::Connection& connection, TitleId id);
Result<CommunityRow> community_of(sql::Connection& connection, CommunityId id);

struct TitleQuery {
  TitleId before{};  // none: from the newest on
  std::size_t count_max = page_count_default;
};
struct TitlePage {
  std::vector<Title> titles;
  TitleId next{};  // `before` of the next page; none at the end
};
// The newest first.
Result<TitlePage> read_titles(sql::Connection& connection, const TitleQuery& query);

struct CommunityQuery {
  std::optional<TitleId> title{};  // else of all titles, and of none
  std::optional<CommunityKind> kind{};
  CommunityId before{};
  std::size_t count_max = page_count_default;
};
struct CommunityPage {
  std::vector<Community> communities;
  CommunityId next{};
};
// The newest first.
Result<CommunityPage> read_communities(sql::Connection& connection, const CommunityQuery& query);

// Every row, in no order: for who keeps them in memory.
Result<std::vector<TitleRow>> all_titles(sql::Connection& connection);
Result<std::vector<CommunityRow>> all_communities(sql::Connection& connection);

// User-made communities that `owner` has in `title`.
Result<std::size_t> owned_count(sql::Connection& connection, AccountId owner, TitleId title);

// What an import made of another system's; none where it made nothing.
Result<TitleId> imported_title(sql::Connection& connection, std::string_view source,
                               std::string_view source_id);
Result<CommunityId> imported_community(sql::Connection& connection, std::string_view source,
                                       std::string_view source_id);

// The facts that tell the other domains what they are now.
TitleChanged fact_of(const TitleRow& row);
CommunityChanged fact_of(const CommunityRow& row);
// What a fact tells of.
Title title_in(const TitleChanged& fact);
Community community_in(const CommunityChanged& fact);

// Names and lists as columns hold them. Their texts are of one line, so lines and tabs part them.
std::string to_column(const std::vector<LocalName>& names);
std::string to_column(const std::vector<std::string>& lines);
std::vector<LocalName> names_in(std::string_view column);
std::vector<std::string> lines_in(std::string_view column);

}  // namespace matsuri::community
