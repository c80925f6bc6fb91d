// A data folder out of a backup: backup.h says what it promises.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "io/clock.h"
#include "journal/id_maker.h"
#include "journal/reader.h"
#include "journal/writer.h"
#include "ops/backup.h"
#include "ops/internal/copy.h"
#include "ops/internal/manifest.h"
#include "stream/outbox.h"

namespace matsuri::ops {
namespace {

constexpr std::string_view restoring_name = "RESTORING";

class Restore {
 public:
  explicit Restore(const RestoreOptions& options) : options_(options), files_(*options.files) {}

  Result<Restored> run() {
    TRY_ASSIGN(const bool is_free, internal::is_free(files_, options_.data));
    if (!is_free)
      return Error(Code::invalid,
                   options_.data + " is not empty: restore into a new folder, or move it away");
    TRY(read_manifest());
    TRY(check_databases());
    TRY(check_files());
    TRY(files_.make_folders(options_.data));
    TRY_ASSIGN(const auto lock, files_.lock(options_.data + "/LOCK"));
    const std::string mark = options_.data + "/" + std::string(restoring_name);
    TRY(io::replace_file(files_, mark, as_bytes("from " + options_.from + '\n')));
    TRY(copy_files());
    TRY(restore_databases());
    TRY(begin_journals());
    TRY(raise_ids());
    TRY(files_.remove(mark));
    TRY(files_.sync_folder(options_.data));
    return Restored{.made_unix_ms = manifest_.made_unix_ms,
                    .region = manifest_.region,
                    .node = options_.node.value_or(manifest_.node)};
  }

 private:
  Result<void> read_manifest() {
    const std::string path = options_.from + "/" + std::string(internal::manifest_name);
    TRY_ASSIGN(const bool exists, files_.exists(path));
    if (!exists)
      return Error(Code::invalid,
                   path + " is not there: no backup, or one that did not come to its end");
    TRY_ASSIGN(const std::string text, io::read_file(files_, path, internal::manifest_size_max));
    TRY_ASSIGN(manifest_, within(path, internal::decode_manifest(text)));
    return {};
  }

  const sql::DbOptions* options_of(const std::string& name) const {
    const auto found = std::ranges::find(options_.databases, name, &sql::DbOptions::name);
    return found == options_.databases.end() ? nullptr : &*found;
  }

  Result<void> check_databases() const {
    for (const internal::ManifestDatabase& database : manifest_.databases) {
      const sql::DbOptions* const target = options_of(database.name);
      if (target == nullptr)
        return Error(Code::invalid,
                     "the backup has a database " + database.name + ", which this matsuri has not");
      if (target->engine != database.engine)
        return Error(Code::invalid, "database " + database.name + " was on " +
                                        std::string(internal::name_of(database.engine)) +
                                        ", and the configuration says " +
                                        std::string(internal::name_of(target->engine)));
    }
    if (manifest_.databases.empty()) return Error(Code::corrupt, "the backup has no databases");
    // An earlier version's backup lacks databases that this one has: the next start makes them. Old
    // rows of another world must not be there.
    for (const sql::DbOptions& target : options_.databases) {
      if (std::ranges::find(manifest_.databases, target.name, &internal::ManifestDatabase::name) !=
          manifest_.databases.end())
        continue;
      TRY(check_free(target));
    }
    return {};
  }

