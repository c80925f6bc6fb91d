// Goal: the plaza shows the brightest titles, who is there and what they said last; and nothing of it
// to those who may not see it, from the moment on from which that holds.
#include "timeline/plaza.h"

#include <algorithm>
#include <string>
#include <vector>

#include "timeline/testing/node.h"

namespace matsuri::timeline {
namespace {

using testing::block_record;
using testing::comment_record;
using testing::delete_record;
using testing::edit_record;
using testing::fact_record;
using testing::mute_record;
using testing::name_record;
using testing::post_id;
using testing::post_record;
using Texts = std::vector<std::string>;
using Titles = std::vector<std::uint64_t>;

constexpr AccountId mio{11}, ken{22}, rin{33}, visitor{};
constexpr CommunityId karts{101}, karts_maps{102}, karts_secret{103}, foxes{201};
constexpr TitleId karts_title{1}, foxes_title{2};
constexpr std::int64_t hour_ms = 3'600'000;

// Counts what a read asks of the database.
class CountingConnection final : public sql::Connection {
 public:
  explicit CountingConnection(sql::Connection& inner) : inner_(inner) {}

  using sql::Connection::query;
  Result<void> query(std::string_view text, std::span<const sql::Value> parameters,
                     const sql::RowCallback& row) override {
    ++query_count;
    parameter_count += parameters.size();
    return inner_.query(text, parameters, row);
  }
  Result<std::uint64_t> execute(std::string_view text,
                                std::span<const sql::Value> parameters) override {
    return inner_.execute(text, parameters);
  }
  Result<void> insert_rows(std::string_view head, std::string_view tail, std::size_t column_count,
                           std::span<const sql::Value> values) override {
    return inner_.insert_rows(head, tail, column_count, values);
  }
  sql::Engine engine() const override { return inner_.engine(); }

  std::size_t query_count = 0;
  std::size_t parameter_count = 0;

 private:
  sql::Connection& inner_;
};

class PlazaTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (IsSkipped()) return;
    add(karts, karts_title);
    add(karts_maps, karts_title);
    add(karts_secret, karts_title);
    rules_.rules[karts_secret].plaza_title = {};
    add(foxes, foxes_title);
    apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken"), name_record(rin, 1, "Rin")});
    restart();
  }

  void add(CommunityId community, TitleId title) {
    apply({fact_record(CommunityChanged{
        .community = community,
        .rev = 1,
        .title = title,
        .kind = community.value % 100 == 1 ? CommunityKind::main : CommunityKind::user})});
    rules_.rules[community] = {.post_kinds = post_kind_text, .plaza_title = title};
  }
  // Nothing is in memory but what the database says.
  void restart(const PlazaOptions& options = {}) {
    plaza_ = std::make_unique<Plaza>(rules_, clock_, options);
    EXPECT_TRUE(
        db_->read_and_wait([&](sql::Connection& connection) { return plaza_->load(connection); })
            .ok());
  }

  void happen(const std::vector<stream::Record>& records) { plaza_->committed(apply(records)); }
  stream::Record said(std::int64_t at_ms, AccountId author, CommunityId community,
                      const std::string& text) {
    return post_record(post_id(at_ms, ++sequence_), author, text, {.community = community});
  }
  PostId say(std::int64_t at_ms, AccountId author, CommunityId community, const std::string& text) {
    const stream::Record record = said(at_ms, author, community, text);
    happen({record});
    return PostId{record.header.id};
  }
  void comment(std::int64_t at_ms, AccountId author, CommunityId community, PostId parent) {
    happen({post_record(post_id(at_ms, ++sequence_), author, "a comment",
                        {.community = community, .parent = parent})});
  }
  void remove(PostId post, AccountId author, CommunityId community, PostId parent = {}) {
    stream::Record record = delete_record(post, author, post_id(++later_ms_).value, parent);
    std::get<DeletePost>(record.event).community = community;
    happen({record});
  }
  void set_spoiler(PostId post, AccountId author, CommunityId community, bool spoiler) {
    stream::Record record = edit_record(post, author, post_id(++later_ms_).value, "edited");
    std::get<EditPost>(record.event).community = community;
    std::get<EditPost>(record.event).spoiler = spoiler;
    happen({record});
  }

