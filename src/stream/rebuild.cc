#include "stream/rebuild.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "journal/reader.h"
#include "stream/internal/schema.h"

namespace matsuri::stream {
namespace {

constexpr std::string_view snapshot_suffix = ".snapshot";
constexpr std::string_view positions_suffix = ".positions";
constexpr std::string_view positions_head = "matsuri-snapshot 1";
constexpr std::size_t positions_size_max = std::size_t{1} << 20;

// Thirteen digits and more sort as numbers until the year 2286.
std::string snapshot_name(const std::string& database, std::int64_t unix_ms) {
  return database + "-" + std::to_string(unix_ms) + std::string(snapshot_suffix);
}

// The time in a snapshot's file name; nullopt for the files of others.
std::optional<std::int64_t> time_of(std::string_view name, const std::string& database) {
  const std::string head = database + "-";
  if (!name.starts_with(head) || !name.ends_with(snapshot_suffix)) return std::nullopt;
  name.remove_prefix(head.size());
  name.remove_suffix(snapshot_suffix.size());
  std::int64_t unix_ms = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), unix_ms);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return unix_ms;
}

Result<std::vector<ViewPosition>> read_positions(sql::Db& db) {
  std::vector<ViewPosition> positions;
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    positions.clear();
    return connection.query(
        "SELECT view_name, region, node, incarnation, at_offset FROM view_position"
        " ORDER BY view_name, incarnation, region, node",
        {}, [&](const sql::Row& row) {
          positions.push_back(
              {.view = std::string(row.text(0)),
               .position = {.origin = {.region = static_cast<Region>(row.integer(1)),
                                       .node = static_cast<Node>(row.integer(2)),
                                       .incarnation = row.id(3)},
                            .offset = row.id(4)}});
        });
  }));
  return positions;
}

std::string positions_text(const Snapshot& snapshot) {
  std::string text(positions_head);
  text += '\n' + Position{.origin = snapshot.outbox, .offset = 0}.to_string() + '\n';
  for (const ViewPosition& position : snapshot.positions)
    text += position.position.to_string() + ' ' + position.view + '\n';
  return text;
}

Result<void> parse_positions(std::string_view text, Snapshot& snapshot) {
  const auto line = [&]() -> std::string_view {
    const std::size_t size = std::min(text.find('\n'), text.size());
    const std::string_view first = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    return first;
  };
  if (!text.ends_with('\n') || line() != positions_head)
    return Error(Code::corrupt, "no list of positions: " + snapshot.path);
  TRY_ASSIGN(const Position own, Position::parse(line()));
  snapshot.outbox = own.origin;
  while (!text.empty()) {
    const std::string_view entry = line();
    const std::size_t space = std::min(entry.find(' '), entry.size());
    TRY_ASSIGN(const Position position, Position::parse(entry.substr(0, space)));
    if (space == entry.size())
      return Error(Code::corrupt, "a position without a view: " + snapshot.path);
    snapshot.positions.push_back(
        {.view = std::string(entry.substr(space + 1)), .position = position});
  }
  return {};
}

// Names of the database's snapshots, the oldest first.
Result<std::vector<std::string>> list_snapshots(io::FileSystem& files, const std::string& folder,
                                                const std::string& database) {
  TRY_ASSIGN(const bool exists, files.exists(folder));
  if (!exists) return std::vector<std::string>();
  TRY_ASSIGN(std::vector<std::string> names, files.list(folder));
  std::erase_if(names, [&](const std::string& name) { return !time_of(name, database); });
  std::ranges::sort(names, {}, [&](const std::string& name) { return *time_of(name, database); });
  return names;
}

// Leftovers of a take_snapshot() that did not end, and what is over the count.
Result<void> remove_old(const SnapshotOptions& options, const std::string& database) {
  TRY_ASSIGN(std::vector<std::string> names,
             list_snapshots(*options.files, options.folder, database));
  const std::size_t keep = std::max<std::size_t>(options.keep_count, 1);
  for (std::size_t index = 0; index + keep < names.size(); ++index) {
    const std::string path = options.folder + "/" + names[index];
    TRY(options.files->remove(path));
    TRY(options.files->remove(path + std::string(positions_suffix)));
  }
  return options.files->sync_folder(options.folder);
}

Result<void> remove_if_there(io::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const bool exists, files.exists(path));
  if (!exists) return {};
  return files.remove(path);
}

Result<void> set_aside(io::FileSystem& files, const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    TRY_ASSIGN(const bool exists, files.exists(path + suffix));
    if (exists) TRY(files.rename(path + suffix, path + ".replaced" + suffix));
  }
  return files.sync_folder(io::folder_of(path));
}

}  // namespace

