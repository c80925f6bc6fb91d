// What the writer promises while it runs: order, bounds, and what happens when the disk is slow,
// full or broken. That what it answers is durable is proved by crash_test.cc.
#include "journal/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>

#include "journal/testing/gate.h"
#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

// Runs what is posted at once, and counts.
class CountingExecutor final : public io::Executor {
 public:
  void post(io::Task task) override {
    ++post_count;
    task();
  }
  std::atomic<int> post_count = 0;
};

class WriterTest : public ::testing::Test {
 protected:
  Result<void> append(Writer& writer, std::size_t size, Writer::Completion completion) {
    return append(writer, size, executor_, std::move(completion));
  }
  Result<void> append(Writer& writer, std::size_t size, io::Executor& executor,
                      Writer::Completion completion) {
    const std::uint64_t id = machine_.next_id++;
    machine_.history.ask(id, payload_of(id, size));
    return writer.append(header_of(id), as_bytes(payload_of(id, size)), executor,
                         [this, id, told = std::move(completion)](Result<Position> done) mutable {
                           if (done.ok()) machine_.history.answer(id, *done);
                           told(std::move(done));
                         });
  }
  // Where the next segment may still be on its way.
  void append_soon(Writer& writer, std::size_t size, Answer& answer) {
    wait_until([&] { return append(writer, size, answer.completion()).ok(); });
  }
  // One record is being synced, and the gate holds it.
  void hold_one(Writer& writer, Gate& gate, Answer& answer) {
    gate.close();
    ASSERT_TRUE(append(writer, 10, answer.completion()).ok());
    gate.wait_for_somebody();
  }
  void expect_all_kept() {
    const auto wrong = machine_.history.check(machine_.disk, "journal");
    EXPECT_TRUE(wrong.empty()) << wrong.front();
  }
  static void ready(const Writer& writer) {
    wait_until([&] { return writer.health() == Health::good; });
  }

  Machine machine_;
  CountingExecutor executor_;
};

TEST_F(WriterTest, GivesPositionsFromOneOn) {
  auto writer = machine_.open();
  EXPECT_EQ(writer->durable_offset(), 0U);
  EXPECT_EQ(writer->origin().region, Region{2});
  EXPECT_EQ(writer->origin().node, Node{7});
  EXPECT_NE(writer->origin().incarnation, 0U);
  for (std::uint64_t offset = 1; offset <= 100; ++offset) {
    const Position position = machine_.append(*writer, offset * 7 % 300);
    EXPECT_EQ(position, (Position{.origin = writer->origin(), .offset = offset}));
    EXPECT_EQ(writer->durable_offset(), offset);
  }
  const Origin before = writer->origin();
  writer.reset();
  writer = machine_.open();
  EXPECT_EQ(writer->origin(), before);
  EXPECT_EQ(writer->durable_offset(), 100U);
  expect_all_kept();
}