  Result<PlazaPage> try_page(AccountId viewer = visitor, std::size_t count_max = 24) {
    const Plaza::Moment now = plaza_->now();
    return read(*db_, [&](sql::Connection& connection) {
      return plaza_->read(connection, now, {.viewer = viewer, .count_max = count_max});
    });
  }
  PlazaPage page(AccountId viewer = visitor, std::size_t count_max = 24) {
    return try_page(viewer, count_max).value();
  }
  // Past the time for which a scene is shared.
  void later() { clock_.advance_ms(2 * plaza_fresh_ms + 1); }
  PlazaPage new_page(AccountId viewer = visitor) {
    later();
    return page(viewer);
  }

  static Titles titles_of(const PlazaPage& page) {
    Titles titles;
    for (const PlazaTitle& title : page.titles) titles.push_back(title.title.value);
    return titles;
  }
  static PlazaTitle in(const PlazaPage& page, TitleId title) {
    for (const PlazaTitle& one : page.titles)
      if (one.title == title) return one;
    return {};
  }
  static Texts texts_of(const PlazaPage& page, TitleId title) {
    Texts texts;
    for (const Post& post : in(page, title).posts) texts.push_back(post.text);
    return texts;
  }
  static Texts names_of(const PlazaPage& page, TitleId title) {
    Texts names;
    for (const Author& person : in(page, title).people) names.push_back(person.name);
    return names;
  }

  testing::KnownRules rules_;
  io::ManualClock clock_{testing::start_ms};
  std::unique_ptr<Plaza> plaza_;
  std::uint16_t sequence_ = 0;
  std::int64_t later_ms_ = 1000 * hour_ms;
};
MATSURI_FOR_EACH_ENGINE(PlazaTest);

TEST_P(PlazaTest, AnEmptyServerHasAnEmptyPlaza) {
  EXPECT_FALSE(plaza_->find(12).has_value());
  const PlazaPage got = page();
  EXPECT_EQ(got.people_count, 0U);
  EXPECT_EQ(got.title_count, 0U);
  EXPECT_TRUE(got.titles.empty());
}

TEST_P(PlazaTest, TheBrighterTitleComesFirstWithItsPeopleAndPosts) {
  const PostId first = say(0, mio, karts, "first");
  say(1, ken, karts_maps, "map");
  comment(2, rin, karts, first);
  say(3, rin, foxes, "fox");
  say(4, rin, foxes, "fox again");
  say(5, mio, common_ground, "of no title");
  const PlazaPage got = page();
  EXPECT_EQ(got.as_of_unix_ms, testing::start_ms);
  EXPECT_EQ(titles_of(got), (Titles{1, 2}));
  EXPECT_EQ(got.people_count, 3U);
  EXPECT_EQ(got.title_count, 2U);
  EXPECT_EQ(in(got, karts_title).people_count, 3U);
  EXPECT_EQ(in(got, foxes_title).people_count, 1U);
  EXPECT_EQ(texts_of(got, karts_title), (Texts{"map", "first"}));
  EXPECT_EQ(texts_of(got, foxes_title), (Texts{"fox again", "fox"}));
  EXPECT_EQ(names_of(got, karts_title), (Texts{"Rin", "Ken", "Mio"}));
  EXPECT_EQ(titles_of(page(visitor, 1)), (Titles{1}));
}

TEST_P(PlazaTest, CommunitiesThatAreNotForEverybodyNeverShow) {
  say(0, mio, karts_secret, "secret");
  EXPECT_TRUE(page().titles.empty());
  const PostId open = say(1, ken, karts, "open");
  say(2, mio, karts_secret, "secret again");
  EXPECT_EQ(texts_of(new_page(), karts_title), Texts{"open"});
  EXPECT_EQ(names_of(page(), karts_title), Texts{"Ken"});
  EXPECT_EQ(page().people_count, 1U);
  restart();
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"open"});
  // Also where it was for everybody when it was said.
  say(3, mio, karts_maps, "map");
  rules_.rules[karts_maps].plaza_title = {};
  EXPECT_EQ(texts_of(new_page(), karts_title), Texts{"open"});
  EXPECT_EQ(names_of(page(), karts_title), Texts{"Ken"});
  remove(open, ken, karts);
  EXPECT_EQ(texts_of(new_page(), karts_title), Texts());
}

