// What is the same on every file system: built from the seam's own calls, so that SimDisk sees it.
#include "io/file.h"

namespace matsuri::io {

Result<std::string> read_file(FileSystem& files, const std::string& path, std::size_t size_max) {
  TRY_ASSIGN(const auto file, files.open(path, OpenMode::read));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > size_max)
    return Error(Code::invalid, path + " has " + std::to_string(size) + " bytes, more than " +
                                    std::to_string(size_max));
  std::string content(size, '\0');
  TRY_ASSIGN(const std::size_t got,
             file->read_at(0, std::as_writable_bytes(std::span(content.data(), content.size()))));
  content.resize(got);
  return content;
}

Result<void> replace_file(FileSystem& files, const std::string& path, Bytes content) {
  const std::string next = path + ".new";
  {
    TRY_ASSIGN(const auto file, files.open(next, OpenMode::create));
    TRY(file->truncate(0));
    TRY(file->write_at(0, content));
    TRY(file->sync_data());
  }
  TRY(files.rename(next, path));
  return files.sync_folder(folder_of(path));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace matsuri::io
