// Read-your-own-writes: who has passed which position, and those who wait for it.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class WatchTest : public StreamTest {
 protected:
  static PositionSet set_of(const Position& position) {
    PositionSet set;
    set.raise(position);
    return set;
  }
  static bool wait(Stream& stream, const PositionSet& set, std::int64_t timeout_ms) {
    const auto promise = std::make_shared<std::promise<bool>>();
    auto answer = promise->get_future();
    stream.when_passed(set, timeout_ms, [promise](bool passed) { promise->set_value(passed); });
    return answer.get();
  }
};
MATSURI_FOR_EACH_ENGINE(WatchTest);

TEST_P(WatchTest, TellsWhenEveryViewHasPassed) {
  Store one = open_store(fresh_options("one"));
  Store two = open_store(fresh_options("two"));
  const auto writer = open_writer();
  ToyView quick("quick");
  ToyView slow("slow");
  std::atomic<bool> stuck{true};
  slow.on_apply = [&](std::span<const Record>) -> Result<void> {
    if (stuck) return Error(Code::busy, "stuck");
    return {};
  };
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(quick, *one.outbox).ok());
  ASSERT_TRUE(stream.add_view(slow, *two.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  const PositionSet set = set_of(append(*writer, {toy_post(1, "text")}).value());
  ASSERT_TRUE(soon([&] { return number_of(*one.db, "SELECT COUNT(*) FROM toy") == 1; }));
  EXPECT_FALSE(stream.has_passed(set));
  EXPECT_FALSE(wait(stream, set, 30)) << "the slow one has not";
  EXPECT_FALSE(stream.drain(30));
  const auto promise = std::make_shared<std::promise<bool>>();
  auto answer = promise->get_future();
  stream.when_passed(set, drain_ms, [promise](bool passed) { promise->set_value(passed); });
  stuck = false;
  EXPECT_TRUE(answer.get());
  EXPECT_TRUE(stream.has_passed(set));
  EXPECT_EQ(number_of(*two.db, "SELECT COUNT(*) FROM toy"), 1);
  EXPECT_TRUE(wait(stream, set, 0));
}

// Goal: a position in a log that nobody reads (another incarnation's) makes nobody wait.
TEST_P(WatchTest, PassesWhatNobodyReads) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  Origin other = writer->origin();
  ++other.incarnation;
  EXPECT_TRUE(wait(stream, set_of({.origin = other, .offset = 5}), 1000));
  EXPECT_TRUE(stream.has_passed(set_of({.origin = store.outbox->origin(), .offset = 5})))
      << "a view does not read its own database's facts";
  EXPECT_FALSE(stream.has_passed(set_of({.origin = writer->origin(), .offset = 1})));
}

// Goal: whoever waits is answered exactly once, also when the stream ends.
TEST_P(WatchTest, AnswersEverybodyOnce) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  std::atomic<int> passed{0}, late{0};
  {
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    std::vector<std::thread> clients;
    for (std::uint64_t client = 0; client < 4; ++client) {
      clients.emplace_back([&, client] {
        for (std::uint64_t count = 1; count <= 25; ++count) {
          const Position position =
              append(*writer, {toy_post(client * 100 + count, "text")}).value();
          stream.when_passed(set_of(position), drain_ms,
                             [&](bool there) { ++(there ? passed : late); });
        }
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_TRUE(soon([&] { return passed == 100; }));
    for (std::uint64_t offset = 200; offset < 220; ++offset)
      stream.when_passed(set_of({.origin = writer->origin(), .offset = offset}), drain_ms,
                         [&](bool there) { ++(there ? passed : late); });
  }
  EXPECT_EQ(passed, 100);
  EXPECT_EQ(late, 20);
}

}  // namespace
}  // namespace matsuri::stream::testing
