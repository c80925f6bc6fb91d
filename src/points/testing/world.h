// What the tests of points begin with: a main database with some accounts, two shards, and all that
// works on them, with a clock that can be set ahead.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "account/directory.h"
#include "io/clock.h"
#include "points/keeper.h"
#include "points/ledger.h"
#include "sequencer/sequencer.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::points::testing {

inline constexpr TitleId game{701};
inline constexpr TitleId other_game{702};
inline constexpr AccountId admin{100};
inline constexpr std::size_t player_count = 6;
inline AccountId player(std::size_t index) { return AccountId{101 + index}; }

// Runs with the machine's, ahead by what the test says.
class ShiftedClock final : public io::Clock {
 public:
  std::int64_t unix_ms() const override { return io::system_clock().unix_ms() + ahead_ms; }
  std::int64_t monotonic_us() const override { return io::system_clock().monotonic_us(); }
  std::atomic<std::int64_t> ahead_ms{0};
};

// Waits for what `call` gives to its completion.
template <class T, class Call>
Result<T> wait_for(Call call) {
  std::promise<Result<T>> promise;
  call([&promise](Result<T> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

class PointsTest : public sql::ForEachEngine {
 protected:
  void SetUp() override;
  void TearDown() override;
  // A second start() is a restart.
  void start();
  void stop();

  Asked asked(AccountId by, TitleId title = {}, std::string reason = "test");
  Result<Done> create_campaign(const std::string& name, std::int64_t budget, TitleId owner = game);
  Result<Done> create_sink(const std::string& name, TitleId owner = game);
  Result<Granted> grant(const Grant& grant, const Asker& asker = {.title = game});
  Result<Spent> spend(const Spend& spend, TitleId title = {});
  Result<Placed> place(const Spend& what, std::int64_t hold_ms = hold_ms_default);
  Result<Ended> end(const HoldId& id, HoldState state, const Asker& asker = {.title = game});
  Result<Balance> balance(AccountId account);
  // Waits until the tables show what was answered.
  bool shows_all();
  std::vector<Posting> postings(AccountId account);
  // Empty where all is well.
  std::vector<std::string> findings();
  // The database that has the points, and main's.
  sql::Db& shard_db();
  sql::Db& main_db() { return *main_; }
  static void run(sql::Db& db, const std::string& statement);
  // In what the ledger's commands say.
  void replace_in_ledger(const std::string& from, const std::string& to);

  ShiftedClock clock_;
  sequencer::Keys keys_{static_cast<std::uint64_t>(io::system_clock().unix_ms())};
  metrics::Registry metrics_;
  std::unique_ptr<sql::Db> main_;
  std::vector<std::unique_ptr<sql::Db>> shards_;
  std::unique_ptr<account::Directory> people_;
  sequencer::Schemas schemas_ = [](TitleId) { return nullptr; };  // of other titles
  std::unique_ptr<sequencer::Sequencer> sequencer_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Keeper> keeper_;
  std::uint64_t world_ = 0x8123'4567'89ab'cdef;
  io::InlineExecutor inline_;
};

}  // namespace matsuri::points::testing
