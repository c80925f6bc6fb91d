#include "stream/retention.h"

#include <algorithm>
#include <set>
#include <string>

namespace matsuri::stream {
namespace {

// The lowest position of the snapshot's views in `origin`; 0 where one had not read it yet.
std::uint64_t snapshot_offset(const Snapshot& snapshot, const Origin& origin) {
  std::set<std::string> views;
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
    for (Position& position : positions) {
      if (!database.newest) {
        position.offset = 0;
      } else if (position.origin != database.newest->outbox) {
        position.offset =
            std::min(position.offset, snapshot_offset(*database.newest, position.origin));
      }
    }
  }
  return positions;
}

}  // namespace matsuri::stream
