#include "points/settler.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"

namespace matsuri::points {
namespace {

constexpr std::int64_t retry_ms = 200;
constexpr std::size_t reason_size_max = 64;

io::InlineExecutor& at_once() {
  static io::InlineExecutor executor;
  return executor;
}

GrantSettled settled(const GrantDue& due, GrantOutcome outcome,
                     GrantReason reason = GrantReason::none) {
  return {.account = due.account,
          .programme = due.programme,
          .window = due.window,
          .event = due.event,
          .outcome = outcome,
          .reason = reason,
          .points = due.points};
}

// What the answers of one batch come to. They may come on any thread, before or after each other.
struct Answers {
  explicit Answers(std::size_t count) : all(count), left(count) {}

  void take(std::size_t index, Result<GrantSettled> answer) {
    const std::lock_guard lock(mutex);
    if (answer.ok()) all[index] = *std::move(answer);
    if (--left == 0) done.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return left == 0; });
  }

  std::vector<std::optional<GrantSettled>> all;
  std::size_t left;
  std::mutex mutex;
  std::condition_variable done;
};

}  // namespace

Settler::Settler(SettlerParts parts) : parts_(parts) {
  if (parts_.metrics == nullptr) return;
  constexpr const char* outcomes[] = {"granted", "void", "budget_exhausted"};
  for (std::size_t i = 0; i < std::size(outcomes); ++i)
    counters_[i] = &parts_.metrics->counter(
        "matsuri_grants_settled_total", "Dues of other domains, by what the ledger made of them.",
        {{"outcome", outcomes[i]}});
  batches_ = &parts_.metrics->counter("matsuri_grants_batches_total",
                                      "Transactions in which dues were settled.");
}

Settler::~Settler() { stop(); }

void Settler::start() {
  thread_ = std::thread([this] { loop(); });
}

void Settler::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Settler::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_news_, true)) return;
  }
  wake_.notify_one();
}

void Settler::loop() {
  std::string trouble;
  std::int64_t pause_ms = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const bool is_held = pause_ms == retry_ms;  // news are no reason to ask a busy ledger again
      wake_.wait_for(lock, std::chrono::milliseconds(pause_ms),
                     [&] { return (has_news_ && !is_held) || is_ending_; });
      if (is_ending_) return;
      has_news_ = false;
    }
    const Result<Batch> batch = settle();
    const std::string now = batch.ok() ? "" : batch.error().to_string();
    if (!now.empty() && now != trouble)
      log::warn("points", "what is due can't be settled; it is tried again", {{"error", now}});
    trouble = now;
    if (!batch.ok() || (batch->settled_count == 0 && batch->left_count != 0))
      pause_ms = retry_ms;
    else
      pause_ms = batch->settled_count == 0 ? parts_.look_ms : 0;
  }
}

Result<Settler::Batch> Settler::settle() {
  std::vector<GrantDue> dues;
  TRY(parts_.outbox.db().read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(dues, read_dues(connection, parts_.batch_count_max));
    return {};
  }));
  if (dues.empty()) return Batch{};
  const auto answers = std::make_shared<Answers>(dues.size());
  for (std::size_t index = 0; index < dues.size(); ++index)
    decide(dues[index], [answers, index](Result<GrantSettled> answer) {
      answers->take(index, std::move(answer));
    });
  answers->wait();
  std::vector<GrantDue> decided;
  std::vector<GrantSettled> all;
  for (std::size_t index = 0; index < dues.size(); ++index) {
    if (!answers->all[index]) continue;
    decided.push_back(std::move(dues[index]));
    all.push_back(*std::move(answers->all[index]));
  }
  if (!all.empty()) TRY(write(decided, all));
  return Batch{.settled_count = all.size(), .left_count = dues.size() - all.size()};
}

void Settler::decide(const GrantDue& due, Told told) {
  if (!check_purse_name(due.campaign).ok())
    return told(settled(due, GrantOutcome::voided, GrantReason::no_campaign));
  if (!check_event(due.event).ok() || !check_amount(due.points).ok())
    return told(settled(due, GrantOutcome::voided, GrantReason::bad_amount));
  if (due.void_reason != GrantReason::none) return look_up(due, due.void_reason, std::move(told));
  const Grant grant{
      .event = due.event, .campaign = due.campaign, .account = due.account, .amount = due.points};
  const std::string reason = ("checkin." + due.programme).substr(0, reason_size_max);
  parts_.ledger.grant(
      {.account = {}, .title = {}, .is_staff = true}, grant, reason, at_once(),
      [this, due, told = std::move(told)](Result<Granted> granted) mutable {
        if (granted.ok())
          return told(settled(due, granted->outcome == Granted::Outcome::budget_exhausted
                                       ? GrantOutcome::budget_exhausted
                                       : GrantOutcome::granted));
        if (granted.error().code() == Code::not_found) return explain(due, std::move(told));
        if (granted.error().code() == Code::conflict)
          return look_up(due, GrantReason::bad_amount, std::move(told));
        told(granted.error());
      });
}

// Granted, where the ledger has it with whatever amount; else void.
void Settler::look_up(const GrantDue& due, GrantReason otherwise, Told told) {
  parts_.ledger.find_grant(
      due.campaign, due.event, at_once(),
      [due, otherwise, told = std::move(told)](Result<std::optional<Grant>> found) mutable {
        if (!found.ok()) return told(found.error());
        if (!*found || (*found)->account != due.account)
          return told(settled(due, GrantOutcome::voided, otherwise));
        GrantSettled known = settled(due, GrantOutcome::granted);
        known.points = (*found)->amount;
        told(known);
      });
}

// Something is not there: which?
void Settler::explain(const GrantDue& due, Told told) {
  parts_.people.resolve(
      due.account, at_once(),
      [due, told = std::move(told)](const Result<account::Account>& account) mutable {
        if (account.ok()) return told(settled(due, GrantOutcome::voided, GrantReason::no_campaign));
        if (account.error().code() == Code::not_found)
          return told(settled(due, GrantOutcome::voided, GrantReason::no_account));
        told(account.error());
      });
}

Result<void> Settler::write(const std::vector<GrantDue>& dues,
                            const std::vector<GrantSettled>& settled) {
  std::vector<stream::BatchResult::Fact> facts;
  facts.reserve(settled.size());
  const std::int64_t now_ms = parts_.clock.unix_ms();
  for (const GrantSettled& one : settled)
    facts.push_back({.event = one, .unix_ms = now_ms, .account = one.account});
  Position position;
  TRY(parts_.outbox.db().write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(forget_dues(connection, dues));
    TRY_ASSIGN(position, parts_.outbox.put(connection, facts));
    return {};
  }));
  parts_.outbox.committed(position);
  if (parts_.metrics == nullptr) return {};
  batches_->add();
  for (const GrantSettled& one : settled)
    counters_[static_cast<std::size_t>(one.outcome) - 1]->add();
  return {};
}

}  // namespace matsuri::points
