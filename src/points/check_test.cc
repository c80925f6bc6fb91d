// Goal: whatever is damaged in the ledger, in the purses, or in what main shows, is found.
// Method: a ledger with some of everything, in which nothing is found; then one fault at a time.
#include "points/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "points/projection.h"
#include "points/testing/world.h"

namespace matsuri::points::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckTest : public PointsTest {
 protected:
  void SetUp() override {
    PointsTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(create_campaign("summer", 200).ok());
    ASSERT_TRUE(create_sink("shop").ok());
    ASSERT_TRUE(grant({"e1", "summer", player(0), 77}).ok());
    ASSERT_TRUE(grant({"e2", "summer", player(1), 33}).ok());
    ASSERT_TRUE(spend({player(0), "shop", 11}).ok());
    const auto held = place({player(0), "shop", 5});
    ASSERT_TRUE(end(held->hold.id, HoldState::voided).ok());
    ASSERT_TRUE(place({player(1), "shop", 8}).ok());
    ASSERT_TRUE(shows_all());
    ASSERT_THAT(findings(), IsEmpty());
  }

  void expect_in_shard(const std::string& statement, const std::string& finding) {
    expect(shard_db(), statement, finding);
  }
  void expect_in_ledger(const std::string& from, const std::string& to,
                        const std::string& finding) {
    replace_in_ledger(from, to);
    EXPECT_THAT(findings(), Contains(HasSubstr(finding))) << from;
  }
  void expect_in_main(const std::string& statement, const std::string& finding) {
    expect(main_db(), statement, finding);
  }

 private:
  void expect(sql::Db& db, const std::string& statement, const std::string& finding) {
    run(db, statement);
    EXPECT_THAT(findings(), Contains(HasSubstr(finding))) << statement;
  }
};
MATSURI_FOR_EACH_ENGINE(CheckTest);

TEST_P(CheckTest, FindsABalanceThatNobodyPosted) {
  expect_in_shard("UPDATE entity SET fields = REPLACE(fields, '\"balance\":66', '\"balance\":67')",
                  "account:101 has 67 and 0 held in version 4, and by its postings 66");
  EXPECT_THAT(findings(), Contains(HasSubstr("balances are 1 in all, not 0")));
}

TEST_P(CheckTest, FindsABudgetBelowNothing) {
  expect_in_shard("UPDATE entity SET fields = REPLACE(fields, '\"balance\":90', '\"balance\":-1')",
                  "campaign:summer has -1, which is not within 0 and");
}

TEST_P(CheckTest, FindsAPostingThatWasChanged) {
  expect_in_ledger("\"posting\":33", "\"posting\":34",
                   "account:102 has 33, and 34 was posted to 0");
  EXPECT_THAT(findings(), Contains(HasSubstr("postings are 1 in all, not 0")));
}

TEST_P(CheckTest, FindsWhatIsHeldAndIsNot) {
  expect_in_ledger("\"held\":8", "\"held\":9", "purses have 1 more held than their holds got");
}

TEST_P(CheckTest, FindsACommandThatIsGone) {
  expect_in_shard("DELETE FROM kept_command WHERE seq = 5",
                  "account:101 has version 3 behind version 1");
}

TEST_P(CheckTest, FindsACommandThatCanNotBeRead) {
  expect_in_ledger("\"kind\":\"grant\"", "\"kind\":\"gift\"", "names a kind that there is not");
}

TEST_P(CheckTest, FindsAPurseThatIsGone) {
  expect_in_shard("DELETE FROM entity WHERE kind = 'account' AND id = '101'",
                  "account:101 is in the ledger, and nowhere else");
}

TEST_P(CheckTest, FindsAPurseOutOfNothing) {
  expect_in_shard("UPDATE entity SET id = '109' WHERE kind = 'account' AND id = '101'",
                  "account:109 is nowhere in the ledger");
}

TEST_P(CheckTest, FindsAGrantThatIsGone) {
  expect_in_shard("DELETE FROM entity WHERE id = 'summer/e1'",
                  "grant summer/e1 is in the ledger, and nowhere else");
}

TEST_P(CheckTest, FindsAGrantOutOfNothing) {
  expect_in_shard("UPDATE entity SET id = 'summer/e3' WHERE id = 'summer/e1'",
                  "grant:summer/e3 is not what the ledger granted");
}

TEST_P(CheckTest, FindsAGrantThatWasChanged) {
  expect_in_shard("UPDATE entity SET fields = REPLACE(fields, '\"amount\":77', '\"amount\":78')",
                  "grant:summer/e1 is not what the ledger granted");
}

TEST_P(CheckTest, FindsWhatMainShowsWrong) {
  expect_in_main(
      "UPDATE points_posting SET amount = amount + 1 WHERE account = 101 AND amount = 77",
      "postings of account 101 do not add up to 77");
  expect_in_main("UPDATE points_purse SET balance = balance + 1 WHERE id = '102'",
                 "account 102 has 26 and 8 held, and by its postings 25 and 8");
  EXPECT_THAT(findings(), Contains(HasSubstr("purses have 1 in all, not 0")));
  expect_in_main("UPDATE points_purse SET held = held + 1 WHERE id = '102'",
                 "holds have 8, and purses 9 held");
  expect_in_main("DELETE FROM points_hold", "open holds have 0, and all holds 8");
}

}  // namespace
}  // namespace matsuri::points::testing
