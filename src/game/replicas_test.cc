// Goal: `any` is answered by the replica, marked stale, and by nobody later than the primary where the
// replica can't; `at_least` and `linearizable` never see less than they should; how far it is
// behind is known; and views on a replica have what a schema says.
// Method: a shard on a primary of MariaDB with a replica, which is kept from applying, stopped, and
// made a copy of another life; reads are told apart by what is in each.
#include "game/replicas.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "game/commands.h"
#include "game/log_views.h"
#include "game/schema_json.h"
#include "sequencer/testing/world.h"
#include "sql/replica.h"
#include "sql/testing/mariadb_server.h"

namespace matsuri::game {
namespace {

constexpr TitleId ours{7};
constexpr sequencer::KindIndex boss = 1;
constexpr std::uint64_t life = 77;

std::shared_ptr<const TitleSchema> schema_of(const std::string& kinds) {
  return std::make_shared<const TitleSchema>(parse_schema("{\"kinds\":[" + kinds + "]}").value());
}

class ReplicasTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pair_ = sql::MariadbServer::pair();
    if (pair_ == nullptr) GTEST_SKIP() << "mariadbd is not installed (package mariadb-server)";
    directory_.put_schema(ours, 1, schema_of(R"({"name":"boss","fields":[{"name":"hp"}]})"));
    options_ = pair_->primary.fresh_database("game");
    primary_ = sql::Db::open(options_).value();
    replica_ = sql::open_replica(pair_->replica.same_database(options_), std::chrono::seconds(5));
    sequencer_ =
        sequencer::Sequencer::start({.owner = {.name = "node"}, .shards = {primary_.get()}},
                                    directory_.schemas(), io::system_clock())
            .value();
    watch();
  }
  void TearDown() override {
    commands_.reset();
    sequencer_.reset();
    replicas_.reset();
    if (pair_ != nullptr) pair_->go_on_applying();
  }

  void watch() {
    commands_.reset();
    replicas_.reset();
    replicas_ = std::make_unique<Replicas>(
        ReplicasParts{.role = "game",
                      .shards = {{primary_.get(), replica_.get(), life}},
                      .incarnation_of = [this](sql::Connection&) -> Result<std::uint64_t> {
                        return life_of_copy_.load();
                      },
                      .clock = io::system_clock(),
                      .metrics = &metrics_});
    commands_ = std::make_unique<Commands>(
        CommandsParts{.sequencer = *sequencer_,
                      .directory = directory_,
                      .shards = {{.db = primary_.get(), .incarnation = life}},
                      .clock = io::system_clock(),
                      .replicas = replicas_.get(),
                      .on_applied = {},
                      .metrics = &metrics_});
  }

