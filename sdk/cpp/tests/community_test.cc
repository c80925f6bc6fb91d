// Goal: what a player says arrives once and in order, whatever the network does; errors are values.
// Method: a network in the test's hands, which loses, delays and repeats answers.
#include <gtest/gtest.h>

#include "fake.h"

namespace matsuri {
namespace {

using testing::me;
using testing::post_json;
using testing::problem;
using testing::World;

class CommunityTest : public ::testing::Test {
 protected:
  // Signed in by token; request 0 is spent.
  std::unique_ptr<Client> signed_in(bool with_storage = false) {
    std::unique_ptr<Client> client = world.open(with_storage);
    client->use_token("mt_x", nullptr);
    client->tick();
    const std::size_t asked = world.sent.size() - 1;
    EXPECT_EQ(world.sent[asked]->path(), "/v1/accounts/me");
    world.answer(asked, 200, me);
    world.run(*client, 10);
    return client;
  }
  static Callback<Post> into(std::vector<Result<Post>>& heard) {
    return [&heard](const Result<Post>& post) { heard.push_back(post); };
  }
  static NewPost text(const std::string& words) {
    NewPost post;
    post.text = words;
    return post;
  }

  World world;
  std::vector<Result<Post>> heard;
};

TEST_F(CommunityTest, AnAddressHasToBeOne) {
  ClientOptions options;
  options.server = "matsuri.example";
  const auto client = Client::open(std::move(options));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::invalid);
}

TEST_F(CommunityTest, LogsInWithACookieAndSendsItsOwnOrigin) {
  auto client = world.open();
  std::optional<Account> account;
  client->log_in({"mio", "correct horse"}, [&](const Result<Account>& got) { account = *got; });
  EXPECT_EQ(world.sent[0]->body()["password"], "correct horse");
  world.answer(0, 201, me, {{"Set-Cookie", "matsuri_session=abc; HttpOnly; Path=/"}});
  EXPECT_FALSE(account) << "callbacks run inside tick()";
  client->tick();
  ASSERT_TRUE(account);
  EXPECT_EQ(account->id, "42");
  EXPECT_EQ(client->status().account, "42");

  client->create_post("1", text("hello"), into(heard));
  client->tick();
  EXPECT_EQ(world.sent[1]->header("Cookie"), "matsuri_session=abc");
  EXPECT_EQ(world.sent[1]->header("Origin"), "http://test");
}

TEST_F(CommunityTest, AWrongPasswordIsAValue) {
  auto client = world.open();
  std::optional<Error> error;
  client->log_in({"mio", "no"}, [&](const Result<Account>& got) { error = got.error(); });
  world.answer(0, 401, problem("unauthenticated", "do not belong together"));
  client->tick();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::unauthenticated);
  EXPECT_EQ(error->status, 401);
  EXPECT_EQ(error->message, "do not belong together");
}

TEST_F(CommunityTest, ASignUpWithoutAnAnswerIsNotSentTwice) {
  auto client = world.open();
  std::optional<Error> error;
  client->sign_up({"mio", "Mio", "correct horse"},
                  [&](const Result<Account>& got) { error = got.error(); });
  world.lose(0);
  world.run(*client, 60'000);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::unreachable);
  EXPECT_EQ(world.sent.size(), 1u);
}

TEST_F(CommunityTest, APostWhoseAnswerIsLostIsSentAgainWithItsKey) {
  auto client = signed_in();
  const std::string key = client->create_post("1", text("hello"), into(heard));
  world.run(*client, 10);
  ASSERT_EQ(world.sent.size(), 2u);
  EXPECT_EQ(world.sent[1]->header("Idempotency-Key"), key);
  EXPECT_EQ(world.sent[1]->header("Authorization"), "Bearer mt_x");
  world.lose(1);
  world.run(*client, 1'000);
  ASSERT_EQ(world.sent.size(), 3u);
  EXPECT_EQ(world.sent[2]->header("Idempotency-Key"), key);
  EXPECT_EQ(world.sent[2]->request.body, world.sent[1]->request.body);
  world.answer(2, 201, post_json("7", "hello"));
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0]->id, "7");
  EXPECT_EQ(heard[0]->empathy_count, 3);
  EXPECT_EQ(heard[0]->position, "0.1.89abcdef01234567.42");
  EXPECT_EQ(client->status().queued_count, 0u);
}

