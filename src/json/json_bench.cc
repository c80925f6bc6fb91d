// What one post costs to read from a request, and to write into an answer.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "json/value.h"
#include "json/writer.h"

namespace matsuri::json {
namespace {

constexpr std::string_view request =
    R"({"text":"提灯が灯った! The lanterns are lit, come and see them by the water.\n🏮🏮🏮",)"
    R"("language":"ja"})";

void parse_new_post(benchmark::State& state) {
  const auto read = [](std::string_view body) {
    const auto document = Document::parse(body);
    const Object post = document->object().value();
    if (!post.only({"text", "language"}).ok()) return std::size_t{0};
    return post.string("text").value().size() + post.string("language").value().size();
  };
  if (read(request) != 88) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(read(request));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(request.size()));
}

void write_page_of_posts(benchmark::State& state) {
  const auto document = Document::parse(request);
  const std::string text(document->object().value().string("text").value());
  std::string body;
  const auto write = [&] {
    body.clear();
    Writer writer(body);
    writer.begin_object().key("posts").begin_array();
    for (std::uint64_t id = 1; id <= 50; ++id) {
      writer.begin_object().field_id("id", id << 40).field_id("community", 1);
      writer.key("author").begin_object().field_id("id", id).field("handle", "hotaru");
      writer.field("name", "ほたる").end_object();
      writer.field("text", text).field("language", "ja");
      writer.field("created_at", "2026-11-21T22:30:00.123Z").end_object();
    }
    writer.end_array().field_null("next").end_object();
  };
  write();
  if (const auto page = Document::parse(body);
      !page.ok() || page->object().value().array("posts").value().size() != 50) {
    return state.SkipWithError("wrong answer");
  }
  for (auto _ : state) {
    write();
    benchmark::DoNotOptimize(body.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

BENCHMARK(parse_new_post);
BENCHMARK(write_page_of_posts);

}  // namespace
}  // namespace matsuri::json
