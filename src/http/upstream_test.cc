// Goal: every request that is passed on is answered once, with its own answer, or busy: whatever the
// other side does.
#include "http/upstream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/internal/pause.h"
#include "http/server.h"

namespace matsuri::http {
namespace {

class UpstreamTest : public testing::Test {
 protected:
  UpstreamTest() {
    router.add(Method::post, "/echo", {.cost = Cost::none},
               [](const RequestPtr& request, Responder respond) {
                 Response response{.status = 201,
                                   .content_type = "text/plain",
                                   .body = request->query + '|' +
                                           std::string(request->header("matsuri-pass")) + '|' +
                                           request->body};
                 response.headers = {{"Cache-Control", "no-cache"}, {"Retry-After", "7"}};
                 response.headers.emplace_back("X-Secret", "stays");
                 respond.send(std::move(response));
               });
    router.add(Method::get, "/held", {}, [this](const RequestPtr&, Responder respond) {
      const std::scoped_lock lock(mutex);
      held.push_back(std::move(respond));
      changed.notify_all();
    });
    router.add(Method::get, "/large", {}, [](const RequestPtr&, Responder respond) {
      respond.send(Response{.body = std::string(5000, 'x')});
    });
  }

  void start_server(std::uint16_t port = 0) {
    server_options.port = port;
    server = std::move(Server::listen(server_options, router)).value();
    server->start();
    options.port = server->port();
  }
  std::future<Response> ask(Upstream& upstream, Forwarded request) {
    auto answered = std::make_shared<std::promise<Response>>();
    upstream.forward(std::move(request),
                     [answered](Response response) { answered->set_value(std::move(response)); });
    return answered->get_future();
  }
  static Forwarded echo(std::string body) {
    return {.method = Method::post,
            .target = "/echo?a=b%20c",
            .headers = {{"Matsuri-Pass", "signed"}},
            .body = std::move(body)};
  }
  static Forwarded get(std::string target) { return {.target = std::move(target)}; }
  void wait_until_held(std::size_t count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return held.size() >= count; }));
  }
  void answer_held() {
    const std::scoped_lock lock(mutex);
    for (Responder& one : held) one.send(Response{.body = "late"});
    held.clear();
  }
  static void expect_busy(std::future<Response> future, std::string_view why) {
    const Response response = future.get();
    EXPECT_EQ(response.status, 503);
    EXPECT_NE(response.body.find("\"busy\""), std::string::npos) << response.body;
    EXPECT_NE(response.body.find(why), std::string::npos) << response.body;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Responder> held;
  ServerOptions server_options{.thread_count = 1};
  Router router;
  UpstreamOptions options;
  std::unique_ptr<Server> server;
};

TEST_F(UpstreamTest, PassesOnWhatItIsToldAndBackWhatCounts) {
  start_server();
  Upstream upstream(options);
  const Response response = ask(upstream, echo("the body")).get();
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.content_type, "text/plain");
  EXPECT_EQ(response.body, "a=b%20c|signed|the body");
  EXPECT_EQ(response.headers, (std::vector<std::pair<std::string, std::string>>{
                                  {"Cache-Control", "no-cache"}, {"Retry-After", "7"}}));
}

