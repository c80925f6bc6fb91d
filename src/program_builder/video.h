// The master of a programme, read by FFmpeg's libraries: what was on the screen at each tenth of a
// second, as rows of a reference, and small pictures for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/features.h"
#include "program_builder/observer.h"

namespace matsuri::program_builder {

inline constexpr int picture_width = 96;
inline constexpr int picture_height = 54;

struct Picture {
  std::uint32_t time_ms = 0;
  std::vector<std::uint8_t> rgb;  // picture_width * picture_height * 3
};

struct Master {
  std::uint32_t duration_ms = 0;
  std::vector<match::Row> rows;  // row_count_of(duration_ms)
  std::vector<Picture> pictures;
};

// Reads the first video of a file of any container. Row r is the frame that is shown at r / 10 s
// after the start of whichever of sound and picture begins first; a frame is shown until the next
// one, and the first one from the start.
//
// Code::invalid where there is no video in the file or it is too long, Code::corrupt where it is
// damaged or was cut short, with the time; Code::busy where the observer wants to stop. The same
// whatever thread_count is.
Result<Master> read_master(const std::string& path, int thread_count, Observer& observer);

}  // namespace matsuri::program_builder
