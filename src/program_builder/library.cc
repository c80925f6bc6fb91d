#include "program_builder/library.h"

#include <sys/stat.h>

#include <algorithm>

#include "program/find.h"

namespace matsuri::program_builder {
namespace {

constexpr std::size_t file_size_max = std::size_t{1} << 30;
constexpr int depth_max = 8;  // of folders in folders

bool is_folder(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<void> collect(io::FileSystem& files, const std::string& folder, int depth,
                     std::vector<std::string>& paths) {
  TRY_ASSIGN(const std::vector<std::string> names, files.list(folder));
  for (const std::string& name : names) {
    std::string path = folder + '/' + name;
    if (is_folder(path)) {
      if (depth < depth_max) TRY(collect(files, path, depth + 1, paths));
    } else if (name.ends_with(".checkin") || name.ends_with(".data")) {
      paths.push_back(std::move(path));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<LibraryShow>> read_library(io::FileSystem& files, const std::string& folder,
                                              std::uint64_t programme) {
  std::vector<std::string> paths;
  TRY(within(folder, collect(files, folder, 0, paths)));
  std::vector<LibraryShow> library;
  for (const std::string& path : paths) {
    TRY_ASSIGN(const std::string content, io::read_file(files, path, file_size_max));
    TRY_ASSIGN(program::Lines data, within(path, program::find_show(as_bytes(content))));
    LibraryShow found{.path = path, .data = std::move(data)};
    const bool is_known = std::ranges::any_of(library, [&](const LibraryShow& one) {
      return std::ranges::equal(program::bytes_of(one.data), program::bytes_of(found.data));
    });
    if (!is_known && found.show().about().programme != programme)
      library.push_back(std::move(found));
  }
  return library;
}

}  // namespace matsuri::program_builder
