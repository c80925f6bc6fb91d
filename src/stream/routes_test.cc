// Goal: whoever asks hears what the one view said that a command is for, also where that is not the
// first, and nobody hears it of others. Method: two views in two databases, and a real server.
#include "stream/routes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <charconv>

#include "base/assert.h"
#include "http/server.h"
#include "http/testing_client.h"
#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

// Refuses all that it wants, which is nothing that ToyView does, once it is let.
class RefusingView final : public View {
 public:
  std::string_view name() const override { return "refusing"; }
  bool wants(EventKind kind) const override { return kind == EventKind::block_changed; }
  Result<void> apply(sql::Connection&, std::span<const Record> records,
                     BatchResult& result) override {
    if (is_late) return Error(Code::busy, "not now");
    for (std::size_t index = 0; index < records.size(); ++index)
      result.refuse(index, Code::denied, "never");
    return {};
  }

  std::atomic<bool> is_late = false;
};

// Who asks is the number in the header.
class NumberAuthenticator final : public http::Authenticator {
 public:
  Result<http::Caller> authenticate(const http::Request& request) override {
    const std::string_view text = request.header("authorization");
    http::Caller caller;
    std::from_chars(text.data(), text.data() + text.size(), caller.account.value);
    return caller;
  }
};

class CommandRouteTest : public StreamTest {
 protected:
  void SetUp() override {
    StreamTest::SetUp();
    if (IsSkipped()) return;
    toys_ = open_store(fresh_options("toys"));
    refusals_ = open_store(fresh_options("refusals"));
    writer_ = open_writer();
    stream_ = std::make_unique<Stream>(options());
    MATSURI_ASSERT(stream_->add_journal(journal_folder(), writer_.get()).ok() &&
                   stream_->add_outbox(*toys_.outbox).ok() &&
                   stream_->add_view(toy_, *toys_.outbox).ok() &&
                   stream_->add_view(refusing_, *refusals_.outbox).ok() && stream_->start().ok());
    add_routes(router_, *stream_,
               {{.name = "toy", .outbox = *toys_.outbox},
                {.name = "refusing", .outbox = *refusals_.outbox}});
    auto server = http::Server::listen({.port = 0, .authenticator = &authenticator_}, router_);
    MATSURI_ASSERT(server.ok());
    server_ = std::move(*server);
    server_->start();
  }

  http::Reply ask(const std::string& position, AccountId caller = AccountId{7}) {
    return http::TestClient(server_->port())
        .get("/v1/commands/" + position, "Authorization: " + caller.to_string() + "\r\n");
  }
  std::string answer(const Position& position) { return ask(position.to_string()).body; }

  ToyView toy_;
  RefusingView refusing_;
  Store toys_;
  Store refusals_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<Stream> stream_;
  NumberAuthenticator authenticator_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};
MATSURI_FOR_EACH_ENGINE(CommandRouteTest);

TEST_P(CommandRouteTest, AsksEachViewUntilOneKnows) {
  journal::Writer::Entry other = toy_other(3);
  other.header.account = AccountId{7};
  refusing_.is_late = true;
  const auto last = append(*writer_, {toy_post(1, "good", 1), toy_post(2, "refuse", 2), other,
                                      toy_post(4, "poison", 4), toy_post(5, "good", 1)});
  ASSERT_TRUE(last.ok());
  const auto at = [&](std::uint64_t offset) {
    return Position{.origin = last->origin, .offset = offset};
  };
  ASSERT_TRUE(soon([&] { return status_of(*stream_, "toy").duplicate == 1; }));
  EXPECT_EQ(answer(at(1)), R"({"status":"pending"})") << "it may be for the view that is late";
  EXPECT_EQ(answer(at(2)), R"({"status":"refused","code":"conflict","reason":"said so: refuse"})");
  EXPECT_EQ(answer(at(3)), R"({"status":"pending"})");

  refusing_.is_late = false;
  ASSERT_TRUE(stream_->drain(drain_ms));
  EXPECT_EQ(answer(at(1)), R"({"status":"applied"})");
  EXPECT_EQ(answer(at(3)), R"({"status":"refused","code":"denied","reason":"never"})");
  EXPECT_EQ(answer(at(4)), R"({"status":"quarantined"})");
  EXPECT_EQ(answer(at(5)), R"({"status":"duplicate"})");
  EXPECT_EQ(answer(at(6)), R"({"status":"pending"})") << "there is none yet";
  EXPECT_EQ(answer({.origin = {.node = Node{9}, .incarnation = 1}, .offset = 1}),
            R"({"status":"pending"})")
      << "nobody reads that origin";
}

// What a view has not stored, because nothing of it concerns it, keeps no command of others back.
TEST_P(CommandRouteTest, CallsACommandAppliedThoughOtherViewsHaveNothingToStore) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const auto made = append(*writer_, {toy_post(id, "good")});
    ASSERT_TRUE(made.ok());
    PositionSet positions;
    positions.raise(*made);
    ASSERT_TRUE(soon([&] { return stream_->has_passed(positions); }));
    EXPECT_EQ(answer(*made), R"({"status":"applied"})");
  }
}

TEST_P(CommandRouteTest, TellsNobodyOfAnothersCommand) {
  journal::Writer::Entry other = toy_other(2);
  other.header.account = AccountId{7};
  const auto last = append(*writer_, {toy_post(1, "refuse"), other, toy_other(3)});
  ASSERT_TRUE(last.ok());
  ASSERT_TRUE(stream_->drain(drain_ms));
  for (std::uint64_t offset = 1; offset <= 3; ++offset) {
    SCOPED_TRACE(offset);
    const std::string position = Position{.origin = last->origin, .offset = offset}.to_string();
    EXPECT_EQ(ask(position, AccountId{8}).status, 404);
    EXPECT_EQ(ask(position, AccountId{}).status, 401);
    EXPECT_EQ(ask(position).status, offset == 3 ? 404 : 200);
  }
  EXPECT_EQ(ask("x").status, 404);
}

}  // namespace
}  // namespace matsuri::stream::testing
