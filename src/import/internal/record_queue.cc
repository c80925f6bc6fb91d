#include "import/internal/record_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace matsuri::imports::internal {
namespace {

// Records that are appended together; far below the journal's bound for one batch.
constexpr std::size_t chunk_count_max = 512;
constexpr std::int64_t wait_ms = 100;
constexpr std::chrono::milliseconds busy_wait(2);

}  // namespace

RecordQueue::RecordQueue(journal::Writer& journal, stream::Stream& stream,
                         std::size_t unapplied_count_max)
    : journal_(journal),
      stream_(stream),
      unapplied_count_max_(unapplied_count_max),
      shared_(std::make_shared<Shared>()) {}

RecordQueue::~RecordQueue() {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->durable_count == shared_->chunks.size(); });
}

Result<std::size_t> RecordQueue::append(std::vector<Record> records, const GoOn& go_on) {
  std::size_t count = 0;
  while (count < records.size()) {
    TRY(forget_applied());
    if (record_count_ >= unapplied_count_max_) {
      if (!go_on()) return count;
      wait_a_little();
      continue;
    }
    const std::size_t room = std::min(chunk_count_max, unapplied_count_max_ - record_count_);
    const std::size_t size = std::min(room, records.size() - count);
    TRY_ASSIGN(const bool appended, try_append(std::span(records).subspan(count, size)));
    if (appended)
      count += size;
    else if (!go_on())
      return count;
  }
  return count;
}

Result<bool> RecordQueue::try_append(std::span<Record> records) {
  std::vector<journal::Writer::Entry> entries;
  Chunk chunk;
  chunk.record_count = records.size();
  for (Record& record : records) {
    entries.push_back(std::move(record.entry));
    if (!record.key.empty()) chunk.keys.push_back(record.key);
  }
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->chunks.push_back(std::move(chunk));
  }
  const Result<void> taken =
      journal_.append_all(entries, inline_, [shared = shared_](const Result<Position>& position) {
        const std::scoped_lock lock(shared->mutex);
        // Appends of one thread are answered in their order.
        Chunk& done = shared->chunks[shared->durable_count++];
        if (position.ok())
          done.end = *position;
        else if (!shared->error)
          shared->error = position.error();
        shared->changed.notify_all();
      });
  if (taken.ok()) {
    record_count_ += records.size();
    for (Record& record : records)
      if (!record.key.empty()) posts_.emplace(std::move(record.key), record.post);
    return true;
  }
  std::unique_lock lock(shared_->mutex);
  shared_->chunks.pop_back();
  if (taken.error().code() != Code::busy) return taken.error();
  if (journal_.health() == journal::Health::disk_full)
    return Error(Code::exhausted, "the disk is full: " + taken.error().message());
  for (std::size_t index = 0; index < records.size(); ++index)
    records[index].entry = std::move(entries[index]);
  shared_->changed.wait_for(lock, busy_wait);
  return false;
}

Result<void> RecordQueue::forget_applied() {
  std::unique_lock lock(shared_->mutex);
  if (shared_->error) return *shared_->error;
  while (shared_->durable_count > 0) {
    PositionSet end;
    end.raise(shared_->chunks.front().end);
    lock.unlock();
    if (!stream_.has_passed(end)) return {};
    lock.lock();
    for (const std::string& key : shared_->chunks.front().keys) posts_.erase(key);
    record_count_ -= shared_->chunks.front().record_count;
    shared_->chunks.pop_front();
    --shared_->durable_count;
  }
  return {};
}

void RecordQueue::wait_a_little() {
  std::unique_lock lock(shared_->mutex);
  if (shared_->durable_count == 0) {
    shared_->changed.wait_for(lock, std::chrono::milliseconds(wait_ms));
    return;
  }
  PositionSet end;
  end.raise(shared_->chunks.front().end);
  lock.unlock();
  const auto answered = std::make_shared<bool>(false);  // guarded by the mutex
  stream_.when_passed(end, wait_ms, [shared = shared_, answered](bool) {
    const std::scoped_lock inner(shared->mutex);
    *answered = true;
    shared->changed.notify_all();
  });
  lock.lock();
  shared_->changed.wait(lock, [&] { return *answered; });
}

Result<bool> RecordQueue::finish(const GoOn& go_on) {
  for (;;) {
    TRY(forget_applied());
    if (record_count_ == 0) return true;
    if (!go_on()) return false;
    wait_a_little();
  }
}

Result<void> RecordQueue::finish_durable() {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->durable_count == shared_->chunks.size(); });
  if (shared_->error) return *shared_->error;
  return {};
}

}  // namespace matsuri::imports::internal
