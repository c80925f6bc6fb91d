#include "ops/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/random.h"
#include "ops/internal/manifest.h"
#include "ops/testing/world.h"

namespace matsuri::ops::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BackupTest : public WorldTest {};
MATSURI_FOR_EACH_ENGINE(BackupTest);

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_all(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

// Goal: a restored folder has everything, and is a world of its own.
// Method: back up with some records applied and some not, restore, and look at both.
// Goal: what must not have happened between two copies leaves no backup.
TEST_P(BackupTest, IsNoneWhereItsDatabasesDoNotFit) {
  World world(fresh_place("data"));
  const std::string to = folder() + "/backup";
  const auto taken = take_backup({.data = world.place.data,
                                  .to = to,
                                  .databases = {world.timeline_db.get(), world.main_db.get()},
                                  .node = world.place.node,
                                  .databases_copied = [] { return Error(Code::busy, "moved"); }});
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), Code::busy);
  EXPECT_FALSE(std::filesystem::exists(to + "/MANIFEST"));
}

TEST_P(BackupTest, RestoresWhatWasThere) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  const AccountId hana = original.person("hana");
  original.post(hana, "applied");
  original.drain();
  original.set_applying(false);
  const World::Posted last = original.post(hana, "only in the journal");
  const BackupSummary summary = back_up(original, to);
  EXPECT_EQ(summary.file_count, files_below(to).size() - 1);  // all but MANIFEST

  World copy(restore(to, "copy"));
  copy.drain();
  EXPECT_EQ(copy.texts(), (std::vector<std::string>{"applied", "only in the journal"}));
  EXPECT_NE(copy.journal->origin(), original.journal->origin());
  EXPECT_NE(copy.main_outbox->origin(), original.main_outbox->origin());
  EXPECT_NE(copy.timeline_outbox->origin(), original.timeline_outbox->origin());
  EXPECT_GT(copy.ids->next().value(), last.post.value);
  EXPECT_THAT(findings(copy.place), IsEmpty());
  for (const std::string& path : files_below(to)) {
    struct stat status{};
    ASSERT_EQ(stat(std::filesystem::path(path).parent_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 077U, 0U) << path << " lies where others can read";
  }
}

