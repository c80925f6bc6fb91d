// Goal: an import does what docs/formats/import.md says, once, however often it runs.
// Method: small files through the whole way (accounts, journal, stream, timeline's view), on both
// engines, and a look into the tables.
#include "import/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "import/internal/known.h"
#include "import/testing/world.h"
#include "io/sim_disk.h"
#include "sql/testing/engines.h"

namespace matsuri::imports {
namespace {

using ::testing::Contains;
using testing::effect_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Listener;
using testing::Place;
using testing::post_line;
using testing::rows_of;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using testing::user_line;
using testing::World;
using testing::write_lines;

constexpr std::int64_t day = 1'562'403'600'000;  // 2019-07-06T09:00:00Z

class ImporterTest : public sql::ForEachEngine {
 protected:
  Place make_place() {
    Place place{.main = fresh_options("main"),
                .timeline = fresh_options("timeline"),
                .empathy = fresh_options("empathy"),
                .folder = folder() + "/" + std::to_string(place_count_++)};
    EXPECT_TRUE(io::posix_files().make_folders(place.folder).ok());
    return place;
  }
  std::string write(const std::string& name, const std::vector<std::string>& lines) {
    return write_lines(folder() + "/" + name, lines);
  }
  Summary import(World& world, const std::vector<std::string>& files, Listener& listener,
                 const ImporterLimits& limits = {}) {
    const Result<Summary> summary = world.import(files, listener, limits);
    EXPECT_TRUE(summary.ok()) << (summary.ok() ? "" : summary.error().message());
    return summary.ok() ? *summary : Summary{};
  }
  Summary import(World& world, const std::vector<std::string>& files) {
    Listener listener;
    return import(world, files, listener);
  }

