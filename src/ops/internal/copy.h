// Copies and checks files, a part at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/file.h"

namespace matsuri::ops::internal {

// Called with the bytes of each part that was read.
using PartDone = std::function<void(std::uint64_t size)>;

// CRC-32C of the first `size` bytes. Code::corrupt where the file is shorter.
Result<std::uint32_t> checksum_of(io::FileSystem& files, const std::string& path,
                                  std::uint64_t size, const PartDone& part_done);

// Copies the first `size` bytes into a new file, syncs it (not its folder), and gives the CRC-32C.
Result<std::uint32_t> copy_file(io::FileSystem& files, const std::string& from,
                                const std::string& to, std::uint64_t size,
                                const PartDone& part_done);

Result<std::uint64_t> size_of(io::FileSystem& files, const std::string& path);

// Whether the folder is missing or holds nothing.
Result<bool> is_free(io::FileSystem& files, const std::string& folder);

}  // namespace matsuri::ops::internal
