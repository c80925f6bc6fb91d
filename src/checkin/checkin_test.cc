// Goal: one check-in a person and window, void where attempts were too many, and at the end what
// points say.
#include <algorithm>

#include "checkin/testing/fixture.h"

namespace matsuri::checkin {
namespace {

using stream::Outcome;
using testing::Attempt;
using testing::attempt_record;
using testing::dues_of;
using testing::id_at;
using testing::record_of;
using testing::settled_record;

constexpr AccountId mio{11}, ken{22};

class CheckinTest : public testing::ViewTest {
 protected:
  stream::BatchResult attempts(const std::vector<Attempt>& all) {
    std::vector<stream::Record> records;
    for (const Attempt& one : all) records.push_back(attempt_record(one));
    return apply(records);
  }
  Checkin only(AccountId account) {
    const CheckinPage page = own(account);
    EXPECT_EQ(page.checkins.size(), 1U);
    return page.checkins.empty() ? Checkin{} : page.checkins.front();
  }
  static Attempt failed(std::int64_t at, std::uint64_t ticket) {
    return {.id = id_at(at), .account = mio, .ticket = ticket, .result = CheckinResult::no_match};
  }
  static Attempt fine(std::int64_t at, std::uint64_t ticket, std::uint32_t window = 1) {
    return {.id = id_at(at), .account = mio, .ticket = ticket, .window = window};
  }
};
MATSURI_FOR_EACH_ENGINE(CheckinTest);

TEST_P(CheckinTest, IsDueOnceForAPersonAndWindow) {
  const auto result = attempts({fine(1, 1), fine(2, 2), fine(3, 3, 2), {id_at(4), ken, 9}});
  EXPECT_EQ(result.outcomes(), (std::vector{Outcome::applied, Outcome::duplicate, Outcome::applied,
                                            Outcome::applied}));
  const auto dues = dues_of(result);
  ASSERT_EQ(dues.size(), 3U);
  EXPECT_EQ(dues[0], (GrantDue{.account = mio,
                               .programme = "lantern-night",
                               .window = 1,
                               .rev = 1,
                               .event = grant_event("lantern-night", 1, mio),
                               .campaign = "summer",
                               .points = 10}));
  EXPECT_EQ(result.facts()[0].unix_ms, testing::start_ms + 1);
  EXPECT_EQ(result.facts()[0].account, mio);
  EXPECT_NE(dues[0].event, dues[1].event);
  EXPECT_NE(dues[0].event, dues[2].event);
  EXPECT_EQ(attempts({fine(5, 4),
                      {.id = id_at(6), .account = mio, .ticket = 4, .programme = "other-night"}})
                .outcomes(),
            (std::vector{Outcome::duplicate, Outcome::applied}));
  EXPECT_EQ(own(mio).checkins.size(), 3U);
}

TEST_P(CheckinTest, TakesTheLimitOfAttemptsAndNoMore) {
  EXPECT_EQ(dues_of(attempts({failed(1, 1), failed(2, 1), fine(3, 1)})).size(), 1U);
  EXPECT_EQ(only(mio).status, Status::pending);
  // The fourth failure before the ok: nothing becomes due.
  const auto result = attempts({failed(4, 2), failed(5, 2), failed(6, 2), fine(7, 2, 2)});
  EXPECT_TRUE(dues_of(result).empty());
  const Checkin second = own(mio).checkins.front();
  EXPECT_EQ(second.status, Status::voided);
  EXPECT_EQ(second.reason, GrantReason::too_many_attempts);
  EXPECT_EQ(dues_of(attempts({fine(8, 3, 2)})).size(), 0U) << "what is void stays void";
}

TEST_P(CheckinTest, ALateFailureTakesBackWhatIsPending) {
  const auto due = dues_of(attempts({fine(1, 1)})).at(0);
  EXPECT_TRUE(dues_of(attempts({failed(2, 1), failed(3, 1)})).empty());
  const auto back = dues_of(attempts({failed(4, 1), failed(5, 1)}));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].rev, 2U);
  EXPECT_EQ(back[0].event, due.event);
  EXPECT_EQ(back[0].void_reason, GrantReason::too_many_attempts);
  EXPECT_EQ(only(mio).status, Status::pending) << "points have the last word";
  apply({settled_record(due, GrantOutcome::voided, GrantReason::too_many_attempts)});
  EXPECT_EQ(only(mio).status, Status::voided);
  EXPECT_EQ(only(mio).reason, GrantReason::too_many_attempts);
}

