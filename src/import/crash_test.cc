// Goal: an import that is killed at any moment, again and again, ends like one that ran undisturbed:
// nothing doubled, nothing missing.
// Method: children of this process import, and get SIGKILL after a random time or a random number of
// steps. To show that the checks see anything, the same with a view that forgets the source's key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "import/importer.h"
#include "import/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::imports {
namespace {

using testing::effect_of;
using testing::Listener;
using testing::Place;
using testing::post_line;
using testing::user_line;
using testing::World;
using testing::WorldOptions;
using testing::write_lines;

constexpr std::int64_t day = 1'562'403'600'000;
constexpr int user_count = 200;
constexpr int post_count = 3000;

std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("MATSURI_SEED");
    const std::uint64_t chosen =
        given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
    std::fprintf(stderr, "MATSURI_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
  }();
  return value;
}

// Applies posts as if nobody had imported them.
class ForgetfulView final : public stream::View {
 public:
  std::string_view name() const override { return inner_.name(); }
  bool wants(EventKind kind) const override { return inner_.wants(kind); }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override {
    std::vector<stream::Record> changed(records.begin(), records.end());
    for (stream::Record& record : changed)
      if (auto* post = std::get_if<PublishPost>(&record.event)) post->import_source.clear();
    return inner_.apply(connection, changed, result);
  }

 private:
  timeline::TimelineView inner_;
};

class CrashTest : public sql::ForEachEngine {
 protected:
  // People and posts of two sources, in no order of time, many in the same second.
  std::string make_file() {
    std::vector<std::string> lines;
    std::map<std::string, int> users;
    for (int i = 0; i < post_count; ++i) {
      const std::string source = random_() % 2 == 0 ? "a" : "b";
      const std::string author = std::to_string(random_() % user_count);
      const std::int64_t time = day + static_cast<std::int64_t>(random_() % 100) * 1000;
      const std::string handle = R"(,"handle":"user_)" + author + "\"";
      if (users[source + author]++ == 0) lines.push_back(user_line(source, author, time, handle));
      lines.push_back(
          post_line(source, std::to_string(i), time, author, "text " + std::to_string(i)));
    }
    return write_lines(folder() + "/lines.ndjson", lines);
  }

  Place make_place(const std::string& name) {
    Place place{.main = fresh_options("main"),
                .timeline = fresh_options("timeline"),
                .empathy = fresh_options("empathy"),
                .folder = folder() + "/" + name};
    std::filesystem::create_directory(place.folder);
    return place;
  }

  // What a child does; it never returns.
  struct Life {
    std::uint64_t kill_after_us = 0;  // 0: the parent never kills it
    int kill_at_step = -1;            // of progress; below 0: never
  };
  [[noreturn]] static void live(const Place& place, const std::string& file, const Life& life,
                                bool is_forgetful) {
    ForgetfulView forgetful;
    WorldOptions options;
    if (is_forgetful) options.view = &forgetful;
    World world(place, options);
    Listener listener;
    int step = 0;
    listener.on_progress = [&](const Progress&) {
      if (step++ == life.kill_at_step) ::kill(::getpid(), SIGKILL);
    };
    const auto summary = world.import({file}, listener, {.batch_count_max = 100});
    ::_exit(summary.ok() && summary->is_complete ? 0 : 1);
  }
  // Whether the import came to its end.
  static bool run_child(const Place& place, const std::string& file, const Life& life,
                        bool is_forgetful) {
    const pid_t child = ::fork();
    if (child == 0) live(place, file, life, is_forgetful);
    EXPECT_GT(child, 0);
    if (life.kill_after_us > 0) {
      ::usleep(static_cast<useconds_t>(life.kill_after_us));
      ::kill(child, SIGKILL);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
    return WIFEXITED(status);
  }

  // Kills imports of the file until one has come to its end, and gives what is there then.
  std::vector<std::string> import_between_kills(const std::string& file, bool is_forgetful) {
    const Place place = make_place(is_forgetful ? "forgetful" : "killed");
    const int life_count = GetParam() == sql::Engine::sqlite ? 14 : 7;
    int killed_count = 0;
    for (int i = 0; i < life_count; ++i) {
      Life life;
      if (i % 2 == 0)
        life.kill_at_step = static_cast<int>(random_() % 40);
      else
        life.kill_after_us = 1 + random_() % 400'000;
      if (!run_child(place, file, life, is_forgetful)) ++killed_count;
    }
    EXPECT_GT(killed_count, 0);
    EXPECT_TRUE(run_child(place, file, {}, is_forgetful));
    World world(place);
    return effect_of(world);
  }

  std::mt19937_64 random_{seed()};
};
MATSURI_FOR_EACH_ENGINE(CrashTest);

TEST_P(CrashTest, KillsAtAnyMomentLeaveNothingDoubledAndNothingMissing) {
  const std::string file = make_file();
  const std::vector<std::string> effect = import_between_kills(file, false);
  EXPECT_THAT(effect, ::testing::Contains("posts|" + std::to_string(post_count)));
  const Place quiet = make_place("quiet");
  EXPECT_TRUE(run_child(quiet, file, {}, false));
  World world(quiet);
  EXPECT_EQ(effect, effect_of(world));
}

TEST_P(CrashTest, AViewThatForgetsTheKeyIsFoundOut) {
  const std::string file = make_file();
  const std::vector<std::string> effect = import_between_kills(file, true);
  const Place quiet = make_place("quiet");
  EXPECT_TRUE(run_child(quiet, file, {}, false));
  World world(quiet);
  EXPECT_NE(effect, effect_of(world));
  EXPECT_THAT(effect, ::testing::Not(::testing::Contains("posts|" + std::to_string(post_count))));
}

}  // namespace
}  // namespace matsuri::imports