// Some threads wait for each record, some do not; the journal rolls often meanwhile.
TEST_F(WriterTest, KeepsTheOrderOfEachThread) {
  constexpr std::uint64_t thread_count = 8, record_count = 1500;
  const auto id_of = [](std::uint64_t thread, std::uint64_t index) {
    return thread * 1'000'000 + index + 1;
  };
  auto writer = machine_.open();
  std::vector<std::thread> threads;
  std::vector<std::vector<std::uint64_t>> told(thread_count);
  for (std::uint64_t thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t index = 0; index < record_count; ++index) {
        const std::uint64_t id = id_of(thread, index);
        const std::string payload = payload_of(id, index % 90);
        const auto note = [&told = told[thread]](const Result<Position>& done) {
          ASSERT_TRUE(done.ok());
          told.push_back(done->offset);
        };
        for (bool is_taken = false; !is_taken; std::this_thread::yield()) {
          if (thread % 2 == 0) {
            const auto done = writer->append_and_wait(header_of(id), as_bytes(payload));
            is_taken = done.ok();
            if (is_taken) note(done);
          } else {
            is_taken = writer->append(header_of(id), as_bytes(payload), executor_, note).ok();
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Origin origin = writer->origin();
  writer.reset();

  const auto kept = read_all(machine_.disk, "journal", origin, 1, thread_count * record_count);
  ASSERT_TRUE(kept.ok()) << kept.error().to_string();
  ASSERT_EQ(kept->size(), thread_count * record_count);
  std::vector<std::uint64_t> next(thread_count);
  for (const Kept& one : *kept) {
    const std::uint64_t thread = one.header.id / 1'000'000;
    const std::uint64_t index = next[thread]++;
    ASSERT_EQ(one.header.id, id_of(thread, index));
    ASSERT_EQ(told[thread][index], one.offset);
    ASSERT_EQ(one.payload, payload_of(one.header.id, index % 90));
  }
  EXPECT_GT(machine_.segments().size(), 10U);
}

// A regression: records that came before the flusher's thread had started left it thinking that it
// was awake, and the next ones waited for ever.
TEST_F(WriterTest, WakesForTheSecondAppendHoweverEarlyTheFirst) {
  for (int i = 0; i < 300; ++i) {
    Machine machine;
    auto writer = machine.open();
    for (std::uint64_t id = 1; id <= 2; ++id) {
      Answer answer;
      ASSERT_TRUE(writer->append(header_of(id), {}, executor_, answer.completion()).ok());
      ASSERT_TRUE(answer.wait().ok());
    }
  }
}

TEST_F(WriterTest, TellsABatchInOnePostPerExecutor) {
  auto writer = machine_.open();
  Gate gate(machine_.disk);
  Answer first;
  hold_one(*writer, gate, first);
  CountingExecutor one, two;
  std::vector<std::uint64_t> of_one, of_two;
  const auto note = [](std::vector<std::uint64_t>& into) {
    return [&into](Result<Position> done) { into.push_back(done.value().offset); };
  };
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(append(*writer, 50, one, note(of_one)).ok());
    if (i % 2 == 0) {
      ASSERT_TRUE(append(*writer, 50, two, note(of_two)).ok());
    }
  }
  EXPECT_EQ(one.post_count, 0);
  gate.open();
  ASSERT_TRUE(first.wait().ok());
  writer.reset();
  EXPECT_EQ(one.post_count, 1);
  EXPECT_EQ(two.post_count, 1);
  EXPECT_EQ(of_one, (std::vector<std::uint64_t>{2, 4, 5, 7, 8, 10, 11, 13, 14, 16}));
  EXPECT_EQ(of_two, (std::vector<std::uint64_t>{3, 6, 9, 12, 15}));
}

TEST_F(WriterTest, IsBusyPastTheBufferAndLosesNothing) {
  auto writer = machine_.open();
  ready(*writer);
  Gate gate(machine_.disk);
  Answer first;
  hold_one(*writer, gate, first);
  int taken_count = 0, told_count = 0;
  for (;;) {
    const auto taken = append(*writer, 64, [&](Result<Position> done) {
      EXPECT_TRUE(done.ok());
      ++told_count;
    });
    if (!taken.ok()) {
      EXPECT_EQ(taken.error().code(), Code::busy);
      break;
    }
    ++taken_count;
  }
  EXPECT_EQ(static_cast<std::size_t>(taken_count), small_batch_size / record_stride(64));
  EXPECT_EQ(writer->append_and_wait(header_of(1), as_bytes("x")).error().code(), Code::busy);
  EXPECT_EQ(told_count, 0);
  gate.open();
  ASSERT_TRUE(first.wait().ok());
  machine_.append(*writer);
  writer.reset();
  EXPECT_EQ(told_count, taken_count);
  expect_all_kept();
}

TEST_F(WriterTest, TakesABatchAtTheLimitAndRefusesOnePast) {
  auto writer = machine_.open();
  ready(*writer);
  const auto all_of = [&](std::size_t size) {
    std::vector<Writer::Entry> entries(2);
    for (Writer::Entry& entry : entries) entry.header = header_of(machine_.next_id++);
    entries[1].payload = payload_of(7, size - 2 * sizeof(StoredHeader));
    return entries;
  };
  Answer answer;
  ASSERT_TRUE(writer->append_all(all_of(small_batch_size), executor_, answer.completion()).ok());
  EXPECT_EQ(answer.wait().value().offset, 2U) << "the position is the last one's";
  const auto past = writer->append_all(all_of(small_batch_size + 1), executor_,
                                       [](Result<Position>) { ADD_FAILURE(); });
  EXPECT_EQ(past.error().code(), Code::invalid);
  EXPECT_EQ(writer->append_all({}, executor_, [](Result<Position>) {}).error().code(),
            Code::invalid);

  // The same for what gathers while a batch is written: to the last byte.
  ready(*writer);
  Gate gate(machine_.disk);
  Answer held, filling, last;
  hold_one(*writer, gate, held);
  append_soon(*writer, small_batch_size - 2 * sizeof(StoredHeader), filling);
  ASSERT_TRUE(append(*writer, 0, last.completion()).ok());
  EXPECT_EQ(append(*writer, 0, [](Result<Position>) { ADD_FAILURE(); }).error().code(), Code::busy);
  gate.open();
  EXPECT_EQ(last.wait().value().offset, 5U);
  EXPECT_TRUE(filling.wait().ok());
}

TEST_F(WriterTest, TakesTheLargestRecord) {
  auto options = machine_.options();
  options.batch_body_size_max = std::size_t{1} << 20;
  options.segment_size = std::uint64_t{2} << 20;
  auto writer = Writer::open(options).value();
  machine_.append(*writer, record_payload_size_max);
  machine_.append(*writer, record_payload_size_max - 1);
  writer.reset();
  expect_all_kept();
}

TEST_F(WriterTest, IsBusyWhileASyncIsSlow) {
  auto writer = machine_.open();
  ready(*writer);
  Gate gate(machine_.disk);
  Answer held;
  hold_one(*writer, gate, held);
  machine_.clock.advance_ms(2000);
  EXPECT_EQ(writer->health(), Health::good);
  Answer patient;
  EXPECT_TRUE(append(*writer, 10, patient.completion()).ok());
  machine_.clock.advance_ms(1);
  EXPECT_EQ(writer->health(), Health::slow_sync);
  EXPECT_EQ(append(*writer, 10, [](Result<Position>) { ADD_FAILURE(); }).error().code(),
            Code::busy);
  EXPECT_EQ(writer->append_and_wait(header_of(1), as_bytes("x")).error().code(), Code::busy);
  EXPECT_FALSE(held.is_given());
  gate.open();
  EXPECT_TRUE(held.wait().ok()) << "slow is not lost";
  EXPECT_TRUE(patient.wait().ok());
  ready(*writer);
  machine_.append(*writer);
  writer.reset();
  expect_all_kept();
}

TEST_F(WriterTest, IsBusyWhileTheSyncOfARollIsSlow) {
  auto writer = machine_.open();
  ready(*writer);
  for (int i = 0; i < 2; ++i) machine_.append(*writer, 6000);
  Gate gate(machine_.disk);
  Answer held;
  gate.close();
  append_soon(*writer, 6000, held);
  gate.wait_for_somebody();  // The folder is synced, for the new segment's name.
  machine_.clock.advance_ms(2001);
  EXPECT_EQ(writer->health(), Health::slow_sync);
  gate.open();
  EXPECT_TRUE(held.wait().ok());
}

TEST_F(WriterTest, StopsForEverAfterTheFirstFailedSync) {
  static_cast<void>(machine_.open());
  Gate gate(machine_.disk);
  auto writer = machine_.open();
  gate.wait_for_spare();  // The operations that are counted below are the writer's own.
  machine_.append(*writer);
  std::vector<Answer> waiting(3);
  hold_one(*writer, gate, waiting[0]);
  ASSERT_TRUE(append(*writer, 10, waiting[1].completion()).ok());
  ASSERT_TRUE(append(*writer, 10, waiting[2].completion()).ok());
  gate.fail(io::DiskOperation::sync_data, ".seg", Error(Code::io, "the disk is broken"));
  gate.open();
  for (Answer& answer : waiting) EXPECT_EQ(answer.wait().error().code(), Code::io);
  gate.forgive();
  EXPECT_EQ(writer->health(), Health::failed);
  EXPECT_EQ(writer->durable_offset(), 1U);
  // The disk is well again, and still nobody asks it: nothing is retried.
  const std::uint64_t operations = machine_.disk.operation_count();
  for (int i = 0; i < 3; ++i) {
    const auto refused = append(*writer, 10, [](Result<Position>) { ADD_FAILURE(); });
    EXPECT_EQ(refused.error().code(), Code::io);
    EXPECT_NE(refused.error().message().find("the disk is broken"), std::string::npos);
    EXPECT_EQ(writer->append_and_wait(header_of(1), as_bytes("x")).error().code(), Code::io);
  }
  EXPECT_EQ(machine_.disk.operation_count(), operations);
  writer.reset();
  writer = machine_.open();
  EXPECT_GE(writer->durable_offset(), 1U);
  machine_.append(*writer);
  writer.reset();
  expect_all_kept();
}

// Every operation between two batches may be the one that fails, those of a roll too.
TEST_F(WriterTest, StopsForEverAfterAnyFailure) {
  using enum io::DiskOperation;
  const std::vector<std::pair<io::DiskOperation, std::string>> places = {
      {write, ".seg"},         {sync_data, ".seg"},  {write, "next.tmp"},
      {sync_data, "next.tmp"}, {rename, "next.tmp"}, {sync_folder, "journal"}};
  for (const auto& [kind, suffix] : places) {
    SCOPED_TRACE(static_cast<int>(kind));
    SCOPED_TRACE(suffix);
    static_cast<void>(machine_.open());
    const std::size_t segment_count = machine_.segments().size();
    Gate gate(machine_.disk);
    auto writer = machine_.open();
    gate.wait_for_spare();
    {
      // A full disk is no exception: what was allocated before was to be enough.
      gate.fail(kind, suffix, Error(kind == write ? Code::exhausted : Code::io, "broken"));
      for (int i = 0; i < 10 && writer->health() == Health::good;) {
        const std::uint64_t id = machine_.next_id++;
        machine_.history.ask(id, payload_of(id, 5000));
        const auto done = writer->append_and_wait(header_of(id), as_bytes(payload_of(id, 5000)));
        if (done.ok()) machine_.history.answer(id, *done);
        if (done.ok()) ++i;
      }
      EXPECT_EQ(writer->health(), Health::failed);
      EXPECT_LE(machine_.segments().size(), segment_count + 1);
      EXPECT_EQ(writer->append_and_wait(header_of(1), as_bytes("x")).error().code(), Code::io);
    }
    writer.reset();
    gate.forgive();
    writer = machine_.open();
    machine_.append(*writer);
    writer.reset();
    expect_all_kept();
  }
}

TEST_F(WriterTest, WakesAllWhoWaitWhenASyncFails) {
  auto writer = machine_.open();
  ready(*writer);
  Gate gate(machine_.disk);
  Answer held;
  hold_one(*writer, gate, held);
  std::atomic<int> failed_count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const auto done = writer->append_and_wait(header_of(100U + static_cast<unsigned>(i)), {});
      if (!done.ok() && done.error().code() == Code::io) ++failed_count;
    });
  gate.fail(io::DiskOperation::sync_data, ".seg", Error(Code::io, "broken"));
  gate.open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed_count, 8);
}

