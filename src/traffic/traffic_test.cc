// Goal: a crowd comes as its curve says, waits are counted from the planned moment on, and what
// phones send of a programme is found in it, and of nothing else.
// Method: a server of the project's own that answers as a test says; the matcher itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/sentence.h"
#include "http/server.h"
#include "io/clock.h"
#include "json/value.h"
#include "match/match.h"
#include "ticket/ticket.h"
#include "traffic/chart.h"
#include "traffic/crowd.h"

namespace matsuri::traffic {
namespace {

constexpr std::size_t arrival_count = 100'000;

// How many of all come before that share of the time.
double part_before(const Shape& shape, double share) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < arrival_count; ++i)
    count += shape.time_of(static_cast<double>(i) / arrival_count) < share ? 1 : 0;
  return static_cast<double>(count) / arrival_count;
}

TEST(Shape, OfABroadcastHasFourFifthsInTheFirstSixth) {
  const Shape shape = Shape::broadcast();
  EXPECT_NEAR(part_before(shape, 1.0 / 6), 0.8, 0.001);
  // A minute of thirty, at 18 times the average.
  double most = 0;
  for (int i = 0; i < 1000; ++i)
    most = std::max(most, part_before(shape, (i + 1) / 1000.0) - part_before(shape, i / 1000.0));
  EXPECT_NEAR(most * 1000, 18, 0.7);
  EXPECT_LT(shape.time_of(1 - 1e-12), 1);
  EXPECT_EQ(shape.time_of(0), 0);
}

TEST(Shape, OfAStepHasTenTimesAsManyInTheMiddle) {
  const Shape shape = Shape::step();
  EXPECT_NEAR(part_before(shape, 1.0 / 3), 1.0 / 12, 0.001);
  EXPECT_NEAR(part_before(shape, 2.0 / 3), 11.0 / 12, 0.001);
}

TEST(Shape, OfATraceFollowsItsSeconds) {
  const auto shape = Shape::trace("3\n0\n0\n1\n");
  ASSERT_TRUE(shape.ok());
  EXPECT_NEAR(part_before(*shape, 0.5), 0.75, 0.001);
  EXPECT_EQ(Shape::trace("3\nx\n").error().message(), "trace: line 2 is no whole number");
  EXPECT_EQ(Shape::trace("3\n-1\n").error().code(), Code::invalid);
  EXPECT_EQ(Shape::trace("0\n0\n").error().message(), "trace: nobody comes");
  EXPECT_EQ(Shape::trace("").error().code(), Code::invalid);
}

TEST(Histogram, KnowsEveryValueToOnePart) {
  std::mt19937_64 random(5);
  for (int shift = 0; shift < 40; ++shift) {
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 1000; ++i) values.push_back(random() >> (24 + shift));
    for (const std::uint64_t value : values) histogram.record(value);
    std::ranges::sort(values);
    for (const double part : {0.001, 0.5, 0.9, 0.99, 1.0}) {
      const auto exact =
          static_cast<double>(values[static_cast<std::size_t>(std::ceil(part * 1000)) - 1]);
      const auto told = static_cast<double>(histogram.at(part));
      EXPECT_GE(told, exact);
      EXPECT_LE(told, exact + exact / 128);
    }
    EXPECT_EQ(histogram.max(), values.back());
  }
  Histogram empty;
  EXPECT_EQ(empty.at(0.5), 0U);
  empty.record(~std::uint64_t{0});
  EXPECT_EQ(empty.max(), Histogram::value_max);
}

// A minute of the computed broadcast, as the builder would have made it.
const program::Show& minute() {
  static const program::Lines lines = [] {
    const match::testing::MadeReference made(match::testing::broadcast());
    const std::uint32_t duration_ms = made.row_count() * program::ms_per_row;
    std::vector<match::Row> rows(made.row_count());
    for (std::size_t row = 0; row < rows.size(); ++row)
      std::copy_n(made.rows.begin() + static_cast<std::ptrdiff_t>(row * match::cell_count),
                  match::cell_count, rows[row].begin());
    const program::About about{
        .programme = 7,
        .title = "A minute",
        .duration_ms = duration_ms,
        .windows = {{.id = 1, .end_ms = duration_ms, .points = 5, .campaign = "minute"}}};
    return program::make_show(about, rows, made.eligible).value();
  }();
  static const program::Show show = program::Show::open(program::bytes_of(lines)).value();
  return show;
}