  // Sets the boss's hp, and gives the place.
  std::uint64_t set(std::int64_t hp, const std::string& arena = "raid") {
    sequencer::Command command{
        .key = keys_.make(io::system_clock().unix_ms()),
        .entities = {{ours, arena, boss, "b"}},
        .steps = {{.field = 0, .operation = sequencer::Operation::set, .value = hp}}};
    std::promise<std::uint64_t> place;
    sequencer_->submit(ours, arena, sequencer::Chain{{std::move(command)}}, inline_,
                       [&](const sequencer::Answer& answer) {
                         EXPECT_EQ(answer.outcomes.at(0).verdict, sequencer::Verdict::applied);
                         place.set_value(answer.seq);
                       });
    return place.get_future().get();
  }
  ReadEntity read(Consistency consistency, std::uint64_t wanted = 0) {
    Places token;
    if (wanted != 0) token.raise(life, wanted);
    std::promise<Result<ReadEntity>> told;
    commands_->read({.title = ours}, {.arena = "raid", .kind = "boss", .id = "b"}, consistency,
                    token, inline_,
                    [&](Result<ReadEntity> entity) { told.set_value(std::move(entity)); });
    Result<ReadEntity> entity = told.get_future().get();
    EXPECT_TRUE(entity.ok()) << entity.error().to_string();
    return entity.ok() ? std::move(*entity) : ReadEntity{};
  }
  std::uint64_t count_of(const char* consistency, const char* from) {
    return metrics_
        .counter("matsuri_game_reads_total", "Reads of entities, by who told.",
                 {{"consistency", consistency}, {"from", from}})
        .value();
  }
  template <class Is>
  static bool comes(Is is) {
    for (int tries = 0; tries < 1000; ++tries) {
      if (is()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  sql::MariadbPair* pair_ = nullptr;
  sequencer::Keys keys_{4711};
  metrics::Registry metrics_;
  Directory directory_;
  sql::DbOptions options_;
  std::unique_ptr<sql::Db> primary_, replica_;
  std::atomic<std::uint64_t> life_of_copy_{life};
  std::unique_ptr<sequencer::Sequencer> sequencer_;
  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<Commands> commands_;
  io::InlineExecutor inline_;
};

TEST_F(ReplicasTest, AnyIsTheReplicasAndNothingElseIsOlderThanItMayBe) {
  const std::uint64_t first = set(100);
  pair_->catch_up();
  ASSERT_TRUE(
      comes([&] { return replicas_->find(0) != nullptr && replicas_->lag(0).places == 0; }));
  pair_->stop_applying();
  const std::uint64_t second = set(90);

  const ReadEntity any = read(Consistency::any);
  EXPECT_EQ(any.fields, R"({"hp":100})");
  EXPECT_TRUE(any.is_stale);
  EXPECT_EQ(any.token.find(life), first);
  EXPECT_EQ(count_of("any", "replica"), 1U);

  const ReadEntity seen = read(Consistency::at_least, first);
  EXPECT_EQ(seen.fields, R"({"hp":100})");
  EXPECT_FALSE(seen.is_stale);
  EXPECT_EQ(count_of("at_least", "replica"), 1U);
  const ReadEntity newer = read(Consistency::at_least, second);
  EXPECT_EQ(newer.fields, R"({"hp":90})");
  EXPECT_FALSE(newer.is_stale);
  EXPECT_EQ(count_of("at_least", "primary"), 1U);
  EXPECT_EQ(read(Consistency::linearizable).fields, R"({"hp":90})");
  EXPECT_EQ(count_of("linearizable", "order"), 1U);

  EXPECT_TRUE(comes([&] { return replicas_->lag(0).places == second - first; }));
  EXPECT_NE(metrics_.to_text().find("matsuri_game_replica_lag_places{role=\"game\",shard=\"0\"} 1"),
            std::string::npos);
  pair_->go_on_applying();
  EXPECT_TRUE(comes([&] { return replicas_->lag(0).places == 0; }));
  EXPECT_EQ(read(Consistency::any).fields, R"({"hp":90})");
}

TEST_F(ReplicasTest, ThePrimaryAnswersWhileTheReplicaIsAway) {
  set(100);
  pair_->catch_up();
  ASSERT_TRUE(comes([&] { return replicas_->find(0) != nullptr; }));
  pair_->replica.stop();
  for (int i = 0; i < 3; ++i) {
    const ReadEntity any = read(Consistency::any);
    EXPECT_EQ(any.fields, R"({"hp":100})");
    EXPECT_TRUE(any.is_stale);
  }
  EXPECT_EQ(count_of("any", "primary"), 3U);
  EXPECT_EQ(count_of("any", "replica"), 0U);
  EXPECT_EQ(replicas_->find(0), nullptr);
  EXPECT_EQ(replicas_->remarks().at(0), "game replica of shard 0: away");
  watch();
  EXPECT_EQ(replicas_->find(0), nullptr) << "one starts without it, too";
  pair_->replica.start();
  EXPECT_TRUE(comes([&] { return replicas_->find(0) != nullptr; }));
  read(Consistency::any);
  EXPECT_EQ(count_of("any", "replica"), 1U);
}

TEST_F(ReplicasTest, ACopyOfAnotherLifeDoesNotCount) {
  const std::uint64_t place = set(100);
  pair_->catch_up();
  ASSERT_TRUE(comes([&] { return replicas_->find(0) != nullptr; }));
  life_of_copy_ = life + 1;
  EXPECT_TRUE(comes([&] { return replicas_->find(0) == nullptr; }));
  read(Consistency::any);
  read(Consistency::at_least, place);
  EXPECT_EQ(count_of("any", "replica") + count_of("at_least", "replica"), 0U);
}

// Whatever time goes by: what was written after the moment that is told may be missing, nothing
// else.
TEST_F(ReplicasTest, TellsUpToWhenTheReplicaHasAll) {
  set(100);
  pair_->catch_up();
  const std::int64_t seen_ms = io::system_clock().unix_ms();
  ASSERT_TRUE(comes([&] { return replicas_->as_of_ms() > seen_ms; }));
  pair_->stop_applying();
  set(90);
  ASSERT_TRUE(comes([&] { return replicas_->lag(0).places == 1 && replicas_->lag(0).ms > 1500; }));
  EXPECT_LE(replicas_->as_of_ms(), seen_ms);
  pair_->go_on_applying();
  EXPECT_TRUE(comes([&] { return replicas_->lag(0).ms == 0; }));
  EXPECT_GT(replicas_->as_of_ms(), seen_ms);
}

TEST_F(ReplicasTest, ViewsHaveWhatTheSchemaSays) {
  const sequencer::Kind odd{.name = "odd", .fields = {{.name = "id"}, {.name = "version"}}};
  const LogDbs log{.main = replica_.get(), .shards = {replica_.get()}};
  const LogViewsParts parts{
      .dbs = log, .schema = "views", .shard_schemas = {"a", "b"}, .directory = directory_};
  const std::string text = view_text(parts, ours, odd);
  EXPECT_NE(text.find("AS \"_id\""), std::string::npos);
  EXPECT_NE(text.find("UNION ALL"), std::string::npos);

  set(100);
  pair_->catch_up();
  const std::string views = options_.mariadb_schema + "_views";
  LogViews made({.dbs = log,
                 .schema = views,
                 .shard_schemas = {options_.mariadb_schema},
                 .directory = directory_});
  const auto exists = [&](const std::string& column) {
    return pair_->replica.run(
               "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = '" + views +
               "' AND table_name = 'v_7_boss' AND column_name = '" + column + "'") == "1\n";
  };
  ASSERT_TRUE(comes([&] { return exists("hp"); }));
  EXPECT_EQ(pair_->replica.run("SELECT arena, id, version, hp FROM " + views + ".v_7_boss"),
            "raid\tb\t1\t100\n");
  EXPECT_EQ(
      pair_->replica.run("SELECT data_type FROM information_schema.columns WHERE table_schema = '" +
                         views + "' AND column_name = 'hp' AND table_name = 'v_7_boss'"),
      "bigint\n");
  directory_.put_schema(ours, 2,
                        schema_of(R"({"name":"boss","fields":[{"name":"hp"},{"name":"mp"}]})"));
  made.wake();
  EXPECT_TRUE(comes([&] { return exists("mp"); }));
  EXPECT_EQ(pair_->primary.run("SHOW DATABASES LIKE '" + views + "'"), "");
}

// Goal: with the log replica's indexes a look is as deep as the arena's own commands, not as all
// that lies between; and it finds the same.
TEST_F(ReplicasTest, IndexesOfALogReplicaMakeLooksDeeper) {
  std::vector<std::uint64_t> wanted;
  for (int i = 0; i < 6; ++i) {
    wanted.insert(wanted.begin(), set(i));
    for (int other = 0; other < 5; ++other) set(other, "elsewhere");
  }
  pair_->catch_up();
  // The places that were found, and how many looks it took.
  const auto look_back = [&] {
    std::pair<std::vector<std::uint64_t>, int> found;
    sequencer::PastQuery query{.title = ours,
                               .arena = "raid",
                               .kind = "boss",
                               .entity = "b",
                               .actor = {},
                               .before = 1'000'000,
                               .count_max = 100,
                               .look_count = 2,
                               .with_moved = true};
    for (bool is_end = false; !is_end && found.second < 100;) {
      const auto read = replica_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(const auto past, sequencer::read_past(connection, query));
        for (const auto& command : past.commands) found.first.push_back(command.seq);
        query.before = past.looked_to;
        is_end = past.is_end;
        return {};
      });
      if (!read.ok()) ADD_FAILURE() << read.error().to_string();
      ++found.second;
    }
    return found;
  };
  const auto entities = [&] {
    sequencer::Entities some;
    EXPECT_TRUE(replica_
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(
                          some, sequencer::read_entities(
                                    connection,
                                    {.title = ours, .id = "b", .count_max = 10, .look_count = 10}));
                      return {};
                    })
                    .ok());
    return some.found;
  };
  const auto without = look_back();
  EXPECT_EQ(without.first, wanted);
  EXPECT_EQ(without.second, 18);
  const auto found_without = entities();
  EXPECT_EQ(found_without.size(), 2U);

  const LogViews made({.dbs = {.main = replica_.get(), .shards = {replica_.get()}},
                       .schema = options_.mariadb_schema + "_views",
                       .shard_schemas = {options_.mariadb_schema},
                       .directory = directory_});
  EXPECT_TRUE(comes([&] { return look_back().second == 3; }));
  EXPECT_EQ(look_back().first, wanted);
  EXPECT_EQ(entities(), found_without);
  EXPECT_EQ(pair_->primary.run("SELECT COUNT(*) FROM information_schema.statistics"
                               " WHERE index_name LIKE 'log%'"),
            "0\n");
  set(7);
  pair_->catch_up();
  EXPECT_EQ(look_back().first.size(), 7U);
}

}  // namespace
}  // namespace matsuri::game
