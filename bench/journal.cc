// The journal beside SQLite in WAL mode with synchronous=FULL and group commit: as many durable
// records a second, at what cost of CPU; and one waiting writer beside the bare fdatasync.
//
// Both sides get the same payloads and the same way to sleep. SQLite's writer thread commits
// whatever waits when the last commit ended, just as the journal does. [16x64] sets what our
// servers do, few threads that never wait, against what an application does with SQL, a thread for
// each commit; [16x64-both] gives SQLite the same threads and as much in flight.
#include <fcntl.h>
#include <linux/futex.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/mailbox.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "journal/reader.h"
#include "journal/writer.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t payload_size = 200;
constexpr int in_flight_max = 64;

// What is written is known again when it is read: who wrote it, and as which of its records.
std::string payload_of(std::uint64_t thread, std::uint64_t index) {
  std::string payload(payload_size, 'x');
  std::memcpy(payload.data(), &thread, sizeof thread);
  std::memcpy(payload.data() + 8, &index, sizeof index);
  return payload;
}

// One side of the comparison.
class Log {
 public:
  virtual ~Log() = default;
  virtual void append_and_wait(const std::string& payload) = 0;
  // `counted` goes down when the record is durable, on the mailbox's thread.
  virtual void append(const std::string& payload, Mailbox& mailbox, int& in_flight) = 0;
  // Closes, opens again, and counts; each record must be what a thread wrote, in its order.
  virtual bool holds(const std::vector<std::uint64_t>& counts) = 0;
};

bool is_next(const void* bytes, std::size_t size, std::vector<std::uint64_t>& counts) {
  std::uint64_t thread, index;
  if (size != payload_size) return false;
  std::memcpy(&thread, bytes, sizeof thread);
  std::memcpy(&index, static_cast<const char*>(bytes) + 8, sizeof index);
  return thread < counts.size() && counts[thread]++ == index;
}

class JournalLog final : public Log {
 public:
  JournalLog() {
    options_.folder = folder_.path() + "/journal";
    auto writer = journal::Writer::open(options_);
    if (!writer.ok()) give_up(writer.error().to_string());
    writer_ = std::move(writer).value();
  }

  void append_and_wait(const std::string& payload) override {
    for (;;) {
      const auto done = writer_->append_and_wait(header_, as_bytes(payload));
      if (done.ok()) return;
      if (done.error().code() != Code::busy) give_up(done.error().to_string());
      std::this_thread::yield();
    }
  }

  void append(const std::string& payload, Mailbox& mailbox, int& in_flight) override {
    for (;;) {
      const auto taken =
          writer_->append(header_, as_bytes(payload), mailbox, [&](Result<Position> done) {
            if (!done.ok()) give_up(done.error().to_string());
            --in_flight;
          });
      if (taken.ok()) return;
      if (taken.error().code() != Code::busy) give_up(taken.error().to_string());
      std::this_thread::yield();
    }
  }

