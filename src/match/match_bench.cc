// What a check-in costs the processor: the key, and the search of 61 rows, by each kernel.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "match/match.h"

namespace matsuri::match {
namespace {

constexpr std::uint32_t row_count = 18'000;  // half an hour
constexpr Seed viewer_seed{7};

struct World {
  std::vector<std::int8_t> rows = std::vector<std::int8_t>(std::size_t{row_count} * cell_count);
  std::vector<std::byte> eligible = std::vector<std::byte>(row_count / 8, std::byte{0xff});
  Descriptor descriptor{.frame_count = 24};  // of nothing that is there

  World() {
    std::mt19937 random(1);
    for (std::int8_t& cell : rows) cell = static_cast<std::int8_t>(random() % 255);
    for (std::size_t f = 0; f < 24; ++f) {
      descriptor.frames[f].t_ms = static_cast<std::uint16_t>(f * slot_ms);
      for (std::int8_t& value : descriptor.frames[f].values)
        value = static_cast<std::int8_t>(random() % 41);
    }
  }
  // What a phone sees from that row on.
  Descriptor filmed(std::size_t row) const {
    const Patterns patterns(viewer_seed);
    Descriptor out = descriptor;
    for (std::size_t f = 0; f < out.frame_count; ++f) {
      const std::int8_t* const cells = &rows[(row + (out.frames[f].t_ms + 50) / 100) * cell_count];
      Features features;
      for (std::size_t i = 0; i < cell_count; ++i) features[i] = cells[i] / feature_scale;
      out.frames[f].values = project(patterns, f, features);
    }
    return out;
  }
  Reference reference() const {
    return {.rows = rows, .eligible = eligible, .row_count = row_count};
  }
};

void by_kernel(benchmark::internal::Benchmark* cases) {
  cases->DenseRange(0, static_cast<std::int64_t>(kernels().size()) - 1);
}

void expand(benchmark::State& state) {
  const Kernel kernel = kernels()[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(std::string(name_of(kernel)));
  Seed seed{};
  for (auto _ : state) {
    ++seed[0];
    const Patterns patterns(seed, kernel);
    benchmark::DoNotOptimize(patterns.minus(0)[seed[0]]);
  }
}
BENCHMARK(expand)->Apply(by_kernel);

void look_for(benchmark::State& state, const World& world, const Descriptor& descriptor,
              bool is_there) {
  const Kernel kernel = kernels()[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(std::string(name_of(kernel)));
  const Patterns patterns(viewer_seed);
  const SearchOptions options{.from_row = 9'000, .to_row = 9'060, .enough = tau(24)};
  const auto find = [&](Kernel by) {
    return best(patterns, descriptor, world.reference(), options, by);
  };
  if (find(kernel).score != find(Kernel::scalar).score ||
      (find(kernel).score > options.enough) != is_there)
    return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(find(kernel).score);
}

void search(benchmark::State& state) {
  static const World world;
  look_for(state, world, world.descriptor, false);
}
BENCHMARK(search)->Apply(by_kernel);

// A second from where it is expected, where the first part of a search just reaches.
void search_that_finds(benchmark::State& state) {
  static const World world;
  look_for(state, world, world.filmed(9'040), true);
}
BENCHMARK(search_that_finds)->Apply(by_kernel);

void features_of_a_frame(benchmark::State& state) {
  Luma luma;
  for (std::size_t i = 0; i < cell_count; ++i) luma[i] = static_cast<double>(i * i % 256);
  for (auto _ : state) benchmark::DoNotOptimize(quantize(features(luma)));
}
BENCHMARK(features_of_a_frame);

}  // namespace
}  // namespace matsuri::match
