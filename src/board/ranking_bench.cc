// How many changes and looks a second a ranking of a million takes, and how much memory.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "board/ranking.h"

namespace {

using matsuri::board::Order;
using matsuri::board::Ranking;
using matsuri::board::Row;

// As accounts are numbered.
std::string id_of(std::size_t number) {
  return std::to_string(2'100'000'000'000'000'000U + number * 4096);
}

void fill(Ranking& ranking, std::size_t count, std::mt19937_64& random) {
  for (std::size_t i = 0; i < count; ++i)
    ranking.set(id_of(i), static_cast<std::int64_t>(random() % 1'000'000),
                {.unix_ms = static_cast<std::int64_t>(i), .seq = i});
}

void update(benchmark::State& state) {
  std::mt19937_64 random(1);
  const auto count = static_cast<std::size_t>(state.range(0));
  const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  Ranking ranking(Order::high, count);
  fill(ranking, count, random);
  const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  std::int64_t at = 0;
  for (auto _ : state) {
    const std::string id = id_of(random() % count);
    ranking.set(id, static_cast<std::int64_t>(random() % 1'000'000), {.unix_ms = ++at});
  }
  if (ranking.size() != count) state.SkipWithError("wrong size");
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_an_entry"] =
      static_cast<double>(after - before) / static_cast<double>(count);
}

// The rank of somebody, with ten around.
void around(benchmark::State& state) {
  std::mt19937_64 random(1);
  const auto count = static_cast<std::size_t>(state.range(0));
  Ranking ranking(Order::high, count);
  fill(ranking, count, random);
  for (auto _ : state) {
    const std::string id = id_of(random() % count);
    const auto index = ranking.index_of(id);
    const std::vector<Row> rows = ranking.rows(*index, 11);
    if (rows.front().id != id) return state.SkipWithError("wrong place");
    benchmark::DoNotOptimize(rows.data());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(update)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(around)->Arg(10'000)->Arg(1'000'000);

}  // namespace
