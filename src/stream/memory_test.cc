// Views in memory: they follow from where they were loaded, and go on behind what is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

// Remembers the ids that it was given, in order.
class Seen final : public MemoryView {
 public:
  std::string_view name() const override { return "seen"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::post_published || kind == EventKind::block_changed;
  }
  void consume(std::span<const Record> records) override {
    const std::lock_guard lock(mutex_);
    for (const Record& record : records) ids_.push_back(record.header.id);
  }
  std::vector<std::uint64_t> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> ids_;
};

class MemoryTest : public StreamTest {
 protected:
  static Position put(Store& store, std::uint64_t post) {
    Position position;
    const BatchResult::Fact fact = {
        .event =
            PostPublished{
                .post = PostId{post}, .rev = 1, .community = common_ground, .author = AccountId{7}},
        .unix_ms = 1,
        .account = AccountId{7}};
    EXPECT_TRUE(store.db
                    ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(position, store.outbox->put(connection, std::span(&fact, 1)));
                      return {};
                    })
                    .ok());
    store.outbox->committed(position);
    return position;
  }
  static PositionSet set_of(const Position& position) {
    PositionSet set;
    set.raise(position);
    return set;
  }
};
MATSURI_FOR_EACH_ENGINE(MemoryTest);
using ::testing::ElementsAre;

TEST_P(MemoryTest, FollowsFromWhereItWasLoaded) {
  Store store = open_store(fresh_options());
  put(store, 1);
  const Position loaded = put(store, 2);
  put(store, 3);
  Position last;
  {
    Seen view;
    Stream stream(options());
    ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
    stream.add_memory_view(view, {loaded});
    ASSERT_TRUE(stream.start().ok());
    last = put(store, 4);
    ASSERT_TRUE(stream.drain(drain_ms));
    EXPECT_THAT(view.ids(), ElementsAre(3, 4));
    EXPECT_TRUE(stream.has_passed(set_of(last)));
    EXPECT_TRUE(identity_holds(status_of(stream, "seen")));
    EXPECT_EQ(status_of(stream, "seen").done, 2U);
    EXPECT_EQ(status_of(stream, "seen").applied, std::vector{last});
  }
  put(store, 5);
  Seen view;
  Stream stream([&] {
    StreamOptions without = options();
    without.metrics = nullptr;
    return without;
  }());
  ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
  stream.add_memory_view(view, {last});
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_THAT(view.ids(), ElementsAre(5)) << "resumed";
}

// Offset 0 is a place like others: before the first.
TEST_P(MemoryTest, FollowsFromTheBeginning) {
  Store store = open_store(fresh_options());
  put(store, 1);
  Seen view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
  stream.add_memory_view(view, {Position{store.outbox->origin(), 0}});
  ASSERT_TRUE(stream.start().ok());
  put(store, 2);
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_THAT(view.ids(), ElementsAre(1, 2));
}

// An origin that add_memory_view() does not name is followed from its end when it came; one that
// comes back, from where it was left.
TEST_P(MemoryTest, FollowsOriginsThatComeAndGo) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  put(store, 1);
  Seen view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
  stream.add_memory_view(view, {});
  ASSERT_TRUE(stream.start().ok());
  put(store, 2);
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_THAT(view.ids(), ElementsAre(2));
  stream.remove_origin(store.outbox->origin());
  // Taken note of, once nothing of it is read any more.
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(append(*writer, {toy_other(90)}).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  put(store, 3);
  ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_THAT(view.ids(), ElementsAre(2, 90, 3));
}

// Goal: a view in memory that was too slow for retention goes on with what is there.
TEST_P(MemoryTest, GoesOnBehindWhatRetentionHasDropped) {
  Store store = open_store(fresh_options());
  const Position loaded = put(store, 1);
  for (std::uint64_t post = 2; post <= 9; ++post) put(store, post);
  ASSERT_TRUE(store.outbox->drop(6).ok());
  Seen view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
  stream.add_memory_view(view, {loaded});
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_THAT(view.ids(), ElementsAre(7, 8, 9));
}

// Goal: a view in SQL does not: what it has not read would be missing for ever.
TEST_P(MemoryTest, StopsAViewInSqlBeforeAGap) {
  Store store = open_store(fresh_options("one"));
  Store other = open_store(fresh_options("two"));
  const auto follow = [&](const std::function<void(Stream&)>& test) {
    ToyReader reader;
    StreamOptions without = options();
    without.metrics = nullptr;
    Stream stream(without);
    ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
    ASSERT_TRUE(stream.add_view(reader, *other.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    test(stream);
  };
  put(store, 1);
  follow([&](Stream& stream) { EXPECT_TRUE(stream.drain(drain_ms)); });
  for (std::uint64_t post = 2; post <= 9; ++post) put(store, post);
  ASSERT_TRUE(store.outbox->drop(6).ok());
  follow([&](Stream& stream) {
    EXPECT_TRUE(soon([&] { return !status_of(stream, "toy_reader").trouble.empty(); }));
    EXPECT_THAT(status_of(stream, "toy_reader").trouble, ::testing::HasSubstr("2 to 6"));
  });
  EXPECT_EQ(number_of(*other.db, "SELECT at_offset FROM view_position"), 1);
}

}  // namespace
}  // namespace matsuri::stream::testing
