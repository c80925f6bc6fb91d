// Goal: each record of an inbox is in the journal once, whatever happens to its file, to the agent
// or to the machine. Method: files on a simulated disk; the journal is read back and counted.
#include "journal/agent.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

constexpr std::size_t part_size = 2 * inbox_record_size_max;

// One machine with an agent on it that can be started again.
class AgentWorld {
 public:
  AgentWorld() { EXPECT_TRUE(machine.disk.make_folders("inbox").ok()); }
  ~AgentWorld() { stop(); }

  // False where the power goes meanwhile.
  bool start() {
    WriterOptions options = machine.options();
    options.batch_body_size_max = 4 * part_size;
    options.segment_size = 16 * part_size;
    auto opened = Writer::open(options);
    if (!machine.disk.make_folders("ids").ok() || !opened.ok()) return false;
    writer = *std::move(opened);
    auto made = IdMaker::open({.path = "ids/node",
                               .region = options.region,
                               .node = options.node,
                               .files = &machine.disk,
                               .clock = &machine.clock});
    if (!made.ok()) return false;
    ids = *std::move(made);
    agent = std::make_unique<Agent>(
        AgentOptions{.folders = {"inbox"},
                     .quarantine_folder = "quarantine",
                     .kinds = {EventKind::checkin_attempted},
                     .writer = writer.get(),
                     .ids = ids.get(),
                     .offset_of = [this](const InboxFileId& file) -> Result<std::uint64_t> {
                       return read_journal().places[std::string(as_text(file))];
                     },
                     .part_size = part_size,
                     .files = &machine.disk,
                     .clock = &machine.clock,
                     .metrics = &metrics});
    return true;
  }
  void stop() {
    agent.reset();
    ids.reset();
    writer.reset();
  }

  // A record as the inbox's writer makes one, for an account that no other has.
  std::string record(std::size_t payload_size = 100,
                     EventKind kind = EventKind::checkin_attempted) {
    const RecordHeader header{
        .unix_ms = machine.clock.unix_ms(), .account = AccountId{++account}, .kind = kind};
    const std::string payload(payload_size, 'p');
    return encode_inbox_record(header, as_bytes(payload), machine.random.next_u64());
  }
  bool append(const std::string& name, const std::string& bytes) {
    const auto file = machine.disk.open("inbox/" + name, io::OpenMode::create);
    if (!file.ok()) return false;
    const auto size = (*file)->size();
    return size.ok() && (*file)->write_at(*size, as_bytes(bytes)).ok();
  }
  // Until nothing is left to be read.
  void look() {
    const auto due = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (int turn = 0; turn < 100;) {
      const auto more = agent->look();
      if (more.ok()) {
        if (!*more) return;
        ++turn;
        continue;
      }
      if (machine.disk.is_cut()) return;
      ASSERT_TRUE(more.error().code() == Code::busy) << more.error().to_string();
      ASSERT_LT(std::chrono::steady_clock::now(), due) << more.error().to_string();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "it comes to no end";
  }

  struct Read {
    std::map<std::uint64_t, int> accounts;        // how often each is there
    std::map<std::string, std::uint64_t> places;  // of inbox files
    std::set<std::uint64_t> ids;
  };
  Read read_journal() {
    Read read;
    const auto ranges = list_ranges(machine.disk, "journal");
    if (!ranges.ok()) return read;
    for (const Range& range : *ranges) {
      auto reader = Reader::open(machine.disk, "journal", range.origin);
      std::vector<StoredRecord> records;
      while (reader.ok() && (*reader)->read(range.end_offset, 100, 1 << 20, records).ok() &&
             !records.empty())
        for (const StoredRecord& record : records) {
          EXPECT_TRUE(read.ids.insert(record.header.id).second) << "an id twice";
          if (record.header.kind != EventKind::inbox_read) {
            ++read.accounts[record.header.account.value];
            continue;
          }
          const auto event = decode(record.header.kind, record.payload);
          const auto& place = std::get<InboxRead>(event.value());
          read.places[place.file] = place.offset;
        }
    }
    return read;
  }
  // Each of accounts 1 to `count` once, and no others.
  void expect_all(std::uint64_t count) {
    const Read read = read_journal();
    EXPECT_EQ(read.accounts.size(), count);
    for (const auto& [one, times] : read.accounts) {
      EXPECT_EQ(times, 1) << "account " << one;
      EXPECT_LE(one, account);
    }
  }
  std::uint64_t counted(const char* what) {
    const std::string text = metrics.to_text();
    const std::size_t at = text.find("\nmatsuri_inbox_" + std::string(what) + ' ');
    EXPECT_NE(at, std::string::npos) << what;
    return std::strtoull(text.c_str() + text.find(' ', at + 1), nullptr, 10);
  }
  void expect_identity() {
    EXPECT_EQ(counted("read_total"), counted("shipped_total") + counted("quarantined_total"));
    EXPECT_EQ(counted("in_flight"), 0U);
    EXPECT_EQ(counted("backlog_bytes"), 0U);
  }

  Machine machine;
  metrics::Registry metrics;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<IdMaker> ids;
  std::unique_ptr<Agent> agent;
  std::uint64_t account = 0;
};

class AgentTest : public ::testing::Test, public AgentWorld {
 protected:
  void SetUp() override { ASSERT_TRUE(start()); }
};

TEST_F(AgentTest, CarriesEachRecordOnceOverRestarts) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 30; ++i) append("a.inbox", record(static_cast<std::size_t>(i) * 300));
    append("b.inbox", record());
    look();
    expect_identity();
    if (round % 2 == 0) {
      stop();
      ASSERT_TRUE(start());
    }
  }
  expect_all(155);
  EXPECT_EQ(counted("files"), 2U);
}

