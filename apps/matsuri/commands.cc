#include "commands.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <utility>

#include "base/time.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "ops/backup.h"
#include "ops/doctor.h"
#include "stream/rebuild.h"

namespace matsuri {
namespace {

// A command must not make an empty world where somebody mistyped a folder.
Result<void> need_data(const Config& config) {
  TRY_ASSIGN(const bool exists, io::posix_files().exists(DataFolder{config.data}.databases()));
  if (!exists)
    return Error(Code::invalid, config.data + " is no data folder: name one with --data");
  return {};
}

Result<std::unique_ptr<io::FileLock>> lock_data(const Config& config) {
  auto lock = io::posix_files().lock(DataFolder{config.data}.lock());
  if (!lock.ok() && lock.error().code() == Code::busy)
    return Error(Code::busy, "another matsuri works on " + config.data + ": stop it first");
  return lock;
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

// What `matsuri rebuild timeline` starts from: nullopt means from nothing.
Result<std::optional<stream::Snapshot>> rebuild_source(const Config& config) {
  const DataFolder folder{config.data};
  io::FileSystem& files = io::posix_files();
  TRY_ASSIGN(auto snapshot,
             stream::newest_snapshot(files, folder.snapshots(), config.timeline.name));
  if (snapshot) return snapshot;
  TRY_ASSIGN(const std::vector<std::string> journals, ops::journal_folders(files, config.data));
  TRY_ASSIGN(const auto db, sql::Db::open(config.main));
  TRY_ASSIGN(const auto outbox,
             stream::Outbox::open(*db, config.region, config.node, io::system_random()));
  TRY_ASSIGN(const bool is_whole, stream::is_whole(files, journals, {outbox.get()}));
  if (!is_whole)
    return Error(Code::conflict,
                 "there is no snapshot, and the oldest records are no longer in the journal: "
                 "nothing to build the view from but a backup");
  return std::optional<stream::Snapshot>();
}

void print_quarantined(const stream::QuarantinedRecord& record) {
  std::printf("%s  %s  %s  kind %d  %s\n", record.position.to_string().c_str(), record.view.c_str(),
              to_rfc3339(record.unix_ms).c_str(), static_cast<int>(record.kind),
              record.reason.c_str());
}

}  // namespace

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
  if (view != timeline::TimelineView().name())
    return Error(Code::invalid, "no view is called " + view + "; there is: timeline");
  TRY(need_data(config));
  {
    TRY_ASSIGN(const auto lock, lock_data(config));
    TRY_ASSIGN(const auto retained, ops::retain(io::posix_files(), config.data));
    TRY_ASSIGN(const auto snapshot, rebuild_source(config));
    std::printf("building %s from %s\n", view.c_str(),
                snapshot ? snapshot->path.c_str() : "the first record on");
    TRY(stream::prepare_rebuild(config.timeline, snapshot, io::posix_files(), io::system_random()));
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
  TRY(node->timeline_db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(records, stream::list_quarantine(connection));
    return {};
  }));
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
    const Result<void> applied =
        stream::requeue(*node->timeline_outbox, node->timeline_view, record.position);
    std::printf("%s: %s\n", record.position.to_string().c_str(),
                applied.ok() ? "applied" : applied.error().to_string().c_str());
    if (!applied.ok()) ++failed_count;
  }
  return failed_count == 0 ? 0 : 1;
}

Result<int> run_doctor(const Config& config) {
  TRY(need_data(config));
  TRY_ASSIGN(const ops::Diagnosis diagnosis,
             ops::examine({.data = config.data, .main = config.main, .timeline = config.timeline}));
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
  // Who reads another's facts comes first: what it has read is then in the other's copy.
  TRY_ASSIGN(const auto timeline, sql::Db::open(config.timeline));
  TRY_ASSIGN(const auto main, sql::Db::open(config.main));
  TRY_ASSIGN(const ops::BackupSummary summary,
             ops::take_backup({.data = config.data,
                               .to = to,
                               .databases = {timeline.get(), main.get()},
                               .region = config.region,
                               .node = config.node,
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
                                  .databases = {config.main, config.timeline},
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