// Filmed once for all tests.
const Bursts& bursts_of_minute() {
  static const Bursts bursts = Bursts::of_show(minute(), {.from_ms = 4'000, .to_ms = 52'000});
  return bursts;
}

match::Match search(const program::Show& show, const Burst& burst, std::int64_t at_ms,
                    std::uint8_t key, std::uint8_t other_key) {
  const match::Seed seed{key}, sent{other_key};
  const std::string wire = burst.describe(sent);
  const auto row = static_cast<std::int32_t>(at_ms / program::ms_per_row);
  return match::best(match::Patterns::expand(seed), match::parse(as_bytes(wire)).value(),
                     show.reference(), {.from_row = row - 30, .to_row = row + 30});
}

TEST(Bursts, AreFoundWhereTheyWereFilmedAndNowhereElse) {
  const program::Show& show = minute();
  const Bursts& bursts = bursts_of_minute();
  const Bursts others = Bursts::of_other_channel(10, 3);
  ASSERT_EQ(bursts.count(), 25U);
  EXPECT_EQ(bursts.near(-5).begin_ms(), 4'000);
  EXPECT_EQ(bursts.near(10'999).begin_ms(), 10'000);
  EXPECT_EQ(bursts.near(99'999).begin_ms(), 52'000);
  std::size_t found_count = 0;
  std::mt19937 random(1);
  for (std::int64_t at_ms = 4'000; at_ms <= 52'000; at_ms += 2'000) {
    const Burst& burst = bursts.near(at_ms);
    const match::Match found = search(show, burst, at_ms + 900, 1, 1);
    found_count += found.score > 0.45F ? 1 : 0;
    EXPECT_LT(search(show, burst, at_ms, 1, 2).score, 0.45F) << "under another key";
    EXPECT_LT(search(show, others.any(random), at_ms, 1, 1).score, 0.45F) << "another channel";
  }
  EXPECT_GE(found_count, 23U);
}

TEST(Bursts, AreDescribedAsPhonesDo) {
  std::mt19937 random(1);
  const auto filmed = match::testing::film(match::testing::broadcast(), random, 0.02);
  const match::Seed seed{9};
  const auto ours = match::parse(as_bytes(Burst(filmed).describe(seed))).value();
  const auto theirs = filmed.describe(match::Patterns::expand(seed));
  ASSERT_EQ(ours.frame_count, theirs.frame_count);
  std::size_t other_count = 0;
  for (std::size_t frame = 0; frame < ours.frame_count; ++frame) {
    EXPECT_EQ(ours.frames[frame].t_ms, theirs.frames[frame].t_ms);
    for (std::size_t i = 0; i < match::patterns_per_block; ++i) {
      const int off = ours.frames[frame].values[i] - theirs.frames[frame].values[i];
      EXPECT_LE(std::abs(off), 1);
      other_count += off != 0 ? 1 : 0;  // where it was to be rounded just between two
    }
  }
  EXPECT_LE(other_count, 10U);
}

// A server that answers tickets and check-ins as a test wants.
class CrowdTest : public ::testing::Test {
 protected:
  using Handler = std::function<void(const http::RequestPtr&, http::Responder)>;

  void start(Handler ticket, Handler attempt) {
    router.add(http::Method::get, "/v1/checkin/{programme}/ticket", {.cost = http::Cost::none},
               std::move(ticket));
    router.add(http::Method::post, "/v1/checkin/{programme}", {.cost = http::Cost::none},
               std::move(attempt));
    server = http::Server::listen({.port = 0, .thread_count = 1}, router).value();
    server->start();
  }
  CrowdOptions options() const {
    return {.server = {.port = server->port(), .connection_count = 8},
            .programme = 7,
            .shown_unix_ms = io::system_clock().unix_ms() - 20'000,
            .shape = Shape::step(),
            .seconds = 0.2,
            .viewer_count = 60};
  }
  CrowdParts parts() const {
    return {.programme = bursts, .other_channel = bursts, .identity = [](std::uint64_t viewer) {
              return sentence("Viewer: ", viewer);
            }};
  }
  static void say(http::Responder respond, std::string body) {
    respond.send(http::Response{.body = std::move(body)});
  }
  static void give_ticket(const http::RequestPtr&, http::Responder respond) {
    say(std::move(respond),
        sentence(R"({"answer":"ticket","ticket":")", std::string(78, 'A'), R"(","seed":")",
                 std::string(43, 'A'), R"(","start_delay_ms":5})"));
  }

  const Bursts& bursts = bursts_of_minute();
  http::Router router;
  std::unique_ptr<http::Server> server;
};

TEST_F(CrowdTest, EachViewerAsksFilmsAndSendsOnce) {
  std::mutex mutex;
  std::map<std::string, std::pair<int, int>> seen;  // tickets and attempts of each viewer
  start(
      [&](const http::RequestPtr& request, http::Responder respond) {
        const std::lock_guard lock(mutex);
        ++seen[std::string(request->header("viewer"))].first;
        give_ticket(request, std::move(respond));
      },
      [&](const http::RequestPtr& request, http::Responder respond) {
        const std::lock_guard lock(mutex);
        ++seen[std::string(request->header("viewer"))].second;
        say(std::move(respond), R"({"answer":"ok","window":3,"points":5})");
      });
  std::map<std::uint64_t, std::uint32_t> oks;
  CrowdParts parts = this->parts();
  parts.on_ok = [&](std::uint64_t viewer, std::uint32_t window) { oks[viewer] = window; };
  const Tally tally = run_crowd(options(), parts).value();
  EXPECT_EQ(seen.size(), 60U);
  for (const auto& [viewer, counts] : seen) EXPECT_EQ(counts, std::pair(1, 1)) << viewer;
  EXPECT_EQ(oks.size(), 60U);
  EXPECT_EQ(oks[59], 3U);
  EXPECT_EQ(tally.request_count(), 120U);
  EXPECT_EQ(tally.count(Outcome::ok), 120U);
  EXPECT_EQ(tally.ticket_us.count() + tally.attempt_us.count(), 120U);
  EXPECT_EQ(tally.busy_share(), 0);
}

TEST_F(CrowdTest, WhoHearsBusyComesAgainAsOftenAsTold) {
  std::mutex mutex;
  std::map<std::string, int> tries;
  start(
      [&](const http::RequestPtr& request, http::Responder respond) {
        const std::lock_guard lock(mutex);
        ++tries[std::string(request->header("viewer"))];
        http::Response response{.status = 503, .body = "{}"};
        response.headers.emplace_back("retry-after", "0");
        respond.send(std::move(response));
      },
      [](const http::RequestPtr&, http::Responder respond) { say(std::move(respond), "{}"); });
  CrowdOptions options = this->options();
  options.again_count = 2;
  const Tally tally = run_crowd(options, parts()).value();
  EXPECT_EQ(tries.size(), 60U);
  for (const auto& [viewer, count] : tries) EXPECT_EQ(count, 3) << viewer;
  EXPECT_EQ(tally.count(Outcome::busy), 180U);
  EXPECT_EQ(tally.busy_us.count(), 180U);
  EXPECT_EQ(tally.busy_share(), 1);
}

// The first answer is held back, and the only connection with it. A closed loop would count one
// slow answer; here everybody has waited.
TEST_F(CrowdTest, WaitsAreCountedFromThePlannedMoment) {
  std::atomic<bool> is_first = true;
  start(
      [&](const http::RequestPtr&, http::Responder respond) {
        if (is_first.exchange(false)) std::this_thread::sleep_for(std::chrono::milliseconds(700));
        say(std::move(respond), R"({"answer":"not_now","retry_in_ms":null})");
      },
      [](const http::RequestPtr&, http::Responder respond) { say(std::move(respond), "{}"); });
  CrowdOptions options = this->options();
  options.server.connection_count = 1;
  const Tally tally = run_crowd(options, parts()).value();
  EXPECT_EQ(tally.tickets[static_cast<std::size_t>(Outcome::not_now)], 60U);
  // All were to be sent in the first 200 ms.
  EXPECT_GE(tally.ticket_us.at(0.02), 400'000U);
}

TEST_F(CrowdTest, WhoIsNotAnsweredIsCountedAsThat) {
  start([](const http::RequestPtr&, http::Responder) {},  // 500
        [](const http::RequestPtr&, http::Responder respond) { say(std::move(respond), "{}"); });
  CrowdOptions options = this->options();
  Tally tally = run_crowd(options, parts()).value();
  EXPECT_EQ(tally.count(Outcome::failed), 60U);
  server->stop();
  server.reset();
  tally = run_crowd(options, parts()).value();
  EXPECT_EQ(tally.count(Outcome::failed), 60U);
  EXPECT_EQ(tally.ticket_us.count(), 0U);
}

TEST_F(CrowdTest, KindsComeInTheirSharesAndForgedTicketsAreNoTickets) {
  const ticket::Keys keys = ticket::Keys::parse(ticket::Keys::line_of(1, ticket::Secret{})).value();
  std::mutex mutex;
  std::size_t genuine_count = 0, attempt_count = 0;
  start(give_ticket, [&](const http::RequestPtr& request, http::Responder respond) {
    const auto document = json::Document::parse(request->body).value();
    const auto text = document.object().value().string("ticket").value();
    const std::lock_guard lock(mutex);
    ++attempt_count;
    genuine_count += ticket::open_ticket(keys, text).ok() ? 1 : 0;
    say(std::move(respond), R"({"answer":"retry","hint":"wait","retry_in_ms":0})");
  });
  CrowdOptions options = this->options();
  options.viewer_count = 1000;
  options.shares = {.other_channel = 0.2, .replayed = 0.2, .forged = 0.3};
  CrowdParts parts = this->parts();
  parts.signing = &keys;
  parts.account = [](std::uint64_t viewer) { return AccountId{1 + viewer}; };
  const Tally tally = run_crowd(options, parts).value();
  const auto count = [&](Kind kind) {
    return tally.attempts[static_cast<std::size_t>(kind)][static_cast<std::size_t>(Outcome::retry)];
  };
  EXPECT_EQ(attempt_count, 1000U);
  EXPECT_EQ(genuine_count, 1000 - count(Kind::forged));
  EXPECT_NEAR(static_cast<double>(count(Kind::forged)), 300, 60);
  EXPECT_NEAR(static_cast<double>(count(Kind::other_channel)), 200, 60);
  EXPECT_NEAR(static_cast<double>(count(Kind::replayed)), 200, 60);
  EXPECT_EQ(tally.request_count(), 1000U);

  const std::string rows = rows_of(tally);
  EXPECT_TRUE(json::Document::parse(rows).ok()) << rows;
  EXPECT_NE(rows.find(sentence(R"({"bench":"load","case":"forged","metric":"retry","value":)",
                               count(Kind::forged), ".")),
            std::string::npos)
      << rows;
  const std::string svg = svg_of(tally, "A < B & C");
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
  EXPECT_NE(svg.find("A &lt; B &amp; C"), std::string::npos);
  EXPECT_NE(svg.find(R"(viewBox="0 0 900.0 650.0")"), std::string::npos);
  EXPECT_NE(svg.find(R"(<polyline class="line s0" points="80.0,)"), std::string::npos) << svg;
}

}  // namespace
}  // namespace matsuri::traffic
