#include "journal/id_maker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/log.h"

namespace matsuri::journal {
namespace {

// The file: magic (8), checksum of what follows (4), version (4), ceiling in Unix milliseconds (8).
constexpr std::string_view file_magic = "MTSRIDCL";
constexpr std::size_t file_size = 24;
constexpr std::size_t checked_from = 12;
constexpr std::uint32_t file_version = 1;

// An id without its maker's bits: milliseconds since id_epoch_unix_ms, and sequence. It counts on
// into the next millisecond by itself.
constexpr int sequence_bits = 11;
static_assert((std::uint64_t{1} << sequence_bits) - 1 == id_sequence_max);

std::uint64_t tick_of(std::int64_t unix_ms) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms - id_epoch_unix_ms, 0))
         << sequence_bits;
}

std::int64_t unix_ms_of(std::uint64_t tick) {
  return static_cast<std::int64_t>(tick >> sequence_bits) + id_epoch_unix_ms;
}

std::string encode_file(std::int64_t ceiling_ms) {
  std::string out(file_size, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(out));
  std::memcpy(out.data(), file_magic.data(), file_magic.size());
  store(bytes, 12, file_version);
  store(bytes, 16, ceiling_ms);
  store(bytes, 8, crc32c(as_bytes(out).subspan(checked_from)));
  return out;
}

Result<std::int64_t> decode_file(std::string_view content) {
  const Bytes bytes = as_bytes(content);
  if (content.size() != file_size || !content.starts_with(file_magic) ||
      load<std::uint32_t>(bytes, 8) != crc32c(bytes.subspan(checked_from)))
    return Error(Code::corrupt, "the ceiling of the ids is damaged");
  if (load<std::uint32_t>(bytes, 12) != file_version)
    return Error(Code::invalid, "the ceiling of the ids has an unknown version");
  return load<std::int64_t>(bytes, 16);
}

}  // namespace

class IdMaker::Impl {
 public:
  explicit Impl(IdMakerOptions options)
      : options_(std::move(options)),
        region_bits_(compose_id({.unix_ms = id_epoch_unix_ms,
                                 .region = options_.region,
                                 .node = options_.node,
                                 .sequence = 0})) {}

  ~Impl() {
    if (!thread_.joinable()) return;
    {
      const std::scoped_lock lock(mutex_);
      is_stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
    // Gives back what was reserved and not used, so that the next start need not skip it.
    const std::int64_t used_ms = unix_ms_of(last_.load()) + 1;
    if (used_ms < ceiling_ms_.load()) static_cast<void>(save(used_ms));
  }

  Result<void> open() {
    const auto ceiling_ms = read_id_ceiling(*options_.files, options_.path);
    if (!ceiling_ms.ok() && ceiling_ms.error().code() != Code::not_found) return ceiling_ms.error();
    // Every id that an earlier maker made lies below its ceiling.
    const std::uint64_t begin =
        tick_of(std::max(ceiling_ms.value_or(0), options_.clock->unix_ms()));
    last_ = std::max<std::uint64_t>(begin, 1) - 1;
    TRY(reserve());
    thread_ = std::thread([this] { run(); });
    return {};
  }

  Result<std::uint64_t> next() {
    const std::uint64_t now = tick_of(options_.clock->unix_ms());
    std::uint64_t last = last_.load(std::memory_order_relaxed);
    std::uint64_t made;
    do {
      made = std::max(last + 1, now);
      if (unix_ms_of(made) >= ceiling_ms_.load(std::memory_order_acquire)) {
        hurry();
        return Error(Code::busy, "the reservation of ids is not yet extended");
      }
    } while (!last_.compare_exchange_weak(last, made, std::memory_order_relaxed));
    if (ceiling_ms_.load(std::memory_order_relaxed) - unix_ms_of(made) < options_.reserve_ms / 16)
      hurry();
    return id_of(made);
  }

  Result<void> observe(std::uint64_t id) {
    const IdParts parts = parts_of(id);
    if (parts.unix_ms > options_.clock->unix_ms() + id_ahead_ms_max)
      return Error(Code::invalid, "an id is too far ahead of the clock");
    // Between two makers the one with the greater region and node makes the greater ids of a
    // millisecond, whatever their sequences.
    std::uint64_t seen = tick_of(parts.unix_ms) | parts.sequence;
    if (id_of(seen) < id) seen |= id_sequence_max;
    std::uint64_t last = last_.load(std::memory_order_relaxed);
    while (last < seen && !last_.compare_exchange_weak(last, seen, std::memory_order_relaxed)) {
    }
    if (ceiling_ms_.load(std::memory_order_relaxed) - parts.unix_ms < options_.reserve_ms / 16)
      hurry();
    return {};
  }

 private:
  std::uint64_t id_of(std::uint64_t tick) const {
    const std::uint64_t ms = tick >> sequence_bits;
    return ms << 22 | region_bits_ | (tick & id_sequence_max);
  }

  void hurry() {
    if (is_hurried_.exchange(true, std::memory_order_acq_rel)) return;
    {
      const std::scoped_lock lock(mutex_);
    }  // The thread is asleep, or looks before it sleeps.
    changed_.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex_);
    bool is_failing = false;
    while (!is_stopped_) {
      const auto pause = is_failing ? std::chrono::milliseconds(100)
                                    : std::chrono::milliseconds(options_.reserve_ms / 4);
      changed_.wait_for(lock, pause, [&] { return is_stopped_ || is_hurried_.load(); });
      if (is_stopped_) return;
      is_hurried_ = false;
      lock.unlock();
      const Result<void> reserved = reserve();
      if (!reserved.ok() && !is_failing)
        log::error("journal", "the reservation of ids can't be extended",
                   {{"error", reserved.error().to_string()}});
      is_failing = !reserved.ok();
      lock.lock();
    }
  }

