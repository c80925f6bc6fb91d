// Copies of everything that is kept: taken beside a running server, and made into a data folder
// again. What a backup's folder holds is said in docs/operations/backup.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::ops {

// How far one step is, in bytes. A step ends with done_size == total_size.
struct Progress {
  std::string_view what;
  std::uint64_t done_size = 0;
  std::uint64_t total_size = 0;
};
using ProgressCallback = std::function<void(const Progress&)>;

inline constexpr std::string_view retain_file_name = "RETAIN";

// While it is held, nobody drops records of the data folder `data`: upkeep leaves retention out,
// and a rebuild, a backup and the doctor wait for each other. It is a lock on the file DATA/RETAIN,
// so it ends with its process. Waits 10 s; Code::busy then.
Result<std::unique_ptr<io::FileLock>> retain(io::FileSystem& files, const std::string& data);

struct BackupOptions {
  std::string data;
  std::string to;  // made where missing; else it must be empty
  // Copied in this order: whose views read another's facts comes before the other, so that no copy
  // has read facts that the other copy has not.
  std::vector<sql::Db*> databases;
  Region region{};
  Node node{};
  // Asked when all databases are copied: an error ends the backup. For what must not have happened
  // between two copies. None: nothing.
  std::function<Result<void>()> databases_copied = {};
  ProgressCallback progress = {};
  io::FileSystem* files = &io::posix_files();
  io::Clock* clock = &io::system_clock();
};

struct BackupSummary {
  std::size_t file_count = 0;
  std::uint64_t size = 0;
};

// Copies databases, then the journals from the lowest position that their views had applied, then
// keys and the ceiling of ids; MANIFEST last, when all else is durable. Writers are not stopped.
// After an error the folder holds no MANIFEST, and is no backup. Code::invalid where `to` is not
// empty.
Result<BackupSummary> take_backup(const BackupOptions& options);

struct RestoreOptions {
  std::string from;
  std::string data;  // made where missing; else it must be empty
  // Where each goes; MariaDB's schemas must be empty. One that the backup does not have yet, being
  // of an earlier version, is left to the next start.
  std::vector<sql::DbOptions> databases;
  // What a restored database needs beside its new incarnation, by its name. None: nothing.
  std::function<Result<void>(const std::string& name, sql::Connection&)> renew = {};
  // Another node number than the backup's: for a copy of a system that goes on, too.
  std::optional<Node> node;
  std::uint64_t segment_size = std::uint64_t{64} << 20;  // of the journal that a new node begins
  ProgressCallback progress = {};
  io::FileSystem* files = &io::posix_files();
  io::Random* random = &io::system_random();
};

struct Restored {
  std::int64_t made_unix_ms = 0;  // when the backup was taken
  Region region{};
  Node node{};
};

// Checks every byte of the backup first: Code::corrupt names the file that is damaged or missing.
// Journals and outboxes begin new incarnations, so no position of the original's later life is
// taken for one of this folder's, and new ids are above all that the backup or the clock knows.
// Until the end DATA/RESTORING says that the folder is half made (is_restoring()).
Result<Restored> restore_backup(const RestoreOptions& options);

// Whether a restore into the folder began and did not end.
Result<bool> is_restoring(io::FileSystem& files, const std::string& data);

// The journals of a data folder: every folder in DATA/journal that holds one. "main" is the one
// that this node writes, "import" the import's, others are what a restore has left to be read.
Result<std::vector<std::string>> journal_folders(io::FileSystem& files, const std::string& data);

}  // namespace matsuri::ops
