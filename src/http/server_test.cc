// Goal: what a client sees on the wire. Method: real sockets on the loopback, short timeouts.
#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/assert.h"
#include "http/testing_client.h"

namespace matsuri::http {
namespace {

// Responders that a test answers when it likes, in the order that it likes.
class Held {
 public:
  void add(Responder respond) {
    {
      const std::scoped_lock lock(mutex_);
      responders_.push_back(std::move(respond));
    }
    changed_.notify_all();
  }
  Responder take(std::size_t count) {  // the last, once there are so many
    std::unique_lock lock(mutex_);
    const bool has_come = changed_.wait_for(lock, std::chrono::seconds(20),
                                            [&] { return responders_.size() >= count; });
    MATSURI_ASSERT(has_come, "the request was not handed on");
    Responder last = std::move(responders_.back());
    responders_.pop_back();
    return last;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Responder> responders_;
};

class FakeWaiter final : public PositionWaiter {
 public:
  bool has_passed(const PositionSet& position) override {
    return position.positions()[0].offset <= 1;
  }
  void wait(const PositionSet& position, std::int64_t timeout_ms,
            std::move_only_function<void(bool)> done) override {
    waited_ms = timeout_ms;
    // From another thread, as the stream does.
    std::thread([passes = position.positions()[0].offset <= 2, done = std::move(done)]() mutable {
      done(passes);
    }).detach();
  }
  std::atomic<std::int64_t> waited_ms = 0;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options.port = 0;
    options.thread_count = 2;
    options.address_read = options.address_write = {.per_minute = 0, .burst = 0};
    options.position_waiter = &waiter;
    options.metrics = &registry;
    options.static_files = {{.path = "/big.bin",
                             .content_type = "application/octet-stream",
                             .etag = "e",
                             .identity = as_bytes(big)},
                            {.path = "/app.js",
                             .content_type = "text/javascript",
                             .etag = "e2",
                             .immutable = true,
                             .identity = as_bytes("plain"),
                             .gzip = as_bytes("zipped")}};
    router.add(Method::get, "/hello", {}, [](const RequestPtr&, Responder respond) {
      respond.send(Response{.body = "\"hello\""});
    });
    router.add(Method::get, "/echo/{word}", {}, [](const RequestPtr& request, Responder respond) {
      respond.send(Response{.body = std::string(request->path_parameter("word"))});
    });
    router.add(Method::post, "/echo", {.body_size_max = 100'000},
               [](const RequestPtr& request, Responder respond) {
                 respond.send(Response{.status = 201, .body = request->body});
               });
    router.add(Method::post, "/small", {.body_size_max = 10},
               [](const RequestPtr& request, Responder respond) {
                 respond.send(Response{.body = request->body});
               });
    router.add(Method::get, "/held", {},
               [this](const RequestPtr&, Responder respond) { held.add(std::move(respond)); });
    router.add(Method::get, "/dropped", {}, [](const RequestPtr&, Responder) {});
    router.add(Method::get, "/position", {.waits_for_position = true},
               [](const RequestPtr&, Responder respond) {
                 Response response;
                 response.position.raise(Position{.origin = {.node = Node{9}}, .offset = 3});
                 respond.send(std::move(response));
               });
  }

  Server& start() {
    auto made = Server::listen(options, router);
    EXPECT_TRUE(made.ok());
    server = std::move(made).value();
    server->start();
    return *server;
  }
  TestClient client() {
    if (!server) start();
    return TestClient(server->port());
  }