  bool holds(const std::vector<std::uint64_t>& counts) override {
    const std::uint64_t durable = writer_->durable_offset();
    const Origin origin = writer_->origin();
    writer_.reset();
    auto again = journal::Writer::open(options_);
    if (!again.ok() || again.value()->durable_offset() != durable) return false;
    auto reader = journal::Reader::open(io::posix_files(), options_.folder, origin);
    if (!reader.ok()) return false;
    std::vector<std::uint64_t> seen(counts.size());
    std::vector<journal::StoredRecord> records;
    do {
      if (!reader.value()->read(durable, 16'384, std::size_t{16} << 20, records).ok()) return false;
      for (const journal::StoredRecord& record : records)
        if (!is_next(record.payload.data(), record.payload.size(), seen)) return false;
    } while (!records.empty());
    return seen == counts;
  }

 private:
  Folder folder_;
  journal::WriterOptions options_;
  RecordHeader header_{.id = 1,
                       .unix_ms = 1,
                       .account = AccountId{1},
                       .key = {},
                       .fingerprint = 0,
                       .kind = EventKind::publish_post};
  std::unique_ptr<journal::Writer> writer_;
};

class SqliteLog final : public Log {
 public:
  SqliteLog() {
    open();
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
    execute("CREATE TABLE record(number INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
    if (sqlite3_prepare_v2(db_, "INSERT INTO record(payload) VALUES(?)", -1, &insert_, nullptr) !=
        SQLITE_OK)
      give_up(sqlite3_errmsg(db_));
    writer_ = std::thread([this] { run(); });
  }
  ~SqliteLog() override { close(); }

  void append_and_wait(const std::string& payload) override {
    std::unique_lock lock(mutex_);
    Batch& batch = *filling_;
    batch.payloads.push_back(&payload);
    ++batch.sleeper_count;
    const std::uint32_t turn = batch.turn.load(std::memory_order_relaxed);
    const bool must_wake = is_idle_;
    is_idle_ = false;
    lock.unlock();
    if (must_wake) work_.notify_one();
    while (batch.turn.load(std::memory_order_acquire) == turn)
      ::syscall(SYS_futex, &batch.turn, FUTEX_WAIT_PRIVATE, turn, nullptr, nullptr, 0);
  }

  void append(const std::string& payload, Mailbox& mailbox, int& in_flight) override {
    std::unique_lock lock(mutex_);
    Batch& batch = *filling_;
    batch.copies.push_back(payload);
    auto group = std::find_if(batch.groups.begin(), batch.groups.end(),
                              [&](const Group& one) { return one.mailbox == &mailbox; });
    if (group == batch.groups.end())
      group =
          batch.groups.insert(group, {.mailbox = &mailbox, .in_flight = &in_flight, .count = 0});
    ++group->count;
    const bool must_wake = is_idle_;
    is_idle_ = false;
    lock.unlock();
    if (must_wake) work_.notify_one();
  }

  bool holds(const std::vector<std::uint64_t>& counts) override {
    close();
    open();
    sqlite3_stmt* select = nullptr;
    sqlite3_prepare_v2(db_, "SELECT payload FROM record ORDER BY number", -1, &select, nullptr);
    std::vector<std::uint64_t> seen(counts.size());
    bool good = select != nullptr;
    while (good && sqlite3_step(select) == SQLITE_ROW)
      good = is_next(sqlite3_column_blob(select, 0),
                     static_cast<std::size_t>(sqlite3_column_bytes(select, 0)), seen);
    sqlite3_finalize(select);
    return good && seen == counts;
  }

 private:
  struct Group {
    Mailbox* mailbox;
    int* in_flight;
    int count;
  };
  struct Batch {
    std::vector<const std::string*> payloads;  // of callers that sleep
    std::vector<std::string> copies;           // of callers that do not
    std::vector<Group> groups;
    std::uint32_t sleeper_count = 0;
    std::atomic<std::uint32_t> turn{0};
  };

  void open() {
    if (sqlite3_open((folder_.path() + "/records.sqlite").c_str(), &db_) != SQLITE_OK)
      give_up("sqlite3_open");
  }
  void close() {
    if (writer_.joinable()) {
      {
        const std::scoped_lock lock(mutex_);
        is_stopped_ = true;
      }
      work_.notify_one();
      writer_.join();
    }
    sqlite3_finalize(insert_);
    insert_ = nullptr;
    sqlite3_close(db_);
    db_ = nullptr;
  }
  void execute(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      give_up(sqlite3_errmsg(db_));
  }
  void insert(const std::string& payload) {
    sqlite3_bind_blob(insert_, 1, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
    if (sqlite3_step(insert_) != SQLITE_DONE) give_up(sqlite3_errmsg(db_));
    sqlite3_reset(insert_);
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (filling_->payloads.empty() && filling_->copies.empty()) {
        if (is_stopped_) return;
        is_idle_ = true;
        work_.wait(lock);
        is_idle_ = false;
      }
      Batch& batch = *filling_;
      filling_ = filling_ == &batches_[0] ? &batches_[1] : &batches_[0];
      lock.unlock();
      commit(batch);
      lock.lock();
    }
  }

  void commit(Batch& batch) {
    execute("BEGIN IMMEDIATE");
    for (const std::string* payload : batch.payloads) insert(*payload);
    for (const std::string& payload : batch.copies) insert(payload);
    execute("COMMIT");
    const bool anybody = batch.sleeper_count > 0;
    batch.payloads.clear();
    batch.copies.clear();
    batch.sleeper_count = 0;
    std::vector<Group> groups = std::move(batch.groups);
    batch.groups.clear();
    batch.turn.fetch_add(1, std::memory_order_release);
    if (anybody)
      ::syscall(SYS_futex, &batch.turn, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    for (const Group& group : groups)
      group.mailbox->post([group] { *group.in_flight -= group.count; });
  }

  Folder folder_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::mutex mutex_;
  std::condition_variable work_;
  Batch batches_[2];
  Batch* filling_ = &batches_[0];
  bool is_idle_ = false;
  bool is_stopped_ = false;
  std::thread writer_;
};

// What each thread of a load does until it is told to stop; returns its number of records.
using Loop = std::function<std::uint64_t(Log&, std::uint64_t thread, const std::atomic<bool>&)>;

std::uint64_t wait_for_each(Log& log, std::uint64_t thread, const std::atomic<bool>& is_over) {
  std::uint64_t index = 0;
  while (!is_over.load(std::memory_order_relaxed)) log.append_and_wait(payload_of(thread, index++));
  return index;
}

std::uint64_t keep_in_flight(Log& log, std::uint64_t thread, const std::atomic<bool>& is_over) {
  Mailbox mailbox;
  int in_flight = 0;
  std::uint64_t index = 0;
  while (!is_over.load(std::memory_order_relaxed)) {
    for (; in_flight < in_flight_max; ++in_flight)
      log.append(payload_of(thread, index++), mailbox, in_flight);
    mailbox.run();
  }
  while (in_flight > 0) mailbox.run();
  return index;
}

struct Load {
  std::size_t thread_count;
  Loop loop;
  std::string words;  // for people
};

// Records a second, and CPU microseconds a record.
std::vector<double> run_load(std::unique_ptr<Log> log, const Load& load, double seconds,
                             bool& checked) {
  std::atomic<bool> is_over = false;
  std::vector<std::uint64_t> counts(load.thread_count);
  std::vector<std::thread> threads;
  const double cpu_begin = cpu_seconds(), begin = seconds_now();
  for (std::size_t i = 0; i < load.thread_count; ++i)
    threads.emplace_back([&, i] { counts[i] = load.loop(*log, i, is_over); });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  const double took = seconds_now() - begin, cpu = cpu_seconds() - cpu_begin;
  std::uint64_t count = 0;
  for (const std::uint64_t one : counts) count += one;
  checked = log->holds(counts) && count > 0 && checked;
  return {static_cast<double>(count) / took, cpu * 1e6 / static_cast<double>(count)};
}

void bench_load(Report& report, const Options& options, const std::string& name, const Load& ours,
                const Load& theirs) {
  const double seconds = options.quick ? 0.2 : 1.5;
  bool checked = true;
  const auto figures = compare(
      options.quick ? 1 : 7,
      [&] { return run_load(std::make_unique<JournalLog>(), ours, seconds, checked); },
      [&] { return run_load(std::make_unique<SqliteLog>(), theirs, seconds, checked); });
  const std::string baseline = "SQLite WAL FULL, group commit, " + theirs.words;
  report.add({.name = name,
              .metric = "durable records",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = baseline,
              .better = Better::larger,
              .checked = checked});
  report.add({.name = name + "-cpu",
              .metric = "CPU per record",
              .figures = figures[1],
              .unit = "us",
              .baseline = baseline,
              .better = Better::smaller,
              .checked = checked});
}

// The median time of `count` calls, in microseconds.
template <class Call>
std::vector<double> median_us(int count, Call call) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const double begin = seconds_now();
    call(i);
    times.push_back((seconds_now() - begin) * 1e6);
  }
  return {median(times)};
}

std::vector<double> sync_only(int count) {
  const Folder folder;
  const std::string path = folder.path() + "/file";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string block(4096, 'x');
  if (file < 0 || ::fallocate(file, 0, 0, 64 << 20) != 0 || ::fdatasync(file) != 0)
    give_up("cannot allocate " + path);
  auto figures = median_us(count, [&](int i) {
    const off_t at = (static_cast<off_t>(i) * 4096) % (64 << 20);
    if (::pwrite(file, block.data(), block.size(), at) != 4096 || ::fdatasync(file) != 0)
      give_up("cannot write " + path);
  });
  ::close(file);
  return figures;
}

void bench_single(Report& report, const Options& options) {
  const int count = options.quick ? 200 : 4000;
  bool checked = true;
  const auto figures = compare(
      options.quick ? 1 : 9,
      [&] {
        JournalLog log;
        std::vector<std::string> payloads;
        for (int i = 0; i < count; ++i)
          payloads.push_back(payload_of(0, static_cast<std::uint64_t>(i)));
        auto times = median_us(
            count, [&](int i) { log.append_and_wait(payloads[static_cast<std::size_t>(i)]); });
        checked = log.holds({static_cast<std::uint64_t>(count)}) && checked;
        return times;
      },
      [&] { return sync_only(count); });
  report.add({.name = "single",
              .metric = "median latency",
              .figures = figures[0],
              .unit = "us",
              .baseline = "pwrite of 4 KiB, preallocated, and fdatasync",
              .better = Better::smaller,
              .checked = checked});
}

int run(int argc, char** argv) {
  const Options options = parse_options(argc, argv, "bench_journal: durable 200-byte records");
  Report report("journal", options);
  const Load waiting{64, wait_for_each, "64 waiting"};
  const Load in_flight{16, keep_in_flight, "16x64 in flight"};
  if (options.wants("w64")) bench_load(report, options, "w64", waiting, waiting);
  if (options.wants("16x64")) bench_load(report, options, "16x64", in_flight, waiting);
  if (options.wants("16x64-both")) bench_load(report, options, "16x64-both", in_flight, in_flight);
  if (options.wants("single")) bench_single(report, options);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) { return matsuri::bench::run(argc, argv); }
