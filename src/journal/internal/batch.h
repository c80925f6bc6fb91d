// What waits for one commit: the bytes of a batch while it fills, and who is to be told.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/executor.h"
#include "journal/format.h"
#include "journal/writer.h"

namespace matsuri::journal::internal {

// Lets threads sleep until something happened once more. On futex(2): std::atomic::wait() of this
// library spins and yields first, which costs more than it saves where threads outnumber cores.
class Turnstile {
 public:
  // The ticket for the next open(). Take it before whatever makes open() come.
  std::uint32_t ticket() const { return turn_.load(std::memory_order_acquire); }
  // Returns when open() was called since the ticket was taken.
  void wait(std::uint32_t ticket);
  // Lets all through that have a ticket; without a system call where `anybody` is false.
  void open(bool anybody);

 private:
  std::atomic<std::uint32_t> turn_{0};
};

// A batch that fills. Not thread-safe, but for the turnstile: the Writer's mutex guards it while it
// fills, and whoever flushes owns it then. The memory is kept from batch to batch.
class Batch {
 public:
  explicit Batch(std::size_t body_size_max);

  // Empties it for records from `offset_first` on, in a segment with this salt.
  void begin(std::uint64_t offset_first, std::uint32_t salt);

  bool empty() const { return count_ == 0; }
  std::uint32_t count() const { return count_; }
  // Bytes on disk, the header included.
  std::size_t size() const { return sizeof(BatchHeader) + body_size_; }
  bool fits(std::size_t stride) const { return stride <= body_size_max_ - body_size_; }
  std::uint64_t next_offset() const { return offset_first_ + count_; }

  // Adds a record of which the checksum was made with `salt`; returns its offset.
  std::uint64_t add(StoredHeader header, Bytes payload, std::uint32_t salt);
  // Whom to tell, when the record `offset` is durable.
  void tell(io::Executor& executor, std::uint64_t offset, Writer::Completion completion);
  // Whoever sleeps for this batch counts itself, and waits at the turnstile.
  void count_sleeper() { ++sleeper_count_; }
  Turnstile& turnstile() { return turnstile_; }

  // Header and body for a segment with this salt. Records that were added under another one are
  // sealed anew: that happens once a segment.
  Bytes seal(std::uint32_t salt, std::int64_t unix_ms);
  // Wakes the sleepers, and posts the completions, once to each executor. An Error is for all.
  void finish(const Origin& origin, const Result<void>& result);

 private:
  struct Told {
    std::uint64_t offset;
    Writer::Completion completion;
  };
  struct Group {
    io::Executor* executor;
    std::vector<Told> told;
  };

  Group& group_of(io::Executor& executor);

  const std::size_t body_size_max_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t body_size_ = 0;
  std::uint64_t offset_first_ = 1;
  std::uint32_t count_ = 0;
  std::uint32_t salt_ = 0;
  std::uint32_t sleeper_count_ = 0;
  std::vector<Group> groups_;
  Turnstile turnstile_;
};

}  // namespace matsuri::journal::internal
