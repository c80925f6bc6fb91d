// The newest facts of an outbox, kept in memory by whoever wrote them: who follows an outbox
// closely asks the database for nothing, and does not stand in the way of its readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "stream/outbox.h"

namespace matsuri::stream::internal {

// Thread-safe. Bounded: the oldest go first.
class OutboxTail {
 public:
  explicit OutboxTail(std::size_t size_max) : size_max_(size_max) {}

  // Rows of a transaction that runs. They are not seen before committed() names the last of them:
  // where it is rolled back, that is never, and others will have the same offsets.
  void written(std::shared_ptr<const Outbox::Rows> rows);
  void committed(std::uint64_t last_offset);
  // Rows up to `last_offset` are gone from the database, and so from here.
  void dropped(std::uint64_t last_offset);

  // The rows of one transaction, `offset` among them; null where they are not held.
  std::shared_ptr<const Outbox::Rows> find(std::uint64_t offset) const;

 private:
  using ByOffset = std::map<std::uint64_t, std::shared_ptr<const Outbox::Rows>>;

  void forget_oldest();

  const std::size_t size_max_;
  mutable std::mutex mutex_;
  ByOffset written_;    // by their last offset
  ByOffset committed_;  // by their last offset
  std::size_t size_ = 0;
};

}  // namespace matsuri::stream::internal
