// Goal: a view that is rebuilt, from a snapshot and the records since or from all records, is the
// view that was lost.
#include <gtest/gtest.h>

#include "journal/reader.h"
#include "stream/rebuild.h"
#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class RebuildTest : public StreamTest {
 protected:
  // Applies what the journal holds.
  void apply_all(Store& store, journal::Writer& writer) {
    ToyView view;
    StreamOptions without = options();
    without.metrics = nullptr;
    Stream stream(without);
    ASSERT_TRUE(stream.add_journal(journal_folder(), &writer).ok());
    ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
    ASSERT_TRUE(stream.start().ok());
    ASSERT_TRUE(stream.drain(drain_ms));
  }
  void append_some(journal::Writer& writer, std::uint64_t count) {
    for (const std::uint64_t end = next_ + count; next_ < end; ++next_) {
      const bool refused = next_ % 5 == 0;
      ASSERT_TRUE(
          append(writer, {toy_post(next_, refused ? "refuse" : "post " + std::to_string(next_),
                                   next_ % 7 == 0 ? next_ - 1 : next_),
                          toy_other(next_)})
              .ok());
    }
  }
  static std::vector<std::vector<std::string>> content(Store& store) {
    return {
        rows_of(*store.db, "SELECT place, id, body FROM toy ORDER BY place"),
        rows_of(*store.db, "SELECT account, hex FROM toy_key ORDER BY hex"),
        rows_of(*store.db, "SELECT at_offset, code, reason FROM refusal ORDER BY at_offset"),
        rows_of(*store.db, "SELECT view_name, at_offset FROM view_position"),
        rows_of(*store.db, "SELECT at_offset, kind, subject_id FROM outbox ORDER BY at_offset")};
  }
  SnapshotOptions snapshots() { return {.folder = folder() + "/snapshots"}; }
  // Where a database is rebuilt: in place, or (MariaDB, which is not emptied for the operator) in a
  // schema of its own.
  sql::DbOptions target(const sql::DbOptions& lost) {
    return GetParam() == sql::Engine::sqlite ? lost : fresh_options("test");
  }

  std::uint64_t next_ = 1;
};
MATSURI_FOR_EACH_ENGINE(RebuildTest);

TEST_P(RebuildTest, GivesTheViewBackFromASnapshotAndTheRecordsSince) {
  const sql::DbOptions database = fresh_options();
  const auto writer = open_writer();
  std::vector<std::vector<std::string>> before;
  Origin old_outbox;
  {
    Store store = open_store(database);
    append_some(*writer, 30);
    apply_all(store, *writer);
    const Snapshot taken = take_snapshot(*store.outbox, snapshots()).value();
    EXPECT_EQ(taken.outbox, store.outbox->origin());
    ASSERT_EQ(taken.positions.size(), 1U);
    EXPECT_EQ(taken.positions[0],
              (ViewPosition{"toy", {.origin = writer->origin(), .offset = 60}}));
    append_some(*writer, 20);
    apply_all(store, *writer);
    before = content(store);
    old_outbox = store.outbox->origin();
  }
  const auto newest = newest_snapshot(io::posix_files(), snapshots().folder, database.name).value();
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->positions.at(0).position.offset, 60U);
  EXPECT_EQ(newest->outbox, old_outbox);
  const sql::DbOptions rebuilt = target(database);
  const auto prepared = prepare_rebuild(rebuilt, newest, io::posix_files(), io::system_random());
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  Store store = open_store(rebuilt);
  EXPECT_EQ(number_of(*store.db, "SELECT at_offset FROM view_position"), 60);
  EXPECT_NE(store.outbox->origin(), old_outbox);
  apply_all(store, *writer);
  EXPECT_EQ(content(store), before);
  if (GetParam() == sql::Engine::sqlite)
    EXPECT_TRUE(io::posix_files().exists(database.sqlite_path + ".replaced").value());
}

