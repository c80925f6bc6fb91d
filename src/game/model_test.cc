// Goal: a player does what the rules of a kind say, and nothing else; a schema that would say
// something else is refused.
#include "game/model.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "game/schema_json.h"
#include "sequencer/decide.h"

namespace matsuri::game {
namespace {

using sequencer::Command;
using sequencer::Compare;
using sequencer::Operation;
using sequencer::Step;

constexpr AccountId player{42};

const TitleSchema& raid() {
  static const TitleSchema schema = [] {
    auto parsed = parse_schema(R"({"kinds":[
      {"name":"boss","fields":[{"name":"hp","min":0,"max":1000},{"name":"rage"}],
       "players":{"which":"any","steps":[{"field":"hp","do":"sub_clamp","value_max":50},
         {"field":"hp","do":"add_clamp","value_min":10,"value_max":20,"bound_field":"rage"}],
         "guards":[{"field":"hp","is":">","value":0},{"is":"exists"}]}},
      {"name":"raider","fields":[{"name":"damage"},{"name":"mood"}],
       "players":{"which":"own","steps":[{"field":"damage","do":"add","value_max":50},
         {"field":"mood","do":"set","value_min":-3,"value_max":3},{"do":"remove"}]}},
      {"name":"sign","fields":[{"name":"number"}],"players":{"which":"read"}},
      {"name":"secret","fields":[{"name":"number"}]}]})");
    EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().to_string());
    return std::move(parsed).value();
  }();
  return schema;
}

sequencer::EntityName name(std::string_view kind, const std::string& id) {
  return {.title = TitleId{7}, .arena = "raid", .kind = *raid().schema.find(kind), .id = id};
}

Command command(std::string_view kind, const std::string& id, std::vector<Step> steps) {
  Command made{.reason = "test", .entities = {name(kind, id)}, .steps = std::move(steps)};
  made.key.bytes[6] = 0x70;
  made.key.bytes[8] = 0x80;
  if (kind == "boss")
    made.guards = {{.field = 0, .compare = Compare::greater, .value = 0},
                   {.compare = Compare::exists}};
  return made;
}

// Empty where the player may.
std::string why_not(const Command& wanted) {
  EXPECT_TRUE(sequencer::check(wanted, raid().schema).ok());
  const auto checked = check_player(wanted, raid(), player);
  return checked.ok() ? "" : checked.error().message();
}

TEST(PlayerRules, ValuesAtTheirLimitsAndOnePast) {
  const auto hit = [](std::int64_t value) {
    return command("boss", "b", {{.field = 0, .operation = Operation::sub_clamp, .value = value}});
  };
  EXPECT_EQ(why_not(hit(0)), "");
  EXPECT_EQ(why_not(hit(50)), "");
  EXPECT_EQ(why_not(hit(51)), "steps[0]: value: players may give 0 to 50");
  const auto set_mood = [](std::int64_t value) {
    return command("raider", "42", {{.field = 1, .operation = Operation::set, .value = value}});
  };
  for (const std::int64_t value : {-3, 0, 3}) EXPECT_EQ(why_not(set_mood(value)), "");
  for (const std::int64_t value : {-4, 4}) EXPECT_NE(why_not(set_mood(value)), "");
}

TEST(PlayerRules, ABoundIsPartOfTheStep) {
  Step heal{.field = 0, .operation = Operation::add_clamp, .value = 10, .bound_field = 1};
  EXPECT_EQ(why_not(command("boss", "b", {heal})), "");
  heal.bound_field.reset();
  EXPECT_EQ(why_not(command("boss", "b", {heal})), "steps[0]: players may not do that to boss");
  heal.bound = 1000;
  EXPECT_EQ(why_not(command("boss", "b", {heal})), "steps[0]: players may not do that to boss");
}

TEST(PlayerRules, GuardsAreNeededForEachEntityThatIsChanged) {
  const Step hit{.field = 0, .operation = Operation::sub_clamp, .value = 1};
  Command both = command("boss", "b1", {hit});
  both.entities.push_back(name("boss", "b2"));
  EXPECT_EQ(why_not(both), "");
  both.steps.push_back(hit);
  both.steps.back().entity = 1;
  EXPECT_EQ(why_not(both), "steps[1]: a player's step on boss needs the guard hp > 0");
  both.guards.push_back({.entity = 1, .field = 0, .compare = Compare::greater, .value = 0});
  EXPECT_EQ(why_not(both), "steps[1]: a player's step on boss needs the guard exists");
  both.guards.push_back({.entity = 1, .compare = Compare::exists});
  EXPECT_EQ(why_not(both), "");
  // Another value, another guard.
  both.guards[0].value = -1;
  EXPECT_EQ(why_not(both), "steps[0]: a player's step on boss needs the guard hp > 0");
}

