// Goal: who listens gets every event they may see, once and in order, also over a lost connection;
// and nobody gets what is hidden from them.
#include "timeline/live.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "face/face.h"
#include "io/random.h"
#include "stream/outbox.h"
#include "timeline/testing/live.h"

namespace matsuri::timeline {
namespace {

using testing::Client;
using testing::felt;
using testing::ken;
using testing::LiveTest;
using testing::mio;
using testing::Names;
using testing::post_id;
MATSURI_FOR_EACH_ENGINE(LiveTest);

TEST_P(LiveTest, BeginsWithReadyAndSendsPostsWithIdsThatGrow) {
  happen({posted(mio, "before")});
  const auto visitor = listen({});
  const auto viewer = listen(ken);
  ASSERT_EQ(visitor->seen(), Names{"ready"});
  EXPECT_EQ(visitor->events[0].id, "0000000000000abc.1");
  EXPECT_EQ(visitor->events[0].data, "{}");
  happen({posted(mio, "a"), posted(ken, "b")});
  happen({posted(AccountId{99}, "of somebody without a name"), posted(mio, "c")});
  for (const auto& client : {visitor, viewer}) {
    EXPECT_EQ(client->seen(), (Names{"ready", "a", "b", "c"}));
    EXPECT_EQ(client->events[3].id, "0000000000000abc.5");
    EXPECT_EQ(client->events[3].name, "post");
    EXPECT_NE(client->events[3].data.find("\"handle\":\"h11\""), std::string::npos);
  }
}

TEST_P(LiveTest, SendsNothingOfOtherCommunitiesOrOfThePast) {
  const auto client = listen({});
  PostPublished elsewhere = std::get<PostPublished>(posted(mio, "elsewhere"));
  elsewhere.community = CommunityId{2};
  PostPublished imported = std::get<PostPublished>(posted(mio, "imported"));
  imported.post = PostId{compose_id({.unix_ms = testing::start_ms, .node = import_node})};
  happen({elsewhere, imported, posted(mio, "here")});
  EXPECT_EQ(client->seen(), (Names{"ready", "here"}));
}

TEST_P(LiveTest, ARefusalGoesToItsAuthorAlone) {
  const auto author = listen(mio), other = listen(ken), visitor = listen({});
  happen({CommandRefused{.account = mio,
                         .position = "0.1.0000000000000abc.7",
                         .resource_id = 42,
                         .code = Code::conflict,
                         .reason = "the same text"}});
  EXPECT_EQ(author->seen(), (Names{"ready", "refused"}));
  EXPECT_EQ(author->events[1].data,
            R"({"position":"0.1.0000000000000abc.7","post":"42","code":"conflict",)"
            R"("reason":"the same text"})");
  EXPECT_EQ(other->seen(), Names{"ready"});
  EXPECT_EQ(visitor->seen(), Names{"ready"});
  // It can be missed and caught up on as well.
  EXPECT_EQ(listen(mio, author->events[0].id)->seen(), (Names{"ready", "refused"}));
  EXPECT_EQ(listen(ken, author->events[0].id)->seen(), Names{"ready"});
}

// Method: a client is cut after each event in turn, comes back with the last id it saw, and has seen
// everything once at the end.
TEST_P(LiveTest, ResumesAfterEachEvent) {
  const auto whole = listen(ken);
  const auto texts = [](int number) { return "post " + std::to_string(number); };
  constexpr int count = 12;
  for (int number = 0; number < count; ++number) happen({posted(mio, texts(number))});
  ASSERT_EQ(whole->events.size(), count + 1u);
  for (std::size_t cut = 0; cut < whole->events.size(); ++cut) {
    const auto resumed = listen(ken, whole->events[cut].id);
    Names expected = {"ready"};
    for (std::size_t number = cut; number < count; ++number)
      expected.push_back(texts(static_cast<int>(number)));
    EXPECT_EQ(resumed->seen(), expected) << "cut after " << cut;
    EXPECT_EQ(resumed->events[0].id, whole->events[cut].id);
  }
}

TEST_P(LiveTest, AnIdThatIsNotKeptIsToldToReadTheListAgain) {
  happen({posted(mio, "a"), posted(mio, "b")});
  for (const std::string& id : {"0000000000000abd.1", "0000000000000abc.4099", "0000000000000abc",
                                "0000000000000abc.", "0000000000000abc.-1", "0000000000000abc.1x",
                                ".1", "hello", "0000000000000abc.99999999999999999999"}) {
    const auto client = listen(ken, id);
    EXPECT_EQ(client->seen(), (Names{"ready", "reset"})) << id;
    EXPECT_EQ(client->events[1].id, "0000000000000abc.2");
  }
  const auto client = listen({}, "hello");
  happen({posted(mio, "c")});
  EXPECT_EQ(client->seen(), (Names{"ready", "reset", "c"}));
}

TEST_P(LiveTest, KeepsFourThousandEventsAndNoMore) {
  std::vector<Event> many;
  for (std::size_t number = 0; number < live_event_count_max; ++number)
    many.push_back(posted(mio, std::to_string(number)));
  happen({posted(mio, "first")});
  happen(many);
  EXPECT_EQ(listen({}, "0000000000000abc.1")->events.size(), live_event_count_max + 1);
  EXPECT_EQ(listen({}, "0000000000000abc.0")->seen(), (Names{"ready", "reset"}));
  // Of a backlog that is longer than that, only what is kept is looked at.
  many.push_back(posted(mio, "last"));
  happen(many);
  EXPECT_EQ(listen({}, "0000000000000abc.4097")->seen(), (Names{"ready", "reset"}));
  EXPECT_EQ(listen({}, "0000000000000abc.4098")->events.size(), live_event_count_max + 1);
}

TEST_P(LiveTest, AClientThatIsSlowOrGoneIsLetGo) {
  const auto slow = listen({}, {}, 2), good = listen({}), gone = listen({});
  const auto listeners = [&] {
    const std::string text = registry_.to_text();
    const std::size_t place = text.find("\nmatsuri_live_listeners ");
    return text.substr(place + 24, text.find('\n', place + 1) - place - 24);
  };
  EXPECT_EQ(listeners(), "3");
  gone->go();
  EXPECT_EQ(listeners(), "2");
  happen({posted(mio, "a"), posted(mio, "b"), posted(mio, "c")});
  EXPECT_EQ(listeners(), "1");
  EXPECT_EQ(slow->seen(), (Names{"ready", "a"}));
  EXPECT_EQ(good->seen(), (Names{"ready", "a", "b", "c"}));
  // It comes back with the last id that it saw.
  EXPECT_EQ(listen({}, slow->events.back().id)->seen(), (Names{"ready", "b", "c"}));
}

TEST_P(LiveTest, BlocksHoldAtOnceInBothDirections) {
  const auto by_mio = listen(mio), by_ken = listen(ken), visitor = listen({});
  block(mio, ken, 1, true);
  happen({posted(mio, "m1"), posted(ken, "k1")});
  block(mio, ken, 2, false);
  happen({posted(mio, "m2"), posted(ken, "k2")});
  EXPECT_EQ(by_mio->seen(), (Names{"ready", "m1", "m2", "k2"}));
  EXPECT_EQ(by_ken->seen(), (Names{"ready", "k1", "m2", "k2"}));
  EXPECT_EQ(visitor->seen(), (Names{"ready", "m1", "k1", "m2", "k2"}));
}

// The view in SQL may be behind the facts that are known here: a block of the last second once was
// missed for the life of a stream that began just then.
TEST_P(LiveTest, ABlockThatTheDatabaseDoesNotHaveYetHoldsForNewStreams) {
  block(mio, ken, 1, true);
  const auto early = listen(mio);
  apply({testing::block_record(mio, ken, 1, true)});
  const auto late = listen(ken);
  happen({posted(mio, "m"), posted(ken, "k")});
  EXPECT_EQ(early->seen(), (Names{"ready", "m"}));
  EXPECT_EQ(late->seen(), (Names{"ready", "k"}));
  // And one that the database has before the facts come here.
  apply({testing::block_record(mio, ken, 2, false)});
  const auto free = listen(mio);
  block(mio, ken, 2, false);
  happen({posted(ken, "k2")});
  EXPECT_EQ(free->seen(), (Names{"ready", "k2"}));
  EXPECT_EQ(early->seen(), (Names{"ready", "m", "k2"}));
}

TEST_P(LiveTest, ARestartGoesOnWhereTheOutboxDoes) {
  const auto before = listen(ken);
  std::vector<Event> facts;
  for (int number = 0; number < 5; ++number) facts.push_back(posted(mio, std::to_string(number)));
  happen(facts);
  // The new process follows the outbox from a little before its end.
  live_ = make_live(2);
  consume(outbox_, 3, {facts.begin() + 2, facts.end()});
  EXPECT_EQ(listen(ken, before->events[3].id)->seen(), (Names{"ready", "3", "4"}));
  EXPECT_EQ(listen(ken, before->events[1].id)->seen(), (Names{"ready", "reset"}));
}

// A client that came back faster than the new process could read the outbox once was told to start
// again.
TEST_P(LiveTest, AClientMayBeAheadOfAProcessThatHasJustStarted) {
  std::vector<Event> facts;
  for (int number = 0; number < 5; ++number) facts.push_back(posted(mio, std::to_string(number)));
  const auto client = listen(ken, "0000000000000abc.3");
  EXPECT_EQ(client->seen(), Names{"ready"});
  consume(outbox_, 1, {facts.begin(), facts.begin() + 2});
  EXPECT_EQ(client->seen(), Names{"ready"});
  consume(outbox_, 3, {facts.begin() + 2, facts.end()});
  EXPECT_EQ(client->seen(), (Names{"ready", "3", "4"}));
}

TEST_P(LiveTest, WhoNamesNoCommunityHearsAllOfThem) {
  const auto all = listen(ken, {}, 1'000'000, CommunityId{}), here = listen(ken);
  PostPublished elsewhere = std::get<PostPublished>(posted(mio, "elsewhere"));
  elsewhere.community = CommunityId{2};
  happen({elsewhere, posted(mio, "here")});
  EXPECT_EQ(all->seen(), (Names{"ready", "elsewhere", "here"}));
  EXPECT_EQ(here->seen(), (Names{"ready", "here"}));
  EXPECT_EQ(listen({}, all->events[0].id, 1'000'000, CommunityId{})->seen(), all->seen());
}

TEST_P(LiveTest, APostIsTheAuthorsOwnForThemAlone) {
  const auto author = listen(mio), other = listen(ken), visitor = listen({});
  PostPublished drawn = std::get<PostPublished>(posted(mio, ""));
  drawn.drawn = drawn.spoiler = true;
  drawn.feeling = 3;
  drawn.tag = "festival";
  happen({drawn});
  EXPECT_TRUE(author->events[1].data.ends_with(R"("empathized":false,"mine":true})"));
  for (const auto& client : {other, visitor}) {
    const std::string& data = client->events[1].data;
    EXPECT_TRUE(data.ends_with(R"("mine":false})")) << data;
    // Nobody chose a face: it is the one that follows from the account.
    EXPECT_NE(data.find(R"("face":")" + face::to_string(face::genome_of(mio.value))),
              std::string::npos)
        << data;
    const std::string address = "/v1/posts/" + post_id(0).to_string() + "/drawing";
    EXPECT_NE(data.find(R"("drawing":{"svg":")" + address + R"(.svg","png":")" + address +
                        R"(.png","strokes":")" + address + R"("},"feeling":3,"spoiler":true,)" +
                        R"("tag":"festival")"),
              std::string::npos)
        << data;
  }
}