TEST_P(RebuildTest, GivesTheViewBackFromNothingButRecords) {
  const sql::DbOptions database = fresh_options();
  const auto writer = open_writer();
  append_some(*writer, 40);
  std::vector<std::vector<std::string>> before;
  {
    Store store = open_store(database);
    apply_all(store, *writer);
    before = content(store);
    EXPECT_TRUE(is_whole(io::posix_files(), {journal_folder()}, {store.outbox.get()}).value());
  }
  const sql::DbOptions rebuilt = target(database);
  ASSERT_TRUE(prepare_rebuild(rebuilt, std::nullopt, io::posix_files(), io::system_random()).ok());
  Store store = open_store(rebuilt);
  EXPECT_EQ(number_of(*store.db, "SELECT COUNT(*) FROM toy"), 0);
  apply_all(store, *writer);
  EXPECT_EQ(content(store), before);
  if (GetParam() == sql::Engine::sqlite) return;
  EXPECT_EQ(
      prepare_rebuild(rebuilt, std::nullopt, io::posix_files(), io::system_random()).error().code(),
      Code::invalid)
      << "the operator empties it";
}

// Goal: what was answered before a restore comes before what was answered after it, whatever numbers
// the incarnations have: else a view that is made again is another one.
TEST_P(RebuildTest, ReadsIncarnationsInTheOrderInWhichTheyWereWritten) {
  std::vector<std::string> written;
  auto writer = open_writer();
  for (int restore = 0; restore < 6; ++restore) {
    for (int count = 0; count < 3; ++count)
      written.push_back(std::to_string(next_ + static_cast<std::uint64_t>(count)));
    for (const std::uint64_t end = next_ + 3; next_ < end; ++next_)
      ASSERT_TRUE(append(*writer, {toy_post(next_, "post")}).ok());
    writer.reset();
    ASSERT_TRUE(
        journal::begin_incarnation(io::posix_files(), journal_folder(), io::system_random()).ok());
    writer = open_writer();
  }
  Store store = open_store(fresh_options());
  apply_all(store, *writer);
  EXPECT_EQ(rows_of(*store.db, "SELECT id FROM toy ORDER BY place"), written);
}

// Goal: a rebuild that was stopped half-way and begun again has not thrown the old file away.
TEST_P(RebuildTest, KeepsTheReplacedFileWhenItIsBegunAgain) {
  if (GetParam() != sql::Engine::sqlite) return;
  const sql::DbOptions database = fresh_options();
  {
    const Store store = open_store(database);
  }
  io::FileSystem& files = io::posix_files();
  ASSERT_TRUE(files.rename(database.sqlite_path, database.sqlite_path + ".replaced").ok());
  ASSERT_TRUE(prepare_rebuild(database, std::nullopt, files, io::system_random()).ok());
  EXPECT_TRUE(files.exists(database.sqlite_path + ".replaced").value());
}

TEST_P(RebuildTest, KeepsTheNewestSnapshotsOnly) {
  Store store = open_store(fresh_options());
  SnapshotOptions options = snapshots();
  options.keep_count = 2;
  EXPECT_FALSE(newest_snapshot(io::posix_files(), options.folder, "test").value().has_value());
  Snapshot last;
  for (int count = 0; count < 4; ++count) last = take_snapshot(*store.outbox, options).value();
  EXPECT_EQ(io::posix_files().list(options.folder).value().size(), 4U) << "two, with positions";
  EXPECT_EQ(newest_snapshot(io::posix_files(), options.folder, "test").value()->path, last.path);
  EXPECT_FALSE(newest_snapshot(io::posix_files(), options.folder, "tes").value().has_value());
  ASSERT_TRUE(io::replace_file(io::posix_files(), last.path + ".positions",
                               as_bytes(std::string_view("matsuri-snapshot 1\nnonsense\n")))
                  .ok());
  EXPECT_EQ(newest_snapshot(io::posix_files(), options.folder, "test").error().code(),
            Code::corrupt);
}

}  // namespace
}  // namespace matsuri::stream::testing
