// Goal: on both engines slots move between shards while commands flow, and through kill -9: every
// command that was answered is there once, keys stay known, the order of each arena grows.
// Method: real threads and databases, many senders, moves to and fro; then a process of its own that
// does the same and is killed, again and again.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "sequencer/sequencer.h"
#include "sequencer/shard_map.h"
#include "sequencer/sql_carrier.h"
#include "sequencer/sql_store.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::sequencer {
namespace {

using namespace std::chrono_literals;

std::int64_t now() { return io::system_clock().unix_ms(); }

Command pay(const Key& key, const std::string& arena) {
  Command command{.key = key, .reason = "pay", .entities = {name_of(arena, player, "p")}};
  command.steps.push_back({.field = gold, .operation = Operation::add, .value = 1});
  command.fingerprint = fingerprint_of(command);
  return command;
}

// A node: its databases, and the shards in them.
struct Node {
  std::vector<std::unique_ptr<sql::Db>> dbs;
  std::unique_ptr<Sequencer> sequencer;
  io::InlineExecutor inline_executor;

  explicit Node(const std::vector<sql::DbOptions>& options) {
    SequencerOptions start{.owner = {.name = "node 1"}, .shards = {}};
    for (const sql::DbOptions& one : options) {
      auto db = sql::Db::open(one);
      EXPECT_TRUE(db.ok()) << db.error().to_string();
      start.shards.push_back(db->get());
      dbs.push_back(std::move(*db));
    }
    auto started = Sequencer::start(start, test_schemas(), io::system_clock());
    EXPECT_TRUE(started.ok()) << started.error().to_string();
    sequencer = std::move(*started);
  }

  std::vector<sql::Db*> pointers() const {
    std::vector<sql::Db*> all;
    for (const auto& db : dbs) all.push_back(db.get());
    return all;
  }
  Answer ask(const std::string& arena, Request request) {
    std::promise<Answer> answered;
    auto answer = answered.get_future();
    sequencer->submit(test_title, arena, std::move(request), inline_executor,
                      [&](Answer got) { answered.set_value(std::move(got)); });
    return answer.get();
  }
  Outcome run(const Command& command) {
    return ask(command.entities.front().arena, Chain{{command}}).outcomes.at(0);
  }
  std::int64_t gold_of(const std::string& arena) {
    const Answer answer = ask(arena, Read{{name_of(arena, player, "p")}});
    return answer.entities.empty() ? -1 : answer.entities[0].get(gold);
  }
  void wish_for(const std::string& arena, std::uint32_t shard) {
    const Wish one{.slot = slot_of(test_title, arena), .shard = shard};
    EXPECT_TRUE(wish(*dbs.front(), std::span(&one, 1)).ok());
    sequencer->look_at_wishes();
  }
  // Until nothing is wished any more.
  bool wait_for_wishes() {
    for (int i = 0; i < 2000; ++i) {
      const auto left = read_wishes(*dbs.front());
      if (left.ok() && left->empty()) return true;
      sequencer->look_at_wishes();
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  std::int64_t count(std::size_t shard, const std::string& text) {
    std::int64_t number = -1;
    EXPECT_TRUE(dbs[shard]
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(const auto found, connection.integer(text));
                      number = found.value_or(0);
                      return {};
                    })
                    .ok());
    return number;
  }
};

class SequencerMoveTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    log::configure(log::Level::error, log::Format::text);
    for (int i = 0; i < 2; ++i) options_.push_back(fresh_options("shard"));
  }

  std::vector<sql::DbOptions> options_;
};
MATSURI_FOR_EACH_ENGINE(SequencerMoveTest);

