// A disk that is slow or broken at a moment that the test chooses.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/sim_disk.h"
#include "journal/format.h"

namespace matsuri::journal::testing {

// Holds the disk's syncs up while it is closed, and can make them fail.
class Gate {
 public:
  explicit Gate(io::SimDisk& disk) : disk_(disk) {
    disk_.on_operation([this](io::DiskOperation operation, const std::string& path) {
      return pass(operation, path);
    });
  }
  ~Gate() {
    open();
    disk_.on_operation(nullptr);
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  void open() {
    {
      const std::scoped_lock lock(mutex_);
      is_closed_ = false;
    }
    changed_.notify_all();
  }
  // From now on, operations of that kind on a file whose name ends so get this error.
  void fail(io::DiskOperation kind, const std::string& suffix, Error error) {
    const std::scoped_lock lock(mutex_);
    failing_.push_back({kind, suffix, std::move(error)});
  }
  void forgive() {
    const std::scoped_lock lock(mutex_);
    failing_.clear();
  }
  // REQUIRES: the journal was there when the gate was made, and was opened since.
  void wait_for_spare() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return spare_was_synced_; });
    spare_was_synced_ = false;
  }
  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_count_ > 0; });
  }

 private:
  struct Failing {
    io::DiskOperation kind;
    std::string suffix;
    Error error;
  };

  Result<void> pass(io::DiskOperation operation, const std::string& path) {
    std::unique_lock lock(mutex_);
    const bool is_held = (operation == io::DiskOperation::sync_data && path.ends_with(".seg")) ||
                         operation == io::DiskOperation::sync_folder;
    if (is_held && is_closed_) {
      ++held_count_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !is_closed_; });
      --held_count_;
    }
    for (const Failing& failing : failing_)
      if (failing.kind == operation && path.ends_with(failing.suffix)) return failing.error;
    if (operation == io::DiskOperation::sync_data && path.ends_with(spare_file_name)) {
      spare_was_synced_ = true;
      changed_.notify_all();
    }
    return {};
  }

  io::SimDisk& disk_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_closed_ = false;
  int held_count_ = 0;
  bool spare_was_synced_ = false;
  std::vector<Failing> failing_;
};

}  // namespace matsuri::journal::testing
