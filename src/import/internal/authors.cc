#include "import/internal/authors.h"

#include <map>
#include <utility>

#include "sql/query_in.h"

namespace matsuri::imports::internal {
namespace {

// No source holds a newline.
std::string key_of(const Person& person) {
  std::string key;
  key.reserve(person.source.size() + 1 + person.id.size());
  key += person.source;
  key += '\n';
  key += person.id;
  return key;
}

}  // namespace

void Authors::put(const Person& person, AccountId account) {
  if (recent_.size() >= half_count_max_) older_ = std::exchange(recent_, {});
  recent_.insert_or_assign(key_of(person), account);
}

AccountId Authors::find(const Person& person) {
  const std::string key = key_of(person);
  if (const auto known = recent_.find(key); known != recent_.end()) return known->second;
  const auto known = older_.find(key);
  if (known == older_.end()) return {};
  const AccountId account = known->second;
  put(person, account);
  return account;
}

Result<void> Authors::load(std::span<const Person> people) {
  std::map<std::string_view, std::unordered_set<std::string_view>> missing;  // by source
  for (const Person& person : people)
    if (!find(person)) missing[person.source].insert(person.id);
  for (const auto& [source, ids] : missing) {
    const std::vector<sql::Value> keys(ids.begin(), ids.end());
    const sql::Value before[] = {source};
    std::vector<std::pair<std::string, AccountId>> found;
    TRY(db_.read_and_wait([&](sql::Connection& connection) {
      found.clear();
      return sql::query_in(
          connection,
          {.head = "SELECT source_id, account FROM imported_account WHERE source = ? AND source_id",
           .before = before,
           .keys = keys},
          [&](const sql::Row& row) { found.emplace_back(row.text(0), AccountId{row.id(1)}); });
    }));
    for (const auto& [id, account] : found) put({source, id}, account);
  }
  return {};
}

}  // namespace matsuri::imports::internal
