// Goal: the rows do not depend on the order in which origins come, nor on where batches end: edits,
// deletions, comments and counts may come before the post that they are about. Method: four origins
// of random records, woven together in random ways and pieces.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <sstream>

#include "timeline/ranking.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using stream::Outcome;
using stream::Record;
using testing::comment_record;
using testing::delete_record;
using testing::edit_record;
using testing::fact_record;
using testing::felt;
using testing::name_record;
using testing::post_id;
using testing::post_record;

constexpr AccountId mio{11}, ken{22};

class OrderTest : public testing::ViewTest {
 protected:
  // All that the records have left behind.
  static std::string rows_of(sql::Db& db) {
    std::string rows;
    const auto add = [&](sql::Connection& connection, std::string_view text,
                         std::size_t column_count) {
      return connection.query(text, {}, [&](const sql::Row& row) {
        for (std::size_t column = 0; column < column_count; ++column)
          rows.append(as_text(row.blob(column))).append(" | ");
        rows += '\n';
      });
    };
    const Result<void> read = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY(add(connection,
              "SELECT CAST(id AS CHAR), CAST(parent AS CHAR), CAST(rev AS CHAR), text, "
              "CAST(feeling AS CHAR), CAST(deleted AS CHAR), CAST(drawing AS CHAR) FROM post "
              "ORDER BY id",
              7));
      rows += "heat\n";
      TRY(add(connection,
              "SELECT CAST(post AS CHAR), CAST(community AS CHAR), CAST(day AS CHAR), "
              "CAST(hot AS CHAR), CAST(empathy_count AS CHAR), CAST(comment_count AS CHAR) "
              "FROM heat ORDER BY post",
              6));
      rows += "early\n";
      TRY(add(connection,
              "SELECT CAST(post AS CHAR), CAST(rev AS CHAR), text, CAST(deleted AS CHAR) "
              "FROM early ORDER BY post",
              4));
      rows += "drawings\n";
      return add(connection, "SELECT CAST(post AS CHAR), stored FROM drawing ORDER BY post", 2);
    });
    EXPECT_TRUE(read.ok());
    return rows;
  }

  Post post_of(PostId id) {
    return read(*db_, [&](sql::Connection& connection) { return read_post(connection, id, {}); })
        .value();
  }
};
MATSURI_FOR_EACH_ENGINE(OrderTest);

