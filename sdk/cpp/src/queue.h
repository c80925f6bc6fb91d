// What waits to be answered, and where it is kept over a restart.
//
// The storage holds lines of JSON: {"owner":"42"} says whose all of it is, {"id":7,"item":{...}}
// puts an item in (or changes it, in its place), {"id":7} takes it out. A last line without an end
// was torn off by the end of the process, and counts as never written.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "matsuri/result.h"
#include "matsuri/transport.h"

namespace matsuri {

struct QueueLimits {
  std::size_t count_max = 0;
  std::size_t size_max = 0;  // bytes of all items
};

// Not thread-safe.
class Queue {
 public:
  struct Item {
    std::uint64_t id = 0;
    std::string payload;  // a JSON object
  };

  // Without a storage, it lives in memory. Code::io where the storage cannot be read or written;
  // lines that are damaged are passed over, and a copy of all is set aside.
  static Result<std::unique_ptr<Queue>> open(std::unique_ptr<Storage> storage, QueueLimits limits);

  const std::list<Item>& items() const { return items_; }
  bool was_damaged() const { return was_damaged_; }
  std::size_t count() const { return items_.size(); }
  std::size_t size() const { return size_; }

  // The id. Code::exhausted where the queue is full, Code::io where the storage does not take it:
  // nothing is in the queue then that a restart would forget.
  Result<std::uint64_t> add(std::string payload);
  // Code::io: nothing changed.
  Result<Done> change(std::uint64_t id, std::string payload);
  // A storage that does not take this gives the item again after a restart: its key makes that
  // harmless.
  void remove(std::uint64_t id);

  // Whose the items are. Empty: nobody's yet.
  const std::string& owner() const { return owner_; }
  void set_owner(const std::string& owner);

 private:
  Queue(std::unique_ptr<Storage> storage, QueueLimits limits)
      : storage_(std::move(storage)), limits_(limits) {}

  void read(std::string_view text);
  bool read_line(std::string_view line);
  std::list<Item>::iterator find(std::uint64_t id);
  Result<Done> append(const std::string& line);
  std::string everything() const;
  void tidy();

  std::unique_ptr<Storage> storage_;
  QueueLimits limits_;
  std::list<Item> items_;
  std::size_t size_ = 0;
  std::size_t stored_size_ = 0;  // bytes in the storage
  std::uint64_t id_last_ = 0;
  std::string owner_;
  bool was_damaged_ = false;
};

}  // namespace matsuri
