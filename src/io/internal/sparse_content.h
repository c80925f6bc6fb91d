// What a simulated file holds: once as the running machine sees it, and once as the platter has it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "base/bytes.h"
#include "io/random.h"

namespace matsuri::io::internal {

inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t sector_size = 512;

// Pages that were never written are not there and read as zero, so that a preallocated segment of
// 64 MiB costs nothing. The two sides share pages that are alike; a write copies a shared page.
//
// Not thread-safe. A sector that was written several times since the last sync survives a power cut
// as the last or as the synced version, never as one between.
class SparseContent {
 public:
  std::uint64_t size() const { return live_.size; }
  std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const;
  void write_at(std::uint64_t offset, Bytes bytes);
  // Reads as zero where it grows.
  void resize(std::uint64_t size);

  // The platter gets what the machine sees.
  void sync();
  // As after an fdatasync that failed in Linux: the machine goes on seeing what was written, takes
  // it for clean, and will not write it to the platter unless somebody writes it again.
  void lose();
  // The machine sees what the platter has.
  void forget();
  // Each changed sector survives or not, and the size is the old one, the new one, or one between.
  void survive_at_random(Random& random);

 private:
  using Page = std::array<std::byte, page_size>;
  using PagePtr = std::shared_ptr<Page>;
  struct Side {
    std::map<std::uint64_t, PagePtr> pages;  // by index
    std::uint64_t size = 0;
  };

  // The page of a side for writing: its own, made where missing.
  static Page& own_page(Side& side, std::uint64_t index);
  static void cut_to(Side& side, std::uint64_t size);

  Side live_;
  Side durable_;
  std::set<std::uint64_t> changed_;  // pages that may differ, and that sync() will take care of
  std::set<std::uint64_t> lost_;     // pages that differ, and nobody knows
};

}  // namespace matsuri::io::internal
