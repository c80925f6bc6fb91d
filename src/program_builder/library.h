// Earlier programmes, found in whatever they were kept as.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "program/show.h"

namespace matsuri::program_builder {

struct LibraryShow {
  std::string path;
  program::Lines data;

  // REQUIRES: the data has been checked, as read_library() does.
  program::Show show() const { return program::Show::open(program::bytes_of(data)).value(); }
};

// All programmes of a folder and the folders below it, in files that end with .checkin or .data: in
// the order of their paths, each once, without `programme` itself. Code::corrupt where a file has
// none that is whole: a library that is half read lets pass what it should keep out.
Result<std::vector<LibraryShow>> read_library(io::FileSystem& files, const std::string& folder,
                                              std::uint64_t programme);

}  // namespace matsuri::program_builder
