// Finds where a segment ends: the rule of recovery (format.h), in the one place where it is
// applied.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "io/file.h"
#include "journal/format.h"

namespace matsuri::journal::internal {

struct Scanned {
  SegmentHeader header{};
  std::uint64_t end_offset = 0;  // of the last whole batch's last record; first_offset - 1 if none
  std::uint64_t good_size = 0;   // bytes up to the end of the last whole batch
  std::uint64_t last_at = 0;     // where that batch begins; good_size if there is none
  std::uint64_t dirty_size = 0;  // bytes up to the last one that is not zero; >= good_size
  std::uint64_t file_size = 0;
};

// Reads the segment through. Safe while it is written: what looks damaged is read once more before
// it counts. Code::corrupt, with name and byte, for a damaged header, a header that does not say
// what the name says, and damage before a whole batch.
Result<Scanned> scan_segment(io::File& file, const SegmentName& name);

// Goes on behind what `scanned` has, over the whole batches that are there by now, and adds them.
// False where something that is no whole batch follows, one that is being written or damage: a
// scan_segment() tells which.
Result<bool> scan_on(io::File& file, const SegmentName& name, Scanned& scanned);

// The header alone, checked against the name.
Result<SegmentHeader> read_segment_header(io::File& file, const SegmentName& name);

// Code::corrupt: "NAME is damaged at byte N: why".
Error damaged(const SegmentName& name, std::uint64_t byte, std::string_view why);

}  // namespace matsuri::journal::internal
