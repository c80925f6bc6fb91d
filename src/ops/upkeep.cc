#include "ops/upkeep.h"

#include <chrono>

#include "base/log.h"
#include "ops/backup.h"
#include "stream/retention.h"
#include "timeline/apply.h"

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

// Runs again at once while there was as much to delete as one turn takes.
stream::JobWorker::Done next_run(std::uint64_t deleted_count, const io::Clock& clock) {
  const std::int64_t now_ms = clock.unix_ms();
  return {.next_unix_ms = deleted_count < 10'000 ? now_ms + clean_up_period_ms : now_ms};
}

}  // namespace

Upkeep::Upkeep(UpkeepParts parts)
    : parts_(std::move(parts)),
      start_ms_(parts_.clock.unix_ms()),
      main_jobs_(parts_.main_db, {.clock = &parts_.clock}),
      timeline_jobs_(parts_.timeline_db, {.clock = &parts_.clock}) {
  using Done = stream::JobWorker::Done;
  main_jobs_.handle(clean_up_kind, [this](const stream::Job&) -> Result<Done> {
    TRY_ASSIGN(const std::uint64_t count, parts_.accounts.forget_old_sessions());
    return next_run(count, parts_.clock);
  });
  timeline_jobs_.handle(clean_up_kind, [this](const stream::Job&) -> Result<Done> {
    std::uint64_t count = 0;
    TRY(parts_.timeline_db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(count, timeline::forget_old_keys(connection, parts_.clock.unix_ms()));
      return {};
    }));
    return next_run(count, parts_.clock);
  });
  schedule_clean_up(parts_.main_db, parts_.clock);
  schedule_clean_up(parts_.timeline_db, parts_.clock);
  main_jobs_.start();
  timeline_jobs_.start();
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
  main_jobs_.stop();
  timeline_jobs_.stop();
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
  TRY(within("snapshot", snapshot_if_due()));
  return within("retention", drop_what_is_applied());
}

Result<void> Upkeep::snapshot_if_due() {
  TRY_ASSIGN(const auto newest, stream::newest_snapshot(io::posix_files(), parts_.snapshot_folder,
                                                        parts_.timeline_db.name()));
  // Until there is one, nothing of the journal may go; and few processes live for a whole period.
  const std::int64_t due_ms =
      newest ? newest->unix_ms + snapshot_period_ms : start_ms_ + first_snapshot_ms;
  if (parts_.clock.unix_ms() < due_ms) return {};
  TRY_ASSIGN(const stream::Snapshot taken,
             stream::take_snapshot(parts_.timeline_outbox,
                                   {.folder = parts_.snapshot_folder, .clock = &parts_.clock}));
  log::info("ops", "snapshot taken", {{"path", taken.path}});
  return {};
}

Result<void> Upkeep::drop_what_is_applied() {
  // Whoever copies or checks records has asked us to leave them; the next turn is soon enough.
  const auto ours = io::posix_files().lock(parts_.data + "/" + std::string(retain_file_name));
  if (!ours.ok() && ours.error().code() == Code::busy) return {};
  if (!ours.ok()) return ours.error();
  TRY_ASSIGN(const auto newest, stream::newest_snapshot(io::posix_files(), parts_.snapshot_folder,
                                                        parts_.timeline_db.name()));
  TRY_ASSIGN(const std::vector<Position> droppable,
             stream::droppable(parts_.stream, {{&parts_.timeline_db, newest}}));
  TRY(parts_.journal.drop_applied(droppable, parts_.journal_keep_size));
  TRY_ASSIGN(const std::uint64_t end, parts_.timeline_outbox.end_offset());
  if (end > outbox_keep_count) TRY(parts_.timeline_outbox.drop(end - outbox_keep_count));
  return {};
}

}  // namespace matsuri::ops
