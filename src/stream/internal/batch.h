// What a follower took from one origin in one go: the records that its view wants, decoded, and
// those that can't be.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "journal/reader.h"
#include "stream/view.h"

namespace matsuri::stream::internal {

struct Batch {
  // A wanted record that does not decode. It stands before records[before].
  struct Poison {
    std::size_t before;
    std::size_t raw_index;
    Error error;
  };

  Origin origin;
  std::uint64_t last_offset = 0;           // of the last record that was read
  std::vector<journal::StoredRecord> raw;  // payloads lie in the cursor
  std::vector<Record> records;             // wanted and decoded
  std::vector<std::size_t> raw_indices;    // of records[i] in `raw`
  std::vector<Poison> poisons;             // in order

  std::size_t wanted_count() const { return records.size() + poisons.size(); }
};

// Decodes what `wants` says of batch.raw. REQUIRES: batch.raw is not empty.
void decode_wanted(Batch& batch, const std::function<bool(EventKind)>& wants);

}  // namespace matsuri::stream::internal
