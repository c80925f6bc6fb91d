#include "import/import_ids.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "sql/list.h"

namespace matsuri::imports {
namespace {

struct Table {
  sql::Db& db;
  std::string_view among;    // … IN (ids)
  std::string_view largest;  // of a range
};

std::array<Table, 4> tables_of(sql::Db& main_db, sql::Db& timeline_db) {
  return {Table{main_db, "SELECT id FROM account WHERE id",
                "SELECT MAX(id) FROM account WHERE id >= ? AND id <= ?"},
          Table{main_db, "SELECT id FROM title WHERE id",
                "SELECT MAX(id) FROM title WHERE id >= ? AND id <= ?"},
          Table{main_db, "SELECT id FROM community WHERE id",
                "SELECT MAX(id) FROM community WHERE id >= ? AND id <= ?"},
          Table{timeline_db, "SELECT id FROM post WHERE id",
                "SELECT MAX(id) FROM post WHERE id >= ? AND id <= ?"}};
}

}  // namespace

// What falls out with older_ was given before ids_unstored_max others, so it is in the tables.
std::uint32_t& ImportIds::next_of(std::int64_t unix_ms) {
  const auto known = recent_.find(unix_ms);
  if (known != recent_.end()) return known->second;
  if (recent_.size() >= ids_unstored_max) older_ = std::exchange(recent_, {});
  const auto before = older_.find(unix_ms);
  return recent_[unix_ms] = before == older_.end() ? 0 : before->second;
}

std::uint64_t ImportIds::propose(std::int64_t unix_ms) {
  for (;; ++unix_ms) {
    std::uint32_t& next = next_of(unix_ms);
    if (next > id_sequence_max) continue;
    return compose_id({.unix_ms = unix_ms,
                       .region = region_,
                       .node = import_node,
                       .sequence = static_cast<std::uint16_t>(next++)});
  }
}

Result<void> ImportIds::find_taken(std::span<const std::uint64_t> ids,
                                   std::vector<std::uint64_t>& taken) {
  const std::vector<sql::Value> values(ids.begin(), ids.end());
  for (const Table& table : tables_of(main_db_, timeline_db_)) {
    std::vector<std::uint64_t> found;
    TRY(table.db.read_and_wait([&](sql::Connection& connection) {
      found.clear();
      return sql::query_in(connection, table.among, "", values, {},
                           [&](const sql::Row& row) { found.push_back(row.id(0)); });
    }));
    taken.insert(taken.end(), found.begin(), found.end());
  }
  return {};
}

Result<void> ImportIds::skip(std::span<const std::uint64_t> taken) {
  std::unordered_set<std::int64_t> times;
  for (const std::uint64_t id : taken) times.insert(parts_of(id).unix_ms);
  for (const Table& table : tables_of(main_db_, timeline_db_)) {
    std::vector<std::uint64_t> largest;
    TRY(table.db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      largest.clear();
      for (const std::int64_t unix_ms : times) {
        IdParts parts{.unix_ms = unix_ms, .region = region_, .node = import_node};
        const std::uint64_t first = compose_id(parts);
        parts.sequence = id_sequence_max;
        TRY_ASSIGN(const auto id, connection.integer(table.largest, {first, compose_id(parts)}));
        if (id) largest.push_back(static_cast<std::uint64_t>(*id));
      }
      return {};
    }));
    for (const std::uint64_t id : largest) {
      const IdParts parts = parts_of(id);
      std::uint32_t& next = next_of(parts.unix_ms);
      next = std::max(next, std::uint32_t{parts.sequence} + 1);
    }
  }
  return {};
}

Result<std::vector<std::uint64_t>> ImportIds::make(std::span<const std::int64_t> unix_ms) {
  std::vector<std::uint64_t> ids(unix_ms.size());
  std::vector<Wanted> wanted;
  wanted.reserve(unix_ms.size());
  for (std::size_t index = 0; index < unix_ms.size(); ++index)
    wanted.push_back({.index = index, .unix_ms = unix_ms[index]});
  // Whoever got a taken id asks again; each round moves its millisecond behind all that is taken,
  // so a second one is rare, and a third needs a full millisecond.
  while (!wanted.empty()) {
    std::vector<std::uint64_t> proposed;
    proposed.reserve(wanted.size());
    for (const Wanted& one : wanted) proposed.push_back(propose(one.unix_ms));
    std::vector<std::uint64_t> taken;
    TRY(find_taken(proposed, taken));
    TRY(skip(taken));
    const std::unordered_set<std::uint64_t> is_taken(taken.begin(), taken.end());
    std::vector<Wanted> again;
    for (std::size_t place = 0; place < wanted.size(); ++place) {
      if (is_taken.contains(proposed[place]))
        again.push_back(wanted[place]);
      else
        ids[wanted[place].index] = proposed[place];
    }
    wanted = std::move(again);
  }
  return ids;
}

}  // namespace matsuri::imports
