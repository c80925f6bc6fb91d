// Goal: whatever is sent is taken as it was meant, or told what is wrong with it; every limit at it
// and one past.
#include "game/command_json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "game/schema_json.h"

namespace matsuri::game {
namespace {

using sequencer::Compare;
using sequencer::Operation;

const TitleSchema& raid() {
  static const TitleSchema schema =
      parse_schema(R"({"kinds":[{"name":"boss","fields":[{"name":"hp"},{"name":"max_hp"}]},
                                {"name":"raider","fields":[{"name":"damage"}]}]})")
          .value();
  return schema;
}
constexpr Sender server{.title = TitleId{7}, .player = {}};
constexpr std::string_view key = R"("key":"0193e0a1-b2c3-7d4e-8f50-123456789abc")";

Result<std::vector<SentCommand>> parse(const std::string& commands) {
  return parse_commands(R"({"commands":[)" + commands + "]}", server, raid());
}
// One command, of the fields that are given behind its key.
SentCommand parse_one(const std::string& fields) {
  auto sent = parse("{" + std::string(key) + "," + fields + "}");
  EXPECT_TRUE(sent.ok() && sent->size() == 1) << (sent.ok() ? "" : sent.error().message());
  return std::move(sent->front());
}
std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += (i == 0 ? "" : ",") + text;
  return all;
}

constexpr std::string_view boss = R"("arena":"raid","entities":[{"kind":"boss","id":"b1"}])";

TEST(CommandJson, IsReadInWhateverOrder) {
  const SentCommand sent = parse_one(
      R"("deadline_ms":500,"steps":[{"value":10,"do":"sub_clamp","bound":-5,"field":"hp","entity":0},
         {"entity":1,"field":"damage","do":"add","value":9223372036854775807},
         {"do":"add_clamp","entity":0,"field":"hp","value":1,"bound_field":"max_hp"},
         {"entity":1,"do":"remove"}],
         "guards":[{"is":">","entity":0,"field":"hp","value":-9223372036854775808},
         {"is":"now<","value":5},{"entity":1,"is":"absent"},{"entity":1,"is":"version","value":3}],
         "linked":true,"reason":"raid.attack",
         "entities":[{"id":"b1","kind":"boss"},{"kind":"raider","id":"\u3042"}],"arena":"raid-7")");
  ASSERT_EQ(sent.wrong, "");
  EXPECT_TRUE(sent.has_key && sent.is_linked);
  EXPECT_EQ(sent.deadline_ms, 500);
  const sequencer::Command& command = sent.command;
  EXPECT_EQ(to_string(command.key), "0193e0a1-b2c3-7d4e-8f50-123456789abc");
  EXPECT_EQ(command.reason, "raid.attack");
  EXPECT_EQ(command.entities,
            (std::vector<sequencer::EntityName>{{TitleId{7}, "raid-7", 1, "b1"},
                                                {TitleId{7}, "raid-7", 2, "\xe3\x81\x82"}}));
  EXPECT_EQ(command.guards, (std::vector<sequencer::Guard>{
                                {.field = 0, .compare = Compare::greater, .value = INT64_MIN},
                                {.compare = Compare::now_before, .value = 5},
                                {.entity = 1, .compare = Compare::absent},
                                {.entity = 1, .compare = Compare::version, .value = 3}}));
  EXPECT_EQ(command.steps,
            (std::vector<sequencer::Step>{
                {.field = 0, .operation = Operation::sub_clamp, .value = 10, .bound = -5},
                {.entity = 1, .field = 0, .operation = Operation::add, .value = INT64_MAX},
                {.field = 0, .operation = Operation::add_clamp, .value = 1, .bound_field = 1},
                {.entity = 1, .operation = Operation::remove}}));
}

TEST(CommandJson, CountsAtTheirLimitsAndOnePast) {
  EXPECT_FALSE(parse("").ok());
  EXPECT_EQ(parse(times(command_count_max, "{}"))->size(), command_count_max);
  EXPECT_FALSE(parse(times(command_count_max + 1, "{}")).ok());
  std::string body = R"({"commands":[{}]})";
  body.resize(commands_size_max, ' ');
  EXPECT_TRUE(parse_commands(body, server, raid()).ok());
  body += ' ';
  EXPECT_FALSE(parse_commands(body, server, raid()).ok());

  const auto with = [](const std::string& name, std::size_t count, const std::string& one) {
    return parse_one(std::string(boss) + ",\"" + name + "\":[" + times(count, one) + "]").wrong;
  };
  const std::string guard = R"({"entity":0,"is":"exists"})";
  const std::string step = R"({"entity":0,"field":"hp","do":"set","value":1})";
  EXPECT_EQ(with("guards", command_guard_count_max, guard), "");
  EXPECT_EQ(with("guards", command_guard_count_max + 1, guard), "guards: at most 16 are taken");
  EXPECT_EQ(with("steps", command_step_count_max, step), "");
  EXPECT_EQ(with("steps", command_step_count_max + 1, step), "steps: at most 32 are taken");
}

