#include "stream/internal/batch.h"

#include <utility>

#include "base/assert.h"

namespace matsuri::stream::internal {

void decode_wanted(Batch& batch, const std::function<bool(EventKind)>& wants) {
  MATSURI_ASSERT(!batch.raw.empty());
  batch.records.clear();
  batch.raw_indices.clear();
  batch.poisons.clear();
  batch.last_offset = batch.raw.back().offset;
  for (std::size_t index = 0; index < batch.raw.size(); ++index) {
    const journal::StoredRecord& stored = batch.raw[index];
    if (!wants(stored.header.kind)) continue;
    Result<Event> event = decode(stored.header.kind, stored.payload);
    if (!event.ok()) {
      batch.poisons.push_back({.before = batch.records.size(),
                               .raw_index = index,
                               .error = std::move(event).error().within("decode")});
      continue;
    }
    batch.records.push_back({.position = {.origin = batch.origin, .offset = stored.offset},
                             .header = stored.header,
                             .event = std::move(event).value()});
    batch.raw_indices.push_back(index);
  }
}

}  // namespace matsuri::stream::internal
