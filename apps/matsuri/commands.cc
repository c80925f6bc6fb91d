#include "commands.h"

#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <future>
#include <iterator>
#include <utility>

#include "base/time.h"
#include "checkin.h"
#include "databases.h"
#include "game/trade_rows.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "ops/backup.h"
#include "ops/doctor.h"
#include "points/projection.h"
#include "replicas.h"
#include "sequencer/history.h"
#include "sequencer/shard_map.h"
#include "stream/rebuild.h"

namespace matsuri {
namespace {

constexpr std::int64_t rebuild_wait_ms = std::int64_t{3600} * 1000;

Result<std::unique_ptr<io::FileLock>> lock_data(const Config& config) {
  auto lock = io::posix_files().lock(DataFolder{config.data}.lock());
  if (!lock.ok() && lock.error().code() == Code::busy)
    return Error(Code::busy, "another matsuri works on " + config.data + ": stop it first");
  return lock;
}

// Whether the node has made that database yet: a folder of an earlier version lacks some, and a
// backup without the tables of stream would be none.
Result<bool> is_there(const sql::DbOptions& database) {
  if (database.engine == sql::Engine::sqlite) return io::posix_files().exists(database.sqlite_path);
  TRY_ASSIGN(const auto db, sql::Db::open(database));
  std::int64_t table_count = 0;
  TRY(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto count,
               connection.integer("SELECT COUNT(*) FROM information_schema.tables WHERE "
                                  "table_schema = DATABASE() AND table_name = 'view_position'"));
    table_count = count.value_or(0);
    return {};
  }));
  return table_count != 0;
}

// One line that is written over on a terminal; elsewhere only each step's last one.
void print_progress(const ops::Progress& progress) {
  const bool is_done = progress.done_size >= progress.total_size;
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  if (!is_terminal && !is_done) return;
  std::fprintf(stderr, "%s%s: %" PRIu64 " of %" PRIu64 " KiB%s", is_terminal ? "\r\033[K" : "",
               std::string(progress.what).c_str(), progress.done_size / 1024,
               progress.total_size / 1024, is_done ? "\n" : "");
}

// Whose view has that name; nullptr where none.
const DatabaseKind* kind_of_view(std::string_view view) {
  for (const DatabaseKind& kind : database_kinds())
    if (kind.view != nullptr && kind.name == view) return &kind;
  return nullptr;
}

// What a rebuild starts from: nullopt means from nothing.
Result<std::optional<stream::Snapshot>> rebuild_source(const Config& config,
                                                       const DatabaseKind& kind) {
  const DataFolder folder{config.data};
  io::FileSystem& files = io::posix_files();
  TRY_ASSIGN(auto snapshot,
             stream::newest_snapshot(files, folder.snapshots(), std::string(kind.name)));
  if (snapshot) return snapshot;
  TRY_ASSIGN(std::vector<std::string> journals, ops::journal_folders(files, config.data));
  std::ranges::move(closure_journals(files, config), std::back_inserter(journals));
  std::vector<std::unique_ptr<sql::Db>> dbs;
  std::vector<std::unique_ptr<stream::Outbox>> outboxes;
  std::vector<stream::Outbox*> read;
  for (const DatabaseKind& other : database_kinds()) {
    if (&other == &kind) continue;
    TRY_ASSIGN(dbs.emplace_back(), sql::Db::open(config.*other.options));
    TRY_ASSIGN(outboxes.emplace_back(),
               stream::Outbox::open(*dbs.back(), config.region, config.node, io::system_random()));
    read.push_back(outboxes.back().get());
  }
  TRY_ASSIGN(const bool is_whole, stream::is_whole(files, journals, read));
  if (!is_whole)
    return Error(Code::conflict,
                 "there is no snapshot, and the oldest records are no longer in the journal: "
                 "nothing to build the view from but a backup");
  return std::optional<stream::Snapshot>();
}

// Nothing where there is nothing to carry, or no old database that could be read.
Carried carried_from(const Config& config, const DatabaseKind& kind) {
  if (kind.carry == nullptr) return {};
  Carried carried;
  const Result<void> read = [&]() -> Result<void> {
    TRY_ASSIGN(const auto db, sql::Db::open(config.*kind.options));
    return db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(carried, kind.carry(connection));
      return {};
    });
  }();
  if (!read.ok())
    std::printf("the old database could not be read: settings in it are lost (%s)\n",
                read.error().to_string().c_str());
  return carried;
}

Result<void> carry_into(const Config& config, const DatabaseKind& kind, const Carried& carried) {
  if (!carried) return {};
  TRY_ASSIGN(const auto db, sql::Db::open(config.*kind.options));
  for (const Component& component : kind.components)
    TRY(db->migrate(component.name, component.migrations));
  return db->write_and_wait([&](sql::Connection& connection) { return carried(connection); });
}

