// Goal: stop() ends everything, soon, and loses no request that has arrived.
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

class ShutdownTest : public testing::Test {
 protected:
  ShutdownTest() {
    options.port = 0;
    options.thread_count = 2;
    router.add(Method::get, "/hello", {}, [](const RequestPtr&, Responder respond) {
      respond.send(Response{.body = "hello"});
    });
    router.add(Method::get, "/held", {}, [this](const RequestPtr&, Responder respond) {
      const std::scoped_lock lock(mutex);
      kept.push_back(std::move(respond));
      changed.notify_all();
    });
    // Keeps the I/O thread busy, so that what comes meanwhile waits unread.
    router.add(Method::get, "/slow", {}, [this](const RequestPtr&, Responder respond) {
      {
        std::unique_lock lock(mutex);
        is_in_slow = true;
        changed.notify_all();
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return may_leave_slow; });
      }
      respond.send(Response{.body = "slow"});
    });
    router.add(Method::post, "/echo", {}, [](const RequestPtr& request, Responder respond) {
      respond.send(Response{.body = request->body});
    });
    router.add_stream("/stream", {}, [](const RequestPtr&, const std::shared_ptr<EventStream>& s) {
      s->send({.id = "1", .name = {}, .data = "ready"});
      return Result<void>();
    });
  }

  void start() {
    server = std::move(Server::listen(options, router)).value();
    server->start();
  }
  void wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), condition));
  }

  ServerOptions options;
  Router router;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Responder> kept;
  bool is_in_slow = false;
  bool may_leave_slow = false;
  std::unique_ptr<Server> server;
};

TEST_F(ShutdownTest, FinishesRequestsInFlight) {
  start();
  TestClient waiting(server->port());
  waiting.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  TestClient sending(server->port());
  sending.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  TestClient idle(server->port());
  EXPECT_EQ(idle.get("/hello").status, 200);
  TestClient streaming(server->port());
  streaming.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  streaming.read_until("ready\n\n");
  wait([&] { return kept.size() == 2; });

  std::thread stopper([&] { server->stop(); });
  EXPECT_TRUE(idle.has_ended());
  EXPECT_TRUE(streaming.has_ended());
  // Each thread stops listening in its turn.
  int attempts = 0;
  while (attempts < 2000 && TestClient(server->port()).is_connected()) {
    ++attempts;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(attempts, 2000) << "somebody still listens";
  sending.send("dy");
  const Reply echoed = sending.read();
  EXPECT_EQ(echoed.body, "body");
  EXPECT_EQ(echoed.header("connection"), "close");
  kept[1].send(Response{.body = "second"});
  kept[0].send(Response{.body = "first"});
  EXPECT_EQ(waiting.read().body, "first");
  const Reply last = waiting.read();
  EXPECT_EQ(last.body, "second");
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(waiting.has_ended());
  stopper.join();
  EXPECT_EQ(server->connection_count(), 0U);
}

// What the kernel took from a client before the shutdown is answered, though nobody had read it.
TEST_F(ShutdownTest, AnswersWhatHadArrivedUnread) {
  options.thread_count = 1;
  start();
  TestClient known(server->port());
  EXPECT_EQ(known.get("/hello").status, 200);
  TestClient slow(server->port());
  slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  wait([&] { return is_in_slow; });
  known.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  TestClient fresh(server->port());
  fresh.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  std::thread stopper([&] { server->stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  {
    const std::scoped_lock lock(mutex);
    may_leave_slow = true;
    changed.notify_all();
  }
  EXPECT_EQ(slow.read().body, "slow");
  EXPECT_EQ(known.read().body, "hello");
  EXPECT_EQ(fresh.read().body, "hello");
  for (TestClient* client : {&slow, &known, &fresh}) EXPECT_TRUE(client->has_ended());
  stopper.join();
}

TEST_F(ShutdownTest, WaitsForNobodyForEver) {
  options.shutdown_ms_max = 300;
  start();
  TestClient held(server->port());
  held.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  TestClient half(server->port());
  half.send("GET /hello HTTP/1.1\r\nHo");
  wait([&] { return kept.size() == 1; });
  server->stop();
  EXPECT_EQ(server->connection_count(), 0U);
  EXPECT_EQ(held.read().status, 0);
  EXPECT_EQ(half.read().status, 0);
  // Answers that come after the end go nowhere.
  kept[0].send(Response{});
  kept.clear();
}

TEST_F(ShutdownTest, EndsAServerThatNeverStarted) {
  auto unused = std::move(Server::listen(options, router)).value();
  unused->stop();
  unused->stop();
}

// Goal: no request is answered by half, and the end always comes. Method: stop under load.
TEST_F(ShutdownTest, StopsUnderLoad) {
  for (int round = 0; round < 5; ++round) {
    start();
    std::atomic<int> answered = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, port = server->port()] {
        for (;;) {
          TestClient client(port);
          if (!client.is_connected()) return;
          for (;;) {
            const Reply reply = client.get("/hello");
            if (reply.status == 0) break;
            EXPECT_EQ(reply.body, "hello");
            ++answered;
            if (reply.header("connection") == "close") break;
          }
        }
      });
    }
    while (answered < 500) std::this_thread::yield();
    server->stop();
    EXPECT_EQ(server->connection_count(), 0U);
    for (std::thread& client : clients) client.join();
  }
}

}  // namespace
}  // namespace matsuri::http
