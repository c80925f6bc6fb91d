#include "analytics/testing/world.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <random>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "analytics/schema.h"
#include "base/bytes.h"
#include "base/log.h"
#include "io/random.h"
#include "json/value.h"
#include "sequencer/shard_map.h"
#include "sequencer/testing/world.h"
#include "stream/outbox.h"

namespace matsuri::analytics {

using namespace std::chrono_literals;
using sequencer::test_title;

PlayingNode::PlayingNode(const std::vector<sql::DbOptions>& options) {
  sequencer::SequencerOptions start{.owner = {.name = "node 1"}, .shards = {}};
  for (const sql::DbOptions& one : options) {
    auto db = sql::Db::open(one);
    EXPECT_TRUE(db.ok()) << db.error().to_string();
    start.shards.push_back(db->get());
    dbs.push_back(std::move(*db));
  }
  auto started = sequencer::Sequencer::start(start, sequencer::test_schemas(), io::system_clock());
  EXPECT_TRUE(started.ok()) << started.error().to_string();
  sequencer = std::move(*started);
}

void PlayingNode::run(const sequencer::Command& command) {
  std::promise<void> answered;
  auto answer = answered.get_future();
  sequencer->submit(command.entities.front().title, command.entities.front().arena,
                    sequencer::Chain{{command}}, executor,
                    [&](const sequencer::Answer&) { answered.set_value(); });
  answer.get();
}

void PlayingNode::move(const std::string& arena) {
  const sequencer::Wish one{
      .slot = sequencer::slot_of(test_title, arena),
      .shard = static_cast<std::uint32_t>(1 - sequencer->shard_of(test_title, arena))};
  ASSERT_TRUE(sequencer::wish(*dbs.front(), std::span(&one, 1)).ok());
  for (int i = 0; i < 2000; ++i) {
    sequencer->look_at_wishes();
    const auto left = sequencer::read_wishes(*dbs.front());
    if (left.ok() && left->empty()) return;
    std::this_thread::sleep_for(5ms);
  }
  FAIL() << "a slot does not move";
}

void AnalyticsWorld::SetUp() {
  ForEachEngine::SetUp();
  if (IsSkipped()) return;
  log::configure(log::Level::error, log::Format::text);
  for (int i = 0; i < 2; ++i) shard_options_.push_back(fresh_options("shard"));
  own_options_ = fresh_options("analytics");
  main_options_ = fresh_options("main");
  main_ = open(main_options_);
  ASSERT_TRUE(stream::Outbox::open(*main_, Region{0}, matsuri::Node{1}, io::system_random()).ok());
}

namespace {

// As if what was decided one behind the other had taken weeks: by the place alone, so that copies
// of a command keep the same time.
void spread_times(const PlayingNode& node) {
  for (const auto& db : node.dbs)
    for (const char* table : {"command", "moved_command"})
      EXPECT_TRUE(db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY(connection.execute(
                          "UPDATE " + std::string(table) + " SET unix_ms = ? + (seq * 7 % 800) * ?",
                          {start_ms, hour_ms}));
                      return {};
                    }).ok());
}

}  // namespace

void AnalyticsWorld::play(std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  sequencer::Keys keys(seed);
  const std::vector<std::string> arenas = {"a", "b", "c", "raid-1", "raid-2"};
  PlayingNode node(shard_options_);
  for (int i = 0; i < count; ++i) {
    const std::string& arena = arenas[random() % arenas.size()];
    auto command = sequencer::any_command(random, keys.make(io::system_clock().unix_ms()), arena,
                                          io::system_clock().unix_ms());
    command.actor = AccountId{random() % 6};
    command.reason = std::string("r.") + static_cast<char>('a' + random() % 3);
    command.fingerprint = sequencer::fingerprint_of(command);
    node.run(command);
    if (random() % 60 == 0) node.move(arena);
  }
  node.sequencer.reset();
  spread_times(node);
}