// Goal: backup while writing, restore elsewhere, both continue, and no position is confused.
// Method: threads post throughout, with segments rolling and retention at work as in upkeep. What
// was answered before the backup began must be in the copy, and every record once at most.
TEST_P(BackupTest, TakesACopyWhileOthersWrite) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  const AccountId hana = original.person("hana");
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> answered_count = 0;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 3; ++writer)
    threads.emplace_back([&, writer] {
      const std::string filling(600, 'x');
      for (int count = 0; !is_over; ++count) {
        original.post(hana, std::to_string(writer) + " " + std::to_string(count) + filling);
        ++answered_count;
      }
    });
  threads.emplace_back([&] {
    while (!is_over) {
      {
        const auto ours =
            io::posix_files().lock(original.place.data + "/" + std::string(retain_file_name));
        if (ours.ok())
          EXPECT_TRUE(original.journal->drop_applied(original.stream->applied_by_all(), 0).ok());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  while (answered_count < 3000) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::uint64_t before_count = answered_count;
  back_up(original, to);
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  original.drain();

  World copy(restore(to, "copy"));
  copy.drain();
  const std::vector<std::string> texts = copy.texts();
  EXPECT_GE(texts.size(), before_count);
  EXPECT_EQ(std::ranges::adjacent_find(texts), texts.end());
  const std::vector<std::string> all = original.texts();
  EXPECT_TRUE(std::ranges::includes(all, texts));

  const World::Posted here = copy.post(hana, "here");
  const World::Posted there = original.post(hana, "there");
  copy.drain();
  original.drain();
  EXPECT_NE(here.position.origin, there.position.origin);
  EXPECT_TRUE(copy.has_passed(here.position));
  EXPECT_FALSE(copy.has_passed(there.position)) << "a position of the other's later life";
  EXPECT_THAT(findings(copy.place), IsEmpty());
  EXPECT_THAT(findings(original.place), IsEmpty());
}

// Goal: see that the tests above would see what restore is for.
// Method: the planted mistake: a folder that was copied by hand. The two worlds then take each
// other's positions for their own.
TEST_P(BackupTest, WouldNoticePositionsThatAreConfused) {
  if (GetParam() == sql::Engine::mariadb) return;  // Nobody copies its schemas by hand.
  const Place place = fresh_place("original");
  AccountId hana;
  {
    World original(place);
    hana = original.person("hana");
    original.drain();
  }
  const Place by_hand = fresh_place("copy");
  std::filesystem::copy(place.data, by_hand.data, std::filesystem::copy_options::recursive);
  World original(place);
  World copy(by_hand);
  copy.post(hana, "here");
  const World::Posted there = original.post(hana, "there");
  copy.drain();
  EXPECT_TRUE(copy.has_passed(there.position));
  EXPECT_EQ(copy.texts(), std::vector<std::string>{"here"});
}

// Goal: a copy of a system that goes on makes ids and records under a number of its own, and still
// reads the records that came with it.
TEST_P(BackupTest, RestoresUnderAnotherNodeNumber) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  const AccountId hana = original.person("hana");
  original.set_applying(false);
  original.post(hana, "only in the journal");
  back_up(original, to);
  const Place place = restore(to, "copy", Node{9});
  EXPECT_EQ(place.node, Node{9});
  {
    World copy(place);
    const World::Posted posted = copy.post(hana, "new");
    EXPECT_EQ(posted.position.origin.node, Node{9});
    EXPECT_EQ(parts_of(posted.post.value).node, Node{9});
    copy.drain();
  }
  EXPECT_THAT(findings(place), IsEmpty());

  // And a copy of the copy: what had been set aside comes along.
  World copy(place);
  const std::string again = folder() + "/again";
  back_up(copy, again);
  World third(restore(again, "third", Node{10}));
  third.drain();
  EXPECT_EQ(third.texts(), (std::vector<std::string>{"new", "only in the journal"}));
  EXPECT_THAT(findings(third.place), IsEmpty());
}

// Goal: a damaged backup is refused before anything is written, with the name of the file.
// Method: each file cut, lost, and with a byte flipped at its begin, middle and end.
TEST_P(BackupTest, NamesTheDamagedFile) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  original.post(original.person("hana"), "hello");
  original.drain();
  back_up(original, to);
  const Place target = fresh_place("copy");
  const auto try_it = [&](const std::string& path) {
    const auto restored = restore_backup(
        {.from = to, .data = target.data, .databases = {target.main, target.timeline}});
    ASSERT_FALSE(restored.ok()) << path;
    EXPECT_THAT(restored.error().message(), HasSubstr(path));
    EXPECT_FALSE(std::filesystem::exists(target.data)) << path;
  };
  for (const std::string& path : files_below(to)) {
    SCOPED_TRACE(path);
    const std::string good = read_all(path);
    ASSERT_FALSE(good.empty());
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      write_all(path, bad);
      try_it(path);
    }
    write_all(path, good.substr(0, good.size() - 1));
    try_it(path);
    std::filesystem::remove(path);
    try_it(path);
    write_all(path, good);
  }
  EXPECT_TRUE(
      restore_backup({.from = to, .data = target.data, .databases = {target.main, target.timeline}})
          .ok());
}

TEST_P(BackupTest, RefusesFoldersThatHoldSomething) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  std::filesystem::create_directories(to);
  write_all(to + "/somebodys", "work");
  const auto taken =
      take_backup({.data = original.place.data,
                   .to = to,
                   .databases = {original.timeline_db.get(), original.main_db.get()}});
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), Code::invalid);
  std::filesystem::remove(to + "/somebodys");
  back_up(original, to);  // An empty one will do.

  const auto restored =
      restore_backup({.from = to,
                      .data = original.place.data,
                      .databases = {original.place.main, original.place.timeline}});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::invalid);
  EXPECT_THAT(restored.error().message(), HasSubstr("not empty"));
}