Result<Snapshot> take_snapshot(Outbox& outbox, const SnapshotOptions& options) {
  sql::Db& db = outbox.db();
  io::FileSystem& files = *options.files;
  TRY(files.make_folders(options.folder));
  Snapshot snapshot;
  snapshot.unix_ms = options.clock->unix_ms();
  snapshot.outbox = outbox.origin();
  TRY_ASSIGN(const std::vector<std::string> names,
             list_snapshots(files, options.folder, db.name()));
  if (!names.empty())  // a clock that steps back must not make the new one the oldest
    snapshot.unix_ms = std::max(snapshot.unix_ms, *time_of(names.back(), db.name()) + 1);
  snapshot.path = options.folder + "/" + snapshot_name(db.name(), snapshot.unix_ms);
  // Read before the copy: the copy's own positions are at these or beyond.
  TRY_ASSIGN(snapshot.positions, read_positions(db));
  const std::string draft = options.folder + "/" + db.name() + ".draft";
  TRY(remove_if_there(files, draft));
  TRY(db.snapshot_to(draft));
  {
    TRY_ASSIGN(const auto file, files.open(draft, io::OpenMode::read_write));
    TRY(file->sync_data());
  }
  TRY(io::replace_file(files, snapshot.path + std::string(positions_suffix),
                       as_bytes(positions_text(snapshot))));
  TRY(files.rename(draft, snapshot.path));
  TRY(files.sync_folder(options.folder));
  TRY(remove_old(options, db.name()));
  return snapshot;
}

Result<std::optional<Snapshot>> newest_snapshot(io::FileSystem& files, const std::string& folder,
                                                const std::string& database) {
  TRY_ASSIGN(const std::vector<std::string> names, list_snapshots(files, folder, database));
  if (names.empty()) return std::optional<Snapshot>();
  Snapshot snapshot;
  snapshot.path = folder + "/" + names.back();
  snapshot.unix_ms = *time_of(names.back(), database);
  TRY_ASSIGN(
      const std::string text,
      io::read_file(files, snapshot.path + std::string(positions_suffix), positions_size_max));
  if (Result<void> parsed = parse_positions(text, snapshot); !parsed.ok())
    return Error(Code::corrupt, snapshot.path + ": " + parsed.error().message());
  return std::optional<Snapshot>(std::move(snapshot));
}

Result<bool> is_whole(io::FileSystem& files, const std::vector<std::string>& journal_folders,
                      const std::vector<Outbox*>& outboxes) {
  for (const std::string& folder : journal_folders) {
    TRY_ASSIGN(const bool has_all, journal::has_all_records(files, folder));
    if (!has_all) return false;
  }
  for (Outbox* outbox : outboxes) {
    TRY_ASSIGN(const std::uint64_t end, outbox->end_offset());
    TRY_ASSIGN(const auto rows, outbox->read_rows(0, 1));
    if (end != 0 && (rows.empty() || rows.front().offset != 1)) return false;
  }
  return true;
}

Result<bool> begin_with_kept(Outbox& outbox, std::string_view view, io::FileSystem& files,
                             const std::vector<std::string>& journal_folders) {
  std::vector<Position> before;
  for (const std::string& folder : journal_folders) {
    TRY_ASSIGN(const std::vector<journal::Range> ranges, journal::list_ranges(files, folder));
    for (const journal::Range& range : ranges)
      if (range.first_offset > 1)
        before.push_back({.origin = range.origin, .offset = range.first_offset - 1});
  }
  bool begins_later = false;
  TRY(outbox.db().write_and_wait([&](sql::Connection& connection) -> Result<void> {
    begins_later = false;
    TRY_ASSIGN(const auto known,
               connection.integer("SELECT 1 FROM view_position WHERE view_name = ?", {view}));
    if (known) return {};
    begins_later = !before.empty();
    for (const Position& position : before)
      TRY(connection.execute(
          "INSERT INTO view_position (view_name, region, node, incarnation, at_offset)"
          " VALUES (?, ?, ?, ?, ?)",
          {view, static_cast<std::int64_t>(position.origin.region),
           static_cast<std::int64_t>(position.origin.node), position.origin.incarnation,
           position.offset}));
    return {};
  }));
  return begins_later;
}

Result<void> prepare_rebuild(const sql::DbOptions& database,
                             const std::optional<Snapshot>& snapshot, io::FileSystem& files,
                             io::Random& random) {
  if (database.engine == sql::Engine::sqlite) TRY(set_aside(files, database.sqlite_path));
  if (snapshot) TRY(within("restore", sql::Db::restore(database, snapshot->path)));
  TRY_ASSIGN(const auto db, sql::Db::open(database));
  TRY(db->migrate("stream", migrations()));
  TRY(db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
    if (snapshot) return renew_incarnation(connection, random);
    // An empty MariaDB schema is the operator's work: only see that it is one.
    TRY_ASSIGN(const auto count, connection.integer("SELECT COUNT(*) FROM view_position"));
    if (count.value_or(0) != 0) return Error(Code::invalid, "the database is not empty");
    return {};
  }));
  return db->checkpoint();
}

}  // namespace matsuri::stream
