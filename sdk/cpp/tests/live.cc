// What a program that uses the client does with a real server; started by
// tests/functional/client_test.py, which kills the server meanwhile. Each scenario checks what it
// sees, and exits 1 where something is not as promised.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "matsuri/client.h"

namespace {

using namespace matsuri;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

void expect(bool ok, const char* what) {
  if (!ok) fail(std::string("not so: ") + what);
}

using OnRecovered = std::function<void(const Recovered&)>;

std::unique_ptr<Client> open(const std::string& server, const std::string& queue = {},
                             OnRecovered on_recovered = {}) {
  ClientOptions options;
  options.server = server;
  options.on_recovered = std::move(on_recovered);
  options.backoff_ms_max = 500;
  options.on_notice = [](const Error& error) { fail("notice: " + error.message); };
  if (!queue.empty()) {
    auto storage = open_file_storage(queue);
    if (!storage) fail(storage.error().message);
    options.storage = std::move(*storage);
  }
  auto client = Client::open(std::move(options));
  if (!client) fail(client.error().message);
  return std::move(*client);
}

// Ticks until it is so, for two minutes at most.
void tick_until(Client& client, const std::function<bool()>& is_so, const char* what) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!is_so()) {
    client.tick();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (std::chrono::steady_clock::now() > end) fail(std::string("in vain: ") + what);
  }
}

// What `call` brings.
template <typename T, typename Call>
Result<T> wait(Client& client, Call call) {
  std::optional<Result<T>> got;
  call([&got](const Result<T>& result) { got.emplace(result); });
  tick_until(client, [&] { return got.has_value(); }, "an answer");
  return std::move(*got);
}

template <typename T, typename Call>
T need(Client& client, Call call) {
  Result<T> got = wait<T>(client, call);
  if (!got) fail(std::string(name_of(got.error().code)) + ": " + got.error().message);
  return std::move(*got);
}

// The same of a page, once it is not behind what its reader wrote: a busy server may need longer
// than it waits for that.
template <typename T, typename Call>
T need_fresh(Client& client, Call call) {
  std::optional<T> page;
  tick_until(
      client,
      [&] {
        page = need<T>(client, call);
        return !page->stale;
      },
      "a page that is not stale");
  return std::move(*page);
}

NewPost text(const std::string& words) {
  NewPost post;
  post.text = words;
  return post;
}

Post post_in(Client& client, const NewPost& post) {
  return need<Post>(client, [&](auto then) { client.create_post("1", post, then); });
}

void sign_up(Client& client, const std::string& handle) {
  need<Account>(client,
                [&](auto then) { client.sign_up({handle, "Somebody", "correct horse"}, then); });
}

// Two people, who talk and draw.
void community(const std::string& server) {
  auto mio = open(server);
  auto ren = open(server);
  sign_up(*mio, "mio_client");
  sign_up(*ren, "ren_client");

  NewPost drawn = text("the boss fell");
  drawn.feeling = 2;
  drawn.tag = "raid";
  drawn.language = "en";
  drawn.drawing = Drawing{{Stroke{2, false, {80, 80, 0, 400, 300, 16, 800, 80, 16}}}};
  const Post post = post_in(*mio, drawn);
  expect(post.has_drawing && post.tag == "raid" && post.feeling == 2, "a post is as it was sent");

  // One reads one's own writes: no pause between the two.
  const PostPage page = need_fresh<PostPage>(*mio, [&](auto then) { mio->list_posts({}, then); });
  expect(!page.posts.empty() && page.posts[0].id == post.id && page.posts[0].mine,
         "my post is there");
  const Drawing drawing = need<Drawing>(*mio, [&](auto then) { mio->get_drawing(post.id, then); });
  expect(drawing.strokes.size() == 1 && drawing.strokes[0].pen == 2,
         "the drawing is as it was drawn");

  need<Done>(*ren, [&](auto then) { ren->set_empathy(post.id, true, then); });
  const Post comment =
      need<Post>(*ren, [&](auto then) { ren->create_comment(post.id, text("well done"), then); });
  expect(comment.parent == post.id, "a comment is on its post");
  tick_until(
      *ren,
      [&] {
        const Post seen = need<Post>(*ren, [&](auto then) { ren->get_post(post.id, then); });
        return seen.empathy_count == 1 && seen.comment_count == 1 && seen.empathized;
      },
      "the counts");
  const PeoplePage people =
      need_fresh<PeoplePage>(*mio, [&](auto then) { mio->list_empathies(post.id, {}, then); });
  expect(people.people.size() == 1 && people.people[0].handle == "ren_client", "who feels with it");
  const PostPage comments =
      need_fresh<PostPage>(*mio, [&](auto then) { mio->list_comments(post.id, {}, then); });
  expect(comments.posts.size() == 1 && comments.posts[0].text == "well done", "the comment");
  const auto own = wait<Done>(*mio, [&](auto then) { mio->set_empathy(post.id, true, then); });
  expect(!own && own.error().code == Code::denied, "no empathy with one's own");
  tick_until(
      *mio,
      [&] {
        return need<Fate>(*mio, [&](auto then) { mio->find_fate(post.position, then); }).status ==
               "applied";
      },
      "the fate of the post");

  // In pages of one, each once.
  post_in(*mio, text("second"));
  std::set<Id> seen;
  Feed feed;
  feed.page.limit = 1;
  do {
    const PostPage one =
        need_fresh<PostPage>(*mio, [&](auto then) { mio->list_posts(feed, then); });
    for (const Post& each : one.posts) expect(seen.insert(each.id).second, "each post comes once");
    feed.page.from = one.next;
  } while (!feed.page.from.empty());
  expect(seen.count(post.id) == 1, "paging comes to the first post");
  expect(
      need_fresh<PostPage>(*mio, [&](auto then) { mio->list_timeline({}, then); }).posts.size() ==
          2,
      "one's own posts are in the timeline");

  need<Done>(*mio, [&](auto then) { mio->delete_post(post.id, then); });
  // A single post does not say that it is stale; a page does, of all views.
  need_fresh<PostPage>(*mio, [&](auto then) { mio->list_posts({}, then); });
  const auto gone = wait<Post>(*mio, [&](auto then) { mio->get_post(post.id, then); });
  expect(!gone && gone.error().code == Code::not_found, "what is deleted is gone");
}

