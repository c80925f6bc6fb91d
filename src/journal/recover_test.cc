// The rule of recovery, where the space is small enough to try all of it: every length at which a
// crash can stop, and every byte that can rot.
#include <gtest/gtest.h>

#include <cstring>

#include "journal/testing/broken_files.h"
#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

struct Batch {
  std::size_t begin;
  std::size_t end;
  std::uint64_t last_offset;
};

// The batches of an undamaged segment.
std::vector<Batch> batches_of(const std::string& segment) {
  std::vector<Batch> batches;
  for (std::size_t at = segment_header_size; at + sizeof(BatchHeader) <= segment.size();) {
    BatchHeader header;
    std::memcpy(&header, segment.data() + at, sizeof header);
    if (!is_plausible(header)) break;
    const std::size_t end = at + sizeof header + header.body_size;
    batches.push_back({at, end, header.offset_first + header.count - 1});
    at = end;
  }
  return batches;
}

// Three segments; the newest has batches of one and of three records, and one without payload.
class RecoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto options = machine_.options();
    options.batch_body_size_max = 1024;
    options.segment_size = segment_header_size + 2048;
    writer_options_ = options;
    auto writer = Writer::open(options).value();
    while (machine_.segments().size() < 3) machine_.append(*writer, 200);
    machine_.append(*writer, 0);
    append_three(*writer);
    machine_.append(*writer, 61);
    origin_ = writer->origin();
    end_offset_ = writer->durable_offset();
    writer.reset();
    names_ = machine_.segments();
    for (const std::string& name : names_) contents_.push_back(machine_.content(path(name)));
    journal_file_ = machine_.content(path("JOURNAL"));
    batches_ = batches_of(contents_.back());
    ASSERT_EQ(names_.size(), 3U);
    ASSERT_EQ(batches_.size(), 4U);
    ASSERT_EQ(batches_.back().last_offset, end_offset_);
  }

  void append_three(Writer& writer) {
    std::vector<Writer::Entry> entries;
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t id = machine_.next_id++;
      entries.push_back({.header = header_of(id), .payload = payload_of(id, 20)});
      machine_.history.ask(id, entries.back().payload);
    }
    io::InlineExecutor inline_executor;
    Answer answer;
    ASSERT_TRUE(writer.append_all(entries, inline_executor, answer.completion()).ok());
    ASSERT_TRUE(answer.wait().ok());
  }

  static std::string path(const std::string& name) { return "journal/" + name; }

  // Puts everything back, but for the one file.
  void reset_with(const std::string& name, const std::string& bytes) {
    for (const std::string& there : machine_.segments())
      ASSERT_TRUE(machine_.disk.remove(path(there)).ok());
    for (std::size_t i = 0; i < names_.size(); ++i) machine_.replace(path(names_[i]), contents_[i]);
    machine_.replace(path("JOURNAL"), journal_file_);
    machine_.replace(path(name), bytes);
  }

  Result<std::vector<Kept>> read(std::uint64_t end_offset) {
    return read_all(machine_.disk, "journal", origin_, 1, end_offset);
  }

  // Opens, and expects the records up to `last_offset`, and that the journal goes on from there.
  void expect_recovered(std::uint64_t last_offset) {
    {
      auto writer = Writer::open(writer_options_);
      ASSERT_TRUE(writer.ok()) << writer.error().to_string();
      ASSERT_EQ((*writer)->durable_offset(), last_offset);
      const Position position = machine_.append(**writer, 30);
      ASSERT_EQ(position.offset, last_offset + 1);
    }
    const auto kept = read(last_offset + 1);
    ASSERT_TRUE(kept.ok()) << kept.error().to_string();
    ASSERT_EQ(kept->size(), last_offset + 1);
    for (const Kept& one : *kept) {
      const std::uint64_t id = one.offset <= last_offset ? one.offset : machine_.next_id - 1;
      ASSERT_TRUE(is_same(one.header, header_of(id)));
      ASSERT_EQ(one.payload, payload_of(id, one.payload.size()));
    }
  }

  void expect_corrupt(const Error& error, const std::string& name, std::size_t byte) {
    EXPECT_EQ(error.code(), Code::corrupt);
    EXPECT_NE(error.message().find(name + " is damaged at byte " + std::to_string(byte) + ":"),
              std::string::npos)
        << error.message();
  }

  // The last record that is whole where the newest segment ends at `length`.
  std::uint64_t last_whole(std::size_t length) const {
    std::uint64_t last = parse_segment_name(names_.back())->first_offset - 1;
    for (const Batch& batch : batches_)
      if (batch.end <= length) last = batch.last_offset;
    return last;
  }

  Machine machine_;
  WriterOptions writer_options_;
  std::vector<std::string> names_;
  std::vector<std::string> contents_;
  std::string journal_file_;
  std::vector<Batch> batches_;  // of the newest segment
  Origin origin_;
  std::uint64_t end_offset_ = 0;
};

