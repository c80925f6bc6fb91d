// The seeds that simulations run with, and what their logs may say.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "base/log.h"

namespace matsuri::sequencer {

// MATSURI_SEED repeats one seed.
inline bool is_one_seed() { return std::getenv("MATSURI_SEED") != nullptr; }
inline std::uint64_t base_seed() {
  const char* text = std::getenv("MATSURI_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

// Owners and coordinators say a great deal about faults.
inline void hush() { log::configure(log::Level::error, log::Format::text); }

// In how many of 100 seeds a simulation ends with a complaint. `bug` is of the world around the
// code of production; those in that code are planted (base/plant.h).
template <class Simulation, class Bug>
unsigned seeds_that_find(Bug bug) {
  unsigned found = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    if (!Simulation(seed, bug).run().empty()) ++found;
  return found;
}

}  // namespace matsuri::sequencer
