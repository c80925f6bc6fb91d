// Goal: on both engines a shard in SQL is what the model says, survives its owner, and lets one owner
// write; and a store that lets two of them is found (base/plant.h).
#include "sequencer/sql_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "base/plant.h"
#include "io/clock.h"
#include "sequencer/decide.h"
#include "sequencer/owner.h"
#include "sequencer/testing/model.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::sequencer {
namespace {

constexpr std::int64_t start_ms = 1'790'000'000'000;

class SqlStoreTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    options_ = fresh_options("shard");
    db_ = open(options_);
    store_ = open_store(*db_);
  }

  static std::unique_ptr<SqlStore> open_store(sql::Db& db) {
    auto store = SqlStore::open(db, test_schemas(), {});
    EXPECT_TRUE(store.ok()) << store.error().to_string();
    return std::move(*store);
  }

  std::unique_ptr<Owner> owner(const std::string& name, Store& store, OwnerOptions options = {}) {
    options.name = name;
    return std::make_unique<Owner>(options, test_schemas(), store, clock_);
  }

  // Submits and takes steps until it is answered.
  static Answer ask(Owner& owner, Request request) {
    std::optional<Answer> answer;
    owner.submit(std::move(request), [&](Answer got) { answer = std::move(got); });
    for (int i = 0; i < 20 && !answer; ++i) {
      owner.load();
      owner.step();
    }
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(Answer{});
  }

  Outcome run(Owner& owner, const Command& command) {
    EXPECT_TRUE(check(command, test_schema()).ok());
    return ask(owner, Chain{{command}}).outcomes.at(0);
  }
  // One owner decides something after another one took the shard, and has decided nothing yet.
  Verdict attack_of_a_stale_owner() {
    const EntityName mio = name_of("raid", player, "mio");
    const sql::DbOptions shard = fresh_options("stale");
    auto old_db = open(shard);
    auto new_db = open(shard);
    auto old_store = open_store(*old_db);
    auto new_store = open_store(*new_db);
    auto old_owner = owner("a", *old_store);
    auto new_owner = owner("b", *new_store);
    run(*old_owner, born(key(), mio, 150));
    clock_.advance_ms(5000);
    EXPECT_EQ(ask(*new_owner, Read{{mio}}).entities.at(0).get(hp), 150);
    return run(*old_owner, attack(key(), mio, 100)).verdict;
  }
  Key key() { return keys_.make(clock_.unix_ms()); }
  void TearDown() override {
    store_.reset();
    db_.reset();
  }

  sql::DbOptions options_;
  std::unique_ptr<sql::Db> db_;
  std::unique_ptr<SqlStore> store_;
  io::ManualClock clock_{start_ms};
  Keys keys_{7};
};
MATSURI_FOR_EACH_ENGINE(SqlStoreTest);

#ifdef MATSURI_PLANT

// Goal: the planted bug is seen, or the other tests prove nothing.
TEST_P(SqlStoreTest, WithoutFencingAStaleOwnerWrites) {
  EXPECT_EQ(attack_of_a_stale_owner(), Verdict::not_owner);
  planted_bug = "no_fencing";
  EXPECT_EQ(attack_of_a_stale_owner(), Verdict::applied);
  planted_bug = {};
}

#else

TEST_P(SqlStoreTest, AStaleOwnerDoesNotWrite) {
  EXPECT_EQ(attack_of_a_stale_owner(), Verdict::not_owner);
}

// Attack and heal happen in one order for everyone, and nobody is healed after death.
TEST_P(SqlStoreTest, NobodyIsHealedAfterDeath) {
  const EntityName mio = name_of("raid 7", player, "mio");
  auto node = owner("a", *store_);
  EXPECT_EQ(run(*node, born(key(), mio, 150)).verdict, Verdict::applied);
  EXPECT_EQ(run(*node, attack(key(), mio, 200)).entities.at(0).state.get(hp), 0);
  const Outcome healed = run(*node, heal(key(), mio, 100));
  EXPECT_EQ(healed.verdict, Verdict::rejected);
  EXPECT_EQ(healed.guard, 0);
  EXPECT_EQ(healed.entities.at(0).state.get(hp), 0);

  const EntityName ren = name_of("raid 7", player, "ren");
  EXPECT_EQ(run(*node, born(key(), ren, 150)).verdict, Verdict::applied);
  EXPECT_EQ(run(*node, heal(key(), ren, 100)).entities.at(0).state.get(hp), 150);
  EXPECT_EQ(run(*node, attack(key(), ren, 100)).entities.at(0).state.get(hp), 50);
}

