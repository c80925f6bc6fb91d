// Goal: every guard and step means what command.h says, at its borders; and what is not well formed
// is refused before it is decided.
#include "sequencer/decide.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "sequencer/testing/model.h"
#include "sequencer/testing/world.h"

namespace matsuri::sequencer {
namespace {

constexpr std::int64_t now_ms = 1'790'000'000'000;
constexpr std::int64_t int_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t int_min = std::numeric_limits<std::int64_t>::min();

Entity with(std::initializer_list<std::pair<FieldIndex, std::int64_t>> fields) {
  Entity entity{.version = 5};
  for (const auto& [field, value] : fields) entity.set(field, value);
  return entity;
}

Command on_player() {
  Keys keys(1);
  return {.key = keys.make(now_ms), .entities = {name_of("a", player, "p")}};
}

Decision take(const Step& step, const Entity& before) {
  Command command = on_player();
  command.steps = {step};
  EXPECT_TRUE(check(command, test_schema()).ok());
  return decide(command, std::vector{before}, test_schema(), now_ms);
}

// The value of the step's field after it; nullopt where the command is invalid.
std::optional<std::int64_t> value_after(const Step& step, const Entity& before) {
  const Decision decision = take(step, before);
  if (decision.outcome.verdict == Verdict::invalid) return std::nullopt;
  EXPECT_EQ(decision.after.at(0).version, before.version + 1);
  return decision.after.at(0).get(*step.field);
}

bool holds(const Guard& guard, const Entity& entity) {
  Command command = on_player();
  command.guards = {guard};
  EXPECT_TRUE(check(command, test_schema()).ok());
  return decide(command, std::vector{entity}, test_schema(), now_ms).outcome.verdict ==
         Verdict::applied;
}

TEST(Decide, StepsClampOrFail) {
  using enum Operation;
  const Entity e = with({{hp, 150}, {max_hp, 200}});
  EXPECT_EQ(value_after({.field = hp, .operation = add, .value = 850}, e), 1000);
  EXPECT_EQ(value_after({.field = hp, .operation = add, .value = 851}, e), std::nullopt);
  EXPECT_EQ(value_after({.field = hp, .operation = sub, .value = 150}, e), 0);
  EXPECT_EQ(value_after({.field = hp, .operation = sub, .value = 151}, e), std::nullopt);
  EXPECT_EQ(value_after({.field = hp, .operation = sub_clamp, .value = 200}, e), 0);
  EXPECT_EQ(value_after({.field = hp, .operation = sub_clamp, .value = int_max}, e), 0);
  EXPECT_EQ(value_after({.field = hp, .operation = sub_clamp, .value = 100, .bound = 90}, e), 90);
  EXPECT_EQ(value_after({.field = hp, .operation = sub_clamp, .value = 1, .bound = 160}, e), 150);
  EXPECT_EQ(
      value_after({.field = hp, .operation = add_clamp, .value = 100, .bound_field = max_hp}, e),
      200);
  EXPECT_EQ(value_after({.field = hp, .operation = add_clamp, .value = 5, .bound = 100}, e), 150);
  EXPECT_EQ(value_after({.field = hp, .operation = add_clamp, .value = int_max}, e), 1000);
  EXPECT_EQ(value_after({.field = hp, .operation = add_clamp, .value = 1, .bound_field = gold}, e),
            std::nullopt)
      << "a bound that is absent is none";
}

TEST(Decide, OverflowIsInvalid) {
  using enum Operation;
  EXPECT_EQ(value_after({.field = gold, .operation = add, .value = 1}, with({{gold, int_max}})),
            std::nullopt);
  EXPECT_EQ(value_after({.field = gold, .operation = add, .value = 0}, with({{gold, int_max}})),
            int_max);
  EXPECT_EQ(value_after({.field = gold, .operation = sub, .value = 1}, with({{gold, int_min}})),
            std::nullopt);
  EXPECT_EQ(
      value_after({.field = gold, .operation = sub_clamp, .value = 1}, with({{gold, int_min}})),
      int_min);
}

TEST(Decide, AnAbsentFieldCountsAsNothing) {
  using enum Operation;
  const Entity e = with({{hp, 1}});
  EXPECT_EQ(value_after({.field = gold, .operation = add, .value = 3}, e), 3);
  EXPECT_EQ(value_after({.field = gold, .operation = sub, .value = 3}, e), -3);
  EXPECT_EQ(value_after({.field = gold, .operation = max, .value = -3}, e), -3);
  EXPECT_EQ(value_after({.field = gold, .operation = min, .value = 3}, e), 3);
  EXPECT_EQ(value_after({.field = gold, .operation = set_if_absent, .value = 3}, e), 3);
  EXPECT_EQ(value_after({.field = hp, .operation = set_if_absent, .value = 3}, e), 1);
  EXPECT_FALSE(holds({.field = gold, .compare = Compare::equal, .value = 0}, e));
  EXPECT_FALSE(holds({.field = gold, .compare = Compare::not_equal, .value = 0}, e));
  EXPECT_TRUE(holds({.field = gold, .compare = Compare::absent}, e));
}

TEST(Decide, RoomIsWhatTheStepWouldHave) {
  const Entity e = with({{hp, 150}});
  EXPECT_TRUE(holds({.field = hp, .compare = Compare::has_room, .value = 850}, e));
  EXPECT_FALSE(holds({.field = hp, .compare = Compare::has_room, .value = 851}, e));
  EXPECT_TRUE(holds({.field = max_hp, .compare = Compare::has_room, .value = 1000}, e));
  EXPECT_FALSE(holds({.field = max_hp, .compare = Compare::has_room, .value = 1001}, e));
  EXPECT_TRUE(holds({.field = gold, .compare = Compare::has_room, .value = int_max}, e));
  EXPECT_FALSE(
      holds({.field = gold, .compare = Compare::has_room, .value = int_max}, with({{gold, 1}})));
}

TEST(Decide, ARemovedEntityKeepsItsVersion) {
  const Decision gone = take({.operation = Operation::remove}, with({{hp, 1}, {gold, 2}}));
  EXPECT_FALSE(gone.after.at(0).exists());
  EXPECT_EQ(gone.after.at(0).version, 6U);
  EXPECT_TRUE(holds({.compare = Compare::absent}, gone.after.at(0)));
  EXPECT_TRUE(holds({.compare = Compare::version, .value = 6}, gone.after.at(0)));
}

TEST(Decide, GuardsAreSeenBeforeAnyStepAndTheFirstThatFailsIsNamed) {
  Command command = on_player();
  command.guards = {{.field = hp, .compare = Compare::equal, .value = 1},
                    {.compare = Compare::version, .value = 9},
                    {.field = hp, .compare = Compare::equal, .value = 2}};
  command.steps = {{.field = hp, .operation = Operation::set, .value = 2}};
  const Decision decision = decide(command, std::vector{with({{hp, 1}})}, test_schema(), now_ms);
  EXPECT_EQ(decision.outcome.verdict, Verdict::version_mismatch);
  EXPECT_EQ(decision.outcome.guard, 1);
  EXPECT_EQ(decision.outcome.entities.at(0).state.version, 5U);
  EXPECT_TRUE(decision.after.empty());
}

TEST(Decide, TheTimeIsThatOfTheDecision) {
  EXPECT_TRUE(holds({.compare = Compare::now_before, .value = now_ms + 1}, {}));
  EXPECT_FALSE(holds({.compare = Compare::now_before, .value = now_ms}, {}));
}

// Goal: what is written twice agrees. Method: random commands, whatever check() lets through.
TEST(Decide, AgreesWithTheModel) {
  std::mt19937_64 random(4);
  Keys keys(4);
  Model model(test_schema());
  std::map<EntityName, Entity> mine;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Command command = any_command(random, keys.make(now_ms), "a", now_ms);
    ASSERT_TRUE(check(command, test_schema()).ok());
    std::vector<Entity> before;
    for (const EntityName& name : command.entities) before.push_back(mine[name]);
    Decision decision = decide(command, before, test_schema(), now_ms);
    const Outcome wanted = model.run({command}, 0, now_ms).at(0);
    ASSERT_EQ(decision.outcome.verdict, wanted.verdict) << i;
    if (wanted.verdict == Verdict::invalid) continue;
    ASSERT_EQ(decision.outcome, wanted) << i;
    for (std::size_t n = 0; n < decision.after.size(); ++n)
      mine[command.entities[n]] = decision.after[n];
  }
}

template <class Change>
Code code_of(const Change& change) {
  Command command = on_player();
  change(command);
  const Result<void> checked = check(command, test_schema());
  EXPECT_FALSE(checked.ok());
  return checked.ok() ? Code::io : checked.error().code();
}

TEST(Decide, WhatIsNotWellFormedIsRefused) {
  const auto invalid = [](const auto& change) { EXPECT_EQ(code_of(change), Code::invalid); };
  invalid([](Command& c) { c.key.bytes[6] = 0x40; });
  invalid([](Command& c) { c.entities.clear(); });
  invalid([](Command& c) { c.entities.push_back(c.entities.front()); });
  invalid([](Command& c) { c.entities.push_back(name_of("b", player, "q")); });
  invalid([](Command& c) { c.entities[0].kind = 2; });
  invalid([](Command& c) { c.entities[0].id.clear(); });
  invalid([](Command& c) { c.entities[0].id.assign(entity_id_size_max + 1, 'x'); });
  invalid([](Command& c) { c.entities[0].arena.assign(arena_size_max + 1, 'x'); });
  invalid([](Command& c) { c.reason.assign(reason_size_max + 1, 'x'); });
  invalid([](Command& c) { c.guards.assign(guard_count_max + 1, {}); });
  invalid([](Command& c) {
    c.steps.assign(step_count_max + 1, {.field = hp, .operation = Operation::set});
  });
  invalid([](Command& c) { c.guards = {{.entity = 1}}; });
  invalid([](Command& c) { c.guards = {{.field = 3, .compare = Compare::exists}}; });
  invalid([](Command& c) { c.guards = {{.compare = Compare::less}}; });
  invalid([](Command& c) { c.guards = {{.compare = Compare::version, .value = -1}}; });
  invalid([](Command& c) { c.guards = {{.field = hp, .compare = Compare::version}}; });
  invalid([](Command& c) { c.guards = {{.compare = Compare::has_room}}; });
  invalid(
      [](Command& c) { c.guards = {{.field = hp, .compare = Compare::has_room, .value = -1}}; });
  invalid([](Command& c) { c.guards = {{.field = hp, .compare = Compare::now_before}}; });
  invalid([](Command& c) { c.steps = {{.operation = Operation::set}}; });
  invalid([](Command& c) { c.steps = {{.field = hp, .operation = Operation::add, .value = -1}}; });
  invalid([](Command& c) { c.steps = {{.field = hp, .operation = Operation::add, .bound = 1}}; });
  invalid([](Command& c) {
    c.steps = {{.field = hp, .operation = Operation::add_clamp, .bound = 1, .bound_field = gold}};
  });
  invalid([](Command& c) {
    c.steps = {{.field = hp, .operation = Operation::add_clamp, .bound_field = 3}};
  });
}

TEST(Decide, LimitsThemselvesAreFine) {
  Command command = on_player();
  command.entities[0].id.assign(entity_id_size_max, 'x');
  command.entities[0].arena.assign(arena_size_max, 'x');
  command.reason.assign(reason_size_max, 'x');
  command.guards.assign(guard_count_max, {.compare = Compare::absent});
  command.steps.assign(step_count_max, {.field = hp, .operation = Operation::set, .value = 1});
  EXPECT_TRUE(check(command, test_schema()).ok());
  for (std::size_t i = 1; i < entity_count_max; ++i)
    command.entities.push_back(
        {command.entities[0].title, command.entities[0].arena, player, std::to_string(i)});
  EXPECT_TRUE(check(command, test_schema()).ok());
  command.entities.push_back({command.entities[0].title, command.entities[0].arena, player, "x"});
  EXPECT_FALSE(check(command, test_schema()).ok());
}

TEST(Decide, LinkedCommandsBelongTogether) {
  Keys keys(3);
  const EntityName p = name_of("a", player, "p");
  const Key key = keys.make(now_ms);
  EXPECT_FALSE(check(Chain{}, test_schema()).ok());
  EXPECT_FALSE(check(Chain{{attack(key, p, 1), attack(key, p, 1)}}, test_schema()).ok());
  EXPECT_FALSE(
      check(Chain{{attack(key, p, 1), attack(keys.make(now_ms), name_of("b", player, "p"), 1)}},
            test_schema())
          .ok());
  Chain chain;
  for (std::size_t i = 0; i < chain_count_max; ++i)
    chain.commands.push_back(attack(keys.make(now_ms), p, 1));
  EXPECT_TRUE(check(chain, test_schema()).ok());
  chain.commands.push_back(attack(keys.make(now_ms), p, 1));
  EXPECT_FALSE(check(chain, test_schema()).ok());
}

}  // namespace
}  // namespace matsuri::sequencer
