// Goal: the timeline of what one follows equals a plain recomputation, whatever is in memory and
// whatever happens meanwhile.
#include "timeline/home.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "timeline/follow.h"
#include "timeline/testing/node.h"

namespace matsuri::timeline {
namespace {

using stream::Record;
using testing::block_record;
using ::testing::ElementsAre;
using testing::follow_record;
using ::testing::IsEmpty;
using testing::name_record;
using testing::post_id;
using testing::post_record;
using Texts = std::vector<std::string>;

constexpr AccountId mio{11}, ken{22}, rin{33};
constexpr CommunityId games{7};

class HomeTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (!IsSkipped()) make_home({});
  }
  void make_home(const HomeOptions& options) {
    home_ = std::make_unique<Home>(testing::not_rendered, options);
    view_ = std::make_unique<TimelineView>(home_.get());
  }

  // As an applier does it.
  void commit(const std::vector<Record>& records) {
    stream::BatchResult result = apply(records);
    view_->committed(records, result);
  }
  void remove(PostId id, AccountId author, CommunityId community) {
    commit({delete_record(id, author, community)});
  }
  static Record delete_record(PostId id, AccountId author, CommunityId community) {
    Record record;
    record.header = {.id = id.value,
                     .unix_ms = parts_of(id.value).unix_ms,
                     .account = author,
                     .key = {},
                     .fingerprint = 0,
                     .kind = EventKind::delete_post};
    record.event = DeletePost{.post = id, .community = community, .author = author};
    return record;
  }

