// What of another system is what here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::imports::internal {

// How something is named elsewhere.
struct Name {
  std::string_view source;
  std::string_view id;
};

// A text that only this name has: neither sources nor ids hold a newline.
std::string key_of(const Name& name);

// A bounded cache over one of main's tables of imported things, (source, source_id) to an id. All
// others are asked for, many at a time. One thread.
class Known {
 public:
  // `select` ends in "WHERE source_id", and gives source_id and the id.
  Known(sql::Db& db, std::string_view select, std::size_t count_max = 200'000)
      : db_(db), select_(select), half_count_max_(count_max / 2) {}

  // Afterwards find() knows all of these that an import has made, as long as no more than a quarter
  // of count_max are loaded or put.
  Result<void> load(std::span<const Name> names);
  std::uint64_t find(const Name& name);  // 0 where nothing is known
  void put(const Name& name, std::uint64_t id);

 private:
  using Ids = std::unordered_map<std::string, std::uint64_t>;

  sql::Db& db_;
  const std::string_view select_;
  const std::size_t half_count_max_;
  Ids recent_;  // when it is full it becomes older_, and what lay there is forgotten
  Ids older_;
};

}  // namespace matsuri::imports::internal