TEST_F(AgentTest, FollowsAFileThatIsRenamed) {
  append("a.inbox", record() + record());
  look();
  append("a.inbox", record());
  ASSERT_TRUE(machine.disk.rename("inbox/a.inbox", "inbox/a.inbox.1").ok());
  append("a.inbox", record());
  look();
  append("a.inbox.1", record());  // by somebody who had it open
  look();
  expect_all(5);
  // Also where it was renamed while nobody looked.
  stop();
  ASSERT_TRUE(machine.disk.rename("inbox/a.inbox.1", "inbox/a.inbox.2").ok());
  ASSERT_TRUE(machine.disk.rename("inbox/a.inbox", "inbox/a.inbox.1").ok());
  append("a.inbox", record());
  ASSERT_TRUE(start());
  look();
  expect_all(6);
}

TEST_F(AgentTest, ReadsAFileToItsEndThatIsRemovedMeanwhile) {
  append("a.inbox", record());
  look();
  const auto held = machine.disk.open("inbox/a.inbox", io::OpenMode::read_write).value();
  ASSERT_TRUE(machine.disk.remove("inbox/a.inbox").ok());
  const std::string late = record();
  ASSERT_TRUE(held->write_at(held->size().value(), as_bytes(late)).ok());
  look();
  append("a.inbox", record());
  look();
  expect_all(3);
  machine.clock.advance_ms(60'000);
  look();
  EXPECT_EQ(counted("files"), 1U) << "it lets go of what is gone";
}

TEST_F(AgentTest, TakesACopyForTheSameFile) {
  const std::string bytes = record() + record();
  append("a.inbox", bytes);
  look();
  append("a.inbox.1", bytes + record());
  look();
  expect_all(3);
}

TEST_F(AgentTest, ReadsWhatComesBehindATruncation) {
  append("a.inbox", record() + record());
  look();
  const auto file = machine.disk.open("inbox/a.inbox", io::OpenMode::read_write).value();
  ASSERT_TRUE(file->truncate(0).ok());
  look();
  append("a.inbox", record());
  look();
  look();
  expect_all(3);
  // Longer than before at once.
  ASSERT_TRUE(file->truncate(0).ok());
  append("a.inbox", record(9'000));
  look();
  look();
  expect_all(4);
  // Cut off in the middle, and continued.
  append("a.inbox", record());
  look();
  ASSERT_TRUE(file->truncate(file->size().value() - 40).ok());
  look();
  append("a.inbox", record());
  look();
  look();
  expect_all(6);
  EXPECT_EQ(counted("truncated_total"), 3U);
}

// Goal: what is torn is waited for, then set aside, and what follows is read.
TEST_F(AgentTest, WaitsForATornRecordAndSetsItAside) {
  const std::string whole = record();
  append("a.inbox", record() + whole.substr(0, 70));
  look();
  expect_all(1);
  append("a.inbox", whole.substr(70));  // it was only slow
  look();
  expect_all(2);
  append("a.inbox", record().substr(0, 70));
  machine.clock.advance_ms(4'000);
  look();
  EXPECT_EQ(counted("quarantined_total"), 0U);
  machine.clock.advance_ms(4'000);
  look();
  EXPECT_EQ(counted("quarantined_total"), 0U) << "it waits from when it saw it";
  machine.clock.advance_ms(5'000);
  look();
  EXPECT_EQ(counted("quarantined_total"), 1U);
  const auto kept = machine.disk.list("quarantine").value();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(machine.content("quarantine/" + kept.front()).size(), 70U);
  append("a.inbox", record());
  look();
  EXPECT_EQ(read_journal().accounts.size(), 3U);
  // A whole one behind it: nobody needs to wait.
  append("a.inbox", record().substr(0, 90) + record());
  look();
  EXPECT_EQ(counted("quarantined_total"), 2U);
  EXPECT_EQ(read_journal().accounts.size(), 4U);
  expect_identity();
}

// A power cut may leave zeros, at the beginning of a file, too.
TEST_F(AgentTest, PassesOverZeros) {
  append("a.inbox", std::string(5'000, '\0') + record() + std::string(100'000, '\0') + record());
  append("b.inbox", std::string(5'000, '\0'));
  look();
  append("b.inbox", record());
  look();
  expect_all(3);
  expect_identity();
}

TEST_F(AgentTest, SetsAsideKindsThatAreNotTaken) {
  append("a.inbox", record() + record(100, EventKind::publish_post) + record());
  look();
  const Read read = read_journal();
  EXPECT_EQ(read.accounts.size(), 2U);
  EXPECT_FALSE(read.accounts.contains(2));
  EXPECT_EQ(counted("quarantined_total"), 1U);
}

TEST_F(AgentTest, GoesOnWhenTheDiskHasRoomAgain) {
  append("a.inbox", record() + record(100, EventKind::publish_post));
  machine.disk.on_operation([](io::DiskOperation operation, const std::string& path) {
    return operation == io::DiskOperation::create && path.starts_with("quarantine/")
               ? Result<void>(Error(Code::exhausted, "full"))
               : Result<void>();
  });
  EXPECT_EQ(agent->look().error().code(), Code::exhausted);
  EXPECT_TRUE(read_journal().accounts.empty());
  machine.disk.on_operation({});
  look();
  expect_all(1);
  expect_identity();
}

// A folder is waited for, and names without the mark are others' business.
TEST_F(AgentTest, ReadsInboxFilesOnly) {
  append("a.log", record());
  append("a.inbox-20261201", record());
  look();
  EXPECT_EQ(read_journal().accounts, (std::map<std::uint64_t, int>{{2, 1}}));
}

// Goal: no power cut loses what the file kept, and none repeats anything. Method: the same script,
// cut before each of its changing operations; what of the file's records is left is in the journal
// once, after another start.
TEST(AgentCrash, KeepsEachRecordOnceWhereverThePowerGoes) {
  for (const io::Survival survival :
       {io::Survival::none, io::Survival::random, io::Survival::all}) {
    for (std::uint64_t cut = 0;; ++cut) {
      AgentWorld world;
      io::SeededRandom random(cut + 1);
      world.machine.disk.cut_before(cut + world.machine.disk.operation_count());
      if (world.start())
        for (int step = 0; step < 6 && !world.machine.disk.is_cut(); ++step) {
          world.append("a.inbox", world.record(1'000) + world.record(10));
          if (step % 2 == 0) world.append("b.inbox", world.record().substr(0, 99) + world.record());
          if (step == 3) (void)world.machine.disk.rename("inbox/a.inbox", "inbox/a.inbox.1");
          if (step % 3 != 2) world.look();
        }
      const bool is_done = !world.machine.disk.is_cut();
      world.stop();
      world.machine.disk.power_on(survival, random);
      ASSERT_TRUE(world.start());
      const auto before = world.read_journal().accounts;
      // What is still in the files, and was not read before.
      std::set<std::uint64_t> left;
      for (const std::string& name : world.machine.disk.list("inbox").value()) {
        const std::string bytes = world.machine.content("inbox/" + name);
        for (Bytes rest = as_bytes(bytes); !rest.empty();) {
          const InboxPiece piece = inbox_piece_at(rest);
          if (piece.what == InboxPiece::What::record)
            left.insert(piece.record.header.account.value);
          rest = rest.subspan(piece.size);
        }
      }
      world.look();
      world.machine.clock.advance_ms(10'000);
      world.look();
      world.append("a.inbox", world.record());
      world.look();
      const auto after = world.read_journal().accounts;
      for (const auto& [account, times] : after)
        ASSERT_EQ(times, 1) << "account " << account << ", cut " << cut;
      for (const std::uint64_t account : left)
        ASSERT_TRUE(after.contains(account)) << "account " << account << ", cut " << cut;
      for (const auto& [account, times] : before) ASSERT_TRUE(after.contains(account));
      ASSERT_TRUE(after.contains(world.account));
      if (is_done) {
        EXPECT_GT(cut, 30U);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace matsuri::journal
