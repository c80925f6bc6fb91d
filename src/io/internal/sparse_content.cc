#include "io/internal/sparse_content.h"

#include <algorithm>
#include <cstring>

namespace matsuri::io::internal {
namespace {

struct Place {
  std::uint64_t page;
  std::size_t within;
  std::size_t size;  // bytes of the wanted range that lie in this page
};

Place place_of(std::uint64_t offset, std::uint64_t size_left) {
  const auto within = static_cast<std::size_t>(offset % page_size);
  return {.page = offset / page_size,
          .within = within,
          .size = static_cast<std::size_t>(std::min<std::uint64_t>(page_size - within, size_left))};
}

}  // namespace

SparseContent::Page& SparseContent::own_page(Side& side, std::uint64_t index) {
  PagePtr& page = side.pages[index];
  if (!page) page = std::make_shared<Page>();  // All zero.
  if (page.use_count() > 1) page = std::make_shared<Page>(*page);
  return *page;
}

void SparseContent::cut_to(Side& side, std::uint64_t size) {
  side.pages.erase(side.pages.lower_bound((size + page_size - 1) / page_size), side.pages.end());
  const auto within = static_cast<std::size_t>(size % page_size);
  if (within != 0 && side.pages.contains(size / page_size)) {
    Page& last = own_page(side, size / page_size);
    std::fill(last.begin() + static_cast<std::ptrdiff_t>(within), last.end(), std::byte{0});
  }
  side.size = size;
}

std::size_t SparseContent::read_at(std::uint64_t offset, MutableBytes buffer) const {
  if (offset >= live_.size || buffer.empty()) return 0;
  const std::uint64_t end = offset + std::min<std::uint64_t>(buffer.size(), live_.size - offset);
  std::memset(buffer.data(), 0, static_cast<std::size_t>(end - offset));
  // Only pages that are there cost anything beyond the zeros.
  for (auto page = live_.pages.lower_bound(offset / page_size);
       page != live_.pages.end() && page->first * page_size < end; ++page) {
    const std::uint64_t from = std::max(offset, page->first * page_size);
    const std::uint64_t to = std::min(end, (page->first + 1) * page_size);
    std::memcpy(buffer.data() + (from - offset), page->second->data() + from % page_size,
                static_cast<std::size_t>(to - from));
  }
  return static_cast<std::size_t>(end - offset);
}

void SparseContent::write_at(std::uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    const Place place = place_of(offset, bytes.size());
    std::memcpy(own_page(live_, place.page).data() + place.within, bytes.data(), place.size);
    changed_.insert(place.page);
    bytes = bytes.subspan(place.size);
    offset += place.size;
    live_.size = std::max(live_.size, offset);
  }
}

void SparseContent::resize(std::uint64_t size) {
  if (size < live_.size) {
    for (auto page = live_.pages.lower_bound(size / page_size); page != live_.pages.end(); ++page)
      changed_.insert(page->first);
    cut_to(live_, size);
  }
  live_.size = size;
}

void SparseContent::sync() {
  for (const std::uint64_t index : changed_) {
    const auto page = live_.pages.find(index);
    if (page == live_.pages.end())
      durable_.pages.erase(index);
    else
      durable_.pages[index] = page->second;
  }
  durable_.size = live_.size;
  for (const std::uint64_t index : changed_) lost_.erase(index);
  changed_.clear();
}

void SparseContent::lose() {
  lost_.merge(changed_);
  changed_.clear();
}

void SparseContent::forget() {
  changed_.merge(lost_);
  lost_.clear();
  for (const std::uint64_t index : changed_) {
    const auto page = durable_.pages.find(index);
    if (page == durable_.pages.end())
      live_.pages.erase(index);
    else
      live_.pages[index] = page->second;
  }
  live_.size = durable_.size;
  changed_.clear();
}

void SparseContent::survive_at_random(Random& random) {
  static const Page zeros{};
  for (const std::uint64_t index : changed_) {
    const std::uint64_t kept = random.next_u64();
    const auto live = live_.pages.find(index);
    const Page& source = live == live_.pages.end() ? zeros : *live->second;
    for (std::size_t sector = 0; sector < page_size / sector_size; ++sector) {
      if ((kept >> sector & 1) == 0) continue;
      const std::size_t at = sector * sector_size;
      std::memcpy(own_page(durable_, index).data() + at, source.data() + at, sector_size);
    }
  }
  const auto [low, high] = std::minmax(live_.size, durable_.size);
  std::uint64_t size = durable_.size;
  switch (random.next_u64() % 3) {
    case 0:
      break;
    case 1:
      size = live_.size;
      break;
    default:
      size = low + random.next_u64() % (high - low + 1);
  }
  cut_to(durable_, size);
  forget();
}

}  // namespace matsuri::io::internal
