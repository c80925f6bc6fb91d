#include "ops/backup.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/crc32c.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "model/position.h"
#include "ops/internal/copy.h"
#include "ops/internal/manifest.h"

namespace matsuri::ops {
namespace {

constexpr int retain_attempt_count = 100;
constexpr auto retain_pause = std::chrono::milliseconds(100);
constexpr std::size_t small_file_size_max = std::size_t{1} << 20;

// The lowest position per origin that all views of a database have applied. An origin that one of
// them has not begun to read is left out: everything of it is needed.
Result<std::vector<Position>> applied_in(sql::Db& db) {
  std::set<std::string> views;
  std::map<Origin, std::pair<std::size_t, std::uint64_t>> lowest;  // readers, and where they are
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    views.clear();
    lowest.clear();
    return connection.query(
        "SELECT view_name, region, node, incarnation, at_offset FROM view_position", {},
        [&](const sql::Row& row) {
          views.emplace(row.text(0));
          const Origin origin{.region = static_cast<Region>(row.integer(1)),
                              .node = static_cast<Node>(row.integer(2)),
                              .incarnation = row.id(3)};
          auto [entry, is_new] = lowest.try_emplace(origin, 0, row.id(4));
          ++entry->second.first;
          entry->second.second = std::min(entry->second.second, row.id(4));
        });
  }));
  std::vector<Position> positions;
  for (const auto& [origin, seen] : lowest)
    if (seen.first == views.size()) positions.push_back({.origin = origin, .offset = seen.second});
  return positions;
}

class Backup {
 public:
  explicit Backup(const BackupOptions& options) : options_(options), files_(*options.files) {
    manifest_.made_unix_ms = options.clock->unix_ms();
    manifest_.region = options.region;
    manifest_.node = options.node;
  }

  Result<BackupSummary> run() {
    TRY_ASSIGN(const bool is_free, internal::is_free(files_, options_.to));
    if (!is_free)
      return Error(Code::invalid, options_.to + " is not empty: name a new folder for the backup");
    TRY_ASSIGN(const auto retained, retain(files_, options_.data));
    TRY(files_.make_folders(options_.to));
    TRY(copy_databases());
    if (options_.databases_copied) TRY(options_.databases_copied());
    TRY(copy_journals());
    TRY(copy_folder("keys"));
    TRY(copy_folder("ids"));  // After all else: no copy holds an id above its ceiling.
    for (const std::string& folder : folders_) TRY(files_.sync_folder(folder));
    TRY(io::replace_file(files_, options_.to + "/" + std::string(internal::manifest_name),
                         as_bytes(internal::encode_manifest(manifest_))));
    return summary_;
  }

 private:
  Result<void> make_folder(const std::string& name) {
    folders_.push_back(options_.to + "/" + name);
    return files_.make_folders(folders_.back());
  }

  // Reports one step's bytes as they come.
  internal::PartDone progress_of(const std::string& what, std::uint64_t total_size) {
    return [this, what, total_size, done_size = std::uint64_t{0}](std::uint64_t size) mutable {
      done_size += size;
      if (options_.progress)
        options_.progress({.what = what, .done_size = done_size, .total_size = total_size});
    };
  }

  void note(std::string path, std::uint64_t size, std::uint32_t checksum) {
    ++summary_.file_count;
    summary_.size += size;
    manifest_.files.push_back({.path = std::move(path), .size = size, .checksum = checksum});
  }

  Result<void> copy_databases() {
    TRY(make_folder("db"));
    std::map<Origin, std::uint64_t> lowest;
    for (sql::Db* db : options_.databases) {
      const internal::ManifestDatabase database{.name = db->name(), .engine = db->engine()};
      // Before the copy, which is then at these positions or beyond.
      TRY_ASSIGN(const std::vector<Position> applied, applied_in(*db));
      for (const Position& position : applied) {
        auto [entry, is_new] = lowest.try_emplace(position.origin, position.offset);
        entry->second = std::min(entry->second, position.offset);
      }
      const std::string path = options_.to + "/" + database.path();
      TRY(within("database " + db->name(), db->snapshot_to(path)));
      TRY_ASSIGN(const std::uint64_t size, internal::size_of(files_, path));
      TRY_ASSIGN(
          const std::uint32_t checksum,
          internal::checksum_of(files_, path, size, progress_of("database " + db->name(), size)));
      note(database.path(), size, checksum);
      manifest_.databases.push_back(database);
    }
    for (const auto& [origin, offset] : lowest)
      applied_.push_back({.origin = origin, .offset = offset});
    return {};
  }