TEST_F(WriterTest, IsBusyWhileTheDiskIsFullAndGoesOnByItself) {
  machine_.disk.set_capacity(small_segment_size + 1000);  // One segment, and no second.
  auto writer = machine_.open();
  wait_until([&] { return writer->health() == Health::disk_full; });
  int taken_count = 0;
  for (;; ++taken_count) {
    const std::uint64_t id = machine_.next_id++;
    machine_.history.ask(id, payload_of(id, 1000));
    const auto done = writer->append_and_wait(header_of(id), as_bytes(payload_of(id, 1000)));
    if (!done.ok()) {
      EXPECT_EQ(done.error().code(), Code::busy);
      EXPECT_NE(done.error().message().find("no space"), std::string::npos);
      break;
    }
    machine_.history.answer(id, *done);
  }
  EXPECT_EQ(taken_count, 11) << "the segment is filled before anybody is refused";
  EXPECT_EQ(writer->append_and_wait(header_of(1), as_bytes(payload_of(1, 1000))).error().code(),
            Code::busy);
  EXPECT_EQ(writer->health(), Health::disk_full);
  EXPECT_FALSE(machine_.disk.exists("journal/next.tmp").value()) << "a half one keeps the space";

  machine_.disk.set_capacity(~std::uint64_t{0});
  ready(*writer);
  machine_.append(*writer, 1000);
  EXPECT_EQ(machine_.segments().size(), 2U);
  writer.reset();
  expect_all_kept();
}

