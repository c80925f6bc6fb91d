#include "stream/retention.h"

#include <algorithm>
#include <set>
#include <string>

namespace matsuri::stream {
namespace {

// The views that the database has now: one that is younger than the snapshot reads from the start
// after a rebuild.
Result<std::set<std::string>> views_of(sql::Db& db) {
  std::set<std::string> views;
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    views.clear();
    return connection.query("SELECT DISTINCT view_name FROM view_position", {},
                            [&](const sql::Row& row) { views.emplace(row.text(0)); });
  }));
  return views;
}

// The lowest position of the database's views in `origin` as the snapshot has them; 0 where one had
// not read it yet.
std::uint64_t snapshot_offset(const Snapshot& snapshot, std::set<std::string> views,
                              const Origin& origin) {
  std::set<std::string> readers;
  std::uint64_t lowest = ~std::uint64_t{0};
  for (const ViewPosition& position : snapshot.positions) {
    views.insert(position.view);
    if (position.position.origin != origin) continue;
    readers.insert(position.view);
    lowest = std::min(lowest, position.position.offset);
  }
  return !views.empty() && readers == views ? lowest : 0;
}

}  // namespace

Result<std::vector<Position>> droppable(const Stream& stream,
                                        const std::vector<RetainedDatabase>& databases) {
  std::vector<Position> positions = stream.applied_by_all();
  for (const RetainedDatabase& database : databases) {
    TRY(within("checkpoint of " + database.db->name(), database.db->checkpoint()));
    TRY_ASSIGN(const std::set<std::string> views, views_of(*database.db));
    for (Position& position : positions) {
      if (!database.newest) {
        position.offset = 0;
      } else if (position.origin != database.newest->outbox) {
        position.offset =
            std::min(position.offset, snapshot_offset(*database.newest, views, position.origin));
      }
    }
  }
  return positions;
}

}  // namespace matsuri::stream