  // After the databases: whatever position a copy of one names, its records are here.
  Result<void> copy_journals() {
    TRY_ASSIGN(const std::vector<std::string> folders, journal_folders(files_, options_.data));
    for (const std::string& folder : folders) {
      const std::string path = "journal" + folder.substr(folder.rfind('/'));
      TRY(make_folder(path));
      TRY_ASSIGN(const std::vector<journal::SegmentCopy> segments,
                 journal::segments_after(files_, folder, applied_));
      std::uint64_t total_size = 0;
      for (const journal::SegmentCopy& segment : segments) total_size += segment.size;
      const internal::PartDone part_done = progress_of(path, total_size);
      for (const journal::SegmentCopy& segment : segments)
        TRY(copy(path + "/" + segment.name, folder + "/" + segment.name, segment.size, part_done));
    }
    return {};
  }

  Result<void> copy_folder(const std::string& name) {
    const std::string folder = options_.data + "/" + name;
    TRY_ASSIGN(const bool exists, files_.exists(folder));
    if (!exists) return {};
    TRY(make_folder(name));
    TRY_ASSIGN(const std::vector<std::string> names, files_.list(folder));
    for (const std::string& file : names) {
      if (file.ends_with(".new")) continue;  // Being replaced, or left by a crash.
      // Small, and replaced as a whole now and then: the content that one open() saw.
      TRY_ASSIGN(const std::string content,
                 io::read_file(files_, folder + "/" + file, small_file_size_max));
      const std::string path = name + "/" + file;
      TRY_ASSIGN(const auto copy,
                 files_.open(options_.to + "/" + path, io::OpenMode::create_exclusive));
      TRY(copy->write_at(0, as_bytes(content)));
      TRY(copy->sync_data());
      note(path, content.size(), crc32c(as_bytes(content)));
    }
    return {};
  }

  Result<void> copy(const std::string& path, const std::string& from, std::uint64_t size,
                    const internal::PartDone& part_done) {
    TRY_ASSIGN(const std::uint32_t checksum,
               internal::copy_file(files_, from, options_.to + "/" + path, size, part_done));
    note(path, size, checksum);
    return {};
  }

  const BackupOptions& options_;
  io::FileSystem& files_;
  internal::Manifest manifest_;
  BackupSummary summary_;
  std::vector<std::string> folders_;
  std::vector<Position> applied_;
};

}  // namespace

Result<std::unique_ptr<io::FileLock>> retain(io::FileSystem& files, const std::string& data) {
  const std::string path = data + "/" + std::string(retain_file_name);
  auto lock = files.lock(path);
  for (int attempt = 1; attempt < retain_attempt_count; ++attempt) {
    if (lock.ok() || lock.error().code() != Code::busy) return lock;
    std::this_thread::sleep_for(retain_pause);
    lock = files.lock(path);
  }
  if (!lock.ok() && lock.error().code() == Code::busy)
    return Error(Code::busy, "another backup, rebuild or doctor works on " + data);
  return lock;
}

Result<BackupSummary> take_backup(const BackupOptions& options) {
  MATSURI_ASSERT(!options.databases.empty());
  return within("backup to " + options.to, Backup(options).run());
}

Result<std::vector<std::string>> journal_folders(io::FileSystem& files, const std::string& data) {
  std::vector<std::string> folders;
  const std::string parent = data + "/journal";
  TRY_ASSIGN(const bool exists, files.exists(parent));
  if (!exists) return folders;
  TRY_ASSIGN(const std::vector<std::string> names, files.list(parent));
  for (const std::string& name : names) {
    const std::string folder = parent + "/" + name;
    TRY_ASSIGN(const bool is_journal,
               files.exists(folder + "/" + std::string(journal::journal_file_name)));
    if (is_journal) folders.push_back(folder);
  }
  return folders;
}

}  // namespace matsuri::ops
