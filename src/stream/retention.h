// What may be dropped: a record goes when every view has applied it for good, and no rebuild will
// ask for it.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "model/position.h"
#include "sql/db.h"
#include "stream/rebuild.h"
#include "stream/stream.h"

namespace matsuri::stream {

// A database with views that `matsuri rebuild` is to be able to build again.
struct RetainedDatabase {
  sql::Db* db = nullptr;
  std::optional<Snapshot> newest;  // none: nothing may go that its views read
};

// For Writer::drop_applied() and Outbox::drop(): per origin the last record that may go. Asks the
// stream first and makes every database durable then, so what a view has not synced stays.
Result<std::vector<Position>> droppable(const Stream& stream,
                                        const std::vector<RetainedDatabase>& databases);

}  // namespace matsuri::stream