TEST_P(CheckinTest, WhatIsGrantedStaysGranted) {
  const auto due = dues_of(attempts({fine(1, 1)})).at(0);
  apply({settled_record(due, GrantOutcome::granted)});
  EXPECT_TRUE(dues_of(attempts({failed(2, 1), failed(3, 1), failed(4, 1)})).empty());
  EXPECT_EQ(only(mio).status, Status::granted);
  EXPECT_EQ(only(mio).reason, GrantReason::none);
}

TEST_P(CheckinTest, TakesTheLimitOfTicketsAndNoMore) {
  std::vector<Attempt> ten;
  for (std::uint64_t ticket = 1; ticket <= ticket_count_max; ++ticket)
    ten.push_back(failed(static_cast<std::int64_t>(ticket), ticket));
  ten.back().result = CheckinResult::ok;
  EXPECT_EQ(dues_of(attempts(ten)).size(), 1U);
  // Another programme's tickets are counted apart.
  EXPECT_TRUE(dues_of(attempts({{.id = id_at(20),
                                 .account = mio,
                                 .ticket = 100,
                                 .result = CheckinResult::flat,
                                 .programme = "other-night"}}))
                  .empty());
  const auto back = dues_of(attempts({failed(21, 11), fine(22, 10, 2), fine(23, 12, 3)}));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].void_reason, GrantReason::too_many_tickets);
  const CheckinPage page = own(mio);
  ASSERT_EQ(page.checkins.size(), 3U);
  EXPECT_EQ(page.checkins[0].reason, GrantReason::too_many_tickets);
  EXPECT_EQ(page.checkins[1].status, Status::voided);
}

// Goal: what was there before is found, however many viewers and programmes a batch has.
TEST_P(CheckinTest, KnowsEachOfManyViewersOfSomeProgrammes) {
  constexpr std::uint64_t viewer_count = 600;
  std::int64_t at = 0;
  const auto of_all = [&](CheckinResult result, std::uint32_t window) {
    std::vector<Attempt> all;
    for (std::uint64_t viewer = viewer_count; viewer >= 1; --viewer)
      for (const char* programme : {"other-night", "lantern-night", "7"})
        all.push_back({.id = id_at(++at),
                       .account = AccountId{viewer * 1'000'003},
                       .ticket = viewer,
                       .result = result,
                       .window = window,
                       .programme = programme});
    return all;
  };
  const auto first = attempts(of_all(CheckinResult::ok, 1));
  EXPECT_EQ(first.outcomes(), std::vector(3 * viewer_count, Outcome::applied));
  EXPECT_EQ(dues_of(first).size(), 3 * viewer_count);
  const auto again = attempts(of_all(CheckinResult::ok, 1));
  EXPECT_EQ(again.outcomes(), std::vector(3 * viewer_count, Outcome::duplicate));
  EXPECT_TRUE(dues_of(again).empty());
  EXPECT_EQ(dues_of(attempts(of_all(CheckinResult::ok, 2))).size(), 3 * viewer_count);
  const auto back = dues_of(attempts(of_all(CheckinResult::no_match, 0)));
  EXPECT_EQ(back.size(), 2 * 3 * viewer_count) << "the fourth attempt with each ticket";
  EXPECT_TRUE(std::ranges::all_of(back, [](const GrantDue& due) { return due.rev == 2; }));
}

TEST_P(CheckinTest, SaysWhatPointsSayWhicheverComesFirst) {
  const auto due = dues_of(attempts({fine(1, 1)})).at(0);
  for (const auto& [outcome, status] :
       {std::pair{GrantOutcome::budget_exhausted, Status::budget_exhausted},
        std::pair{GrantOutcome::granted, Status::granted}}) {
    apply({settled_record(due, outcome)});
    EXPECT_EQ(only(mio).status, status);
  }
  // After a rebuild the answer may be read before the attempt: then nothing is asked again.
  GrantDue other = due;
  other.account = ken;
  apply({settled_record(other, GrantOutcome::granted)});
  EXPECT_TRUE(own(ken).checkins.empty());
  EXPECT_TRUE(dues_of(attempts({{id_at(9), ken, 5}})).empty());
  EXPECT_EQ(only(ken).status, Status::granted);
  EXPECT_EQ(only(ken).points, 10);
  EXPECT_EQ(only(ken).unix_ms, testing::start_ms + 9);
}

