// Clocks that are wrong, as check-ins tell of them.
#include "checkin/clock_watch.h"

#include <gtest/gtest.h>

#include "checkin/testing/fixture.h"

namespace matsuri::checkin {
namespace {

using namespace testing;

class ClockWatchTest : public ::testing::Test {
 protected:
  static stream::Record attempt(std::int64_t unix_ms, std::uint64_t account = 1,
                                CheckinResult result = CheckinResult::ok) {
    stream::Record record = attempt_record(
        {.id = id_at(0), .account = AccountId{account}, .ticket = account, .result = result});
    record.header.unix_ms = unix_ms;
    std::get<CheckinAttempted>(record.event).ticket_unix_ms = unix_ms - 5'000;
    return record;
  }
  void consume(stream::Record record) { watch_.consume({&record, 1}); }
  void lose(std::uint64_t people, std::uint64_t first = 1) {
    for (std::uint64_t i = 0; i < people; ++i)
      consume(attempt(now(), first + i, CheckinResult::no_match));
  }
  std::int64_t now() const { return clock_.unix_ms(); }
  bool shows(std::string_view line) const {
    return metrics_.to_text().find(std::string("\n") + std::string(line) + "\n") !=
           std::string::npos;
  }

  io::ManualClock clock_{start_ms};
  metrics::Registry metrics_;
  ClockWatch watch_{clock_, metrics_};
};

TEST_F(ClockWatchTest, SaysNothingOfClocksThatAgree) {
  consume(attempt(now()));
  consume(attempt(now() + clock_off_ms_min - 1));
  consume(attempt(now() - 3'600'000));  // a backlog of an hour is nobody's clock
  EXPECT_TRUE(watch_.remarks().empty());
  EXPECT_TRUE(shows("matsuri_checkin_clock_off_seconds 0"));
}

TEST_F(ClockWatchTest, TellsOfAnAttemptOfTheFuture) {
  consume(attempt(now() + 180'000));
  ASSERT_EQ(watch_.remarks().size(), 1U);
  EXPECT_NE(watch_.remarks()[0].find("apart by 180 s"), std::string::npos);
  EXPECT_TRUE(shows("matsuri_checkin_clock_off_seconds 180"));
  clock_.advance_ms(clock_told_ms + 1);
  EXPECT_TRUE(watch_.remarks().empty()) << "it is mended";
}

TEST_F(ClockWatchTest, TellsOfATicketThatIsYoungerThanItsAttempt) {
  stream::Record record = attempt(now() - 60'000);
  std::get<CheckinAttempted>(record.event).ticket_unix_ms = record.header.unix_ms + 120'000;
  consume(record);
  EXPECT_TRUE(shows("matsuri_checkin_clock_off_seconds 120"));
}

TEST_F(ClockWatchTest, TellsWhereNobodyIsFound) {
  lose(lost_people_min - 1);
  lose(lost_people_min - 1);  // the same people once more
  EXPECT_TRUE(watch_.remarks().empty());
  lose(1, 1000);
  ASSERT_EQ(watch_.remarks().size(), 1U);
  EXPECT_NE(watch_.remarks()[0].find("programme lantern-night, path terrestrial"),
            std::string::npos);
  EXPECT_TRUE(shows("matsuri_checkin_lost_paths 1"));
  consume(attempt(now(), 7));
  EXPECT_TRUE(watch_.remarks().empty()) << "somebody is found";
}

TEST_F(ClockWatchTest, WhoIsFoundSpeaksForAll) {
  for (std::uint64_t i = 0; i < 10; ++i) {
    lose(lost_people_min - 1, 1 + 100 * i);
    consume(attempt(now(), 7));
  }
  EXPECT_TRUE(watch_.remarks().empty());
}

TEST_F(ClockWatchTest, FewOverALongTimeSayNothing) {
  for (std::uint64_t i = 0; i < 3 * lost_people_min; ++i) {
    lose(1, 1 + i);
    clock_.advance_ms(clock_told_ms / 10);
  }
  EXPECT_TRUE(watch_.remarks().empty());
}

}  // namespace
}  // namespace matsuri::checkin
