// Reading while the journal grows, rolls, loses its oldest segments, or is not the only one.
#include "journal/reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

class ReaderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Reader> open(const Origin& origin, const std::string& folder = "journal") {
    auto reader = Reader::open(machine_.disk, folder, origin);
    EXPECT_TRUE(reader.ok()) << reader.error().to_string();
    return std::move(reader).value();
  }
  // Reads one time, and expects the offsets [first, first + count).
  void expect_next(Reader& reader, std::uint64_t end_offset, std::size_t count_max,
                   std::uint64_t first, std::size_t count) {
    std::vector<StoredRecord> records;
    const auto got = reader.read(end_offset, count_max, 1 << 20, records);
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    ASSERT_EQ(records.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(records[i].offset, first + i);
      // The machine's ids are the offsets.
      ASSERT_TRUE(is_same(records[i].header, header_of(first + i)));
      ASSERT_EQ(as_text(records[i].payload), payload_of(first + i, records[i].payload.size()));
    }
  }

  Machine machine_;
};

TEST_F(ReaderTest, FollowsAJournalThatGrowsAndRolls) {
  auto writer = machine_.open();
  auto reader = open(writer->origin());
  expect_next(*reader, 0, 10, 1, 0);
  std::uint64_t read_offset = 0;
  io::SeededRandom random(seed_of_run());
  while (machine_.segments().size() < 6) {
    const std::uint64_t count = random.next_u64() % 5;
    for (std::uint64_t i = 0; i < count; ++i) machine_.append(*writer, random.next_u64() % 900);
    expect_next(*reader, writer->durable_offset(), 100, read_offset + 1, count);
    if (HasFatalFailure()) return;
    read_offset += count;
  }
}

// The writer goes on on its own thread; nothing torn or stale may ever be seen.
TEST_F(ReaderTest, FollowsAnotherThread) {
  constexpr std::uint64_t count = 4000;
  auto writer = machine_.open();
  auto reader = open(writer->origin());
  std::thread other([&] {
    for (std::uint64_t i = 0; i < count; ++i) machine_.append(*writer, i % 200);
  });
  std::uint64_t next = 1;
  while (next <= count) {
    std::vector<StoredRecord> records;
    const auto got = reader->read(writer->durable_offset(), 64, 1 << 14, records);
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    for (const StoredRecord& record : records) {
      ASSERT_EQ(record.offset, next);
      ASSERT_EQ(as_text(record.payload), payload_of(next, (next - 1) % 200));
      ++next;
    }
  }
  other.join();
  EXPECT_GT(machine_.segments().size(), 10U);
}

TEST_F(ReaderTest, KeepsItsLimits) {
  auto writer = machine_.open();
  for (int i = 0; i < 50; ++i) machine_.append(*writer, 100);
  auto reader = open(writer->origin());
  expect_next(*reader, 50, 7, 1, 7);
  expect_next(*reader, 10, 7, 8, 3);
  expect_next(*reader, 10, 7, 11, 0);
  std::vector<StoredRecord> records;
  ASSERT_TRUE(reader->read(50, 100, 250, records).ok());
  EXPECT_EQ(records.size(), 3U) << "about 250 bytes";
  ASSERT_TRUE(reader->read(50, 100, 1, records).ok());
  EXPECT_EQ(records.size(), 1U) << "one at least, however large";
}

// Records point into the reader's buffer: they must hold until the next read, whatever it reads.
TEST_F(ReaderTest, KeepsPayloadsUntilTheNextRead) {
  auto writer = machine_.open();
  while (machine_.segments().size() < 8) machine_.append(*writer, 700);
  auto reader = open(writer->origin());
  expect_next(*reader, writer->durable_offset(), 1000, 1, writer->durable_offset());
}

TEST_F(ReaderTest, SeeksEverywhere) {
  auto writer = machine_.open();
  while (machine_.segments().size() < 4) machine_.append(*writer, 500);
  const std::uint64_t end = writer->durable_offset();
  auto reader = open(writer->origin());
  for (std::uint64_t from = 1; from <= end; ++from) {
    for (const std::uint64_t to : {from, end - from + 1, std::uint64_t{1}, from / 2 + 1}) {
      ASSERT_TRUE(reader->seek(to).ok());
      expect_next(*reader, end, 2, to, std::min<std::size_t>(2, end - to + 1));
      if (HasFatalFailure()) return;
    }
  }
  ASSERT_TRUE(reader->seek(end + 1).ok()) << "to where the next one will be";
  expect_next(*reader, end, 2, end + 1, 0);
  machine_.append(*writer, 5);
  expect_next(*reader, end + 1, 2, end + 1, 1);
  EXPECT_EQ(reader->seek(0).error().code(), Code::not_found);
}

