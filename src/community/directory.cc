#include "community/directory.h"

#include <mutex>
#include <utility>
#include <variant>

#include "community/query.h"

namespace matsuri::community {

Result<void> CommunityDirectory::load(sql::Connection& connection) {
  TRY_ASSIGN(const auto communities, all_communities(connection));
  TRY_ASSIGN(const auto titles, all_titles(connection));
  for (const CommunityRow& row : communities) apply(fact_of(row));
  for (const TitleRow& row : titles) apply(fact_of(row));
  return {};
}

std::optional<Rules> CommunityDirectory::find(CommunityId community) const {
  const std::shared_lock lock(mutex_);
  const auto found = communities_.find(community);
  if (found == communities_.end()) return std::nullopt;
  return found->second.rules;
}

std::optional<Title> CommunityDirectory::find_title(TitleId title) const {
  const std::shared_lock lock(mutex_);
  const auto found = titles_.find(title);
  if (found == titles_.end()) return std::nullopt;
  return found->second.title;
}

void CommunityDirectory::apply(const CommunityChanged& fact) {
  const std::unique_lock lock(mutex_);
  CommunityEntry& entry = communities_[fact.community];
  if (fact.rev <= entry.rev) return;
  entry = {.rev = fact.rev,
           .rules = {.kind = fact.kind,
                     .who_posts = fact.who_posts,
                     .post_kinds = fact.post_kinds,
                     .title = fact.title,
                     .owner = fact.owner}};
}

void CommunityDirectory::apply(const TitleChanged& fact) {
  const std::unique_lock lock(mutex_);
  TitleEntry& entry = titles_[fact.title];
  if (fact.rev <= entry.rev) return;
  entry = {.rev = fact.rev,
           .title = {.id = fact.title,
                     .names = fact.names,
                     .platforms = fact.platforms,
                     .publisher = fact.publisher,
                     .crest = fact.crest,
                     .main_community = fact.main_community,
                     .created_unix_ms = fact.created_unix_ms}};
}

void CommunityDirectory::consume(std::span<const stream::Record> records) {
  for (const stream::Record& record : records) {
    if (const auto* community = std::get_if<CommunityChanged>(&record.event)) apply(*community);
    if (const auto* title = std::get_if<TitleChanged>(&record.event)) apply(*title);
  }
}

}  // namespace matsuri::community