TEST_P(CheckinTest, RefusesWhatCanNotBe) {
  const auto result = attempts(
      {{id_at(1), AccountId{}, 1},
       {.id = id_at(2), .account = mio, .programme = ""},
       {.id = id_at(3), .account = mio, .programme = "Upper"},
       {.id = id_at(4), .account = mio, .programme = std::string(programme_size_max + 1, 'a')},
       {.id = id_at(5), .account = mio, .window = 0},
       {.id = id_at(6), .account = mio, .programme = std::string(programme_size_max, 'a')}});
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(result.outcomes()[i], Outcome::refused) << i;
  EXPECT_EQ(result.outcomes()[5], Outcome::applied);
  // A campaign that no column holds: the check-in is there, and void.
  stream::Record long_one = attempt_record(fine(9, 9, 9));
  std::get<CheckinAttempted>(long_one.event).campaign = std::string(campaign_size_max + 1, 'c');
  apply({long_one});
  EXPECT_EQ(own(mio).checkins.front().reason, GrantReason::no_campaign);
}

TEST_P(CheckinTest, GivesPagesOfOnesOwn) {
  for (std::uint32_t window = 1; window <= 5; ++window) attempts({fine(window, window, window)});
  attempts({{id_at(50), ken, 1}});
  const CheckinPage first = own(mio, 0, 3);
  ASSERT_EQ(first.checkins.size(), 3U);
  EXPECT_EQ(first.checkins[0].window, 5U);
  ASSERT_TRUE(first.next);
  const CheckinPage second = own(mio, *first.next, 3);
  ASSERT_EQ(second.checkins.size(), 2U);
  EXPECT_EQ(second.checkins[0].window, 2U);
  EXPECT_FALSE(second.next);
  EXPECT_FALSE(own(mio, 0, 5).next);
}

TEST_P(CheckinTest, KnowsUpToWhereInboxesAreRead) {
  const std::string file = "0123456789abcdef";
  journal::InboxFileId id;
  std::memcpy(id.data(), file.data(), id.size());
  const auto place = [&] {
    std::uint64_t offset = 0;
    EXPECT_TRUE(db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                     TRY_ASSIGN(offset, read_place(connection, id));
                     return {};
                   })
                    .ok());
    return offset;
  };
  EXPECT_EQ(place(), 0U);
  apply({record_of(InboxRead{.file = file, .offset = 100, .name = "a.inbox"}, id_at(1)),
         attempt_record(fine(2, 1)),
         record_of(InboxRead{.file = file, .offset = 300, .name = "a.inbox"}, id_at(3))});
  EXPECT_EQ(place(), 300U);
  apply(
      {record_of(InboxRead{.file = file, .offset = 200, .name = std::string(300, 'n')}, id_at(4))});
  EXPECT_EQ(place(), 200U) << "the file was cut";
  apply({record_of(InboxRead{.file = file, .offset = 900, .name = "x"}, id_at(2))});
  EXPECT_EQ(place(), 200U) << "an older one";
  EXPECT_EQ(own(mio).checkins.size(), 1U);
}

TEST_P(CheckinTest, ForgetsTicketsOfProgrammesThatAreOver) {
  attempts({failed(1, 1), fine(2, 1)});
  const auto forget = [&](std::int64_t now_ms) {
    std::uint64_t count = 0;
    EXPECT_TRUE(db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                     TRY_ASSIGN(count, forget_old_tickets(connection, now_ms));
                     return {};
                   })
                    .ok());
    return count;
  };
  EXPECT_EQ(forget(testing::start_ms + 2 + ticket_kept_ms), 0U);
  EXPECT_EQ(forget(testing::start_ms + 3 + ticket_kept_ms), 1U);
  EXPECT_EQ(forget(testing::start_ms + 3 + ticket_kept_ms), 0U);
  EXPECT_EQ(own(mio).checkins.size(), 1U);
}

}  // namespace
}  // namespace matsuri::checkin
