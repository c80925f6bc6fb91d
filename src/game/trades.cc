// One thread has all trades, so that a machine is asked by nobody else: answers of shards and of
// the main database are posted to it. It keeps a trade as long as somebody waits for it; whatever
// is not done by then is found again by look(), in the table, as it is after a crash.
#include "game/trades.h"

#include <algorithm>
#include <chrono>

#include "base/assert.h"
#include "base/log.h"
#include "game/model.h"
#include "sql/call.h"

namespace matsuri::game {
namespace {

using sequencer::Verdict;
using What = TradeMachine::Action::What;

constexpr std::int64_t tick_ms = 20;
constexpr std::int64_t idle_ms = 500;
constexpr std::size_t look_count_max = 256;
constexpr std::int64_t tidy_ms = 60'000;
// Clocks may have been stepped: rows are kept longer than keys are taken.
constexpr std::int64_t row_kept_ms = sequencer::key_kept_ms + 3'600'000;

Error not_now() { return {Code::busy, "the trade can't be taken now: try again in a moment"}; }
Error not_known() {
  return {Code::busy, "nobody knows yet what becomes of the trade: ask again under its key"};
}

std::optional<TradeTold> refused_by_age(const sequencer::Key& key, std::int64_t now_ms) {
  TradeTold told{.key = key};
  if (key.unix_ms() > now_ms + sequencer::key_ahead_ms_max) {
    told.refused = Verdict::key_from_future;
    told.message = "key: is of a time to come: learn the server's time";
  } else if (key.unix_ms() < now_ms - sequencer::key_kept_ms) {
    told.refused = Verdict::key_too_old;
    told.message = "key: is older than keys are kept";
  } else {
    return std::nullopt;
  }
  return told;
}

// Where all entities of a chain are.
std::pair<TitleId, std::string> place_of(const sequencer::Chain& chain) {
  const sequencer::EntityName& name = chain.commands.front().entities.front();
  return {name.title, name.arena};
}

template <class T>
void tell(io::Executor& executor, Completion<T> done, Result<T> result) {
  executor.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

}  // namespace

struct Trades::Run {
  Trade trade;
  std::string content;
  std::optional<TradeMachine> machine;  // none before the row is read
  std::vector<Waiter> waiters;
  bool is_counted = false;
  std::int64_t decided_ms = 0;  // of the monotonic clock; 0: not yet
};

void Trades::Loop::post(io::Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

bool Trades::Loop::work(std::int64_t wait_ms) {
  std::deque<io::Task> tasks;
  {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                   [this] { return !tasks_.empty() || is_ending_; });
    if (is_ending_) return false;
    tasks.swap(tasks_);
  }
  for (io::Task& task : tasks) task();
  return true;
}

void Trades::Loop::end() {
  std::deque<io::Task> dropped;
  const std::lock_guard lock(mutex_);
  is_ending_ = true;
  dropped.swap(tasks_);
}

Trades::Trades(TradesParts parts) : parts_(std::move(parts)) {
  if (parts_.metrics != nullptr) {
    constexpr std::array<std::string_view, 3> names = {"pending", "committed", "void"};
    for (std::size_t i = 1; i < names.size(); ++i)
      counters_[i] = &parts_.metrics->counter("matsuri_game_trades_total",
                                              "Trades that this process saw decided.",
                                              {{"state", std::string(names[i])}});
    active_gauge_ =
        &parts_.metrics->gauge("matsuri_game_trades_active", "Trades on their way here.");
  }
  thread_ = std::thread([this] { loop(); });
}

Trades::~Trades() { stop(); }

void Trades::stop() {
  if (!thread_.joinable()) return;
  drain();
  loop_.post([this] { is_stopping_ = true; });
  thread_.join();
}

void Trades::drain() {
  loop_.post([this] {
    is_draining_ = true;
    for (const auto& [key, run] : active_) {
      answer(*run);
      refuse(*run, not_known());
    }
  });
}

void Trades::loop() {
  while (true) {
    if (!loop_.work(active_.empty() ? idle_ms : tick_ms)) return;
    if (is_stopping_) {
      // Their completions use what is here.
      if (main_call_count_ == 0) return loop_.end();
      continue;
    }
    push_all();
    const std::int64_t now_ms = now().monotonic_ms;
    if (!is_looking_ && now_ms >= look_at_ms_) look();
    if (forgetting_count_ == 0 && now_ms >= tidy_at_ms_) tidy();
    if (active_gauge_ != nullptr) active_gauge_->set(static_cast<std::int64_t>(active_.size()));
  }
}

template <class T, class Body, class Done>
void Trades::write_main(Body body, Done done) {
  ++main_call_count_;
  sql::write_value<T>(parts_.db, loop_, std::move(body),
                      [this, done = std::move(done)](Result<T> result) mutable {
                        --main_call_count_;
                        done(std::move(result));
                      });
}

template <class T, class Body, class Done>
void Trades::read_main(Body body, Done done) {
  ++main_call_count_;
  sql::read_value<T>(parts_.db, loop_, std::move(body),
                     [this, done = std::move(done)](Result<T> result) mutable {
                       --main_call_count_;
                       done(std::move(result));
                     });
}

TradeMachine::Now Trades::now() const {
  return {.unix_ms = parts_.clock.unix_ms(), .monotonic_ms = parts_.clock.monotonic_us() / 1000};
}

sequencer::Key Trades::new_key() {
  const std::uint64_t high = parts_.random.next_u64();
  return key_at(parts_.clock.unix_ms(), high, parts_.random.next_u64());
}

void Trades::run(Trade trade, io::Executor& executor, Completion<TradeTold> done) {
  if (auto told = refused_by_age(trade.key, parts_.clock.unix_ms())) return done(std::move(*told));
  const auto schema = parts_.directory.schema_of(trade.title);
  MATSURI_ASSERT(schema != nullptr);
  auto run = std::make_shared<Run>();
  run->content = to_text(trade, *schema);
  run->trade = std::move(trade);
  loop_.post(
      [this, run, waiter = Waiter{.executor = &executor, .done = std::move(done)}]() mutable {
        take(run, std::move(waiter));
      });
}

void Trades::take(const RunPtr& run, Waiter waiter) {
  io::Executor& executor = *waiter.executor;
  if (is_draining_) return tell<TradeTold>(executor, std::move(waiter.done), not_now());
  const RunKey key{run->trade.title, run->trade.key};
  if (const auto found = active_.find(key); found != active_.end()) {
    if (found->second->content != run->content) {
      return tell<TradeTold>(executor, std::move(waiter.done),
                             TradeTold{.key = key.second,
                                       .refused = Verdict::key_reuse,
                                       .message = "key: was used for another trade"});
    }
    waiter.is_duplicate = true;
    found->second->waiters.push_back(std::move(waiter));
    return;
  }
  if (active_.size() >= trade_active_count_max)
    return tell<TradeTold>(executor, std::move(waiter.done), not_now());
  run->waiters.push_back(std::move(waiter));
  active_.emplace(key, run);
  keep(run);
}

// The row first: nothing is held before it is known which trade it is held for.
void Trades::keep(const RunPtr& run) {
  TradeRow row{.title = run->trade.title,
               .key = run->trade.key,
               .content = run->content,
               .standing = {.created_ms = parts_.clock.unix_ms()}};
  write_main<KeptTrade>(
      [row = std::move(row)](sql::Connection& connection) { return keep_trade(connection, row); },
      [this, run](Result<KeptTrade> result) { kept(run, std::move(result)); });
}

void Trades::kept(const RunPtr& run, Result<KeptTrade> kept) {
  if (!kept.ok()) {
    refuse(*run, kept.error().code() == Code::corrupt ? kept.error() : not_known());
    return end(run);
  }
  if (kept->row.content != run->content) {
    for (Waiter& waiter : std::exchange(run->waiters, {}))
      tell<TradeTold>(*waiter.executor, std::move(waiter.done),
                      TradeTold{.key = run->trade.key,
                                .refused = Verdict::key_reuse,
                                .message = "key: was used for another trade"});
    return end(run);
  }
  if (kept->was_there)
    for (Waiter& waiter : run->waiters) waiter.is_duplicate = true;
  run->is_counted = kept->row.standing.state != TradeState::pending;
  begin(run, std::move(kept->row.standing));
}

void Trades::begin(const RunPtr& run, TradeStanding standing) {
  run->machine.emplace(parts_.machine, run->trade, std::move(standing));
  push(run);
}

// Does all that the trade can do now, and tells those who wait as soon as there is something.
void Trades::push(const RunPtr& run) {
  if (!run->machine || is_stopping_) return;
  TradeMachine& machine = *run->machine;
  for (TradeMachine::Action& action : machine.next(now())) act(run, std::move(action));
  if (!machine.is_decided()) return;
  const std::int64_t now_ms = now().monotonic_ms;
  if (run->decided_ms == 0) run->decided_ms = now_ms;
  const auto state = static_cast<std::size_t>(machine.standing().state);
  if (!std::exchange(run->is_counted, true) && counters_[state] != nullptr) counters_[state]->add();
  const bool is_late = now_ms - run->decided_ms >= parts_.settle_wait_ms;
  if (machine.is_settled() || is_late) answer(*run);
  if (machine.standing().is_done || is_late) end(run);
}

void Trades::act(const RunPtr& run, TradeMachine::Action action) {
  if (action.what == What::decide || action.what == What::finish)
    write(run, std::move(action));
  else
    send(run, action);
}

void Trades::send(const RunPtr& run, const TradeMachine::Action& action) {
  const Trade& trade = run->trade;
  const std::size_t leg = action.leg;
  sequencer::Chain chain;
  switch (action.what) {
    case What::hold:
      chain.commands = {hold_command(trade, leg)};
      chain.deadline_us = parts_.clock.monotonic_us() + parts_.machine.attempt_ms_max * 1000;
      break;
    case What::commit:
      chain.commands = {commit_command(trade, leg, new_key())};
      break;
    case What::undo:
      chain.commands = {undo_command(trade, leg, new_key())};
      break;
    default:
      chain.commands = {bury_command(trade, leg, new_key())};
      break;
  }
  const auto [title, arena] = place_of(chain);
  const std::size_t shard = parts_.sequencer.shard_of(title, arena);
  parts_.sequencer.submit(
      title, arena, std::move(chain), loop_,
      [this, run, action, shard](const sequencer::Answer& answer) {
        const sequencer::Outcome& outcome = answer.outcomes.front();
        if (outcome.verdict == Verdict::applied && !outcome.duplicate && parts_.on_applied)
          parts_.on_applied(shard, answer.seq);
        run->machine->answered(action.leg, action.attempt, outcome, now());
        push(run);
      });
}

void Trades::write(const RunPtr& run, TradeMachine::Action action) {
  const std::uint32_t attempt = action.attempt;
  write_main<TradeStanding>(
      [title = run->trade.title, key = run->trade.key,
       action = std::move(action)](sql::Connection& connection) {
        return action.what == What::decide
                   ? decide_trade(connection, title, key, action.state, action.why)
                   : finish_trade(connection, title, key);
      },
      [this, run, attempt](Result<TradeStanding> standing) {
        if (!standing.ok())
          log::warn("game", "the row of a trade was not written, trying again",
                    {{"reason", standing.error().to_string()}});
        run->machine->row_is(
            attempt, standing.ok() ? std::optional(std::move(*standing)) : std::nullopt, now());
        push(run);
      });
}

// Tells those who wait what was decided, if it was.
void Trades::answer(Run& run) {
  if (!run.machine || !run.machine->is_decided()) return;
  for (Waiter& waiter : std::exchange(run.waiters, {}))
    tell<TradeTold>(*waiter.executor, std::move(waiter.done),
                    TradeTold{.key = run.trade.key,
                              .standing = run.machine->standing(),
                              .is_settled = run.machine->is_settled(),
                              .is_duplicate = waiter.is_duplicate});
}

void Trades::refuse(Run& run, const Error& error) {
  for (Waiter& waiter : std::exchange(run.waiters, {}))
    tell<TradeTold>(*waiter.executor, std::move(waiter.done), error);
}

void Trades::end(const RunPtr& run) {
  const auto found = active_.find({run->trade.title, run->trade.key});
  if (found != active_.end() && found->second == run) active_.erase(found);
}

void Trades::push_all() {
  std::vector<RunPtr> runs;
  runs.reserve(active_.size());
  for (const auto& [key, run] : active_) runs.push_back(run);
  for (const RunPtr& run : runs) push(run);
}

// Looks for trades that are not done and that nobody drives here, a page at a time.
void Trades::look() {
  is_looking_ = true;
  read_main<std::vector<TradeRow>>(
      [after = looked_to_](sql::Connection& connection) {
        return undone_trades(connection, after, look_count_max);
      },
      [this](Result<std::vector<TradeRow>> rows) { looked(std::move(rows)); });
}

void Trades::looked(Result<std::vector<TradeRow>> rows) {
  is_looking_ = false;
  look_at_ms_ = now().monotonic_ms + parts_.look_ms;
  if (!rows.ok()) {
    log::warn("game", "trades that are left to do can't be read",
              {{"reason", rows.error().to_string()}});
    return;
  }
  for (const TradeRow& row : *rows) take_up(row);
  if (rows->size() < look_count_max) {
    looked_to_ = {};
    return;
  }
  looked_to_ = {.created_ms = rows->back().standing.created_ms, .key = rows->back().key};
}

void Trades::take_up(const TradeRow& row) {
  const RunKey key{row.title, row.key};
  if (active_.contains(key) || active_.size() >= trade_active_count_max) return;
  const auto schema = parts_.directory.schema_of(row.title);
  Result<Trade> trade =
      schema == nullptr
          ? Error(Code::corrupt, "a stored trade: its title has no schema")
          : parse_stored_trade(row.content, row.title, row.key, *schema, parts_.make_points);
  if (!trade.ok()) {
    log::error("game", "a trade can't be taken up", {{"reason", trade.error().to_string()}});
    return;
  }
  auto run = std::make_shared<Run>();
  run->trade = std::move(*trade);
  run->content = row.content;
  run->is_counted = row.standing.state != TradeState::pending;
  active_.emplace(key, run);
  begin(run, row.standing);
}

// Drops trades whose keys are taken no longer, and the tombstones of their legs before.
void Trades::tidy() {
  tidy_at_ms_ = now().monotonic_ms + tidy_ms;
  ++forgetting_count_;
  read_main<std::vector<TradeRow>>(
      [before_ms = now().unix_ms - row_kept_ms](sql::Connection& connection) {
        return old_trades(connection, before_ms, look_count_max);
      },
      [this](Result<std::vector<TradeRow>> rows) {
        --forgetting_count_;
        if (!rows.ok() || is_stopping_) return;
        if (rows->size() == look_count_max) tidy_at_ms_ = 0;
        for (TradeRow& row : *rows) forget(std::move(row));
      });
}

void Trades::forget(TradeRow row) {
  struct Forgetting {
    Trade trade;
    std::size_t left = 0;
    bool is_clear = true;
  };
  auto forgetting = std::make_shared<Forgetting>();
  forgetting->trade = {.title = row.title, .key = row.key};
  if (row.standing.state == TradeState::voided) {
    const auto schema = parts_.directory.schema_of(row.title);
    if (schema == nullptr) return;
    auto trade = parse_stored_trade(row.content, row.title, row.key, *schema, parts_.make_points);
    if (!trade.ok()) return;
    forgetting->trade = std::move(*trade);
    std::erase_if(forgetting->trade.legs, [](const Leg& leg) { return leg.points.has_value(); });
  }
  ++forgetting_count_;
  const auto drop = [this, forgetting] {
    if (!forgetting->is_clear) {
      --forgetting_count_;
      return;
    }
    write_main<Nothing>(
        [title = forgetting->trade.title,
         key = forgetting->trade.key](sql::Connection& connection) -> Result<Nothing> {
          TRY(drop_trade(connection, title, key));
          return Nothing{};
        },
        [this](const Result<Nothing>&) { --forgetting_count_; });
  };
  forgetting->left = forgetting->trade.legs.size();
  if (forgetting->left == 0) return drop();
  for (std::size_t i = 0; i < forgetting->trade.legs.size(); ++i) {
    const std::string& arena = forgetting->trade.legs[i].arena;
    parts_.sequencer.submit(row.title, arena,
                            sequencer::Chain{{forget_command(forgetting->trade, i, new_key())}},
                            loop_, [forgetting, drop](const sequencer::Answer& answer) {
                              if (!sequencer::is_decided(answer.outcomes.front().verdict))
                                forgetting->is_clear = false;
                              if (--forgetting->left == 0) drop();
                            });
  }
}

void Trades::find(TitleId title, const sequencer::Key& key, io::Executor& executor,
                  Completion<std::optional<TradeTold>> done) {
  using Found = std::optional<TradeTold>;
  loop_.post([this, title, key, &executor, done = std::move(done)]() mutable {
    if (is_draining_) return tell<Found>(executor, std::move(done), not_now());
    const auto found = active_.find({title, key});
    if (found != active_.end() && found->second->machine) {
      const TradeMachine& machine = *found->second->machine;
      return tell<Found>(executor, std::move(done),
                         TradeTold{.key = key,
                                   .standing = machine.standing(),
                                   .is_settled = machine.is_settled(),
                                   .is_duplicate = true});
    }
    read_main<Found>(
        [title, key](sql::Connection& connection) -> Result<Found> {
          TRY_ASSIGN(auto row, trade_row(connection, title, key));
          if (!row) return Found();
          return Found(TradeTold{.key = key,
                                 .standing = row->standing,
                                 .is_settled = row->standing.is_done,
                                 .is_duplicate = true});
        },
        [&executor, done = std::move(done)](Result<Found> told) mutable {
          tell<Found>(executor, std::move(done), std::move(told));
        });
  });
}

}  // namespace matsuri::game
