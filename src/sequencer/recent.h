// A bounded map of what was touched lately, that knows from when on it knows everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace matsuri::sequencer {

// Two generations: what is touched goes to the young one; turn() makes it the old one and forgets
// the one before. So an entry lives for one turn at least after it was touched, and memory is that
// of two generations. `Since` is a moment that the owner names with every turn: whatever was put in
// at or after since() is still here.
//
// Not thread-safe.
template <class Key, class Value, class Since, class Hash>
class Recent {
 public:
  explicit Recent(Since since) : old_since_(since), young_since_(since) {}

  // The entry, moved to the young generation; nullptr where it is not here. Valid until the next
  // call that changes the map.
  Value* touch(const Key& key) {
    if (const auto it = young_.find(key); it != young_.end()) return &it->second;
    auto node = old_.extract(key);
    if (node.empty()) return nullptr;
    return &young_.insert(std::move(node)).position->second;
  }
  // The same without moving it.
  const Value* find(const Key& key) const {
    if (const auto it = young_.find(key); it != young_.end()) return &it->second;
    const auto it = old_.find(key);
    return it == old_.end() ? nullptr : &it->second;
  }
  Value& put(const Key& key, Value value) {
    old_.erase(key);
    return young_.insert_or_assign(key, std::move(value)).first->second;
  }
  void erase(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }
  template <class Predicate>
  void erase_if(const Predicate& predicate) {
    const auto of_entry = [&](const auto& entry) { return predicate(entry.first); };
    std::erase_if(young_, of_entry);
    std::erase_if(old_, of_entry);
  }
  void turn(Since now) {
    old_ = std::move(young_);
    young_.clear();
    old_since_ = young_since_;
    young_since_ = now;
  }
  void clear(Since now) {
    young_.clear();
    old_.clear();
    old_since_ = young_since_ = now;
  }

  std::size_t young_count() const { return young_.size(); }
  std::size_t count() const { return young_.size() + old_.size(); }
  const Since& since() const { return old_since_; }
  const Since& young_since() const { return young_since_; }

 private:
  std::unordered_map<Key, Value, Hash> young_;
  std::unordered_map<Key, Value, Hash> old_;
  Since old_since_;
  Since young_since_;
};

}  // namespace matsuri::sequencer
