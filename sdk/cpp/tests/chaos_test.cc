// Goal: whatever the network, the server and restarts of the game do, each command takes effect
// once, in the order of its arena's sender as far as that was not refused, and is answered once.
// Method: a small server that keeps keys, behind a network that loses requests and answers, repeats,
// refuses and forgets; random runs against a plain count. MATSURI_SEED=... repeats one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "core.h"
#include "fake.h"

namespace matsuri {
namespace {

using testing::me;
using testing::post_json;
using testing::problem;
using testing::World;

// What a real server promises, in a few lines, and trouble as a die has it.
class Server {
 public:
  explicit Server(std::uint64_t seed) : dice_(seed) {}

  HttpResponse answer(const HttpRequest& request) {
    if (one_in(6)) return none();  // The request is lost.
    HttpResponse response = refuse();
    if (response.status == 0) response = decide(request);
    if (one_in(6)) return none();  // The answer is.
    return response;
  }

  std::map<std::string, int> applied;  // commands and posts, by what they say
  std::int64_t hp = 0;

 private:
  bool one_in(unsigned sides) { return dice_() % sides == 0; }
  static HttpResponse none() { return HttpResponse{0, "reset", {}, {}}; }
  static HttpResponse of(int status, std::string body) {
    return HttpResponse{status, {}, {}, std::move(body)};
  }

  HttpResponse refuse() {
    if (one_in(10)) return {429, {}, {{"Retry-After", "1"}}, problem("exhausted", "slow down")};
    if (one_in(10)) return {503, {}, {{"Retry-After", "2"}}, problem("busy", "not now")};
    if (one_in(20)) return of(502, "<html>a proxy</html>");
    return none();
  }

  HttpResponse decide(const HttpRequest& request) {
    const std::string path = request.url.substr(std::string("http://test").size());
    if (path == "/v1/accounts/me") return of(200, me);
    if (path == "/v1/game/3/sessions")
      return of(201, R"({"player_token":"mp_)" + std::to_string(++token_) +
                         R"(","player":"42","server_time_ms":1764000000000})");
    if (path == "/v1/communities/1/posts") return post(request);
    for (const auto& [name, value] : request.headers)
      if (name == "Matsuri-Player" && (one_in(15) || value != "mp_" + std::to_string(token_)))
        return of(401, problem("unauthenticated", "ended"));
    if (request.method == "POST") return run(parse_json(request.body));
    const std::string key = path.substr(std::string("/v1/game/3/commands/").size(), 36);
    if (decided_.count(key) == 0) return of(404, problem("not_found", "not so far"));
    return of(200, R"({"outcome":)" + decided_[key] + "}");
  }

  HttpResponse post(const HttpRequest& request) {
    std::string key;
    for (const auto& [name, value] : request.headers)
      if (name == "Idempotency-Key") key = value;
    const std::string text = parse_json(request.body)["text"];
    if (decided_.emplace(key, text).second) ++applied[text];
    return of(201, post_json("7", decided_[key]));
  }

  HttpResponse run(const Json& body) {
    std::string all;
    for (const Json& command : body["commands"]) {
      const std::string key = command["key"];
      std::string outcome = R"({"key":")" + key + R"(","outcome":"overloaded","message":"m"})";
      const bool is_new = decided_.count(key) == 0;
      if (!is_new) {
        outcome = decided_[key];
      } else if (!one_in(8)) {
        hp += command["steps"][0]["value"].get<std::int64_t>();
        ++applied[command["reason"]];
        outcome =
            R"({"key":")" + key + R"(","outcome":"applied","seq":)" +
            std::to_string(decided_.size() + 1) +
            R"(,"time_ms":5,"entities":[{"kind":"boss","id":"b1","version":1,"fields":{"hp":)" +
            std::to_string(hp) + "}}]}";
        decided_[key] = outcome;
      }
      if (one_in(10)) outcome = R"({"key":")" + key + R"(","outcome":"unknown","message":"m"})";
      all += (all.empty() ? "" : ",") + outcome;
    }
    return of(200, R"({"outcomes":[)" + all + R"(],"token":"t"})");
  }

  std::mt19937_64 dice_;
  std::map<std::string, std::string> decided_;
  int token_ = 0;
};

void run_one(std::uint64_t seed) {
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 dice(seed);
  Server server(seed + 1);
  World world;
  world.server = [&](const HttpRequest& request) { return server.answer(request); };
  std::map<std::string, int> told;
  std::set<std::string> asked;
  std::size_t recovered = 0;
  std::int64_t sum = 0;

  const auto open = [&] {
    auto client = world.open(true);
    client->use_token("mt_x", nullptr);
    client->open_game(GameOptions{"3", "mk", ""}, nullptr);
    return client;
  };
  auto client = open();
  for (int i = 0; i < 60; ++i) {
    const std::string name = "command-" + std::to_string(i);
    if (dice() % 4 == 0) {
      NewPost post;
      post.text = name;
      client->create_post("1", post, [&told, name](const Result<Post>& got) {
        ASSERT_TRUE(got.ok());
        ++told[name];
      });
    } else {
      const auto value = static_cast<std::int64_t>(dice() % 100);
      sum += value;
      client->send(Command("raid", name).then(EntityRef("boss", "b1")["hp"].add(value)),
                   [&told, name](const Result<Outcome>& got) {
                     ASSERT_TRUE(got.ok() && got->applied());
                     ++told[name];
                   });
    }
    asked.insert(name);
    world.run(*client, static_cast<std::int64_t>(dice() % 400));
    if (dice() % 15 == 0) {  // The game is closed, and begun again.
      client.reset();
      client = open();
    }
  }
  for (int i = 0; i < 600 && client->status().queued_count > 0; ++i) world.run(*client, 1'000);
  EXPECT_EQ(client->status().queued_count, 0u);
  recovered = world.recovered.size();
  for (const Recovered& one : world.recovered) EXPECT_FALSE(one.error) << one.error->message;
  EXPECT_EQ(server.hp, sum);
  for (const std::string& name : asked) EXPECT_EQ(server.applied[name], 1) << name;
  for (const auto& [name, count] : told) EXPECT_EQ(count, 1) << name;
  EXPECT_EQ(told.size() + recovered, asked.size());
}

TEST(Chaos, NothingIsLostAndNothingDoubled) {
  if (const char* const seed = std::getenv("MATSURI_SEED"))
    return run_one(std::strtoull(seed, nullptr, 10));
  for (std::uint64_t seed = 1; seed <= 60 && !::testing::Test::HasFailure(); ++seed) run_one(seed);
}

}  // namespace
}  // namespace matsuri
