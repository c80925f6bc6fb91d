// What a command costs to read. A figure counts only if all commands were taken.
#include "game/command_json.h"

#include <benchmark/benchmark.h>

#include <string>

#include "game/schema_json.h"

namespace matsuri::game {
namespace {

void parse_attacks(benchmark::State& state) {
  const auto schema = parse_schema(
      R"({"kinds":[{"name":"boss","fields":[{"name":"hp"}]},
                   {"name":"raider","fields":[{"name":"damage"}]}]})");
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
    const auto sent = parse_commands(body, {.title = TitleId{7}, .player = {}}, *schema);
    if (!sent.ok() || sent->size() != count || !sent->back().wrong.empty())
      return state.SkipWithError("wrong answer");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_attacks)->Arg(1)->Arg(256)->Arg(900);

}  // namespace
}  // namespace matsuri::game
