#include "points/testing/world.h"

#include <map>

#include "account/schema.h"
#include "base/bytes.h"
#include "points/check.h"
#include "points/projection.h"

namespace matsuri::points::testing {

void PointsTest::SetUp() {
  ForEachEngine::SetUp();
  if (IsSkipped()) return;
  main_ = open();
  ASSERT_TRUE(main_->migrate("main", account::migrations()).ok());
  ASSERT_TRUE(main_->migrate("points", migrations()).ok());
  for (std::uint64_t id = admin.value; id <= admin.value + player_count; ++id)
    run(*main_,
        "INSERT INTO account (id, handle, name, password, role, epoch, rev, created_ms)"
        " VALUES (" +
            std::to_string(id) + ", 'p" + std::to_string(id) + "', 'P', '', 0, 0, 1, 1)");
  shards_.push_back(open());
  shards_.push_back(open());
  start();
}

void PointsTest::TearDown() {
  stop();
  shards_.clear();
  main_.reset();
}

void PointsTest::start() {
  people_ = std::make_unique<account::Directory>(*main_);
  sequencer::SequencerOptions options{.owner = {.name = "node 1"}};
  for (const auto& db : shards_) options.shards.push_back(db.get());
  auto started = sequencer::Sequencer::start(options, with_points(schemas_), clock_);
  ASSERT_TRUE(started.ok()) << started.error().to_string();
  sequencer_ = std::move(*started);
  ledger_ = std::make_unique<Ledger>(
      LedgerParts{.sequencer = *sequencer_,
                  .people = *people_,
                  .clock = clock_,
                  .random = io::system_random(),
                  .on_applied = [this](std::size_t, std::uint64_t) { keeper_->wake(); },
                  .metrics = &metrics_});
  keeper_ = std::make_unique<Keeper>(KeeperParts{.db = *main_,
                                                 .world = world_,
                                                 .shards = options.shards,
                                                 .ledger = *ledger_,
                                                 .metrics = &metrics_,
                                                 .look_ms = 50,
                                                 .sweep_ms = 50});
  keeper_->start();
}

void PointsTest::stop() {
  if (keeper_ != nullptr) keeper_->stop();
  sequencer_.reset();
  keeper_.reset();
  ledger_.reset();
  people_.reset();
}

Asked PointsTest::asked(AccountId by, TitleId title, std::string reason) {
  return {
      .key = keys_.make(clock_.unix_ms()), .by = by, .title = title, .reason = std::move(reason)};
}

Result<Done> PointsTest::create_campaign(const std::string& name, std::int64_t budget,
                                         TitleId owner) {
  return wait_for<Done>([&](auto done) {
    ledger_->create_campaign(asked(admin), name, owner, budget, inline_, std::move(done));
  });
}

Result<Done> PointsTest::create_sink(const std::string& name, TitleId owner) {
  return wait_for<Done>([&](auto done) {
    ledger_->create_sink(asked(admin), name, owner, inline_, std::move(done));
  });
}

Result<Granted> PointsTest::grant(const Grant& grant, const Asker& asker) {
  return wait_for<Granted>(
      [&](auto done) { ledger_->grant(asker, grant, "gift", inline_, std::move(done)); });
}

Result<Spent> PointsTest::spend(const Spend& spend, TitleId title) {
  return wait_for<Spent>([&](auto done) {
    ledger_->spend(asked(spend.account, title), spend, inline_, std::move(done));
  });
}

Result<Placed> PointsTest::place(const Spend& what, std::int64_t hold_ms) {
  return wait_for<Placed>([&](auto done) {
    ledger_->place(asked(what.account), what, hold_ms, inline_, std::move(done));
  });
}

Result<Ended> PointsTest::end(const HoldId& id, HoldState state, const Asker& asker) {
  return wait_for<Ended>(
      [&](auto done) { ledger_->end(asker, id, state, inline_, std::move(done)); });
}

Result<Balance> PointsTest::balance(AccountId account) {
  return wait_for<Balance>([&](auto done) { ledger_->balance(account, inline_, std::move(done)); });
}

bool PointsTest::shows_all() {
  const auto now = balance(player(0));
  if (!now.ok()) return false;
  std::promise<bool> shown;
  keeper_->when_shown(now->seq, 30'000, inline_, [&](bool is) { shown.set_value(is); });
  return shown.get_future().get();
}

std::vector<Posting> PointsTest::postings(AccountId account) {
  std::vector<Posting> found;
  EXPECT_TRUE(shows_all());
  EXPECT_TRUE(main_
                  ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(found, read_postings(connection, account, 0, 1000));
                    return {};
                  })
                  .ok());
  return found;
}

std::vector<std::string> PointsTest::findings() {
  std::vector<std::string> found;
  const auto look = [&](sql::Db& db, auto examine) {
    const Result<void> looked = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const std::vector<std::string> lines, examine(connection, 100));
      found.insert(found.end(), lines.begin(), lines.end());
      return {};
    });
    EXPECT_TRUE(looked.ok()) << looked.error().to_string();
  };
  for (const auto& shard : shards_) look(*shard, examine_shard);
  look(*main_, examine_projection);
  return found;
}

sql::Db& PointsTest::shard_db() {
  return *shards_[sequencer_->shard_of(points_title, points_arena)];
}

void PointsTest::run(sql::Db& db, const std::string& statement) {
  const Result<void> done = db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(connection.execute(statement));
    return {};
  });
  ASSERT_TRUE(done.ok()) << statement << ": " << done.error().to_string();
}

void PointsTest::replace_in_ledger(const std::string& from, const std::string& to) {
  std::size_t count = 0;
  const auto replace = [&](sql::Connection& connection) -> Result<void> {
    std::map<std::uint64_t, std::string> changed;
    TRY(connection.query("SELECT seq, outcome FROM kept_command", {}, [&](const sql::Row& row) {
      std::string outcome(as_text(row.blob(1)));
      const std::size_t at = outcome.find(from);
      if (at != std::string::npos) changed[row.id(0)] = outcome.replace(at, from.size(), to);
    }));
    for (const auto& [seq, outcome] : changed)
      TRY(connection.execute("UPDATE kept_command SET outcome = ? WHERE seq = ?",
                             {as_bytes(outcome), seq}));
    count = changed.size();
    return {};
  };
  ASSERT_TRUE(shard_db().write_and_wait(replace).ok());
  ASSERT_NE(count, 0U) << from;
}

}  // namespace matsuri::points::testing
