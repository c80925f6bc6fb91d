// Goal: tickets are given to who may use them, when they can be used; what is answered never says
// how alike the pictures were.
// Method: a drawn film, a clock that stands.
#include "closure/service.h"

#include <gtest/gtest.h>

#include <string>

#include "base/sentence.h"
#include "closure/testing/world.h"

namespace matsuri::closure {
namespace {

Code code_of(const Result<http::Response>& answer) {
  EXPECT_FALSE(answer.ok());
  return answer.ok() ? Code::invalid : answer.error().code();
}

TEST(ServiceTest, GivesTicketsToWhoMayCheckIn) {
  World world;
  EXPECT_TRUE(world.service.give_ticket("7", world.pass(), "cable").ok());
  EXPECT_EQ(code_of(world.service.give_ticket("8", world.pass(), {})), Code::not_found);
  EXPECT_EQ(code_of(world.service.give_ticket("7", world.pass(), "pigeon")), Code::invalid);
  EXPECT_EQ(code_of(world.service.give_ticket("7", "", {})), Code::unauthenticated);
  EXPECT_EQ(code_of(world.service.give_ticket("7", world.pass(3'600'000, 8), {})), Code::denied);
  EXPECT_TRUE(world.service.give_ticket("7", world.pass(10'001), {}).ok());
  EXPECT_EQ(code_of(world.service.give_ticket("7", world.pass(10'000), {})), Code::unauthenticated);
}

TEST(ServiceTest, SaysWhenToBegin) {
  World world;
  const auto at = [&](std::int64_t time_ms) {
    world.clock.step_ms(world_start + time_ms - world.clock.unix_ms());
    return world.ticket_answer();
  };
  EXPECT_NE(at(10'000).find(R"("start_delay_ms":0,)"), std::string::npos);
  // Windows open at 5 s; a ticket is 8 s old at most when it is used.
  EXPECT_EQ(at(-3'001), R"({"answer":"not_now","retry_in_ms":4001})");
  EXPECT_NE(at(-3'000).find(R"("start_delay_ms":8000,)"), std::string::npos);
  // Rows from 35 s on are eligible, so one begins at 37 s.
  EXPECT_EQ(at(20'000), R"({"answer":"retry","hint":"wait","retry_in_ms":13000})");
  EXPECT_NE(at(29'000).find(R"("start_delay_ms":8000,)"), std::string::npos);
  // The last stretch ends at 60 s: who began after 55 s would not have 5 s of it.
  EXPECT_NE(at(55'000).find(R"("start_delay_ms":0,)"), std::string::npos);
  EXPECT_EQ(at(55'100), R"({"answer":"not_now","retry_in_ms":null})");
  EXPECT_EQ(at(3'600'000 - 1), R"({"answer":"not_now","retry_in_ms":null})");
}

TEST(ServiceTest, AnswersAndRecordsACheckIn) {
  World world;
  const std::string body = world.body_for(world.ticket_answer());
  const auto judged = world.service.check_in("7", body);
  ASSERT_TRUE(judged.ok()) << judged.error().message();
  EXPECT_EQ(judged->response.body,
            sentence(R"({"answer":"ok","window":1,"campaign":"waves","points":)",
                     world.show.about().windows[0].points, "}"));
  EXPECT_EQ(judged->header.account, AccountId{42});
  EXPECT_EQ(judged->header.unix_ms, world.clock.unix_ms());
  EXPECT_EQ(judged->header.kind, EventKind::checkin_attempted);
  const CheckinAttempted& event = judged->event;
  EXPECT_EQ(event.programme, "7");
  EXPECT_EQ(event.window, 1U);
  EXPECT_EQ(event.campaign, "waves");
  EXPECT_EQ(event.points, world.show.about().windows[0].points);
  EXPECT_EQ(event.nonce.size(), 16U);
  EXPECT_EQ(event.ticket_unix_ms, world_start + 10'000);
  EXPECT_EQ(event.result, CheckinResult::ok);
  EXPECT_EQ(event.path, "terrestrial");
  EXPECT_GT(event.score_permille, 900);
  EXPECT_EQ(event.frame_count, 24U);
  EXPECT_EQ(code_of([&]() -> Result<http::Response> {
              TRY_ASSIGN(const Judged other, world.service.check_in("8", body));
              return other.response;
            }()),
            Code::not_found);
}

// Who heard the score could climb it, picture by picture.
TEST(ServiceTest, NeverTellsTheScore) {
  World world;
  const auto judged = world.service.check_in("7", world.body_for(world.ticket_answer(), 2));
  ASSERT_TRUE(judged.ok());
  EXPECT_EQ(judged->response.body, R"({"answer":"retry","hint":"step_closer","retry_in_ms":0})");
  EXPECT_EQ(judged->event.result, CheckinResult::no_match);
  EXPECT_NE(judged->event.score_permille, 0);
}

TEST(ServiceTest, GoesByNewSettingsFromTheNextRequestOn) {
  World world;
  world.service.change(
      {.keys = world_keys(2), .broadcast = {.start_unix_ms = world_start + 60'000}});
  EXPECT_EQ(code_of(world.service.give_ticket("7", world.pass(), {})), Code::unauthenticated);
  world.service.change(
      {.keys = world_keys(1), .broadcast = {.start_unix_ms = world_start + 60'000}});
  EXPECT_EQ(world.ticket_answer(), R"({"answer":"not_now","retry_in_ms":51000})");
}

}  // namespace
}  // namespace matsuri::closure