TEST_F(ReaderTest, SaysWhatRetentionTook) {
  auto writer = machine_.open();
  while (machine_.segments().size() < 4) machine_.append(*writer, 500);
  const std::uint64_t end = writer->durable_offset();
  auto late = open(writer->origin());
  auto early = open(writer->origin());
  expect_next(*early, end, 3, 1, 3);
  ASSERT_TRUE(writer->drop_applied({Position{.origin = writer->origin(), .offset = end}}, 0).ok());
  ASSERT_EQ(machine_.segments().size(), 1U);
  const std::uint64_t first = parse_segment_name(machine_.segments()[0])->first_offset;
  std::vector<StoredRecord> records;
  EXPECT_EQ(late->read(end, 100, 1 << 20, records).error().code(), Code::not_found);
  EXPECT_EQ(late->seek(first - 1).error().code(), Code::not_found);
  ASSERT_TRUE(late->seek(first).ok());
  expect_next(*late, end, 100, first, end - first + 1);
  // Who was in the segment reads it to its end, and hears it then.
  Result<void> got = {};
  while (got.ok()) got = early->read(end, 100, 1 << 20, records);
  EXPECT_EQ(got.error().code(), Code::not_found);
  EXPECT_EQ(open(writer->origin())->seek(1).error().code(), Code::not_found);
}

TEST_F(ReaderTest, GivesAllRecordsBeforeTheDamageAndThenSaysItEachTime) {
  Origin origin;
  {
    auto writer = machine_.open();
    for (int i = 0; i < 6; ++i) machine_.append(*writer, 100);
    origin = writer->origin();
  }
  const std::string path = "journal/" + machine_.segments()[0];
  std::string bad = machine_.content(path);
  const std::size_t batch_size = sizeof(BatchHeader) + record_stride(100);
  bad[segment_header_size + 4 * batch_size + 50] ^= 1;
  machine_.replace(path, bad);
  auto reader = open(origin);
  expect_next(*reader, 6, 100, 1, 4);
  std::vector<StoredRecord> records;
  for (int i = 0; i < 3; ++i) {
    const auto got = reader->read(6, 100, 1 << 20, records);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code(), Code::corrupt);
    EXPECT_NE(got.error().message().find(machine_.segments()[0] + " is damaged at byte " +
                                         std::to_string(segment_header_size + 4 * batch_size)),
              std::string::npos)
        << got.error().message();
  }
  machine_.replace(path, bad);
}

// One folder may hold several incarnations, one machine several folders: each is an origin.
TEST_F(ReaderTest, TellsOriginsApart) {
  std::vector<Origin> origins;
  for (int restore = 0; restore < 3; ++restore) {
    auto writer = machine_.open();
    origins.push_back(writer->origin());
    machine_.next_id = 1;
    for (int i = 0; i <= restore; ++i) machine_.append(*writer, 50);
    writer.reset();
    if (restore < 2) {
      ASSERT_TRUE(begin_incarnation(machine_.disk, "journal", machine_.random).ok());
    }
  }
  const auto ranges = list_ranges(machine_.disk, "journal").value();
  ASSERT_EQ(ranges.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ranges[i].origin, origins[i]);
    EXPECT_EQ(ranges[i].first_offset, 1U);
    EXPECT_EQ(ranges[i].end_offset, i + 1);
    EXPECT_EQ(ranges[i].sealed, i < 2);
    auto reader = open(origins[i]);
    expect_next(*reader, i + 1, 100, 1, i + 1);
  }
  Origin foreign = origins[0];
  foreign.incarnation += 1;
  EXPECT_EQ(Reader::open(machine_.disk, "journal", foreign).error().code(), Code::not_found);
  foreign = origins[0];
  foreign.node = Node{9};
  EXPECT_EQ(Reader::open(machine_.disk, "journal", foreign).error().code(), Code::not_found);
  EXPECT_EQ(Reader::open(machine_.disk, "nowhere", origins[0]).error().code(), Code::not_found);
  EXPECT_EQ(list_ranges(machine_.disk, "nowhere").error().code(), Code::not_found);
}

TEST_F(ReaderTest, ListsAnEmptyJournal) {
  auto writer = machine_.open();
  const auto ranges = list_ranges(machine_.disk, "journal").value();
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].first_offset, 1U);
  EXPECT_EQ(ranges[0].end_offset, 0U);
  EXPECT_FALSE(ranges[0].sealed);
}

}  // namespace
}  // namespace matsuri::journal
