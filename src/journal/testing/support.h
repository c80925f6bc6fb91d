// What all tests of the journal need: a simulated machine, and short ways to write and read on it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/sim_disk.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal/testing/history.h"
#include "journal/writer.h"

namespace matsuri::journal::testing {

// Thousands of torn tails are cut here.
inline const bool is_quiet = [] {
  log::configure(log::Level::error, log::Format::text);
  return true;
}();

inline constexpr std::int64_t now_ms = 1'760'000'000'000;
inline constexpr std::uint64_t small_segment_size = 16 << 10;
inline constexpr std::size_t small_batch_size = 8 << 10;

inline std::uint64_t seed_of_run() {
  const char* given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : io::system_random().next_u64();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// Where a completion leaves its answer.
class Answer {
 public:
  Writer::Completion completion() {
    return [this](Result<Position> result) {
      const std::scoped_lock lock(mutex_);
      EXPECT_FALSE(result_) << "a completion ran twice";
      result_.emplace(std::move(result));
      given_.notify_all();  // Under the lock: whoever waited may destroy this at once.
    };
  }
  Result<Position> wait() {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [&] { return result_.has_value(); });
    return *result_;
  }
  bool is_given() const {
    const std::scoped_lock lock(mutex_);
    return result_.has_value();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable given_;
  std::optional<Result<Position>> result_;
};

// Waits for what another thread does.
template <class Condition>
void wait_until(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::microseconds(200));
}

// A machine with a disk of its own.
class Machine {
 public:
  WriterOptions options(const std::string& folder = "journal") {
    WriterOptions options;
    options.folder = folder;
    options.region = Region{2};
    options.node = Node{7};
    options.segment_size = small_segment_size;
    options.batch_body_size_max = small_batch_size;
    options.files = &disk;
    options.clock = &clock;
    options.random = &random;
    return options;
  }
  std::unique_ptr<Writer> open(const std::string& folder = "journal") {
    auto writer = Writer::open(options(folder));
    EXPECT_TRUE(writer.ok()) << writer.error().to_string();
    return writer.ok() ? std::move(writer).value() : nullptr;
  }
  // Appends one record for which the journal must have room sooner or later.
  Position append(Writer& writer, std::size_t payload_size = 100) {
    const std::uint64_t id = next_id++;
    const std::string payload = payload_of(id, payload_size);
    history.ask(id, payload);
    for (;;) {
      const auto done = writer.append_and_wait(header_of(id), as_bytes(payload));
      if (done.ok()) {
        history.answer(id, *done);
        return *done;
      }
      if (done.error().code() != Code::busy) {
        ADD_FAILURE() << done.error().to_string();
        return {};
      }
      std::this_thread::yield();  // The next segment is on its way.
    }
  }
  // The names of the segments.
  std::vector<std::string> segments(const std::string& folder = "journal") {
    std::vector<std::string> names = disk.list(folder).value();
    std::erase_if(names, [](const std::string& name) { return !parse_segment_name(name); });
    return names;
  }
  std::string content(const std::string& path) {
    return io::read_file(disk, path, std::size_t{64} << 20).value();
  }
  // Replaces a file, durably.
  void replace(const std::string& path, std::string_view bytes) {
    const auto file = disk.open(path, io::OpenMode::create).value();
    ASSERT_TRUE(file->truncate(0).ok());
    ASSERT_TRUE(file->write_at(0, as_bytes(bytes)).ok());
    ASSERT_TRUE(file->sync_data().ok());
    ASSERT_TRUE(disk.sync_folder(io::folder_of(path)).ok());
  }
  void copy_folder(const std::string& from, const std::string& to) {
    ASSERT_TRUE(disk.make_folders(to).ok());
    for (const std::string& name : disk.list(from).value())
      if (name != lock_file_name) replace(to + "/" + name, content(from + "/" + name));
  }

  io::SimDisk disk;
  io::ManualClock clock{now_ms};
  io::SeededRandom random{42};
  History history;
  std::uint64_t next_id = 1;
};

}  // namespace matsuri::journal::testing