// Ways to sign in, and in vain.
void identity(const std::string& server) {
  auto client = open(server);
  sign_up(*client, "mio_signs");
  const auto token =
      need<std::string>(*client, [&](auto then) { client->create_token("my game", then); });
  need<Done>(*client, [&](auto then) { client->log_out(then); });
  expect(client->status().account.empty(), "nobody is signed in");
  const auto wrong = wait<Account>(
      *client, [&](auto then) { client->log_in({"mio_signs", "wrong horse"}, then); });
  expect(!wrong && wrong.error().code == Code::unauthenticated, "a wrong password");
  const auto taken = wait<Account>(
      *client, [&](auto then) { client->sign_up({"mio_signs", "Other", "correct horse"}, then); });
  expect(!taken && taken.error().code == Code::conflict, "a handle that is taken");
  const auto by_token = need<Account>(*client, [&](auto then) { client->use_token(token, then); });
  expect(by_token.handle == "mio_signs", "whose token it is");
  post_in(*client, text("by token"));
  need<Account>(*client, [&](auto then) { client->log_in({"mio_signs", "correct horse"}, then); });
  post_in(*client, text("by cookie"));
  const auto forged = wait<Account>(*client, [&](auto then) { client->use_token("mt_no", then); });
  expect(!forged && forged.error().code == Code::unauthenticated, "a forged token");
  expect(client->status().account == by_token.id, "a failed sign-in changes nothing");
}

// Whether whoever kills the server has seen enough.
bool is_enough(const std::string& folder) { return std::ifstream(folder + "/enough").good(); }
// From here on the server may be killed.
void say_ready() { std::puts("ready"), std::fflush(stdout); }

// Posts all the time while the server is killed: each is there once. Now and then it begins anew
// with the same queue, as a game that crashes.
void posts(const std::string& server, const std::string& folder) {
  const std::string queue = folder + "/queue";
  auto client = open(server, queue);
  sign_up(*client, "mio_posts");
  const auto token =
      need<std::string>(*client, [&](auto then) { client->create_token("my game", then); });
  const auto hear = [&](const Result<Post>& post) {
    if (!post) fail("a post: " + post.error().message);
  };
  say_ready();
  int count = 0;
  for (; !is_enough(folder); ++count) {
    client->create_post("1", text("post " + std::to_string(count)), hear);
    tick_until(*client, [&] { return client->status().queued_count < 100; }, "room in the queue");
    if (count % 500 == 250) {
      client.reset();
      client = open(server, queue);
      client->use_token(token, nullptr);
    }
  }
  tick_until(*client, [&] { return client->status().queued_count == 0; }, "an empty queue");
  std::map<std::string, int> seen;
  Feed feed;
  feed.page.limit = 100;
  do {
    const PostPage page =
        need_fresh<PostPage>(*client, [&](auto then) { client->list_posts(feed, then); });
    for (const Post& post : page.posts) ++seen[post.text];
    feed.page.from = page.next;
  } while (!feed.page.from.empty());
  for (int i = 0; i < count; ++i)
    if (const int times = seen["post " + std::to_string(i)]; times != 1)
      fail("post " + std::to_string(i) + " is there " + std::to_string(times) + " times");
}