  FeedPage page_of(const HomeQuery& query) { return page_of(query, home_->now()); }
  FeedPage page_of(const HomeQuery& query, Home::Moment moment) {
    return read(*db_,
                [&](sql::Connection& connection) {
                  return home_->read({&connection, moment}, query);
                })
        .value()
        .value();
  }
  Texts texts(AccountId viewer, std::size_t count_max = 50) {
    return texts_of(page_of({.viewer = viewer, .count_max = count_max}));
  }
  void name_all() {
    commit({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken"), name_record(rin, 1, "Rin")});
  }

  std::unique_ptr<Home> home_;
  std::unique_ptr<TimelineView> view_;
};
MATSURI_FOR_EACH_ENGINE(HomeTest);

TEST_P(HomeTest, HasOnesOwnPostsAndThoseOfPeopleAndCommunitiesOneFollowsOnce) {
  name_all();
  commit({post_record(post_id(1), mio, "mine"), post_record(post_id(2), ken, "ken"),
          post_record(post_id(3), rin, "rin"),
          post_record(post_id(4), rin, "rin on games", {.community = games}),
          post_record(post_id(5), ken, "ken on games", {.community = games})});
  EXPECT_EQ(texts(mio), Texts{"mine"});
  commit({follow_record(post_id(6), mio, ken)});
  EXPECT_EQ(texts(mio), (Texts{"ken on games", "ken", "mine"}));
  commit({follow_record(post_id(7), mio, games)});
  EXPECT_EQ(texts(mio), (Texts{"ken on games", "rin on games", "ken", "mine"}));
  commit({follow_record(post_id(8), mio, ken, false)});
  EXPECT_EQ(texts(mio), (Texts{"ken on games", "rin on games", "mine"}));
  // What comes is there at the next read.
  commit({post_record(post_id(9), rin, "news", {.community = games})});
  EXPECT_EQ(texts(mio)[0], "news");
  remove(post_id(9), rin, games);
  EXPECT_EQ(texts(mio)[0], "ken on games");
  EXPECT_THAT(texts(AccountId{99}), IsEmpty());
}

// `matsuri requeue` writes beside a running server: its facts are all that the server hears.
TEST_P(HomeTest, HearsByFactsOfWhatAnotherProcessWrote) {
  name_all();
  commit({post_record(post_id(1), ken, "first", {.community = games}),
          post_record(post_id(3), ken, "third", {.community = games})});
  EXPECT_EQ(texts(mio), Texts{});
  const auto facts_of = [](const stream::BatchResult& result) {
    std::vector<Record> facts;
    for (const stream::BatchResult::Fact& fact : result.facts()) {
      Record& record = facts.emplace_back();
      record.header.kind = kind_of(fact.event);
      record.event = fact.event;
    }
    return facts;
  };
  const stream::BatchResult followed = apply({follow_record(post_id(4), mio, ken)});
  EXPECT_EQ(texts(mio), Texts{}) << "nobody has said so yet";
  home_->consume(facts_of(followed));
  EXPECT_EQ(texts(mio), (Texts{"third", "first"}));
  const stream::BatchResult requeued =
      apply({post_record(post_id(2), ken, "second", {.community = games})});
  home_->consume(facts_of(requeued));
  home_->consume(facts_of(requeued));
  EXPECT_EQ(texts(mio), (Texts{"third", "second", "first"}));
  const stream::BatchResult removed = apply({delete_record(post_id(3), ken, games)});
  home_->consume(facts_of(removed));
  EXPECT_EQ(texts(mio), (Texts{"second", "first"}));
}

TEST_P(HomeTest, ABlockHoldsAtTheNextReadAndSoDoesItsEnd) {
  name_all();
  commit({follow_record(post_id(1), mio, ken), follow_record(post_id(2), mio, common_ground)});
  std::vector<Record> records;
  for (int number = 0; number < 300; ++number)
    records.push_back(post_record(post_id(10 + number), ken, "ken " + std::to_string(number)));
  commit({post_record(post_id(3), rin, "rin")});
  commit(records);
  EXPECT_EQ(texts(mio, 2), (Texts{"ken 299", "ken 298"}));
  commit({block_record(ken, mio, 1, true)});
  // Also past many of them: they are in the community, too.
  EXPECT_EQ(texts(mio, 2), Texts{"rin"});
  commit({block_record(ken, mio, 2, false)});
  EXPECT_EQ(texts(mio, 2), (Texts{"ken 299", "ken 298"}));
}

TEST_P(HomeTest, APageThatIsJustFullHasNoNext) {
  name_all();
  for (int number = 0; number < 3; ++number)
    commit({post_record(post_id(number), mio, std::to_string(number))});
  EXPECT_FALSE(page_of({.viewer = mio, .count_max = 3}).next);
  EXPECT_EQ(page_of({.viewer = mio, .count_max = 2}).next, post_id(1));
  EXPECT_TRUE(page_of({.viewer = mio, .before = post_id(0)}).posts.empty());
}

// Goal: what is committed while a read loads a ring or a list is not lost to those that come after.
// Method: a moment is taken, then changes are committed, then the read begins, on a snapshot that it
// pretends to be older: the rows of the changes are taken away for it.
TEST_P(HomeTest, WhatIsCommittedWhileAReadLoadsIsKept) {
  name_all();
  commit({post_record(post_id(1), ken, "old")});
  const Home::Moment before = home_->now();
  commit({follow_record(post_id(2), mio, ken)});
  commit({post_record(post_id(3), ken, "new")});
  const auto old_rows = [&](const char* text) {
    ASSERT_TRUE(db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                     TRY(connection.execute(text, {post_id(3).value}));
                     return {};
                   })
                    .ok());
  };
  old_rows("UPDATE post SET author = 1 WHERE id = ?");
  old_rows("UPDATE follow SET followed = 0 WHERE rev < ?");
  EXPECT_EQ(texts_of(page_of({.viewer = mio}, before)), Texts{"old"});
  old_rows("UPDATE post SET author = 22 WHERE id = ?");
  old_rows("UPDATE follow SET followed = 1 WHERE rev < ?");
  EXPECT_EQ(home_->usage().list_count, 1u);
  EXPECT_EQ(texts(mio), (Texts{"new", "old"}));
}

// The same where the changes are not remembered any more: then nothing is kept.
TEST_P(HomeTest, AReadThatTookTooLongKeepsNothing) {
  make_home({.change_count_max = 2});
  name_all();
  const Home::Moment before = home_->now();
  commit({follow_record(post_id(1), mio, ken), post_record(post_id(2), ken, "a")});
  commit({post_record(post_id(3), ken, "b")});
  EXPECT_EQ(texts_of(page_of({.viewer = mio}, before)), (Texts{"b", "a"}));
  EXPECT_EQ(home_->usage().list_count, 0u);
  EXPECT_EQ(home_->usage().ring_count, 0u);
  EXPECT_EQ(texts(mio), (Texts{"b", "a"}));
  EXPECT_EQ(home_->usage().list_count, 1u);
  EXPECT_EQ(home_->usage().ring_count, 2u);
}

TEST_P(HomeTest, ListsStayWithinTheirBound) {
  make_home({.followee_count_max = 10});
  std::vector<Record> records;
  for (std::uint16_t number = 0; number < 30; ++number)
    records.push_back(
        follow_record(post_id(1, number), AccountId{1 + number % 10u}, AccountId{100u + number}));
  commit(records);
  for (std::uint64_t viewer = 1; viewer <= 10; ++viewer) {
    EXPECT_THAT(texts(AccountId{viewer}), IsEmpty());
    EXPECT_LE(home_->usage().list_count, 2u);  // four of each
  }
  EXPECT_EQ(home_->usage().list_count, 2u);
}

