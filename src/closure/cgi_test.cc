// Goal: as CGI a closure answers as the resident one does, reads no more than it must, and keeps the
// record of an attempt before it answers.
// Method: environments as Apache makes them, and each of their variables wrong.
#include "closure/cgi.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "closure/request.h"
#include "closure/testing/world.h"
#include "io/file.h"

namespace matsuri::closure {
namespace {

class CgiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "closure_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override {
    (void)io::posix_files().remove(folder + "/checkin.inbox");
    (void)io::posix_files().remove(folder);
  }

  using Environment = std::map<std::string, std::string>;
  Environment for_ticket() const {
    return {{"REQUEST_METHOD", "GET"},
            {"SCRIPT_NAME", "/v1/checkin/7"},
            {"PATH_INFO", "/ticket"},
            {"QUERY_STRING", "path=terrestrial"},
            {"HTTP_MATSURI_PASS", world.pass()}};
  }
  static Environment for_post(const std::string& body) {
    return {{"REQUEST_METHOD", "POST"},
            {"SCRIPT_NAME", "/v1/checkin/7"},
            {"CONTENT_TYPE", "application/json"},
            {"CONTENT_LENGTH", std::to_string(body.size())}};
  }
  std::string answer(const Environment& environment, const std::string& body = "") {
    const Cgi cgi{.variable = [&](const char* name) -> std::optional<std::string> {
                    const auto found = environment.find(name);
                    if (found == environment.end()) return std::nullopt;
                    return found->second;
                  },
                  .read_body =
                      [&](std::size_t size) {
                        EXPECT_LE(size, body_size_max);
                        return body.substr(0, size);
                      }};
    journal::InboxWriter inbox(folder + "/checkin.inbox");
    return answer_cgi(cgi, world.service, inbox);
  }
  std::string body_for_ticket(std::uint64_t film = 1) {
    const std::string text = answer(for_ticket());
    EXPECT_TRUE(
        text.starts_with("Status: 200\r\nContent-Type: application/json\r\n"
                         "Cache-Control: no-store\r\n\r\n{\"answer\":\"ticket\","))
        << text;
    return world.body_for(text.substr(text.find("\r\n\r\n") + 4), film);
  }
  // What lies in the inbox file: the events, each under the header of its account.
  std::vector<CheckinAttempted> kept() const {
    std::vector<CheckinAttempted> events;
    const std::string text =
        io::read_file(io::posix_files(), folder + "/checkin.inbox", 1 << 20).value_or("");
    for (Bytes rest = as_bytes(text); !rest.empty();) {
      const auto record = journal::inbox_record_at(rest);
      if (!record) {
        ADD_FAILURE() << "a record is damaged";
        break;
      }
      EXPECT_EQ(record->header.account, AccountId{42});
      events.push_back(
          std::get<CheckinAttempted>(decode(record->header.kind, record->payload).value()));
      rest = rest.subspan(record->size);
    }
    return events;
  }

  World world;
  std::string folder;
};

TEST_F(CgiTest, GivesATicketAndKeepsWhatItAnswers) {
  const std::string good = body_for_ticket();
  EXPECT_NE(answer(for_post(good), good).find(R"({"answer":"ok",)"), std::string::npos);
  const std::string other = body_for_ticket(2);
  EXPECT_NE(answer(for_post(other), other).find(R"("hint":"step_closer")"), std::string::npos);
  const auto events = kept();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].result, CheckinResult::ok);
  EXPECT_EQ(events[1].result, CheckinResult::no_match);
}

TEST_F(CgiTest, WhatCannotBeKeptIsNotOk) {
  const std::string good = body_for_ticket();
  folder += "/missing";
  const std::string text = answer(for_post(good), good);
  folder.resize(folder.size() - std::string("/missing").size());
  EXPECT_FALSE(text.starts_with("Status: 200"));
  EXPECT_EQ(text.find(R"("answer":"ok")"), std::string::npos);
}

TEST_F(CgiTest, RefusesWhatIsNotARequestOfOurs) {
  const std::string good = body_for_ticket();
  const auto status = [&](Environment environment, const char* name, const std::string& value) {
    if (value.empty())
      environment.erase(name);
    else
      environment[name] = value;
    const std::string text = answer(environment, good);
    return text.substr(0, text.find("\r\n"));
  };
  const Environment post = for_post(good);
  EXPECT_EQ(status(post, "REQUEST_METHOD", "GET"), "Status: 405");
  EXPECT_EQ(status(post, "REQUEST_METHOD", ""), "Status: 405");
  EXPECT_EQ(status(post, "SCRIPT_NAME", "/v1/checkin/8"), "Status: 404");
  EXPECT_EQ(status(post, "SCRIPT_NAME", "/cgi-bin/show.checkin"), "Status: 404");
  EXPECT_EQ(status(post, "SCRIPT_NAME", ""), "Status: 404");
  EXPECT_EQ(status(post, "CONTENT_TYPE", ""), "Status: 415");
  EXPECT_EQ(status(post, "CONTENT_TYPE", "text/plain"), "Status: 415");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", ""), "Status: 400");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", "-1"), "Status: 400");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", "5x"), "Status: 400");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", std::to_string(good.size() + 1)), "Status: 400");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", std::to_string(good.size() - 1)), "Status: 400");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", "2048"), "Status: 400");
  EXPECT_EQ(status(post, "CONTENT_LENGTH", "2049"), "Status: 413");
  const Environment ticket = for_ticket();
  EXPECT_EQ(status(ticket, "REQUEST_METHOD", "POST"), "Status: 405");
  EXPECT_EQ(status(ticket, "QUERY_STRING", "path=pigeon"), "Status: 400");
  EXPECT_EQ(status(ticket, "QUERY_STRING", "colour=red"), "Status: 400");
  EXPECT_EQ(status(ticket, "QUERY_STRING", ""), "Status: 200");
  EXPECT_EQ(status(ticket, "HTTP_MATSURI_PASS", ""), "Status: 401");
  EXPECT_TRUE(kept().empty());
}

}  // namespace
}  // namespace matsuri::closure