Databases AnalyticsWorld::databases() const {
  const auto open_one = [](const sql::DbOptions& options) {
    auto db = sql::Db::open(options);
    EXPECT_TRUE(db.ok()) << db.error().to_string();
    return std::move(*db);
  };
  Databases all{.main = open_one(main_options_), .own = open_one(own_options_)};
  EXPECT_TRUE(all.own->migrate("analytics", migrations()).ok());
  all.log.main = all.main.get();
  for (const sql::DbOptions& one : shard_options_)
    all.log.shards.push_back(all.shards.emplace_back(open_one(one)).get());
  return all;
}

Result<Advance> AnalyticsWorld::run(const Databases& all, std::size_t window_count, bool forgets) {
  io::ManualClock clock(start_ms + 900 * hour_ms);
  return analytics::run(
      all.log, *all.own, clock,
      {.zone = &zone_, .asked_by = "command", .forgets = forgets, .window_count = window_count});
}

Lines rows_of(sql::Db& db, const std::string& text, std::size_t columns) {
  Lines lines;
  EXPECT_TRUE(db.read_and_wait([&](sql::Connection& connection) {
                  lines.clear();
                  return connection.query(text, {}, [&](const sql::Row& row) {
                    std::string one;
                    for (std::size_t i = 0; i < columns; ++i)
                      one += (row.is_null(i) ? "null" : std::string(row.text(i))) + ' ';
                    lines.push_back(one);
                  });
                }).ok())
      << text;
  std::ranges::sort(lines);
  return lines;
}

Tables tables_of(sql::Db& own) {
  return {
      .active = rows_of(own, "SELECT title, account, day FROM active", 3),
      .players = rows_of(own, "SELECT title, account, first_day FROM player", 3),
      .commands = rows_of(own,
                          "SELECT title, day, reason, applied, rejected, version_mismatch,"
                          " linked_failed FROM command_day",
                          7),
      .arenas = rows_of(own, "SELECT title, arena, first_day, first_ms, last_ms FROM arena", 5),
      .arena_commands = rows_of(own,
                                "SELECT title, arena, reason, applied, rejected,"
                                " version_mismatch, linked_failed FROM arena_command",
                                7),
      .participants = rows_of(own, "SELECT title, arena, account FROM participant", 3),
      .flows = rows_of(
          own, "SELECT title, day, kind, field, reason, amount_in, amount_out FROM flow", 7),
      .states = rows_of(own, "SELECT title, arena, kind, id, fields FROM last_state", 5),
      .calendar = rows_of(own, "SELECT day, date FROM calendar", 2),
  };
}

namespace {

struct Past {
  std::uint64_t seq, title, actor;
  std::string arena, reason, outcome;
  std::int64_t unix_ms;
};

// Every command once: no day of theirs is dropped.
std::vector<Past> all_commands(const std::vector<sql::Db*>& shards) {
  std::vector<Past> all;
  for (sql::Db* db : shards)
    EXPECT_TRUE(db->read_and_wait([&](sql::Connection& connection) {
                    return connection.query(
                        "SELECT seq, title, actor, arena, reason, outcome, unix_ms FROM command",
                        {}, [&](const sql::Row& row) {
                          all.push_back({row.id(0), row.id(1), row.id(2), std::string(row.text(3)),
                                         std::string(row.text(4)),
                                         std::string(as_text(row.blob(5))), row.integer(6)});
                        });
                  }).ok());
  std::ranges::sort(all, {}, [](const Past& one) { return std::pair(one.arena, one.seq); });
  return all;
}

}  // namespace

