// What a post's text costs at the door, by what it is made of.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "text/clean.h"
#include "text/unicode.h"

namespace matsuri::text {
namespace {

constexpr Limits limits{.points_max = 280, .size_max = 1120};

std::string repeated(std::string_view piece, std::size_t points) {
  std::string text;
  while (count_points(text) + count_points(piece) <= points) text += piece;
  return text;
}

void clean_post(benchmark::State& state, std::string_view piece) {
  const std::string text = repeated(piece, limits.points_max);
  if (const auto cleaned = clean_text(text, limits); !cleaned.ok() || *cleaned != to_nfc(text)) {
    return state.SkipWithError("wrong answer");
  }
  for (auto _ : state) benchmark::DoNotOptimize(clean_text(text, limits));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void cut_long_text(benchmark::State& state) {
  const std::string text = repeated("The lanterns are lit. Come and see them! ", 8000);
  if (!cut_at_sentence(text, limits).ends_with(".")) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(cut_at_sentence(text, limits));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(clean_post, english, "Lanterns are lit, come and see. x");
BENCHMARK_CAPTURE(clean_post, japanese, "提灯が灯りました、見に来てください。");
BENCHMARK_CAPTURE(clean_post, decomposed, "e\u0301a\u0302o\u0323\u0302");
BENCHMARK_CAPTURE(clean_post, marks, "\u0323\u0301\u0316\u0302");
BENCHMARK(cut_long_text);

}  // namespace
}  // namespace matsuri::text