TEST_F(WriterTest, SaysThatThereIsNoRoomToBegin) {
  machine_.disk.set_capacity(small_segment_size - 1);
  EXPECT_EQ(Writer::open(machine_.options()).error().code(), Code::exhausted);
  machine_.disk.set_capacity(~std::uint64_t{0});
  EXPECT_NE(machine_.open(), nullptr);
}

TEST_F(WriterTest, HoldsTheFolderAlone) {
  auto writer = machine_.open();
  EXPECT_EQ(Writer::open(machine_.options()).error().code(), Code::busy);
  EXPECT_NE(machine_.open("journal/import"), nullptr) << "another folder is another journal";
  writer.reset();
  EXPECT_NE(machine_.open(), nullptr);
  auto options = machine_.options();
  options.node = Node{8};
  EXPECT_EQ(Writer::open(options).error().code(), Code::invalid);
  options = machine_.options();
  options.region = Region{1};
  EXPECT_EQ(Writer::open(options).error().code(), Code::invalid);
}

TEST_F(WriterTest, FinishesWhatItAcceptedWhenItGoes) {
  auto writer = machine_.open();
  ready(*writer);
  std::atomic<int> told_count = 0;
  int taken_count = 0;
  for (int i = 0; i < 60; ++i)
    if (append(*writer, 100, [&](Result<Position> done) { told_count += done.ok() ? 1 : 0; }).ok())
      ++taken_count;
  writer.reset();
  EXPECT_GT(taken_count, 10);
  EXPECT_EQ(told_count, taken_count);
  expect_all_kept();
}