 private:
  int place_count_ = 0;
};
MATSURI_FOR_EACH_ENGINE(ImporterTest);

TEST_P(ImporterTest, DoesWhatTheExampleOfTheFormatSays) {
  World world(make_place());
  const std::string file = write(
      "forum.ndjson",
      {R"({"kind":"user","source":"old-forum","id":"u1","created_at":"2019-07-06T09:00:00Z","handle":"hotaru","name":"ほたる"})",
       R"({"kind":"user","source":"old-forum","id":"u2","created_at":1562403600000,"name":"Mika"})",
       R"({"kind":"post","source":"old-forum","id":"77","created_at":"2019-07-06T18:30:00.250+09:00","author":"u1","community":"1","text":"提灯が灯った!","language":"ja"})",
       R"({"kind":"post","source":"old-forum","id":"78","created_at":"2019-07-06T09:31:00Z","author":"u3","community":"1","text":"Who lit them?"})",
       R"({"kind":"post","source":"old-forum","id":"79","created_at":"2009-07-06T09:31:00Z","author":"u1","community":"1","text":"First!"})",
       R"({"kind":"poll","source":"old-forum","id":"80","created_at":"2019-07-06T09:32:00Z"})"});
  Listener listener;
  const Summary summary = import(world, {file}, listener);
  EXPECT_TRUE(summary.is_complete);
  EXPECT_EQ(summary.line_count, 6U);
  EXPECT_EQ(summary.user_count, 2U);
  EXPECT_EQ(summary.made_handle_count, 1U);
  EXPECT_EQ(summary.post_count, 1U);
  EXPECT_EQ(summary.known_count, 0U);
  EXPECT_EQ(summary.refused_count(), 3U);
  EXPECT_THAT(listener.refusals,
              ElementsAre(R"(forum.ndjson:4: unknown_author: no user "u3" of source "old-forum")",
                          "forum.ndjson:5: time_before_2010: created_at: 2009-07-06T09:31:00.000Z",
                          R"(forum.ndjson:6: unknown_kind: "poll")"));
  EXPECT_THAT(
      effect_of(world),
      UnorderedElementsAre("account|hotaru|ほたる|0|1562403600000|old-forum|u1",
                           "account|im_jyqdovupyxihiy7h|Mika|0|1562403600000|old-forum|u2",
                           "accounts|2", "authors|2", "facts|1", "facts|2", "keys|1",
                           "post|1562405400250|old-forum:77|1|hotaru|ほたる|提灯が灯った!|ja|0||0",
                           "posts|1", "titles|0", "communities|1", "drawings|0", "follows|0",
                           "empathies|0"));
}

TEST_P(ImporterTest, TheSameFileAgainChangesNothing) {
  World world(make_place());
  std::vector<std::string> lines;
  for (int i = 0; i < 50; ++i) {
    const std::string author = "u" + std::to_string(i % 5);
    if (i < 5) lines.push_back(user_line("a", author, day));
    lines.push_back(post_line("a", std::to_string(i), day + i, author, "text"));
  }
  const std::string file = write("a.ndjson", lines);
  EXPECT_EQ(import(world, {file}).post_count, 50U);
  const auto posts = "SELECT id, author, text FROM post";
  const std::vector<std::string> rows = rows_of(world.timeline_db(), posts, 3);
  const std::vector<std::string> effect = effect_of(world);
  const std::uint64_t durable = world.journal().durable_offset();
  for (const std::vector<std::string>& files : {std::vector{file}, std::vector{file, file}}) {
    const Summary again = import(world, files);
    EXPECT_EQ(again.user_count + again.post_count + again.refused_count(), 0U);
    EXPECT_EQ(again.known_count, 55 * files.size());
    EXPECT_EQ(again.made_handle_count, 0U);
  }
  EXPECT_EQ(effect_of(world), effect);
  EXPECT_EQ(rows_of(world.timeline_db(), posts, 3), rows);
  EXPECT_EQ(world.journal().durable_offset(), durable);
}

TEST_P(ImporterTest, ALineThatStandsTwiceIsThereOnceAndTheFirstStays) {
  World world(make_place());
  const std::string file = write(
      "a.ndjson", {user_line("a", "u", day), post_line("a", "1", day, "u", "first"),
                   user_line("a", "u", day + 5), post_line("a", "1", day + 7, "u", "second")});
  for (const std::size_t batch_count_max : {1U, 4U}) {
    Listener listener;
    const Summary summary = import(world, {file}, listener, {.batch_count_max = batch_count_max});
    EXPECT_EQ(summary.known_count, batch_count_max == 1 ? 2U : 4U);
    EXPECT_THAT(effect_of(world), Contains(HasSubstr("|a:1|1|")).Times(1));
    EXPECT_THAT(effect_of(world), Contains(HasSubstr("|first|")).Times(1));
  }
}

TEST_P(ImporterTest, WhatTwoSourcesSayAlikeIsThereTwice) {
  World world(make_place());
  std::vector<std::string> lines;
  for (const std::string source : {"a", "b"}) {
    lines.push_back(user_line(source, "u", day, R"(,"handle":"mika")"));
    lines.push_back(post_line(source, "1", day, "u", "the same"));
    // Within 30 s: for posts through the API that is a double.
    lines.push_back(post_line(source, "2", day + 1000, "u", "the same"));
  }
  const Summary summary = import(world, {write("ab.ndjson", lines)});
  EXPECT_EQ(summary.user_count, 2U);
  EXPECT_EQ(summary.made_handle_count, 1U);
  EXPECT_EQ(summary.post_count, 4U);
  EXPECT_THAT(effect_of(world), Contains(HasSubstr("|the same|")).Times(4));
  EXPECT_THAT(effect_of(world), Contains(HasSubstr("account|mika|")).Times(1));
}

TEST_P(ImporterTest, AMadeHandleThatSomebodyHasIsRefused) {
  World world(make_place());
  const std::string taken = R"(,"handle":")" + made_handle("a", "u2") + "\"";
  Listener listener;
  const Summary summary =
      import(world,
             {write("a.ndjson", {user_line("a", "u1", day, taken), user_line("a", "u2", day),
                                 post_line("a", "1", day, "u2", "text")})},
             listener);
  EXPECT_EQ(summary.user_count, 1U);
  EXPECT_THAT(listener.refusals,
              ElementsAre("a.ndjson:2: handle_taken: \"" + made_handle("a", "u2") + "\"",
                          R"(a.ndjson:3: unknown_author: no user "u2" of source "a")"));
}

TEST_P(ImporterTest, AnAuthorStandsBeforeTheirPosts) {
  const std::vector<std::string> lines = {
      post_line("a", "1", day, "u", "too early"), user_line("a", "u", day),
      post_line("a", "2", day, "u", "good"), post_line("b", "1", day, "u", "of another source")};
  for (const std::size_t batch_count_max : {1U, 2U, 3U, 8U}) {
    World world(make_place());
    Listener listener;
    const std::string file = write("a.ndjson", lines);
    import(world, {file}, listener, {.batch_count_max = batch_count_max});
    EXPECT_THAT(listener.refusals,
                ElementsAre(R"(a.ndjson:1: unknown_author: no user "u" of source "a")",
                            R"(a.ndjson:4: unknown_author: no user "u" of source "b")"));
    // An import before this one has made them.
    EXPECT_EQ(import(world, {file}).post_count, 1U);
  }
}

TEST_P(ImporterTest, OtherCommunitiesAreRefused) {
  World world(make_place());
  std::vector<std::string> lines = {user_line("a", "u", day)};
  for (const std::string community : {"2", "01", "plaza", ""}) {
    std::string line = post_line("a", community.empty() ? "0" : community, day, "u", "x");
    line.replace(line.find(R"("community":"1")"), 15, R"("community":")" + community + "\"");
    lines.push_back(line);
  }
  Listener listener;
  import(world, {write("a.ndjson", lines)}, listener);
  EXPECT_THAT(listener.refusals, SizeIs(4));
  EXPECT_THAT(listener.refusals, Contains(R"(a.ndjson:2: unknown_community: "2")"));
}