TEST_F(UpstreamTest, ManyAtOnceGetTheirOwnAnswers) {
  start_server();
  options.connection_count_max = 4;
  Upstream upstream(options);
  std::vector<std::thread> senders;
  std::atomic<int> right = 0;
  for (int sender = 0; sender < 8; ++sender) {
    senders.emplace_back([&, sender] {
      std::vector<std::future<Response>> answers;
      for (int i = 0; i < 200; ++i)
        answers.push_back(ask(upstream, echo(std::to_string(sender * 1000 + i))));
      for (int i = 0; i < 200; ++i)
        right += answers[static_cast<std::size_t>(i)].get().body ==
                 "a=b%20c|signed|" + std::to_string(sender * 1000 + i);
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(right, 1600);
  EXPECT_LE(server->connection_count(), 4U);
}

TEST_F(UpstreamTest, TheOtherSideMayGoAndComeBack) {
  start_server();
  Upstream upstream(options);
  EXPECT_EQ(ask(upstream, echo("a")).get().status, 201);
  server.reset();
  expect_busy(ask(upstream, echo("b")), "can't be reached");
  start_server(options.port);
  // The connection that was kept is dead, and nobody is to notice.
  EXPECT_EQ(ask(upstream, echo("c")).get().body, "a=b%20c|signed|c");
  server.reset();
  start_server(options.port);
  EXPECT_EQ(ask(upstream, echo("d")).get().body, "a=b%20c|signed|d");
}

TEST_F(UpstreamTest, AnAnswerThatComesTooLateIsNobodysAnswer) {
  start_server();
  options.timeout_ms = 3000;  // enough for all that is to be in time
  options.connection_count_max = 1;
  Upstream upstream(options);
  std::future<Response> late = ask(upstream, get("/held"));
  wait_until_held(1);
  expect_busy(std::move(late), "no whole answer");
  answer_held();
  EXPECT_EQ(ask(upstream, echo("next")).get().body, "a=b%20c|signed|next");
}

TEST_F(UpstreamTest, WhoGetsNoConnectionInTimeIsToldSo) {
  start_server();
  options.timeout_ms = 3000;  // enough for the first to be sent
  options.connection_count_max = 1;
  Upstream upstream(options);
  // The connection comes free when the second's time is over too, however close the two are.
  std::promise<Response> first;
  std::promise<std::chrono::steady_clock::time_point> second_due;
  upstream.forward(get("/held"), [&](Response response) {
    std::this_thread::sleep_until(second_due.get_future().get());
    first.set_value(std::move(response));
  });
  std::future<Response> second = ask(upstream, echo("waits"));
  second_due.set_value(std::chrono::steady_clock::now() +
                       std::chrono::milliseconds(options.timeout_ms));
  expect_busy(first.get_future(), "no whole answer");
  expect_busy(std::move(second), "in time");
  answer_held();
}

TEST_F(UpstreamTest, AtTheLimitOneWaitsAndOnePastItIsRefused) {
  start_server();
  options.connection_count_max = 1;
  options.waiting_count_max = 2;
  Upstream upstream(options);
  std::future<Response> held_one = ask(upstream, get("/held"));
  wait_until_held(1);
  std::future<Response> a = ask(upstream, echo("a")), b = ask(upstream, echo("b"));
  expect_busy(ask(upstream, echo("c")), "too many wait");
  answer_held();
  EXPECT_EQ(held_one.get().body, "late");
  EXPECT_EQ(a.get().body, "a=b%20c|signed|a");
  EXPECT_EQ(b.get().body, "a=b%20c|signed|b");
}

TEST_F(UpstreamTest, WhoYieldsIsRefusedWhereHalfAreThere) {
  start_server();
  options.connection_count_max = 1;
  options.waiting_count_max = 4;
  Upstream upstream(options);
  std::future<Response> held_one = ask(upstream, get("/held"));
  wait_until_held(1);
  const auto yielding = [](std::string body) {
    Forwarded request = echo(std::move(body));
    request.yields = true;
    return request;
  };
  std::future<Response> a = ask(upstream, yielding("a")), b = ask(upstream, yielding("b"));
  expect_busy(ask(upstream, yielding("c")), "too many wait");
  std::future<Response> c = ask(upstream, echo("c")), d = ask(upstream, echo("d"));
  expect_busy(ask(upstream, echo("e")), "too many wait");
  answer_held();
  EXPECT_EQ(held_one.get().body, "late");
  EXPECT_EQ(a.get().body, "a=b%20c|signed|a");
  EXPECT_EQ(b.get().body, "a=b%20c|signed|b");
  EXPECT_EQ(c.get().body, "a=b%20c|signed|c");
  EXPECT_EQ(d.get().body, "a=b%20c|signed|d");
}

// Goal: those who yield are told to stay away until those refused before them had their turn, and
// nobody else is.
TEST_F(UpstreamTest, WhoYieldsIsToldToStayAwayForLonger) {
  start_server();
  options.connection_count_max = 1;
  options.waiting_count_max = 2;
  options.timeout_ms = 60'000;
  Upstream upstream(options);
  std::future<Response> held_one = ask(upstream, get("/held"));
  wait_until_held(1);
  std::future<Response> a = ask(upstream, echo("a")), b = ask(upstream, echo("b"));
  const auto told = [&](bool yields) {
    Forwarded request = echo("c");
    request.yields = yields;
    const Response response = ask(upstream, std::move(request)).get();
    EXPECT_EQ(response.status, 503);
    for (const auto& [name, value] : response.headers)
      if (name == "retry-after") return std::stoi(value);
    return 0;
  };
  EXPECT_EQ(told(true), 1);
  const auto due = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int longest = 1;
  while (longest < 30 && std::chrono::steady_clock::now() < due) {
    const int seconds = told(true);
    EXPECT_GE(seconds, longest);
    longest = seconds;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(longest, 30);
  EXPECT_EQ(told(false), 1);
  answer_held();
  held_one.wait();
}

TEST(Pause, IsThePlaceInALineOfWhoeverIsAway) {
  Pause pause;
  const auto refuse = [&](int count) {
    std::int64_t last = 0;
    for (int i = 0; i < count; ++i) last = pause.refuse();
    return last;
  };
  const auto second = [&](int served) {
    for (int i = 0; i < served; ++i) pause.serve();
    pause.adapt();
  };
  EXPECT_EQ(refuse(1000), 1);  // nobody knows yet how many are served
  for (int i = 0; i < 40; ++i) second(100);
  EXPECT_EQ(refuse(1), 1);
  EXPECT_EQ(refuse(149), 2);
  EXPECT_EQ(refuse(850), 10);
  second(100);
  EXPECT_EQ(refuse(1), 9);  // a hundred of them come back now
  EXPECT_EQ(refuse(99), 10);
  second(100);
  EXPECT_EQ(refuse(10'000), 30);
  second(100);
  EXPECT_EQ(refuse(1), 30);
  second(100);
  for (int i = 0; i < 20; ++i) second(0);  // nobody comes, and places go by
  EXPECT_EQ(refuse(1), 9);
  second(100);
  for (int i = 0; i < 20; ++i) second(0);
  EXPECT_EQ(refuse(1), 1);
}

TEST(Pause, FollowsWhatIsServedWhileSomebodyIsRefused) {
  Pause pause;
  const auto pause_of_1000 = [&](int served) {
    std::int64_t last = 0;
    for (int i = 0; i < 1000; ++i) last = pause.refuse();
    for (int i = 0; i < served; ++i) pause.serve();
    pause.adapt();
    for (int i = 0; i < 100; ++i) pause.adapt();  // all places go by
    return last;
  };
  EXPECT_EQ(pause_of_1000(0), 1);
  EXPECT_EQ(pause_of_1000(0), 30);  // one a second at the least
  for (int i = 0; i < 30; ++i) pause_of_1000(200);
  EXPECT_EQ(pause_of_1000(200), 5);
  for (int i = 0; i < 30; ++i) pause_of_1000(50);
  EXPECT_EQ(pause_of_1000(50), 20);
}

TEST_F(UpstreamTest, AnswersHaveALimitToo) {
  start_server();
  options.answer_size_max = 5000;
  {
    Upstream upstream(options);
    EXPECT_EQ(ask(upstream, get("/large")).get().body.size(), 5000U);
  }
  options.answer_size_max = 4999;
  Upstream upstream(options);
  expect_busy(ask(upstream, get("/large")), "no whole answer");
}

TEST_F(UpstreamTest, ItsEndAnswersEverybody) {
  start_server();
  options.connection_count_max = 1;
  auto upstream = std::make_unique<Upstream>(options);
  std::future<Response> first = ask(*upstream, get("/held"));
  wait_until_held(1);
  std::future<Response> second = ask(*upstream, echo("waits"));
  upstream.reset();
  expect_busy(std::move(first), "ended meanwhile");
  expect_busy(std::move(second), "ended meanwhile");
  answer_held();
}

}  // namespace
}  // namespace matsuri::http
