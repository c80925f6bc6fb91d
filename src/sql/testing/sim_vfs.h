// SQLite on a FileSystem of ours, most of all on io::SimDisk: so that a power cut at every
// operation of a run can be simulated.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "io/file.h"

namespace matsuri::sql {

// Registers itself with SQLite under `name` (DbOptions::sqlite_vfs) and syncs where SQLite's own
// POSIX one does: a new journal or log syncs its folder as well with its first sync. Locks and the
// log's index are shared by the connections of this object and not with other processes.
//
// Thread-safe. Every database on it must be closed before it goes, and before SimDisk::power_on().
class SimVfs {
 public:
  SimVfs(io::FileSystem& files, const std::string& name);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  // A planted bug: from now on syncs claim success and do nothing.
  void swallow_syncs();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::sql
