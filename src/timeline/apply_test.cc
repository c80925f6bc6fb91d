// Goal: what must hold for ever is decided by apply alone, from its own rows and the records, in
// whatever batches they come; and every read leaves out what its viewer may not see.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using stream::Outcome;
using stream::Record;
using testing::block_record;
using testing::name_record;
using testing::post_id;
using testing::post_record;
using Texts = std::vector<std::string>;

constexpr AccountId mio{11}, ken{22}, rin{33};

class ApplyTest : public testing::ViewTest {};
MATSURI_FOR_EACH_ENGINE(ApplyTest);

TEST_P(ApplyTest, APostIsShownOnceItsAuthorsNameIsThereWhicheverComesFirst) {
  apply({post_record(post_id(0), mio, "before the name")});
  EXPECT_TRUE(texts_for({}).empty());
  apply({name_record(mio, 1, "Mio")});
  apply({post_record(post_id(1), mio, "after it")});
  EXPECT_EQ(texts_for({}), (Texts{"after it", "before the name"}));
  const FeedPage page = feed_of(*db_, {.community = common_ground});
  EXPECT_EQ(page.posts[0]->post.author.name, "Mio");
  EXPECT_EQ(page.posts[0]->post.author.handle, "h11");
  EXPECT_EQ(page.posts[0]->post.language, "en");
  EXPECT_EQ(page.posts[0]->post.created_unix_ms, testing::start_ms + 1);
  EXPECT_FALSE(page.next);
}

TEST_P(ApplyTest, ANameThatChangesChangesOldPostsToo) {
  apply({name_record(mio, 1, "Mio"), name_record(ken, 5, "Ken")});
  apply({post_record(post_id(0), mio, "hello")});
  const auto name = [&] {
    return feed_of(*db_, {.community = common_ground}).posts[0]->post.author.name;
  };
  apply({name_record(mio, 3, "Third"), name_record(mio, 2, "Second")});
  EXPECT_EQ(name(), "Third");
  apply({name_record(mio, 1, "Mio"), name_record(mio, 3, "Third")});  // facts come again
  EXPECT_EQ(name(), "Third");
  apply({name_record(mio, 4, "Fourth")});
  EXPECT_EQ(name(), "Fourth");
}

TEST_P(ApplyTest, PublishesAFactForEachPostThatTookEffect) {
  const stream::BatchResult result =
      apply({post_record(post_id(0), mio, "one", {.key = 1}),
             post_record(post_id(1), mio, "two", {.key = 1}), post_record(post_id(2), mio, "one"),
             post_record(post_id(3), mio, "three")});
  EXPECT_EQ(result.outcomes(), (std::vector{Outcome::applied, Outcome::duplicate, Outcome::refused,
                                            Outcome::applied}));
  ASSERT_EQ(result.refusals().size(), 1u);
  EXPECT_EQ(result.refusals()[0].index, 2u);
  EXPECT_EQ(result.refusals()[0].code, Code::conflict);
  ASSERT_EQ(result.facts().size(), 2u);
  const auto& fact = std::get<PostPublished>(result.facts()[1].event);
  EXPECT_EQ(fact, (PostPublished{.post = post_id(3),
                                 .rev = 1,
                                 .community = common_ground,
                                 .author = mio,
                                 .text = "three",
                                 .language = "en"}));
  EXPECT_EQ(result.facts()[1].account, mio);
  EXPECT_EQ(result.facts()[1].unix_ms, testing::start_ms + 3);
}

