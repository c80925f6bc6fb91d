// The parts that need no socket: timers, files, answers as bytes, events, rates.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "base/log.h"
#include "http/internal/event_stream.h"
#include "http/internal/rate_limiter.h"
#include "http/internal/response_writer.h"
#include "http/internal/static_files.h"
#include "http/internal/timer_wheel.h"

namespace matsuri::http {
namespace {

// ---- TimerWheel

struct Alarm final : TimerWheel::Entry {
  void on_deadline() override { rings(); }
  std::function<void()> rings = [] {};
};

// Goal: never early, and late by less than two ticks. Method: many random deadlines, moved about.
TEST(TimerWheel, RingsInTime) {
  const char* given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::int64_t now_ms = 12'345;
  TimerWheel wheel(now_ms);
  constexpr std::size_t count = 200;
  std::vector<Alarm> alarms(count);
  std::vector<std::int64_t> due_ms(count, 0);  // 0: none
  int ring_count = 0;
  for (std::size_t i = 0; i < count; ++i) {
    alarms[i].rings = [&, i] {
      ++ring_count;
      EXPECT_NE(due_ms[i], 0);
      EXPECT_LE(due_ms[i], now_ms);
      EXPECT_GT(due_ms[i] + 2 * TimerWheel::tick_ms, now_ms);
      due_ms[i] = 0;
    };
  }
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random() % count;
    if (random() % 8 == 0) {
      wheel.cancel(alarms[i]);
      due_ms[i] = 0;
    } else {
      due_ms[i] =
          now_ms + 1 + static_cast<std::int64_t>(random() % (random() % 50 ? 5000 : 250'000));
      wheel.schedule(alarms[i], due_ms[i]);
    }
    now_ms += static_cast<std::int64_t>(random() % 90);
    wheel.advance(now_ms);
  }
  EXPECT_GT(ring_count, 1000);
}

TEST(TimerWheel, LetsAnEntryComeBackOrGo) {
  TimerWheel wheel(0);
  Alarm again;
  int ring_count = 0;
  again.rings = [&] {
    ++ring_count;
    wheel.schedule(again, wheel.now_ms() + 100);
  };
  wheel.schedule(again, 100);
  {
    Alarm gone;
    gone.rings = [] { FAIL() << "it was destroyed"; };
    wheel.schedule(gone, 100);
  }
  for (std::int64_t now_ms = 0; now_ms <= 1000; now_ms += 50) wheel.advance(now_ms);
  EXPECT_GE(ring_count, 4);
  EXPECT_LE(ring_count, 10);
}

// ---- Static files

TEST(Encoding, FollowsTheClientsWeights) {
  const auto choose = [](std::string_view accepted) {
    return choose_encoding(accepted, true, true);
  };
  EXPECT_EQ(choose(""), Encoding::identity);
  EXPECT_EQ(choose("gzip"), Encoding::gzip);
  EXPECT_EQ(choose("gzip, deflate, br"), Encoding::brotli);
  EXPECT_EQ(choose("br;q=0.5, gzip"), Encoding::gzip);
  EXPECT_EQ(choose("br;q=0, gzip;q=0"), Encoding::identity);
  EXPECT_EQ(choose("*"), Encoding::brotli);
  EXPECT_EQ(choose("*, br;q=0"), Encoding::gzip);
  EXPECT_EQ(choose("identity, br;q=0.2"), Encoding::identity);
  EXPECT_EQ(choose("BR ; Q=1.000"), Encoding::brotli);
  EXPECT_EQ(choose("br;q=2, gzip;q=x, deflate"), Encoding::identity);
  EXPECT_EQ(choose(",,;q=,br;"), Encoding::brotli);
  EXPECT_EQ(choose_encoding("br, gzip", true, false), Encoding::gzip);
  EXPECT_EQ(choose_encoding("br, gzip", false, false), Encoding::identity);
}

TEST(Etag, IsComparedWeakly) {
  EXPECT_TRUE(matches_etag("\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("\"x\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("*", "\"a\""));
  EXPECT_FALSE(matches_etag("", "\"a\""));
  EXPECT_FALSE(matches_etag("\"b\"", "\"a\""));
  EXPECT_FALSE(matches_etag("a", "\"a\""));
}

class StaticFilesTest : public testing::Test {
 protected:
  static Request request_of(std::string accepted, std::string known = {}) {
    Request request;
    request.headers = {{"accept-encoding", std::move(accepted)},
                       {"if-none-match", std::move(known)}};
    return request;
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }
  static constexpr std::string_view pages[] = {"/", "/u/{name}"};
  const StaticFiles files{
      {{.path = "/", .content_type = "text/html", .etag = "e1", .identity = as_bytes("page")},
       {.path = "/assets/app.3f2a.js",
        .content_type = "text/javascript",
        .etag = "e2",
        .immutable = true,
        .identity = as_bytes("plain"),
        .gzip = as_bytes("gz"),
        .brotli = as_bytes("br")}},
      pages};
};

TEST_F(StaticFilesTest, FindsFilesAndPages) {
  EXPECT_EQ(files.find("/assets/app.3f2a.js")->content_type, "text/javascript");
  EXPECT_EQ(files.find("/u/anna")->path, "/");
  EXPECT_EQ(files.find("/"), files.find("/u/x"));
  for (const std::string_view path : {"/u", "/u/", "/u/a/b", "/assets", "/assets/", ""})
    EXPECT_EQ(files.find(path), nullptr) << path;
}

TEST_F(StaticFilesTest, AnswersInTheFormThatTheClientReads) {
  const StaticFile& file = *files.find("/assets/app.3f2a.js");
  std::string_view body;
  const Response brotli = StaticFiles::answer(file, request_of("gzip, br"), body);
  EXPECT_EQ(body, "br");
  EXPECT_EQ(header(brotli, "content-encoding"), "br");
  EXPECT_EQ(header(brotli, "vary"), "accept-encoding");
  EXPECT_EQ(header(brotli, "cache-control"), "public, max-age=31536000, immutable");
  const Response plain = StaticFiles::answer(file, request_of(""), body);
  EXPECT_EQ(body, "plain");
  EXPECT_EQ(header(plain, "content-encoding"), "");
  EXPECT_NE(header(plain, "etag"), header(brotli, "etag")) << "other bytes, another tag";
  EXPECT_EQ(header(StaticFiles::answer(*files.find("/"), request_of("br"), body), "cache-control"),
            "no-cache");
  EXPECT_EQ(body, "page");
}

TEST_F(StaticFilesTest, SaysNotModifiedOnlyForTheSameForm) {
  const StaticFile& file = *files.find("/assets/app.3f2a.js");
  std::string_view body;
  const std::string tag = header(StaticFiles::answer(file, request_of("gzip"), body), "etag");
  const Response known = StaticFiles::answer(file, request_of("gzip", tag), body);
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(header(known, "etag"), tag);
  EXPECT_EQ(body, "");
  EXPECT_EQ(StaticFiles::answer(file, request_of("br", tag), body).status, 200);
}

// ---- Answers as bytes

TEST(ResponseWriter, SaysWhatEveryAnswerSays) {
  ResponseWriter writer(/*behind_tls=*/false);
  writer.set_time(784'111'777'999);
  std::string out;
  Response response{.body = "{}"};
  response.headers = {{"location", "/v1/posts/5"}, {"x-bad", "a\r\nset-cookie: b"}};
  writer.write(out, response, {});
  EXPECT_TRUE(out.starts_with("HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  for (const std::string_view line :
       {"x-content-type-options: nosniff", "cross-origin-resource-policy: ",
        "cache-control: no-store", "content-length: 2", "content-type: application/json",
        "location: /v1/posts/5", "frame-ancestors 'none'", "default-src 'none'"})
    EXPECT_NE(out.find(line), std::string::npos) << line;
  for (const std::string_view line :
       {"set-cookie", "unsafe", "strict-transport", "ratelimit", "connection"})
    EXPECT_EQ(out.find(line), std::string::npos) << line;
  EXPECT_TRUE(out.ends_with("\r\n\r\n{}"));
}

TEST(ResponseWriter, LetsPagesUseWhatIsOursAlone) {
  ResponseWriter writer(false);
  std::string out;
  writer.write(out, {.content_type = "text/html; charset=utf-8"}, {});
  for (const std::string_view part :
       {"default-src 'none'; script-src 'self'; style-src 'self'", "frame-ancestors 'none'",
        "referrer-policy: ", "cross-origin-opener-policy: ", "permissions-policy: "})
    EXPECT_NE(out.find(part), std::string::npos) << part;
  EXPECT_EQ(out.find("unsafe"), std::string::npos);
}

TEST(ResponseWriter, LeavesTheBodyOutWhereNoneBelongs) {
  ResponseWriter writer(/*behind_tls=*/true);
  std::string head;
  writer.write(head, {.body = "12345"}, {.is_head = true});
  EXPECT_NE(head.find("content-length: 5\r\n"), std::string::npos);
  EXPECT_NE(head.find("strict-transport-security: "), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  for (const int status : {204, 304}) {
    std::string out;
    writer.write(out, {.status = status, .body = "12345"}, {.keep_alive = false});
    EXPECT_EQ(out.find("content-length"), std::string::npos);
    EXPECT_NE(out.find("connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(out.ends_with("\r\n\r\n"));
  }
}

TEST(ResponseWriter, TellsTheRateAndKeepsOldClients) {
  ResponseWriter writer(false);
  std::string out;
  writer.write(out, {},
               {.is_http_1_0 = true,
                .rate = {.is_limited = true, .limit = 20, .remaining = 3, .reset_s = 17}});
  EXPECT_NE(out.find("ratelimit-limit: 20\r\nratelimit-remaining: 3\r\nratelimit-reset: 17\r\n"),
            std::string::npos);
  EXPECT_NE(out.find("connection: keep-alive\r\n"), std::string::npos);
}

TEST(Problem, MapsEveryCode) {
  const std::pair<Code, int> codes[] = {
      {Code::invalid, 400},  {Code::denied, 403},    {Code::not_found, 404},
      {Code::conflict, 409}, {Code::exhausted, 429}, {Code::busy, 503},
      {Code::io, 503},       {Code::corrupt, 500},   {Code::unauthenticated, 401}};
  for (const auto& [code, status] : codes) {
    const Response response = problem(Error(code, "the reason"));
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.content_type, "application/problem+json");
    // What failed inside stays inside.
    const bool is_inner = code == Code::io || code == Code::corrupt;
    EXPECT_EQ(response.body.find("the reason") == std::string::npos, is_inner);
    EXPECT_NE(response.body.find("\"code\":\"" + std::string(name_of(code)) + '"'),
              std::string::npos);
  }
  EXPECT_EQ(problem(400, "invalid", "\xff").body.find('\xff'), std::string::npos);
}

// ---- Events

TEST(EventStream, WritesEventsThatNobodyCanForge) {
  std::string out;
  append_event(out, {.id = "a\n.1", .name = "po\rst", .data = "one\ntwo\r\nthree\r"});
  EXPECT_EQ(out, "id: a.1\nevent: post\ndata: one\ndata: two\ndata: three\ndata: \n\n");
  out.clear();
  append_event(out, {.id = {}, .name = {}, .data = {}});
  EXPECT_EQ(out, "data: \n\n");
}

TEST(EventStream, GathersUntilItIsTaken) {
  const auto stream = std::make_shared<BufferedStream>(std::make_shared<io::InlineExecutor>(), "7");
  int pending_count = 0;
  stream->attach([&] { ++pending_count; });
  EXPECT_EQ(stream->last_event_id(), "7");
  EXPECT_TRUE(stream->send({.id = {}, .name = {}, .data = "a"}));
  EXPECT_TRUE(stream->send({.id = {}, .name = {}, .data = "b"}));
  EXPECT_EQ(pending_count, 2);
  EXPECT_EQ(stream->take(), "data: a\n\ndata: b\n\n");
  EXPECT_EQ(stream->take(), "");
  int close_count = 0;
  stream->on_close([&] { ++close_count; });
  stream->disconnect();
  stream->disconnect();
  EXPECT_EQ(close_count, 1);
  EXPECT_FALSE(stream->send({.id = {}, .name = {}, .data = "c"}));
  stream->on_close([&] { ++close_count; });
  EXPECT_EQ(close_count, 2) << "the client is gone already";
}

TEST(EventStream, HoldsTheLimitOfTheBufferAtTheByte) {
  const std::size_t frame_size = std::string_view("data: \n\n").size();
  for (const std::size_t taken : {0U, 1000U}) {
    for (const std::size_t extra : {0U, 1U}) {
      const auto stream =
          std::make_shared<BufferedStream>(std::make_shared<io::InlineExecutor>(), "");
      stream->set_unsent_size(taken);
      const std::string data(stream_buffer_size_max - frame_size - taken + extra, 'x');
      EXPECT_EQ(stream->send({.id = {}, .name = {}, .data = data}), extra == 0);
      EXPECT_EQ(stream->overflowed(), extra == 1);
      EXPECT_EQ(stream->is_open(), extra == 0);
    }
  }
}

// ---- Rates

TEST(RateLimiter, GivesABurstAndThenTheRate) {
  ServerOptions options;
  options.account_write = {.per_minute = 60, .burst = 5};
  options.account_read = {.per_minute = 0, .burst = 0};
  RateLimiter limiter(options);
  std::int64_t now_us = 1'000'000'000;
  const auto take = [&] { return limiter.take_for_account(AccountId{1}, Cost::write, now_us); };
  for (std::int64_t left = 4; left >= 0; --left) {
    const RateVerdict verdict = take();
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.limit, 5);
    EXPECT_EQ(verdict.remaining, left);
    EXPECT_EQ(verdict.reset_s, 5 - left);
  }
  EXPECT_FALSE(take().allowed);
  EXPECT_EQ(take().retry_s, 1);
  now_us += 999'999;
  EXPECT_FALSE(take().allowed);
  now_us += 1;
  EXPECT_TRUE(take().allowed);
  EXPECT_FALSE(take().allowed) << "refused tries cost nothing, and give nothing";
  now_us += 3'600'000'000;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(take().allowed);
  EXPECT_FALSE(take().allowed);
  EXPECT_TRUE(limiter.take_for_account(AccountId{2}, Cost::write, now_us).allowed);
  EXPECT_FALSE(limiter.take_for_account(AccountId{1}, Cost::read, now_us).is_limited);
}

TEST(RateLimiter, HasABucketOfItsOwnForEachCost) {
  ServerOptions options;
  for (RateLimit* limit : {&options.account_read, &options.account_write, &options.account_sign_in,
                           &options.account_picture, &options.account_game, &options.address_read,
                           &options.address_write, &options.address_sign_in,
                           &options.address_picture, &options.address_game})
    *limit = {.per_minute = 60, .burst = 1};
  RateLimiter limiter(options);
  for (const Cost cost : {Cost::read, Cost::write, Cost::sign_in, Cost::picture, Cost::game}) {
    SCOPED_TRACE(static_cast<int>(cost));
    EXPECT_TRUE(limiter.take_for_account(AccountId{1}, cost, 1'000'000).allowed);
    EXPECT_FALSE(limiter.take_for_account(AccountId{1}, cost, 1'000'000).allowed);
    EXPECT_TRUE(limiter.take_for_address("10.0.0.1", cost, 1'000'000).allowed);
    EXPECT_FALSE(limiter.take_for_address("10.0.0.1", cost, 1'000'000).allowed);
  }
}

TEST(RateLimiter, TakesANetworkOfIpv6ForOneAddress) {
  ServerOptions options;
  options.address_sign_in = {.per_minute = 1, .burst = 1};
  RateLimiter limiter(options);
  const auto take = [&](std::string_view address) {
    return limiter.take_for_address(address, Cost::sign_in, 1'000'000).allowed;
  };
  EXPECT_TRUE(take("2001:db8:1:2:3:4:5:6"));
  EXPECT_FALSE(take("2001:db8:1:2:ffff::1"));
  EXPECT_TRUE(take("2001:db8:1:3:3:4:5:6"));
  EXPECT_TRUE(take("10.0.0.1"));
  EXPECT_TRUE(take("10.0.0.2"));
  EXPECT_FALSE(take("10.0.0.1"));
}

TEST(RateLimiter, KeepsABoundedNumberOfBuckets) {
  RateLimiter limiter({});
  for (std::uint64_t i = 0; i < bucket_count_max + 50'000; ++i)
    limiter.take_for_account(AccountId{i}, Cost::write, static_cast<std::int64_t>(i));
  EXPECT_LE(limiter.bucket_count(), bucket_count_max);
  EXPECT_GT(limiter.bucket_count(), bucket_count_max / 2);
}

}  // namespace
}  // namespace matsuri::http
