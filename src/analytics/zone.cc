#include "analytics/zone.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/sentence.h"

namespace matsuri::analytics {
namespace {

constexpr std::int64_t day_s = 24 * 3600;
constexpr std::int64_t first_s = 1'262'304'000;  // 2010: no id is older
constexpr std::int64_t end_s = 4'102'444'800;    // 2100
constexpr std::string_view zone_folder = "/usr/share/zoneinfo/";

std::int64_t floor_div(std::int64_t number, std::int64_t by) {
  return number / by - (number % by < 0 ? 1 : 0);
}

// The number that these digits are; nullopt for anything but `size` digits.
std::optional<int> digits(std::string_view text, std::size_t size) {
  int number = 0;
  if (text.size() != size ||
      !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "+09:00" in seconds.
std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const auto minutes = parse_minute_of_day(text.substr(1));
  if (!minutes || *minutes > 14 * 60) return std::nullopt;
  return (text.front() == '-' ? -60 : 60) * std::int64_t{*minutes};
}

bool is_zone_name(const std::string& name) {
  const bool plain = !name.empty() && name.front() != '/' && !name.contains("..") &&
                     std::ranges::all_of(name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' ||
                              c == '+';
                     });
  std::error_code error;
  return plain && std::filesystem::is_regular_file(std::string(zone_folder) + name, error);
}

// Sets TZ, and puts back what was there.
class Environment {
 public:
  explicit Environment(const std::string& zone) {
    const char* const before = std::getenv("TZ");
    if (before != nullptr) before_ = before;
    setenv("TZ", zone.c_str(), 1);
    tzset();
  }
  ~Environment() {
    if (before_)
      setenv("TZ", before_->c_str(), 1);
    else
      unsetenv("TZ");
    tzset();
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  static std::int64_t offset_s(std::int64_t unix_s) {
    const std::time_t time = unix_s;
    std::tm local{};
    localtime_r(&time, &local);
    return local.tm_gmtoff;
  }

 private:
  std::optional<std::string> before_;
};

}  // namespace

std::string to_date(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  char text[16];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text, static_cast<std::size_t>(size)};
}

std::optional<Day> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4), 4);
  const auto month = digits(text.substr(5, 2), 2);
  const auto day = digits(text.substr(8, 2), 2);
  if (!year || !month || !day || *year < 1970 || *year > 2099) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return static_cast<Day>(std::chrono::sys_days{date}.time_since_epoch().count());
}

std::optional<int> parse_minute_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2), 2);
  const auto minute = digits(text.substr(3, 2), 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return *hour * 60 + *minute;
}

// A day has one change at most, so that looking at each midnight finds all; the second is found by
// halving the day.
Result<Zone> Zone::open(const std::string& name) {
  Zone zone;
  zone.name_ = name;
  if (name == "UTC") return zone;
  if (const auto offset = parse_offset(name)) {
    zone.changes_ = {{.offset_s = *offset}};
    return zone;
  }
  if (!is_zone_name(name))
    return Error(Code::invalid,
                 sentence("time zone \"", name, "\": UTC, an offset such as +09:00, or a name of ",
                          zone_folder, " is taken"));
  const Environment environment(":" + name);
  zone.changes_ = {{.unix_s = first_s, .offset_s = Environment::offset_s(first_s)}};
  for (std::int64_t day = first_s; day < end_s; day += day_s) {
    const std::int64_t before = zone.changes_.back().offset_s;
    if (Environment::offset_s(day + day_s) == before) continue;
    std::int64_t low = day, high = day + day_s;  // the change is behind low, and high is behind it
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (Environment::offset_s(middle) == before ? low : high) = middle;
    }
    zone.changes_.push_back({.unix_s = high, .offset_s = Environment::offset_s(high)});
  }
  return zone;
}

std::int64_t Zone::offset_s(std::int64_t unix_s) const {
  const auto behind = std::ranges::upper_bound(changes_, unix_s, {}, &Change::unix_s);
  return behind == changes_.begin() ? behind->offset_s : std::prev(behind)->offset_s;
}

Day Zone::day_of(std::int64_t unix_ms) const {
  const std::int64_t unix_s = floor_div(unix_ms, 1000);
  return static_cast<Day>(floor_div(unix_s + offset_s(unix_s), day_s));
}

std::int64_t Zone::unix_ms_of(Day day, int minute) const {
  const std::int64_t local_s = day * day_s + minute * std::int64_t{60};
  // Of the offsets around it, the one with which the local time comes first; with none of them it
  // never comes, and the one before the change makes it later by as much as is left out.
  const std::int64_t before = offset_s(local_s - day_s), after = offset_s(local_s + day_s);
  if (offset_s(local_s - before) == before || before == after) return (local_s - before) * 1000;
  if (offset_s(local_s - after) == after) return (local_s - after) * 1000;
  return (local_s - before) * 1000;
}

}  // namespace matsuri::analytics