TEST_P(LiveTest, EditsAndDeletionsAreTold) {
  const PostId id = post_id(0);
  apply({testing::post_record(id, mio, "first"), testing::edit_record(id, mio, 5, "second")});
  const auto client = listen(ken), author = listen(mio);
  happen({PostEdited{
      .post = id, .rev = 5, .community = common_ground, .author = mio, .text = "second"}});
  EXPECT_EQ(client->seen(), (Names{"ready", "second"}));
  EXPECT_EQ(client->events[1].name, "post_changed");
  EXPECT_TRUE(author->events[1].data.ends_with(R"("mine":true})"));
  const PostDeleted gone{.post = id, .community = common_ground, .author = mio};
  happen({gone});
  EXPECT_EQ(client->events[2].name, "post_deleted");
  EXPECT_EQ(client->events[2].data, R"({"post":")" + id.to_string() + R"("})");
  // Who comes late hears of the deletion, and not of an edit of what is not there any more.
  apply({testing::delete_record(id, mio, 6)});
  live_ = make_live(0);
  consume(outbox_, 1,
          {PostEdited{.post = id, .rev = 5, .community = common_ground, .author = mio}, gone});
  EXPECT_EQ(listen(ken, client->events[0].id)->seen(), (Names{"ready", "post_deleted"}));
}

