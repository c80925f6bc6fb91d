// Goal: days and nights are those of the zone, across its changes. Method: every hour of three years
// against the C library, borders by hand, and what is no zone.
#include "analytics/zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

#include "base/time.h"

namespace matsuri::analytics {
namespace {

std::int64_t at(std::string_view text) { return parse_rfc3339(text).value(); }

Zone open(const std::string& name) {
  auto zone = Zone::open(name);
  EXPECT_TRUE(zone.ok()) << zone.error().to_string();
  return zone.ok() ? *zone : Zone();
}

TEST(AnalyticsZone, DatesAreThoseOfTheCalendar) {
  EXPECT_EQ(to_date(0), "1970-01-01");
  EXPECT_EQ(to_date(20783), "2026-11-26");
  for (Day day = 0; day < 47482; ++day) ASSERT_EQ(parse_date(to_date(day)), day) << to_date(day);
  for (const char* text : {"", "2026-11-2", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
                           "2026/01/01", "1969-12-31", "2100-01-01", "20x6-01-01", "2026-01-01 "})
    EXPECT_EQ(parse_date(text), std::nullopt) << text;
  EXPECT_EQ(parse_minute_of_day("03:30"), 210);
  EXPECT_EQ(parse_minute_of_day("23:59"), 1439);
  for (const char* text : {"", "3:30", "24:00", "03:60", "03-30", "03:3x"})
    EXPECT_EQ(parse_minute_of_day(text), std::nullopt) << text;
}

TEST(AnalyticsZone, ADayEndsAtTheMidnightOfItsZone) {
  const Day day = parse_date("2026-11-26").value();
  const std::int64_t last = at("2026-11-26T14:59:59.999Z");
  for (const char* name : {"+09:00", "Asia/Tokyo"}) {
    const Zone tokyo = open(name);
    EXPECT_EQ(tokyo.day_of(last), day) << name;
    EXPECT_EQ(tokyo.day_of(last + 1), day + 1) << name;
    EXPECT_EQ(tokyo.unix_ms_of(day + 1, 0), last + 1) << name;
  }
  EXPECT_EQ(open("UTC").day_of(last + 1), day);
  EXPECT_EQ(open("-03:30").unix_ms_of(day, 90), at("2026-11-26T05:00:00Z"));
  EXPECT_EQ(Zone().day_of(-1), -1) << "before 1970, too";
}

TEST(AnalyticsZone, ClocksThatAreSetAreFollowed) {
  const Zone berlin = open("Europe/Berlin");
  const Day spring = parse_date("2026-03-29").value(), autumn = parse_date("2026-10-25").value();
  EXPECT_EQ(berlin.unix_ms_of(spring, 90), at("2026-03-29T00:30:00Z"));
  EXPECT_EQ(berlin.unix_ms_of(spring, 150), at("2026-03-29T01:30:00Z")) << "02:30 never comes";
  EXPECT_EQ(berlin.unix_ms_of(spring, 210), at("2026-03-29T01:30:00Z"));
  EXPECT_EQ(berlin.unix_ms_of(autumn, 150), at("2026-10-25T00:30:00Z")) << "the first of two";
  EXPECT_EQ(berlin.unix_ms_of(autumn, 210), at("2026-10-25T02:30:00Z"));
  EXPECT_EQ(berlin.unix_ms_of(autumn + 1, 0) - berlin.unix_ms_of(autumn, 0), 25 * 3'600'000);
}

TEST(AnalyticsZone, EveryHourIsThatOfTheCLibrary) {
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo",
                           "Pacific/Apia", "America/Sao_Paulo"}) {
    const Zone zone = open(name);
    EXPECT_EQ(std::getenv("TZ"), nullptr) << "it is put back";
    setenv("TZ", name, 1);
    tzset();
    // A year before and a year behind 2011-12-30, which Apia left out; and one far ahead.
    for (const auto& [from, to] : {std::pair{"2010-12-30T00:00:00Z", "2013-01-01T00:00:00Z"},
                                   std::pair{"2055-01-01T00:00:00Z", "2056-01-01T00:00:00Z"}})
      for (std::int64_t ms = at(from); ms < at(to); ms += 3'600'000) {
        const std::time_t time = ms / 1000;
        std::tm local{};
        localtime_r(&time, &local);
        char text[16];
        std::strftime(text, sizeof text, "%Y-%m-%d", &local);
        ASSERT_EQ(to_date(zone.day_of(ms)), text) << name << " " << to_rfc3339(ms);
      }
    unsetenv("TZ");
    tzset();
  }
}

TEST(AnalyticsZone, WhatIsNoZoneIsRefused) {
  for (const char* name : {"", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "+9", "+15:00",
                           "utc+1", "Europe", "Europe/Berlin\n"}) {
    const auto zone = Zone::open(name);
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_EQ(zone.error().code(), Code::invalid);
  }
}

}  // namespace
}  // namespace matsuri::analytics
