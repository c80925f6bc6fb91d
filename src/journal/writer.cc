#include "journal/writer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include "base/assert.h"
#include "base/log.h"
#include "journal/format.h"
#include "journal/internal/batch.h"
#include "journal/internal/folder.h"
#include "journal/internal/listeners.h"
#include "journal/internal/retention.h"
#include "journal/internal/spare.h"
#include "journal/internal/writer_metrics.h"

namespace matsuri::journal {

using internal::Batch;

// Two batches: one fills under the mutex, the other is written by whoever holds the role of the
// flusher: the thread of that name, or a caller of append_and_wait() that seems to be alone. With
// one writer that saves two switches of threads for each record; with many, the first to be awake
// again would sync for itself alone, and keep the others waiting.
class Writer::Impl {
 public:
  Impl(WriterOptions options, std::unique_ptr<io::FileLock> lock, internal::OpenFolder open)
      : options_(std::move(options)),
        folder_lock_(std::move(lock)),
        journal_(std::move(open.journal)),
        origin_{
            .region = options_.region, .node = options_.node, .incarnation = journal_.incarnation},
        metrics_(internal::WriterMetrics::make(options_.metrics, options_.folder)),
        file_(std::move(open.file)),
        write_at_(open.write_at),
        batches_{Batch(options_.batch_body_size_max), Batch(options_.batch_body_size_max)},
        room_(open.file_size - std::min(open.file_size, open.write_at)),
        active_first_offset_(open.segment.first_offset),
        salt_(open.segment.salt),
        durable_offset_(open.next_offset - 1),
        spare_(*options_.files, options_.folder, options_.segment_size) {
    filling_->begin(open.next_offset, open.segment.salt);
    add_gauges();
    flusher_ = std::thread([this] { run(); });
  }

  ~Impl() {
    metrics_.gauges.clear();  // They read what goes away now.
    {
      const std::scoped_lock lock(mutex_);
      is_stopped_ = true;
    }
    work_.notify_all();
    flusher_.join();
  }

  Result<void> append(const RecordHeader& header, Bytes payload, io::Executor& executor,
                      Completion completion) {
    const std::uint32_t salt = salt_.load(std::memory_order_relaxed);
    const StoredHeader stored = store_header(header, payload, salt);
    const bool is_slow = sync_is_slow();
    std::unique_lock lock(mutex_);
    TRY(admit(record_stride(payload.size()), is_slow));
    filling_->tell(executor, filling_->add(stored, payload, salt), std::move(completion));
    wake_flusher(lock);
    return {};
  }

  Result<void> append_all(const std::vector<Entry>& entries, io::Executor& executor,
                          Completion completion) {
    const std::uint32_t salt = salt_.load(std::memory_order_relaxed);
    std::vector<StoredHeader> stored;
    stored.reserve(entries.size());
    std::size_t size = 0;
    for (const Entry& entry : entries) {
      MATSURI_ASSERT(entry.payload.size() <= record_payload_size_max);
      stored.push_back(store_header(entry.header, as_bytes(entry.payload), salt));
      size += record_stride(entry.payload.size());
    }
    if (entries.empty() || size > options_.batch_body_size_max)
      return Error(Code::invalid, "these records do not make one batch");
    const bool is_slow = sync_is_slow();
    std::unique_lock lock(mutex_);
    TRY(admit(size, is_slow));
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < entries.size(); ++i)
      offset = filling_->add(stored[i], as_bytes(entries[i].payload), salt);
    filling_->tell(executor, offset, std::move(completion));
    wake_flusher(lock);
    return {};
  }

  Result<Position> append_and_wait(const RecordHeader& header, Bytes payload) {
    const std::uint32_t salt = salt_.load(std::memory_order_relaxed);
    const StoredHeader stored = store_header(header, payload, salt);
    const bool is_slow = sync_is_slow();
    std::unique_lock lock(mutex_);
    TRY(admit(record_stride(payload.size()), is_slow));
    const std::uint64_t offset = filling_->add(stored, payload, salt);
    if (!is_flushing_ && last_count_ <= 1) {
      is_flushing_ = true;
      flush(lock);
      is_flushing_ = false;
      if (!filling_->empty()) wake_flusher(lock);
    } else {
      Batch& batch = *filling_;
      const std::uint32_t ticket = batch.turnstile().ticket();
      batch.count_sleeper();
      wake_flusher(lock);
      batch.turnstile().wait(ticket);
    }
    if (durable_offset() >= offset) return Position{.origin = origin_, .offset = offset};
    return failure();
  }

  const Origin& origin() const { return origin_; }
  std::uint64_t durable_offset() const { return durable_offset_.load(std::memory_order_acquire); }

  Health health() const {
    if (is_failed_.load(std::memory_order_acquire)) return Health::failed;
    if (sync_is_slow()) return Health::slow_sync;
    if (spare_.is_failing()) return Health::disk_full;
    return Health::good;
  }

  std::shared_ptr<void> on_durable(std::function<void()> listener) {
    return listeners_.add(std::move(listener));
  }