bool is_shard(std::string_view database) { return database.starts_with("game-"); }

// Of what was restored: owners of the time before count no longer, and trades are looked at anew.
Result<void> renew_game(const std::string& database, sql::Connection& connection) {
  if (database == "main") return game::reopen_trades(connection);
  if (!is_shard(database)) return {};
  return sequencer::end_owners(connection, io::system_random().next_u64());
}

// No view of a stream: what main shows of the points' ledger.
Result<int> rebuild_points(const Config& config) {
  TRY(need_data(config));
  {
    TRY_ASSIGN(const auto lock, lock_data(config));
    TRY_ASSIGN(const auto db, sql::Db::open(config.main));
    TRY(db->migrate("points", points::migrations()));
    TRY(db->write_and_wait(points::forget_projection));
  }
  TRY_ASSIGN(const auto node, ServerNode::open(config, NodeUse::serve));
  TRY(node->start());
  // The keeper takes all that the ledger has by now.
  io::InlineExecutor at_once;
  std::promise<bool> shown;
  node->ledger->balance(AccountId{}, at_once, [&](const Result<points::Balance>& now) {
    if (!now.ok()) return shown.set_value(false);
    node->points_keeper->when_shown(now->seq, rebuild_wait_ms, at_once,
                                    [&](bool is_shown) { shown.set_value(is_shown); });
  });
  const bool is_shown = shown.get_future().get();
  node->stop();
  if (!is_shown) return Error(Code::busy, "points are not shown yet: the next start goes on");
  std::printf("points is built\n");
  return 0;
}

void print_quarantined(const stream::QuarantinedRecord& record) {
  std::printf("%s  %s  %s  kind %d  %s\n", record.position.to_string().c_str(), record.view.c_str(),
              to_rfc3339(record.unix_ms).c_str(), static_cast<int>(record.kind),
              record.reason.c_str());
}

}  // namespace

Result<void> need_data(const Config& config) {
  TRY_ASSIGN(const bool exists, io::posix_files().exists(DataFolder{config.data}.databases()));
  if (!exists)
    return Error(Code::invalid, config.data + " is no data folder: name one with --data");
  return {};
}

Result<int> run_account_role(const Config& config, const std::string& handle,
                             const std::string& role) {
  TRY_ASSIGN(const Role wanted, account::parse_role(role));
  TRY(need_data(config));
  TRY_ASSIGN(const auto node, ServerNode::open(config, NodeUse::peek));
  // A server beside us finds the fact in the outbox, and counts the new role from then on.
  TRY(node->main_db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const AccountChanged fact, account::change_role(connection, handle, wanted));
    const stream::BatchResult::Fact facts[] = {
        {.event = fact, .unix_ms = io::system_clock().unix_ms(), .account = fact.account}};
    TRY(node->main_outbox->put(connection, facts));
    return {};
  }));
  std::printf("%s is %s\n", handle.c_str(), std::string(account::name_of(wanted)).c_str());
  return 0;
}

Result<int> run_rebuild(const Config& config, const std::string& view) {
  if (view == "points") return rebuild_points(config);
  const DatabaseKind* const kind = kind_of_view(view);
  if (kind == nullptr)
    return Error(Code::invalid,
                 "no view is called " + view +
                     "; there are: timeline, empathy, notification, checkin, grants, points");
  TRY(need_data(config));
  {
    TRY_ASSIGN(const auto lock, lock_data(config));
    TRY_ASSIGN(const auto retained, ops::retain(io::posix_files(), config.data));
    TRY_ASSIGN(const auto snapshot, rebuild_source(config, *kind));
    std::printf("building %s from %s\n", view.c_str(),
                snapshot ? snapshot->path.c_str() : "the first record on");
    const Carried carried = carried_from(config, *kind);
    TRY(stream::prepare_rebuild(config.*kind->options, snapshot, io::posix_files(),
                                io::system_random()));
    TRY(carry_into(config, *kind, carried));
  }
  // The ordinary way from here: the appliers take what the database has not.
  TRY_ASSIGN(const auto node, ServerNode::open(config, NodeUse::serve));
  TRY(node->start());
  node->stop();
  std::printf("%s is built\n", view.c_str());
  return 0;
}