TEST_P(PlazaTest, BlocksAndMutesHoldAtOnce) {
  say(0, mio, karts, "of Mio");
  say(1, ken, karts, "of Ken");
  EXPECT_EQ(names_of(page(ken), karts_title), (Texts{"Ken", "Mio"}));
  happen({mute_record(ken, mio, 1, true)});
  EXPECT_EQ(texts_of(page(ken), karts_title), Texts{"of Ken"});
  EXPECT_EQ(names_of(page(ken), karts_title), Texts{"Ken"});
  EXPECT_EQ(names_of(page(mio), karts_title), (Texts{"Ken", "Mio"}));
  happen({mute_record(ken, mio, 2, false), block_record(mio, ken, 1, true)});
  for (const AccountId viewer : {mio, ken}) {
    const Texts own{viewer == mio ? "Mio" : "Ken"};
    EXPECT_EQ(names_of(page(viewer), karts_title), own);
    EXPECT_EQ(texts_of(page(viewer), karts_title), Texts{"of " + own[0]});
    EXPECT_EQ(in(page(viewer), karts_title).people_count, 2U);
  }
  EXPECT_EQ(names_of(page(), karts_title), (Texts{"Ken", "Mio"}));
  happen({block_record(mio, ken, 2, false)});
  EXPECT_EQ(names_of(page(mio), karts_title), (Texts{"Ken", "Mio"}));
}

TEST_P(PlazaTest, WhatIsDeletedGoesAtOnce) {
  const PostId first = say(0, mio, karts, "first");
  say(1, ken, karts, "second");
  EXPECT_EQ(texts_of(page(), karts_title), (Texts{"second", "first"}));
  remove(first, mio, karts);
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"second"});
  EXPECT_EQ(plaza_->find(24)->titles[0].posts.size(), 1U);
  // With the word, who said it; that there were two people stays true.
  EXPECT_EQ(names_of(new_page(), karts_title), Texts{"Ken"});
  EXPECT_EQ(in(page(), karts_title).people_count, 2U);
  restart();
  EXPECT_EQ(names_of(page(), karts_title), Texts{"Ken"});
  EXPECT_EQ(in(page(), karts_title).people_count, 2U);
}

TEST_P(PlazaTest, WhatHasASpoilerIsNotShownWheneverItGotIt) {
  const PostId post = say(0, mio, karts, "the end");
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"the end"});
  set_spoiler(post, mio, karts, true);
  EXPECT_EQ(texts_of(page(), karts_title), Texts());
  EXPECT_EQ(texts_of(new_page(), karts_title), Texts());
  EXPECT_EQ(names_of(page(), karts_title), Texts{"Mio"});
  set_spoiler(post, mio, karts, false);
  EXPECT_EQ(texts_of(new_page(), karts_title), Texts{"edited"});
  stream::Record veiled = said(9, ken, karts, "veiled");
  std::get<PublishPost>(veiled.event).spoiler = true;
  happen({veiled});
  EXPECT_EQ(texts_of(new_page(), karts_title), Texts{"edited"});
  EXPECT_EQ(names_of(page(), karts_title), (Texts{"Ken", "Mio"}));
  restart();
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"edited"});
}

TEST_P(PlazaTest, ShowsSixPostsAndTwentyPeopleAndHasMoreForWhoHidesSome) {
  std::vector<stream::Record> records;
  for (std::uint64_t person = 1; person <= 40; ++person)
    records.push_back(name_record(AccountId{1000 + person}, 1, std::to_string(person)));
  happen(records);
  records.clear();
  for (std::uint64_t person = 1; person <= 40; ++person)
    records.push_back(said(static_cast<std::int64_t>(person), AccountId{1000 + person}, karts,
                           std::to_string(person)));
  happen(records);
  PlazaPage got = page(mio);
  EXPECT_EQ(texts_of(got, karts_title), (Texts{"40", "39", "38", "37", "36", "35"}));
  EXPECT_EQ(in(got, karts_title).people.size(), 20U);
  EXPECT_EQ(in(got, karts_title).people_count, 40U);
  records.clear();
  for (const std::uint64_t person : {40U, 38U, 37U, 30U, 21U})
    records.push_back(block_record(mio, AccountId{1000 + person}, person, true));
  happen(records);
  got = page(mio);
  EXPECT_EQ(texts_of(got, karts_title), (Texts{"39", "36", "35", "34", "33", "32"}));
  EXPECT_EQ(in(got, karts_title).people.size(), 20U);
  EXPECT_EQ(in(got, karts_title).people.back().name, "16");
}

