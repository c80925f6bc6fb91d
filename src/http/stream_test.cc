// Goal: server-sent events on the wire: resumed, kept open, ended, and slow readers dropped.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "http/server.h"
#include "http/sse.h"
#include "http/testing_client.h"

namespace matsuri::http {
namespace {

// Answers a little later, from another thread.
class LateWaiter final : public PositionWaiter {
 public:
  bool has_passed(const PositionSet&) override { return false; }
  void wait(const PositionSet&, std::int64_t, std::move_only_function<void(bool)> done) override {
    thread_ = std::jthread([done = std::move(done)]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      done(true);
    });
  }

 private:
  std::jthread thread_;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    options.port = 0;
    options.thread_count = 1;
    options.position_waiter = &waiter;
    router.add_stream("/late", {.waits_for_position = true},
                      [](const RequestPtr&, const std::shared_ptr<EventStream>& stream) {
                        stream->send({.id = {}, .name = {}, .data = "late"});
                        stream->close();
                        return Result<void>();
                      });
    router.add_stream("/stream", {},
                      [this](const RequestPtr&, std::shared_ptr<EventStream> stream) {
                        stream->send({.id = "1", .name = "ready", .data = "{}"});
                        const std::scoped_lock lock(mutex);
                        opened = std::move(stream);
                        changed.notify_all();
                        return Result<void>();
                      });
    router.add_stream("/full", {}, [](const RequestPtr&, const std::shared_ptr<EventStream>&) {
      return Result<void>(Error(Code::busy, "no more streams"));
    });
    router.add_stream(
        "/mine", {.needs_account = true},
        [](const RequestPtr&, const std::shared_ptr<EventStream>&) { return Result<void>(); });
    router.add(Method::get, "/hello", {}, [](const RequestPtr&, Responder respond) {
      respond.send(Response{.body = "hello"});
    });
  }

  TestClient open(std::string_view headers = {}, int receive_size = 0) {
    if (!server) {
      server = std::move(Server::listen(options, router)).value();
      server->start();
    }
    TestClient client(server->port(), receive_size);
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n");
    return client;
  }
  std::shared_ptr<EventStream> stream() {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return opened != nullptr; });
    return std::exchange(opened, nullptr);
  }

  LateWaiter waiter;
  ServerOptions options;
  Router router;
  std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<EventStream> opened;
  std::unique_ptr<Server> server;
};

TEST_F(StreamTest, SendsEventsAsTheyCome) {
  TestClient client = open("Last-Event-ID: 42\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n"));
  for (const std::string_view line : {"content-type: text/event-stream", "cache-control: no-store",
                                      "connection: close", "content-security-policy: "})
    EXPECT_NE(head.find(line), std::string::npos) << line;
  EXPECT_EQ(head.find("content-length"), std::string::npos);
  EXPECT_TRUE(client.read_until("\n\n").starts_with("retry: "));
  EXPECT_EQ(client.read_until("\n\n"), "id: 1\nevent: ready\ndata: {}\n\n");
  const auto live = stream();
  EXPECT_EQ(live->last_event_id(), "42");
  for (int i = 2; i < 100; ++i)
    EXPECT_TRUE(live->send({.id = std::to_string(i), .name = "post", .data = "x"}));
  for (int i = 2; i < 100; ++i)
    EXPECT_EQ(client.read_until("\n\n"), "id: " + std::to_string(i) + "\nevent: post\ndata: x\n\n");
}

TEST_F(StreamTest, SendsAllThatWasSentBeforeTheEnd) {
  TestClient client = open();
  const auto live = stream();
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    live->send({.id = {}, .name = {}, .data = std::to_string(i)});
    expected += "data: " + std::to_string(i) + "\n\n";
  }
  live->close();
  EXPECT_FALSE(live->is_open());
  EXPECT_FALSE(live->send({.id = {}, .name = {}, .data = "late"}));
  EXPECT_TRUE(client.read_to_end().ends_with(expected));
  EXPECT_TRUE(client.has_ended());
}

// Sending as fast as the client reads: nothing grows, nothing is lost.
TEST_F(StreamTest, KeepsUpWithASenderThatNeverPauses) {
  TestClient client = open();
  const auto live = stream();
  constexpr int count = 100'000;
  std::atomic<int> read_count = 0;
  std::thread sender([&] {
    for (int i = 0; i < count; ++i) {
      while (i - read_count > 2000) std::this_thread::yield();
      if (!live->send({.id = {}, .name = {}, .data = std::to_string(i)})) return;
    }
  });
  client.read_until("{}\n\n");
  for (; read_count < count; ++read_count)
    ASSERT_EQ(client.read_until("\n\n"), "data: " + std::to_string(read_count) + "\n\n");
  sender.join();
}

