#include "journal/internal/batch.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstring>

#include "base/assert.h"

namespace matsuri::journal::internal {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "the kernel looks at the number itself");

void Turnstile::wait(std::uint32_t ticket) {
  while (turn_.load(std::memory_order_acquire) == ticket)
    ::syscall(SYS_futex, &turn_, FUTEX_WAIT_PRIVATE, ticket, nullptr, nullptr, 0);
}

void Turnstile::open(bool anybody) {
  turn_.fetch_add(1, std::memory_order_release);
  if (anybody) ::syscall(SYS_futex, &turn_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

Batch::Batch(std::size_t body_size_max)
    : body_size_max_(body_size_max),
      // Not initialised: pages that no batch reaches are never touched.
      bytes_(new std::byte[sizeof(BatchHeader) + body_size_max]) {}

void Batch::begin(std::uint64_t offset_first, std::uint32_t salt) {
  MATSURI_ASSERT(groups_.empty() && sleeper_count_ == 0, "whoever waits must have been told");
  body_size_ = 0;
  count_ = 0;
  offset_first_ = offset_first;
  salt_ = salt;
}

std::uint64_t Batch::add(StoredHeader header, Bytes payload, std::uint32_t salt) {
  if (salt != salt_) header.checksum = record_checksum(header, payload, salt_);
  std::byte* at = bytes_.get() + sizeof(BatchHeader) + body_size_;
  const std::size_t stride = record_stride(payload.size());
  MATSURI_DEBUG_ASSERT(fits(stride));
  std::memset(at + stride - 8, 0, 8);  // The padding; the payload overwrites what is not.
  std::memcpy(at, &header, sizeof header);
  if (!payload.empty()) std::memcpy(at + sizeof header, payload.data(), payload.size());
  body_size_ += stride;
  return offset_first_ + count_++;
}

Batch::Group& Batch::group_of(io::Executor& executor) {
  // There are as many executors as I/O threads: a handful.
  for (Group& group : groups_)
    if (group.executor == &executor) return group;
  return groups_.emplace_back(&executor, std::vector<Told>());
}

void Batch::tell(io::Executor& executor, std::uint64_t offset, Writer::Completion completion) {
  group_of(executor).told.push_back({offset, std::move(completion)});
}

Bytes Batch::seal(std::uint32_t salt, std::int64_t unix_ms) {
  std::byte* const body = bytes_.get() + sizeof(BatchHeader);
  if (salt != salt_) {
    for (std::size_t at = 0; at < body_size_;) {
      StoredHeader header;
      std::memcpy(&header, body + at, sizeof header);
      header.checksum = record_checksum(header, {body + at + sizeof header, header.length}, salt);
      std::memcpy(body + at, &header, sizeof header);
      at += record_stride(header.length);
    }
    salt_ = salt;
  }
  BatchHeader header{};
  header.body_size = static_cast<std::uint32_t>(body_size_);
  header.offset_first = offset_first_;
  header.time_ms = unix_ms;
  header.count = count_;
  std::memcpy(bytes_.get(), &header, sizeof header);
  const Bytes batch(bytes_.get(), size());
  header.checksum = batch_checksum(batch, salt);
  std::memcpy(bytes_.get(), &header.checksum, sizeof header.checksum);
  return batch;
}

void Batch::finish(const Origin& origin, const Result<void>& result) {
  turnstile_.open(sleeper_count_ > 0);
  sleeper_count_ = 0;
  for (Group& group : groups_) {
    group.executor->post([origin, result, told = std::move(group.told)]() mutable {
      for (Told& one : told) {
        if (result.ok())
          one.completion(Position{.origin = origin, .offset = one.offset});
        else
          one.completion(result.error());
      }
    });
  }
  groups_.clear();
}

}  // namespace matsuri::journal::internal
