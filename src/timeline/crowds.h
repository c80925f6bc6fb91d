// How many people gather where, and how brightly that shines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "model/ids.h"

namespace matsuri::timeline {

// What lies a week before the last word of a title does not count there.
inline constexpr std::int64_t crowd_hours = 168;
// After so many hours, somebody shines half as much.
inline constexpr std::int64_t crowd_half_life_hours = 6;

// The hour in UTC of a moment, counted from 1970-01-01.
constexpr std::int64_t hour_of(std::int64_t unix_ms) { return unix_ms / (3600 * 1000); }

// People by title, each once, in the hour of the newest word that they wrote there. A word costs
// the same however many people and titles there are, and the order of words makes no difference.
//
// Memory is bounded: where more than pair_count_max pairs of person and title are known, the older
// half is forgotten. Those stay counted; who of them comes back within the week counts twice.
//
// Not thread-safe.
class Crowds {
 public:
  // A pair takes about 56 bytes, a title about 700.
  explicit Crowds(std::size_t pair_count_max = 1'000'000) : pair_count_max_(pair_count_max) {}

  // `person` wrote something in `title` at that time.
  void note(TitleId title, AccountId person, std::int64_t unix_ms);

  // Those of the week up to the last word of `title`; with none, of any title.
  std::uint64_t people_count(TitleId title) const;
  // The hour of the last word there; with no title, anywhere. 0 where there is none.
  std::int64_t last_hour(TitleId title) const;
  // The sum over those people of 2^(-hours/6), from their newest words to the last word anywhere.
  double brightness(TitleId title) const;

  std::size_t pair_count() const { return hours_of_.size(); }

 private:
  struct Pair {
    TitleId title;
    AccountId person;

    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    std::size_t operator()(const Pair& pair) const noexcept {
      const std::uint64_t mixed =
          (pair.title.value * 0x9e3779b97f4a7c15U ^ pair.person.value) * 0xbf58476d1ce4e5b9U;
      return static_cast<std::size_t>(mixed ^ mixed >> 32);
    }
  };
  struct Crowd {
    std::int64_t last_hour = 0;
    std::array<std::uint32_t, crowd_hours> counts{};  // people of an hour, at its number modulo
    std::uint64_t people_count = 0;
    double light = 0;       // brightness() as of last_hour
    bool is_known = false;  // `people_count` and `light` are those of `counts`

    std::uint32_t& at(std::int64_t hour) {
      return counts[static_cast<std::size_t>(hour % crowd_hours)];
    }
    bool has(std::int64_t hour) const { return hour > last_hour - crowd_hours; }
    void go_on_to(std::int64_t hour);
    void sum_up();
  };

  void note_in(TitleId title, AccountId person, std::int64_t hour);
  void forget_older_half();
  const Crowd* summed(TitleId title) const;

  const std::size_t pair_count_max_;
  std::unordered_map<Pair, std::int64_t, PairHash> hours_of_;
  mutable std::unordered_map<TitleId, Crowd> crowds_;  // under no title, that of all
};

}  // namespace matsuri::timeline