TEST_P(LiveTest, AMuteHidesFromWhoMutesAlone) {
  const auto by_mio = listen(mio), by_ken = listen(ken);
  mute(mio, ken, 1, true);
  const auto late = listen(mio);
  happen({posted(mio, "m1"), posted(ken, "k1")});
  mute(mio, ken, 2, false);
  happen({posted(ken, "k2")});
  EXPECT_EQ(by_mio->seen(), (Names{"ready", "m1", "k2"}));
  EXPECT_EQ(late->seen(), (Names{"ready", "m1", "k2"}));
  EXPECT_EQ(by_ken->seen(), (Names{"ready", "m1", "k1", "k2"}));
  // And one that the database has.
  apply({testing::mute_record(ken, mio, 1, true)});
  const auto muting = listen(ken);
  happen({posted(mio, "m3")});
  EXPECT_EQ(muting->seen(), Names{"ready"});
}

TEST_P(LiveTest, CountsAreTheNewestOfTheDatabaseAndTheFacts) {
  const PostId id = post_id(0);
  apply({testing::post_record(id, mio, "a"), testing::comment_record(post_id(1), ken, id, "c")});
  apply({testing::fact_record(felt(id, 7, 3))});
  const auto client = listen(ken);
  const auto counts = [&](int empathies, int comments) {
    return R"({"post":")" + id.to_string() + R"(","empathy_count":)" + std::to_string(empathies) +
           R"(,"comment_count":)" + std::to_string(comments) + '}';
  };
  feel(felt(id, 9, 4));  // the database is behind
  wait_for([&] { return client->last("counts") == counts(9, 1); });
  EXPECT_TRUE(client->events.back().id.empty());
  feel(felt(id, 2, 1));  // it is ahead
  wait_for([&] { return client->last("counts") == counts(7, 1); });
  apply({testing::comment_record(post_id(2), ken, id, "d")});
  PostPublished comment = std::get<PostPublished>(posted(ken, "d"));
  comment.post = post_id(2);
  comment.parent = id;
  happen({comment});
  wait_for([&] { return client->last("counts") == counts(7, 2); });
  apply({testing::delete_record(post_id(2), ken, 9, id)});
  happen(
      {PostDeleted{.post = post_id(2), .community = common_ground, .author = ken, .parent = id}});
  wait_for([&] { return client->last("counts") == counts(7, 1); });
}

