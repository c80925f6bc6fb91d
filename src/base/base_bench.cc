// What everything pays: a checksum of each stored byte, and a metric of each request.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/crc32c.h"
#include "base/metrics.h"

namespace matsuri {
namespace {

// A figure counts only if both ways agree.
template <std::uint32_t (*Checksum)(Bytes, std::uint32_t)>
void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  if (Checksum(bytes, 1) != internal::crc32c_table(bytes, 1))
    return state.SkipWithError("wrong checksum");
  for (auto _ : state) benchmark::DoNotOptimize(Checksum(bytes, 1));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum<crc32c>)->Name("crc32c")->Arg(200)->Arg(4096)->Arg(1 << 20);
BENCHMARK(checksum<internal::crc32c_table>)
    ->Name("crc32c_table")
    ->Arg(200)
    ->Arg(4096)
    ->Arg(1 << 20);

void count(benchmark::State& state) {
  metrics::Registry registry;
  metrics::Counter& counter = registry.counter("a_total", "A.");
  for (auto _ : state) counter.add();
  if (counter.value() != static_cast<std::uint64_t>(state.iterations()))
    return state.SkipWithError("wrong count");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(count);

void observe(benchmark::State& state) {
  metrics::Histogram histogram(metrics::seconds_bounds());
  for (auto _ : state) histogram.observe(0.002);
  if (histogram.count_in(5) != static_cast<std::uint64_t>(state.iterations()))
    return state.SkipWithError("wrong bucket");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(observe);

}  // namespace
}  // namespace matsuri
