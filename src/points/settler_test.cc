// Goal: what is due is granted once, or void or out of budget with its reason, whatever is repeated;
// and the ledger is asked for many at once.
#include "points/settler.h"

#include <gtest/gtest.h>

#include <map>

#include "points/testing/world.h"
#include "stream/outbox.h"

namespace matsuri::points::testing {
namespace {

class SettlerTest : public PointsTest {
 protected:
  void SetUp() override {
    PointsTest::SetUp();
    if (IsSkipped()) return;
    db_ = open();
    ASSERT_TRUE(db_->migrate("grants", dues_migrations()).ok());
    auto opened = stream::Outbox::open(*db_, Region{0}, Node{1}, io::system_random());
    ASSERT_TRUE(opened.ok());
    outbox_ = *std::move(opened);
    ASSERT_TRUE(create_campaign("summer", 200).ok());
  }
  void TearDown() override {
    outbox_.reset();
    db_.reset();
    PointsTest::TearDown();
  }

  GrantDue due(std::size_t number, std::size_t whose = 0, std::int64_t points = 10) {
    return {.account = player(whose),
            .programme = "lantern-night",
            .window = static_cast<std::uint32_t>(number),
            .rev = 1,
            .event = "e" + std::to_string(number),
            .campaign = "summer",
            .points = points};
  }
  static GrantDue taken_back(GrantDue due) {
    due.rev = 2;
    due.void_reason = GrantReason::too_many_attempts;
    return due;
  }
  void apply(const std::vector<GrantDue>& dues) {
    std::vector<stream::Record> records;
    for (const GrantDue& one : dues)
      records.push_back({.position = {}, .header = {.kind = EventKind::grant_due}, .event = one});
    DuesView view([this] { ++news_count_; });
    stream::BatchResult result(records.size());
    ASSERT_TRUE(db_->write_and_wait([&](sql::Connection& connection) {
                     return view.apply(connection, records, result);
                   })
                    .ok());
    view.committed(records, result);
  }
  std::unique_ptr<Settler> make(std::size_t batch_count_max = 512) {
    return std::make_unique<Settler>(SettlerParts{.outbox = *outbox_,
                                                  .ledger = *ledger_,
                                                  .people = *people_,
                                                  .clock = clock_,
                                                  .metrics = &metrics_,
                                                  .batch_count_max = batch_count_max});
  }
  // What was said last of each event; how often in all.
  std::map<std::string, GrantSettled> told() {
    std::map<std::string, GrantSettled> all;
    told_count_ = 0;
    const auto records = outbox_->read(0, 10'000);
    EXPECT_TRUE(records.ok());
    for (const stream::Record& record : *records) {
      const auto& fact = std::get<GrantSettled>(record.event);
      all[fact.event] = fact;
      ++told_count_;
    }
    return all;
  }
  void settle() {
    const auto batch = make()->settle();
    ASSERT_TRUE(batch.ok()) << batch.error().to_string();
    EXPECT_EQ(batch->left_count, 0U);
  }
  void expect_balance(std::size_t whose, std::int64_t amount) {
    EXPECT_EQ(balance(player(whose))->balance, amount);
  }

  std::unique_ptr<sql::Db> db_;
  std::unique_ptr<stream::Outbox> outbox_;
  int news_count_ = 0;
  std::size_t told_count_ = 0;
};
MATSURI_FOR_EACH_ENGINE(SettlerTest);

TEST_P(SettlerTest, GrantsWhatIsDueOnceHoweverOftenItComes) {
  apply({due(1), due(2, 1), due(3)});
  EXPECT_EQ(news_count_, 1);
  settle();
  expect_balance(0, 20);
  expect_balance(1, 10);
  apply({due(1), due(3)});  // as after a restore
  settle();
  expect_balance(0, 20);
  const auto all = told();
  EXPECT_EQ(told_count_, 5U);
  EXPECT_EQ(all.at("e1"), (GrantSettled{.account = player(0),
                                        .programme = "lantern-night",
                                        .window = 1,
                                        .event = "e1",
                                        .outcome = GrantOutcome::granted,
                                        .points = 10}));
  EXPECT_EQ(make()->settle()->settled_count, 0U) << "nothing is left";
}

TEST_P(SettlerTest, SaysWhyNothingIsGranted) {
  std::vector<GrantDue> dues = {due(1), due(2), due(3), due(4), due(5), due(6)};
  dues[0].campaign = "winter";
  dues[1].campaign = "No Name";
  dues[2].account = AccountId{9'999};
  dues[3].points = 0;
  dues[4].points = amount_max + 1;
  dues[5] = taken_back(dues[5]);
  apply(dues);
  settle();
  const auto all = told();
  const std::pair<const char*, GrantReason> expected[] = {
      {"e1", GrantReason::no_campaign}, {"e2", GrantReason::no_campaign},
      {"e3", GrantReason::no_account},  {"e4", GrantReason::bad_amount},
      {"e5", GrantReason::bad_amount},  {"e6", GrantReason::too_many_attempts}};
  for (const auto& [event, reason] : expected) {
    EXPECT_EQ(all.at(event).outcome, GrantOutcome::voided) << event;
    EXPECT_EQ(all.at(event).reason, reason) << event;
  }
  expect_balance(0, 0);
}

TEST_P(SettlerTest, NeverGrantsMoreThanTheBudget) {
  std::vector<GrantDue> dues;
  for (std::size_t number = 1; number <= 30; ++number) dues.push_back(due(number, number % 3));
  apply(dues);
  settle();
  std::map<GrantOutcome, int> counts;
  for (const auto& [event, fact] : told()) ++counts[fact.outcome];
  EXPECT_EQ(counts, (std::map<GrantOutcome, int>{{GrantOutcome::granted, 20},
                                                 {GrantOutcome::budget_exhausted, 10}}));
  EXPECT_EQ(balance(player(0))->balance + balance(player(1))->balance + balance(player(2))->balance,
            200);
}

TEST_P(SettlerTest, WhatIsTakenBackInTimeIsVoidAndElseGranted) {
  apply({due(1), taken_back(due(1)), due(2)});
  settle();
  EXPECT_EQ(told().at("e1").outcome, GrantOutcome::voided);
  EXPECT_EQ(told().at("e2").outcome, GrantOutcome::granted);
  apply({taken_back(due(2))});
  settle();
  EXPECT_EQ(told().at("e2").outcome, GrantOutcome::granted);
  EXPECT_EQ(told().at("e2").reason, GrantReason::none);
  expect_balance(0, 10);
  // An older revision does not bring it back.
  apply({taken_back(due(3)), due(3)});
  settle();
  EXPECT_EQ(told().at("e3").outcome, GrantOutcome::voided);
}

// A ledger that has the event with another amount has it: nothing is granted twice.
TEST_P(SettlerTest, TellsTheAmountThatWasGranted) {
  ASSERT_TRUE(grant({"e1", "summer", player(0), 7}).ok());
  apply({due(1)});
  settle();
  EXPECT_EQ(told().at("e1").outcome, GrantOutcome::granted);
  EXPECT_EQ(told().at("e1").points, 7);
  expect_balance(0, 7);
}

// Goal: a backlog drains in batches of many. Method: counts of transactions, not times.
TEST_P(SettlerTest, SettlesABacklogInBatches) {
  std::vector<GrantDue> dues;
  for (std::size_t number = 1; number <= 1'000; ++number)
    dues.push_back(due(number, number % player_count, 1));
  apply(dues);
  const auto settler = make(300);
  std::vector<std::size_t> sizes;
  for (;;) {
    const auto batch = settler->settle();
    ASSERT_TRUE(batch.ok()) << batch.error().to_string();
    if (batch->settled_count == 0) break;
    sizes.push_back(batch->settled_count);
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{300, 300, 300, 100}));
  EXPECT_EQ(
      metrics_.counter("matsuri_grants_batches_total", "Transactions in which dues were settled.")
          .value(),
      4U);
}

// The thread does the same when it is woken, and ends when it is told to.
TEST_P(SettlerTest, WorksByItself) {
  const auto settler = make();
  settler->start();
  apply({due(1), due(2)});
  settler->wake();
  for (int i = 0; i < 1'000 && told().size() < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(told().size(), 2U);
  settler->stop();
  apply({due(3)});
  settler->wake();
  EXPECT_EQ(told().size(), 2U);
}

}  // namespace
}  // namespace matsuri::points::testing
