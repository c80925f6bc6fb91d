// A programme from its master: the whole way, and what is to be said of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "program/show.h"
#include "program_builder/observer.h"
#include "program_builder/rating.h"
#include "program_builder/video.h"
#include "program_builder/windows.h"

namespace matsuri::program_builder {

struct BuildOptions {
  std::string video;
  std::string title;
  std::int64_t start_unix_ms = 0;
  std::string windows;  // a file
  std::string library;  // a folder of earlier programmes; may be empty
  std::string cache;    // a folder; nothing is kept where it is empty
  int thread_count = 1;
};

// An earlier programme, for being named.
struct Earlier {
  std::string title;
  std::string path;
};

struct Built {
  program::About about;
  program::Lines data;
  std::vector<Rating> ratings;
  std::vector<Picture> pictures;
  std::vector<Earlier> library;
  std::vector<Stretch> stretches;
};

// Makes the data of a programme. Code::invalid where an option, the windows or the video are wrong,
// Code::corrupt where the video or the library is damaged, Code::busy where the observer wants to
// stop. Everything in `Built` is the same whatever the cache holds and thread_count is.
Result<Built> build(const BuildOptions& options, io::FileSystem& files, Observer& observer);

// What one window has of stretches that are long enough.
struct WindowSummary {
  std::vector<Stretch> stretches;  // at least stretch_rows_min, cut at the window's borders
  std::uint32_t eligible_ms = 0;   // in these
  std::uint32_t wait_ms_max = 0;   // the longest without one
};
WindowSummary summarise(const program::Window& window, std::span<const Stretch> stretches);

}  // namespace matsuri::program_builder
