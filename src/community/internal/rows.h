// Writes rows of titles and communities: the one place for commands and for imports.
#pragma once

#include <vector>

#include "base/result.h"
#include "community/query.h"
#include "sql/db.h"

namespace matsuri::community {

Result<void> insert_titles(sql::Connection& connection, const std::vector<TitleRow>& rows);
Result<void> insert_communities(sql::Connection& connection, const std::vector<CommunityRow>& rows);
// All columns that may change, and the revision.
Result<void> update_title(sql::Connection& connection, const TitleRow& row);
Result<void> update_community(sql::Connection& connection, const CommunityRow& row);

// A title and the main community that is made with it, both at their first revision.
struct TitleWithMain {
  TitleRow title;
  CommunityRow main;
};
TitleWithMain new_title(TitleId id, CommunityId main, NewTitle wanted);
CommunityRow new_community(CommunityId id, AccountId owner, NewCommunity wanted);

}  // namespace matsuri::community