TEST_P(ImporterTest, TimesInAnyOrderAreKept) {
  World world(make_place());
  std::vector<std::string> lines = {user_line("a", "u", testing::now_unix_ms)};
  const std::vector<std::int64_t> times = {testing::now_unix_ms, day, 1'262'304'000'000, day + 1,
                                           day - 1};
  for (const std::int64_t time : times)
    lines.push_back(post_line("a", std::to_string(time), time, "u", "x"));
  EXPECT_EQ(import(world, {write("a.ndjson", lines)}).post_count, times.size());
  for (const std::int64_t time : times) {
    const std::string text = std::to_string(time);
    EXPECT_THAT(effect_of(world), Contains(HasSubstr("post|" + text + "|a:" + text + "|")));
  }
}

TEST_P(ImporterTest, AFullMillisecondGoesOnInTheNextOne) {
  const Place place = make_place();
  constexpr int count = 5000;
  for (int file = 0; file < 2; ++file) {
    std::vector<std::string> lines = {user_line("a", "u", day)};
    for (int i = 0; i < count; ++i)
      lines.push_back(post_line("a", std::to_string(file * count + i), day, "u", "x"));
    World world(place);
    const Summary summary = import(world, {write("a.ndjson", lines)});
    EXPECT_EQ(summary.post_count, std::uint64_t{count});
    EXPECT_EQ(summary.quarantined_count, 0U);
  }
  World world(place);
  std::vector<std::string> ids = rows_of(world.timeline_db(), "SELECT id FROM post", 1);
  EXPECT_THAT(ids, SizeIs(2 * count));
  for (const std::string& id : ids) {
    const std::int64_t unix_ms = parts_of(*parse_id(id)).unix_ms;
    EXPECT_GE(unix_ms, day);
    EXPECT_LE(unix_ms, day + (2 * count + 1) / 2048);
  }
}

