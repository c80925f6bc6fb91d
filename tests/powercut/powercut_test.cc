// The promise of the whole: whatever moment the power fails at, what was answered is there once,
// and nothing is there twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "checker.h"
#include "crowd.h"
#include "io/random.h"
#include "journal/format.h"
#include "node.h"

namespace matsuri::powercut {
namespace {

std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("MATSURI_SEED");
    const std::uint64_t taken = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
    std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(taken));
    return taken;
  }();
  return value;
}

// `rounds` of it: people come, post, and retry; segments roll; retention takes what is applied; and
// in the middle the node is closed and opened again.
Result<void> first_life(Node& node, Crowd& crowd, int rounds) {
  TRY(node.start());
  TRY(crowd.sign_up(node));
  TRY(crowd.post(node, 0, 1));
  TRY(crowd.retry(node, 1));
  for (int round = 0; round < rounds; ++round) {
    TRY(crowd.sign_up(node));
    TRY(crowd.post(node, crowd.people().size() - 1, 3));
    TRY(crowd.post(node, 0, 1));
    TRY(crowd.retry(node, 2));
    TRY(crowd.post(node, 0, 1));
    TRY(node.drain());
    TRY(node.take_retention());
  }
  return crowd.post(node, 0, 1);
}

Result<void> second_life(Node& node, Crowd& crowd, int rounds) {
  TRY(node.start());
  TRY(crowd.retry(node, 3));
  for (int round = 0; round < rounds; ++round) TRY(crowd.post(node, 0, 2));
  TRY(crowd.sign_up(node));
  return node.drain();
}

// Goes on until the power fails, or to the end. Gives why it ended early.
Result<void> run_script(Machine& machine, Crowd& crowd, int rounds) {
  {
    Node node(machine);
    TRY(first_life(node, crowd, rounds));
  }
  Node node(machine);
  return second_life(node, crowd, rounds);
}

