#include "base/time.h"

#include <chrono>
#include <cstdio>

#include "base/assert.h"

namespace matsuri {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::sys_time;

// Takes digits one field at a time; after the first mismatch everything is a failure.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t index = 0; index < count; ++index) {
      if (!at_digit()) {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (take() - '0');
    }
    return value;
  }
  void expect(char upper, char lower) {
    if (text_.empty() || (text_[0] != upper && text_[0] != lower))
      failed_ = true;
    else
      take();
  }
  bool at(char c) const { return !text_.empty() && text_[0] == c; }
  bool at_digit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }
  char take() {
    const char c = text_[0];
    text_.remove_prefix(1);
    return c;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
  bool failed_ = false;
};

}  // namespace

std::string to_rfc3339(std::int64_t unix_ms) {
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const sys_days day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const int year = static_cast<int>(date.year());
  MATSURI_ASSERT(year >= 0 && year <= 9999);
  char text[40];
  const int size = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", year,
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  const int year = scan.digits(4);
  scan.expect('-', '-');
  const int month = scan.digits(2);
  scan.expect('-', '-');
  const int day = scan.digits(2);
  scan.expect('T', 't');
  const int hour = scan.digits(2);
  scan.expect(':', ':');
  const int minute = scan.digits(2);
  scan.expect(':', ':');
  const int second = scan.digits(2);
  int fraction_ms = 0;
  if (scan.at('.')) {
    scan.take();
    if (!scan.at_digit()) return std::nullopt;
    for (int scale = 100; scan.at_digit(); scale /= 10) fraction_ms += (scan.take() - '0') * scale;
  }
  int offset_minutes = 0;
  if (scan.at('+') || scan.at('-')) {
    const int sign = scan.take() == '+' ? 1 : -1;
    const int offset_hour = scan.digits(2);
    scan.expect(':', ':');
    const int offset_minute = scan.digits(2);
    if (offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset_minutes = sign * (offset_hour * 60 + offset_minute);
  } else {
    scan.expect('Z', 'z');
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (scan.failed() || !scan.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  const auto time = sys_days(date) + std::chrono::hours(hour) +
                    std::chrono::minutes(minute - offset_minutes) + std::chrono::seconds(second) +
                    milliseconds(fraction_ms);
  return time.time_since_epoch().count();
}

}  // namespace matsuri