TEST_F(RecoverTest, KeepsEveryWholeBatchWhereverTheFileEnds) {
  for (std::size_t length = 0; length <= contents_.back().size(); ++length) {
    SCOPED_TRACE(length);
    reset_with(names_.back(), contents_.back().substr(0, length));
    if (length < segment_header_size) {
      const auto writer = Writer::open(writer_options_);
      ASSERT_FALSE(writer.ok());
      expect_corrupt(writer.error(), names_.back(), 0);
    } else {
      expect_recovered(last_whole(length));
    }
    if (HasFatalFailure()) return;
  }
}

TEST_F(RecoverTest, KeepsEveryWholeBatchWhereverTheBytesEnd) {
  for (std::size_t length = segment_header_size; length <= batches_.back().end; ++length) {
    SCOPED_TRACE(length);
    std::string torn = contents_.back();
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(length), torn.end(), '\0');
    reset_with(names_.back(), torn);
    // The zeros may be the batch's own.
    std::uint64_t last = last_whole(length);
    for (const Batch& batch : batches_)
      if (batch.last_offset > last &&
          torn.compare(0, batch.end, contents_.back(), 0, batch.end) == 0)
        last = batch.last_offset;
    expect_recovered(last);
    if (HasFatalFailure()) return;
  }
}

TEST_F(RecoverTest, SaysWhereTheNewestSegmentIsDamaged) {
  const std::string& good = contents_.back();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char flip : {'\x01', '\x80'}) {
      SCOPED_TRACE(at);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      reset_with(names_.back(), bad);
      const auto hit = std::find_if(batches_.begin(), batches_.end(),
                                    [&](const Batch& batch) { return at < batch.end; });
      if (at < segment_header_size || (hit != batches_.end() && hit + 1 != batches_.end())) {
        const auto writer = Writer::open(writer_options_);
        ASSERT_FALSE(writer.ok());
        expect_corrupt(writer.error(), names_.back(), at < segment_header_size ? 0 : hit->begin);
      } else if (hit != batches_.end()) {
        expect_recovered(std::prev(hit)->last_offset);  // Can't be told from a torn one.
      } else {
        expect_recovered(end_offset_);
      }
      if (HasFailure()) return;
    }
  }
}

TEST_F(RecoverTest, SaysWhereASealedSegmentIsDamaged) {
  for (std::size_t segment = 0; segment + 1 < names_.size(); ++segment) {
    const std::string& good = contents_[segment];
    const auto batches = batches_of(good);
    for (std::size_t at = 0; at < good.size(); ++at) {
      SCOPED_TRACE(at);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      machine_.replace(path(names_[segment]), bad);
      const auto hit = std::find_if(batches.begin(), batches.end(),
                                    [&](const Batch& batch) { return at < batch.end; });
      const auto kept = read(end_offset_);
      if (at >= segment_header_size && hit == batches.end()) {
        ASSERT_TRUE(kept.ok()) << kept.error().to_string();
        ASSERT_EQ(kept->size(), end_offset_);
      } else {
        ASSERT_FALSE(kept.ok());
        expect_corrupt(kept.error(), names_[segment], at < segment_header_size ? 0 : hit->begin);
      }
      if (HasFailure()) return;
    }
    machine_.replace(path(names_[segment]), good);
  }
}

