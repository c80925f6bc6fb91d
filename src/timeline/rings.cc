#include "timeline/rings.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace matsuri::timeline {
namespace {

constexpr std::size_t table_count_min = 1024;
// Before an allocation stand 8 bytes of the allocator's, and it ends at a multiple of 16.
constexpr std::size_t allocated_size(std::size_t id_count) {
  return id_count == 0 ? 0 : (std::max<std::size_t>(id_count, 3) * 8 + 8 + 15) / 16 * 16;
}

}  // namespace

Rings::Rings(const RingOptions& options) : options_(options), table_(table_count_min, nowhere) {
  MATSURI_ASSERT(options.count_max > 0 && options.count_max <= 1024);
}

std::size_t Rings::size() const {
  return chunks_.size() * sizeof(Chunk) + table_.capacity() * sizeof(Place) +
         (chunks_.capacity() + free_.capacity()) * sizeof(void*) + ids_size_;
}

std::size_t Rings::home_of(Source source) const {
  return SourceHash{}(source) & (table_.size() - 1);
}

// Where the source's entry is in the table, or would be.
std::size_t Rings::entry_of(Source source) const {
  std::size_t entry = home_of(source);
  while (table_[entry] != nowhere && slot(table_[entry]).key != source.key)
    entry = (entry + 1) & (table_.size() - 1);
  return entry;
}

void Rings::enter(Place place) { table_[entry_of({slot(place).key})] = place; }

// Closes the gap, so that a search may end at the first empty entry.
void Rings::take_out(Source source) {
  const std::size_t mask = table_.size() - 1;
  std::size_t gap = entry_of(source);
  for (std::size_t entry = (gap + 1) & mask; table_[entry] != nowhere; entry = (entry + 1) & mask) {
    const std::size_t home = home_of({slot(table_[entry]).key});
    if (((entry - home) & mask) < ((entry - gap) & mask)) continue;
    table_[gap] = table_[entry];
    gap = entry;
  }
  table_[gap] = nowhere;
}

void Rings::grow_table() {
  const std::vector<Place> old = std::exchange(table_, {});
  table_.assign(old.size() * 2, nowhere);
  for (const Place place : old)
    if (place != nowhere) enter(place);
}

Rings::Place Rings::find(Source source, Place hint) {
  if (hint >= slot_end_ || slot(hint).key != source.key) hint = table_[entry_of(source)];
  if (hint != nowhere) slot(hint).is_used = true;
  return hint;
}

Rings::View Rings::view(Place place) const {
  const Slot& ring = slot(place);
  return {.ids = {ring.ids.get(), ring.count}, .floor = ring.floor};
}

Rings::Place Rings::take_slot() {
  if (!free_.empty()) {
    const Place place = free_.back();
    free_.pop_back();
    return place;
  }
  if (slot_end_ == chunks_.size() * chunk_count) chunks_.push_back(std::make_unique<Chunk>());
  return static_cast<Place>(slot_end_++);
}

void Rings::set_room(Slot& ring, std::size_t room) {
  std::unique_ptr<std::uint64_t[]> ids;
  if (room > 0) ids = std::make_unique_for_overwrite<std::uint64_t[]>(room);
  std::copy_n(ring.ids.get(), std::min<std::size_t>(ring.count, room), ids.get());
  ids_size_ += allocated_size(room);
  ids_size_ -= allocated_size(ring.room);
  ring.ids = std::move(ids);
  ring.room = static_cast<std::uint16_t>(room);
}

void Rings::put(Source source, std::span<const std::uint64_t> ids, std::uint64_t floor) {
  MATSURI_ASSERT(source.key != 0 && std::ranges::is_sorted(ids));
  if (ids.size() > options_.count_max) {
    ids = ids.last(options_.count_max);
    floor = ids.front();
  }
  Place place = table_[entry_of(source)];
  if (place == nowhere) {
    // Half full at most: a search looks at one and a half entries.
    if ((ring_count_ + 1) * 2 > table_.size()) grow_table();
    place = take_slot();
    slot(place).key = source.key;
    enter(place);
    ++ring_count_;
  }
  Slot& ring = slot(place);
  ring.count = 0;
  // An odd number, because of what the allocator adds.
  set_room(ring, ids.empty() ? 0 : std::min(ids.size() | 1, options_.count_max));
  std::ranges::copy(ids, ring.ids.get());
  ring.count = static_cast<std::uint16_t>(ids.size());
  ring.floor = floor;
  ring.newest = ids.empty() ? 0 : ids.back();
  evict();
}

void Rings::add(Source source, PostId post) {
  const Place place = table_[entry_of(source)];
  if (place == nowhere) return;
  Slot& ring = slot(place);
  if (post.value < ring.floor) return;
  std::uint64_t* const begin = ring.ids.get();
  std::size_t at = ring.count;
  if (at > 0 && post.value <= ring.newest)
    at = static_cast<std::size_t>(std::lower_bound(begin, begin + at, post.value) - begin);
  if (at < ring.count && begin[at] == post.value) return;
  if (ring.count == options_.count_max) {
    if (at == 0) {  // older than all of a full ring
      ring.floor = begin[0];
      return;
    }
    std::copy(begin + 1, begin + at, begin);
    begin[at - 1] = post.value;
    ring.floor = begin[0];
  } else {
    if (ring.count == ring.room)
      set_room(ring, std::min(std::max<std::size_t>(3, (ring.room + ring.room / 4 + 2U) | 1),
                              options_.count_max));
    std::uint64_t* const ids = ring.ids.get();
    std::copy_backward(ids + at, ids + ring.count, ids + ring.count + 1);
    ids[at] = post.value;
    ++ring.count;
  }
  ring.newest = ring.ids[ring.count - 1U];
  evict();
}

void Rings::remove(Source source, PostId post) {
  const Place place = table_[entry_of(source)];
  if (place == nowhere) return;
  Slot& ring = slot(place);
  std::uint64_t* const begin = ring.ids.get();
  std::uint64_t* const end = begin + ring.count;
  std::uint64_t* const found = std::lower_bound(begin, end, post.value);
  if (found == end || *found != post.value) return;
  std::copy(found + 1, end, found);
  --ring.count;
  ring.newest = ring.count == 0 ? 0 : ring.ids[ring.count - 1U];
}

void Rings::forget(Source source) {
  const Place place = table_[entry_of(source)];
  if (place != nowhere) release(place);
}

void Rings::release(Place place) {
  Slot& ring = slot(place);
  take_out({ring.key});
  ids_size_ -= allocated_size(ring.room);
  ring = {};
  free_.push_back(place);
  --ring_count_;
}

void Rings::evict() {
  while (size() > options_.size_max && ring_count_ > 0) {
    hand_ = hand_ + 1 < slot_end_ ? hand_ + 1 : 0;
    Slot& ring = slot(static_cast<Place>(hand_));
    if (ring.key == 0) continue;
    if (ring.is_used)
      ring.is_used = false;
    else
      release(static_cast<Place>(hand_));
  }
}

}  // namespace matsuri::timeline