TEST_P(ImporterTest, BadLinesStopNothing) {
  World world(make_place());
  Listener listener;
  const Summary summary = import(
      world,
      {write("a.ndjson", {"", "{", std::string(line_size_max + 1, ' '), user_line("a", "u", day),
                          " \t\r", post_line("a", "1", day, "u", "x") + "\r"})},
      listener);
  EXPECT_THAT(listener.refusals,
              ElementsAre(HasSubstr("a.ndjson:2: bad_json: "),
                          "a.ndjson:3: line_too_long: at most 262144 bytes are taken"));
  EXPECT_EQ(summary.line_count, 4U);
  EXPECT_EQ(summary.user_count + summary.post_count, 2U);
  EXPECT_EQ(summary.refused[static_cast<std::size_t>(RefusalCode::bad_json)], 1U);
}

TEST_P(ImporterTest, AMissingFileStopsItBeforeAnythingIsRead) {
  World world(make_place());
  Listener listener;
  const auto summary = world.import(
      {write("a.ndjson", {user_line("a", "u", day)}), folder() + "/missing"}, listener);
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code(), Code::not_found);
  EXPECT_THAT(summary.error().message(), HasSubstr("/missing"));
  EXPECT_THAT(effect_of(world), Contains("accounts|0"));
}

TEST_P(ImporterTest, TellsHowFarItIs) {
  World world(make_place());
  std::vector<std::string> lines = {user_line("a", "u", day)};
  for (int i = 0; i < 30; ++i) lines.push_back(post_line("a", std::to_string(i), day, "u", "x"));
  const std::string file = write("a.ndjson", lines);
  Listener listener;
  import(world, {file, file}, listener, {.batch_count_max = 10});
  ASSERT_FALSE(listener.progress.empty());
  std::uint64_t before = 0;
  for (const Progress& one : listener.progress) {
    EXPECT_GE(one.size_done, before);
    before = one.size_done;
  }
  EXPECT_EQ(listener.progress.back().size_done, listener.progress.back().size_total);
}

TEST_P(ImporterTest, AStoppedImportGoesOnLater) {
  const Place place = make_place();
  std::vector<std::string> lines = {user_line("a", "u", day)};
  for (int i = 0; i < 100; ++i) lines.push_back(post_line("a", std::to_string(i), day, "u", "x"));
  const std::string file = write("a.ndjson", lines);
  std::uint64_t post_count = 0;
  int run_count = 0;
  for (bool is_complete = false; !is_complete && run_count < 100; ++run_count) {
    World world(place);
    Listener listener;
    listener.stop_after = run_count + 1;
    const Summary summary = import(world, {file}, listener, {.batch_count_max = 20});
    post_count += summary.post_count;
    is_complete = summary.is_complete;
  }
  EXPECT_GT(run_count, 2);
  EXPECT_EQ(post_count, 100U);
  World world(place);
  EXPECT_THAT(effect_of(world), Contains("posts|100"));
}

TEST_P(ImporterTest, AuthorsThatTheCacheForgotAreAskedForAgain) {
  World world(make_place());
  constexpr int count = 50;
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back(user_line("a", std::to_string(i), day + i));
  import(world, {write("a.ndjson", lines)});
  internal::Known authors(world.main_db(),
                          "SELECT source_id, account FROM imported_account WHERE source_id", 16);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i + 1 < count; ++i) {
      const std::string one = std::to_string(i), other = std::to_string(i + 1);
      const internal::Name people[] = {{"a", one}, {"a", other}, {"b", one}, {"a", "nobody"}};
      ASSERT_TRUE(authors.load(people).ok());
      EXPECT_EQ(parts_of(authors.find(people[0])).unix_ms, day + i);
      EXPECT_EQ(parts_of(authors.find(people[1])).unix_ms, day + i + 1);
      EXPECT_EQ(authors.find(people[2]), 0u);
      EXPECT_EQ(authors.find(people[3]), 0u);
    }
  }
}