// The machine is on again, some time later.
Result<void> power_on(Machine& machine, io::Survival survival, io::Random& random) {
  machine.disk.power_on(survival, random);
  machine.clock.advance_ms(60'000);
  if (machine.plants.checksum_ignored) TRY(forge_checksums(machine.disk, Node::journal_folder));
  return {};
}

// What the restarted node broke of its promises; empty where nothing. Then everybody asks again for
// what they were never told, new people come, and all of it holds still.
std::string verdict_after(Machine& machine, Crowd& crowd) {
  Node node(machine);
  if (const Result<void> started = node.start(); !started.ok())
    return "does not start: " + started.error().to_string();
  if (std::string broken = broken_promise(node, crowd); !broken.empty()) return broken;
  const auto go_on = [&]() -> Result<void> {
    TRY(crowd.retry_all(node));
    TRY(crowd.sign_up(node));
    TRY(crowd.post(node, crowd.people().size() - 1, 1));
    return node.drain();
  };
  if (const Result<void> gone_on = go_on(); !gone_on.ok())
    return "does not go on: " + gone_on.error().to_string();
  std::string broken = broken_promise(node, crowd);
  return broken.empty() ? "" : "after retries: " + broken;
}

struct Cuts {
  int rounds = 1;
  Plants plants{};
  io::Survival survival = io::Survival::none;
  int cut_count = 1;               // more: the later ones while the node recovers
  std::uint64_t sample_count = 0;  // 0: before every operation
  bool ends_at_first_broken = false;
  std::uint64_t pass = 0;  // another one draws other chances
};

struct Verdict {
  std::uint64_t cut_count = 0;
  std::uint64_t broken_count = 0;
  std::string first;
};

class Cutter {
 public:
  explicit Cutter(const Cuts& cuts) : cuts_(cuts) {}

  Verdict run() {
    if (cuts_.sample_count != 0) operation_count_ = count_operations();
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < 3; ++i) workers.emplace_back([this] { work(); });
    }
    return verdict_;
  }

 private:
  void work() {
    while (!ended_) {
      const std::uint64_t turn = next_++;
      if (cuts_.sample_count != 0 && turn >= cuts_.sample_count) return;
      io::SeededRandom random(seed() * 1'000'003 + cuts_.pass * 1'000'000'007 + turn);
      const std::uint64_t index =
          cuts_.sample_count == 0 ? turn : random.next_u64() % operation_count_;
      if (!cut_at(index, random) && cuts_.sample_count == 0) ended_ = true;
    }
  }

  static std::string machine_name() {
    static std::atomic<std::uint64_t> count = 0;
    return "powercut-" + std::to_string(++count);
  }

  // Of a script that nothing disturbs; some more or fewer from run to run, as threads share the
  // disk.
  std::uint64_t count_operations() {
    Machine machine(machine_name(), cuts_.plants);
    Crowd crowd(machine);
    const Result<void> ran = run_script(machine, crowd, cuts_.rounds);
    EXPECT_TRUE(ran.ok()) << ran.error().to_string();
    return machine.disk.operation_count();
  }

  // False where the script ended before it.
  bool cut_at(std::uint64_t index, io::Random& random) {
    Machine machine(machine_name(), cuts_.plants);
    Crowd crowd(machine);
    machine.disk.cut_before(index);
    const Result<void> ran = run_script(machine, crowd, cuts_.rounds);
    if (!machine.disk.is_cut()) {
      if (!ran.ok()) note(index, "the script failed by itself: " + ran.error().to_string());
      return false;
    }
    Result<void> on = power_on(machine, cuts_.survival, random);
    for (int cut = 1; cut < cuts_.cut_count && on.ok(); ++cut) {
      machine.disk.cut_before(machine.disk.operation_count() + random.next_u64() % 60);
      {
        Node node(machine);
        (void)node.start();
      }
      on = power_on(machine, cuts_.survival, random);
    }
    note(index, on.ok() ? verdict_after(machine, crowd) : on.error().to_string());
    return true;
  }

  void note(std::uint64_t index, const std::string& broken) {
    const std::lock_guard lock(mutex_);
    ++verdict_.cut_count;
    if (broken.empty()) return;
    if (verdict_.broken_count++ == 0)
      verdict_.first = "cut before operation " + std::to_string(index) + ": " + broken;
    if (cuts_.ends_at_first_broken) ended_ = true;
  }

  const Cuts cuts_;
  std::uint64_t operation_count_ = 0;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  Verdict verdict_;
};

class PowerCut : public ::testing::Test {
 protected:
  // A power cut is an error of every part, and there are thousands here.
  static void SetUpTestSuite() {
    if (std::getenv("MATSURI_VERBOSE") == nullptr)
      log::configure(static_cast<log::Level>(4), log::Format::text);  // above all of them
    seed();
  }
};

// Goal: the script does what it is there for, or the cuts below prove little: segments roll, retention
// takes some of them and of the facts, and posts come back from memory and from the database.
TEST_F(PowerCut, TheScriptRollsSegmentsAndTakesRetention) {
  Machine machine("powercut-whole", {});
  Crowd crowd(machine);
  const Result<void> ran = run_script(machine, crowd, 1);
  ASSERT_TRUE(ran.ok()) << ran.error().to_string();
  EXPECT_EQ(crowd.people().size(), 3u);
  EXPECT_EQ(crowd.wishes().size(), 9u);
  const auto segments = machine.disk.list(Node::journal_folder);
  ASSERT_TRUE(segments.ok());
  std::uint64_t first_offset = ~std::uint64_t{0};
  std::size_t segment_count = 0;
  for (const std::string& name : *segments) {
    const auto segment = journal::parse_segment_name(name);
    if (!segment) continue;
    ++segment_count;
    first_offset = std::min(first_offset, segment->first_offset);
  }
  EXPECT_GT(segment_count, 1u);
  EXPECT_GT(first_offset, 1u);
  Node node(machine);
  ASSERT_TRUE(node.start().ok());
  EXPECT_EQ(broken_promise(node, crowd), "");
  const auto facts = node.timeline_outbox->read_rows(0, 100);
  ASSERT_TRUE(facts.ok());
  EXPECT_GT(facts->front().offset, 1u);
}

