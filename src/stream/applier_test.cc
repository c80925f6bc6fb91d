// What one view promises: every record once, in order, with its position; whatever goes wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class ApplierTest : public StreamTest {};
MATSURI_FOR_EACH_ENGINE(ApplierTest);

// The sums of a scrape, by name, of one view.
std::map<std::string, std::uint64_t> scrape(metrics::Registry& registry, const std::string& view) {
  std::map<std::string, std::uint64_t> values;
  const std::string text = registry.to_text();
  const std::string label = "{view=\"" + view + "\"} ";
  for (std::size_t at = text.find(label); at != std::string::npos; at = text.find(label, at + 1)) {
    const std::size_t start = text.rfind('\n', at) + 1;
    values[text.substr(start, at - start)] = std::stoull(text.substr(at + label.size()));
  }
  return values;
}

// Goal: read = applied + duplicate + refused + not_mine + quarantined + in_flight, at every moment.
// Method: scrape as fast as possible while records of every fate come.
TEST_P(ApplierTest, AccountsForEveryRecordAtEveryScrape) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  std::atomic<bool> over{false};
  std::uint64_t scrapes = 0;
  std::uint64_t broken = 0;
  std::thread scraper([&] {
    for (; !over; ++scrapes) {
      const auto now = scrape(registry_, "toy");
      const std::uint64_t sum =
          now.at("matsuri_applier_applied_total") + now.at("matsuri_applier_duplicate_total") +
          now.at("matsuri_applier_refused_total") + now.at("matsuri_applier_not_mine_total") +
          now.at("matsuri_applier_quarantined_total") + now.at("matsuri_applier_in_flight");
      broken += now.at("matsuri_applier_read_total") == sum ? 0 : 1;
      broken += identity_holds(status_of(stream, "toy")) ? 0 : 1;
    }
  });
  for (std::uint64_t id = 1; id <= 400; ++id) {
    ASSERT_TRUE(append(*writer, {toy_post(id * 10, "a post"), toy_post(id * 10, "again"),
                                 toy_post(id * 10 + 1, id % 9 == 0 ? "refuse it" : "take it", id),
                                 toy_other(id)})
                    .ok());
    if (id % 100 == 0) ASSERT_TRUE(append(*writer, {toy_post(id * 10 + 2, "poison")}).ok());
  }
  EXPECT_TRUE(stream.drain(drain_ms));
  over = true;
  scraper.join();
  EXPECT_GT(scrapes, 10U);
  EXPECT_EQ(broken, 0U);
  const ApplierStatus status = status_of(stream, "toy");
  EXPECT_EQ(status.read, 1604U);
  EXPECT_EQ(status.done, 400U + 400U - 44U);
  EXPECT_EQ(status.duplicate, 400U);
  EXPECT_EQ(status.refused, 44U);
  EXPECT_EQ(status.not_mine, 400U);
  EXPECT_EQ(status.quarantined, 4U);
  EXPECT_EQ(status.in_flight, 0U);
  EXPECT_EQ(status.lag, 0U);
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 756);
  EXPECT_EQ(scrape(registry_, "toy").at("matsuri_applier_applied_total"), 756U);
}

// Goal: a restart goes on behind the last committed batch, and keeps the order of the journal.
TEST_P(ApplierTest, GoesOnWhereItStopped) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  std::uint64_t id = 0;
  for (int life = 0; life < 3; ++life) {
    ToyView view;
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    Position last;
    for (int count = 0; count < 50; ++count) {
      ++id;
      last = append(*writer, {toy_post(id, "text " + std::to_string(id))}).value();
    }
    ASSERT_TRUE(stream.drain(drain_ms));
    EXPECT_EQ(status_of(stream, "toy").read, 50U) << "a record was read again";
    EXPECT_EQ(status_of(stream, "toy").applied, std::vector{last});
  }
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy WHERE id = place"), 150);
  EXPECT_EQ(store.outbox->end_offset().value(), 150U);
}