// A title, and who may ask about it.
struct Place {
  std::string id;
  std::string server_key;
  std::string client_key;
};

EntityRef boss() { return EntityRef("boss", "b1"); }

Outcome run(Client& client, const Command& command) {
  return need<Outcome>(client, [&](auto then) { client.send(command, then); });
}

// What a player may do, and what not, told by the server's rules.
void rules(const std::string& server, const Place& title) {
  auto host = open(server);
  need<GameSession>(*host,
                    [&](auto then) { host->open_game({title.id, {}, title.server_key}, then); });
  const Outcome begun = run(*host, Command("a1", "raid.begin").then(boss()["hp"].set(100)));
  expect(begun.applied() && begun.find(boss())->get("hp") == 100,
         "the title's server makes a boss");

  auto client = open(server);
  sign_up(*client, "mio_rules");
  const auto session = need<GameSession>(
      *client, [&](auto then) { client->open_game({title.id, title.client_key, {}}, then); });
  expect(session.player == client->status().account, "the player is who signed in");
  const auto attack = [](std::int64_t value) {
    return Command("a1", "raid.attack").when(boss()["hp"] > 0).then(boss()["hp"].sub_clamp(value));
  };
  const Outcome hit = run(*client, attack(40));
  expect(hit.applied() && hit.find(boss())->get("hp") == 60 && hit.seq > begun.seq, "an attack");
  const auto read = need<EntityRead>(
      *client, [&](auto then) { client->get_entity("a1", boss(), Consistency::at_least, then); });
  expect(read.entity.get("hp") == 60 && read.entity.version == 2, "one reads one's own commands");
  expect(run(*client, attack(51)).verdict == Verdict::invalid, "more than the rules allow");
  expect(
      run(*client, Command("a1", "x").then(boss()["hp"].sub_clamp(1))).verdict == Verdict::invalid,
      "a guard that the rules want");
  const Outcome late = run(*client, attack(1).when(before(client->server_time_ms() - 60'000)));
  expect(late.verdict == Verdict::rejected && late.guard == 1, "what comes too late");
  const Outcome wrong_version = run(*client, attack(1).when(boss().version_is(1)));
  expect(wrong_version.verdict == Verdict::version_mismatch, "another version");

  const auto chain = need<std::vector<Outcome>>(*client, [&](auto then) {
    client->send_linked({attack(10), attack(10).when(boss()["hp"] > 1'000)}, then);
  });
  expect(chain[0].verdict == Verdict::linked_failed && chain[0].linked == 1, "all or none");
  expect(chain[1].verdict == Verdict::rejected, "the one that failed");

  for (int i = 0; i < 3; ++i) (void)run(*client, attack(40));
  const Outcome dead = run(*client, attack(40));
  expect(dead.verdict == Verdict::rejected && dead.find(boss())->get("hp") == 0,
         "nobody dies twice");
  const auto looked_up =
      need<Outcome>(*client, [&](auto then) { client->look_up("a1", dead.key, then); });
  expect(looked_up.verdict == Verdict::rejected && looked_up.duplicate, "the outcome, again");
  const auto never = wait<Outcome>(*client, [&](auto then) {
    client->look_up("a1", "01930000-0000-7000-8000-000000000000", then);
  });
  expect(!never && never.error().code == Code::not_found, "what was never executed");

  // What is far from 53 bits comes back as it was sent.
  const EntityRef treasure("treasure", "t");
  const std::int64_t much = 9'223'372'036'854'775'807;
  (void)run(*host, Command("a1", "gold").then(treasure["gold"].set(much)));
  const auto gold = need<EntityRead>(
      *host, [&](auto then) { host->get_entity("a1", treasure, Consistency::linearizable, then); });
  expect(gold.entity.get("gold") == much, "64 bits");
}

// One player of fight(), who begins anew in the middle with the same queue.
struct Player {
  std::string queue;
  std::string token;
  std::unique_ptr<Client> client;
  std::map<std::string, std::int64_t> sent;  // what each key hits for
  std::map<std::string, int> applied;        // how often each key was told
  std::int64_t damage = 0;

  void hear(const Outcome& outcome) {
    if (!outcome.applied()) fail(std::string("an attack: ") + name_of(outcome.verdict));
    ++applied[outcome.key];
    damage += sent[outcome.key];
  }
  void begin(const std::string& server, const Place& title) {
    client.reset();
    client = open(server, queue, [this](const Recovered& recovered) {
      if (recovered.error) fail("recovered: " + recovered.error->message);
      for (const Outcome& outcome : recovered.outcomes) hear(outcome);
    });
    if (!token.empty()) client->use_token(token, nullptr);
    client->open_game({title.id, title.client_key, {}}, nullptr);
  }
  EntityRef entity() const { return EntityRef("raider", client->status().account); }
  void attack(std::int64_t value) {
    const std::string key = client->send(Command("a2", "raid.attack")
                                             .when(boss()["hp"] > 0)
                                             .then(boss()["hp"].sub_clamp(value))
                                             .then(entity()["damage"].add(value)),
                                         [this](const Result<Outcome>& outcome) {
                                           if (!outcome) fail("attack: " + outcome.error().message);
                                           hear(*outcome);
                                         });
    sent[key] = value;
  }
};

// Players attack one boss while the server is killed: what each was told, what the entities have
// and what the change feed lists are the same.
void fight(const std::string& server, const Place& title, const std::string& folder) {
  constexpr std::int64_t hp = 100'000;
  auto host = open(server);
  host->open_game({title.id, {}, title.server_key}, nullptr);
  (void)run(*host, Command("a2", "raid.begin").then(boss()["hp"].set(hp)));
  std::vector<Player> players(3);
  for (std::size_t i = 0; i < players.size(); ++i) {
    Player& player = players[i];
    player.queue = folder + "/queue-" + std::to_string(i);
    player.begin(server, title);
    sign_up(*player.client, "raider_" + std::to_string(i));
    player.token = need<std::string>(*player.client,
                                     [&](auto then) { player.client->create_token("raid", then); });
  }
  say_ready();
  int count = 0;
  for (; !is_enough(folder); ++count) {
    for (Player& player : players) {
      // The account is known again before the first attack of a new beginning.
      tick_until(
          *player.client, [&] { return !player.client->status().account.empty(); }, "sign-in");
      tick_until(
          *player.client, [&] { return player.client->status().queued_count < 500; }, "room");
      player.attack(1 + count % 3);
      if (count % 500 == 250) player.begin(server, title);
      player.client->tick();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  std::int64_t damage = 0;
  for (Player& player : players) {
    tick_until(
        *player.client, [&] { return player.client->status().queued_count == 0; }, "answers");
    for (const auto& [key, value] : player.sent)
      if (player.applied[key] != 1)
        fail(key + " was told " + std::to_string(player.applied[key]) + " times");
    const auto own = need<EntityRead>(*player.client, [&](auto then) {
      player.client->get_entity("a2", player.entity(), Consistency::linearizable, then);
    });
    expect(own.entity.get("damage") == player.damage, "a raider has what it was told");
    damage += player.damage;
  }
  const auto left = need<EntityRead>(
      *host, [&](auto then) { host->get_entity("a2", boss(), Consistency::linearizable, then); });
  expect(left.entity.get("hp") == hp - damage, "the boss lost what the raiders dealt");

  std::map<std::string, int> listed;
  std::int64_t seq = 0;
  std::int64_t hp_before = hp;
  bool is_whole = false;
  host->follow({"a2", "", 100}, [&](const Result<Changes>& changes) {
    if (!changes) fail("follow: " + changes.error().message);
    for (const Change& change : changes->changes) {
      expect(change.seq > seq, "the feed is in order");
      seq = change.seq;
      if (change.reason != "raid.attack") continue;
      ++listed[change.key];
      for (const Entity& entity : change.entities) {
        if (!(entity.name == boss().name())) continue;
        expect(entity.get("hp") < hp_before, "each attack hits what the one before left");
        hp_before = entity.get("hp");
      }
    }
    is_whole = hp_before == hp - damage;
  });
  tick_until(*host, [&] { return is_whole; }, "the whole feed");
  expect(listed.size() == players.size() * static_cast<std::size_t>(count),
         "every attack is listed");
  for (const auto& [key, times] : listed) expect(times == 1, "each once");
}

TradeOutcome trade(Client& host, const Trade& wanted) {
  return need<TradeOutcome>(host, [&](auto then) { host.propose(wanted, then); });
}

// Gold for points, by the title's own server, also while the server is killed: each trade counts
// once, of gold and of points.
void trades(const std::string& server, const Place& title, const std::string& folder) {
  auto host = open(server);
  need<GameSession>(*host,
                    [&](auto then) { host->open_game({title.id, {}, title.server_key}, then); });
  auto client = open(server);
  sign_up(*client, "mio_trades");
  const auto session = need<GameSession>(
      *client, [&](auto then) { client->open_game({title.id, title.client_key, {}}, then); });
  const std::string account = "account:" + session.player;
  const EntityRef gold("treasure", "g");
  (void)run(*host, Command("shop", "fill").then(gold["gold"].set(1'000'000)));
  const auto has = [&](const char* arena) {
    return need<EntityRead>(
               *host,
               [&](auto then) { host->get_entity(arena, gold, Consistency::linearizable, then); })
        .entity.get("gold");
  };
  const auto sale = [&](std::int64_t value) {
    return Trade("shop.sale")
        .leg(TradeLeg("shop").when(gold["gold"] > 0).take(gold["gold"], value))
        .leg(TradeLeg("mio").give(gold["gold"], value));
  };
  const TradeOutcome first = trade(*host, sale(30).pay("campaign:festival", account, 100));
  expect(first.applied() && first.settled && !first.duplicate, "a campaign pays a player");
  const TradeOutcome bought =
      trade(*host, sale(5).pay(account, "spend:shop", 60).as(session.player_token));
  expect(bought.applied() && has("mio") == 35, "a player pays");
  const TradeOutcome poor =
      trade(*host, sale(5).pay(account, "spend:shop", 41).as(session.player_token));
  expect(poor.verdict == TradeVerdict::rejected && poor.leg == 2U && poor.part == "points" &&
             has("mio") == 35,
         "more than there is");
  const auto forced = wait<TradeOutcome>(
      *host, [&](auto then) { host->propose(sale(5).pay(account, "spend:shop", 1), then); });
  expect(!forced && forced.error().code == Code::denied, "nobody pays without their token");
  const auto looked_up =
      need<TradeOutcome>(*host, [&](auto then) { host->look_up_trade(first.key, then); });
  expect(looked_up.applied() && looked_up.settled, "the outcome, again");
  const auto never = wait<TradeOutcome>(
      *host, [&](auto then) { host->look_up_trade("01930000-0000-7000-8000-000000000000", then); });
  expect(!never && never.error().code == Code::not_found, "what was never proposed");
  const TradeOutcome again =
      trade(*host, sale(30).pay("campaign:festival", account, 100).under(first.key));
  expect(again.applied() && again.duplicate && has("mio") == 35, "once under one key");

  say_ready();
  std::int64_t proposed = 0;
  std::int64_t applied = 0;
  const auto hear = [&](const Result<TradeOutcome>& outcome) {
    if (!outcome) fail("a trade: " + outcome.error().message);
    if (!outcome->applied()) fail("a trade: " + outcome->message);
    ++applied;
  };
  for (; !is_enough(folder); ++proposed) {
    host->propose(sale(1).pay("campaign:festival", account, 2), hear);
    tick_until(*host, [&] { return proposed - applied < 20; }, "answers");
  }
  tick_until(*host, [&] { return applied == proposed; }, "all answers");
  expect(proposed > 20, "there were some");
  tick_until(*host, [&] { return has("mio") == 35 + proposed; }, "each trade counts");
  expect(has("shop") == 1'000'000 - 35 - proposed, "nothing is lost");
  const auto pay = [&](std::int64_t amount) {
    return trade(*host, sale(1).pay(account, "spend:shop", amount).as(session.player_token));
  };
  tick_until(*host, [&] { return pay(40 + 2 * proposed).applied(); }, "all points are there");
  expect(pay(1).verdict == TradeVerdict::rejected, "and not one more");
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() == 2 && given[0] == "community") {
    community(given[1]);
  } else if (given.size() == 2 && given[0] == "identity") {
    identity(given[1]);
  } else if (given.size() == 3 && given[0] == "posts") {
    posts(given[1], given[2]);
  } else if (given.size() == 5 && given[0] == "rules") {
    rules(given[1], Place{given[2], given[3], given[4]});
  } else if (given.size() == 6 && given[0] == "fight") {
    fight(given[1], Place{given[2], given[3], given[4]}, given[5]);
  } else if (given.size() == 6 && given[0] == "trades") {
    trades(given[1], Place{given[2], given[3], given[4]}, given[5]);
  } else {
    fail(
        "client_live community|identity SERVER | posts SERVER FOLDER |\n"
        "rules SERVER TITLE SERVER_KEY CLIENT_KEY | fight|trades SERVER TITLE SERVER_KEY "
        "CLIENT_KEY "
        "FOLDER");
  }
  std::printf("ok\n");
}
