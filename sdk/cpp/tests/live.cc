// What a program that uses the client does with a real server; started by
// tests/functional/client_test.py, which kills the server meanwhile. Each scenario checks what it
// sees, and exits 1 where something is not as promised.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

std::unique_ptr<Client> open(const std::string& server, const std::string& queue = {}) {
  ClientOptions options;
  options.server = server;
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
  const PostPage page = need<PostPage>(*mio, [&](auto then) { mio->list_posts({}, then); });
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
      need<PeoplePage>(*mio, [&](auto then) { mio->list_empathies(post.id, {}, then); });
  expect(people.people.size() == 1 && people.people[0].handle == "ren_client", "who feels with it");
  const PostPage comments =
      need<PostPage>(*mio, [&](auto then) { mio->list_comments(post.id, {}, then); });
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
    const PostPage one = need<PostPage>(*mio, [&](auto then) { mio->list_posts(feed, then); });
    for (const Post& each : one.posts) expect(seen.insert(each.id).second, "each post comes once");
    feed.page.from = one.next;
  } while (!feed.page.from.empty());
  expect(seen.count(post.id) == 1, "paging comes to the first post");
  expect(need<PostPage>(*mio, [&](auto then) { mio->list_timeline({}, then); }).posts.size() == 2,
         "one's own posts are in the timeline");

  need<Done>(*mio, [&](auto then) { mio->delete_post(post.id, then); });
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

// Posts all the time while the server is killed: each is there once. It begins anew with the same
// queue in the middle, as a game that crashes.
void posts(const std::string& server, const std::string& queue, int count) {
  auto client = open(server, queue);
  sign_up(*client, "mio_posts");
  const auto token =
      need<std::string>(*client, [&](auto then) { client->create_token("my game", then); });
  const auto hear = [&](const Result<Post>& post) {
    if (!post) fail("a post: " + post.error().message);
  };
  for (int i = 0; i < count; ++i) {
    client->create_post("1", text("post " + std::to_string(i)), hear);
    tick_until(*client, [&] { return client->status().queued_count < 100; }, "room in the queue");
    if (i == count / 2) {
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
        need<PostPage>(*client, [&](auto then) { client->list_posts(feed, then); });
    expect(!page.stale, "all that was answered is in the feed");
    for (const Post& post : page.posts) ++seen[post.text];
    feed.page.from = page.next;
  } while (!feed.page.from.empty());
  for (int i = 0; i < count; ++i)
    if (const int times = seen["post " + std::to_string(i)]; times != 1)
      fail("post " + std::to_string(i) + " is there " + std::to_string(times) + " times");
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() == 2 && given[0] == "community") {
    community(given[1]);
  } else if (given.size() == 2 && given[0] == "identity") {
    identity(given[1]);
  } else if (given.size() == 4 && given[0] == "posts") {
    posts(given[1], given[2], std::atoi(given[3].c_str()));
  } else {
    fail("client_live community|identity SERVER | posts SERVER QUEUE COUNT");
  }
  std::printf("ok\n");
}
