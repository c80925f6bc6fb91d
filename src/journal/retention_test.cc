// Segments go when every view has them, the oldest first, and never one that somebody may need.
#include <gtest/gtest.h>

#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

class RetentionTest : public ::testing::Test {
 protected:
  // A journal of `count` segments at least.
  void fill(Writer& writer, std::size_t count) {
    const std::size_t wanted = machine_.segments().size() + count - 1;
    while (machine_.segments().size() < wanted) machine_.append(writer, 500);
  }
  static Position at(const Origin& origin, std::uint64_t offset) {
    return {.origin = origin, .offset = offset};
  }
  std::uint64_t first_of(std::size_t index) {
    return parse_segment_name(machine_.segments().at(index))->first_offset;
  }

  Machine machine_;
};

TEST_F(RetentionTest, DropsOnlyWhatIsWhollyApplied) {
  auto writer = machine_.open();
  fill(*writer, 4);
  const auto names = machine_.segments();
  const Origin origin = writer->origin();
  const std::uint64_t second = first_of(1), third = first_of(2);

  ASSERT_TRUE(writer->drop_applied({}, 0).ok());
  ASSERT_TRUE(writer->drop_applied({at(origin, second - 2)}, 0).ok());
  EXPECT_EQ(machine_.segments(), names) << "one record is missing";
  ASSERT_TRUE(writer->drop_applied({at(origin, second - 1)}, 0).ok());
  EXPECT_EQ(machine_.segments(), std::vector(names.begin() + 1, names.end()));
  ASSERT_TRUE(writer->drop_applied({at(origin, third)}, 0).ok());
  EXPECT_EQ(machine_.segments(), std::vector(names.begin() + 2, names.end()));
  ASSERT_TRUE(writer->drop_applied({at(origin, ~std::uint64_t{0})}, 0).ok());
  EXPECT_EQ(machine_.segments(), std::vector{names.back()}) << "never the one that is written";
  machine_.append(*writer);
  EXPECT_EQ(list_ranges(machine_.disk, "journal").value()[0].first_offset,
            parse_segment_name(names.back())->first_offset);
}

TEST_F(RetentionTest, IgnoresPositionsOfOthers) {
  auto writer = machine_.open();
  fill(*writer, 3);
  const auto names = machine_.segments();
  Origin other = writer->origin();
  other.incarnation += 1;
  Origin neighbour = writer->origin();
  neighbour.node = Node{8};
  ASSERT_TRUE(writer->drop_applied({at(other, 1'000'000), at(neighbour, 1'000'000)}, 0).ok());
  EXPECT_EQ(machine_.segments(), names);
}

TEST_F(RetentionTest, KeepsAsManyBytesAsItIsTold) {
  auto writer = machine_.open();
  fill(*writer, 5);
  const auto names = machine_.segments();
  const std::vector<Position> all{at(writer->origin(), writer->durable_offset())};
  ASSERT_TRUE(writer->drop_applied(all, 5 * small_segment_size).ok());
  EXPECT_EQ(machine_.segments(), names);
  ASSERT_TRUE(writer->drop_applied(all, 5 * small_segment_size - 1).ok());
  EXPECT_EQ(machine_.segments(), std::vector(names.begin() + 1, names.end()));
  ASSERT_TRUE(writer->drop_applied(all, 2 * small_segment_size).ok());
  EXPECT_EQ(machine_.segments(), std::vector(names.begin() + 3, names.end()));
}

