// The durable log. Everything that Matsuri promises to keep for later is a record here before it is
// anything else; SQL tables and caches can be built again from it. docs/formats/journal.md has the
// bytes, format.h their constants.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file.h"
#include "io/random.h"
#include "model/position.h"
#include "model/record.h"

namespace matsuri::journal {

struct WriterOptions {
  std::string folder;
  Region region{};
  Node node{};
  std::uint64_t segment_size = std::uint64_t{64} << 20;
  std::size_t batch_body_size_max = std::size_t{4} << 20;  // also the bound of what waits unwritten
  std::int64_t slow_sync_ms = 2000;  // an fdatasync over this makes append() answer busy
  io::FileSystem* files = &io::posix_files();
  io::Clock* clock = &io::system_clock();
  io::Random* random = &io::system_random();
  metrics::Registry* metrics = nullptr;  // optional
};

inline constexpr std::size_t record_payload_size_max = std::size_t{256} << 10;

// Why appends are refused just now; /readyz shows it.
enum class Health : std::uint8_t {
  good,
  slow_sync,  // an fdatasync runs for longer than slow_sync_ms; over when it returns
  disk_full,  // the next segment can't be allocated; tried again every second
  failed,     // a write or sync failed: final for this process
};

// Appends records, and makes them durable many at a time: a batch is whatever arrived while the
// last one was written and synced; there is no timer.
//
// Thread-safe: any thread may append. Owns one thread that writes and syncs, and one that allocates
// the next segment. Destroying it waits for what was accepted. Memory is bounded: past
// batch_body_size_max unwritten bytes, append() answers Code::busy rather than queue.
class Writer {
 public:
  // `position` when the record is durable; else the error. After an error the record may still come
  // back after a restart: whoever must not act twice puts an idempotency key into the header.
  using Completion = std::move_only_function<void(Result<Position>)>;

  // Takes the folder's lock, makes or recovers the journal (cutting a torn tail off, and syncing
  // what it keeps). Code::busy where somebody holds the folder; Code::corrupt where acknowledged
  // records are damaged, with file and offset; Code::invalid where region or node differ from the
  // folder's.
  static Result<std::unique_ptr<Writer>> open(WriterOptions options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes one record. On success `completion` runs exactly once, through `executor`, in the order
  // of the appends of one thread; completions of one batch cost one post per executor. On an error
  // it never runs: Code::busy (buffer full, slow sync, disk full), Code::io (failed before: final).
  // REQUIRES: payload.size() <= record_payload_size_max; `executor` outlives the completion.
  Result<void> append(const RecordHeader& header, Bytes payload, io::Executor& executor,
                      Completion completion);

  // Several records that become durable together, in order and without others between them: the
  // completion gets the position of the last one.
  struct Entry {
    RecordHeader header;
    std::string payload;
  };
  Result<void> append_all(const std::vector<Entry>& entries, io::Executor& executor,
                          Completion completion);

  // Appends and waits for durability on the calling thread. Never on an I/O thread.
  Result<Position> append_and_wait(const RecordHeader& header, Bytes payload);

  // The origin of what is appended now (this incarnation).
  Origin origin() const;
  // The offset of the last durable record of this incarnation; 0 while there is none.
  std::uint64_t durable_offset() const;
  Health health() const;

  // Calls `listener` (on the flusher's thread: be quick) after each batch became durable. The
  // returned handle ends it.
  [[nodiscard]] std::shared_ptr<void> on_durable(std::function<void()> listener);

  // Retention: drops sealed segments of which every record is at or below its origin's position in
  // `applied` and, where `keep_bytes` is given, only the oldest beyond that size. Never the segment
  // that is written. The caller has made sure that the views which moved `applied` are synced.
  Result<void> drop_applied(const std::vector<Position>& applied, std::uint64_t keep_bytes);

 private:
  class Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::journal
