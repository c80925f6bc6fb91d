// What becomes of a record that can't be applied: it alone is set aside, with its bytes and the
// reason, and comes back when it is asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class QuarantineTest : public StreamTest {
 protected:
  // Appends `entries` first, so that they are one batch, and applies them.
  ApplierStatus apply(Store& store, ToyView& view, journal::Writer& writer,
                      const std::vector<journal::Writer::Entry>& entries) {
    last_ = append(writer, entries).value();
    Stream stream(options());
    EXPECT_TRUE(stream.add_journal(journal_folder(), &writer).ok());
    EXPECT_TRUE(stream.add_view(view, *store.outbox).ok());
    EXPECT_TRUE(stream.start().ok());
    EXPECT_TRUE(stream.drain(drain_ms));
    EXPECT_TRUE(identity_holds(status_of(stream, "toy")));
    return status_of(stream, "toy");
  }
  Position at(std::uint64_t offset) const { return {.origin = last_.origin, .offset = offset}; }
  static CommandStatus status_at(Store& store, const Position& position) {
    CommandStatus status;
    EXPECT_TRUE(store.db
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(status, command_status(connection, "toy", position));
                      return {};
                    })
                    .ok());
    return status;
  }
  static std::vector<QuarantinedRecord> quarantined(Store& store) {
    std::vector<QuarantinedRecord> all;
    EXPECT_TRUE(store.db
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(all, list_quarantine(connection));
                      return {};
                    })
                    .ok());
    return all;
  }

  Position last_;
};
MATSURI_FOR_EACH_ENGINE(QuarantineTest);

// Method: poison at every place of a batch in turn, also several at once, by the bits of a number.
TEST_P(QuarantineTest, TakesThePoisonAloneWhereverItStands) {
  constexpr std::uint64_t count = 5;
  for (std::uint64_t bits = 1; bits < (1U << count); bits += bits < 8 ? 1 : 5) {
    SCOPED_TRACE(bits);
    Store store = open_store(fresh_options());
    const auto writer = open_writer(std::to_string(bits));
    ToyView view;
    std::vector<journal::Writer::Entry> entries;
    std::vector<std::string> good, bad;
    for (std::uint64_t id = 1; id <= count; ++id) {
      const bool poison = (bits >> (id - 1) & 1) != 0;
      (poison ? bad : good).push_back(std::to_string(id));
      entries.push_back(toy_post(id, poison ? "poison" : "good", id));
    }
    last_ = append(*writer, entries).value();
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(std::to_string(bits)), writer.get()).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    ASSERT_TRUE(stream.drain(drain_ms));
    EXPECT_EQ(rows_of(*store.db, "SELECT id FROM toy ORDER BY place"), good);
    EXPECT_EQ(rows_of(*store.db, "SELECT at_offset FROM quarantine ORDER BY at_offset"), bad);
    EXPECT_EQ(rows_of(*store.db, "SELECT subject_id FROM outbox ORDER BY at_offset"), good);
    EXPECT_EQ(status_of(stream, "toy").quarantined, bad.size());
    EXPECT_EQ(status_of(stream, "toy").done, good.size());
  }
}

// Goal: bytes that no version of ours can read are poison, and are kept as they came.
TEST_P(QuarantineTest, TakesARecordThatDoesNotDecode) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  journal::Writer::Entry broken = toy_post(2, "text", 99);
  broken.payload = std::string("\xff\x00\xfe no event", 12);
  const ApplierStatus status =
      apply(store, view, *writer, {toy_post(1, "one"), broken, toy_post(3, "three")});
  EXPECT_EQ(status.quarantined, 1U);
  EXPECT_EQ(rows_of(*store.db, "SELECT id FROM toy ORDER BY place"),
            (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(rows_of(*store.db, "SELECT payload FROM quarantine"), std::vector{broken.payload});
  EXPECT_EQ(status_at(store, at(2)).state, CommandState::quarantined);
  ToyView fresh;
  EXPECT_FALSE(requeue(*store.outbox, fresh, at(2)).ok()) << "it still does not decode";
  EXPECT_EQ(quarantined(store).size(), 1U);
}

TEST_P(QuarantineTest, AppliesTheRecordAgainOnceTheCauseIsMended) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  apply(store, view, *writer,
        {toy_post(1, "one", 1), toy_post(2, "poison two", 2), toy_post(3, "three", 3)});
  const auto listed = quarantined(store);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].view, "toy");
  EXPECT_EQ(listed[0].position, at(2));
  EXPECT_EQ(listed[0].kind, EventKind::publish_post);
  EXPECT_THAT(listed[0].reason, ::testing::HasSubstr("can't be written"));
  EXPECT_EQ(status_at(store, at(2)).account, AccountId{7});

  ToyView again;
  EXPECT_EQ(requeue(*store.outbox, again, at(2)).error().code(), Code::invalid);
  EXPECT_EQ(quarantined(store).size(), 1U) << "it stays until it could be applied";
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 2);
  again.mended = true;
  ASSERT_TRUE(requeue(*store.outbox, again, at(2)).ok());
  EXPECT_EQ(rows_of(*store.db, "SELECT id FROM toy ORDER BY place"),
            (std::vector<std::string>{"1", "3", "2"}));
  EXPECT_EQ(rows_of(*store.db, "SELECT subject_id FROM outbox ORDER BY at_offset"),
            (std::vector<std::string>{"1", "3", "2"}));
  EXPECT_EQ(rows_of(*store.db, "SELECT hex FROM toy_key ORDER BY hex").size(), 3U)
      << "the key came along";
  EXPECT_TRUE(quarantined(store).empty());
  EXPECT_EQ(status_at(store, at(2)).state, CommandState::applied);
  EXPECT_EQ(requeue(*store.outbox, again, at(2)).error().code(), Code::not_found);
}

// Goal: a refusal has its reason, is found by its position, and is told to its author.
TEST_P(QuarantineTest, StoresRefusalsWithTheirReason) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  std::string long_reason = "refuse ";
  for (int count = 0; count < 300; ++count) long_reason += "\xe7\xa5\xad";
  apply(store, view, *writer,
        {toy_post(1, "one", 1), toy_post(2, "refuse me", 2), toy_post(3, "again", 1),
         toy_post(4, "refuse it"), toy_post(5, long_reason)});
  EXPECT_EQ(status_at(store, at(1)).state, CommandState::applied);
  const CommandStatus refused = status_at(store, at(2));
  EXPECT_EQ(refused.state, CommandState::refused);
  EXPECT_EQ(refused.code, Code::conflict);
  EXPECT_EQ(refused.reason, "said so: refuse me");
  EXPECT_EQ(refused.account, AccountId{7});
  EXPECT_EQ(status_at(store, at(3)).state, CommandState::duplicate);
  EXPECT_EQ(status_at(store, at(4)).reason, "said so: refuse it");
  EXPECT_LE(status_at(store, at(5)).reason.size(), 500U);
  EXPECT_EQ(status_at(store, at(6)).state, CommandState::pending);

  const std::vector<Record> facts = store.outbox->read(0, 10).value();
  ASSERT_EQ(facts.size(), 4U);
  EXPECT_EQ(facts[1].event, (Event{CommandRefused{.account = AccountId{7},
                                                  .position = at(2).to_string(),
                                                  .resource_id = 2,
                                                  .code = Code::conflict,
                                                  .reason = "said so: refuse me"}}));
  EXPECT_EQ(facts[1].header.account, AccountId{7});
}

}  // namespace
}  // namespace matsuri::stream::testing