TEST_F(RetentionTest, ForgetsAnIncarnationWithItsLastSegment) {
  std::vector<Origin> origins;
  std::vector<std::uint64_t> ends;
  for (int restore = 0; restore < 2; ++restore) {
    auto writer = machine_.open();
    fill(*writer, 3);
    origins.push_back(writer->origin());
    ends.push_back(writer->durable_offset());
    writer.reset();
    ASSERT_TRUE(begin_incarnation(machine_.disk, "journal", machine_.random).ok());
  }
  auto writer = machine_.open();
  machine_.append(*writer);
  const auto incarnations = [&] {
    std::vector<Origin> listed;
    for (const Range& range : list_ranges(machine_.disk, "journal").value())
      listed.push_back(range.origin);
    return listed;
  };
  EXPECT_EQ(incarnations(), (std::vector{origins[0], origins[1], writer->origin()}));
  // The second is applied, the first is not wholly: it is no reason to keep the second.
  ASSERT_TRUE(writer->drop_applied({at(origins[0], ends[0] - 1), at(origins[1], ends[1])}, 0).ok());
  EXPECT_EQ(incarnations(), (std::vector{origins[0], writer->origin()}));
  ASSERT_TRUE(writer->drop_applied({at(origins[0], ends[0])}, 0).ok());
  EXPECT_EQ(incarnations(), std::vector{writer->origin()});
  EXPECT_EQ(
      decode_journal_file(as_bytes(machine_.content("journal/JOURNAL"))).value().sealed.size(), 1U)
      << "one of those that are gone stays named";
  EXPECT_FALSE(has_all_records(machine_.disk, "journal").value());
  writer.reset();
  EXPECT_NE(machine_.open(), nullptr);
}

// A restored journal to which nothing was written is nobody's: no position ever names it.
TEST_F(RetentionTest, DropsAnIncarnationWithoutRecords) {
  machine_.append(*machine_.open());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(begin_incarnation(machine_.disk, "journal", machine_.random).ok());
  EXPECT_EQ(machine_.segments().size(), 4U);
  auto writer = machine_.open();
  ASSERT_TRUE(writer->drop_applied({}, 0).ok());
  EXPECT_EQ(machine_.segments().size(), 2U) << "the one with a record, and the one that is written";
}

TEST_F(RetentionTest, MakesRoomOnAFullDisk) {
  machine_.disk.set_capacity(2 * small_segment_size + 1000);
  auto writer = machine_.open();
  while (writer->health() != Health::disk_full) {
    const auto done = writer->append_and_wait(header_of(1), as_bytes(payload_of(1, 500)));
    if (!done.ok()) std::this_thread::yield();
  }
  ASSERT_TRUE(writer->drop_applied({at(writer->origin(), writer->durable_offset())}, 0).ok());
  wait_until([&] { return writer->health() == Health::good; });
  machine_.append(*writer);
}

// Goal: no power cut leaves a gap between segments, or a JOURNAL that does not fit them.
TEST_F(RetentionTest, LeavesNoGapWhereverThePowerGoes) {
  io::SeededRandom random(seed_of_run());
  for (std::uint64_t cut = 0;; ++cut) {
    Machine machine;
    Position old_end;
    {
      auto writer = machine.open();
      while (machine.segments().size() < 4) old_end = machine.append(*writer, 500);
    }
    ASSERT_TRUE(begin_incarnation(machine.disk, "journal", machine.random).ok());
    bool is_over = false;
    {
      auto writer = machine.open();
      Position end;
      while (machine.segments().size() < 7) end = machine.append(*writer, 500);
      wait_until([&] { return machine.disk.exists("journal/next.tmp").value(); });
      for (const Position& position : {old_end, end}) machine.history.may_drop(position);
      machine.disk.cut_before(machine.disk.operation_count() + cut);
      is_over = writer->drop_applied({old_end, end}, 0).ok();
    }
    machine.disk.power_on(static_cast<io::Survival>(cut % 3), random);
    ASSERT_NE(machine.open(), nullptr);
    const auto wrong = machine.history.check(machine.disk, "journal");
    ASSERT_TRUE(wrong.empty()) << "cut " << cut << ": " << wrong.front();
    if (!is_over) continue;
    EXPECT_GT(cut, 10U);
    return;
  }
}

}  // namespace
}  // namespace matsuri::journal
