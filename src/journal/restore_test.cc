// Backup while the journal is written, and the copy as a journal of its own: both go on, and no
// position of one is ever taken for one of the other.
#include <gtest/gtest.h>

#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

class RestoreTest : public ::testing::Test {
 protected:
  // What `matsuri backup` does with a journal.
  Result<void> back_up(const std::vector<Position>& applied, const std::string& to) {
    TRY_ASSIGN(const auto copies, segments_after(machine_.disk, "journal", applied));
    TRY(machine_.disk.make_folders(to));
    for (const SegmentCopy& copy : copies) {
      const std::string content = machine_.content("journal/" + copy.name);
      EXPECT_LE(copy.size, content.size());
      machine_.replace(to + "/" + copy.name,
                       content.substr(0, static_cast<std::size_t>(copy.size)));
    }
    return {};
  }
  std::vector<std::string> names_after(const std::vector<Position>& applied) {
    std::vector<std::string> names;
    for (const SegmentCopy& copy : segments_after(machine_.disk, "journal", applied).value())
      names.push_back(copy.name);
    return names;
  }

  Machine machine_;
};

TEST_F(RestoreTest, BothGoOnAndNoPositionIsConfused) {
  auto writer = machine_.open();
  while (machine_.segments().size() < 3) machine_.append(*writer, 300);
  const Origin origin = writer->origin();
  const std::uint64_t common = writer->durable_offset();
  ASSERT_TRUE(back_up({}, "copy").ok());
  machine_.append(*writer, 300);  // The original goes on: its next offset is common + 1.

  const auto restored = begin_incarnation(machine_.disk, "copy", machine_.random);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_NE(restored->incarnation, origin.incarnation);
  EXPECT_EQ(restored->node, origin.node);
  auto copy = machine_.open("copy");
  EXPECT_EQ(copy->origin(), *restored);
  EXPECT_EQ(copy->durable_offset(), 0U);
  const std::uint64_t id_there = machine_.next_id;
  EXPECT_EQ(copy->append_and_wait(header_of(id_there), {}).value(),
            (Position{.origin = *restored, .offset = 1}));

  const auto ranges = list_ranges(machine_.disk, "copy").value();
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].origin, origin);
  EXPECT_EQ(ranges[0].end_offset, common);
  EXPECT_TRUE(ranges[0].sealed);
  EXPECT_EQ(read_all(machine_.disk, "copy", origin, 1, common).value().size(), common);
  auto past = Reader::open(machine_.disk, "copy", origin).value();
  ASSERT_TRUE(past->seek(common + 1).ok());
  std::vector<StoredRecord> records;
  EXPECT_FALSE(past->read(common + 1, 1, 1, records).ok())
      << "what the original wrote after the copy is not in it";
  EXPECT_EQ(read_all(machine_.disk, "journal", origin, 1, common + 1).value().size(), common + 1);
  writer.reset();
  const auto wrong = machine_.history.check(machine_.disk, "journal");
  EXPECT_TRUE(wrong.empty()) << wrong.front();
}