TEST_P(BackupTest, RefusesTheOtherEngine) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  back_up(original, to);
  Place target = fresh_place("copy");
  target.main.engine =
      GetParam() == sql::Engine::sqlite ? sql::Engine::mariadb : sql::Engine::sqlite;
  const auto restored = restore_backup(
      {.from = to, .data = target.data, .databases = {target.main, target.timeline}});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::invalid);
}

// Goal: a restore that died half way is seen, and not served.
// Method: the second database can't be restored, for its place is taken.
TEST_P(BackupTest, MarksAFolderThatIsHalfMade) {
  if (GetParam() == sql::Engine::mariadb) return;  // The mark is the same there.
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  back_up(original, to);
  Place target = fresh_place("copy");
  target.main.sqlite_path = original.place.main.sqlite_path;
  const auto restored = restore_backup(
      {.from = to, .data = target.data, .databases = {target.main, target.timeline}});
  ASSERT_FALSE(restored.ok());
  EXPECT_TRUE(is_restoring(io::posix_files(), target.data).value());
  EXPECT_THAT(findings(target), ::testing::ElementsAre(HasSubstr("did not come to its end")));
  EXPECT_FALSE(is_restoring(io::posix_files(), original.place.data).value());
}

// A backup of an earlier version has fewer databases: those that it lacks are the next start's.
TEST_P(BackupTest, LeavesDatabasesThatItDoesNotHave) {
  const std::string to = folder() + "/backup";
  World original(fresh_place("original"));
  back_up(original, to);
  const Place target = fresh_place("copy");
  sql::DbOptions younger = fresh_options("younger");
  younger.name = "younger";
  const std::vector<sql::DbOptions> databases = {target.main, younger, target.timeline};
  if (GetParam() == sql::Engine::mariadb) {
    // Rows of another world must not come into this one.
    open(younger)
        ->write_and_wait([](sql::Connection& connection) -> Result<void> {
          TRY(connection.execute("CREATE TABLE old (id INTEGER)"));
          return {};
        })
        .value();
    const auto refused = restore_backup({.from = to, .data = target.data, .databases = databases});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::invalid);
    open(younger)
        ->write_and_wait([](sql::Connection& connection) -> Result<void> {
          TRY(connection.execute("DROP TABLE old"));
          return {};
        })
        .value();
  }
  EXPECT_TRUE(restore_backup({.from = to, .data = target.data, .databases = databases}).ok());
  EXPECT_TRUE(findings(target).empty());
}

internal::Manifest some_manifest() {
  return {.made_unix_ms = 1'795'000'000'123,
          .region = Region{3},
          .node = Node{254},
          .databases = {{.name = "timeline", .engine = sql::Engine::mariadb},
                        {.name = "main", .engine = sql::Engine::sqlite}},
          .files = {{.path = "db/timeline", .size = 1'234'567'890'123, .checksum = 0xffffffff},
                    {.path = "journal/main/a b", .size = 0, .checksum = 1}}};
}

TEST(Manifest, ReadsWhatItWrote) {
  const auto read = internal::decode_manifest(internal::encode_manifest(some_manifest()));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), some_manifest());
}

// Goal: no damaged table of contents is believed. Method: every cut length, every flipped byte.
TEST(Manifest, RefusesEveryDamage) {
  const std::string good = internal::encode_manifest(some_manifest());
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(internal::decode_manifest(good.substr(0, length)).ok()) << length;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_FALSE(internal::decode_manifest(bad).ok()) << at << ' ' << bit;
    }
}

TEST(Manifest, RefusesPathsThatLeadOut) {
  for (const std::string& path : {"../main", "/etc/passwd", "db//main", "db/./main", "db/..", ""}) {
    internal::Manifest manifest = some_manifest();
    manifest.files[0].path = path;
    EXPECT_FALSE(internal::decode_manifest(internal::encode_manifest(manifest)).ok()) << path;
  }
}

}  // namespace
}  // namespace matsuri::ops::testing