TEST(CommandJson, TextsAndNumbersAtTheirLimitsAndOnePast) {
  const auto with = [](const std::string& arena, const std::string& id, const std::string& reason,
                       const std::string& more) {
    return parse_one(R"("arena":")" + arena + R"(","entities":[{"kind":"boss","id":")" + id +
                     R"("}],"reason":")" + reason + '"' + more)
        .wrong;
  };
  const std::string most(64, 'x'), more(65, 'x');
  EXPECT_EQ(with(most, most, most, R"(,"deadline_ms":60000)"), "");
  EXPECT_EQ(with("a", "b", "", R"(,"deadline_ms":1)"), "");
  EXPECT_NE(with(more, "b", "", ""), "");
  EXPECT_NE(with("", "b", "", ""), "");
  EXPECT_NE(with("a", more, "", ""), "");
  EXPECT_NE(with("a", "", "", ""), "");
  EXPECT_NE(with("a", "b", more, ""), "");
  EXPECT_NE(with("a", "b", "", R"(,"deadline_ms":0)"), "");
  EXPECT_NE(with("a", "b", "", R"(,"deadline_ms":60001)"), "");
  for (const char* control : {"\\u0000", "\\n", "\\u001f", "\x7f"}) {
    EXPECT_NE(with(control, "b", "", ""), "");
    EXPECT_NE(with("a", control, "", ""), "");
    EXPECT_NE(with("a", "b", control, ""), "");
  }
}

TEST(CommandJson, SaysWhatIsWrongAndWhere) {
  const auto of = [](const std::string& fields) {
    return parse_one(std::string(boss) + fields).wrong;
  };
  EXPECT_EQ(of(R"(,"colour":1)"), "\"colour\" is not known here");
  EXPECT_EQ(of(R"(,"arena":"x")"), "arena: stands twice");
  EXPECT_EQ(of(R"(,"guards":[{"entity":0,"is":"exists"},{"entity":1,"is":"exists"}])"),
            "guards[1]: entity: there is no such entity");
  EXPECT_EQ(of(R"(,"steps":[{"entity":0,"field":"mana","do":"set","value":1}])"),
            "steps[0]: field: boss has none of that name");
  EXPECT_EQ(of(R"(,"steps":[{"entity":0,"field":"hp","do":"set","value":1.5}])"),
            "steps[0]: value: expected a whole number");
  EXPECT_EQ(of(R"(,"steps":[{"entity":0,"field":"hp","do":"set","value":9223372036854775808}])"),
            "steps[0]: value: is out of range");
  EXPECT_EQ(of(R"(,"steps":[{"entity":0,"field":"hp","do":"add","value":-1}])"),
            "steps[0]: add and sub take 0 or more");
}

// What is no JSON, or has another shape, is wrong as a whole; else the others go on.
TEST(CommandJson, OneThatIsWrongHarmsNoOther) {
  const std::string good = "{" + std::string(key) + "," + std::string(boss) + "}";
  for (const char* wrong : {"5", "null", "[]", "{}", R"({"key":"x"})", R"("x")"}) {
    const auto sent = parse(good + "," + wrong + "," + good);
    ASSERT_TRUE(sent.ok()) << wrong;
    EXPECT_EQ((*sent)[0].wrong, "");
    EXPECT_NE((*sent)[1].wrong, "");
    EXPECT_FALSE((*sent)[1].has_key);
    EXPECT_EQ((*sent)[2].wrong, "");
  }
  for (const char* wrong : {"", "{", "[]", "null", "{}", R"({"commands":5})", "\xff",
                            R"({"commands":[{}],"commands":[{}]})", R"({"commands":[{}]}x)",
                            R"({"commands":[18446744073709551616]})"})
    EXPECT_FALSE(parse_commands(wrong, server, raid()).ok()) << wrong;
}

// Method: commands that differ in one thing each, but for the deadline.
TEST(CommandJson, AFingerprintIsOfAllButTheDeadline) {
  const std::string step = R"(,"steps":[{"entity":0,"field":"hp","do":"add","value":1}])";
  const auto print = [](const std::string& fields, const Sender& sender = server) {
    const auto sent = parse_commands(R"({"commands":[{)" + std::string(key) + "," + fields + "}]}",
                                     sender, raid());
    EXPECT_EQ(sent->front().wrong, "");
    return sent->front().command.fingerprint;
  };
  const std::uint64_t first = print(std::string(boss) + step);
  EXPECT_EQ(print(std::string(boss) + step + R"(,"deadline_ms":5)"), first);
  EXPECT_EQ(print(std::string(boss) + step + R"(,"linked":false,"reason":"")"), first);
  std::vector<std::uint64_t> prints = {first};
  for (const char* other :
       {R"(,"steps":[{"entity":0,"field":"hp","do":"add","value":2}])",
        R"(,"steps":[{"entity":0,"field":"max_hp","do":"add","value":1}])",
        R"(,"steps":[{"entity":0,"field":"hp","do":"sub","value":1}])",
        R"(,"steps":[{"entity":0,"field":"hp","do":"add_clamp","value":1}])",
        R"(,"steps":[{"entity":0,"field":"hp","do":"add_clamp","value":1,"bound":0}])",
        R"(,"steps":[{"entity":0,"field":"hp","do":"add_clamp","value":1,"bound_field":"hp"}])",
        R"(,"steps":[],"guards":[{"entity":0,"is":"exists"}])",
        R"(,"steps":[],"guards":[{"entity":0,"is":"absent"}])", R"(,"linked":true)",
        R"(,"reason":"x")", ""})
    prints.push_back(print(std::string(boss) + other));
  prints.push_back(print(R"("arena":"raid","entities":[{"kind":"boss","id":"b2"}])" + step));
  prints.push_back(print(R"("arena":"raids","entities":[{"kind":"boss","id":"b1"}])" + step));
  prints.push_back(print(std::string(boss) + step, {.title = TitleId{8}, .player = {}}));
  std::ranges::sort(prints);
  EXPECT_EQ(std::ranges::adjacent_find(prints), prints.end());
}

}  // namespace
}  // namespace matsuri::game