TEST_F(StreamTest, DropsAClientThatReadsTooSlowly) {
  options.write_timeout_ms = 300;
  TestClient slow = open({}, 4096);
  const auto live = stream();
  std::atomic<bool> is_gone = false;
  live->on_close([&] { is_gone = true; });
  const std::string data(10'000, 'x');
  int sent = 0;
  while (live->send({.id = {}, .name = {}, .data = data}) && sent < 100'000) ++sent;
  EXPECT_LT(sent, 100'000);
  for (int i = 0; i < 2000 && !is_gone; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(is_gone);
  EXPECT_FALSE(live->is_open());
  // The stream is told first.
  for (int i = 0; i < 2000 && server->connection_count() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(server->connection_count(), 0U);
}

// Who was away for long has more to catch up on than the buffer holds: each time it comes back, it
// gets further.
TEST_F(StreamTest, LetsAClientCatchUpStepByStep) {
  constexpr int count = 3000;
  router.add_stream("/past", {}, [](const RequestPtr&, const std::shared_ptr<EventStream>& s) {
    const std::string data(1000, 'x');
    for (int id = std::atoi(s->last_event_id().c_str()) + 1; id <= count; ++id)
      if (!s->send({.id = std::to_string(id), .name = {}, .data = data})) return Result<void>();
    s->close();
    return Result<void>();
  });
  server = std::move(Server::listen(options, router)).value();
  server->start();
  int last = 0;
  for (int round = 0; round < 100 && last < count; ++round) {
    TestClient client(server->port());
    client.send("GET /past HTTP/1.1\r\nHost: a\r\nLast-Event-ID: " + std::to_string(last) +
                "\r\n\r\n");
    const std::string text = client.read_to_end();
    for (std::size_t at = 0; (at = text.find("\nid: ", at)) != std::string::npos; ++at)
      ASSERT_EQ(std::atoi(text.c_str() + at + 5), ++last);
  }
  EXPECT_EQ(last, count);
}

TEST_F(StreamTest, TellsWhenTheClientIsGone) {
  std::atomic<bool> is_gone = false;
  std::shared_ptr<EventStream> live;
  {
    TestClient client = open();
    client.read_until("{}\n\n");
    live = stream();
    live->on_close([&] { is_gone = true; });
  }
  for (int i = 0; i < 2000 && !is_gone; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(is_gone);
  EXPECT_FALSE(live->send({.id = {}, .name = {}, .data = "x"}));
}

TEST_F(StreamTest, KeepsAQuietStreamOpen) {
  options.stream_heartbeat_ms = 150;
  options.idle_timeout_ms = 200;
  TestClient client = open();
  client.read_until("{}\n\n");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
  EXPECT_TRUE(stream()->send({.id = {}, .name = {}, .data = "x"}));
  EXPECT_NE(client.read_until("data: x\n\n"), "");
}

TEST_F(StreamTest, AnswersWhatCameBeforeAndNothingThatComesAfter) {
  TestClient client = open();
  client.read_until("{}\n\n");
  stream();
  TestClient mixed(server->port());
  mixed.send(
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(mixed.read().body, "hello");
  EXPECT_TRUE(mixed.read_until("\n\n").starts_with("HTTP/1.1 200 OK"));
  mixed.read_until("{}\n\n");
  const auto live = stream();
  mixed.send("more");
  live->send({.id = {}, .name = {}, .data = "last"});
  live->close();
  EXPECT_EQ(mixed.read_to_end(), "data: last\n\n");
}

// While a stream waits to be opened, what came after it must not be answered into it.
TEST_F(StreamTest, AnswersNothingIntoAStreamThatOpensLate) {
  TestClient first = open();
  PositionSet seen;
  seen.raise(Position{.origin = {}, .offset = 7});
  TestClient mixed(server->port());
  mixed.send("GET /late HTTP/1.1\r\nHost: a\r\nMatsuri-Position: " + seen.to_token() +
             "\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(mixed.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
  mixed.read_until("\n\n");
  EXPECT_EQ(mixed.read_to_end(), "data: late\n\n");
}

TEST_F(StreamTest, RefusesStreamsAsItRefusesRequests) {
  TestClient client = open();
  const auto live = stream();
  TestClient full(server->port());
  const Reply busy = full.get("/full");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("content-type"), "application/problem+json");
  EXPECT_EQ(TestClient(server->port()).get("/mine").status, 401);
  TestClient head(server->port());
  head.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const Reply refused = head.read(BodyRule::none);
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("allow"), "GET");
}

}  // namespace
}  // namespace matsuri::http