TEST_F(CommunityTest, PostsGoOneAfterTheOther) {
  auto client = signed_in();
  client->create_post("1", text("one"), into(heard));
  client->create_post("1", text("two"), into(heard));
  world.run(*client, 100);
  ASSERT_EQ(world.sent.size(), 2u);
  world.answer(1, 201, post_json("7", "one"));
  world.run(*client, 10);
  ASSERT_EQ(world.sent.size(), 3u);
  EXPECT_EQ(world.sent[2]->body()["text"], "two");
}

TEST_F(CommunityTest, WaitsAsLongAsTheServerAsks) {
  for (const int status : {429, 503}) {
    SCOPED_TRACE(status);
    world = World();
    auto client = signed_in();
    client->create_post("1", text("hello"), into(heard));
    world.run(*client, 10);
    world.answer(1, status, problem(status == 429 ? "exhausted" : "busy", "later"),
                 {{"retry-after", "7"}});
    world.run(*client, 6'900);
    EXPECT_EQ(world.sent.size(), 2u);
    world.run(*client, 2'000);
    EXPECT_EQ(world.sent.size(), 3u);
  }
}

TEST_F(CommunityTest, PausesGrowAndHaveChanceInThem) {
  auto client = signed_in();
  client->create_post("1", text("hello"), into(heard));
  std::vector<std::int64_t> pauses;
  for (std::size_t tries = 1; tries <= 9; ++tries) {
    const std::int64_t begin = world.monotonic_ms;
    while (world.sent.size() <= tries) world.run(*client, 0);
    pauses.push_back(world.monotonic_ms - begin);
    world.lose(tries);
  }
  for (std::size_t i = 1; i < pauses.size(); ++i) {
    const std::int64_t most = std::min<std::int64_t>(30'000, std::int64_t{250} << (i - 1));
    EXPECT_GE(pauses[i], most / 2) << i;
    EXPECT_LE(pauses[i], most + 30) << i;
  }
  EXPECT_TRUE(heard.empty()) << "a post is never given up";
}

TEST_F(CommunityTest, ARefusedPostIsTold) {
  auto client = signed_in();
  client->create_post("1", text(""), into(heard));
  world.run(*client, 10);
  world.answer(1, 400, problem("invalid", "text: is empty"));
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error().code, Code::invalid);
  EXPECT_EQ(heard[0].error().message, "text: is empty");
  EXPECT_EQ(client->status().queued_count, 0u);
}

// An earlier try of the same request may still be under way.
TEST_F(CommunityTest, AConflictOfARepeatedPostIsTriedAgainAndOfTheFirstTryIsTold) {
  auto client = signed_in();
  client->create_post("1", text("one"), into(heard));
  world.run(*client, 10);
  world.answer(1, 409, problem("conflict", "said a moment ago"));
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error().code, Code::conflict);

  client->create_post("1", text("two"), into(heard));
  world.run(*client, 10);
  world.lose(2);
  world.run(*client, 1'000);
  world.answer(3, 409, problem("conflict", "under way"));
  world.run(*client, 10'000);
  ASSERT_EQ(world.sent.size(), 5u);
  EXPECT_EQ(world.sent[4]->header("Idempotency-Key"), world.sent[2]->header("Idempotency-Key"));
  world.answer(4, 201, post_json("8", "two"));
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_TRUE(heard[1].ok());
}

TEST_F(CommunityTest, OneReadsOnesOwnWritesInWhateverOrderAnswersCome) {
  auto client = signed_in();
  std::size_t pages = 0;
  const auto count = [&](const Result<PostPage>& page) { pages += page.ok() ? 1 : 0; };
  client->list_posts({}, count);  // 1: before the post
  client->create_post("1", text("hello"), into(heard));
  world.run(*client, 10);
  EXPECT_EQ(world.sent[1]->header("Matsuri-Position"), "");
  world.answer(2, 201, post_json("7", "hello"), {{"Matsuri-Position", "after-post"}});
  world.run(*client, 10);
  // The answer to the older read comes last: its position knows nothing of the post.
  world.answer(1, 200, R"({"posts":[],"next":null})", {{"Matsuri-Position", "before-post"}});
  world.run(*client, 10);
  client->list_posts({}, count);
  EXPECT_EQ(world.sent[3]->header("Matsuri-Position"), "after-post");
  world.answer(3, 200, R"({"posts":[)" + post_json("7", "hello") + R"(],"next":"n"})",
               {{"Matsuri-Position", "newer"}});
  world.run(*client, 10);
  client->list_posts({}, count);
  EXPECT_EQ(world.sent[4]->header("Matsuri-Position"), "newer");
  EXPECT_EQ(pages, 2u);
}

TEST_F(CommunityTest, AReadGivesUp) {
  auto client = signed_in();
  std::optional<Error> error;
  client->get_post("7", [&](const Result<Post>& post) { error = post.error(); });
  for (std::size_t tries = 1; tries <= 4; ++tries) {
    ASSERT_EQ(world.sent.size(), tries + 1);
    world.lose(tries);
    world.run(*client, 2'000);
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::unreachable);
  EXPECT_EQ(world.sent.size(), 5u);
  EXPECT_FALSE(client->status().online);
}

TEST_F(CommunityTest, AnAnswerThatIsNoneIsAValueToo) {
  auto client = signed_in();
  for (const char* body : {"", "[]", "{}", R"({"posts":[{}],"next":null})", R"({"posts":1})"}) {
    SCOPED_TRACE(body);
    std::optional<Error> error;
    client->list_posts({}, [&](const Result<PostPage>& page) { error = page.error(); });
    world.answer(world.sent.size() - 1, 200, body);
    world.run(*client, 10);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, Code::corrupt);
  }
}

TEST_F(CommunityTest, TheQueueIsBoundedAndSaysSo) {
  auto client = world.open(false, [](ClientOptions& options) { options.queue_count_max = 2; });
  for (int i = 0; i < 3; ++i) client->create_post("1", text("hello"), into(heard));
  client->tick();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error().code, Code::exhausted);
  EXPECT_EQ(heard[0].error().message, "the queue is full: 2 requests wait");
  EXPECT_EQ(client->status().queued_count, 2u);

  auto small = world.open(false, [](ClientOptions& options) { options.queue_size_max = 100; });
  small->create_post("1", text("hello"), into(heard));
  small->tick();
  EXPECT_EQ(heard.back().error().message, "the queue is full: it has 100 bytes at most");
}

TEST_F(CommunityTest, WhatWasNotAnsweredSurvivesARestart) {
  auto client = signed_in(true);
  const std::string one = client->create_post("1", text("one"), into(heard));
  const std::string two = client->set_empathy("9", true, nullptr);
  world.run(*client, 10);
  world.answer(1, 201, post_json("7", "one"));
  world.run(*client, 10);
  const std::string three = client->create_comment("9", text("three"), into(heard));
  client.reset();

  client = signed_in(true);
  EXPECT_EQ(client->status().queued_count, 2u);
  const std::size_t first = world.sent.size() - 1;
  EXPECT_EQ(world.sent[first]->path(), "/v1/posts/9/empathy");
  world.answer(first, 200, "{}");
  world.run(*client, 10);
  EXPECT_EQ(world.sent[first + 1]->header("Idempotency-Key"), three);
  world.answer(first + 1, 201, post_json("8", "three"));
  world.run(*client, 10);
  ASSERT_EQ(world.recovered.size(), 2u);
  EXPECT_EQ(world.recovered[0].key, two);
  EXPECT_EQ(world.recovered[0].what, "empathy");
  EXPECT_EQ(world.recovered[1].post->id, "8");
  EXPECT_EQ(heard.size(), 1u);
  client.reset();
  EXPECT_EQ(signed_in(true)->status().queued_count, 0u);
}

TEST_F(CommunityTest, NothingIsSentInSomebodyElsesName) {
  auto client = signed_in(true);
  client->create_post("1", text("mine"), into(heard));
  client.reset();
  client = world.open(true);
  std::optional<Error> error;
  client->log_in({"ren", "correct horse"},
                 [&](const Result<Account>& got) { error = got.error(); });
  const std::size_t log_in = world.sent.size() - 1;
  world.answer(log_in, 201, R"({"id":"43","handle":"ren","name":"R","role":"user","face":"0"})");
  world.run(*client, 1'000);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::conflict);
  EXPECT_EQ(client->status().account, "");
  EXPECT_EQ(world.sent.size(), log_in + 1);
}

TEST_F(CommunityTest, WaitsForAnotherCredentialWhereTheOldOneIsVoid) {
  auto client = signed_in();
  const std::string key = client->create_post("1", text("hello"), into(heard));
  world.run(*client, 10);
  world.answer(1, 401, problem("unauthenticated", "revoked"));
  world.run(*client, 60'000);
  EXPECT_EQ(world.sent.size(), 2u);
  EXPECT_TRUE(heard.empty());
  ASSERT_EQ(world.notices.size(), 1u);
  EXPECT_EQ(world.notices[0].code, Code::unauthenticated);
  client->use_token("mt_y", nullptr);
  world.answer(2, 200, me);
  world.run(*client, 10);
  ASSERT_EQ(world.sent.size(), 4u);
  EXPECT_EQ(world.sent[3]->header("Authorization"), "Bearer mt_y");
  EXPECT_EQ(world.sent[3]->header("Idempotency-Key"), key);
}

TEST_F(CommunityTest, GivesUpBeforeTheServerForgetsTheKey) {
  auto client = signed_in(true);
  client->create_post("1", text("hello"), into(heard));
  client.reset();
  world.unix_ms += std::int64_t{6} * 24 * 3600 * 1000;
  const std::size_t before = world.sent.size();
  client = signed_in(true);
  world.run(*client, 1'000);
  EXPECT_EQ(world.sent.size(), before + 1);
  ASSERT_EQ(world.recovered.size(), 1u);
  EXPECT_EQ(world.recovered[0].error->code, Code::unreachable);
}

TEST_F(CommunityTest, ADeletionWhoseAnswerWasLostIsDone) {
  auto client = signed_in();
  bool done = false;
  client->delete_post("7", [&](const Result<Done>& got) { done = got.ok(); });
  world.run(*client, 10);
  world.lose(1);
  world.run(*client, 1'000);
  world.answer(2, 404, problem("not_found", "no such post"));
  world.run(*client, 10);
  EXPECT_TRUE(done);
}

TEST_F(CommunityTest, ADrawingGoesOutAndComesBackAsItIs) {
  auto client = signed_in();
  NewPost post;
  post.drawing = Drawing{{Stroke{3, false, {0, 0, 0, 100, 100, 16}}, Stroke{1, true, {5, 5, 0}}}};
  client->create_post("1", post, into(heard));
  world.run(*client, 10);
  EXPECT_EQ(world.sent[1]->request.body,
            R"({"drawing":{"strokes":[{"pen":3,"points":[0,0,0,100,100,16]},)"
            R"({"eraser":true,"pen":1,"points":[5,5,0]}]}})");
  std::optional<Drawing> drawing;
  client->get_drawing("7", [&](const Result<Drawing>& got) { drawing = *got; });
  world.answer(2, 200, world.sent[1]->body()["drawing"].dump());
  world.run(*client, 10);
  ASSERT_TRUE(drawing);
  ASSERT_EQ(drawing->strokes.size(), 2u);
  EXPECT_EQ(drawing->strokes[1].points, post.drawing->strokes[1].points);
  EXPECT_TRUE(drawing->strokes[1].eraser);
}

TEST_F(CommunityTest, NobodyHearsOfAClientThatIsGone) {
  auto client = signed_in();
  client->create_post("1", text("hello"), into(heard));
  world.run(*client, 10);
  world.answer(1, 201, post_json("7", "hello"));
  client.reset();
  EXPECT_TRUE(heard.empty());
}

}  // namespace
}  // namespace matsuri