TEST_P(SequencerMoveTest, SlotsMoveWhileCommandsFlow) {
  Node node(options_);
  constexpr int sender_count = 4;
  const std::vector<std::string> arenas = {"a", "b", "c", "d"};
  std::atomic<bool> stop = false;
  std::atomic<int> refused = 0;
  std::vector<int> paid(sender_count);
  {
    std::vector<std::jthread> senders;
    for (int s = 0; s < sender_count; ++s)
      senders.emplace_back([&, s] {
        Keys keys(static_cast<std::uint64_t>(100 + s));
        std::uint64_t before = 0;
        while (!stop) {
          const Outcome outcome =
              node.run(pay(keys.make(now()), arenas[static_cast<std::size_t>(s)]));
          if (outcome.verdict != Verdict::applied) {
            ++refused;
            continue;
          }
          ++paid[static_cast<std::size_t>(s)];
          EXPECT_GT(outcome.seq, before) << "places of an arena grow, also across moves";
          EXPECT_EQ(outcome.entities.at(0).state.get(gold), paid[static_cast<std::size_t>(s)]);
          before = outcome.seq;
        }
      });
    std::this_thread::sleep_for(200ms);
    for (std::uint32_t turn = 0; turn < 4; ++turn) {
      for (std::uint32_t i = 0; i < arenas.size(); ++i) node.wish_for(arenas[i], (turn + i) % 2);
      EXPECT_TRUE(node.wait_for_wishes());
    }
    stop = true;
  }
  EXPECT_EQ(refused, 0) << "who sends during a move waits, and is not refused";
  for (std::size_t i = 0; i < arenas.size(); ++i) {
    EXPECT_EQ(node.gold_of(arenas[i]), paid[i]);
    EXPECT_EQ(node.sequencer->shard_of(test_title, arenas[i]), (3 + i) % 2);
    std::int64_t decided = 0;
    for (std::size_t shard = 0; shard < 2; ++shard)
      decided +=
          node.count(shard, "SELECT COUNT(*) FROM command WHERE arena = '" + arenas[i] + "'");
    EXPECT_EQ(decided, paid[i]);
    EXPECT_EQ(
        node.count((i + 4) % 2, "SELECT COUNT(*) FROM entity WHERE arena = '" + arenas[i] + "'"), 0)
        << "no copy stays behind";
  }
}

TEST_P(SequencerMoveTest, KeysAreKnownWhereTheirSlotIsAlsoAfterARestart) {
  Keys keys(7);
  const Command first = pay(keys.make(now()), "a");
  Outcome wanted;
  {
    Node node(options_);
    wanted = node.run(first);
    const auto shard = static_cast<std::uint32_t>(node.sequencer->shard_of(test_title, "a"));
    node.wish_for("a", 1 - shard);
    ASSERT_TRUE(node.wait_for_wishes());
    EXPECT_EQ(node.sequencer->shard_of(test_title, "a"), 1 - shard);
    wanted.duplicate = true;
    EXPECT_EQ(node.run(first), wanted);
    EXPECT_EQ(node.run(pay(keys.make(now()), "a")).entities.at(0).state.get(gold), 2);
    node.wish_for("a", shard);
    ASSERT_TRUE(node.wait_for_wishes());
    EXPECT_EQ(node.run(first), wanted) << "back where it was decided";
  }
  Node node(options_);
  EXPECT_EQ(node.run(first), wanted);
  EXPECT_EQ(node.gold_of("a"), 2);
  wanted.duplicate = false;
  EXPECT_EQ(node.ask("a", Lookup{.key = first.key}).outcomes.at(0), wanted);
}

TEST_P(SequencerMoveTest, AShardThatIsAddedIsEmptyAndADrainedOneToo) {
  {
    Node node(options_);
  }
  options_.push_back(fresh_options("shard"));
  Node node(options_);
  const std::vector<sql::Db*> dbs = node.pointers();
  auto map = read_map(dbs);
  ASSERT_TRUE(map.ok());
  const auto count = [&](std::uint32_t shard) {
    const auto owners = map_of(*map);
    return std::ranges::count(owners, shard);
  };
  EXPECT_EQ(count(2), 0);
  EXPECT_EQ(count(0), 512);
  std::vector<Wish> wishes = drain(*map, 0);
  ASSERT_EQ(wishes.size(), 512U);
  wishes.resize(20);
  ASSERT_TRUE(wish(*dbs[0], wishes).ok());
  ASSERT_TRUE(node.wait_for_wishes());
  map = read_map(dbs);
  EXPECT_EQ(count(0), 492);
  EXPECT_EQ(count(2), 20) << "the one with the fewest gets them";
}

TEST_P(SequencerMoveTest, TheDatabaseOfAnotherShardIsRefused) {
  {
    Node node(options_);
  }
  auto db = open(options_[1]);
  const auto store = SqlStore::open(*db, test_schemas(), {.number = 0, .shard_count = 2});
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), Code::invalid);
}

