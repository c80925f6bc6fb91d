// Days as people of a time zone count them: what happened at 23:30 belongs to that day, wherever
// the server stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace matsuri::analytics {

// Days since 1970-01-01 of the zone's own calendar.
using Day = std::int32_t;

// "2026-11-26". REQUIRES: a year of 0000 to 9999.
std::string to_date(Day day);
// nullopt for anything but a day that there is, of the years 1970 to 2099.
std::optional<Day> parse_date(std::string_view text);

// A moment of every day: "03:30". nullopt for all else.
std::optional<int> parse_minute_of_day(std::string_view text);

// When a zone was, and will be, how far ahead of UTC: from 2010 until 2100. Immutable.
class Zone {
 public:
  Zone() = default;  // UTC
  // "UTC", an offset such as "+09:00", or a name that the system knows, such as "Europe/Berlin".
  // Code::invalid for all others.
  //
  // REQUIRES: no other thread looks at the environment meanwhile, because the C library knows zones
  // by the variable TZ alone.
  static Result<Zone> open(const std::string& name);

  const std::string& name() const { return name_; }
  Day day_of(std::int64_t unix_ms) const;
  // When it is that minute of the day. Where the clock is set forward over it, as much later; where
  // it comes twice, the first time.
  std::int64_t unix_ms_of(Day day, int minute) const;

 private:
  struct Change {
    std::int64_t unix_s = 0;  // from then on
    std::int64_t offset_s = 0;
  };
  std::int64_t offset_s(std::int64_t unix_s) const;

  std::string name_ = "UTC";
  std::vector<Change> changes_{{}};  // the first counts for all time before the second, too
};

}  // namespace matsuri::analytics