  const std::string big = std::string(300'000, 'b');
  Held held;
  FakeWaiter waiter;
  metrics::Registry registry;
  ServerOptions options;
  Router router;
  std::unique_ptr<Server> server;
};

const std::string hello_request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Address, IsAHostAndAPort) {
  const auto text_of = [](std::string_view text) -> std::string {
    const Result<Address> address = parse_address(text);
    if (!address.ok()) return address.error().message();
    return address->host + ' ' + std::to_string(address->port);
  };
  EXPECT_EQ(text_of("127.0.0.1:8080"), "127.0.0.1 8080");
  EXPECT_EQ(text_of("[::1]:0"), "::1 0");
  EXPECT_EQ(text_of("localhost:65535"), "localhost 65535");
  const std::string refused = "listen: HOST:PORT is taken, like 127.0.0.1:8080";
  for (const char* text : {"", ":", "8080", ":8080", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:80 ", "127.0.0.1:http"})
    EXPECT_EQ(text_of(text), refused) << text;
}

// Goal: more than are let in at a time wait in the kernel's line, and all of them get in.
TEST_F(ServerTest, LetsInACrowdThatWaits) {
  constexpr std::size_t count = 300;
  server = std::move(Server::listen(options, router)).value();
  std::vector<TestClient> clients;
  for (std::size_t i = 0; i < count; ++i) clients.emplace_back(server->port());
  server->start();
  for (TestClient& client : clients) client.send(hello_request);
  for (TestClient& client : clients) EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(server->connection_count(), count);
}

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  TestClient one = client();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(one.get("/hello").body, "\"hello\"");
  EXPECT_EQ(one.post("/echo", std::string(100'000, 'x')).body.size(), 100'000U);
  EXPECT_EQ(one.get("/nowhere").status, 404);
  EXPECT_EQ(one.post("/nowhere", "a body that is thrown away").status, 404);
  EXPECT_EQ(one.post("/hello", "").status, 405);
  EXPECT_EQ(one.get("/echo/a%20b").body, "a b");
  EXPECT_EQ(server->connection_count(), 1U);
}

TEST_F(ServerTest, EndsAConnectionWhenTheClientWantsIt) {
  TestClient closing = client();
  EXPECT_EQ(closing.get("/hello", "Connection: close\r\n").header("connection"), "close");
  EXPECT_TRUE(closing.has_ended());
  TestClient old = client();
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read().body, "\"hello\"");
  EXPECT_TRUE(old.has_ended());
  TestClient kept = client();
  kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.read().header("connection"), "keep-alive");
  EXPECT_EQ(kept.get("/hello").status, 200);
  // Who ends its side still gets the answer to what it asked.
  TestClient half = client();
  half.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /he");
  half.end_sending();
  held.take(1).send(Response{.body = "late"});
  EXPECT_EQ(half.read().body, "late");
  EXPECT_TRUE(half.has_ended());
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrder) {
  TestClient one = client();
  one.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\n" +
           hello_request + "GET /app.js HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder second = held.take(2);
  second.send(Response{.body = "second"});
  held.take(1).send(Response{.body = "first"});
  EXPECT_EQ(one.read().body, "first");
  EXPECT_EQ(one.read().body, "second");
  EXPECT_EQ(one.read().body, "\"hello\"");
  EXPECT_EQ(one.read().body, "plain");
}

TEST_F(ServerTest, AnswersManyPipelinedRequestsWhateverTheCut) {
  std::string requests;
  for (int i = 0; i < 500; ++i)
    requests += "GET /echo/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::size_t piece : {std::size_t{7}, std::size_t{1000}, requests.size()}) {
    TestClient one = client();
    std::thread sender([&] {
      for (std::size_t at = 0; at < requests.size(); at += piece)
        one.send(std::string_view(requests).substr(at, piece));
    });
    for (int i = 0; i < 500; ++i) EXPECT_EQ(one.read().body, std::to_string(i));
    sender.join();
  }
}

// A client that asks for much and reads nothing must not make the server hold all the answers.
TEST_F(ServerTest, ReadsNoMoreRequestsThanItCanAnswer) {
  options.thread_count = 1;
  options.write_timeout_ms = 20'000;
  TestClient one = client();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n";
  std::thread sender([&] { one.send(requests); });
  // All of the bytes arrive in a few reads; the answers would be 300 MB. Each is still answered.
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(one.read().body.size(), big.size());
  sender.join();
  const auto answered = [&] {
    const std::string text = registry.to_text();
    static constexpr std::string_view series =
        "\nmatsuri_http_requests_total{method=\"GET\",route=\"(files)\",status=\"2xx\"} ";
    const std::size_t at = text.find(series);
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + series.size());
  };
  ASSERT_EQ(answered(), 1000);
  TestClient deaf(server->port(), 4096);
  deaf.send(requests);
  for (int i = 0; i < 2000 && answered() == 1000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(client().get("/hello").status, 200);
  EXPECT_GT(answered(), 1000);
  EXPECT_LT(answered(), 1100) << "answers were made that nobody reads";
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  TestClient one = client();
  one.send(
      "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nHEAD /app.js HTTP/1.1\r\nHost: a\r\n\r\n"
      "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" +
      hello_request);
  const Reply head = one.read(BodyRule::none);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "7");
  EXPECT_EQ(one.read(BodyRule::none).header("content-length"), "5");
  EXPECT_EQ(one.read(BodyRule::none).status, 404);
  EXPECT_EQ(one.read().body, "\"hello\"");
}

TEST_F(ServerTest, SendsFilesInTheFormThatTheClientReads) {
  TestClient one = client();
  const Reply zipped = one.get("/app.js", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(zipped.body, "zipped");
  EXPECT_EQ(zipped.header("content-encoding"), "gzip");
  EXPECT_EQ(zipped.header("cache-control"), "public, max-age=31536000, immutable");
  one.send("GET /app.js HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nIf-None-Match: " +
           zipped.header("etag") + "\r\n\r\n");
  EXPECT_EQ(one.read(BodyRule::none).status, 304);
  EXPECT_EQ(one.get("/big.bin").body, big);
  EXPECT_EQ(one.post("/app.js", "").header("allow"), "GET, HEAD");
}

TEST_F(ServerTest, WaitsForTheBodyUntilItWasAllowed) {
  TestClient one = client();
  one.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(one.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  one.send("body");
  EXPECT_EQ(one.read().body, "body");
  one.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(one.read().status, 413) << "without having sent it";
  EXPECT_TRUE(one.has_ended());
}

TEST_F(ServerTest, RefusesBodiesThatAreTooLarge) {
  TestClient exact = client();
  EXPECT_EQ(exact.post("/small", "0123456789").body, "0123456789");
  EXPECT_EQ(exact.post("/small", "0123456789a").status, 413);
  EXPECT_EQ(exact.get("/hello").status, 200) << "a small body is read, and the connection goes on";
  TestClient large = client();
  // The answer arrives although much more was sent than was read.
  large.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
  std::thread sender([&] {
    const std::string piece(90'000, 'x');
    for (int i = 0; i < 100 && large.send(piece); ++i) {
    }
  });
  EXPECT_EQ(large.read().status, 413);
  EXPECT_TRUE(large.has_ended());
  sender.join();
  TestClient chunked = client();
  chunked.send(
      "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "a\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read().status, 413);
  EXPECT_TRUE(chunked.has_ended());
}

TEST_F(ServerTest, AnswersOnceMoreAndEndsWhereTheBytesMakeNoSense) {
  TestClient one = client();
  one.send(hello_request + "what is this\r\n\r\n" + hello_request);
  EXPECT_EQ(one.read().status, 200);
  const Reply refused = one.read();
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.header("content-type"), "application/problem+json");
  EXPECT_EQ(refused.header("connection"), "close");
  EXPECT_TRUE(one.has_ended());
  TestClient wide = client();
  wide.send("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(wide.read().status, 431);
  TestClient far = client();
  far.send("GET /" + std::string(9000, 'x'));
  EXPECT_EQ(far.read().status, 414);
}

TEST_F(ServerTest, AnswersWhatAHandlerDropped) {
  TestClient one = client();
  EXPECT_EQ(one.get("/dropped").status, 500);
  EXPECT_EQ(one.get("/hello").status, 200);
}

TEST_F(ServerTest, DropsAnswersThatNobodyWaitsFor) {
  options.shutdown_ms_max = 100;
  {
    TestClient gone = client();
    gone.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    held.take(1).send(Response{});
  }
  {
    TestClient gone = client();
    gone.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    Responder late = held.take(1);
    server->stop();
    late.send(Response{});
  }
}

TEST_F(ServerTest, WaitsForAPositionAndSaysWhereItIsStale) {
  TestClient one = client();
  const auto token = [](std::uint64_t offset) {
    PositionSet set;
    set.raise({.origin = {}, .offset = offset});
    return "Matsuri-Position: " + set.to_token() + "\r\n";
  };
  EXPECT_EQ(one.get("/position", token(1)).header("matsuri-stale"), "") << "passed before";
  EXPECT_EQ(waiter.waited_ms, 0);
  EXPECT_EQ(one.get("/position", token(2)).header("matsuri-stale"), "") << "passed meanwhile";
  EXPECT_EQ(waiter.waited_ms, 300);
  const Reply stale = one.get("/position", token(3));
  EXPECT_EQ(stale.status, 200);
  EXPECT_EQ(stale.header("matsuri-stale"), "1");
  PositionSet both = PositionSet::from_token(stale.header("matsuri-position")).value();
  EXPECT_EQ(both.positions().size(), 2U) << "what the client knew, and what it read";
}

TEST_F(ServerTest, TellsTheRate) {
  options.address_read = {.per_minute = 1, .burst = 2};
  TestClient one = client();
  const Reply first = one.get("/hello");
  EXPECT_EQ(first.header("ratelimit-limit"), "2");
  EXPECT_EQ(first.header("ratelimit-remaining"), "1");
  EXPECT_EQ(one.get("/hello").status, 200);
  const Reply refused = one.get("/hello");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("ratelimit-remaining"), "0");
  EXPECT_NE(refused.header("retry-after"), "");
}

// ---- Time

TEST_F(ServerTest, EndsConnectionsThatAreIdle) {
  options.idle_timeout_ms = 600;
  TestClient fresh = client();
  EXPECT_TRUE(fresh.has_ended());
  TestClient used = client();
  EXPECT_EQ(used.get("/hello").status, 200);
  EXPECT_EQ(used.get("/hello").status, 200);
  EXPECT_TRUE(used.has_ended());
  // Who waits for an answer is not idle.
  TestClient waiting = client();
  waiting.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  Responder late = held.take(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  late.send(Response{.body = "late"});
  EXPECT_EQ(waiting.read().body, "late");
  EXPECT_EQ(waiting.get("/hello").status, 200) << "and has its time after the answer";
}

TEST_F(ServerTest, EndsRequestsThatNeverEnd) {
  options.header_timeout_ms = 300;
  options.body_timeout_ms = 300;
  start();
  // A byte now and then does not buy more time.
  const auto drip = [&](std::string_view start) {
    TestClient slow(server->port());
    slow.send(start);
    std::atomic<bool> is_over = false;
    std::thread dripper([&] {
      while (!is_over && slow.send("a")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    });
    const Reply reply = slow.read();
    is_over = true;
    dripper.join();
    EXPECT_EQ(reply.header("connection"), "close");
    return reply.status;
  };
  EXPECT_EQ(drip("GET /hello HTTP/1.1\r\nHost: a\r\nX: "), 408);
  EXPECT_EQ(drip("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"), 408);
}

TEST_F(ServerTest, EndsConnectionsThatDoNotRead) {
  options.write_timeout_ms = 300;
  start();
  TestClient deaf(server->port(), 4096);
  EXPECT_EQ(deaf.get("/hello").status, 200);
  std::string requests;
  for (int i = 0; i < 60; ++i) requests += "GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n";
  deaf.send(requests);
  for (int i = 0; i < 2000 && server->connection_count() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(server->connection_count(), 0U);
}

// A client that reads slowly but steadily gets all, although no request comes meanwhile.
TEST_F(ServerTest, KeepsTheConnectionWhileAnAnswerIsOnItsWay) {
  options.idle_timeout_ms = 300;
  start();
  TestClient slow(server->port(), 4096);
  slow.send(hello_request);
  EXPECT_EQ(slow.read().status, 200);
  slow.send(hello_request);  // in a row: from here on it is read with a buffer of its own
  EXPECT_EQ(slow.read().status, 200);
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n";
  slow.send(requests);
  for (int i = 0; i < 20; ++i) {
    if (i == 0 || i == 10) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    ASSERT_EQ(slow.read().body.size(), big.size()) << i;
  }
}

TEST_F(ServerTest, TakesNoMoreConnectionsThanItMay) {
  options.thread_count = 1;
  options.connection_count_max = 3;
  options.idle_timeout_ms = 1000;
  start();
  TestClient clients[4] = {TestClient(server->port()), TestClient(server->port()),
                           TestClient(server->port()), TestClient(server->port())};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(clients[i].get("/hello").status, 200);
  clients[3].send(hello_request);
  EXPECT_LE(server->connection_count(), 3U);
  EXPECT_EQ(clients[3].read().status, 200) << "as soon as one of the others is gone";
}

TEST_F(ServerTest, SaysThatThePortIsTaken) {
  start();
  ServerOptions same = options;
  same.port = server->port();
  EXPECT_EQ(Server::listen(same, router).error().code(), Code::busy);
  same.host = "nowhere.example";
  EXPECT_EQ(Server::listen(same, router).error().code(), Code::invalid);
}

}  // namespace
}  // namespace matsuri::http