// Stands before timeline's view, and holds or changes what comes.
class Gate final : public stream::View {
 public:
  std::string_view name() const override { return inner_.name(); }
  bool wants(EventKind kind) const override { return inner_.wants(kind); }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override {
    if (is_closed) return Error(Code::busy, "the gate is closed");
    for (const stream::Record& record : records) {
      const auto* post = std::get_if<PublishPost>(&record.event);
      if (post != nullptr && post->text == "poison") return Error(Code::invalid, "poison");
    }
    return inner_.apply(connection, records, result);
  }

  std::atomic<bool> is_closed = false;

 private:
  timeline::TimelineView inner_;
};

TEST_P(ImporterTest, NoMoreIsUnderWayThanTheLimitWhileAppliersStand) {
  Gate gate;
  World world(make_place(), {.view = &gate});
  std::vector<std::string> lines = {user_line("a", "u", day)};
  for (int i = 0; i < 1000; ++i) lines.push_back(post_line("a", std::to_string(i), day, "u", "x"));
  const std::string file = write("a.ndjson", lines);
  gate.is_closed = true;
  Listener listener;
  int wait_count = 0;
  std::uint64_t durable_max = 0;
  listener.on_progress = [&](const Progress& progress) {
    if (!gate.is_closed || progress.trouble.empty()) return;
    durable_max = std::max(durable_max, world.journal().durable_offset());
    if (++wait_count == 5) gate.is_closed = false;
  };
  const Summary summary =
      import(world, {file}, listener, {.batch_count_max = 100, .unapplied_count_max = 150});
  EXPECT_GE(wait_count, 5);
  EXPECT_EQ(durable_max, 150U);
  EXPECT_EQ(summary.post_count, 1000U);
  EXPECT_THAT(effect_of(world), Contains("posts|1000"));
}

TEST_P(ImporterTest, AStopIsHeardWhileAppliersStand) {
  Gate gate;
  const Place place = make_place();
  std::vector<std::string> lines = {user_line("a", "u", day)};
  for (int i = 0; i < 300; ++i) lines.push_back(post_line("a", std::to_string(i), day, "u", "x"));
  const std::string file = write("a.ndjson", lines);
  {
    World world(place, {.view = &gate});
    gate.is_closed = true;
    Listener listener;
    listener.stop_after = 10;
    const Summary summary =
        import(world, {file}, listener, {.batch_count_max = 100, .unapplied_count_max = 150});
    EXPECT_FALSE(summary.is_complete);
    EXPECT_EQ(summary.post_count, 150U);
    EXPECT_EQ(world.journal().durable_offset(), 150U);
    gate.is_closed = false;
  }
  World world(place);
  const Summary summary = import(world, {file});
  EXPECT_EQ(summary.post_count, 150U);
  EXPECT_THAT(effect_of(world), Contains("posts|300"));
}

TEST_P(ImporterTest, PostsInQuarantineAreCounted) {
  Gate gate;
  World world(make_place(), {.view = &gate});
  const std::string file = write(
      "a.ndjson", {user_line("a", "u", day), post_line("a", "1", day, "u", "x"),
                   post_line("a", "2", day, "u", "poison"), post_line("a", "3", day, "u", "y")});
  const Summary summary = import(world, {file});
  EXPECT_EQ(summary.post_count, 3U);
  EXPECT_EQ(summary.quarantined_count, 1U);
  EXPECT_THAT(effect_of(world), Contains("posts|2"));
}

