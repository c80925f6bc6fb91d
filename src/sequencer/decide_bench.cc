// What one command costs the thread that decides: attack and heal on a warm shard, without a
// database.
#include <benchmark/benchmark.h>

#include <vector>

#include "sequencer/shard.h"
#include "sequencer/testing/world.h"

namespace matsuri::sequencer {
namespace {

constexpr std::int64_t now_ms = 1'790'000'000'000;

// Batches of 256, spread over `arenas`. A figure counts only if all were applied.
void attack_batch(benchmark::State& state) {
  const auto arena_count = static_cast<std::uint64_t>(state.range(0));
  Keys keys(1);
  Shard shard({}, test_schemas());
  shard.own({.epoch = 1, .owner = "bench"}, first_slots(0, 1), now_ms - 60'000);
  std::vector<EntityName> targets;
  for (std::uint64_t i = 0; i < arena_count; ++i)
    targets.push_back(name_of("arena " + std::to_string(i), boss, "dragon"));
  shard.found({.entities = targets}, {});
  std::uint64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Request> requests;
    for (int i = 0; i < 256; ++i) {
      const EntityName& target = targets[next++ % arena_count];
      Command command = attack(keys.make(now_ms), target, 1);
      command.guards.clear();  // The dragon may be dead by now.
      requests.emplace_back(Chain{{std::move(command)}});
    }
    std::vector<Request*> pointers;
    for (Request& request : requests) pointers.push_back(&request);
    state.ResumeTiming();
    Shard::Batch batch = shard.decide(pointers, now_ms, 0);
    shard.settle(true, now_ms);
    if (batch.write.commands.size() != pointers.size())
      return state.SkipWithError("not all were applied");
  }
  state.SetItemsProcessed(state.iterations() * 256);
}
BENCHMARK(attack_batch)->Arg(1)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace matsuri::sequencer
