// Carries records from every origin (journals and outboxes) to the views, each at its own pace, and
// knows how far each has come.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "journal/reader.h"
#include "journal/writer.h"
#include "model/position.h"
#include "stream/outbox.h"
#include "stream/view.h"

namespace matsuri::stream {

struct StreamOptions {
  std::size_t batch_count_max = 16'384;
  std::size_t batch_size_max = std::size_t{16} << 20;
  std::int64_t batch_wait_ms = 200;  // between looks for what other processes wrote; what this
                                     // process writes is taken at once: a batch is what waits
  std::uint64_t lag_count_max = 2'000'000;  // over it, commands of the view's kinds answer busy
  std::int64_t retry_ms_max = 5'000;
  bool gives_way = false;  // appliers run when nobody else wants the processor: who asks comes
                           // first, and a burst is applied as fast as that leaves room
  io::FileSystem* files = &io::posix_files();
  io::Clock* clock = &io::system_clock();
  metrics::Registry* metrics = nullptr;
};

// What stands where, for /ops, doctor and tests.
struct ApplierStatus {
  std::string view;
  std::vector<Position> applied;
  std::uint64_t read = 0, done = 0, duplicate = 0, refused = 0, not_mine = 0, quarantined = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t lag = 0;  // records that origins have and the view has not read
  std::string trouble;    // why it does not move just now; empty while it does
};

struct QuarantinedRecord {
  std::string view;
  Position position;
  EventKind kind{};
  std::string reason;
  std::int64_t unix_ms = 0;
};

enum class CommandState : std::uint8_t { pending, applied, duplicate, refused, quarantined };
struct CommandStatus {
  CommandState state = CommandState::pending;
  AccountId account;
  Code code = Code::invalid;  // where refused
  std::string reason;
};

// Views are added before start(); origins then or while it runs. Thread-safe after start(). Owns
// one thread per view, one for the memory views, one that looks for what other processes wrote, and
// one for when_passed().
class Stream {
 public:
  explicit Stream(StreamOptions options);
  ~Stream();  // stop()s
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // A journal that this process writes, or (writer null) only reads: all its incarnations.
  Result<void> add_journal(const std::string& folder, journal::Writer* writer);
  // Facts of a database. Views of the same database do not read their own outbox.
  Result<void> add_outbox(Outbox& outbox);
  // When it returns, nothing reads the origin any more; what had been read is still applied.
  void remove_origin(const Origin& origin);

  // Records go into `outbox`'s database, with positions, refusals and facts in one transaction.
  Result<void> add_view(View& view, Outbox& outbox);
  // From behind `from` on (origins that are not named: from their end when they came to the
  // stream).
  void add_memory_view(MemoryView& view, const std::vector<Position>& from);

  Result<void> start();
  // Ends after the batches that run; what was read and not committed is read again at the next
  // start.
  void stop();

  // Whether every view has passed `position` (origins that nobody reads count as passed).
  bool has_passed(const PositionSet& position) const;
  // `done(true)` as soon as it has, `done(false)` after timeout_ms; on any thread, exactly once.
  void when_passed(const PositionSet& position, std::int64_t timeout_ms,
                   std::move_only_function<void(bool)> done);
  // Waits until all views have applied everything that the origins hold now, and the facts that
  // follow from it. False after timeout_ms.
  bool drain(std::int64_t timeout_ms);

  // Code::busy where a view that wants `kind` lags beyond its bound; for exec, before it appends.
  Result<void> admit(EventKind kind) const;

  std::vector<ApplierStatus> status() const;
  // The lowest position per origin that every view has applied and its database has committed: for
  // retention (see retention.h) and backup. Records of others' kinds count up to a second late.
  std::vector<Position> applied_by_all() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What became of the command at `position`, according to the view's database. `pending` where the
// view has not reached it. `duplicate` is only known of commands with an idempotency key; others
// read as applied. `account` is 0 for pending and applied: only what went another way is stored.
Result<CommandStatus> command_status(sql::Connection& connection, std::string_view view,
                                     const Position& position);

Result<std::vector<QuarantinedRecord>> list_quarantine(sql::Connection& connection);
// Applies one quarantined record again (after the cause was mended), and takes it out of quarantine
// in the same transaction. The error where it fails again; Code::not_found where no such record is
// in quarantine. `view` is an object of its own, not one that a running stream applies with.
Result<void> requeue(Outbox& outbox, View& view, const Position& position);

}  // namespace matsuri::stream
