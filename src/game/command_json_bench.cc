// What a command costs to read, as JSON and as a message of api/game.proto. A figure counts only if
// all commands were taken.
#include "game/command_json.h"

#include <benchmark/benchmark.h>

#include <string>

#include "game.pb.h"
#include "game/schema_json.h"
#include "game/socket_message.h"

namespace matsuri::game {
namespace {

const TitleSchema& raid() {
  static const TitleSchema schema =
      parse_schema(R"({"kinds":[{"name":"boss","fields":[{"name":"hp"}]},
                                {"name":"raider","fields":[{"name":"damage"}]}]})")
          .value();
  return schema;
}
constexpr Sender server{.title = TitleId{7}, .player = {}};

void parse_attacks(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::string body = R"({"commands":[)";
  for (std::size_t i = 0; i < count; ++i)
    body += std::string(i == 0 ? "" : ",") +
            R"({"key":"0193e0a1-b2c3-7d4e-8f50-123456789abc","arena":"raid-7",)"
            R"("reason":"raid.attack","entities":[{"kind":"boss","id":"b1"}],)"
            R"("guards":[{"entity":0,"field":"hp","is":">","value":0}],)"
            R"("steps":[{"entity":0,"field":"hp","do":"sub_clamp","value":10}]})";
  body += "]}";
  for (auto _ : state) {
    const auto sent = parse_commands(body, server, raid());
    if (!sent.ok() || sent->size() != count || !sent->back().wrong.empty())
      return state.SkipWithError("wrong answer");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_attacks)->Arg(1)->Arg(256)->Arg(900);

void parse_attack_messages(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto key = parse_key("0193e0a1-b2c3-7d4e-8f50-123456789abc");
  v1::Request request;
  for (std::size_t i = 0; i < count; ++i) {
    v1::Command& command = *request.mutable_commands()->add_commands();
    command.set_key(key->bytes.data(), key->bytes.size());
    command.set_arena("raid-7");
    command.set_reason("raid.attack");
    v1::EntityName& boss = *command.add_entities();
    boss.set_kind("boss");
    boss.set_id("b1");
    v1::Guard& guard = *command.add_guards();
    guard.set_entity(0);
    guard.set_field("hp");
    guard.set_is(v1::COMPARE_GREATER);
    guard.set_value(0);
    v1::Step& step = *command.add_steps();
    step.set_entity(0);
    step.set_field("hp");
    step.set_do_(v1::OPERATION_SUB_CLAMP);
    step.set_value(10);
  }
  const std::string body = request.SerializeAsString();
  for (auto _ : state) {
    const auto parsed = SocketRequest::parse(body);
    const auto sent = parsed->commands(server, raid());
    if (!sent.ok() || sent->size() != count || !sent->back().wrong.empty())
      return state.SkipWithError("wrong answer");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_attack_messages)->Arg(1)->Arg(256)->Arg(900);

}  // namespace
}  // namespace matsuri::game