Result<int> run_requeue(const Config& config, const std::string& position, bool all) {
  if (!position.empty() && all) return Error(Code::invalid, "either a position or --all, not both");
  std::optional<Position> wanted;
  if (!position.empty()) {
    TRY_ASSIGN(wanted, Position::parse(position));
  }
  TRY(need_data(config));
  TRY_ASSIGN(const auto node, ServerNode::open(config, NodeUse::peek));
  std::vector<stream::QuarantinedRecord> records;
  for (const DatabaseKind& kind : database_kinds()) {
    if (kind.view == nullptr) continue;
    TRY(((*node).*kind.db)->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const auto found, stream::list_quarantine(connection));
      records.insert(records.end(), found.begin(), found.end());
      return {};
    }));
  }
  if (wanted) {
    std::erase_if(records, [&](const auto& record) { return record.position != *wanted; });
    if (records.empty())
      return Error(Code::not_found, "no record " + position + " is in quarantine");
  }
  if (!wanted && !all) {
    for (const stream::QuarantinedRecord& record : records) print_quarantined(record);
    if (records.empty()) std::printf("nothing is in quarantine\n");
    return 0;
  }
  int failed_count = 0;
  for (const stream::QuarantinedRecord& record : records) {
    const DatabaseKind* const kind = kind_of_view(record.view);
    const Result<void> applied =
        kind == nullptr
            ? Result<void>(Error(Code::not_found, "no view is called " + record.view))
            : stream::requeue(*((*node).*kind->outbox), *kind->view(*node), record.position);
    std::printf("%s: %s\n", record.position.to_string().c_str(),
                applied.ok() ? "applied" : applied.error().to_string().c_str());
    if (!applied.ok()) ++failed_count;
  }
  return failed_count == 0 ? 0 : 1;
}

Result<int> run_doctor(const Config& config) {
  TRY(need_data(config));
  ops::DoctorOptions options{.data = config.data, .main = config.main, .timeline = config.timeline};
  for (const DatabaseKind& kind : database_kinds())
    if (kind.begins_with_kept) options.others.push_back(config.*kind.options);
  options.shards = config.shards;
  options.board = config.board;
  options.analytics = config.analytics;
  TRY_ASSIGN(ops::Diagnosis diagnosis, ops::examine(options));
  std::ranges::move(examine_replicas(config), std::back_inserter(diagnosis.findings));
  for (const std::string& finding : diagnosis.findings) std::printf("%s\n", finding.c_str());
  std::fprintf(stderr,
               "%" PRIu64 " records, %" PRIu64 " posts and %" PRIu64
               " accounts looked at; %zu findings\n",
               diagnosis.record_count, diagnosis.post_count, diagnosis.account_count,
               diagnosis.findings.size());
  return diagnosis.findings.empty() ? 0 : 1;
}

Result<int> run_backup(const Config& config, const std::string& to) {
  TRY(need_data(config));
  std::vector<std::unique_ptr<sql::Db>> dbs;
  std::vector<sql::Db*> databases, shards;
  for (const sql::DbOptions& database : all_databases(config)) {
    TRY_ASSIGN(const bool exists, is_there(database));
    if (!exists) continue;
    TRY_ASSIGN(dbs.emplace_back(), sql::Db::open(database));
    databases.push_back(dbs.back().get());
    if (is_shard(database.name)) shards.push_back(dbs.back().get());
  }
  // A slot that moved between two copies would be in both of them, or in none.
  TRY_ASSIGN(const auto map, sequencer::read_map(shards));
  const auto check_map = [&]() -> Result<void> {
    TRY_ASSIGN(const auto now, sequencer::read_map(shards));
    if (now != map)
      return Error(Code::busy,
                   "arenas of games moved between shards while these were copied: back up again");
    return {};
  };
  TRY_ASSIGN(const ops::BackupSummary summary, ops::take_backup({.data = config.data,
                                                                 .to = to,
                                                                 .databases = databases,
                                                                 .region = config.region,
                                                                 .node = config.node,
                                                                 .databases_copied = check_map,
                                                                 .progress = print_progress}));
  std::printf("backup in %s: %zu files, %" PRIu64 " KiB\n", to.c_str(), summary.file_count,
              summary.size / 1024);
  return 0;
}

Result<int> run_restore(const Config& config, const std::string& from, int node) {
  std::optional<Node> own_number;
  if (node >= 0) own_number = Node{static_cast<std::uint8_t>(node)};
  TRY_ASSIGN(const ops::Restored restored,
             ops::restore_backup({.from = from,
                                  .data = config.data,
                                  .databases = all_databases(config),
                                  .renew = renew_game,
                                  .node = own_number,
                                  .segment_size = config.journal_segment_size,
                                  .progress = print_progress}));
  const auto number = static_cast<int>(restored.node);
  std::printf("restored into %s as node %d, from a backup of %s\n", config.data.c_str(), number,
              to_rfc3339(restored.made_unix_ms).c_str());
  if (restored.node != config.node)
    std::printf("write \"node = %d\" into the configuration file before it is served\n", number);
  return 0;
}

}  // namespace matsuri