TEST_P(PlazaTest, WhoWritesALotIsOnePersonAndLeavesRoomForOthers) {
  say(0, mio, karts, "one");
  say(1, ken, karts, "two");
  for (int count = 0; count < 100; ++count)
    say(10 + count, rin, foxes, "flood " + std::to_string(count));
  EXPECT_EQ(titles_of(page()), (Titles{1, 2}));
  for (int count = 0; count < 100; ++count)
    say(200 + count, rin, karts, "flood " + std::to_string(count));
  happen({mute_record(mio, rin, 1, true)});
  EXPECT_EQ(texts_of(new_page(mio), karts_title), (Texts{"two", "one"}));
  EXPECT_EQ(texts_of(page(), karts_title).size(), plaza_post_count);
}

TEST_P(PlazaTest, WhenMuchIsDeletedOlderPostsComeForward) {
  std::vector<stream::Record> records;
  for (std::uint64_t person = 1; person <= 60; ++person)
    records.push_back(name_record(AccountId{1000 + person}, 1, std::to_string(person)));
  happen(records);
  std::vector<PostId> posts;
  for (std::uint64_t person = 1; person <= 60; ++person)
    posts.push_back(say(static_cast<std::int64_t>(person), AccountId{1000 + person}, karts,
                        std::to_string(person)));
  for (std::uint64_t person = 60; person > 20; --person)
    remove(posts[person - 1], AccountId{1000 + person}, karts);
  EXPECT_EQ(texts_of(page(), karts_title), (Texts{"20", "19", "18", "17", "16", "15"}));
  EXPECT_EQ(names_of(page(), karts_title).front(), "20");
  // The same of one who wrote more than is kept of one author.
  posts.clear();
  for (int count = 0; count < 9; ++count)
    posts.push_back(say(100 + count, mio, foxes, std::to_string(count)));
  for (int count = 8; count > 4; --count)
    remove(posts[static_cast<std::size_t>(count)], mio, foxes);
  EXPECT_EQ(texts_of(new_page(), foxes_title), (Texts{"4", "3", "2", "1", "0"}));
}

TEST_P(PlazaTest, AQuietServerShowsWhoSpokeLast) {
  say(0, mio, karts, "long ago");
  say(400 * hour_ms, ken, foxes, "since");
  const PlazaPage got = page();
  EXPECT_EQ(titles_of(got), (Titles{2, 1}));
  EXPECT_EQ(got.title_count, 1U);
  EXPECT_EQ(got.people_count, 1U);
  EXPECT_EQ(in(got, karts_title).people_count, 1U);
  EXPECT_EQ(texts_of(got, karts_title), Texts{"long ago"});
}

TEST_P(PlazaTest, ARestartShowsTheSameHoweverLittleItReads) {
  for (int count = 0; count < 12; ++count)
    say(count, count % 2 == 0 ? mio : ken, karts, std::to_string(count));
  for (int count = 0; count < 12; ++count)
    say((2 + count) * hour_ms, rin, foxes, "f" + std::to_string(count));
  const PlazaPage before = page();
  for (const std::size_t load_count_max : {1U, 5U, 12U, 13U, 24U, 25U, 500'000U}) {
    SCOPED_TRACE(load_count_max);
    restart({.load_count_max = load_count_max});
    (void)page();  // looks for what was not read
    const PlazaPage after = new_page();
    EXPECT_EQ(titles_of(after), titles_of(before));
    for (const TitleId title : {karts_title, foxes_title}) {
      EXPECT_EQ(texts_of(after, title), texts_of(before, title));
      EXPECT_EQ(names_of(after, title), names_of(before, title));
      EXPECT_EQ(in(after, title).people_count, in(before, title).people_count);
    }
    EXPECT_EQ(after.people_count, before.people_count);
    EXPECT_EQ(after.title_count, before.title_count);
  }
}

TEST_P(PlazaTest, NewPostsComeWhenTheSceneIsOlderThanASecond) {
  say(0, mio, karts, "one");
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"one"});
  say(1, ken, karts, "two");
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"one"});
  clock_.advance_ms(plaza_fresh_ms);
  EXPECT_TRUE(plaza_->find(24).has_value());
  clock_.advance_ms(1);
  EXPECT_FALSE(plaza_->find(24).has_value());
  EXPECT_EQ(texts_of(page(), karts_title), (Texts{"two", "one"}));
}