TEST_P(OrderTest, OriginsMayComeInAnyOrder) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t count) { return random() % count; };

  // Posts of one node; what another node's people say of them; the facts of empathy; what is
  // deleted on a third node.
  std::vector<std::vector<Record>> origins(4);
  std::vector<PostId> posts, comments;
  for (std::uint16_t number = 0; number < 40; ++number) {
    posts.push_back(post_id(number * 40'000, number));
    origins[0].push_back(post_record(posts.back(), mio, "post " + std::to_string(number),
                                     {.drawing = below(3) == 0 ? "drawn" : ""}));
  }
  std::uint64_t last_id = post_id(3'000'000).value;
  for (int number = 0; number < 150; ++number) {
    const PostId post = posts[below(posts.size())];
    last_id += 1 << 22;
    switch (below(4)) {
      case 0:
        origins[1].push_back(
            edit_record(post, mio, last_id - below(50) * (1 << 22), std::to_string(number)));
        break;
      case 1:
        if (below(3) == 0) origins[3].push_back(delete_record(post, mio, last_id));
        break;
      case 2:
        comments.push_back(PostId{last_id});
        origins[1].push_back(comment_record(comments.back(), ken, post, std::to_string(number)));
        break;
      default:
        if (comments.empty()) break;
        const PostId comment = comments[below(comments.size())];
        for (const Record& record : origins[1])
          if (record.header.id == comment.value) {
            origins[3].push_back(
                delete_record(comment, ken, last_id, std::get<PublishPost>(record.event).parent));
            break;
          }
    }
    const std::uint64_t rev = 1 + below(40);
    const PostId any = below(2) == 0 || comments.empty() ? post : comments.back();
    origins[2].push_back(fact_record(felt(any, rev * 7 % 11, rev)));
  }

  const auto woven = [&](std::uint64_t piece_max, std::vector<std::size_t> order) {
    const auto db = fresh();
    std::vector<std::size_t> taken(origins.size());
    while (!order.empty()) {
      const std::size_t place = piece_max > 100 ? 0 : below(order.size());
      const std::size_t origin = order[place];
      const std::size_t first = taken[origin];
      const std::size_t count = std::min<std::size_t>(origins[origin].size() - first,
                                                      1 + below(piece_max) + piece_max / 2);
      EXPECT_TRUE(
          try_apply(*db, {origins[origin].begin() + static_cast<std::ptrdiff_t>(first),
                          origins[origin].begin() + static_cast<std::ptrdiff_t>(first + count)})
              .ok());
      taken[origin] += count;
      if (taken[origin] == origins[origin].size())
        order.erase(order.begin() + static_cast<std::ptrdiff_t>(place));
    }
    return rows_of(*db);
  };
  const std::string expected = woven(1000, {0, 1, 2, 3});
  EXPECT_NE(expected.find("heat"), std::string::npos);
  // Whole tables would be hard to read: the first line that differs tells enough.
  const auto difference = [&](const std::string& rows) -> std::string {
    std::istringstream left(rows), right(expected);
    for (std::string a, b; std::getline(left, a), std::getline(right, b), left || right;)
      if (a != b) return "has \"" + a + "\", not \"" + b + '"';
    return "";
  };
  EXPECT_EQ(difference(woven(1000, {3, 1, 2, 0})), "");
  EXPECT_EQ(difference(woven(1000, {2, 3, 0, 1})), "");
  for (int round = 0; round < 4; ++round)
    EXPECT_EQ(difference(woven(1 + below(12), {0, 1, 2, 3})), "");
}

TEST_P(OrderTest, ADeletionBeforeItsPostWins) {
  apply({name_record(mio, 1, "Mio")});
  const auto gone = apply({delete_record(post_id(0), mio, post_id(5).value)});
  ASSERT_EQ(gone.facts().size(), 1u);
  EXPECT_EQ(std::get<PostDeleted>(gone.facts()[0].event).post, post_id(0));
  const auto late = apply({post_record(post_id(0), mio, "never seen", {.drawing = "drawn"})});
  EXPECT_EQ(late.outcomes()[0], Outcome::applied);
  EXPECT_TRUE(late.facts().empty());
  EXPECT_TRUE(texts_for({}).empty());
  EXPECT_EQ(rows_of(*db_).find("never seen"), std::string::npos);
  EXPECT_EQ(rows_of(*db_).find("drawn |"), std::string::npos);
}

TEST_P(OrderTest, WhatIsDeletedStaysAndIsNotKept) {
  apply({name_record(mio, 1, "Mio")});
  apply({post_record(post_id(0), mio, "secret", {.drawing = "strokes"}),
         delete_record(post_id(0), mio, post_id(5).value)});
  const auto edited = apply({edit_record(post_id(0), mio, post_id(9).value, "back")});
  EXPECT_EQ(edited.outcomes()[0], Outcome::refused);
  EXPECT_EQ(edited.refusals()[0].code, Code::not_found);
  EXPECT_TRUE(apply({delete_record(post_id(0), mio, post_id(10).value)}).facts().empty());
  EXPECT_TRUE(texts_for({}).empty());
  for (const std::string_view word : {"secret", "strokes", "back"})
    EXPECT_EQ(rows_of(*db_).find(word), std::string::npos) << word;
}

TEST_P(OrderTest, OfTwoEditsTheLaterIdHoldsAndIsTold) {
  apply({name_record(mio, 1, "Mio")});
  const std::uint64_t early = post_id(5).value, late = post_id(9).value;
  const auto first = apply({edit_record(post_id(0), mio, late, "late")});
  EXPECT_TRUE(first.facts().empty());
  const auto post = apply({post_record(post_id(0), mio, "first")});
  ASSERT_EQ(post.facts().size(), 2u);
  EXPECT_EQ(std::get<PostPublished>(post.facts()[0].event).text, "first");
  EXPECT_EQ(std::get<PostEdited>(post.facts()[1].event), (PostEdited{.post = post_id(0),
                                                                     .rev = late,
                                                                     .community = common_ground,
                                                                     .author = mio,
                                                                     .text = "late",
                                                                     .feeling = 2}));
  EXPECT_TRUE(apply({edit_record(post_id(0), mio, early, "early")}).facts().empty());
  EXPECT_EQ(post_of(post_id(0)).text, "late");
  EXPECT_EQ(post_of(post_id(0)).edited_unix_ms, testing::start_ms + 9);
  // The guard holds against what was posted, not against what it says now.
  EXPECT_EQ(apply_one(post_record(post_id(20), mio, "late")), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(21), mio, "first")), Outcome::refused);
}

