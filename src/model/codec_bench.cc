// A post goes through the codec once when it is accepted and once for each view that applies it.
#include <benchmark/benchmark.h>

#include "model/event.h"

namespace matsuri {
namespace {

Event post(std::int64_t text_size) {
  return PublishPost{.post = {0x0123456789abcdefU},
                     .community = common_ground,
                     .author = {0x0123456789abcdeeU},
                     .text = std::string(static_cast<std::size_t>(text_size), 'x'),
                     .language = "ja"};
}

void encode_post(benchmark::State& state) {
  const Event event = post(state.range(0));
  std::string buffer;
  for (auto _ : state) {
    buffer.clear();
    encode_to(event, buffer);
    benchmark::DoNotOptimize(buffer.data());
  }
  const auto back = decode(kind_of(event), as_bytes(buffer));
  if (!back.ok() || *back != event) return state.SkipWithError("another event came back");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_post)->Arg(140)->Arg(1120);

void decode_post(benchmark::State& state) {
  const Event event = post(state.range(0));
  const std::string bytes = encode(event);
  for (auto _ : state) {
    const auto back = decode(EventKind::publish_post, as_bytes(bytes));
    if (!back.ok()) return state.SkipWithError("the event does not come back");
    benchmark::DoNotOptimize(&*back);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_post)->Arg(140)->Arg(1120);

}  // namespace
}  // namespace matsuri