TEST_P(SqlStoreTest, AKeyIsDecidedOnceAlsoByTheNextOwner) {
  const EntityName mio = name_of("raid", player, "mio");
  auto node = owner("a", *store_);
  run(*node, born(key(), mio, 150));
  const Command hit = attack(key(), mio, 10);
  const Outcome first = run(*node, hit);
  EXPECT_FALSE(first.duplicate);
  Outcome wanted = first;
  wanted.duplicate = true;
  EXPECT_EQ(run(*node, hit), wanted);
  Command other = attack(hit.key, mio, 11);
  EXPECT_EQ(run(*node, other).verdict, Verdict::key_reuse);

  node.reset();  // As kill -9: the lease stays. Who comes back under the name need not wait.
  node = owner("a", *store_);
  EXPECT_EQ(run(*node, hit), wanted);
  EXPECT_EQ(node->epoch(), 2U);
  EXPECT_EQ(ask(*node, Lookup{hit.key}).outcomes.at(0), first);
  EXPECT_TRUE(ask(*node, Lookup{key()}).outcomes.empty());
}

TEST_P(SqlStoreTest, OfTwoOwnersOneWrites) {
  const EntityName mio = name_of("raid", player, "mio");
  auto old_db = open(options_);
  auto old_store = open_store(*old_db);
  auto old_owner = owner("a", *old_store);
  run(*old_owner, born(key(), mio, 150));

  auto next = owner("b", *store_);
  EXPECT_EQ(run(*next, attack(key(), mio, 1)).verdict, Verdict::not_owner) << "its lease holds";
  clock_.advance_ms(5000);
  EXPECT_EQ(run(*next, attack(key(), mio, 1)).verdict, Verdict::applied);

  const Command late = attack(key(), mio, 100);
  EXPECT_EQ(run(*old_owner, late).verdict, Verdict::not_owner);
  EXPECT_EQ(ask(*old_owner, Read{{mio}}).outcomes.at(0).verdict, Verdict::not_owner);
  EXPECT_TRUE(ask(*next, Lookup{late.key}).outcomes.empty());
  EXPECT_EQ(ask(*next, Read{{mio}}).entities.at(0).get(hp), 149);
}

TEST_P(SqlStoreTest, ALeaseThatIsGivenBackIsFreeAtOnce) {
  auto node = owner("a", *store_);
  run(*node, born(key(), name_of("raid", player, "mio"), 150));
  node->stop();
  auto next = owner("b", *store_);
  EXPECT_EQ(run(*next, born(key(), name_of("raid", player, "ren"), 1)).verdict, Verdict::applied);
}

// Goal: the same histories on SQLite, on MariaDB and in the model agree, in outcomes and in rows.
TEST_P(SqlStoreTest, HistoriesAgreeWithTheModel) {
  std::mt19937_64 random(20'251'125);
  OwnerOptions options{.batch_count_max = 64};
  options.shard.entity_count_max = 16;
  auto node = owner("a", *store_, options);
  Model model(test_schema());
  std::map<std::string, Outcome> answers;
  unsigned decided = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Chain> chains;
    for (int i = 0; i < 30; ++i) {
      Chain& chain = chains.emplace_back();
      const std::string arena = "arena " + std::to_string(random() % 5);
      for (std::uint64_t n = random() % 8 == 0 ? 1 + random() % 3 : 1; n > 0; --n)
        chain.commands.push_back(any_command(random, key(), arena, clock_.unix_ms()));
    }
    std::vector<Answer> got(chains.size());
    for (std::size_t i = 0; i < chains.size(); ++i)
      node->submit(chains[i], [&got, i](Answer answer) { got[i] = std::move(answer); });
    for (int i = 0; i < 6; ++i) {
      node->load();
      node->step();
    }
    for (std::size_t i = 0; i < chains.size(); ++i) {
      const std::uint64_t seq = decided + 1;
      std::vector<Outcome> wanted = model.run(chains[i].commands, seq, clock_.unix_ms());
      ASSERT_EQ(got[i].outcomes.size(), wanted.size());
      for (std::size_t n = 0; n < wanted.size(); ++n) {
        if (wanted[n].verdict == Verdict::invalid) {
          ASSERT_EQ(got[i].outcomes[n].verdict, Verdict::invalid);
          continue;
        }
        ++decided;
        ASSERT_EQ(got[i].outcomes[n], wanted[n]);
      }
    }
    clock_.advance_ms(500);
    if (round % 10 == 9) {
      node.reset();
      node = owner("a", *store_, options);
    }
  }
  EXPECT_GT(decided, 500U);
  for (const auto& [name, entity] : model.entities()) {
    const Result<Found> found = store_->load({.entities = {name}});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->entities.empty() ? Entity{} : found->entities.at(0).second, entity);
    EXPECT_EQ(found->seq, decided);
  }
}

#endif

}  // namespace
}  // namespace matsuri::sequencer
