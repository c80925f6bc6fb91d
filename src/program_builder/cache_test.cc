#include "program_builder/cache.h"

#include <gtest/gtest.h>

#include "program_builder/testing/videos.h"

namespace matsuri::program_builder {
namespace {

using testing::Silent;
using testing::Videos;
using testing::wandering_rows;

Master example() {
  Master master{.duration_ms = 1'950, .rows = wandering_rows(1, 20), .pictures = {}};
  for (const std::uint32_t time_ms : {0U, 1'000U})
    master.pictures.push_back(
        {.time_ms = time_ms,
         .rgb = std::vector<std::uint8_t>(picture_width * picture_height * 3, 7)});
  return master;
}

TEST(Cache, GivesBackWhatItKept) {
  const Videos folder;
  Cache cache(io::posix_files(), folder.path("cache"));
  const Key key = key_of_ratings(wandering_rows(1, 20), {});
  EXPECT_FALSE(cache.master(key));
  ASSERT_TRUE(cache.keep(key, example()).ok());
  const auto master = cache.master(key);
  ASSERT_TRUE(master);
  EXPECT_EQ(master->rows, example().rows);
  EXPECT_EQ(master->duration_ms, 1'950U);
  ASSERT_EQ(master->pictures.size(), 2U);
  EXPECT_EQ(master->pictures[1].time_ms, 1'000U);
  EXPECT_EQ(master->pictures[1].rgb, example().pictures[1].rgb);

  const std::vector<Rating> ratings = {{.energy = 1, .earlier_row = 5}, {.moving = 2}};
  ASSERT_TRUE(cache.keep(key, ratings).ok());
  EXPECT_EQ(cache.ratings(key), ratings);
}

// Goal: a damaged file of the cache costs a build its time, never its result.
TEST(Cache, ForgetsWhatIsDamaged) {
  const Videos folder;
  Cache cache(io::posix_files(), folder.path("cache"));
  const Key key{};
  ASSERT_TRUE(cache.keep(key, example()).ok());
  const std::string path = folder.path("cache/" + to_hex(key));
  const std::string content = folder.read(path);
  for (std::size_t at = 0; at < content.size(); at += 97) {
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    folder.write("cache/" + to_hex(key), damaged);
    EXPECT_FALSE(cache.master(key)) << at;
    folder.write("cache/" + to_hex(key), content.substr(0, at));
    EXPECT_FALSE(cache.master(key)) << at;
  }
  folder.write("cache/" + to_hex(key), content);
  EXPECT_TRUE(cache.master(key));
}

TEST(Cache, KeysDependOnEveryByte) {
  const Videos folder;
  Silent silent;
  const auto key = [&](const std::string& content) {
    return key_of_video(io::posix_files(), folder.write("video", content), silent).value();
  };
  EXPECT_EQ(key("one"), key("one"));
  EXPECT_NE(key("one"), key("two"));
  EXPECT_NE(key(""), key(std::string(1, '\0')));

  const std::vector<match::Row> a = wandering_rows(1, 40), b = wandering_rows(2, 40);
  const std::span<const match::Row> ab[] = {a, b}, ba[] = {b, a};
  EXPECT_NE(key_of_ratings(a, {}), key_of_ratings(b, {}));
  EXPECT_NE(key_of_ratings(a, ab), key_of_ratings(a, ba));
  EXPECT_NE(key_of_ratings(a, std::span(ab).first(1)), key_of_ratings(a, ab));
}

TEST(Programme, IsKnownByTitleAndStart) {
  const std::uint64_t id = programme_of("Live", 1'796'126'400'000);
  EXPECT_EQ(id, programme_of("Live", 1'796'126'400'000));
  EXPECT_NE(id, programme_of("Live", 1'796'126'400'001));
  EXPECT_NE(id, programme_of("Live!", 1'796'126'400'000));
  EXPECT_GT(id, 0U);
  EXPECT_LT(id, std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace matsuri::program_builder