TEST_P(LiveTest, CountsOfWhatIsHiddenAreHidden) {
  const PostId id = post_id(0);
  apply({testing::post_record(id, mio, "a"), testing::post_record(post_id(1), ken, "b")});
  apply({testing::fact_record(felt(id, 1, 1)), testing::fact_record(felt(post_id(1), 1, 1))});
  const auto visitor = listen({}), muting = listen(ken);
  const auto elsewhere = listen({}, {}, 1'000'000, CommunityId{2});
  mute(ken, mio, 1, true);
  feel(felt(id, 2, 2));
  wait_for([&] { return visitor->count("counts") == 1; });
  feel(felt(post_id(1), 2, 2));
  wait_for([&] { return visitor->count("counts") == 2; });
  EXPECT_EQ(muting->count("counts"), 1u);
  EXPECT_EQ(elsewhere->count("counts"), 0u);
}

// What is said below a post of somebody hidden once was sent all the same.
TEST_P(LiveTest, CommentsBelowWhatIsHiddenAreHidden) {
  constexpr AccountId rin{33};
  const PostId id = post_id(0), comment = post_id(1), own = post_id(2);
  apply({testing::name_record(rin, 1, "Rin"), testing::fact_record(felt(comment, 1, 1))});
  apply({testing::post_record(id, mio, "a"), testing::comment_record(comment, rin, id, "c")});
  block(mio, ken, 1, true);
  const auto blocked = listen(ken), visitor = listen({});
  feel(felt(comment, 2, 2));
  wait_for([&] { return visitor->count("counts") == 1; });
  apply({testing::edit_record(comment, rin, post_id(5).value, "d", id)});
  PostPublished fact = std::get<PostPublished>(posted(rin, "c"));
  fact.post = comment;
  fact.parent = id;
  fact.parent_author = mio;
  happen({fact,
          PostEdited{.post = comment, .community = common_ground, .author = rin, .parent = id},
          PostDeleted{comment, common_ground, rin, id}, posted(rin, "beside it", 7)});
  EXPECT_EQ(visitor->count("post_changed") + visitor->count("post_deleted"), 2u);
  EXPECT_EQ(visitor->count("post"), 2u);
  EXPECT_EQ(blocked->seen(), (Names{"ready", "beside it"}));
  // One's own comment there can still be deleted, and goes.
  happen({PostDeleted{own, common_ground, ken, id}});
  EXPECT_EQ(blocked->count("post_deleted"), 1u);
}