// Goal: of two owners of a view one stops, without harm. Method: move the position as another would.
TEST_P(ApplierTest, StopsWhereSomebodyElseMovedThePosition) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(append(*writer, {toy_post(1, "mine")}).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  ASSERT_TRUE(store.db
                  ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute("UPDATE view_position SET at_offset = 2"));
                    return {};
                  })
                  .ok());
  const Position second = append(*writer, {toy_post(2, "theirs")}).value();
  ASSERT_TRUE(soon([&] { return !status_of(stream, "toy").trouble.empty(); }));
  EXPECT_THAT(status_of(stream, "toy").trouble, ::testing::HasSubstr("somebody else"));
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 1);
  EXPECT_EQ(number_of(*store.db, "SELECT at_offset FROM view_position"), 2);
  PositionSet position;
  position.raise(second);
  EXPECT_FALSE(stream.has_passed(position));
  EXPECT_TRUE(identity_holds(status_of(stream, "toy")));
}

// Goal: the same for the very first record, where there is no position to compare yet.
TEST_P(ApplierTest, StopsWhereSomebodyElseBegan) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  view.on_apply = [&](std::span<const Record>) -> Result<void> {
    return Error(Code::busy, "not yet");
  };
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(append(*writer, {toy_post(1, "first")}).ok());
  ASSERT_TRUE(soon([&] { return !status_of(stream, "toy").trouble.empty(); }));
  ToyView other;
  Stream rival([&] {
    StreamOptions without = options();
    without.metrics = nullptr;
    return without;
  }());
  ASSERT_TRUE(rival.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(rival.add_view(other, *store.outbox).ok());
  ASSERT_TRUE(rival.start().ok());
  ASSERT_TRUE(rival.drain(drain_ms));
  EXPECT_TRUE(soon(
      [&] { return status_of(stream, "toy").trouble.find("somebody else") != std::string::npos; }));
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 1);
}

// Goal: what the database may mend by itself is repeated, and is nobody's fault.
TEST_P(ApplierTest, RepeatsWhatIsNoRecordsFault) {
  for (const Code code : {Code::busy, Code::io, Code::corrupt}) {
    SCOPED_TRACE(name_of(code));
    Store store = open_store(fresh_options());
    const auto writer = open_writer(std::string(name_of(code)));
    std::atomic<int> failures{0};
    ToyView view("toy_" + std::string(name_of(code)));
    view.on_apply = [&](std::span<const Record>) -> Result<void> {
      if (++failures <= 5) return Error(code, "try again");
      return {};
    };
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(std::string(name_of(code))), writer.get()).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    ASSERT_TRUE(append(*writer, {toy_post(1, "one"), toy_post(2, "two")}).ok());
    ASSERT_TRUE(stream.drain(drain_ms));
    EXPECT_EQ(failures, 6);
    EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 2);
    EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM quarantine"), 0);
    EXPECT_EQ(status_of(stream, view.name()).trouble, "");
  }
}

// Goal: over its bound a view makes the commands of its own kinds wait, and no others.
TEST_P(ApplierTest, AdmitsItsKindsOnlyWithinTheLagBound) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  std::atomic<bool> stuck{true};
  ToyView view;
  view.on_apply = [&](std::span<const Record>) -> Result<void> {
    if (stuck) return Error(Code::busy, "stuck");
    return {};
  };
  StreamOptions bounded = options();
  bounded.lag_count_max = 10;
  Stream stream(bounded);
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  EXPECT_TRUE(stream.admit(EventKind::publish_post).ok());
  for (std::uint64_t id = 1; id <= 20; ++id)
    ASSERT_TRUE(append(*writer, {toy_post(id, "more")}).ok());
  ASSERT_TRUE(soon([&] { return !stream.admit(EventKind::publish_post).ok(); }));
  EXPECT_EQ(stream.admit(EventKind::publish_post).error().code(), Code::busy);
  EXPECT_TRUE(stream.admit(EventKind::account_changed).ok());
  stuck = false;
  EXPECT_TRUE(soon([&] { return stream.admit(EventKind::publish_post).ok(); }));
  EXPECT_TRUE(stream.drain(drain_ms));
}

// Goal: records of others' kinds move the position too, at the latest when the stream stops.
TEST_P(ApplierTest, StoresThePositionBehindOthersRecords) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  Position last;
  {
    ToyView view;
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    last = append(*writer, {toy_other(1), toy_other(2), toy_other(3)}).value();
    ASSERT_TRUE(stream.drain(drain_ms));
  }
  EXPECT_EQ(number_of(*store.db, "SELECT at_offset FROM view_position"), 3);
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  EXPECT_TRUE(soon([&] { return stream.applied_by_all() == std::vector{last}; }));
  EXPECT_EQ(status_of(stream, "toy").read, 0U);
}