TEST_P(ImporterTest, AJournalThatFailsEndsItAndTheNextOneGoesOn) {
  const Place place = make_place();
  std::vector<std::string> lines = {user_line("a", "u", day)};
  for (int i = 0; i < 3000; ++i)
    lines.push_back(post_line("a", std::to_string(i), day + i, "u", "x"));
  const std::string file = write("a.ndjson", lines);
  io::SimDisk disk;
  {
    World world(place, {.journal_files = &disk});
    Listener listener;
    listener.on_progress = [&](const Progress& progress) {
      if (progress.summary.post_count > 500) disk.cut_now();
    };
    const auto summary = world.import({file}, listener, {.batch_count_max = 300});
    ASSERT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().code(), Code::io) << summary.error().message();
  }
  disk.power_on(io::Survival::none, io::system_random());
  World world(place, {.journal_files = &disk});
  const Summary summary = import(world, {file});
  EXPECT_TRUE(summary.is_complete);
  EXPECT_EQ(summary.post_count + summary.known_count, 3001U);
  EXPECT_THAT(effect_of(world), Contains("posts|3000"));
  EXPECT_THAT(effect_of(world), Contains("keys|3000"));
}

// The lines between the fences of the code block number `number` behind a heading.
std::vector<std::string> block_of(const std::string& path, const std::string& heading, int number) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<std::string> lines;
  bool is_behind = false;
  int fence_count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line == heading) is_behind = true;
    if (!is_behind) continue;
    if (line.starts_with("```"))
      ++fence_count;
    else if (fence_count == 2 * number + 1)
      lines.push_back(line);
  }
  return lines;
}

// Goal: the example of the format does what the page says of it, wherever batches begin and end, and
// once. Method: the page itself is read.
TEST_P(ImporterTest, TheExampleOfTheFormatIsTrue) {
  const std::string page = "docs/formats/import.md";  // from the repository's root
  const std::string file = write("forum.ndjson", block_of(page, "## Example", 0));
  const std::vector<std::string> refusals = block_of(page, "## Example", 1);
  ASSERT_EQ(refusals.size(), 7u);
  std::vector<std::string> effect;
  for (const std::size_t batch_count : {1u, 3u, 100u}) {
    SCOPED_TRACE(batch_count);
    World world(make_place());
    Listener listener;
    const Summary first = world.import({file}, listener, {.batch_count_max = batch_count}).value();
    EXPECT_EQ(listener.refusals, refusals);
    EXPECT_EQ(first.user_count, 2u);
    EXPECT_EQ(first.title_count, 1u);
    EXPECT_EQ(first.community_count, 2u);
    EXPECT_EQ(first.post_count, 2u);
    EXPECT_EQ(first.comment_count, 1u);
    EXPECT_EQ(first.follow_count, 2u);
    EXPECT_EQ(first.empathy_count, 1u);
    EXPECT_EQ(first.known_count, 0u);
    const std::vector<std::string> now = effect_of(world);
    if (effect.empty()) effect = now;
    EXPECT_EQ(now, effect);

    Listener again;
    const Summary second = world.import({file}, again, {.batch_count_max = batch_count}).value();
    EXPECT_EQ(again.refusals, refusals);
    EXPECT_EQ(second.known_count, 11u);
    EXPECT_EQ(second.line_count, first.line_count);
    EXPECT_EQ(second.follow_count, 0u);
    EXPECT_EQ(second.empathy_count, 0u);
    EXPECT_EQ(effect_of(world), effect);
  }
}

TEST_P(ImporterTest, AFullDiskEndsItAndTheNextOneGoesOn) {
  const Place place = make_place();
  std::vector<std::string> lines = {user_line("a", "u", day)};
  const std::string text(280, 'x');
  for (int i = 0; i < 3000; ++i)
    lines.push_back(post_line("a", std::to_string(i), day + i, "u", text));
  const std::string file = write("a.ndjson", lines);
  io::SimDisk disk;
  {
    World world(place, {.journal_files = &disk, .segment_size = 512 << 10});
    disk.set_capacity(1100 << 10);
    Listener listener;
    const auto summary = world.import({file}, listener);
    ASSERT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().code(), Code::exhausted) << summary.error().message();
    disk.set_capacity(~std::uint64_t{0});
  }
  World world(place, {.journal_files = &disk, .segment_size = 512 << 10});
  EXPECT_TRUE(import(world, {file}).is_complete);
  EXPECT_THAT(effect_of(world), Contains("posts|3000"));
}

}  // namespace
}  // namespace matsuri::imports