  Result<void> drop_applied(const std::vector<Position>& applied, std::uint64_t keep_bytes) {
    const std::scoped_lock one_at_a_time(retention_mutex_);
    std::uint64_t active_first_offset;
    {
      const std::scoped_lock lock(mutex_);
      active_first_offset = active_first_offset_;
    }
    TRY(internal::drop_segments(*options_.files, options_.folder, journal_, active_first_offset,
                                applied, keep_bytes));
    if (spare_.is_failing()) spare_.retry();
    return {};
  }

 private:
  // Whether a record of that size may come in. REQUIRES: the mutex is held.
  Result<void> admit(std::size_t stride, bool is_slow) {
    if (is_failed_.load(std::memory_order_relaxed)) return failure();
    if (is_slow) return Error(Code::busy, "the disk takes too long");
    if (!filling_->fits(stride)) return Error(Code::busy, "too much waits for the disk");
    // Only what has its place on the disk is accepted: in this segment, or in the allocated next.
    if (filling_->size() + stride > room_ && !spare_.is_ready())
      return Error(Code::busy, spare_.is_failing() ? "no space is left for the journal"
                                                   : "the journal's next segment is not there yet");
    return {};
  }

  bool sync_is_slow() const {
    const std::int64_t started_us = write_started_us_.load(std::memory_order_relaxed);
    return started_us != 0 &&
           options_.clock->monotonic_us() + 1 - started_us > options_.slow_sync_ms * 1000;
  }

  // REQUIRES: the mutex is held, by `lock`, and something fills. Lets go of it.
  void wake_flusher(std::unique_lock<std::mutex>& lock) {
    const bool must_wake = !is_flushing_ && !is_woken_;
    if (must_wake) is_woken_ = true;
    lock.unlock();
    if (must_wake) work_.notify_one();
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (is_flushing_ || (filling_->empty() && !is_stopped_)) {
        is_woken_ = false;  // Also where a caller was faster, and flushes: it wakes this thread.
        work_.wait(lock);
      }
      is_woken_ = false;  // Also where the first records came before this thread did.
      if (filling_->empty()) return;
      is_flushing_ = true;
      while (!filling_->empty()) flush(lock);
      is_flushing_ = false;
    }
  }

  // Writes what has filled, and tells whoever waits for it. REQUIRES: the caller is the flusher,
  // and the mutex is held; it is let go meanwhile.
  void flush(std::unique_lock<std::mutex>& lock) {
    Batch& batch = *filling_;
    last_count_ = batch.count();
    std::unique_ptr<io::File> next;
    if (!is_failed_.load(std::memory_order_relaxed)) {
      if (batch.size() > room_) {
        next = spare_.take();
        room_ = spare_.segment_size() - segment_header_size;
        salt_.store(options_.random->next_u32(), std::memory_order_relaxed);
      }
      room_ -= batch.size();
    }
    const std::uint32_t salt = salt_.load(std::memory_order_relaxed);
    filling_ = filling_ == &batches_[0] ? &batches_[1] : &batches_[0];
    filling_->begin(batch.next_offset(), salt);
    lock.unlock();

    Result<void> written = is_failed_.load(std::memory_order_relaxed)
                               ? Result<void>(failure())
                               : write(batch, std::move(next), salt);
    if (written.ok())
      durable_offset_.store(batch.next_offset() - 1, std::memory_order_release);
    else
      fail(written.error());
    // Before the answers: who is answered finds the record among what the stream knows of.
    if (written.ok()) listeners_.call();
    batch.finish(origin_, written.ok() ? written : Result<void>(failure()));
    lock.lock();
  }

  Result<void> write(Batch& batch, std::unique_ptr<io::File> next, std::uint32_t salt) {
    const std::int64_t started_us = options_.clock->monotonic_us() + 1;  // 0 means: none runs
    write_started_us_.store(started_us, std::memory_order_relaxed);
    Result<void> result;
    if (next) result = roll(std::move(next), batch.next_offset() - batch.count(), salt);
    const Bytes bytes = batch.seal(salt, options_.clock->unix_ms());
    if (result.ok()) result = file_->write_at(write_at_, bytes);
    if (result.ok()) result = file_->sync_data();
    write_started_us_.store(0, std::memory_order_relaxed);
    const std::int64_t took_us = options_.clock->monotonic_us() + 1 - started_us;
    if (took_us > options_.slow_sync_ms * 1000)
      log::warn("journal", "a sync was slow", {{"took_ms", took_us / 1000}});
    if (!result.ok()) return result;
    write_at_ += bytes.size();
    if (metrics_.records) {
      metrics_.records->add(batch.count());
      metrics_.batches->add();
      metrics_.bytes->add(bytes.size());
      metrics_.sync_seconds->observe(static_cast<double>(took_us) * 1e-6);
    }
    return {};
  }

  Result<void> roll(std::unique_ptr<io::File> next, std::uint64_t first_offset,
                    std::uint32_t salt) {
    SegmentHeader header{};
    header.incarnation = origin_.incarnation;
    header.first_offset = first_offset;
    header.segment_size = spare_.segment_size();
    header.created_ms = options_.clock->unix_ms();
    header.salt = salt;
    header.region = static_cast<std::uint8_t>(origin_.region);
    header.node = static_cast<std::uint8_t>(origin_.node);
    TRY(internal::begin_segment(*options_.files, options_.folder, *next, header));
    file_ = std::move(next);
    write_at_ = segment_header_size;
    spare_.used();
    const std::scoped_lock lock(mutex_);
    active_first_offset_ = first_offset;
    return {};
  }

  // The first failure is final: after a failed fdatasync nobody knows what the disk holds, and a
  // second one would say that all is well.
  void fail(const Error& error) {
    const std::scoped_lock lock(failure_mutex_);
    if (failure_) return;
    failure_.emplace(error.code() == Code::corrupt ? Code::corrupt : Code::io,
                     "the journal stopped: " + error.message());
    is_failed_.store(true, std::memory_order_release);
    log::error("journal", "stopped: a write or sync failed",
               {{"folder", options_.folder}, {"error", error.to_string()}});
  }

  Error failure() const {
    const std::scoped_lock lock(failure_mutex_);
    return *failure_;
  }

  void add_gauges() {
    if (!options_.metrics) return;
    const metrics::Labels labels{
        {"journal", options_.folder.substr(options_.folder.find_last_of('/') + 1)}};
    metrics_.gauges.push_back(options_.metrics->gauge_from(
        "matsuri_journal_health", "0 good, 1 slow sync, 2 no next segment, 3 failed.", labels,
        [this] { return static_cast<double>(health()); }));
    metrics_.gauges.push_back(options_.metrics->gauge_from(
        "matsuri_journal_durable_offset", "Records of this incarnation.", labels,
        [this] { return static_cast<double>(durable_offset()); }));
  }

  const WriterOptions options_;
  const std::unique_ptr<io::FileLock> folder_lock_;
  JournalFile journal_;  // retention_mutex_ guards it
  const Origin origin_;
  internal::WriterMetrics metrics_;

  // The flusher's own.
  std::unique_ptr<io::File> file_;
  std::uint64_t write_at_;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable work_;
  Batch batches_[2];
  Batch* filling_ = &batches_[0];
  std::uint64_t room_;  // bytes of the segment that no taken batch has
  std::uint64_t active_first_offset_;
  std::uint32_t last_count_ = 0;  // records of the batch that was taken last
  bool is_flushing_ = false;
  bool is_woken_ = false;
  bool is_stopped_ = false;

  std::atomic<std::uint32_t> salt_;
  std::atomic<std::uint64_t> durable_offset_;
  std::atomic<std::int64_t> write_started_us_{0};
  std::atomic<bool> is_failed_{false};
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;
  internal::Listeners listeners_;
  std::mutex retention_mutex_;
  internal::SpareMaker spare_;
  std::thread flusher_;
};

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::~Writer() = default;