TEST(PlayerRules, WhatIsNotTheirs) {
  const Step add{.field = 0, .operation = Operation::add, .value = 1};
  EXPECT_EQ(why_not(command("raider", "42", {add})), "");
  EXPECT_EQ(why_not(command("raider", "43", {})), "");
  EXPECT_EQ(why_not(command("raider", "43", {add})),
            "steps[0]: a player may change their own raider alone");
  EXPECT_EQ(why_not(command("raider", "042", {add})),
            "steps[0]: a player may change their own raider alone");
  EXPECT_EQ(why_not(command("sign", "s", {})), "");
  EXPECT_EQ(why_not(command("sign", "s", {add})), "steps[0]: players may not change sign");
  EXPECT_EQ(why_not(command("secret", "s", {})), "entities[0]: players may not see secret");
}

TEST(PlayerRules, AFieldIsChangedOnce) {
  const Step add{.field = 0, .operation = Operation::add, .value = 50};
  const Step remove{.operation = Operation::remove};
  const Step mood{.field = 1, .operation = Operation::set, .value = 1};
  EXPECT_EQ(why_not(command("raider", "42", {add, mood})), "");
  EXPECT_EQ(why_not(command("raider", "42", {remove})), "");
  for (const auto& steps :
       {std::vector{add, add}, std::vector{add, remove}, std::vector{remove, mood}})
    EXPECT_EQ(why_not(command("raider", "42", steps)),
              "steps[1]: a player changes a field once in a command");
}

// Method: each name of a comparison, operation and outcome is its own, and comes back as itself.
TEST(Names, ComeBack) {
  for (int i = 0; i < 10; ++i) {
    const auto compare = static_cast<Compare>(i);
    EXPECT_EQ(parse_compare(name_of(compare)), compare);
  }
  for (int i = 0; i < 9; ++i) {
    const auto operation = static_cast<Operation>(i);
    EXPECT_EQ(parse_operation(name_of(operation)), operation);
  }
  EXPECT_EQ(parse_compare(""), std::nullopt);
  EXPECT_EQ(parse_operation("steal"), std::nullopt);
}

TEST(Keys, AreReadInBothCasesAndNoOtherForm) {
  const std::string text = "0193e0a1-b2c3-7d4e-8f50-123456789abc";
  const auto key = parse_key(text);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_string(*key), text);
  EXPECT_TRUE(key->is_uuid_v7());
  EXPECT_EQ(parse_key("0193E0A1-B2C3-7D4E-8F50-123456789ABC"), key);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = other[i] == '-' ? '0' : 'g';
    EXPECT_EQ(parse_key(other), std::nullopt) << other;
    EXPECT_EQ(parse_key(text.substr(0, i)), std::nullopt);
  }
  EXPECT_EQ(parse_key(text + "0"), std::nullopt);
}

// Method: what is written is read as the same, and written as the same.
TEST(SchemaJson, ComesBack) {
  const std::string text = to_text(raid());
  const auto again = parse_schema(text);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, raid());
  EXPECT_EQ(to_text(*again), text);
}

TEST(SchemaJson, RulesAtTheirLimitsAndOnePast) {
  const auto with = [](std::size_t step_count, std::size_t guard_count) {
    std::string text = R"({"kinds":[{"name":"k","fields":[{"name":"f"}],"players":{"which":"any",)";
    text += R"("steps":[)";
    for (std::size_t i = 0; i < step_count; ++i)
      text += std::string(i == 0 ? "" : ",") + R"({"field":"f","do":"add","value_max":1})";
    text += R"(],"guards":[)";
    for (std::size_t i = 0; i < guard_count; ++i)
      text += std::string(i == 0 ? "" : ",") + R"({"is":"exists"})";
    return parse_schema(text + "]}}]}");
  };
  EXPECT_TRUE(with(rule_step_count_max, rule_guard_count_max).ok());
  EXPECT_FALSE(with(rule_step_count_max + 1, 0).ok());
  EXPECT_FALSE(with(0, rule_guard_count_max + 1).ok());
}

TEST(KeyNames, AtTheirLimitsAndOnePast) {
  EXPECT_TRUE(clean_key_name("x").ok());
  EXPECT_TRUE(clean_key_name(std::string(key_name_points_max, 'x')).ok());
  EXPECT_FALSE(clean_key_name("").ok());
  EXPECT_FALSE(clean_key_name(std::string(key_name_points_max + 1, 'x')).ok());
  EXPECT_FALSE(clean_key_name("a\nb").ok());
}

}  // namespace
}  // namespace matsuri::game