// A move that was decided by a process that is gone.
TEST_P(SequencerMoveTest, WhatIsHalfDoneIsFinishedAtTheStart) {
  Keys keys(9);
  const Command first = pay(keys.make(now()), "a");
  std::uint32_t from = 0;
  {
    Node node(options_);
    ASSERT_EQ(node.run(first).verdict, Verdict::applied);
    from = static_cast<std::uint32_t>(node.sequencer->shard_of(test_title, "a"));
  }
  const std::string slot = std::to_string(slot_of(test_title, "a"));
  const auto set = [&](std::uint32_t shard, SlotState state, std::uint32_t peer) {
    auto db = open(options_[shard]);
    EXPECT_TRUE(db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute(
                        "UPDATE slot SET state = ?, version = 2, peer = ? WHERE slot = " + slot,
                        {static_cast<int>(state), peer}));
                    return {};
                  }).ok());
  };
  set(1 - from, SlotState::arriving, from);
  {
    auto from_db = open(options_[from]);
    auto to_db = open(options_[1 - from]);
    const MovePlan plan{
        .slot = slot_of(test_title, "a"), .from = from, .to = 1 - from, .version = 2};
    const auto carried = SqlCarrier(*from_db, *to_db).carry(plan, 0);
    ASSERT_TRUE(carried.ok()) << carried.error().to_string();
    EXPECT_TRUE(carried->all);
  }
  set(from, SlotState::given, 1 - from);

  Node node(options_);
  EXPECT_EQ(node.sequencer->shard_of(test_title, "a"), 1 - from);
  Outcome again;
  for (int i = 0; i < 500; ++i) {
    again = node.run(first);
    if (again.verdict != Verdict::not_owner) break;
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(node.gold_of("a"), 1);
}

// What a process does until it is killed: pays, moves, and says through the pipe what was answered.
[[noreturn]] void live(const std::vector<sql::DbOptions>& options, int pipe, std::uint64_t round) {
  log::configure(log::Level::error, log::Format::text);
  Node node(options);
  std::vector<std::jthread> senders;
  for (std::uint64_t s = 0; s < 4; ++s)
    senders.emplace_back([&, s] {
      Keys keys(1000 * round + s);
      const std::string arena(1, static_cast<char>('a' + s));
      for (;;) {
        const Command command = pay(keys.make(now()), arena);
        if (node.run(command).verdict != Verdict::applied) continue;
        char line[17];
        line[0] = arena[0];
        std::copy(command.key.bytes.begin(), command.key.bytes.end(), line + 1);
        if (::write(pipe, line, sizeof line) != sizeof line) ::_exit(1);
      }
    });
  for (std::uint32_t turn = 0;; ++turn) {
    for (const char* arena : {"a", "b", "c", "d"}) node.wish_for(arena, turn % 2);
    node.wait_for_wishes();
  }
}

TEST_P(SequencerMoveTest, KillsWhileSlotsMoveLoseNothing) {
  std::vector<std::pair<std::string, Key>> answered;
  for (std::uint64_t round = 1; round <= 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) live(options_, ends[1], round);
    ::close(ends[1]);
    std::jthread killer([pid, round] {
      std::this_thread::sleep_for(std::chrono::milliseconds(500 + 137 * round));
      ::kill(pid, SIGKILL);
    });
    char line[17];
    std::size_t size = 0;
    for (ssize_t got = 0; (got = ::read(ends[0], line + size, sizeof line - size)) > 0;) {
      size += static_cast<std::size_t>(got);
      if (size < sizeof line) continue;
      size = 0;
      Key key;
      std::copy(line + 1, line + sizeof line, reinterpret_cast<char*>(key.bytes.data()));
      answered.emplace_back(std::string(1, line[0]), key);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  EXPECT_GT(answered.size(), 20U);
  Node node(options_);
  ASSERT_TRUE(node.wait_for_wishes());
  EXPECT_GE(node.count(0, "SELECT MAX(version) FROM slot"), 5) << "slots did move";
  for (const auto& [arena, key] : answered) {
    const Answer answer = node.ask(arena, Lookup{.key = key});
    ASSERT_EQ(answer.outcomes.size(), 1U) << "an answered command is lost";
    ASSERT_EQ(answer.outcomes[0].verdict, Verdict::applied);
  }
  for (const std::string arena : {"a", "b", "c", "d"}) {
    std::int64_t decided = 0;
    for (std::size_t shard = 0; shard < 2; ++shard)
      decided += node.count(shard, "SELECT COUNT(*) FROM command WHERE arena = '" + arena + "'");
    EXPECT_EQ(node.gold_of(arena), decided) << "each command counts once";
  }
}

}  // namespace
}  // namespace matsuri::sequencer