// Every copy that was made while another thread writes opens, and holds all that was answered
// before it was begun.
TEST_F(RestoreTest, CopiesAJournalThatIsWritten) {
  auto writer = machine_.open();
  std::atomic<bool> is_over = false;
  std::atomic<int> allowed_count = 50;  // A few segments each time, however fast either side is.
  std::thread other([&] {
    for (int count = 0; !is_over;) {
      if (count < allowed_count) {
        machine_.append(*writer, 200);
        ++count;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t before = writer->durable_offset();
    const std::string to = "copy" + std::to_string(i);
    allowed_count += 50;
    const auto copied = back_up({}, to);
    EXPECT_TRUE(copied.ok()) << copied.error().to_string();
    const auto opened = begin_incarnation(machine_.disk, to, machine_.random);
    EXPECT_TRUE(opened.ok()) << opened.error().to_string();
    const auto ranges = list_ranges(machine_.disk, to).value();
    EXPECT_GE(ranges[0].end_offset, before);
    const auto kept = read_all(machine_.disk, to, ranges[0].origin, 1, ranges[0].end_offset);
    EXPECT_TRUE(kept.ok()) << kept.error().to_string();
    if (HasFailure()) break;
  }
  is_over = true;
  other.join();
}

TEST_F(RestoreTest, CopiesOnlyWhatIsNotApplied) {
  auto writer = machine_.open();
  while (machine_.segments().size() < 4) machine_.append(*writer, 500);
  const auto names = machine_.segments();
  const Origin origin = writer->origin();
  const std::uint64_t second = parse_segment_name(names[1])->first_offset;
  const auto from = [&](std::size_t index) {
    std::vector<std::string> wanted{"JOURNAL"};
    wanted.insert(wanted.end(), names.begin() + static_cast<std::ptrdiff_t>(index), names.end());
    return wanted;
  };
  EXPECT_EQ(names_after({}), from(0));
  EXPECT_EQ(names_after({Position{.origin = origin, .offset = second - 2}}), from(0));
  EXPECT_EQ(names_after({Position{.origin = origin, .offset = second - 1}}), from(1));
  EXPECT_EQ(names_after({Position{.origin = origin, .offset = writer->durable_offset()}}), from(3))
      << "the newest always, so that the copy is a journal";
  ASSERT_TRUE(back_up({Position{.origin = origin, .offset = second}}, "copy").ok());
  ASSERT_TRUE(begin_incarnation(machine_.disk, "copy", machine_.random).ok());
  EXPECT_EQ(list_ranges(machine_.disk, "copy").value()[0].first_offset, second);
}

// A backup leaves out what every view has applied. Of an earlier incarnation that may be all of it:
// a view that was made again from the rest would lack its records, and nobody would know.
TEST_F(RestoreTest, KnowsThatAWholeIncarnationWasLeftOut) {
  std::vector<Position> applied;
  {
    auto writer = machine_.open();
    applied.push_back(machine_.append(*writer));
  }
  EXPECT_TRUE(has_all_records(machine_.disk, "journal").value());
  ASSERT_TRUE(begin_incarnation(machine_.disk, "journal", machine_.random).ok());
  machine_.append(*machine_.open());
  EXPECT_TRUE(has_all_records(machine_.disk, "journal").value());

  ASSERT_TRUE(back_up(applied, "copy").ok());
  ASSERT_TRUE(begin_incarnation(machine_.disk, "copy", machine_.random).ok());
  for (const Range& range : list_ranges(machine_.disk, "copy").value())
    EXPECT_EQ(range.first_offset, 1U) << "of what is there, nothing is missing";
  EXPECT_FALSE(has_all_records(machine_.disk, "copy").value());
  // Neither does retention forget it, whatever else it drops.
  auto copy = machine_.open("copy");
  ASSERT_TRUE(copy->drop_applied(applied, 0).ok());
  EXPECT_FALSE(has_all_records(machine_.disk, "copy").value());
}

TEST_F(RestoreTest, RefusesToCopyDamage) {
  auto writer = machine_.open();
  while (machine_.segments().size() < 3) machine_.append(*writer, 500);
  writer.reset();
  const std::string path = "journal/" + machine_.segments()[0];
  std::string bad = machine_.content(path);
  bad[segment_header_size + 200] ^= 1;
  machine_.replace(path, bad);
  const auto copies = segments_after(machine_.disk, "journal", {});
  ASSERT_FALSE(copies.ok());
  EXPECT_EQ(copies.error().code(), Code::corrupt);
  EXPECT_NE(copies.error().message().find(machine_.segments()[0]), std::string::npos);
}

TEST_F(RestoreTest, RefusesAFolderThatIsWritten) {
  auto writer = machine_.open();
  EXPECT_EQ(begin_incarnation(machine_.disk, "journal", machine_.random).error().code(),
            Code::busy);
  ASSERT_TRUE(machine_.disk.make_folders("empty").ok());
  EXPECT_EQ(begin_incarnation(machine_.disk, "empty", machine_.random).error().code(),
            Code::not_found);
}

// Goal: a restore that the power cuts short has begun or has not, and can be made again.
TEST_F(RestoreTest, BeginsOrNotWhereverThePowerGoes) {
  io::SeededRandom random(seed_of_run());
  for (std::uint64_t cut = 0;; ++cut) {
    Machine machine;
    Origin before;
    {
      auto writer = machine.open();
      for (int i = 0; i < 3; ++i) machine.append(*writer);
      before = writer->origin();
    }
    machine.disk.cut_before(machine.disk.operation_count() + cut);
    const auto begun = begin_incarnation(machine.disk, "journal", machine.random);
    machine.disk.power_on(static_cast<io::Survival>(cut % 3), random);
    {
      auto writer = machine.open();
      ASSERT_NE(writer, nullptr);
      if (begun.ok()) {
        ASSERT_EQ(writer->origin(), *begun);
      }
      ASSERT_EQ(writer->durable_offset(), writer->origin() == before ? 3U : 0U);
      machine.append(*writer);
    }
    ASSERT_TRUE(begin_incarnation(machine.disk, "journal", machine.random).ok());
    const auto wrong = machine.history.check(machine.disk, "journal");
    ASSERT_TRUE(wrong.empty()) << "cut " << cut << ": " << wrong.front();
    if (!begun.ok()) continue;
    EXPECT_GT(cut, 10U);
    return;
  }
}

TEST_F(RestoreTest, KeepsTheSizeOfSegments) {
  machine_.append(*machine_.open());
  ASSERT_TRUE(begin_incarnation(machine_.disk, "journal", machine_.random).ok());
  for (const std::string& name : machine_.segments())
    EXPECT_EQ(machine_.content("journal/" + name).size(), small_segment_size);
}

}  // namespace
}  // namespace matsuri::journal