// Goal: the strictest disk that keeps its word. Method: the script is cut before each of its
// operations in turn.
TEST_F(PowerCut, KeepsEveryPromiseWhereverThePowerFails) {
  const Verdict verdict = Cutter({.rounds = 1}).run();
  std::printf("%llu cuts\n", static_cast<unsigned long long>(verdict.cut_count));
  EXPECT_GT(verdict.cut_count, 200u);
  EXPECT_EQ(verdict.broken_count, 0u) << verdict.first;
}

// The same where any part of what was not synced may have reached the platter.
TEST_F(PowerCut, KeepsEveryPromiseWhateverElseSurvives) {
  const Verdict verdict = Cutter({.rounds = 1, .survival = io::Survival::random}).run();
  EXPECT_GT(verdict.cut_count, 200u);
  EXPECT_EQ(verdict.broken_count, 0u) << verdict.first;
}

// As after kill -9: all of it reached the platter. A sample, as most of these are alike.
TEST_F(PowerCut, KeepsEveryPromiseAfterAKill) {
  const Verdict verdict =
      Cutter({.rounds = 1, .survival = io::Survival::all, .sample_count = 100}).run();
  EXPECT_GT(verdict.cut_count, 50u);
  EXPECT_EQ(verdict.broken_count, 0u) << verdict.first;
}

// Goal: a longer life, with several rolls and retentions. Method: a sample of its operations.
TEST_F(PowerCut, KeepsEveryPromiseOfALongerLife) {
  for (const io::Survival survival : {io::Survival::none, io::Survival::random}) {
    const Verdict verdict = Cutter({.rounds = 6, .survival = survival, .sample_count = 60}).run();
    EXPECT_GT(verdict.cut_count, 30u);
    EXPECT_EQ(verdict.broken_count, 0u) << verdict.first;
  }
}

// Goal: a power cut while the node recovers from one is no worse. Method: a sample of pairs.
TEST_F(PowerCut, KeepsEveryPromiseWhenItFailsAgainDuringRecovery) {
  const Verdict verdict =
      Cutter({.rounds = 1, .survival = io::Survival::random, .cut_count = 3, .sample_count = 100})
          .run();
  EXPECT_GT(verdict.cut_count, 50u);
  EXPECT_EQ(verdict.broken_count, 0u) << verdict.first;
}

// Goal: the tests above would find these bugs. Each is planted at the seam to the disk or around the
// view, and must turn the verdict red.
struct Planted {
  const char* name;
  Plants plants;
  io::Survival survival;
};

class PlantedBug : public PowerCut, public ::testing::WithParamInterface<Planted> {};

TEST_P(PlantedBug, IsFound) {
  // What a torn batch looks like is a matter of chance: one pass may see none that shows the bug.
  Verdict verdict;
  for (std::uint64_t pass = 0; pass < 6 && verdict.broken_count == 0; ++pass)
    verdict = Cutter({.rounds = 1,
                      .plants = GetParam().plants,
                      .survival = GetParam().survival,
                      .ends_at_first_broken = true,
                      .pass = pass})
                  .run();
  std::printf("found after %llu cuts: %s\n", static_cast<unsigned long long>(verdict.cut_count),
              verdict.first.c_str());
  EXPECT_GT(verdict.broken_count, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Each, PlantedBug,
    ::testing::Values(
        Planted{"NoFdatasyncOfTheJournal", {.no_journal_sync = true}, io::Survival::none},
        Planted{"NoFdatasyncOfTheDatabases", {.no_sqlite_sync = true}, io::Survival::none},
        Planted{"NoSyncOfTheFolder", {.no_folder_sync = true}, io::Survival::none},
        Planted{"PositionOutsideOfTheTransaction", {.position_apart = true}, io::Survival::none},
        Planted{"KeyNotInTheRecord", {.key_dropped = true}, io::Survival::none},
        Planted{"ChecksumNotChecked", {.checksum_ignored = true}, io::Survival::random}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace matsuri::powercut
