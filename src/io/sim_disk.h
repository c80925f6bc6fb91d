// A disk in memory that forgets what was not synced, for tests: file content that no sync_data()
// covered, and names that no sync_folder() covered. kill -9 can't show a missing fdatasync, because
// the page cache survives it; this can.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/file.h"
#include "io/random.h"

namespace matsuri::io {

// What a power cut leaves of writes that were not synced.
enum class Survival : std::uint8_t {
  none,    // nothing: the strictest disk that still keeps its word
  random,  // any subset of 512-byte sectors and of names, by the given randomness
  all,     // everything: as after kill -9
};

// The operations that change the disk, as on_operation() sees them.
enum class DiskOperation : std::uint8_t {
  write,
  sync_data,
  allocate,
  truncate,
  create,
  rename,
  remove,
  sync_folder
};

// Every call but reading ones is a changing operation, whether it succeeds or not; open() and
// lock() only where they make a file. A rename is one atomic change to the folder, as in every
// journalling file system, unless only one of two folders is synced.
//
// A path's root, and the working directory of relative ones, are the same folder, which is always
// there. Thread-safe. Every open File must be gone before power_on().
class SimDisk final : public FileSystem {
 public:
  SimDisk();
  ~SimDisk() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_folders(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  // Changing operations so far, since the disk was made.
  std::uint64_t operation_count() const;
  // The power fails just before changing operation number `index` (from 0), and that one and every
  // later call answers Code::io until power_on(). ~0 means never.
  void cut_before(std::uint64_t index);
  // Cuts the power now.
  void cut_now();
  bool is_cut() const;
  // The machine comes back with what the disk kept, after a cut where none came before. Locks are
  // gone, and cut_before() is forgotten.
  void power_on(Survival survival, Random& random);

  // Bytes that files may hold in all, by their sizes; more is Code::exhausted, after as much of a
  // write as fits.
  void set_capacity(std::uint64_t bytes);
  // Called before every changing operation, outside the disk's lock; an error it returns is the
  // operation's. For failing or slow syncs. What a sync_data() that failed so should have synced
  // stays readable, and survives neither a later sync_data() nor a cut, unless it is written again.
  // When this returns, the hook of before neither runs nor will run; so a hook must not call it.
  void on_operation(std::function<Result<void>(DiskOperation, const std::string& path)> hook);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace matsuri::io