TEST_F(RecoverTest, SaysWhereASealedSegmentIsCut) {
  const auto batches = batches_of(contents_[1]);
  for (std::size_t length = segment_header_size; length < contents_[1].size(); ++length) {
    SCOPED_TRACE(length);
    machine_.replace(path(names_[1]), contents_[1].substr(0, length));
    const auto kept = read(end_offset_);
    if (length >= batches.back().end) {
      ASSERT_TRUE(kept.ok()) << kept.error().to_string();
    } else {
      const auto hit = std::find_if(batches.begin(), batches.end(),
                                    [&](const Batch& batch) { return length < batch.end; });
      ASSERT_FALSE(kept.ok());
      expect_corrupt(kept.error(), names_[1], hit->begin);
    }
    if (HasFailure()) return;
  }
}

TEST_F(RecoverTest, RefusesADamagedJournalFile) {
  for (std::size_t at = 0; at < journal_file_.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = journal_file_;
      bad[at] = static_cast<char>(bad[at] ^ 1 << bit);
      machine_.replace(path("JOURNAL"), bad);
      const auto writer = Writer::open(writer_options_);
      ASSERT_FALSE(writer.ok()) << at;
      ASSERT_EQ(writer.error().code(), Code::corrupt) << at;
      ASSERT_NE(writer.error().message().find("journal/JOURNAL"), std::string::npos);
      ASSERT_EQ(Reader::open(machine_.disk, "journal", origin_).error().code(), Code::corrupt);
    }
  }
  for (std::size_t length = 0; length < journal_file_.size(); ++length) {
    machine_.replace(path("JOURNAL"), journal_file_.substr(0, length));
    ASSERT_EQ(Writer::open(writer_options_).error().code(), Code::corrupt) << length;
  }
  machine_.replace(path("JOURNAL"), journal_file_ + "x");
  ASSERT_EQ(Writer::open(writer_options_).error().code(), Code::corrupt);
}

TEST_F(RecoverTest, RefusesToBeginAnewWhereRecordsAreWithoutJournalFile) {
  ASSERT_TRUE(machine_.disk.remove(path("JOURNAL")).ok());
  const auto writer = Writer::open(writer_options_);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code(), Code::corrupt);
  EXPECT_NE(writer.error().message().find(names_.front()), std::string::npos);
}

TEST_F(RecoverTest, RefusesAJournalFileWithoutItsSegments) {
  for (const std::string& name : names_) ASSERT_TRUE(machine_.disk.remove(path(name)).ok());
  EXPECT_EQ(Writer::open(writer_options_).error().code(), Code::corrupt);
}

TEST_F(RecoverTest, FindsAMissingSegment) {
  ASSERT_TRUE(machine_.disk.remove(path(names_[1])).ok());
  const auto kept = read(end_offset_);
  ASSERT_FALSE(kept.ok());
  expect_corrupt(kept.error(), names_[0], batches_of(contents_[0]).back().end);
}

// A batch, header and body, of records without payload.
std::string batch_from(std::uint64_t offset, std::uint32_t salt) {
  const StoredHeader record = store_header(header_of(999), {}, salt);
  BatchHeader header{};
  header.body_size = sizeof record;
  header.offset_first = offset;
  header.count = 1;
  std::string bytes(sizeof header + sizeof record, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &record, sizeof record);
  const std::uint32_t checksum = batch_checksum(as_bytes(bytes), salt);
  std::memcpy(bytes.data(), &checksum, sizeof checksum);
  return bytes;
}