TEST_F(WriterTest, TellsListenersOfEachDurableBatch) {
  auto writer = machine_.open();
  std::vector<std::uint64_t> seen;
  auto handle = writer->on_durable([&] { seen.push_back(writer->durable_offset()); });
  for (int i = 0; i < 3; ++i) machine_.append(*writer);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3}));
  handle.reset();
  machine_.append(*writer);
  EXPECT_EQ(seen.size(), 3U);
}

TEST_F(WriterTest, KeepsTogetherWhatIsAppendedTogether) {
  auto writer = machine_.open();
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    for (std::uint64_t id = 1'000'000; !is_over; ++id)
      static_cast<void>(writer->append_and_wait(header_of(id), {}));
  });
  for (std::uint64_t group = 0; group < 200; ++group) {
    std::vector<Writer::Entry> entries(4);
    for (std::uint64_t i = 0; i < 4; ++i) entries[i].header = header_of(group * 4 + i + 1);
    Answer answer;
    while (!writer->append_all(entries, executor_, answer.completion()).ok())
      std::this_thread::yield();
    ASSERT_TRUE(answer.wait().ok());
  }
  is_over = true;
  other.join();
  const auto kept =
      read_all(machine_.disk, "journal", writer->origin(), 1, writer->durable_offset()).value();
  std::uint64_t next = 1;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i].header.id >= 1'000'000) continue;
    ASSERT_EQ(kept[i].header.id, next);
    if (next % 4 != 1) {
      ASSERT_EQ(kept[i - 1].header.id, next - 1) << "somebody else stands between";
    }
    ++next;
  }
  EXPECT_EQ(next, 801U);
}

TEST_F(WriterTest, CountsWhatItDoes) {
  metrics::Registry registry;
  auto options = machine_.options("data/main");
  options.metrics = &registry;
  auto writer = Writer::open(options).value();
  for (int i = 0; i < 3; ++i) machine_.append(*writer);
  const std::string text = registry.to_text();
  EXPECT_NE(text.find("matsuri_journal_records_total{journal=\"main\"} 3"), std::string::npos);
  EXPECT_NE(text.find("matsuri_journal_durable_offset{journal=\"main\"} 3"), std::string::npos);
  EXPECT_NE(text.find("matsuri_journal_health{journal=\"main\"}"), std::string::npos);
  writer.reset();
  EXPECT_EQ(registry.to_text().find("matsuri_journal_health{"), std::string::npos);
}

// The same on a real file system, where segments are allocated by fallocate(2).
TEST(WriterOnDiskTest, KeepsRecordsOverARestart) {
  std::string folder = std::filesystem::temp_directory_path() / "matsuri-journal-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  WriterOptions options;
  options.folder = folder + "/journal/main";
  options.segment_size = 1 << 20;
  options.batch_body_size_max = 256 << 10;
  Origin origin;
  std::uint64_t count = 0;
  for (int start = 0; start < 3; ++start) {
    auto writer = Writer::open(options);
    ASSERT_TRUE(writer.ok()) << writer.error().to_string();
    EXPECT_EQ((*writer)->durable_offset(), count);
    origin = (*writer)->origin();
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t id = ++count;
      while (!(*writer)->append_and_wait(header_of(id), as_bytes(payload_of(id, 50'000))).ok())
        std::this_thread::yield();
    }
  }
  const auto kept = read_all(io::posix_files(), options.folder, origin, 1, count);
  ASSERT_TRUE(kept.ok()) << kept.error().to_string();
  ASSERT_EQ(kept->size(), count);
  for (const Kept& one : *kept) ASSERT_EQ(one.payload, payload_of(one.offset, 50'000));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace matsuri::journal
