#include "import/internal/known.h"

#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sql/list.h"

namespace matsuri::imports::internal {

std::string key_of(const Name& name) {
  std::string key;
  key.reserve(name.source.size() + 1 + name.id.size());
  key += name.source;
  key += '\n';
  key += name.id;
  return key;
}

void Known::put(const Name& name, std::uint64_t id) {
  if (recent_.size() >= half_count_max_) older_ = std::exchange(recent_, {});
  recent_.insert_or_assign(key_of(name), id);
}

std::uint64_t Known::find(const Name& name) {
  const std::string key = key_of(name);
  if (const auto known = recent_.find(key); known != recent_.end()) return known->second;
  const auto known = older_.find(key);
  if (known == older_.end()) return 0;
  const std::uint64_t id = known->second;
  put(name, id);
  return id;
}

Result<void> Known::load(std::span<const Name> names) {
  std::map<std::string_view, std::unordered_set<std::string_view>> missing;  // by source
  for (const Name& name : names)
    if (find(name) == 0) missing[name.source].insert(name.id);
  for (const auto& [source, ids] : missing) {
    const std::vector<sql::Value> keys(ids.begin(), ids.end());
    std::vector<std::pair<std::string, std::uint64_t>> found;
    TRY(db_.read_and_wait([&](sql::Connection& connection) {
      found.clear();
      return sql::query_in(
          connection, select_, " AND source = ?", keys, {source},
          [&](const sql::Row& row) { found.emplace_back(row.text(0), row.id(1)); });
    }));
    for (const auto& [id, value] : found) put({source, id}, value);
  }
  return {};
}

}  // namespace matsuri::imports::internal
