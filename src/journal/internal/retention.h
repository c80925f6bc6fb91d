// Which segments may go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "journal/format.h"
#include "model/position.h"

namespace matsuri::journal::internal {

// A segment, and the last record that it can hold.
struct SegmentEnd {
  SegmentName name;
  std::uint64_t end_offset = 0;
};

// The sealed segments of the folder, the oldest first: older incarnations in JOURNAL's order, then
// the current one's up to, and without, the one that begins at `active_first_offset`.
std::vector<SegmentEnd> sealed_segments(const std::vector<SegmentName>& segments,
                                        const JournalFile& journal,
                                        std::uint64_t active_first_offset);

// Writer::drop_applied(). Takes incarnations that have no segment left out of `journal`.
Result<void> drop_segments(io::FileSystem& files, const std::string& folder, JournalFile& journal,
                           std::uint64_t active_first_offset, const std::vector<Position>& applied,
                           std::uint64_t keep_bytes);

}  // namespace matsuri::journal::internal
