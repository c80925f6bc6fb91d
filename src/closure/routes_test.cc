// Goal: over HTTP a check-in is answered once its record survives a power cut, and *busy* where it
// cannot be kept.
// Method: the project's server on a disk in memory that forgets what was not synced, or is full.
#include "closure/routes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "closure/testing/world.h"
#include "http/server.h"
#include "http/testing_client.h"
#include "io/sim_disk.h"
#include "journal/reader.h"

namespace matsuri::closure {
namespace {

// The events that a journal's folder keeps, each under the header of its account.
std::vector<CheckinAttempted> events_of(io::FileSystem& files) {
  std::vector<CheckinAttempted> events;
  const auto ranges = journal::list_ranges(files, "journal").value();
  for (const journal::Range& range : ranges) {
    const auto reader = journal::Reader::open(files, "journal", range.origin).value();
    std::vector<journal::StoredRecord> records;
    while (reader->read(range.end_offset, 100, 1 << 20, records).ok() && !records.empty()) {
      for (const journal::StoredRecord& record : records) {
        EXPECT_EQ(record.header.account, AccountId{42});
        EXPECT_NE(record.header.id, 0U);
        events.push_back(
            std::get<CheckinAttempted>(decode(record.header.kind, record.payload).value()));
      }
    }
  }
  return events;
}

class RoutesTest : public ::testing::Test {
 protected:
  void start() {
    journal = journal::Writer::open({.folder = "journal",
                                     .segment_size = segment_size,
                                     .batch_body_size_max = segment_size / 2,
                                     .files = &disk})
                  .value();
    ids = journal::IdMaker::open({.path = "ids", .files = &disk}).value();
    add_routes(router, {.service = world.service,
                        .journal = *journal,
                        .ids = *ids,
                        .metrics = metrics,
                        .queue = queue});
    server =
        http::Server::listen({.port = 0, .thread_count = 1, .metrics = &metrics}, router).value();
    server->start();
  }
  void stop() {
    server.reset();
    journal.reset();
    ids.reset();
  }

  std::string ticket(http::TestClient& client) const {
    const http::Reply reply = client.get("/v1/checkin/7/ticket?path=terrestrial",
                                         sentence("Matsuri-Pass: ", world.pass(), "\r\n"));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.body;
  }
  static http::Reply post(http::TestClient& client, std::string_view body,
                          std::string_view path = "/v1/checkin/7") {
    return client.post(path, body, "Content-Type: application/json\r\n");
  }

  static constexpr std::uint64_t segment_size = 16 << 10;
  World world;
  QueueOptions queue;
  io::SimDisk disk;
  metrics::Registry metrics;
  http::Router router;
  std::unique_ptr<journal::Writer> journal;
  std::unique_ptr<journal::IdMaker> ids;
  std::unique_ptr<http::Server> server;
};

TEST_F(RoutesTest, WhatWasAnsweredSurvivesAPowerCut) {
  start();
  {
    http::TestClient client(server->port());
    const http::Reply good = post(client, world.body_for(ticket(client)));
    EXPECT_EQ(good.status, 200);
    EXPECT_TRUE(good.body.starts_with(R"({"answer":"ok","window":1,)")) << good.body;
    const http::Reply other = post(client, world.body_for(ticket(client), 2));
    EXPECT_NE(other.body.find(R"("hint":"step_closer")"), std::string::npos) << other.body;
  }
  EXPECT_NE(metrics.to_text().find(R"(matsuri_checkin_attempts_total{result="ok"} 1)"),
            std::string::npos);
  disk.cut_now();
  stop();
  io::SeededRandom random(1);
  disk.power_on(io::Survival::none, random);
  const auto events = events_of(disk);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].result, CheckinResult::ok);
  EXPECT_EQ(events[1].result, CheckinResult::no_match);
}