// Goal: a facts' consumer in another database gets each fact once, in order, also after a restart.
TEST_P(ApplierTest, CarriesFactsToAnotherDatabaseInOrder) {
  Store store = open_store(fresh_options("one"));
  Store other = open_store(fresh_options("two"));
  const auto writer = open_writer();
  std::vector<std::string> expected;
  for (std::uint64_t life = 0; life < 2; ++life) {
    ToyView view;
    ToyReader reader;
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
    ASSERT_TRUE(stream.add_outbox(*other.outbox).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.add_view(reader, *other.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    for (std::uint64_t id = life * 40 + 1; id <= life * 40 + 40; ++id) {
      ASSERT_TRUE(append(*writer, {toy_post(id, "text")}).ok());
      expected.push_back(Position{store.outbox->origin(), id}.to_string());
    }
    ASSERT_TRUE(stream.drain(drain_ms));
    PositionSet facts;
    facts.raise(Position{store.outbox->origin(), life * 40 + 40});
    EXPECT_TRUE(stream.has_passed(facts));
  }
  EXPECT_EQ(rows_of(*other.db, "SELECT at FROM toy_seen ORDER BY place"), expected);
  EXPECT_EQ(rows_of(*other.db, "SELECT id, body FROM toy_read ORDER BY id"),
            rows_of(*store.db, "SELECT id, body FROM toy ORDER BY id"));
}

// Goal: a new incarnation of an outbox is read from its first row, and changes nothing: facts are
// absolute.
TEST_P(ApplierTest, ReadsTheFactsOfANewIncarnationAgain) {
  const sql::DbOptions source = fresh_options("one");
  Store other = open_store(fresh_options("two"));
  const auto writer = open_writer();
  for (int life = 0; life < 2; ++life) {
    Store store = open_store(source);
    ToyView view;
    ToyReader reader;
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    ASSERT_TRUE(stream.add_outbox(*store.outbox).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.add_view(reader, *other.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    if (life == 0) ASSERT_TRUE(append(*writer, {toy_post(1, "a"), toy_post(2, "b")}).ok());
    ASSERT_TRUE(stream.drain(drain_ms));
    EXPECT_EQ(status_of(stream, "toy_reader").duplicate, life == 0 ? 0U : 2U);
    ASSERT_TRUE(store.db
                    ->write_and_wait([&](sql::Connection& connection) {
                      return renew_incarnation(connection, io::system_random());
                    })
                    .ok());
  }
  EXPECT_EQ(rows_of(*other.db, "SELECT id, rev, body FROM toy_read ORDER BY id"),
            (std::vector<std::string>{"1|1|a", "2|1|b"}));
  EXPECT_EQ(number_of(*other.db, "SELECT COUNT(*) FROM toy_seen"), 4);
}

// Goal: origins come and go while the stream runs, and what is gone is not touched again.
TEST_P(ApplierTest, FollowsOriginsThatComeAndGo) {
  Store store = open_store(fresh_options());
  const auto first = open_writer("a");
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(append(*first, {toy_post(1, "before")}).ok());
  ASSERT_TRUE(stream.add_journal(journal_folder("a"), first.get()).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 1);
  {
    // A journal that this process only reads is found to have grown.
    const auto second = open_writer("b");
    ASSERT_TRUE(append(*second, {toy_post(2, "also before")}).ok());
    ASSERT_TRUE(stream.add_journal(journal_folder("b"), nullptr).ok());
    ASSERT_TRUE(append(*second, {toy_post(3, "later")}).ok());
    EXPECT_TRUE(soon([&] { return number_of(*store.db, "SELECT COUNT(*) FROM toy") == 3; }));
  }
  const Origin gone = first->origin();
  stream.remove_origin(gone);
  const Position unread = append(*first, {toy_post(4, "unread")}).value();
  PositionSet set;
  set.raise(unread);
  EXPECT_TRUE(stream.has_passed(set)) << "nobody reads it any more";
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 3);
  ASSERT_TRUE(stream.add_journal(journal_folder("a"), first.get()).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 4);
  EXPECT_TRUE(identity_holds(status_of(stream, "toy")));
}

}  // namespace
}  // namespace matsuri::stream::testing
