// Goal: every command of points is one that the sequencer takes, posts 0 in all, and says of each
// purse that it touches by how much; names and limits are what they are said to be, and no more.
#include "points/transfer.h"

#include <gtest/gtest.h>

#include <map>

#include "sequencer/decide.h"
#include "sequencer/slots.h"

namespace matsuri::points {
namespace {

using sequencer::Verdict;

constexpr TitleId title{77};
constexpr AccountId player{42};
constexpr std::int64_t now_ms = 1'790'000'000'000;

class TransferTest : public ::testing::Test {
 protected:
  static Asked asked(std::uint8_t number = 1) {
    Asked asked{.by = AccountId{7}, .reason = "test"};
    asked.key.bytes = {0x01, 0xa0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number};
    return asked;
  }

  // Decides, keeps what is applied, and looks at the postings.
  Why run(const Transfer& transfer, std::int64_t at_ms = now_ms) {
    EXPECT_TRUE(sequencer::check(transfer.command, points_schema()).ok());
    EXPECT_EQ(transfer.command.guards.size(), transfer.whys.size());
    std::vector<sequencer::Entity> before;
    for (const sequencer::EntityName& name : transfer.command.entities)
      before.push_back(entities_[name]);
    const auto decision = sequencer::decide(transfer.command, before, points_schema(), at_ms);
    last_ = decision.outcome;
    if (decision.outcome.verdict != Verdict::applied) return why_of(transfer, decision.outcome);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const sequencer::EntityName& name = transfer.command.entities[i];
      const sequencer::Entity& after = decision.after[i];
      entities_[name] = after;
      EXPECT_EQ(after.version, before[i].version + 1) << "nothing is named that is not changed";
      if (name.kind == grant_kind) continue;
      const std::int64_t posting = after.get(posting_field(name.kind));
      EXPECT_EQ(after.get(balance_field(name.kind)) - before[i].get(balance_field(name.kind)),
                posting);
      sum += posting;
    }
    EXPECT_EQ(sum, 0);
    return Why::none;
  }