// A post that everybody likes at once once would have sent each of its counts to each listener.
TEST_P(LiveTest, AHotPostSendsFewCounts) {
  const PostId id = post_id(0);
  apply({testing::post_record(id, mio, "a")});
  apply({testing::fact_record(felt(id, 1, 1))});
  const auto client = listen(ken);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t number = 2; number <= 3000; ++number) feel(felt(id, number, number));
  wait_for([&] { return client->last("counts").find(":3000,") != std::string::npos; });
  const auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::steady_clock::now() - begin)
                           .count();
  EXPECT_LE(client->count("counts"), static_cast<std::size_t>(took_ms / 20 + 2));
}

TEST_P(LiveTest, WhatIsUnreadGoesToItsAccountAlone) {
  const auto author = listen(mio), other = listen(ken), visitor = listen({});
  consume(empathy_, ++empathy_offset_,
          {NotificationChanged{.account = mio, .rev = 1, .unread_count = 4}});
  EXPECT_EQ(author->last("notification"), R"({"unread_count":4})");
  EXPECT_EQ(other->seen(), Names{"ready"});
  EXPECT_EQ(visitor->seen(), Names{"ready"});
}

class LivePlazaTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    if (IsSkipped()) return;
    for (std::uint64_t title = 1; title <= 9; ++title)
      rules_.rules[CommunityId{100 + title}] = {.post_kinds = post_kind_text,
                                                .plaza_title = TitleId{title}};
    rules_.rules[closed] = {.post_kinds = post_kind_text};
  }
  Event said(std::uint64_t title, AccountId author, const std::string& text) {
    PostPublished post = std::get<PostPublished>(posted(author, text, ++sequence_));
    post.community = CommunityId{100 + title};
    return post;
  }
  std::shared_ptr<Client> listen_to_plaza(AccountId viewer, const std::string& last_event_id = {}) {
    return listen_as({.community = {}, .viewer = viewer, .is_on_plaza = true}, last_event_id);
  }

  static constexpr CommunityId closed{99};
  std::uint16_t sequence_ = 0;
};
MATSURI_FOR_EACH_ENGINE(LivePlazaTest);

