#include "ops/internal/copy.h"

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace matsuri::ops::internal {
namespace {

constexpr std::size_t part_size_max = std::size_t{1} << 20;

Result<std::uint32_t> read_through(
    io::FileSystem& files, const std::string& path, std::uint64_t size, const PartDone& part_done,
    const std::function<Result<void>(std::uint64_t at, Bytes part)>& take) {
  TRY_ASSIGN(const std::unique_ptr<io::File> file, files.open(path, io::OpenMode::read));
  std::vector<std::byte> buffer(part_size_max);
  std::uint32_t checksum = 0;
  for (std::uint64_t at = 0; at < size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size - at, buffer.size()));
    TRY_ASSIGN(const std::size_t got, file->read_at(at, std::span(buffer).first(wanted)));
    if (got < wanted)
      return Error(Code::corrupt, path + " ends at byte " + std::to_string(at + got) + " of " +
                                      std::to_string(size));
    const Bytes part = Bytes(buffer).first(got);
    checksum = crc32c(part, checksum);
    TRY(take(at, part));
    at += got;
    part_done(got);
  }
  return checksum;
}

}  // namespace

Result<std::uint32_t> checksum_of(io::FileSystem& files, const std::string& path,
                                  std::uint64_t size, const PartDone& part_done) {
  return read_through(files, path, size, part_done,
                      [](std::uint64_t, Bytes) -> Result<void> { return {}; });
}

Result<std::uint32_t> copy_file(io::FileSystem& files, const std::string& from,
                                const std::string& to, std::uint64_t size,
                                const PartDone& part_done) {
  TRY_ASSIGN(const std::unique_ptr<io::File> copy, files.open(to, io::OpenMode::create_exclusive));
  TRY_ASSIGN(const std::uint32_t checksum,
             read_through(files, from, size, part_done,
                          [&](std::uint64_t at, Bytes part) { return copy->write_at(at, part); }));
  TRY(copy->sync_data());
  return checksum;
}

Result<std::uint64_t> size_of(io::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const std::unique_ptr<io::File> file, files.open(path, io::OpenMode::read));
  return file->size();
}

Result<bool> is_free(io::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const bool exists, files.exists(folder));
  if (!exists) return true;
  TRY_ASSIGN(std::vector<std::string> names, files.list(folder));
  std::erase(names, "lost+found");  // The top of a file system of its own.
  return names.empty();
}

}  // namespace matsuri::ops::internal
