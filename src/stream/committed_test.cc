// Goal: memory that a view keeps beside its rows agrees with them for whoever waits for a position.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class CommittedTest : public StreamTest {};
MATSURI_FOR_EACH_ENGINE(CommittedTest);
using ::testing::ElementsAre;

// Method: inside committed(), the rows are looked at through another connection and the position is
// asked for; outside, whoever sees the position passed has to find the memory there.
TEST_P(CommittedTest, IsToldBetweenTheCommitAndThePosition) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  ToyView view;
  Stream stream(options());
  std::mutex mutex;
  std::set<std::uint64_t> memory;
  std::atomic<int> wrong{0};
  view.on_committed = [&](std::span<const Record> records, const BatchResult& result) {
    PositionSet last;
    last.raise(records.back().position);
    wrong += stream.has_passed(last) ? 1 : 0;
    wrong += result.facts().size() == records.size() ? 0 : 1;
    const std::lock_guard lock(mutex);
    for (const Record& record : records) memory.insert(record.header.id);
    const auto rows = number_of(*store.db, "SELECT COUNT(*) FROM toy");
    wrong += rows == static_cast<std::int64_t>(memory.size()) ? 0 : 1;
  };
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  for (std::uint64_t id = 1; id <= 100; ++id) {
    PositionSet set;
    set.raise(append(*writer, {toy_post(id, "a post")}).value());
    ASSERT_TRUE(soon([&] { return stream.has_passed(set); }));
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(memory.contains(id));
  }
  EXPECT_EQ(wrong, 0);
}

// Goal: once for each record that took effect or was refused, whatever was tried before; with the
// facts that were stored. Method: poison makes batches be cut up, and trouble makes them be
// repeated.
TEST_P(CommittedTest, IsToldOnceOfWhatWasCommittedAndNothingElse) {
  Store store = open_store(fresh_options());
  const auto writer = open_writer();
  std::vector<journal::Writer::Entry> entries;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    entries.push_back(toy_post(id, id % 7 == 0 ? "poison" : id % 5 == 0 ? "refuse it" : "take it"));
    if (id % 4 == 0) entries.push_back(toy_post(id - 1, "again"));
    entries.push_back(toy_other(id));
  }
  ASSERT_TRUE(append(*writer, entries).ok());
  std::vector<std::uint64_t> applied, duplicate, refused;
  std::size_t published = 0, told = 0;
  int tries = 0;
  ToyView view;
  view.on_apply = [&](std::span<const Record>) -> Result<void> {
    if (++tries % 3 == 0) return Error(Code::busy, "try again");
    return {};
  };
  view.on_committed = [&](std::span<const Record> records, const BatchResult& result) {
    for (std::size_t index = 0; index < records.size(); ++index) {
      const Outcome outcome = result.outcomes()[index];
      auto& list = outcome == Outcome::applied     ? applied
                   : outcome == Outcome::duplicate ? duplicate
                                                   : refused;
      list.push_back(records[index].header.id);
    }
    for (const BatchResult::Fact& fact : result.facts())
      ++(std::holds_alternative<PostPublished>(fact.event) ? published : told);
  };
  Stream stream(options());
  ASSERT_TRUE(stream.add_journal(journal_folder(), writer.get()).ok());
  ASSERT_TRUE(stream.add_view(view, *store.outbox).ok());
  ASSERT_TRUE(stream.start().ok());
  ASSERT_TRUE(stream.drain(drain_ms));
  stream.stop();
  std::vector<std::uint64_t> wanted;
  for (std::uint64_t id = 1; id <= 40; ++id)
    if (id % 7 != 0 && id % 5 != 0) wanted.push_back(id);
  // "again" of a post that was poison or refused is the first with its id.
  std::erase_if(applied, [](std::uint64_t id) { return id % 7 == 0 || id == 15; });
  EXPECT_EQ(applied, wanted);
  EXPECT_THAT(refused, ElementsAre(5, 10, 15, 20, 25, 30, 40));
  EXPECT_EQ(published, static_cast<std::size_t>(number_of(*store.db, "SELECT COUNT(*) FROM toy")));
  EXPECT_EQ(told, refused.size());
  EXPECT_THAT(duplicate, ElementsAre(3, 11, 19, 23, 27, 31, 39));
}

}  // namespace
}  // namespace matsuri::stream::testing