  std::map<sequencer::EntityName, sequencer::Entity> entities_;
  sequencer::Outcome last_;
};

TEST_F(TransferTest, EveryKindPostsNothingInAll) {
  EXPECT_EQ(run(create_campaign(asked(), "summer", title, 100)), Why::none);
  EXPECT_EQ(run(create_campaign(asked(), "summer", title, 100)), Why::is_there);
  EXPECT_EQ(run(top_up(asked(), "summer", 20)), Why::none);
  EXPECT_EQ(run(top_up(asked(), "winter", 20)), Why::no_campaign);
  EXPECT_EQ(run(create_sink(asked(), "shop", title)), Why::none);
  EXPECT_EQ(run(create_sink(asked(), "shop", title)), Why::is_there);
  EXPECT_EQ(run(grant(asked(), {"e", "summer", player, 70})), Why::none);
  EXPECT_EQ(run(grant(asked(), {"e", "summer", player, 70})), Why::granted_before);
  EXPECT_EQ(run(grant(asked(), {"f", "summer", player, 70})), Why::budget_exhausted);
  EXPECT_EQ(run(spend(asked(), {player, "shop", 10})), Why::none);
  EXPECT_EQ(run(spend(asked(), {player, "shop", 61})), Why::insufficient);
  EXPECT_EQ(run(spend(asked(), {player, "stall", 1})), Why::no_sink);
  const NewHold wanted{
      .what = {player, "shop", 30}, .title = title, .hold_ms = 1000, .until_ms = now_ms + 1000};
  for (const bool commits : {false, true}) {
    const Asked by = asked(commits ? 2 : 1);
    EXPECT_EQ(run(place_hold(by, wanted)), Why::none);
    EXPECT_EQ(run(place_hold(by, wanted)), Why::used_before);
    const Hold hold{.id = {.key = by.key, .sink = "shop"},
                    .account = player,
                    .title = title,
                    .amount = 30,
                    .until_ms = now_ms + 1000};
    if (commits) {
      EXPECT_EQ(run(commit_hold(asked(), hold), now_ms + 1000), Why::is_too_late);
      EXPECT_EQ(run(commit_hold(asked(), hold), now_ms + 999), Why::none);
    } else {
      EXPECT_EQ(run(void_hold(asked(), hold)), Why::none);
    }
    EXPECT_EQ(run(commit_hold(asked(), hold)), Why::has_ended);
    EXPECT_EQ(run(void_hold(asked(), hold)), Why::has_ended);
  }
  EXPECT_EQ(entities_[purse(account_kind, "42")].get(0), 30);
  EXPECT_EQ(entities_[purse(account_kind, "42")].get(account_held), 0);
  EXPECT_EQ(entities_[purse(source_kind, source_id)].get(0), -120);
}

TEST_F(TransferTest, ATitleUsesItsOwn) {
  Asked foreign = asked();
  foreign.title = TitleId{78};
  EXPECT_EQ(run(create_campaign(asked(), "summer", title, 100)), Why::none);
  EXPECT_EQ(run(create_sink(asked(), "shop", title)), Why::none);
  EXPECT_EQ(run(grant(asked(), {"e", "summer", player, 70})), Why::none);
  // And hears nothing of another's, not even what was granted.
  EXPECT_EQ(run(grant(foreign, {"e", "summer", player, 70})), Why::no_campaign);
  EXPECT_EQ(run(spend(foreign, {player, "shop", 1})), Why::no_sink);
  foreign.title = title;
  EXPECT_EQ(run(grant(foreign, {"f", "summer", player, 30})), Why::none);
  EXPECT_EQ(run(spend(foreign, {player, "shop", 1})), Why::none);
}

TEST_F(TransferTest, NoMoreIsIssuedThanMayBe) {
  for (std::uint8_t i = 0; i < 9; ++i)
    EXPECT_EQ(run(create_campaign(asked(), "c" + std::to_string(i), title, budget_max)), Why::none);
  for (const Transfer& transfer :
       {create_campaign(asked(), "c9", title, 1), top_up(asked(), "c0", 1)}) {
    run(transfer);
    EXPECT_EQ(last_.verdict, Verdict::invalid);
  }
  // Whoever gets all of it has room.
  for (std::uint8_t i = 0; i < 9; ++i)
    EXPECT_EQ(run(grant(asked(), {"all", "c" + std::to_string(i), player, budget_max})), Why::none);
  EXPECT_EQ(entities_[purse(account_kind, "42")].get(0), issue_max);
  EXPECT_EQ(run(create_sink(asked(), "shop", title)), Why::none);
  EXPECT_EQ(run(spend(asked(), {player, "shop", issue_max})), Why::none);
}

TEST_F(TransferTest, OtherWantsUnderOneKeyAreTold) {
  const std::vector<Transfer> all = {create_campaign(asked(), "a", title, 1),
                                     create_campaign(asked(), "a", TitleId{1}, 1),
                                     create_campaign(asked(), "a", title, 2),
                                     create_sink(asked(), "a", title),
                                     top_up(asked(), "a", 1),
                                     grant(asked(), {"e", "a", player, 1}),
                                     spend(asked(), {player, "a", 1}),
                                     spend(asked(), {player, "a", 2}),
                                     place_hold(asked(), {{player, "a", 1}, title, 5, 6}),
                                     place_hold(asked(), {{player, "a", 1}, title, 6, 6})};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(all[i].command.fingerprint, all[j].command.fingerprint) << i << " " << j;
  // The moment when a retry comes makes no other hold of it.
  EXPECT_EQ(place_hold(asked(), {{player, "a", 1}, title, 5, 7}).command.fingerprint,
            all[8].command.fingerprint);
}

TEST(PointsModel, NamesAndLimits) {
  for (const char* fine : {"a", "summer-2026_x", "abcdefghijklmnopqrstuvw"})
    EXPECT_TRUE(check_purse_name(fine).ok()) << fine;
  for (const char* wrong : {"", "A", "a.b", "a/b", "abcdefghijklmnopqrstuvwx", "\xc3\xa9"})
    EXPECT_FALSE(check_purse_name(wrong).ok()) << wrong;
  for (const std::string& fine : {std::string("E1.a:b-c_d"), std::string(event_size_max, 'x')})
    EXPECT_TRUE(check_event(fine).ok()) << fine;
  for (const std::string& wrong : {std::string(), std::string("a/b"), std::string("a b"),
                                   std::string(event_size_max + 1, 'x')})
    EXPECT_FALSE(check_event(wrong).ok()) << wrong;
  EXPECT_TRUE(check_amount(1).ok());
  EXPECT_TRUE(check_amount(amount_max).ok());
  EXPECT_FALSE(check_amount(0).ok());
  EXPECT_FALSE(check_amount(-1).ok());
  EXPECT_FALSE(check_amount(amount_max + 1).ok());
  EXPECT_TRUE(check_reason(std::string(64, 'x')).ok());
  EXPECT_FALSE(check_reason(std::string(65, 'x')).ok());
  EXPECT_FALSE(check_reason("a\nb").ok());
}

TEST(PointsModel, HoldIdsAreReadBack) {
  const std::string text = "0199d1a0-0000-7000-8000-000000000001.shop";
  const auto id = HoldId::parse(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), text);
  EXPECT_EQ(id->sink, "shop");
  for (const char* wrong :
       {"", "0199d1a0-0000-7000-8000-000000000001", "0199d1a0-0000-7000-8000-000000000001.",
        "0199d1a0-0000-7000-8000-000000000001.Shop", "0199d1a0-0000-7000-8000-00000000000x.shop",
        "0199d1a0-0000-7000-8000-000000000001/shop"})
    EXPECT_FALSE(HoldId::parse(wrong)) << wrong;
}

// Operators name the slot of all points to `matsuri shards move`: it is in the documents.
TEST(PointsModel, OneSlotHasThemAll) {
  EXPECT_EQ(sequencer::slot_of(points_title, points_arena), points_slot);
}

}  // namespace
}  // namespace matsuri::points
