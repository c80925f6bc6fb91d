// Where requests go while slots move: to the shard that has their slot, or, for a moment, nowhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "sequencer/slots.h"

namespace matsuri::sequencer {

// Keeps the order of each sender for each slot: what comes while a slot is parked waits, and goes
// ahead of whatever comes after open(). Thread-safe. At most `parked_max` of all slots wait.
template <class Parcel>
class Router {
 public:
  // Hands a parcel to a shard. Called with a lock held: it must not call the router.
  using Deliver = std::function<void(std::uint32_t shard, Parcel)>;

  Router(std::vector<std::uint32_t> map, std::size_t parked_max, Deliver deliver)
      : map_(std::move(map)), parked_max_(parked_max), deliver_(std::move(deliver)) {}

  // Gives the parcel back where it would have to wait and too many do.
  std::optional<Parcel> submit(std::uint32_t slot, Parcel parcel) {
    {
      const std::shared_lock lock(mutex_);
      if (parked_.empty() || !parked_.contains(slot)) {
        deliver_(map_[slot], std::move(parcel));
        return std::nullopt;
      }
    }
    const std::unique_lock lock(mutex_);
    const auto place = parked_.find(slot);
    if (place == parked_.end()) {
      deliver_(map_[slot], std::move(parcel));
      return std::nullopt;
    }
    if (parked_count_ >= parked_max_) return parcel;
    ++parked_count_;
    place->second.push_back(std::move(parcel));
    return std::nullopt;
  }

  void park(std::uint32_t slot) {
    const std::unique_lock lock(mutex_);
    parked_.try_emplace(slot);
  }
  // Sends what waited, and all that comes, to `shard`.
  void open(std::uint32_t slot, std::uint32_t shard) {
    const std::unique_lock lock(mutex_);
    map_[slot] = shard;
    auto node = parked_.extract(slot);
    if (node.empty()) return;
    parked_count_ -= node.mapped().size();
    for (Parcel& parcel : node.mapped()) deliver_(shard, std::move(parcel));
  }
  // Takes away all that wait; nothing may come any more.
  std::vector<Parcel> close() {
    const std::unique_lock lock(mutex_);
    std::vector<Parcel> left;
    for (auto& [slot, parcels] : parked_)
      for (Parcel& parcel : parcels) left.push_back(std::move(parcel));
    parked_.clear();
    return left;
  }

  std::uint32_t shard_of(std::uint32_t slot) const {
    const std::shared_lock lock(mutex_);
    return map_[slot];
  }

 private:
  mutable std::shared_mutex mutex_;
  std::vector<std::uint32_t> map_;
  std::map<std::uint32_t, std::deque<Parcel>> parked_;
  std::size_t parked_count_ = 0;
  const std::size_t parked_max_;
  const Deliver deliver_;
};

}  // namespace matsuri::sequencer
