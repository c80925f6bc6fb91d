#include "ops/upkeep.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "ops/backup.h"
#include "stream/retention.h"

namespace matsuri::ops {
namespace {

constexpr std::string_view clean_up_kind = "clean_up";

void warn_of(std::string_view what, const Result<void>& result) {
  if (!result.ok()) log::warn("ops", what, {{"error", result.error().to_string()}});
}

// One waiting job a database: it gives the time of its next run itself.
void schedule_clean_up(sql::Db& db, const io::Clock& clock) {
  warn_of("clean-up not scheduled", db.write_and_wait([&](sql::Connection& connection) {
    return stream::enqueue(connection, {.kind = std::string(clean_up_kind),
                                        .key = "hourly",
                                        .payload = "",
                                        .run_unix_ms = clock.unix_ms()});
  }));
}

// Runs again at once while a turn found as much as that.
constexpr std::uint64_t turn_count_min = 5'000;

stream::JobWorker::Done next_run(std::uint64_t deleted_count, const io::Clock& clock) {
  const std::int64_t now_ms = clock.unix_ms();
  return {.next_unix_ms = deleted_count < turn_count_min ? now_ms + clean_up_period_ms : now_ms};
}

}  // namespace

Upkeep::Upkeep(UpkeepParts parts) : parts_(std::move(parts)), start_ms_(parts_.clock.unix_ms()) {
  using Done = stream::JobWorker::Done;
  for (const UpkeepDatabase& database : parts_.databases) {
    if (!database.clean_up) continue;
    sql::Db& db = database.outbox.db();
    jobs_.push_back(
        std::make_unique<stream::JobWorker>(db, stream::JobWorkerOptions{.clock = &parts_.clock}));
    jobs_.back()->handle(clean_up_kind, [this, &database](const stream::Job&) -> Result<Done> {
      TRY_ASSIGN(const std::uint64_t count, database.clean_up(parts_.clock.unix_ms()));
      return next_run(count, parts_.clock);
    });
    schedule_clean_up(db, parts_.clock);
    jobs_.back()->start();
  }
  thread_ = std::thread([this] { loop(); });
}

Upkeep::~Upkeep() { stop(); }

void Upkeep::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const auto& jobs : jobs_) jobs->stop();
}

void Upkeep::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::milliseconds(upkeep_period_ms),
                         [this] { return is_stopping_; })) {
    lock.unlock();
    warn_of("upkeep did not finish; it runs again in a minute", run_once());
    lock.lock();
  }
}

Result<void> Upkeep::run_once() {
  TRY(within("last-seen times", parts_.accounts.flush_seen()));
  for (const UpkeepDatabase& database : parts_.databases)
    if (database.has_view) TRY(within("snapshot", snapshot_if_due(database.outbox)));
  return within("retention", drop_what_is_applied());
}

Result<void> Upkeep::snapshot_if_due(stream::Outbox& outbox) {
  TRY_ASSIGN(const auto newest, stream::newest_snapshot(io::posix_files(), parts_.snapshot_folder,
                                                        outbox.db().name()));
  // Until there is one, nothing of the journal may go; and few processes live for a whole period.
  const std::int64_t due_ms =
      newest ? newest->unix_ms + snapshot_period_ms : start_ms_ + first_snapshot_ms;
  if (parts_.clock.unix_ms() < due_ms) return {};
  TRY_ASSIGN(
      const stream::Snapshot taken,
      stream::take_snapshot(outbox, {.folder = parts_.snapshot_folder, .clock = &parts_.clock}));
  log::info("ops", "snapshot taken", {{"path", taken.path}});
  return {};
}

Result<void> Upkeep::drop_what_is_applied() {
  // Whoever copies or checks records has asked us to leave them; the next turn is soon enough.
  const auto ours = io::posix_files().lock(parts_.data + "/" + std::string(retain_file_name));
  if (!ours.ok() && ours.error().code() == Code::busy) return {};
  if (!ours.ok()) return ours.error();
  std::vector<stream::RetainedDatabase> retained;
  for (const UpkeepDatabase& database : parts_.databases) {
    if (!database.has_view) continue;
    sql::Db& db = database.outbox.db();
    TRY_ASSIGN(auto newest,
               stream::newest_snapshot(io::posix_files(), parts_.snapshot_folder, db.name()));
    retained.push_back({.db = &db, .newest = std::move(newest)});
  }
  TRY_ASSIGN(const std::vector<Position> droppable, stream::droppable(parts_.stream, retained));
  TRY(parts_.journal.drop_applied(droppable, parts_.journal_keep_size));
  for (const UpkeepDatabase& database : parts_.databases)
    if (database.has_view) TRY(drop_facts(database.outbox, droppable));
  return {};
}

// Where nobody reads an outbox, its number of rows alone decides.
Result<void> Upkeep::drop_facts(stream::Outbox& outbox, const std::vector<Position>& droppable) {
  TRY_ASSIGN(const std::uint64_t end, outbox.end_offset());
  if (end <= parts_.outbox_keep_count) return {};
  std::uint64_t last = end - parts_.outbox_keep_count;
  for (const Position& position : droppable)
    if (position.origin == outbox.origin()) last = std::min(last, position.offset);
  return outbox.drop(last);
}

}  // namespace matsuri::ops