TEST_P(LivePlazaTest, NewPostsSayOfWhichTitleTheyAre) {
  const auto visitor = listen_to_plaza({}), author = listen_to_plaza(mio);
  happen({said(7, mio, "here")});
  EXPECT_EQ(visitor->seen(), (Names{"ready", "here"}));
  const std::string data = visitor->last("plaza_post");
  EXPECT_TRUE(data.starts_with(R"({"title":"7","id":")")) << data;
  EXPECT_TRUE(data.ends_with(R"("mine":false})")) << data;
  EXPECT_TRUE(author->last("plaza_post").ends_with(R"("mine":true})"));
}

TEST_P(LivePlazaTest, OnlyWhatMayBeShownThereComes) {
  Event comment = said(1, mio, "a comment"), veiled = said(2, mio, "veiled");
  std::get<PostPublished>(comment).parent = post_id(0);
  std::get<PostPublished>(veiled).spoiler = true;
  Event elsewhere = said(3, mio, "elsewhere");
  std::get<PostPublished>(elsewhere).community = closed;
  const auto client = listen_to_plaza({}), ken_too = listen_to_plaza(ken);
  block(ken, mio, 1, true);
  happen({comment, veiled, elsewhere, posted(mio, "of no title"), said(4, mio, "shown")});
  EXPECT_EQ(client->seen(), (Names{"ready", "shown"}));
  EXPECT_EQ(ken_too->seen(), Names{"ready"});
}

TEST_P(LivePlazaTest, AtMostFourComeInASecondAndOneOfATitle) {
  const auto client = listen_to_plaza({});
  happen({said(1, mio, "1a"), said(1, mio, "1b"), said(2, mio, "2a"), said(1, mio, "1c")});
  EXPECT_EQ(client->seen(), (Names{"ready", "2a", "1c"}));
  happen({said(1, mio, "1d"), said(3, mio, "3a"), said(4, mio, "4a"), said(5, mio, "5a")});
  EXPECT_EQ(client->seen(), (Names{"ready", "2a", "1c", "4a", "5a"}));
  happen({said(6, mio, "6a")});
  EXPECT_EQ(client->count("plaza_post"), 4U);
  // Who comes back gets the same ones again, and no others.
  EXPECT_EQ(listen_to_plaza({}, client->events[0].id)->seen(), client->seen());
}

TEST_P(LivePlazaTest, AfterASecondTheNextOnesCome) {
  plaza_pause_ms_ = 1;
  live_ = make_live(0);
  const auto client = listen_to_plaza({});
  for (const char* text : {"one", "two", "three", "four", "five", "six"}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    happen({said(1, mio, text)});
  }
  EXPECT_EQ(client->count("plaza_post"), 6U);
}

TEST_P(LivePlazaTest, WhatGoesOrIsVeiledIsToldAndCountsAreNot) {
  apply({testing::post_record(post_id(0), mio, "text", {.community = CommunityId{101}})});
  const auto client = listen_to_plaza({});
  const auto everywhere = listen({}, {}, 1'000'000, {});
  PostEdited edit{.post = post_id(0), .rev = 2, .community = CommunityId{101}, .author = mio};
  happen({edit, PostDeleted{post_id(0), CommunityId{101}, mio, {}},
          PostDeleted{post_id(1), closed, mio, {}}});
  feel(felt(post_id(0), 5, 1));
  wait_for([&] { return everywhere->count("counts") > 0; });
  EXPECT_EQ(client->seen(), (Names{"ready", "text", "post_deleted"}));
  EXPECT_EQ(client->count("post_changed"), 1U);
}

}  // namespace
}  // namespace matsuri::timeline
