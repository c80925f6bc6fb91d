// Randomness as a seam: the kernel's in production, a seeded one in tests.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/bytes.h"

namespace matsuri::io {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes bytes) = 0;

  std::uint64_t next_u64();
  std::uint32_t next_u32() { return static_cast<std::uint32_t>(next_u64()); }
};

// getrandom(2). Lives for ever.
Random& system_random();

// The same bytes for the same seed (splitmix64, Steele et al. 2014). Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutableBytes bytes) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace matsuri::io
