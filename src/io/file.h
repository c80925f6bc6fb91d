// Files and folders as a seam. Production uses POSIX; tests use SimDisk (io/sim_disk.h), which
// forgets everything that was not synced, file names included.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace matsuri::io {

// One open file. Positional reads and writes are thread-safe against each other, as in POSIX.
class File {
 public:
  virtual ~File() = default;

  // Reads up to buffer.size() bytes at `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) = 0;
  // Writes all of `bytes`, extending the file where needed. Code::exhausted where the disk is full.
  virtual Result<void> write_at(std::uint64_t offset, Bytes bytes) = 0;
  // Makes written data durable, and the size as far as reading it needs (fdatasync).
  virtual Result<void> sync_data() = 0;
  virtual Result<std::uint64_t> size() = 0;
  // Reserves blocks for [0, size), which then read as zero and can't fail with a full disk, and
  // makes the file that long. Code::exhausted where the disk is full.
  virtual Result<void> allocate(std::uint64_t size) = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
};

enum class OpenMode : std::uint8_t {
  read,             // must exist
  read_write,       // must exist
  create,           // read and write; made where missing
  create_exclusive  // read and write; Code::conflict where it exists
};

// A held lock on a folder or file; let go when destroyed, and when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Paths are absolute or relative to the working directory, with '/'. A missing file is
// Code::not_found, a full disk Code::exhausted, everything else Code::io.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // New files get mode 0600.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Replaces `to` where it exists. Durable only after sync_folder() of the folder of `to`.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // Removes a file, or a folder that is empty.
  virtual Result<void> remove(const std::string& path) = 0;
  // Makes the folder and the missing ones above it (mode 0700), and syncs the folders that changed.
  virtual Result<void> make_folders(const std::string& path) = 0;
  // Names in a folder, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Makes created, renamed and removed names of a folder durable.
  virtual Result<void> sync_folder(const std::string& path) = 0;
  // Locks a folder, or a file, which is made where it is missing. Code::busy where another process
  // (or another holder in this one) has it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// POSIX. Lives for ever.
FileSystem& posix_files();

// The whole file. Code::invalid where it is longer than size_max.
Result<std::string> read_file(FileSystem& files, const std::string& path, std::size_t size_max);

// Replaces a file as a whole: writes path + ".new", syncs, renames, syncs the folder. After a power
// cut either the old or the new content is there.
Result<void> replace_file(FileSystem& files, const std::string& path, Bytes content);

// "a/b" of "a/b/c"; "." where there is no folder in the path.
std::string folder_of(const std::string& path);

}  // namespace matsuri::io
