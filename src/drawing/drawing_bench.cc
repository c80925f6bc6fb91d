// What a drawing costs: each post is cleaned and encoded once, and read, drawn and shown often.
// `few` is about what people draw (Quick, Draw!: 160 points at the median), `most` the largest that
// is stored, all of it lines from end to end of the canvas.
#include <benchmark/benchmark.h>

#include "drawing/png.h"
#include "drawing/svg.h"
#include "drawing/testing/made.h"

namespace matsuri::drawing {
namespace {

const Drawing& few() {
  static const Drawing drawing =
      clean(testing::made({.seed = 1, .stroke_count = 6, .point_count = 27})).value();
  return drawing;
}

const Drawing& most() {
  static const Drawing drawing = [] {
    testing::Dice dice(1);
    Stroke stroke{.pen = 3, .points = {}};
    while (stroke.points.size() < 13'000)
      stroke.points.push_back(
          {.x = dice.within(30, x_max - 30), .y = stroke.points.size() % 2 == 0 ? 30 : y_max - 30});
    return clean({.strokes = {stroke}}).value();
  }();
  return drawing;
}

const Drawing& subject(const benchmark::State& state) {
  return state.range(0) == 0 ? few() : most();
}

void clean_drawing(benchmark::State& state) {
  const Drawing& drawing = subject(state);
  for (auto _ : state) {
    const auto cleaned = clean(drawing);
    if (!cleaned.ok()) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(&*cleaned);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(clean_drawing)->ArgName("most")->Arg(0)->Arg(1);

void decode_drawing(benchmark::State& state) {
  const std::string bytes = encode(subject(state));
  for (auto _ : state) {
    const auto back = decode(as_bytes(bytes));
    if (!back.ok() || back->strokes.size() != subject(state).strokes.size())
      return state.SkipWithError("the drawing does not come back");
    benchmark::DoNotOptimize(&*back);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(decode_drawing)->ArgName("most")->Arg(0)->Arg(1);

void rasterise_drawing(benchmark::State& state) {
  const Drawing& drawing = subject(state);
  const std::int32_t ink_count = rasterise(drawing).ink_count();
  for (auto _ : state)
    if (rasterise(drawing).ink_count() != ink_count) return state.SkipWithError("another picture");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(rasterise_drawing)->ArgName("most")->Arg(0)->Arg(1);

void hash_drawing(benchmark::State& state) {
  const Bitmap bitmap = rasterise(subject(state));
  const std::uint64_t hash = perceptual_hash(bitmap);
  for (auto _ : state)
    if (perceptual_hash(bitmap) != hash) return state.SkipWithError("another hash");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hash_drawing)->ArgName("most")->Arg(0)->Arg(1);

void svg_of_drawing(benchmark::State& state) {
  const Drawing& drawing = subject(state);
  for (auto _ : state) benchmark::DoNotOptimize(to_svg(drawing).data());
  if (!to_svg(drawing).ends_with("</svg>\n")) return state.SkipWithError("no picture");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(svg_of_drawing)->ArgName("most")->Arg(0)->Arg(1);

void png_of_drawing(benchmark::State& state) {
  const Bitmap bitmap = rasterise(subject(state));
  for (auto _ : state) benchmark::DoNotOptimize(to_png(bitmap).data());
  if (!to_png(bitmap).starts_with("\x89PNG")) return state.SkipWithError("no picture");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(png_of_drawing)->ArgName("most")->Arg(0)->Arg(1);

}  // namespace
}  // namespace matsuri::drawing