TEST_P(PlazaTest, ReadsAndChangesMayMeet) {
  // A read whose snapshot is older than a deletion that memory knows does not bring the post back.
  const PostId post = say(0, mio, karts, "goes");
  say(1, ken, karts, "stays");
  const Plaza::Moment before = plaza_->now();
  const auto got = read(*db_, [&](sql::Connection& connection) -> Result<PlazaPage> {
    TRY(connection.integer("SELECT COUNT(*) FROM post"));  // the snapshot begins
    remove(post, mio, karts);
    return plaza_->read(connection, before, {});
  });
  EXPECT_EQ(texts_of(got.value(), karts_title), Texts{"stays"});
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"stays"});
}

TEST_P(PlazaTest, TooManyDeletionsForASceneMakeANewOne) {
  restart({.gone_count_max = 4});
  std::vector<PostId> posts;
  for (int count = 0; count < 8; ++count)
    posts.push_back(say(count, mio, karts, std::to_string(count)));
  say(9, ken, karts, "stays");
  const Plaza::Moment before = plaza_->now();
  (void)page();
  for (const PostId post : posts) remove(post, mio, karts);
  EXPECT_FALSE(plaza_->find(24).has_value());
  const auto late =
      read(*db_, [&](sql::Connection& connection) { return plaza_->read(connection, before, {}); });
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), Code::busy);
  EXPECT_EQ(texts_of(page(), karts_title), Texts{"stays"});
}

TEST_P(PlazaTest, ManyTitlesAndPostsCostASceneNoMoreRows) {
  constexpr std::uint64_t title_count = 7000, post_count = 300'000;
  for (std::uint64_t title = 1; title <= title_count; ++title)
    rules_.rules[CommunityId{10'000 + title}] = {.post_kinds = post_kind_text,
                                                 .plaza_title = TitleId{title}};
  for (std::uint64_t first = 0; first < post_count; first += 10'000) {
    stream::BatchResult result(0);
    for (std::uint64_t count = first; count < first + 10'000; ++count)
      // The lower its number, the more people a title has.
      result.fact(PostPublished{.post = post_id(static_cast<std::int64_t>(count)),
                                .rev = 1,
                                .community =
                                    CommunityId{10'001 + count % title_count * count % title_count},
                                .author = AccountId{1'000'000 + count % 50'000}},
                  0, {});
    plaza_->committed(result);
  }
  const Plaza::Usage usage = plaza_->usage();
  EXPECT_LE(usage.title_count, title_count + 2);
  EXPECT_LE(usage.word_count, usage.title_count * (24 + 48));
  EXPECT_LE(usage.pair_count, 2 * post_count);
  const auto got = read(*db_, [&](sql::Connection& connection) -> Result<std::size_t> {
    CountingConnection counting(connection);
    TRY_ASSIGN(const PlazaPage page, plaza_->read(counting, plaza_->now(), {}));
    EXPECT_EQ(page.titles.size(), plaza_title_count_default);
    EXPECT_EQ(page.people_count, 50'000U);
    EXPECT_LE(counting.query_count, 10U);
    return counting.parameter_count;
  });
  // Some keys twice, to fill up a list.
  EXPECT_LE(got.value(), plaza_title_count_max * (24 + 48) + 512);
}

}  // namespace
}  // namespace matsuri::timeline
