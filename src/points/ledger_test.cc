// Goal: what points do, through the order of a shard, on both engines: every outcome is the one that
// a plain model gives, nothing is granted twice or over-issued however many ask at once, holds end,
// and what is shown by account is what the ledger says.
#include "points/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "points/projection.h"
#include "points/testing/world.h"
#include "sequencer/shard_map.h"

namespace matsuri::points::testing {
namespace {

class LedgerTest : public PointsTest {
 protected:
  template <class Is>
  bool comes(Is is) {
    for (int i = 0; i < 500; ++i) {
      if (is()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  void expect_balance(AccountId account, std::int64_t has, std::int64_t held = 0) {
    const auto now = balance(account);
    ASSERT_TRUE(now.ok());
    EXPECT_EQ(now->balance, has);
    EXPECT_EQ(now->held, held);
  }
  std::int64_t fault_count() {
    std::int64_t count = 0;
    for (const char* what : {"sum", "fold", "held", "order"})
      count += static_cast<std::int64_t>(
          metrics_
              .counter("matsuri_points_faults_total",
                       "What did not add up in the ledger: anything but 0 is an alarm.",
                       {{"what", what}})
              .value());
    return count;
  }
};
MATSURI_FOR_EACH_ENGINE(LedgerTest);

TEST_P(LedgerTest, GrantsOnceForAnEvent) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  const Grant first{.event = "e1", .campaign = "summer", .account = player(0), .amount = 120};
  const auto told = grant(first);
  ASSERT_TRUE(told.ok()) << told.error().to_string();
  EXPECT_EQ(told->outcome, Granted::Outcome::granted);
  EXPECT_EQ(told->balance, 120);
  EXPECT_EQ(told->left, 80);
  EXPECT_EQ(grant(first)->outcome, Granted::Outcome::granted_before);
  stop();
  clock_.ahead_ms = 2 * sequencer::key_kept_ms;
  start();
  EXPECT_EQ(grant(first)->outcome, Granted::Outcome::granted_before);
  Grant other = first;
  other.amount = 119;
  EXPECT_EQ(grant(other).error().code(), Code::conflict);
  other = first;
  other.account = player(1);
  EXPECT_EQ(grant(other).error().code(), Code::conflict);
  other.event = "e2";
  const auto exhausted = grant(other);
  EXPECT_EQ(exhausted->outcome, Granted::Outcome::budget_exhausted);
  EXPECT_EQ(exhausted->left, 80);
  // Nothing was granted: it may come again when there is more.
  ASSERT_TRUE(wait_for<Ledger::Budget>([&](auto done) {
                ledger_->top_up(asked(admin), "summer", 40, inline_, std::move(done));
              }).ok());
  EXPECT_EQ(grant(other)->outcome, Granted::Outcome::granted);
  expect_balance(player(0), 120);
  expect_balance(player(1), 120);
}

TEST_P(LedgerTest, RefusesWhatIsNotThere) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  ASSERT_TRUE(create_sink("shop").ok());
  const Grant fine{.event = "e1", .campaign = "summer", .account = player(0), .amount = 20};
  Grant wrong = fine;
  wrong.campaign = "winter";
  EXPECT_EQ(grant(wrong).error().code(), Code::not_found);
  EXPECT_EQ(grant(fine, {.title = other_game}).error().code(), Code::not_found);
  wrong = fine;
  wrong.account = AccountId{9'999};
  EXPECT_EQ(grant(wrong).error().code(), Code::not_found);
  EXPECT_TRUE(grant(fine, {.account = admin, .title = {}, .is_staff = true}).ok());
  EXPECT_EQ(spend({player(0), "stall", 1}).error().code(), Code::not_found);
  EXPECT_EQ(spend({player(0), "shop", 1}, other_game).error().code(), Code::not_found);
  EXPECT_EQ(wait_for<Placed>([&](auto done) {
              ledger_->place(asked(player(0), other_game), {player(0), "shop", 1}, 1000, inline_,
                             std::move(done));
            })
                .error()
                .code(),
            Code::not_found);
  EXPECT_EQ(create_campaign("summer", 1).error().code(), Code::conflict);
  EXPECT_EQ(create_sink("shop").error().code(), Code::conflict);
  expect_balance(player(0), 20);
}

TEST_P(LedgerTest, SpendsUnderOneKeyOnce) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  ASSERT_TRUE(create_sink("shop").ok());
  ASSERT_TRUE(grant({"e1", "summer", player(0), 100}).ok());
  const Asked first = asked(player(0));
  const auto send = [&](const Spend& what) {
    return wait_for<Spent>(
        [&](auto done) { ledger_->spend(first, what, inline_, std::move(done)); });
  };
  const auto told = send({player(0), "shop", 60});
  ASSERT_TRUE(told.ok());
  EXPECT_TRUE(told->is_done);
  EXPECT_EQ(told->balance, 40);
  const auto again = send({player(0), "shop", 60});
  EXPECT_TRUE(again->done.is_duplicate);
  EXPECT_EQ(again->balance, 40);
  EXPECT_EQ(again->done.seq, told->done.seq);
  EXPECT_EQ(send({player(0), "shop", 61}).error().code(), Code::conflict);
  const auto more = spend({player(0), "shop", 41});
  EXPECT_FALSE(more->is_done);
  EXPECT_EQ(more->balance, 40);
  EXPECT_TRUE(spend({player(0), "shop", 40})->is_done);
  EXPECT_FALSE(spend({player(1), "shop", 1})->is_done);
}

TEST_P(LedgerTest, HoldsAreCommittedOrVoided) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  ASSERT_TRUE(create_sink("shop").ok());
  ASSERT_TRUE(grant({"e1", "summer", player(0), 100}).ok());
  const auto one = place({player(0), "shop", 60});
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  EXPECT_TRUE(one->spent.is_done);
  expect_balance(player(0), 40, 60);
  // Held points are not spendable.
  EXPECT_FALSE(spend({player(0), "shop", 41})->is_done);
  EXPECT_FALSE(place({player(0), "shop", 41})->spent.is_done);
  const HoldId id = one->hold.id;
  EXPECT_EQ(end(id, HoldState::committed, {.account = player(0)}).error().code(), Code::denied);
  EXPECT_EQ(end(id, HoldState::voided, {.account = player(0)}).error().code(), Code::denied);
  EXPECT_EQ(end(id, HoldState::voided, {.account = player(1)}).error().code(), Code::not_found);
  EXPECT_EQ(end(id, HoldState::voided, {.title = other_game}).error().code(), Code::not_found);
  const auto committed = end(id, HoldState::committed);
  EXPECT_EQ(committed->state, HoldState::committed);
  EXPECT_FALSE(committed->was_ended);
  EXPECT_TRUE(end(id, HoldState::committed)->was_ended);
  EXPECT_EQ(end(id, HoldState::voided)->state, HoldState::committed);
  expect_balance(player(0), 40);
  const auto two = place({player(0), "shop", 40});
  expect_balance(player(0), 0, 40);
  EXPECT_EQ(end(two->hold.id, HoldState::voided, {.account = admin, .is_staff = true})->state,
            HoldState::voided);
  EXPECT_EQ(end(two->hold.id, HoldState::committed)->state, HoldState::voided);
  expect_balance(player(0), 40);
}

TEST_P(LedgerTest, AHoldThatNobodyEndsIsVoided) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  ASSERT_TRUE(create_sink("shop").ok());
  ASSERT_TRUE(grant({"e1", "summer", player(0), 100}).ok());
  ASSERT_TRUE(place({player(0), "shop", 60}, 100'000)->spent.is_done);
  const auto longer = place({player(0), "shop", 10}, 200'000);
  EXPECT_TRUE(shows_all());
  clock_.ahead_ms += 100'001;
  EXPECT_TRUE(comes([&] { return balance(player(0))->held == 10; }));
  expect_balance(player(0), 90, 10);
  // With nobody to sweep it is too late to commit, and its owner may take it back.
  keeper_->stop();
  clock_.ahead_ms += 100'000;
  EXPECT_EQ(end(longer->hold.id, HoldState::committed)->state, HoldState::held);
  expect_balance(player(0), 90, 10);
  EXPECT_EQ(end(longer->hold.id, HoldState::voided, {.account = player(0)})->state,
            HoldState::voided);
  expect_balance(player(0), 100);
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_P(LedgerTest, NoMoreIsIssuedThanMayBe) {
  for (int i = 0; i < 9; ++i)
    ASSERT_TRUE(create_campaign("c" + std::to_string(i), budget_max).ok()) << i;
  EXPECT_EQ(create_campaign("c9", 1).error().code(), Code::conflict);
  EXPECT_EQ(wait_for<Ledger::Budget>([&](auto done) {
              ledger_->top_up(asked(admin), "c0", 1, inline_, std::move(done));
            })
                .error()
                .code(),
            Code::conflict);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(grant({"e" + std::to_string(i), "c0", player(0), amount_max}).ok());
  expect_balance(player(0), 3 * amount_max);
  EXPECT_TRUE(shows_all());
  EXPECT_EQ(findings(), std::vector<std::string>());
}

// Many connections, one event: one grant. And no more than the budget, whoever comes first.
TEST_P(LedgerTest, ManyAtOnceGetWhatThereIs) {
  ASSERT_TRUE(create_campaign("summer", 100).ok());
  std::atomic<int> granted = 0, before = 0, exhausted = 0;
  const auto count = [&](const Result<Granted>& told) {
    ASSERT_TRUE(told.ok()) << told.error().to_string();
    ++(told->outcome == Granted::Outcome::granted          ? granted
       : told->outcome == Granted::Outcome::granted_before ? before
                                                           : exhausted);
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i)
      threads.emplace_back([&] { count(grant({"one", "summer", player(0), 10})); });
  }
  EXPECT_EQ(granted, 1);
  EXPECT_EQ(before, 15);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i)
      threads.emplace_back([&, i] {
        for (int event = 0; event < 4; ++event)
          count(grant({"e" + std::to_string(i) + "." + std::to_string(event), "summer",
                       player(static_cast<std::size_t>(i) % player_count), 10}));
      });
  }
  EXPECT_EQ(granted, 10);
  EXPECT_EQ(exhausted, 16 * 4 - 9);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < player_count; ++i) sum += balance(player(i))->balance;
  EXPECT_EQ(sum, 100);
  EXPECT_TRUE(shows_all());
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_P(LedgerTest, ShowsPostingsAndCanShowThemAgain) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  ASSERT_TRUE(create_sink("shop").ok());
  ASSERT_TRUE(grant({"e1", "summer", player(0), 100}).ok());
  ASSERT_TRUE(spend({player(0), "shop", 30}).ok());
  const auto held = place({player(0), "shop", 20});
  ASSERT_TRUE(end(held->hold.id, HoldState::committed).ok());
  ASSERT_TRUE(place({player(0), "shop", 5}).ok());
  const auto shown = postings(player(0));
  ASSERT_EQ(shown.size(), 5U);
  const std::string hold = "hold:" + held->hold.id.to_string();
  const auto expect = [&](std::size_t index, std::int64_t amount, std::int64_t after,
                          std::int64_t held_after, const std::string& with) {
    SCOPED_TRACE(index);
    EXPECT_EQ(shown[index].amount, amount);
    EXPECT_EQ(shown[index].balance_after, after);
    EXPECT_EQ(shown[index].held_after, held_after);
    EXPECT_EQ(shown[index].with, with);
  };
  expect(4, 100, 100, 0, "campaign:summer");
  expect(3, -30, 70, 0, "spend:shop");
  expect(2, -20, 50, 20, hold);
  expect(1, 0, 50, 0, "spend:shop");
  EXPECT_EQ(shown[4].reason, "gift");
  EXPECT_FALSE(shown[4].by);
  EXPECT_EQ(shown[3].by, player(0));
  EXPECT_EQ(shown[1].reason, "hold.committed");
  EXPECT_TRUE(postings(player(1)).empty());
  // From nothing, and in another life of main.
  for (const bool is_restored : {false, true}) {
    stop();
    if (is_restored)
      ++world_;
    else
      ASSERT_TRUE(main_->write_and_wait(forget_projection).ok());
    start();
    const auto again = postings(player(0));
    ASSERT_EQ(again.size(), shown.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_EQ(again[i].seq, shown[i].seq);
      EXPECT_EQ(again[i].key, shown[i].key);
      EXPECT_EQ(again[i].balance_after, shown[i].balance_after);
    }
    EXPECT_EQ(findings(), std::vector<std::string>());
  }
  EXPECT_EQ(fault_count(), 0);
}

// An operator gives points a shard of their own, and takes it back, while they are granted.
TEST_P(LedgerTest, MovesWithItsSlot) {
  ASSERT_TRUE(create_campaign("summer", 10'000).ok());
  ASSERT_TRUE(grant({"first", "summer", player(0), 1}).ok());
  std::atomic<bool> is_over = false;
  std::atomic<int> granted = 0;
  std::jthread granter([&] {
    for (int event = 0; !is_over; ++event) {
      const auto told = grant({"e" + std::to_string(event), "summer", player(1), 1});
      ASSERT_TRUE(told.ok()) << told.error().to_string();
      if (told->outcome == Granted::Outcome::granted) ++granted;
    }
  });
  for (const std::uint32_t shard : {1U, 0U}) {
    const sequencer::Wish wished[] = {{.slot = points_slot, .shard = shard}};
    ASSERT_TRUE(sequencer::wish(*shards_[0], wished).ok());
    sequencer_->look_at_wishes();
    EXPECT_TRUE(comes([&] { return sequencer_->shard_of(points_title, points_arena) == shard; }));
    EXPECT_EQ(grant({"first", "summer", player(0), 1})->outcome, Granted::Outcome::granted_before);
  }
  is_over = true;
  granter.join();
  expect_balance(player(1), granted);
  EXPECT_EQ(postings(player(1)).size(), std::min<std::size_t>(1000, std::size_t(granted)));
  EXPECT_EQ(findings(), std::vector<std::string>());
  // Out of what moved, too.
  stop();
  ASSERT_TRUE(main_->write_and_wait(forget_projection).ok());
  start();
  EXPECT_TRUE(shows_all());
  EXPECT_EQ(findings(), std::vector<std::string>());
  EXPECT_EQ(fault_count(), 0);
}

// The keeper tells of a command that does not add up, and goes on.
TEST_P(LedgerTest, TellsOfWhatDoesNotAddUp) {
  ASSERT_TRUE(create_campaign("summer", 200).ok());
  ASSERT_TRUE(grant({"e1", "summer", player(0), 70}).ok());
  EXPECT_TRUE(shows_all());
  ASSERT_TRUE(create_sink("shop").ok());
  EXPECT_EQ(fault_count(), 0);
  replace_in_ledger("\"posting\":70", "\"posting\":71");
  stop();
  ASSERT_TRUE(main_->write_and_wait(forget_projection).ok());
  start();
  EXPECT_TRUE(shows_all());
  EXPECT_EQ(fault_count(), 2);  // a sum, and a fold
  ASSERT_TRUE(spend({player(0), "shop", 1}).ok());
  EXPECT_TRUE(shows_all());
  EXPECT_EQ(fault_count(), 2);
}

// What must come of everything, said a second time.
class Model {
 public:
  std::string grant(const Grant& wanted, TitleId asks) {
    const auto campaign = campaigns_.find(wanted.campaign);
    if (campaign == campaigns_.end() || campaign->second.title != asks) return "not_found";
    const auto [event, is_new] =
        grants_.try_emplace({wanted.campaign, wanted.event}, std::pair(wanted.account, 0L));
    if (!is_new)
      return event->second == std::pair(wanted.account, wanted.amount) ? "granted_before"
                                                                       : "conflict";
    Account& account = accounts_[wanted.account];
    if (campaign->second.balance < wanted.amount) {
      grants_.erase(event);
      return "budget_exhausted";
    }
    event->second.second = wanted.amount;
    campaign->second.balance -= wanted.amount;
    account.balance += wanted.amount;
    return "granted";
  }
  std::string create(const std::string& name, std::int64_t budget) {
    if (campaigns_.contains(name) || issued_ + budget > issue_max) return "conflict";
    issued_ += budget;
    campaigns_[name] = {game, budget};
    return "ok";
  }
  std::string spend(const Spend& wanted) {
    if (wanted.sink != "shop") return "not_found";
    Account& account = accounts_[wanted.account];
    if (account.balance < wanted.amount) return "insufficient";
    account.balance -= wanted.amount;
    return "ok";
  }
  std::string place(const Spend& wanted, const std::string& id) {
    const std::string told = spend(wanted);
    if (told == "ok") {
      accounts_[wanted.account].held += wanted.amount;
      holds_[id] = {wanted.account, wanted.amount, "held"};
    }
    return told;
  }
  std::string end(const std::string& id, bool commits) {
    Hold& hold = holds_.at(id);
    if (hold.state != "held") return hold.state;
    Account& account = accounts_[hold.account];
    account.held -= hold.amount;
    if (!commits) account.balance += hold.amount;
    return hold.state = commits ? "committed" : "void";
  }
  std::pair<std::int64_t, std::int64_t> balance(AccountId account) {
    return {accounts_[account].balance, accounts_[account].held};
  }

 private:
  struct Campaign {
    TitleId title;
    std::int64_t balance = 0;
  };
  struct Account {
    std::int64_t balance = 0, held = 0;
  };
  struct Hold {
    AccountId account;
    std::int64_t amount = 0;
    std::string state;
  };
  std::int64_t issued_ = 0;
  std::map<std::string, Campaign> campaigns_;
  std::map<std::pair<std::string, std::string>, std::pair<AccountId, std::int64_t>> grants_;
  std::map<AccountId, Account> accounts_;
  std::map<std::string, Hold> holds_;
};

template <class T, class Name>
std::string word(const Result<T>& result, Name name) {
  return result.ok() ? std::string(name(*result))
                     : std::string(matsuri::name_of(result.error().code()));
}

// Goal: any history has the outcomes of the model. Method: random ones, with restarts; everything is
// compared, and examined at the end.
TEST_P(LedgerTest, AnyHistoryIsWhatTheModelSays) {
  const char* const given = std::getenv("MATSURI_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto any = [&](std::uint64_t below) { return random() % below; };
  Model model;
  std::vector<HoldId> holds;
  ASSERT_TRUE(create_sink("shop").ok());
  const auto any_amount = [&]() -> std::int64_t {
    return any(16) == 0 ? amount_max - static_cast<std::int64_t>(any(3))
                        : 1 + static_cast<std::int64_t>(any(40));
  };
  const auto any_spend = [&] {
    return Spend{player(any(player_count)), any(20) == 0 ? "stall" : "shop", any_amount()};
  };
  for (int step = 0; step < 700; ++step) {
    SCOPED_TRACE(step);
    const std::string campaign = "c" + std::to_string(any(6));
    switch (any(8)) {
      case 0: {
        const std::int64_t budget = any(4) == 0 ? budget_max : any_amount();
        EXPECT_EQ(word(create_campaign(campaign, budget), [](const Done&) { return "ok"; }),
                  model.create(campaign, budget));
        break;
      }
      case 1:
      case 2:
      case 3: {
        const Grant wanted{"e" + std::to_string(any(60)), campaign, player(any(player_count)),
                           any(2) == 0 ? 7 : any_amount()};
        const TitleId asks = any(15) == 0 ? other_game : game;
        EXPECT_EQ(word(grant(wanted, {.title = asks}),
                       [](const Granted& told) { return name_of(told.outcome); }),
                  model.grant(wanted, asks));
        break;
      }
      case 4: {
        const Spend wanted = any_spend();
        EXPECT_EQ(word(spend(wanted),
                       [](const Spent& told) { return told.is_done ? "ok" : "insufficient"; }),
                  model.spend(wanted));
        break;
      }
      case 5: {
        const Spend wanted = any_spend();
        const auto told = place(wanted);
        const std::string id = told.ok() && told->spent.is_done ? told->hold.id.to_string() : "";
        EXPECT_EQ(
            word(told, [](const Placed& one) { return one.spent.is_done ? "ok" : "insufficient"; }),
            model.place(wanted, id));
        if (!id.empty()) holds.push_back(told->hold.id);
        break;
      }
      case 6: {
        if (holds.empty()) break;
        const HoldId& id = holds[any(holds.size())];
        const bool commits = any(2) == 0;
        EXPECT_EQ(word(end(id, commits ? HoldState::committed : HoldState::voided),
                       [](const Ended& told) { return name_of(told.state); }),
                  model.end(id.to_string(), commits));
        break;
      }
      default: {
        const AccountId account = player(any(player_count));
        const auto now = balance(account);
        ASSERT_TRUE(now.ok());
        EXPECT_EQ(std::pair(now->balance, now->held), model.balance(account));
        if (any(12) == 0) {
          stop();
          start();
        }
      }
    }
  }
  EXPECT_TRUE(shows_all());
  EXPECT_EQ(findings(), std::vector<std::string>());
  EXPECT_EQ(fault_count(), 0);
}

}  // namespace
}  // namespace matsuri::points::testing