TEST_P(OrderTest, TheGuardTellsPostsCommentsAndDrawingsApart) {
  const auto with = [](std::int64_t ms, PostId parent, std::string drawing) {
    return post_record(post_id(ms), mio, "gg", {.parent = parent, .drawing = std::move(drawing)});
  };
  apply({post_record(post_id(0), ken, "a"), post_record(post_id(1), ken, "b")});
  EXPECT_EQ(apply_one(with(2, {}, "")), Outcome::applied);
  EXPECT_EQ(apply_one(with(3, post_id(0), "")), Outcome::applied);
  EXPECT_EQ(apply_one(with(4, post_id(1), "")), Outcome::applied);
  EXPECT_EQ(apply_one(with(5, {}, "one")), Outcome::applied);
  EXPECT_EQ(apply_one(with(6, {}, "two")), Outcome::applied);
  for (const auto& [parent, drawing] :
       {std::pair{PostId{}, ""}, {post_id(0), ""}, {post_id(1), ""}, {PostId{}, "two"}})
    EXPECT_EQ(apply_one(with(29'000, parent, drawing)), Outcome::refused);
}

TEST_P(OrderTest, FactsAreFat) {
  apply({post_record(post_id(0), ken, "a")});
  auto record = comment_record(post_id(1), mio, post_id(0), "c");
  auto& post = std::get<PublishPost>(record.event);
  post.feeling = 4;
  post.spoiler = true;
  post.tag = "tag";
  post.drawing = "drawn";
  const auto result = apply({record});
  EXPECT_EQ(std::get<PostPublished>(result.facts().at(0).event),
            (PostPublished{.post = post_id(1),
                           .rev = 1,
                           .community = common_ground,
                           .author = mio,
                           .text = "c",
                           .language = "en",
                           .parent = post_id(0),
                           .parent_author = post.parent_author,
                           .feeling = 4,
                           .spoiler = true,
                           .tag = "tag",
                           .drawn = true}));
}

TEST(HotScore, IsTheFormulaInMillionths) {
  for (const std::uint64_t empathies : {0u, 1u, 2u, 3u, 7u, 10u, 999u, 1'000'000u, 4'000'000'000u})
    for (const std::uint64_t comments : {0u, 1u, 5u, 123'456u}) {
      const double expected = std::log2(1.0 + static_cast<double>(empathies)) * 1e6 +
                              std::log2(1.0 + static_cast<double>(comments)) * 0.5e6 +
                              1.79e12 / 45.0;
      EXPECT_NEAR(static_cast<double>(hot_score(empathies, comments, 1'790'000'000'000)), expected,
                  3.0);
    }
  EXPECT_EQ(hot_score(1, 0, 0), 1'000'000);
  EXPECT_EQ(hot_score(0, 1, 0), 500'000);
  EXPECT_EQ(hot_score(0, 0, 45'000'000), 1'000'000);
  EXPECT_EQ(hot_score(2, 0, 0), 1'584'962);
}

}  // namespace
}  // namespace matsuri::timeline
