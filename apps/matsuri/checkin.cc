#include "checkin.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "broadcast/programmes.h"
#include "checkin/query.h"
#include "journal/format.h"
#include "node.h"

namespace matsuri {
namespace {

constexpr std::chrono::seconds look_period{1};

bool is_journal(io::FileSystem& files, const std::string& folder) {
  const auto exists = files.exists(folder + '/' + std::string(journal::journal_file_name));
  return exists.ok() && *exists;
}

}  // namespace

std::vector<std::string> closure_journals(io::FileSystem& files, const Config& config) {
  std::vector<std::string> folders = config.checkin_journals;
  std::ranges::move(broadcast::data_folders(files, DataFolder{config.data}.programmes()),
                    std::back_inserter(folders));
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    if (is_journal(files, folder)) found.push_back(folder);
    const auto names = files.list(folder);
    if (!names.ok()) continue;
    for (const std::string& name : *names)
      if (is_journal(files, folder + '/' + name)) found.push_back(folder + '/' + name);
  }
  return found;
}

Result<std::uint64_t> place_of_inbox(sql::Db& checkin, const journal::InboxFileId& file) {
  std::uint64_t offset = 0;
  TRY(checkin.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(offset, checkin::read_place(connection, file));
    return {};
  }));
  return offset;
}

JournalFollower::JournalFollower(stream::Stream& stream,
                                 std::function<std::vector<std::string>()> find)
    : stream_(stream), find_(std::move(find)), thread_([this] { loop(); }) {}

JournalFollower::~JournalFollower() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void JournalFollower::loop() {
  std::string trouble;
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    lock.unlock();
    std::string now;
    // What is followed already changes nothing.
    for (const std::string& path : find_())
      if (const auto added = stream_.add_journal(path, nullptr); !added.ok())
        now = added.error().to_string();
    if (!now.empty() && now != trouble)
      log::warn("matsuri", "a closure's journal can't be followed", {{"error", now}});
    trouble = now;
    lock.lock();
    wake_.wait_for(lock, look_period, [this] { return is_ending_; });
  }
}

}  // namespace matsuri