// A model of a community that fits on a page.
struct Model {
  struct Post {
    AccountId author;
    CommunityId community;
  };
  std::map<std::uint64_t, Post> posts;
  std::set<std::pair<std::uint64_t, std::uint64_t>> follows;  // account, source
  std::set<std::pair<std::uint64_t, std::uint64_t>> blocks;
  std::set<std::pair<std::uint64_t, std::uint64_t>> mutes;

  std::vector<std::uint64_t> home(AccountId viewer, std::uint64_t before) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, post] : posts) {
      const bool is_wanted = post.author == viewer ||
                             follows.contains({viewer.value, Source::of(post.author).key}) ||
                             follows.contains({viewer.value, Source::of(post.community).key});
      const bool is_hidden = blocks.contains({viewer.value, post.author.value}) ||
                             blocks.contains({post.author.value, viewer.value}) ||
                             mutes.contains({viewer.value, post.author.value});
      if (id < before && is_wanted && !is_hidden) ids.push_back(id);
    }
    std::ranges::reverse(ids);
    return ids;
  }
};

// Method: random follows, unfollows, posts (some older than those before), deletions and blocks;
// rings of three posts in memory that is too small for all of them, so that tails and loads happen
// at every read; whole timelines are read page by page, while more happens between the pages.
TEST_P(HomeTest, EqualsAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t count) { return random() % count; };
  constexpr std::uint64_t people = 9, communities = 4;
  // 1024 slots and a table are the least there is; on top of that, room for a few rings.
  const std::size_t least = 1024 * 40 + 1024 * 4 + 64;
  make_home({.rings = {.count_max = 3,
                       .size_max = least + (GetParam() == sql::Engine::sqlite ? std::size_t{200}
                                                                              : std::size_t{2000})},
             .followee_count_max = 20,
             .change_count_max = 8});
  Model model;
  std::vector<Record> names;
  for (std::uint64_t id = 1; id <= people; ++id)
    names.push_back(name_record(AccountId{id}, 1, "N"));
  commit(names);
  std::uint64_t rev = 0;
  std::int64_t now_ms = 100'000;

  const auto change = [&] {
    now_ms += 1 + static_cast<std::int64_t>(below(50));
    const AccountId account{1 + below(people)};
    const AccountId other{1 + below(people)};
    const CommunityId community{1 + below(communities)};
    const auto id = post_id(now_ms);
    switch (below(10)) {
      case 0:
      case 1: {
        const bool followed = below(3) != 0;
        const bool is_person = below(3) != 0;
        if (is_person && account == other) return;
        commit({is_person ? follow_record(id, account, other, followed)
                          : follow_record(id, account, community, followed)});
        const Source source = is_person ? Source::of(other) : Source::of(community);
        if (followed)
          model.follows.insert({account.value, source.key});
        else
          model.follows.erase({account.value, source.key});
        return;
      }
      case 2: {
        if (account == other) return;
        const bool is_on = below(2) == 0;
        const bool is_mute = below(2) == 0;
        if (is_mute)
          commit({testing::fact_record(MuteChanged{account, other, ++rev, is_on})});
        else
          commit({block_record(account, other, ++rev, is_on)});
        auto& pairs = is_mute ? model.mutes : model.blocks;
        if (is_on)
          pairs.insert({account.value, other.value});
        else
          pairs.erase({account.value, other.value});
        return;
      }
      case 3: {
        if (model.posts.empty()) return;
        auto gone = model.posts.begin();
        std::advance(gone, static_cast<std::ptrdiff_t>(below(model.posts.size())));
        remove(PostId{gone->first}, gone->second.author, gone->second.community);
        model.posts.erase(gone);
        return;
      }
      default: {
        std::vector<Record> records;
        for (std::uint64_t count = 1 + below(3); count > 0; --count) {
          const bool is_late = below(6) == 0;
          const PostId post = is_late ? post_id(now_ms - static_cast<std::int64_t>(below(20'000)),
                                                static_cast<std::uint16_t>(1 + below(2000)))
                                      : post_id(++now_ms);
          const AccountId author{1 + below(people)};
          const CommunityId where{1 + below(communities)};
          // Some are deleted before they come, at once or in the batch before.
          const std::uint64_t fate = below(12);
          if (fate == 0) remove(post, author, where);
          if (fate == 1) records.push_back(delete_record(post, author, where));
          records.push_back(
              post_record(post, author, "text " + post.to_string(), {.community = where}));
          if (fate == 2) records.push_back(delete_record(post, author, where));
          if (fate == 3) std::get<PublishPost>(records.back().event).parent = post_id(1);
          if (fate > 3) model.posts[post.value] = {author, where};
        }
        commit(records);
      }
    }
  };
  const auto ids_of = [](const FeedPage& page) {
    std::vector<std::uint64_t> ids;
    for (const RowPtr& row : page.posts) ids.push_back(row->post.id.value);
    return ids;
  };

  constexpr std::uint64_t all = ~std::uint64_t{0};
  // A commit of MariaDB waits for the disk.
  const int step_count = GetParam() == sql::Engine::sqlite ? 600 : 60;
  for (int step = 0; step < step_count; ++step) {
    change();
    const AccountId viewer{1 + below(people)};
    // One page, anywhere.
    const std::size_t count_max = 1 + below(12);
    HomeQuery query{.viewer = viewer, .count_max = count_max};
    if (below(2) == 0) query.before = post_id(static_cast<std::int64_t>(below(200'000)));
    std::vector<std::uint64_t> wanted = model.home(viewer, query.before ? query.before.value : all);
    const bool has_next = wanted.size() > count_max;
    wanted.resize(std::min(wanted.size(), count_max));
    const FeedPage page = page_of(query);
    ASSERT_EQ(ids_of(page), wanted) << "step " << step;
    ASSERT_EQ(static_cast<bool>(page.next), has_next);
    if (step % 10 != 0) continue;
    // All pages, while posts arrive: each page is what there is below the last one.
    query.before = {};
    std::set<std::uint64_t> seen;
    do {
      wanted = model.home(viewer, query.before ? query.before.value : all);
      wanted.resize(std::min(wanted.size(), count_max));
      const FeedPage next = page_of(query);
      ASSERT_EQ(ids_of(next), wanted);
      for (const std::uint64_t id : wanted) ASSERT_TRUE(seen.insert(id).second) << "repeated";
      query.before = next.next;
      change();
    } while (query.before);
  }
  const Home::Usage usage = home_->usage();
  EXPECT_LE(usage.ring_size, least + 2000);
  // The counts of posts are those of the model.
  std::map<std::uint64_t, std::uint64_t> counts;
  for (const auto& [id, post] : model.posts) {
    ++counts[Source::of(post.author).key];
    ++counts[Source::of(post.community).key];
  }
  ASSERT_TRUE(db_->read_and_wait([&](sql::Connection& connection) {
                   return connection.query(
                       "SELECT id * 2 + kind - 1, post_count FROM tally", {},
                       [&](const sql::Row& row) { EXPECT_EQ(row.id(1), counts[row.id(0)]); });
                 })
                  .ok());
}

// Goal: whoever waits for the position of a post, a follow or a deletion finds it in the timeline.
class HomeNodeTest : public testing::NodeTest {
 protected:
  HomeNodeTest() { view_ = &view_with_home_; }

  void wait_for(const Position& position) {
    PositionSet set;
    set.raise(position);
    while (!stream_->has_passed(set)) std::this_thread::yield();
  }
  Texts texts() {
    const Home::Moment now = home_.now();
    return texts_of(read(*db_,
                         [&](sql::Connection& connection) {
                           return home_.read({&connection, now}, {.viewer = mio});
                         })
                        .value()
                        .value());
  }
  Position follow(AccountId account, AccountId target, bool followed) {
    Follows follows(*writer_, *ids_, *stream_);
    std::promise<Result<Position>> promise;
    follows.set({.account = account, .target = target.value, .followed = followed}, executor_,
                [&](Result<Position> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get().value();
  }

  Home home_{testing::not_rendered};
  TimelineView view_with_home_{&home_};
};
MATSURI_FOR_EACH_ENGINE(HomeNodeTest);

TEST_P(HomeNodeTest, OnesOwnWritesAreThereOnceTheirPositionIsPassed) {
  name(mio, 1, "Mio");
  name(ken, 1, "Ken");
  ASSERT_TRUE(stream_->drain(testing::drain_ms));
  for (int number = 0; number < 20; ++number) {
    wait_for(follow(mio, ken, number % 2 == 0));
    const std::string text = "post " + std::to_string(number);
    wait_for(publish(ken, text).value().position);
    if (number % 2 == 0)
      ASSERT_EQ(texts().at(0), text);
    else
      ASSERT_THAT(texts(), IsEmpty());
  }
  Follows follows(*writer_, *ids_, *stream_);
  std::optional<Code> code;
  follows.set({.account = mio, .target = mio.value, .followed = true}, executor_,
              [&](Result<Position> result) { code = result.error().code(); });
  EXPECT_EQ(code, Code::invalid);
}

}  // namespace
}  // namespace matsuri::timeline