TEST_F(RoutesTest, WhatCannotBeKeptIsBusyAndAllElseIsThere) {
  disk.set_capacity(segment_size + 1000);  // One segment, and no second.
  start();
  // Until then the journal is busy too, and /readyz is good.
  for (int i = 0; i < 4000 && journal->health() != journal::Health::disk_full; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(journal->health(), journal::Health::disk_full);
  http::TestClient client(server->port());
  const std::string body = world.body_for(ticket(client));
  std::size_t answered_count = 0;
  http::Reply reply = post(client, body);
  for (; reply.status == 200 && answered_count < segment_size; ++answered_count)
    reply = post(client, body);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_NE(reply.body.find(R"("code":"busy")"), std::string::npos) << reply.body;
  EXPECT_EQ(client.get("/readyz").status, 503);
  EXPECT_EQ(
      client.get("/v1/checkin/7/ticket", sentence("Matsuri-Pass: ", world.pass(), "\r\n")).status,
      200);
  stop();
  EXPECT_EQ(events_of(disk).size(), answered_count);
}

TEST_F(RoutesTest, WhoeverIsTooManyIsBusyAtOnceAndNothingOfThemIsKept) {
  queue.count_max = 0;
  start();
  http::TestClient client(server->port());
  const http::Reply reply = post(client, world.body_for(ticket(client)));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_NE(reply.body.find(R"("code":"busy")"), std::string::npos) << reply.body;
  EXPECT_NE(metrics.to_text().find("matsuri_checkin_busy_total 1\n"), std::string::npos);
  stop();
  EXPECT_TRUE(events_of(disk).empty());
}

// All three are read before any is answered.
TEST_F(RoutesTest, WhatIsJudgedTogetherIsKeptByOneSync) {
  start();
  int sync_count = 0;
  auto counts = journal->on_durable([&] { ++sync_count; });
  http::TestClient client(server->port());
  std::string requests;
  for (const std::string& body :
       {world.body_for(ticket(client)), std::string("{}"), world.body_for(ticket(client), 2)})
    requests += sentence(
        "POST /v1/checkin/7 HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/json\r\nContent-Length: ",
        body.size(), "\r\n\r\n", body);
  client.send(requests);
  EXPECT_TRUE(client.read().body.starts_with(R"({"answer":"ok")"));
  EXPECT_EQ(client.read().status, 400);
  EXPECT_TRUE(client.read().body.starts_with(R"({"answer":"retry")"));
  counts.reset();
  EXPECT_EQ(sync_count, 1);
  stop();
  const auto events = events_of(disk);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].result, CheckinResult::ok);
  EXPECT_EQ(events[1].result, CheckinResult::no_match);
}

TEST_F(RoutesTest, AttemptsThatWaitGoBeforeTickets) {
  queue.count_max = 1;
  start();
  http::TestClient client(server->port());
  const std::string body = world.body_for(ticket(client));
  // Both are read before either is answered.
  client.send(sentence(
      "POST /v1/checkin/7 HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nContent-Length: ",
      body.size(), "\r\n\r\n", body,
      "GET /v1/checkin/7/ticket HTTP/1.1\r\nHost: localhost\r\nMatsuri-Pass: ", world.pass(),
      "\r\n\r\n"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.read().status, 503);
  EXPECT_NE(metrics.to_text().find("matsuri_checkin_tickets_busy_total 1\n"), std::string::npos);
  EXPECT_EQ(json::Document::parse(ticket(client)).value().object().value().string("answer").value(),
            "ticket");
}

TEST_F(RoutesTest, RefusesAndKeepsNothingOfWhatIsNobodysAttempt) {
  start();
  http::TestClient client(server->port());
  std::string body = world.body_for(ticket(client));
  EXPECT_EQ(client.get("/v1/checkin/7/ticket").status, 401);
  EXPECT_EQ(client.get("/v1/checkin/7/ticket?path=a&path=b").status, 400);
  EXPECT_EQ(post(client, body, "/v1/checkin/8").status, 404);
  EXPECT_EQ(post(client, "{}").status, 400);
  EXPECT_EQ(post(client, std::string(2048, ' ')).status, 400);
  {
    http::TestClient other(server->port());
    EXPECT_EQ(post(other, std::string(2049, ' ')).status, 413);
  }
  const std::size_t mac_at = body.find(R"("ticket":")") + 10 + 70;
  body[mac_at] = body[mac_at] == 'A' ? 'B' : 'A';
  EXPECT_EQ(post(client, body).status, 401);
  EXPECT_EQ(client.get("/readyz").status, 200);
  stop();
  EXPECT_TRUE(events_of(disk).empty());
}

}  // namespace
}  // namespace matsuri::closure
