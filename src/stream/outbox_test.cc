#include "stream/outbox.h"

#include <gtest/gtest.h>

#include "stream/internal/outbox_tail.h"
#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class OutboxTest : public StreamTest {
 protected:
  static BatchResult::Fact fact(std::uint64_t post) {
    return {.event = PostPublished{.post = PostId{post},
                                   .rev = 1,
                                   .community = common_ground,
                                   .author = AccountId{7},
                                   .text = "fact " + std::to_string(post),
                                   .language = {}},
            .unix_ms = 1'700'000'000'000,
            .account = AccountId{7}};
  }
  // Puts facts in a transaction of their own, which fails afterwards if told so.
  static Result<Position> put(Store& store, std::vector<std::uint64_t> posts, bool fail = false) {
    Position position;
    TRY(store.db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      std::vector<BatchResult::Fact> facts;
      for (const std::uint64_t post : posts) facts.push_back(fact(post));
      TRY_ASSIGN(position, store.outbox->put(connection, facts));
      if (fail) return Error(Code::invalid, "so asked");
      return {};
    }));
    return position;
  }
};
MATSURI_FOR_EACH_ENGINE(OutboxTest);

// Goal: offsets are those of the commits, without gaps, also where a transaction failed.
TEST_P(OutboxTest, GivesOffsetsWithoutGaps) {
  Store store = open_store(fresh_options());
  ASSERT_EQ(store.outbox->end_offset().value(), 0U);
  EXPECT_EQ(put(store, {10, 11}).value().offset, 2U);
  EXPECT_EQ(put(store, {12}, true).error().code(), Code::invalid);
  EXPECT_EQ(put(store, {13}).value().offset, 3U);
  EXPECT_EQ(store.outbox->end_offset().value(), 3U);

  const std::vector<Record> records = store.outbox->read(1, 10).value();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].position, (Position{store.outbox->origin(), 2}));
  EXPECT_EQ(records[0].event, fact(11).event);
  EXPECT_EQ(records[0].header.id, 11U);
  EXPECT_EQ(records[0].header.kind, EventKind::post_published);
  EXPECT_EQ(records[1].header.account, AccountId{7});
  EXPECT_EQ(records[1].event, fact(13).event);
  EXPECT_EQ(store.outbox->read(0, 1).value().size(), 1U);
}

// Goal: what lies in memory is what the database has, and nothing that was rolled back.
TEST_P(OutboxTest, KeepsCommittedFactsInMemory) {
  Store store = open_store(fresh_options());
  Outbox& outbox = *store.outbox;
  const Position first = put(store, {10, 11}).value();
  EXPECT_EQ(outbox.recent(1), nullptr) << "nobody has said that it is committed";
  outbox.committed(first);
  ASSERT_EQ(put(store, {12, 13}, true).error().code(), Code::invalid);
  const Position second = put(store, {14}).value();
  outbox.committed(second);
  ASSERT_EQ(put(store, {15}, true).error().code(), Code::invalid);

  const auto stored = outbox.read_rows(0, 10).value();
  ASSERT_EQ(stored.size(), 3U);
  for (const Outbox::Row& row : stored) {
    const auto rows = outbox.recent(row.offset);
    ASSERT_NE(rows, nullptr);
    const Outbox::Row& held = rows->at(row.offset - rows->front().offset);
    EXPECT_EQ(held.offset, row.offset);
    EXPECT_EQ(held.payload, row.payload);
    EXPECT_EQ(held.header.id, row.header.id);
    EXPECT_EQ(held.header.unix_ms, row.header.unix_ms);
    EXPECT_EQ(held.header.account, row.header.account);
    EXPECT_EQ(held.header.kind, row.header.kind);
  }
  EXPECT_EQ(outbox.recent(0), nullptr);
  EXPECT_EQ(outbox.recent(4), nullptr);
}

// Goal: memory is bounded, and the oldest go first.
TEST(OutboxTail, LetsTheOldestGo) {
  constexpr std::size_t row_size = sizeof(Outbox::Row) + 100;
  internal::OutboxTail tail(3 * row_size);
  for (std::uint64_t offset = 1; offset <= 5; ++offset) {
    tail.written(std::make_shared<const Outbox::Rows>(
        Outbox::Rows{{.offset = offset, .header = {}, .payload = std::string(100, 'x')}}));
    tail.committed(offset);
  }
  EXPECT_EQ(tail.find(2), nullptr);
  for (std::uint64_t offset = 3; offset <= 5; ++offset) ASSERT_NE(tail.find(offset), nullptr);
  EXPECT_EQ(tail.find(6), nullptr);
  tail.dropped(4);
  EXPECT_EQ(tail.find(4), nullptr);
  EXPECT_NE(tail.find(5), nullptr);
}

// Goal: retention never makes an offset come twice.
TEST_P(OutboxTest, GoesOnAfterRetention) {
  Store store = open_store(fresh_options());
  ASSERT_TRUE(store.outbox->drop(5).ok());
  ASSERT_TRUE(put(store, {1, 2, 3}).ok());
  ASSERT_TRUE(store.outbox->drop(99).ok());
  const auto left = store.outbox->read_rows(0, 10).value();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].offset, 3U);
  EXPECT_EQ(put(store, {4}).value().offset, 4U);
}

// Goal: the incarnation is the database's own: kept when it is opened again, new when renewed.
TEST_P(OutboxTest, KeepsItsIncarnationUntilItIsRenewed) {
  const sql::DbOptions options = fresh_options();
  io::SeededRandom random(1);
  Origin first;
  {
    Store store = open_store(options, random);
    first = store.outbox->origin();
    EXPECT_NE(first.incarnation, 0U);
    ASSERT_TRUE(put(store, {1, 2}).ok());
  }
  {
    Store store = open_store(options, random);
    EXPECT_EQ(store.outbox->origin(), first);
    ASSERT_TRUE(store.db
                    ->write_and_wait([&](sql::Connection& connection) {
                      return renew_incarnation(connection, random);
                    })
                    .ok());
  }
  Store store = open_store(options, random);
  EXPECT_NE(store.outbox->origin(), first);
  EXPECT_EQ(store.outbox->origin().node, first.node);
  EXPECT_EQ(store.outbox->read(0, 10).value().size(), 2U);
  EXPECT_EQ(put(store, {3}).value(), (Position{store.outbox->origin(), 3}));
}

TEST_P(OutboxTest, TellsItsListenersUntilTheyLetGo) {
  Store store = open_store(fresh_options());
  std::vector<std::uint64_t> heard;
  auto handle = store.outbox->on_committed([&](std::uint64_t offset) { heard.push_back(offset); });
  store.outbox->committed(put(store, {1}).value());
  handle.reset();
  store.outbox->committed(put(store, {2}).value());
  EXPECT_EQ(heard, std::vector<std::uint64_t>{1});
}

}  // namespace
}  // namespace matsuri::stream::testing
