#include "stream/internal/outbox_tail.h"

#include <utility>

namespace matsuri::stream::internal {
namespace {

std::size_t size_of(const Outbox::Rows& rows) {
  std::size_t size = rows.size() * sizeof(Outbox::Row);
  for (const Outbox::Row& row : rows) size += row.payload.size();
  return size;
}

}  // namespace

void OutboxTail::written(std::shared_ptr<const Outbox::Rows> rows) {
  const std::lock_guard lock(mutex_);
  written_.insert_or_assign(rows->back().offset, std::move(rows));
}

// What was written below and not named by now was rolled back, or is named a moment later: then it
// is read from the database.
void OutboxTail::committed(std::uint64_t last_offset) {
  const std::lock_guard lock(mutex_);
  const auto end = written_.upper_bound(last_offset);
  if (const auto found = written_.find(last_offset); found != written_.end()) {
    size_ += size_of(*found->second);
    committed_.insert(written_.extract(found));
  }
  written_.erase(written_.begin(), end);
  while (size_ > size_max_) forget_oldest();
}

void OutboxTail::dropped(std::uint64_t last_offset) {
  const std::lock_guard lock(mutex_);
  while (!committed_.empty() && committed_.begin()->second->front().offset <= last_offset)
    forget_oldest();
}

void OutboxTail::forget_oldest() {
  size_ -= size_of(*committed_.begin()->second);
  committed_.erase(committed_.begin());
}

std::shared_ptr<const Outbox::Rows> OutboxTail::find(std::uint64_t offset) const {
  const std::lock_guard lock(mutex_);
  const auto found = committed_.lower_bound(offset);
  if (found == committed_.end() || found->second->front().offset > offset) return nullptr;
  return found->second;
}

}  // namespace matsuri::stream::internal