// Goal: no payload makes recovery take a torn batch for a durable one. Method: a record that holds
// what its author can know of the format, in a batch of which the first byte is lost; and, to see
// that the bytes are looked at at all, the same with the salt that nobody knows.
TEST_F(RecoverTest, IsNotFooledByARecordThatLooksLikeABatch) {
  SegmentHeader header;
  std::memcpy(&header, contents_.back().data(), sizeof header);
  const std::string replayed =
      contents_.back().substr(batches_[1].begin, batches_[1].end - batches_[1].begin);
  std::string later = replayed;  // A copy of a real batch, with an offset that would fit.
  store(std::as_writable_bytes(std::span(later)), offsetof(BatchHeader, offset_first),
        end_offset_ + 2);
  struct Forged {
    std::string bytes;
    bool is_believed;
  };
  for (const auto& [bytes, is_believed] :
       {Forged{batch_from(end_offset_ + 2, 0), false},
        Forged{batch_from(end_offset_ + 1, 1), false}, Forged{replayed, false},
        Forged{later, false}, Forged{batch_from(end_offset_ + 2, header.salt), true}}) {
    reset_with(names_.back(), contents_.back());
    {
      auto writer = Writer::open(writer_options_).value();
      ASSERT_TRUE(writer->append_and_wait(header_of(500), as_bytes(bytes)).ok());
    }
    std::string torn = machine_.content(path(names_.back()));
    ASSERT_NE(torn.find(bytes, batches_.back().end), std::string::npos) << "at a multiple of 8";
    torn[batches_.back().end] = static_cast<char>(torn[batches_.back().end] ^ 1);
    reset_with(names_.back(), torn);
    const auto writer = Writer::open(writer_options_);
    ASSERT_EQ(writer.ok(), !is_believed);
    if (is_believed)
      expect_corrupt(writer.error(), names_.back(), batches_.back().end);
    else
      EXPECT_EQ((*writer)->durable_offset(), end_offset_);
  }
}

// A batch of another segment, with the salt of that one, is not one of this.
TEST_F(RecoverTest, DoesNotTakeABatchOfAnotherSegment) {
  const auto batches = batches_of(contents_[1]);
  std::string with_foreign = contents_.back();
  with_foreign.replace(batches_.back().end, batches[0].end - batches[0].begin, contents_[1],
                       batches[0].begin, batches[0].end - batches[0].begin);
  store(std::as_writable_bytes(std::span(with_foreign)),
        batches_.back().end + offsetof(BatchHeader, offset_first), end_offset_ + 1);
  reset_with(names_.back(), with_foreign);
  expect_recovered(end_offset_);
}

// Goal: what recovery keeps is durable afterwards, even what a failed fdatasync left in memory only.
// Without writing the last batch again the kernel takes it for clean, and the second cut loses it.
TEST_F(RecoverTest, MakesDurableWhatAFailedSyncLeftInMemory) {
  {
    auto writer = Writer::open(writer_options_).value();
    machine_.disk.on_operation([](io::DiskOperation operation, const std::string&) -> Result<void> {
      if (operation == io::DiskOperation::sync_data) return Error(Code::io, "broken");
      return {};
    });
    EXPECT_EQ(writer->append_and_wait(header_of(700), as_bytes("kept")).error().code(), Code::io);
    machine_.disk.on_operation(nullptr);
  }
  {
    auto writer = Writer::open(writer_options_).value();
    ASSERT_EQ(writer->durable_offset(), end_offset_ + 1);
  }
  machine_.disk.power_on(io::Survival::none, machine_.random);
  auto writer = Writer::open(writer_options_).value();
  EXPECT_EQ(writer->durable_offset(), end_offset_ + 1);
}

// Planted bug: with checksums that are not checked, rot in a record is read as if it were its text.
TEST_F(RecoverTest, ItsCheckerFindsUncheckedChecksums) {
  std::string bad = contents_.back();
  bad[batches_[0].begin + sizeof(BatchHeader) + sizeof(StoredHeader)] ^= 1;
  reset_with(names_.back(), bad);
  EXPECT_FALSE(machine_.history.check(machine_.disk, "journal").empty());
  NoCrcFiles broken(machine_.disk);
  auto options = writer_options_;
  options.files = &broken;
  ASSERT_TRUE(Writer::open(options).ok()) << "the planted bug must let the damage through";
  const auto wrong = machine_.history.check(broken, "journal");
  ASSERT_FALSE(wrong.empty());
  EXPECT_NE(wrong.front().find("has other bytes"), std::string::npos) << wrong.front();
  reset_with(names_.back(), contents_.back());
  EXPECT_TRUE(machine_.history.check(machine_.disk, "journal").empty());
}

}  // namespace
}  // namespace matsuri::journal