  // A SQLite file would lie in the data folder, which is empty.
  static Result<void> check_free(const sql::DbOptions& target) {
    if (target.engine == sql::Engine::sqlite) return {};
    TRY_ASSIGN(const auto db, sql::Db::open(target));
    return db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const auto count,
                 connection.integer("SELECT COUNT(*) FROM information_schema.tables "
                                    "WHERE table_schema = DATABASE()"));
      if (count.value_or(0) != 0)
        return Error(Code::invalid, "the schema of database " + target.name + " is not empty");
      return {};
    });
  }

  internal::PartDone progress_of(std::string_view what) const {
    std::uint64_t total_size = 0;
    for (const internal::ManifestFile& file : manifest_.files) total_size += file.size;
    return [this, what, total_size, done_size = std::uint64_t{0}](std::uint64_t size) mutable {
      done_size += size;
      if (options_.progress)
        options_.progress({.what = what, .done_size = done_size, .total_size = total_size});
    };
  }

  // Everything, before the first byte is written anywhere.
  Result<void> check_files() const {
    const internal::PartDone part_done = progress_of("check");
    for (const internal::ManifestFile& file : manifest_.files) {
      const std::string path = options_.from + "/" + file.path;
      TRY_ASSIGN(const bool exists, files_.exists(path));
      if (!exists) return Error(Code::corrupt, path + " is missing");
      TRY_ASSIGN(const std::uint64_t size, internal::size_of(files_, path));
      if (size != file.size)
        return Error(Code::corrupt, path + " has " + std::to_string(size) + " bytes, and had " +
                                        std::to_string(file.size));
      TRY_ASSIGN(const std::uint32_t checksum,
                 internal::checksum_of(files_, path, size, part_done));
      if (checksum != file.checksum)
        return Error(Code::corrupt, path + " is damaged: its checksum differs");
    }
    return {};
  }

  Result<void> copy_files() {
    const internal::PartDone part_done = progress_of("copy");
    std::vector<std::string> folders;
    for (const internal::ManifestFile& file : manifest_.files) {
      const bool is_database = std::ranges::any_of(
          manifest_.databases, [&](const auto& database) { return database.path() == file.path; });
      if (is_database) {
        part_done(file.size);  // Each engine takes its own in.
        continue;
      }
      const std::string to = options_.data + "/" + file.path;
      const std::string folder = io::folder_of(to);
      if (std::ranges::find(folders, folder) == folders.end()) {
        folders.push_back(folder);
        TRY(files_.make_folders(folder));
      }
      TRY_ASSIGN(
          const std::uint32_t checksum,
          internal::copy_file(files_, options_.from + "/" + file.path, to, file.size, part_done));
      if (checksum != file.checksum)
        return Error(Code::corrupt, options_.from + "/" + file.path + " changes while it is read");
    }
    for (const std::string& folder : folders) TRY(files_.sync_folder(folder));
    return {};
  }

  Result<void> restore_databases() {
    TRY(files_.make_folders(options_.data + "/db"));
    for (const internal::ManifestDatabase& database : manifest_.databases) {
      const sql::DbOptions& target = *options_of(database.name);
      TRY(sql::Db::restore(target, options_.from + "/" + database.path()));
      TRY_ASSIGN(const auto db, sql::Db::open(target));
      TRY(db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY(stream::renew_incarnation(connection, *options_.random));
        return options_.renew ? options_.renew(target.name, connection) : Result<void>();
      }));
      TRY(db->checkpoint());
    }
    return {};
  }

  // Old records stay what they were, to be read from where the views are; new ones have an origin
  // of their own.
  Result<void> begin_journals() {
    TRY_ASSIGN(const std::vector<std::string> folders, journal_folders(files_, options_.data));
    const std::string own = options_.data + "/journal/main";
    const bool is_renumbered = options_.node && *options_.node != manifest_.node;
    for (const std::string& folder : folders) {
      if (folder == own && is_renumbered)
        TRY(set_aside(own));
      else if (folder == own || folder.ends_with("/import"))
        TRY(journal::begin_incarnation(files_, folder, *options_.random));
    }
    return {};
  }

  // A journal belongs to one node for ever: the new node's begins beside it.
  Result<void> set_aside(const std::string& own) {
    const std::string parent = io::folder_of(own);
    TRY_ASSIGN(const auto ranges, journal::list_ranges(files_, own));
    MATSURI_ASSERT(!ranges.empty());
    TRY(files_.rename(own, parent + "/before-" + ranges.back().origin.to_string()));
    TRY(files_.make_folders(own));
    TRY(files_.sync_folder(parent));
    TRY(journal::Writer::open({.folder = own,
                               .region = manifest_.region,
                               .node = *options_.node,
                               .segment_size = options_.segment_size,
                               .batch_body_size_max = static_cast<std::size_t>(
                                   std::min(options_.segment_size / 2, std::uint64_t{4} << 20)),
                               .files = options_.files,
                               .random = options_.random}));
    return {};
  }

  // A maker begins above the ceiling that it finds and above the clock, and leaves that behind.
  Result<void> raise_ids() {
    TRY(files_.make_folders(options_.data + "/ids"));
    TRY(journal::IdMaker::open({.path = options_.data + "/ids/node",
                                .region = manifest_.region,
                                .node = options_.node.value_or(manifest_.node),
                                .files = options_.files}));
    return {};
  }

  const RestoreOptions& options_;
  io::FileSystem& files_;
  internal::Manifest manifest_;
};

}  // namespace

Result<Restored> restore_backup(const RestoreOptions& options) {
  return within("restore from " + options.from, Restore(options).run());
}

Result<bool> is_restoring(io::FileSystem& files, const std::string& data) {
  return files.exists(data + "/" + std::string(restoring_name));
}

}  // namespace matsuri::ops
