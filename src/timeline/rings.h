// The newest posts of people and communities in memory, so that reading a timeline needs no index.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/event.h"
#include "model/ids.h"

namespace matsuri::timeline {

// Whose posts: those of a person, or those in a community. One number, so that tables of many stay
// small.
struct Source {
  std::uint64_t key = 0;

  static Source of(AccountId person) { return {person.value << 1}; }
  static Source of(CommunityId community) { return {community.value << 1 | 1}; }
  static Source of(FollowKind kind, std::uint64_t target) {
    return {target << 1 | (kind == FollowKind::community ? 1U : 0U)};
  }
  bool is_community() const { return (key & 1) != 0; }
  std::uint64_t id() const { return key >> 1; }
  auto operator<=>(const Source&) const = default;
};

struct SourceHash {
  std::size_t operator()(Source source) const noexcept {
    const std::uint64_t mixed = source.key * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed ^ mixed >> 32);
  }
};

struct RingOptions {
  // Posts kept of each source. Pages of 50 from 500 people end within the newest few of each; what
  // lies behind comes from the index.
  std::size_t count_max = 64;
  // Bytes of all rings and their tables. Beyond it, rings that nobody has looked at again go
  // (CLOCK).
  std::size_t size_max = std::size_t{512} << 20;
};

// A ring holds all of its source's posts from `floor` on, at most count_max; floor 0 says that
// there are no others. A ring takes 40 bytes and 6 to 11 of the table that finds it, and 8 bytes a
// post with some room for the next ones (rings_test.cc holds it to that).
//
// Not thread-safe.
class Rings {
 public:
  explicit Rings(const RingOptions& options);
  Rings(const Rings&) = delete;
  Rings& operator=(const Rings&) = delete;

  // Where a ring lies. A hint for the next time: it may have gone by then, or be another's.
  using Place = std::uint32_t;
  static constexpr Place nowhere = ~Place{0};

  struct View {
    std::span<const std::uint64_t> ids;  // the oldest first
    std::uint64_t floor = 0;
  };

  // Where the ring is, nowhere where it is not in memory. Keeps it from going soon.
  Place find(Source source, Place hint = nowhere);
  // Fetches into the processor's cache what the next find() with this hint looks at.
  void prefetch(Place hint) const {
    if (hint < slot_end_) __builtin_prefetch(&slot(hint));
  }
  // REQUIRES: `place` is of a find() since the last change.
  std::uint64_t newest(Place place) const { return slot(place).newest; }
  View view(Place place) const;

  // `ids`: the newest of the source, the oldest first, all of those from `floor` on. Replaces what
  // is there.
  void put(Source source, std::span<const std::uint64_t> ids, std::uint64_t floor);
  // Nothing happens where the ring is not in memory, or the post lies below its floor.
  void add(Source source, PostId post);
  void remove(Source source, PostId post);
  void forget(Source source);

  std::size_t count() const { return ring_count_; }
  // Bytes that are held, the allocator's own 8 for each allocation included.
  std::size_t size() const;
  std::size_t count_max() const { return options_.count_max; }

 private:
  struct Slot {
    std::uint64_t key = 0;     // of the source; 0: free
    std::uint64_t newest = 0;  // 0: no posts
    std::uint64_t floor = 0;
    std::unique_ptr<std::uint64_t[]> ids;
    std::uint16_t count = 0;
    std::uint16_t room = 0;
    bool is_used = false;  // somebody looked since the hand came by
  };
  static_assert(sizeof(Slot) == 40);

  static constexpr std::size_t chunk_count = 1024;
  using Chunk = std::array<Slot, chunk_count>;

  Slot& slot(Place place) { return (*chunks_[place / chunk_count])[place % chunk_count]; }
  const Slot& slot(Place place) const {
    return (*chunks_[place / chunk_count])[place % chunk_count];
  }
  Place take_slot();
  void evict();
  void release(Place place);
  std::size_t home_of(Source source) const;
  std::size_t entry_of(Source source) const;
  void enter(Place place);
  void take_out(Source source);
  void grow_table();
  void set_room(Slot& slot, std::size_t room);

  const RingOptions options_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Place> table_;  // open addressing; a power of two
  std::vector<Place> free_;
  std::size_t slot_end_ = 0;
  std::size_t ring_count_ = 0;
  std::size_t ids_size_ = 0;
  std::size_t hand_ = 0;
};

}  // namespace matsuri::timeline
