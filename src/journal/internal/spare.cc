#include "journal/internal/spare.h"

#include <chrono>

#include "base/assert.h"
#include "base/log.h"
#include "journal/internal/folder.h"

namespace matsuri::journal::internal {
namespace {
constexpr std::chrono::seconds retry_after{1};
}

SpareMaker::SpareMaker(io::FileSystem& files, std::string folder, std::uint64_t segment_size)
    : files_(files), folder_(std::move(folder)), segment_size_(segment_size) {
  thread_ = std::thread([this] { run(); });
}

SpareMaker::~SpareMaker() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (!file_) return;
  file_.reset();
  // Only so that a stopped journal takes no more space than it needs; open() removes it otherwise.
  static_cast<void>(files_.remove(path_in(folder_, spare_file_name)));
}

std::unique_ptr<io::File> SpareMaker::take() {
  const std::scoped_lock lock(mutex_);
  MATSURI_ASSERT(file_ != nullptr);
  is_ready_ = false;
  return std::move(file_);
}

void SpareMaker::used() {
  {
    const std::scoped_lock lock(mutex_);
    is_wanted_ = true;
  }
  changed_.notify_all();
}

void SpareMaker::retry() {
  {
    const std::scoped_lock lock(mutex_);
    is_hurried_ = true;
  }
  changed_.notify_all();
}

void SpareMaker::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopped_) {
    if (is_wanted_) make(lock);
    if (is_stopped_) return;
    if (is_wanted_)
      changed_.wait_for(lock, retry_after, [&] { return is_stopped_ || is_hurried_; });
    else
      changed_.wait(lock, [&] { return is_stopped_ || is_wanted_; });
    is_hurried_ = false;
  }
}

void SpareMaker::make(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto made = make_spare(files_, folder_, segment_size_);
  lock.lock();
  if (made.ok()) {
    file_ = std::move(made).value();
    is_wanted_ = false;
    if (is_failing_.exchange(false))
      log::info("journal", "the next segment could be allocated", {{"folder", folder_}});
    is_ready_.store(true, std::memory_order_release);
  } else if (!is_failing_.exchange(true)) {
    log::error("journal", "the next segment can't be allocated; trying again every second",
               {{"folder", folder_}, {"error", made.error().to_string()}});
  }
}

}  // namespace matsuri::journal::internal