TEST_P(ApplyTest, TheDuplicateGuardHoldsForThirtySecondsAndOneAuthorAndCommunity) {
  EXPECT_EQ(apply_one(post_record(post_id(0), mio, "gg")), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(1), mio, "gg ")), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(2), mio, "GG")), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(3), ken, "gg")), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(4), mio, "gg", {.community = CommunityId{2}})),
            Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(29'999), mio, "gg")), Outcome::refused);
  EXPECT_EQ(apply_one(post_record(post_id(30'000), mio, "gg")), Outcome::applied);
  // It is the last one that took effect which counts.
  EXPECT_EQ(apply_one(post_record(post_id(59'999), mio, "gg")), Outcome::refused);
  EXPECT_EQ(apply_one(post_record(post_id(60'000), mio, "gg")), Outcome::applied);
}

TEST_P(ApplyTest, OneKeyOfOneAccountMakesOnePost) {
  EXPECT_EQ(apply_one(post_record(post_id(0), mio, "a", {.key = 7})), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(1), mio, "b", {.key = 7})), Outcome::duplicate);
  EXPECT_EQ(apply_one(post_record(post_id(2), ken, "c", {.key = 7})), Outcome::applied);
  EXPECT_EQ(apply_one(post_record(post_id(3), mio, "d", {.key = 8})), Outcome::applied);
  // The key of a refused post is used as well: its retry gets the same answer.
  EXPECT_EQ(apply_one(post_record(post_id(4), mio, "d", {.key = 9})), Outcome::refused);
  EXPECT_EQ(apply_one(post_record(post_id(50'000), mio, "d", {.key = 9})), Outcome::duplicate);
}

TEST_P(ApplyTest, ImportsAreKeptOncePerSourceAndNeverGuarded) {
  const auto imported = [](std::uint16_t sequence, std::string source, std::string source_id) {
    const PostId id{
        compose_id({.unix_ms = testing::start_ms, .node = import_node, .sequence = sequence})};
    return post_record(id, mio, "same", {.source = source, .source_id = source_id});
  };
  const stream::BatchResult result = apply({imported(0, "steam", "1"), imported(1, "steam", "2"),
                                            imported(2, "steam", "1"), imported(3, "other", "1")});
  EXPECT_EQ(result.outcomes(), (std::vector{Outcome::applied, Outcome::applied, Outcome::duplicate,
                                            Outcome::applied}));
  EXPECT_EQ(apply_one(imported(4, "steam", "2")), Outcome::duplicate);
  // Neither does an import guard against what is written here: journals have no common order.
  EXPECT_EQ(apply_one(post_record(post_id(1), mio, "same")), Outcome::applied);
  EXPECT_EQ(apply_one(imported(5, "steam", "5")), Outcome::applied);
}

TEST_P(ApplyTest, BlocksHideInBothDirectionsAndTheirLastRevisionHolds) {
  apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken"), name_record(rin, 1, "Rin")});
  apply({post_record(post_id(0), mio, "of mio"), post_record(post_id(1), ken, "of ken"),
         post_record(post_id(2), rin, "of rin")});
  const Texts all = {"of rin", "of ken", "of mio"};
  apply({block_record(mio, ken, 1, true)});
  EXPECT_EQ(texts_for(mio), (Texts{"of rin", "of mio"}));
  EXPECT_EQ(texts_for(ken), (Texts{"of rin", "of ken"}));
  EXPECT_EQ(texts_for(rin), all);
  EXPECT_EQ(texts_for({}), all);
  const auto post_for = [&](PostId post, AccountId viewer) {
    return read(*db_,
                [&](sql::Connection& connection) { return read_post(connection, post, viewer); });
  };
  EXPECT_EQ(post_for(post_id(1), mio).error().code(), Code::not_found);
  EXPECT_EQ(post_for(post_id(0), ken).error().code(), Code::not_found);
  EXPECT_EQ(post_for(post_id(0), rin).value().text, "of mio");
  EXPECT_EQ(post_for(post_id(0), {}).value().text, "of mio");
  EXPECT_EQ(post_for(post_id(9), {}).error().code(), Code::not_found);

  apply({block_record(mio, ken, 2, false)});
  EXPECT_EQ(texts_for(mio), all);
  apply({block_record(mio, ken, 1, true)});  // an older fact comes again
  EXPECT_EQ(texts_for(mio), all);
  apply({block_record(mio, ken, 3, true), block_record(ken, mio, 1, true),
         block_record(mio, ken, 4, false)});
  EXPECT_EQ(texts_for(mio), (Texts{"of rin", "of mio"}));  // ken's own block is left
  const auto hidden =
      read(*db_, [](sql::Connection& connection) { return read_hidden(connection, mio); }).value();
  ASSERT_EQ(hidden.size(), 1u);
  EXPECT_EQ(hidden[0].account, ken);
  EXPECT_TRUE(hidden[0].by_them);
  EXPECT_FALSE(hidden[0].by_viewer);
}

// A comment on a post of somebody hidden once could be read by its id, with its drawing.
TEST_P(ApplyTest, ACommentIsSeenWhereItsPostIs) {
  apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken"), name_record(rin, 1, "Rin")});
  const PostId post = post_id(0), of_rin = post_id(1), of_mio = post_id(2);
  apply({post_record(post, ken, "post"),
         post_record(of_rin, rin, "of rin", {.parent = post, .drawing = "strokes"}),
         testing::comment_record(of_mio, mio, post, "of mio")});
  const auto seen_by = [&](AccountId viewer) {
    const PostId ids[] = {post, of_rin, of_mio};
    const auto several = read(*db_, [&](sql::Connection& connection) {
                           return read_posts(connection, ids, viewer);
                         }).value();
    Texts texts;
    for (const Post& one : several) texts.push_back(one.text);
    // Each by itself is the same.
    Texts single;
    for (const PostId id : ids) {
      const auto one = read(
          *db_, [&](sql::Connection& connection) { return read_post(connection, id, viewer); });
      if (one.ok()) single.push_back(one.value().text);
    }
    EXPECT_EQ(single, texts);
    const auto drawing = read(*db_, [&](sql::Connection& connection) {
      return read_drawing(connection, of_rin, viewer);
    });
    EXPECT_EQ(drawing.ok(), std::ranges::count(texts, "of rin") == 1);
    return texts;
  };
  const Texts all = {"post", "of rin", "of mio"};
  for (const AccountId viewer : {mio, ken, rin, AccountId{}}) EXPECT_EQ(seen_by(viewer), all);
  apply({block_record(ken, mio, 1, true)});
  EXPECT_EQ(seen_by(mio), Texts{"of mio"});  // one's own can be deleted
  EXPECT_EQ(seen_by(ken), (Texts{"post", "of rin"}));
  EXPECT_EQ(seen_by(rin), all);
  apply({block_record(ken, mio, 2, false), testing::mute_record(mio, ken, 1, true)});
  EXPECT_EQ(seen_by(mio), Texts{"of mio"});
  apply({testing::delete_record(post, ken, post_id(9).value)});
  EXPECT_EQ(seen_by(mio), Texts{"of mio"});
  EXPECT_EQ(seen_by(rin), Texts{"of rin"});
  EXPECT_EQ(seen_by({}), Texts{});
}

TEST_P(ApplyTest, AnOriginOfPostsAndFactsIsDamage) {
  const auto mixed =
      try_apply(*db_, {post_record(post_id(0), mio, "a"), name_record(mio, 1, "Mio")});
  EXPECT_EQ(mixed.error().code(), Code::corrupt);
}

TEST_P(ApplyTest, OldKeysAreForgottenAndYoungOnesKept) {
  apply({post_record(post_id(0), mio, "a", {.key = 1}),
         post_record(post_id(1), mio, "b", {.key = 2})});
  const auto forget = [&](std::int64_t now_ms) {
    std::uint64_t count = 0;
    const Result<void> done = db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(count, forget_old_keys(connection, now_ms));
      return {};
    });
    EXPECT_TRUE(done.ok());
    return count;
  };
  EXPECT_EQ(forget(testing::start_ms + idempotency_age_ms), 0u);
  EXPECT_EQ(forget(testing::start_ms + idempotency_age_ms + 1), 1u);
  EXPECT_EQ(apply_one(post_record(post_id(2), mio, "c", {.key = 2})), Outcome::duplicate);
}

// Method: pages are read while posts arrive between any two of them; what was there at the first page
// has to come once, whatever else does.
TEST_P(ApplyTest, PagesNeverSkipOrRepeatWhilePostsArrive) {
  apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken")});
  std::vector<Record> records;
  for (std::uint16_t number = 0; number < 57; ++number)
    records.push_back(post_record(post_id(number), number % 5 == 0 ? ken : mio,
                                  "post " + std::to_string(number)));
  apply(records);
  apply({block_record(rin, ken, 1, true)});
  for (const std::size_t count_max : {1u, 7u, 50u, 100u}) {
    for (const AccountId viewer : {AccountId{}, rin}) {
      SCOPED_TRACE(std::to_string(count_max) + " for " + viewer.to_string());
      const FeedPage whole =
          feed_of(*db_, {.community = common_ground, .viewer = viewer, .count_max = 10'000});
      Texts got;
      testing::FeedQuery query{
          .community = common_ground, .viewer = viewer, .count_max = count_max};
      do {
        const FeedPage page = feed_of(*db_, query);
        EXPECT_LE(page.posts.size(), count_max);
        for (const std::string& text : texts_of(page)) got.push_back(text);
        query.before = page.next;
        const auto number = static_cast<std::int64_t>(records.size());
        records.push_back(post_record(post_id(number), mio, "post " + std::to_string(number)));
        apply({records.back()});
      } while (query.before);
      EXPECT_EQ(got, texts_of(whole));
    }
  }
}

TEST_P(ApplyTest, APageThatIsJustFullHasNoNext) {
  apply({name_record(mio, 1, "Mio")});
  for (int number = 0; number < 3; ++number)
    apply({post_record(post_id(number), mio, std::to_string(number))});
  EXPECT_FALSE(feed_of(*db_, {.community = common_ground, .count_max = 3}).next);
  EXPECT_EQ(feed_of(*db_, {.community = common_ground, .count_max = 2}).next, post_id(1));
  EXPECT_TRUE(feed_of(*db_, {.community = common_ground, .before = post_id(0)}).posts.empty());
  EXPECT_TRUE(feed_of(*db_, {.community = CommunityId{2}}).posts.empty());
}

// Goal: a crash, a bisected batch or a rebuild cuts the records in other places, and nothing may
// depend on where. Method: random records, whole, one by one, and in random pieces.
TEST_P(ApplyTest, ThePlacesWhereBatchesEndDoNotMatter) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t count) { return random() % count; };

  std::vector<Record> records;
  std::int64_t now_ms = 0;
  for (std::uint16_t number = 0; number < 400; ++number) {
    now_ms += static_cast<std::int64_t>(below(6'000));
    // Appends of two threads may come in another order than their ids.
    const PostId id =
        post_id(now_ms - static_cast<std::int64_t>(below(2) * below(40'000)) + 40'000, number);
    const std::string number_text = std::to_string(below(12));
    const bool is_import = below(8) == 0;
    records.push_back(post_record(is_import ? PostId{id.value | std::uint64_t{255} << 11} : id,
                                  below(2) ? mio : ken, "text " + number_text,
                                  {.key = below(3) == 0 ? below(60) : 0,
                                   .source = is_import ? "steam" : "",
                                   .source_id = is_import ? number_text : ""}));
  }
  const auto outcomes_in_pieces = [&](std::uint64_t piece_max) {
    const auto db = fresh();
    std::vector<Outcome> outcomes;
    for (auto first = records.begin(); first != records.end();) {
      const auto count = std::min<std::int64_t>(records.end() - first,
                                                static_cast<std::int64_t>(1 + below(piece_max)));
      const auto result = try_apply(*db, {first, first + count});
      EXPECT_TRUE(result.ok());
      outcomes.insert(outcomes.end(), result.value().outcomes().begin(),
                      result.value().outcomes().end());
      first += count;
    }
    EXPECT_TRUE(try_apply(*db, {name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken")}).ok());
    std::string rows;
    for (const RowPtr& row : feed_of(*db, {.community = common_ground, .count_max = 10'000}).posts)
      rows += row->post.id.to_string() + ' ' + row->post.text + '\n';
    return std::pair(outcomes, rows);
  };
  const auto one_by_one = outcomes_in_pieces(1);
  EXPECT_EQ(outcomes_in_pieces(records.size()), one_by_one);
  EXPECT_EQ(outcomes_in_pieces(20), one_by_one);
  for (const Outcome outcome : {Outcome::applied, Outcome::duplicate, Outcome::refused})
    EXPECT_GT(std::ranges::count(one_by_one.first, outcome), 5);
}

// For staff: across blocks and mutes, and with what is not there any more.
TEST_P(ApplyTest, WhatSomebodyWroteIsPostsAndCommentsInOneOrder) {
  apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken")});
  apply({post_record(post_id(0), mio, "first"), post_record(post_id(1), ken, "of ken"),
         testing::comment_record(post_id(2), mio, post_id(1), "a comment"),
         post_record(post_id(3), mio, "gone soon"), post_record(post_id(4), mio, "last"),
         testing::delete_record(post_id(3), mio, post_id(5).value)});
  const auto written = [&](PostId before, std::size_t count_max) {
    return testing::ViewTest::read(*db_,
                                   [&](sql::Connection& connection) {
                                     return read_written(
                                         connection,
                                         {.author = mio, .before = before, .count_max = count_max});
                                   })
        .value();
  };
  const auto told = [](const WrittenPage& page) {
    Texts texts;
    for (const Written& one : page.posts)
      texts.push_back(one.post.text + (one.post.parent ? " (comment)" : "") +
                      (one.deleted ? "(deleted)" : ""));
    return texts;
  };
  const WrittenPage all = written({}, 4);
  EXPECT_EQ(told(all), (Texts{"last", "(deleted)", "a comment (comment)", "first"}));
  EXPECT_FALSE(all.next);
  // Page by page it is the same.
  for (std::size_t count_max = 1; count_max < 4; ++count_max) {
    Texts texts;
    PostId before;
    do {
      const WrittenPage page = written(before, count_max);
      EXPECT_LE(page.posts.size(), count_max);
      for (const std::string& text : told(page)) texts.push_back(text);
      before = page.next;
    } while (before);
    EXPECT_EQ(texts, told(all)) << count_max;
  }
}

}  // namespace
}  // namespace matsuri::timeline
