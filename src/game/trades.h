// Trades on their way: the thread that drives trade_machine.h with the sequencer and the main
// database, and takes up again what a crash, or a field without room, left undone.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "game/directory.h"
#include "game/exec.h"
#include "game/trade.h"
#include "game/trade_json.h"
#include "game/trade_machine.h"
#include "game/trade_rows.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"
#include "sequencer/sequencer.h"
#include "sql/db.h"

namespace matsuri::game {

// Trades that may be on their way at once in this process.
inline constexpr std::size_t trade_active_count_max = 4096;

struct TradesParts {
  sql::Db& db;  // main's
  sequencer::Sequencer& sequencer;
  const Directory& directory;
  io::Clock& clock;
  io::Random& random;
  MakePointsLeg make_points;
  // Hears from which place on a shard has something new; any thread, be quick.
  std::function<void(std::size_t shard, std::uint64_t seq)> on_applied;
  metrics::Registry* metrics = nullptr;
  TradeMachineOptions machine;
  std::int64_t settle_wait_ms = 2'000;  // how long a decided trade is waited for, and pushed on
  std::int64_t look_ms = 3'000;         // between looks for what is left to do
};

// Thread-safe. Owns one thread. Between stop() and its destruction the sequencer has to go, because
// that still answers.
class Trades {
 public:
  explicit Trades(TradesParts parts);
  ~Trades();
  Trades(const Trades&) = delete;
  Trades& operator=(const Trades&) = delete;

  // `done` hears what was decided, when all is settled or settle_wait_ms later. Code::busy where it
  // can't be taken now, or nobody can say what became of it: ask again under the same key.
  // REQUIRES: parse_trade() gave it.
  void run(Trade trade, io::Executor& executor, Completion<TradeTold> done);
  // nullopt where there is no such trade.
  void find(TitleId title, const sequencer::Key& key, io::Executor& executor,
            Completion<std::optional<TradeTold>> done);

  // Answers all that wait, and takes no more: before a server stops.
  void drain();
  // Ends the thread. What is on its way goes on at the next start.
  void stop();

 private:
  struct Waiter {
    io::Executor* executor = nullptr;
    Completion<TradeTold> done;
    bool is_duplicate = false;
  };
  struct Run;
  using RunKey = std::pair<TitleId, sequencer::Key>;
  using RunPtr = std::shared_ptr<Run>;
  // Runs tasks on the thread; drops them behind stop().
  class Loop final : public io::Executor {
   public:
    void post(io::Task task) override;
    // Runs what was posted, waiting for it at most that long. False where it has ended.
    bool work(std::int64_t wait_ms);
    void end();

   private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<io::Task> tasks_;
    bool is_ending_ = false;
  };

  // All below on the thread.
  void loop();
  void take(const RunPtr& run, Waiter waiter);
  void keep(const RunPtr& run);
  void kept(const RunPtr& run, Result<KeptTrade> kept);
  void begin(const RunPtr& run, TradeStanding standing);
  void push(const RunPtr& run);
  void act(const RunPtr& run, TradeMachine::Action action);
  void send(const RunPtr& run, const TradeMachine::Action& action);
  void write(const RunPtr& run, TradeMachine::Action action);
  void answer(Run& run);
  void refuse(Run& run, const Error& error);
  void end(const RunPtr& run);
  void push_all();
  void look();
  void looked(Result<std::vector<TradeRow>> rows);
  void take_up(const TradeRow& row);
  void tidy();
  void forget(TradeRow row);
  sequencer::Key new_key();
  TradeMachine::Now now() const;
  // Run `body` in main, and `done` on the thread. stop() waits for them.
  template <class T, class Body, class Done>
  void write_main(Body body, Done done);
  template <class T, class Body, class Done>
  void read_main(Body body, Done done);

  TradesParts parts_;
  Loop loop_;
  std::map<RunKey, RunPtr> active_;
  std::size_t main_call_count_ = 0;
  bool is_draining_ = false;
  bool is_stopping_ = false;
  bool is_looking_ = false;
  TradePlace looked_to_;
  std::int64_t look_at_ms_ = 0;  // of the monotonic clock
  std::int64_t tidy_at_ms_ = 0;
  std::size_t forgetting_count_ = 0;

  std::array<metrics::Counter*, 3> counters_{};  // by TradeState
  metrics::Gauge* active_gauge_ = nullptr;
  std::thread thread_;
};

}  // namespace matsuri::game