Result<std::unique_ptr<Writer>> Writer::open(WriterOptions options) {
  // A batch of the largest size must fit into an empty segment.
  MATSURI_ASSERT(options.batch_body_size_max % 8 == 0 &&
                     options.batch_body_size_max <= std::numeric_limits<std::uint32_t>::max(),
                 "batch_body_size_max is a multiple of 8");
  MATSURI_ASSERT(options.segment_size >=
                     segment_header_size + sizeof(BatchHeader) + options.batch_body_size_max,
                 "a segment holds at least one batch");
  io::FileSystem& files = *options.files;
  TRY(files.make_folders(options.folder));
  TRY_ASSIGN(auto lock, files.lock(internal::path_in(options.folder, lock_file_name)));
  TRY_ASSIGN(auto open, internal::open_folder(files, options.folder,
                                              {.region = options.region,
                                               .node = options.node,
                                               .segment_size = options.segment_size,
                                               .unix_ms = options.clock->unix_ms()},
                                              *options.random));
  return std::unique_ptr<Writer>(
      new Writer(std::make_unique<Impl>(std::move(options), std::move(lock), std::move(open))));
}

Result<void> Writer::append(const RecordHeader& header, Bytes payload, io::Executor& executor,
                            Completion completion) {
  MATSURI_ASSERT(payload.size() <= record_payload_size_max);
  return impl_->append(header, payload, executor, std::move(completion));
}

Result<void> Writer::append_all(const std::vector<Entry>& entries, io::Executor& executor,
                                Completion completion) {
  return impl_->append_all(entries, executor, std::move(completion));
}

Result<Position> Writer::append_and_wait(const RecordHeader& header, Bytes payload) {
  MATSURI_ASSERT(payload.size() <= record_payload_size_max);
  return impl_->append_and_wait(header, payload);
}

Origin Writer::origin() const { return impl_->origin(); }
std::uint64_t Writer::durable_offset() const { return impl_->durable_offset(); }
Health Writer::health() const { return impl_->health(); }

std::shared_ptr<void> Writer::on_durable(std::function<void()> listener) {
  return impl_->on_durable(std::move(listener));
}

Result<void> Writer::drop_applied(const std::vector<Position>& applied, std::uint64_t keep_bytes) {
  return impl_->drop_applied(applied, keep_bytes);
}

}  // namespace matsuri::journal
