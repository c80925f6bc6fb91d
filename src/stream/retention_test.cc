// Goal: retention never drops what a view has yet to read, or what a rebuild from the newest snapshot
// will ask for.
#include "stream/retention.h"

#include <gtest/gtest.h>

#include <atomic>

#include "journal/reader.h"
#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class RetentionTest : public StreamTest {
 protected:
  static std::uint64_t offset_in(const std::vector<Position>& positions, const Origin& origin) {
    for (const Position& position : positions)
      if (position.origin == origin) return position.offset;
    return ~std::uint64_t{0};
  }
  SnapshotOptions snapshots() { return {.folder = folder() + "/snapshots"}; }
};
MATSURI_FOR_EACH_ENGINE(RetentionTest);

TEST_P(RetentionTest, KeepsWhatAViewOrTheNewestSnapshotNeeds) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view("toy");
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  const auto may_go = [&](const std::optional<Snapshot>& newest) {
    return offset_in(droppable(stream, {{store.db.get(), newest}}).value(), writer->origin());
  };
  for (std::uint64_t id = 1; id <= 10; ++id)
    ASSERT_TRUE(append(*writer, {toy_post(id, "text")}).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_EQ(may_go(std::nullopt), 0U) << "a rebuild begins at the first";
  const Snapshot snapshot = take_snapshot(*store.outbox, snapshots()).value();
  EXPECT_EQ(may_go(snapshot), 10U);
  for (std::uint64_t id = 11; id <= 20; ++id)
    ASSERT_TRUE(append(*writer, {toy_post(id, "text")}).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_EQ(may_go(snapshot), 10U) << "a rebuild begins behind the snapshot";
  EXPECT_EQ(may_go(take_snapshot(*store.outbox, snapshots()).value()), 20U);
}

TEST_P(RetentionTest, KeepsWhatTheSlowestViewHasNotApplied) {
  Store one = open_store(fresh_options("one"));
  Store two = open_store(fresh_options("two"));
  const auto writer = open_writer();
  ToyView quick("quick");
  ToyView slow("slow");
  std::atomic<bool> stuck{false};
  slow.on_apply = [&](std::span<const Record>) -> Result<void> {
    if (stuck) return Error(Code::busy, "stuck");
    return {};
  };
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(quick, *one.outbox).ok());
  ASSERT_TRUE(stream.add_view(slow, *two.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(append(*writer, {toy_post(1, "text"), toy_post(2, "text")}).ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  stuck = true;
  ASSERT_TRUE(append(*writer, {toy_post(3, "text")}).ok());
  ASSERT_TRUE(soon([&] { return number_of(*one.db, "SELECT COUNT(*) FROM toy") == 3; }));
  const Snapshot of_one = take_snapshot(*one.outbox, snapshots()).value();
  const Snapshot of_two = take_snapshot(*two.outbox, snapshots()).value();
  const auto positions =
      droppable(stream, {{one.db.get(), of_one}, {two.db.get(), of_two}}).value();
  EXPECT_EQ(offset_in(positions, writer->origin()), 2U);
  stuck = false;
}

// Goal: a view that the snapshot does not know yet reads from the first record after a rebuild.
TEST_P(RetentionTest, KeepsAllForAViewThatIsYoungerThanTheSnapshot) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ASSERT_TRUE(append(*writer, {toy_post(1, "text")}).ok());
  const auto run = [&](std::initializer_list<View*> views, const auto& test) {
    StreamOptions without = options();
    without.metrics = nullptr;
    Stream stream(without);
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    for (View* view : views) ASSERT_TRUE(stream.add_view(*view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    ASSERT_TRUE(stream.drain(drain_ms));
    test(stream);
  };
  ToyView old("old");
  ToyView young("young");
  Snapshot snapshot;
  run({&old}, [&](Stream&) { snapshot = take_snapshot(*store.outbox, snapshots()).value(); });
  run({&old, &young}, [&](const Stream& stream) {
    const auto with = [&](const Snapshot& newest) {
      return offset_in(droppable(stream, {{store.db.get(), newest}}).value(), writer->origin());
    };
    EXPECT_EQ(with(snapshot), 0U);
    EXPECT_EQ(with(take_snapshot(*store.outbox, snapshots()).value()), 1U);
  });
}

// Goal: the whole way: segments go, and the view can still be rebuilt.
TEST_P(RetentionTest, LeavesEnoughToRebuild) {
  const sql::DbOptions database = fresh_options();
  const auto writer = open_writer();
  std::vector<std::string> before;
  std::optional<Snapshot> newest;
  {
    Store store = open_store(database);
    ToyView view;
    Stream stream(options());
    ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    journal::Writer::Entry ballast = toy_other(1);
    ballast.payload.assign(100'000, 'x');  // of a kind that nobody here reads
    std::uint64_t id = 0;
    const auto append_some = [&] {
      for (const std::uint64_t end = id + 30; id < end; ++id)
        ASSERT_TRUE(append(*writer, {toy_post(id + 1, "text"), ballast}).ok());
      ASSERT_TRUE(stream.drain(drain_ms));
    };
    append_some();
    newest = take_snapshot(*store.outbox, snapshots()).value();
    append_some();
    const auto positions = droppable(stream, {{store.db.get(), newest}}).value();
    ASSERT_TRUE(writer->drop_applied(positions, 0).ok());
    before = rows_of(*store.db, "SELECT id, body FROM toy ORDER BY place");
    const auto ranges = journal::list_ranges(io::posix_files(), journal_folder()).value();
    EXPECT_GT(ranges.at(0).first_offset, 1U) << "something was dropped";
    EXPECT_LE(ranges.at(0).first_offset, newest->positions.at(0).position.offset + 1);
    EXPECT_FALSE(is_whole(io::posix_files(), {journal_folder()}, {}).value());
  }
  const sql::DbOptions rebuilt =
      GetParam() == sql::Engine::sqlite ? database : fresh_options("test");
  ASSERT_TRUE(prepare_rebuild(rebuilt, newest, io::posix_files(), io::system_random()).ok());
  Store store = open_store(rebuilt);
  ToyView view;
  StreamOptions without = options();
  without.metrics = nullptr;
  Stream stream(without);
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  EXPECT_EQ(rows_of(*store.db, "SELECT id, body FROM toy ORDER BY place"), before);
}

// Goal: a view that is younger than the records that are gone works with those that are not, and
// only such a view.
TEST_P(RetentionTest, AYoungViewBeginsWithWhatIsKept) {
  const auto writer = open_writer();
  journal::Writer::Entry ballast = toy_other(1);
  ballast.payload.assign(100'000, 'x');
  std::uint64_t id = 0;
  for (; id < 40; ++id) ASSERT_TRUE(append(*writer, {toy_post(id + 1, "text"), ballast}).ok());
  ASSERT_TRUE(writer->drop_applied({{writer->origin(), 60}}, 0).ok());
  const auto first = journal::list_ranges(io::posix_files(), journal_folder()).value().at(0);
  ASSERT_GT(first.first_offset, 1U) << "something was dropped";
  Store store = open_store(fresh_options());
  const auto begin = [&](std::string_view view) {
    return begin_with_kept(*store.outbox, view, io::posix_files(), {journal_folder()}).value();
  };
  EXPECT_TRUE(begin("toy"));
  EXPECT_FALSE(begin("toy"));  // it has a position now
  ToyView view;
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  const auto rows = static_cast<std::uint64_t>(number_of(*store.db, "SELECT COUNT(*) FROM toy"));
  // Every other record is a post.
  EXPECT_EQ(rows, (80 - first.first_offset + 1) / 2);
  EXPECT_FALSE(begin("toy"));
}

}  // namespace
}  // namespace matsuri::stream::testing
