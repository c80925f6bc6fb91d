// Views can be rebuilt: from the newest snapshot of their database, and the records since then. A
// rebuild only prepares the database; the records come by the ordinary way, at the next start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "model/position.h"
#include "sql/db.h"
#include "stream/outbox.h"

namespace matsuri::stream {

// How far a view had come at least when a snapshot was taken.
struct ViewPosition {
  std::string view;
  Position position;

  bool operator==(const ViewPosition&) const = default;
};

// A file of Db::snapshot_to() and beside it, in `path` + ".positions", what retention has to know.
struct Snapshot {
  std::string path;
  std::int64_t unix_ms = 0;
  Origin outbox;  // the database's own
  std::vector<ViewPosition> positions;
};

struct SnapshotOptions {
  std::string folder;          // made where missing; of this database's snapshots and others'
  std::size_t keep_count = 2;  // older ones of the same database are removed
  io::FileSystem* files = &io::posix_files();
  io::Clock* clock = &io::system_clock();
};

// Copies the database of `outbox` while others write. The file is synced when this returns, and a
// crash leaves no half of one under a snapshot's name.
Result<Snapshot> take_snapshot(Outbox& outbox, const SnapshotOptions& options);

// nullopt where there is none. Code::corrupt where its positions can't be read.
Result<std::optional<Snapshot>> newest_snapshot(io::FileSystem& files, const std::string& folder,
                                                const std::string& database);

// Whether all records that ever were can still be read, so that a view can be built from nothing.
Result<bool> is_whole(io::FileSystem& files, const std::vector<std::string>& journal_folders,
                      const std::vector<Outbox*>& outboxes);

// For a view that is younger than the data folder: where it has no position at all, it will begin
// with the oldest record that each journal still has, rather than stop before those that are gone.
// Gives whether any are. Call it before Stream::add_view().
Result<bool> begin_with_kept(Outbox& outbox, std::string_view view, io::FileSystem& files,
                             const std::vector<std::string>& journal_folders);

// Puts the database that `database` names into the state of `snapshot`, or empties it where there
// is none: check is_whole() before. Its outbox gets a new incarnation: the view's code may have
// changed since, and records of several origins may come in another order now, so facts can have
// other offsets than in the life before. Consumers read them all again; facts are absolute.
//
// SQLite: the file that is there is kept as `sqlite_path` + ".replaced". MariaDB: Code::invalid
// unless the schema is empty. REQUIRES: no Db of it is open.
Result<void> prepare_rebuild(const sql::DbOptions& database,
                             const std::optional<Snapshot>& snapshot, io::FileSystem& files,
                             io::Random& random);

}  // namespace matsuri::stream