Tables expected_of(const std::vector<sql::Db*>& shards, const Zone& zone) {
  std::set<std::string> active, participants, calendar;
  std::map<std::string, Day> players;
  std::map<std::string, Counts> commands, arena_commands;
  std::map<std::string, std::vector<std::int64_t>> arenas;
  std::map<std::string, std::pair<__int128, __int128>> flows;
  std::map<std::string, std::map<std::string, __int128>> states;
  for (const Past& one : all_commands(shards)) {
    const auto document = json::Document::parse(one.outcome);
    const json::Object outcome = document->object().value();
    const std::string verdict(outcome.string("verdict").value());
    const Day day = zone.day_of(one.unix_ms);
    const auto index =
        static_cast<std::size_t>(std::ranges::find(verdict_names, verdict) - verdict_names.begin());
    ++commands[line(one.title, day, one.reason)].at(index);
    ++arena_commands[line(one.title, one.arena, one.reason)].at(index);
    calendar.insert(line(day, to_date(day)));
    if (verdict != "applied") continue;
    arenas[line(one.title, one.arena)].push_back(one.unix_ms);
    if (one.actor != 0) {
      active.insert(line(one.title, one.actor, day));
      participants.insert(line(one.title, one.arena, one.actor));
      const auto [at, is_new] = players.try_emplace(line(one.title, one.actor), day);
      at->second = std::min(at->second, day);
    }
    const json::Array entities = outcome.array("entities").value();
    for (const json::Value& value : entities) {
      const json::Object entity = value.object().value();
      const std::string kind(entity.string("kind").value());
      std::map<std::string, __int128>& state =
          states[line(one.title, one.arena, kind, std::string(entity.string("id").value()))];
      std::map<std::string, __int128> next = state;
      for (auto& [field, number] : next) number = 0;
      const json::Object fields = entity.object("fields").value();
      for (const json::Field& field : fields)
        next[std::string(field.key)] = field.value.integer().value();
      for (const auto& [field, number] : next) {
        const __int128 change = number - state[field];
        auto& [in, out] = flows[line(one.title, day, kind, field, one.reason)];
        (change > 0 ? in : out) += change > 0 ? change : -change;
      }
      state.clear();
      for (const json::Field& field : fields)
        state[std::string(field.key)] = field.value.integer().value();
    }
  }
  Tables tables;
  tables.active.assign(active.begin(), active.end());
  tables.participants.assign(participants.begin(), participants.end());
  tables.calendar.assign(calendar.begin(), calendar.end());
  for (const auto& [at, day] : players) tables.players.push_back(at + line(day));
  for (const auto& [at, c] : commands) tables.commands.push_back(at + line(c[0], c[1], c[2], c[3]));
  for (const auto& [at, c] : arena_commands)
    tables.arena_commands.push_back(at + line(c[0], c[1], c[2], c[3]));
  for (auto& [at, times] : arenas) {
    const auto [first, last] = std::ranges::minmax(times);
    tables.arenas.push_back(at + line(zone.day_of(first), first, last));
  }
  const auto clamp = [](__int128 amount) {
    return static_cast<std::int64_t>(std::min<__int128>(amount, INT64_MAX));
  };
  for (const auto& [at, flow] : flows)
    if (flow.first != 0 || flow.second != 0)
      tables.flows.push_back(at + line(clamp(flow.first), clamp(flow.second)));
  for (const auto& [at, fields] : states) {
    if (fields.empty()) continue;
    std::string text;
    for (const auto& [field, number] : fields)
      text += (text.empty() ? "{\"" : ",\"") + field +
              "\":" + std::to_string(static_cast<std::int64_t>(number));
    tables.states.push_back(at + line(text + "}"));
  }
  for (Lines* lines :
       {&tables.active, &tables.players, &tables.commands, &tables.arenas, &tables.arena_commands,
        &tables.participants, &tables.flows, &tables.states, &tables.calendar})
    std::ranges::sort(*lines);
  return tables;
}

void expect_equal(const Tables& got, const Tables& wanted) {
  EXPECT_EQ(got.active, wanted.active);
  EXPECT_EQ(got.players, wanted.players);
  EXPECT_EQ(got.commands, wanted.commands);
  EXPECT_EQ(got.arenas, wanted.arenas);
  EXPECT_EQ(got.arena_commands, wanted.arena_commands);
  EXPECT_EQ(got.participants, wanted.participants);
  EXPECT_EQ(got.flows, wanted.flows);
  EXPECT_EQ(got.states, wanted.states);
  EXPECT_EQ(got.calendar, wanted.calendar);
}

}  // namespace matsuri::analytics