  // Extends the reservation where less than half of it is left of the clock's time, or next to
  // nothing of the ids'. The ids get less of it than the clock where they are ahead, as they are
  // after a crash: else a process that is killed and started ten times would be forty seconds
  // ahead.
  Result<void> reserve() {
    const std::int64_t ceiling_ms = ceiling_ms_.load(std::memory_order_relaxed);
    const std::int64_t clock_ms = options_.clock->unix_ms();
    const std::int64_t last_ms = unix_ms_of(last_.load(std::memory_order_relaxed));
    if (ceiling_ms - clock_ms > options_.reserve_ms / 2 &&
        ceiling_ms - last_ms > options_.reserve_ms / 16)
      return {};
    const std::int64_t next_ms =
        std::max(clock_ms + options_.reserve_ms, last_ms + options_.reserve_ms / 8);
    if (next_ms <= ceiling_ms) return {};
    TRY(save(next_ms));
    ceiling_ms_.store(next_ms, std::memory_order_release);
    return {};
  }

  Result<void> save(std::int64_t ceiling_ms) {
    return io::replace_file(*options_.files, options_.path, as_bytes(encode_file(ceiling_ms)));
  }

  const IdMakerOptions options_;
  const std::uint64_t region_bits_;
  std::atomic<std::uint64_t> last_{0};       // the newest tick that was given out or seen
  std::atomic<std::int64_t> ceiling_ms_{0};  // durable: all ids given out are below
  std::atomic<bool> is_hurried_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopped_ = false;
  std::thread thread_;
};

IdMaker::IdMaker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IdMaker::~IdMaker() = default;

Result<std::int64_t> read_id_ceiling(io::FileSystem& files, const std::string& path) {
  auto content = io::read_file(files, path, file_size);
  if (content.ok()) return within(path, decode_file(content.value()));
  if (content.error().code() == Code::invalid)
    return Error(Code::corrupt, content.error().message());
  return std::move(content).error();
}

Result<std::unique_ptr<IdMaker>> IdMaker::open(IdMakerOptions options) {
  MATSURI_ASSERT(options.node != import_node, "imports keep their original times");
  auto impl = std::make_unique<Impl>(std::move(options));
  TRY(impl->open());
  return std::unique_ptr<IdMaker>(new IdMaker(std::move(impl)));
}

Result<std::uint64_t> IdMaker::next() { return impl_->next(); }
Result<void> IdMaker::observe(std::uint64_t id) { return impl_->observe(id); }

}  // namespace matsuri::journal
