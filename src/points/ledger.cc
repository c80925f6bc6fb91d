// From what is wanted to a command, and from its outcome back to what became of it.
#include "points/ledger.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/sentence.h"
#include "game/trade.h"
#include "sequencer/decide.h"

namespace matsuri::points {
namespace {

using sequencer::Outcome;
using sequencer::Verdict;

Error not_now() {
  return {Code::busy, "nobody can say now what becomes of it: ask again under the same key"};
}

Error error_of(const Outcome& outcome) {
  switch (outcome.verdict) {
    case Verdict::key_reuse:
      return {Code::conflict, "key: was used for something else"};
    case Verdict::key_too_old:
    case Verdict::key_from_future:
      return {Code::invalid, outcome.message};
    case Verdict::invalid:
      return {Code::conflict, outcome.message};
    default:
      return not_now();
  }
}

Error error_of(Why why) {
  switch (why) {
    case Why::is_there:
      return {Code::conflict, "name: is taken"};
    case Why::no_campaign:
      return {Code::not_found, "campaign: there is none of this name here"};
    case Why::no_sink:
      return {Code::not_found, "sink: there is none of this name here"};
    case Why::used_before:
      return {Code::conflict, "key: was used for another hold"};
    default:
      break;
  }
  MATSURI_ASSERT(false, "a refusal that is an outcome");
  return not_now();
}

// What the outcome says of one of the command's things; nothing of it where it was not there.
sequencer::Entity seen(const Outcome& outcome, std::uint8_t entity) {
  for (const sequencer::Seen& one : outcome.entities)
    if (one.entity == entity) return one.state;
  return {};
}

// By its place in the command; transfer.cc puts it there.
std::uint8_t index_of(const sequencer::Command& command, sequencer::KindIndex kind) {
  for (std::size_t i = 0; i < command.entities.size(); ++i)
    if (command.entities[i].kind == kind) return static_cast<std::uint8_t>(i);
  MATSURI_ASSERT(false, "the command has none of that kind");
  return 0;
}

std::int64_t balance_in(const Outcome& outcome, std::uint8_t entity, sequencer::KindIndex kind) {
  return seen(outcome, entity).get(balance_field(kind));
}

Done done_of(const sequencer::Key& key, const Outcome& outcome) {
  return {.key = key,
          .seq = outcome.seq,
          .time_ms = outcome.time_ms,
          .is_duplicate = outcome.duplicate};
}

Hold hold_of(const HoldId& id, const sequencer::Entity& entity) {
  return {.id = id,
          .account = AccountId{static_cast<std::uint64_t>(entity.get(hold_account))},
          .title = TitleId{static_cast<std::uint64_t>(entity.get(hold_title))},
          .amount = entity.get(hold_amount),
          .until_ms = entity.get(hold_until_ms),
          .state = static_cast<HoldState>(entity.get(hold_state_field))};
}

Spent spent_of(const Outcome& outcome, const sequencer::Key& key, std::uint8_t account, Why why) {
  const sequencer::Entity state = seen(outcome, account);
  return {.is_done = why == Why::none,
          .balance = state.get(balance_field(account_kind)),
          .held = state.get(account_held),
          .done = done_of(key, outcome)};
}

// Why it was held stands where it was placed.
std::string reason_of(HoldState state) { return sentence("hold.", name_of(state)); }

}  // namespace

std::string_view name_of(Granted::Outcome outcome) {
  constexpr std::array<std::string_view, 3> names = {"granted", "granted_before",
                                                     "budget_exhausted"};
  return names[static_cast<std::size_t>(outcome)];
}

Ledger::Ledger(LedgerParts parts) : parts_(std::move(parts)) {
  if (parts_.metrics == nullptr) return;
  const auto counter = [&](std::size_t kind, const char* outcome) {
    return &parts_.metrics->counter(
        "matsuri_points_transfers_total", "Transfers of points, by what became of them.",
        {{"kind", std::string(name_of(static_cast<TransferKind>(kind)))}, {"outcome", outcome}});
  };
  for (std::size_t kind = 0; kind < counters_.size(); ++kind)
    counters_[kind] = {.applied = counter(kind, "applied"),
                       .refused = counter(kind, "refused"),
                       .not_executed = counter(kind, "not_executed")};
}

void Ledger::count(TransferKind kind, const Outcome& outcome) {
  if (parts_.metrics == nullptr) return;
  const Counters& counters = counters_[static_cast<std::size_t>(kind)];
  if (outcome.verdict == Verdict::applied)
    counters.applied->add();
  else if (sequencer::is_decided(outcome.verdict))
    counters.refused->add();
  else
    counters.not_executed->add();
}

sequencer::Key Ledger::new_key() {
  const std::uint64_t high = parts_.random.next_u64();
  return game::key_at(parts_.clock.unix_ms(), high, parts_.random.next_u64());
}

void Ledger::send(Transfer transfer, io::Executor& executor, Told told) {
  if (const auto checked = sequencer::check(transfer.command, points_schema()); !checked.ok())
    return told(checked.error(), {});
  sequencer::Chain chain{{transfer.command}};
  parts_.sequencer.submit(points_title, points_arena, std::move(chain), executor,
                          [this, transfer = std::move(transfer),
                           told = std::move(told)](const sequencer::Answer& answer) mutable {
                            const Outcome& outcome = answer.outcomes.front();
                            count(transfer.kind, outcome);
                            if (!sequencer::is_decided(outcome.verdict))
                              return told(error_of(outcome), outcome);
                            if (parts_.on_applied) parts_.on_applied(answer.shard, answer.seq);
                            told(why_of(transfer, outcome), outcome);
                          });
}

void Ledger::send_plain(Transfer transfer, io::Executor& executor, Completion<Done> done) {
  const sequencer::Key key = transfer.command.key;
  send(std::move(transfer), executor,
       [key, done = std::move(done)](Result<Why> why, const Outcome& outcome) mutable {
         if (!why.ok()) return done(why.error());
         if (*why != Why::none) return done(error_of(*why));
         done(done_of(key, outcome));
       });
}

void Ledger::read(const sequencer::EntityName& name, io::Executor& executor,
                  std::move_only_function<void(Result<sequencer::Entity>, std::uint64_t)> done) {
  parts_.sequencer.submit(points_title, points_arena, sequencer::Read{{name}}, executor,
                          [done = std::move(done)](const sequencer::Answer& answer) mutable {
                            if (answer.entities.empty()) return done(not_now(), 0);
                            done(answer.entities.front(), answer.seq);
                          });
}

void Ledger::create_campaign(const Asked& asked, const std::string& name, TitleId owner,
                             std::int64_t budget, io::Executor& executor, Completion<Done> done) {
  send_plain(points::create_campaign(asked, name, owner, budget), executor, std::move(done));
}

void Ledger::top_up(const Asked& asked, const std::string& campaign, std::int64_t amount,
                    io::Executor& executor, Completion<Budget> done) {
  Transfer transfer = points::top_up(asked, campaign, amount);
  const std::uint8_t to = index_of(transfer.command, campaign_kind);
  send(
      std::move(transfer), executor,
      [to, key = asked.key, done = std::move(done)](Result<Why> why,
                                                    const Outcome& outcome) mutable {
        if (!why.ok()) return done(why.error());
        if (*why != Why::none) return done(error_of(*why));
        done(Budget{.left = balance_in(outcome, to, campaign_kind), .done = done_of(key, outcome)});
      });
}

void Ledger::create_sink(const Asked& asked, const std::string& name, TitleId owner,
                         io::Executor& executor, Completion<Done> done) {
  send_plain(points::create_sink(asked, name, owner), executor, std::move(done));
}

void Ledger::grant(const Asker& asker, const Grant& grant, const std::string& reason,
                   io::Executor& executor, Completion<Granted> done) {
  // Points that nobody can ever have would be lost.
  parts_.people.resolve(grant.account, executor,
                        [this, asker, grant, reason, &executor,
                         done = std::move(done)](const Result<account::Account>& account) mutable {
                          if (!account.ok()) return done(account.error());
                          send_grant({.key = new_key(),
                                      .by = asker.account,
                                      .title = asker.is_staff ? TitleId{} : asker.title,
                                      .reason = reason},
                                     grant, executor, std::move(done));
                        });
}

void Ledger::send_grant(const Asked& asked, const Grant& wanted, io::Executor& executor,
                        Completion<Granted> done) {
  Transfer transfer = points::grant(asked, wanted);
  const std::uint8_t campaign = index_of(transfer.command, campaign_kind);
  const std::uint8_t account = index_of(transfer.command, account_kind);
  const std::uint8_t granted = index_of(transfer.command, grant_kind);
  send(
      std::move(transfer), executor,
      [campaign, account, granted, key = asked.key, wanted, done = std::move(done)](
          Result<Why> why, const Outcome& outcome) mutable {
        if (!why.ok()) return done(why.error());
        Granted told{.left = balance_in(outcome, campaign, campaign_kind),
                     .done = done_of(key, outcome)};
        if (*why == Why::none) {
          told.balance = balance_in(outcome, account, account_kind);
        } else if (*why == Why::granted_before) {
          const sequencer::Entity before = seen(outcome, granted);
          if (before.get(grant_account) != static_cast<std::int64_t>(wanted.account.value) ||
              before.get(grant_amount) != wanted.amount)
            return done(Error(Code::conflict, "event: was granted with another account or amount"));
          told.outcome = Granted::Outcome::granted_before;
        } else if (*why == Why::budget_exhausted) {
          told.outcome = Granted::Outcome::budget_exhausted;
        } else {
          return done(error_of(*why));
        }
        done(told);
      });
}

void Ledger::find_grant(const std::string& campaign, const std::string& event,
                        io::Executor& executor, Completion<std::optional<Grant>> done) {
  read(purse(grant_kind, campaign + '/' + event), executor,
       [campaign, event, done = std::move(done)](Result<sequencer::Entity> found,
                                                 std::uint64_t) mutable {
         if (!found.ok()) return done(found.error());
         if (!found->exists()) return done(std::optional<Grant>());
         done(std::optional<Grant>(
             Grant{.event = event,
                   .campaign = campaign,
                   .account = AccountId{static_cast<std::uint64_t>(found->get(grant_account))},
                   .amount = found->get(grant_amount)}));
       });
}

void Ledger::spend(const Asked& asked, const Spend& spend, io::Executor& executor,
                   Completion<Spent> done) {
  Transfer transfer = points::spend(asked, spend);
  const std::uint8_t account = index_of(transfer.command, account_kind);
  send(std::move(transfer), executor,
       [account, key = asked.key, done = std::move(done)](Result<Why> why,
                                                          const Outcome& outcome) mutable {
         if (!why.ok()) return done(why.error());
         if (*why != Why::none && *why != Why::insufficient) return done(error_of(*why));
         done(spent_of(outcome, key, account, *why));
       });
}

void Ledger::place(const Asked& asked, const Spend& what, std::int64_t hold_ms,
                   io::Executor& executor, Completion<Placed> done) {
  // Whose the sink is never changes.
  read(purse(sink_kind, what.sink), executor,
       [this, asked, what, hold_ms, &executor, done = std::move(done)](
           Result<sequencer::Entity> sink, std::uint64_t) mutable {
         if (!sink.ok()) return done(sink.error());
         const TitleId owner{static_cast<std::uint64_t>(sink->get(owner_title))};
         if (!sink->exists() || (asked.title && asked.title != owner))
           return done(error_of(Why::no_sink));
         send_hold(asked,
                   {.what = what,
                    .title = owner,
                    .hold_ms = hold_ms,
                    .until_ms = parts_.clock.unix_ms() + hold_ms},
                   executor, std::move(done));
       });
}

void Ledger::send_hold(const Asked& asked, const NewHold& hold, io::Executor& executor,
                       Completion<Placed> done) {
  Transfer transfer = place_hold(asked, hold);
  const std::uint8_t account = index_of(transfer.command, account_kind);
  const std::uint8_t held = index_of(transfer.command, hold_kind);
  send(std::move(transfer), executor,
       [account, held, id = HoldId{.key = asked.key, .sink = hold.what.sink},
        done = std::move(done)](Result<Why> why, const Outcome& outcome) mutable {
         if (!why.ok()) return done(why.error());
         if (*why != Why::none && *why != Why::insufficient) return done(error_of(*why));
         Placed placed{.spent = spent_of(outcome, id.key, account, *why), .hold = {}};
         if (placed.spent.is_done) placed.hold = hold_of(id, seen(outcome, held));
         done(std::move(placed));
       });
}

void Ledger::find(const Asker& asker, const HoldId& id, io::Executor& executor,
                  Completion<Hold> done) {
  read(purse(hold_kind, id.to_string()), executor,
       [asker, id, done = std::move(done)](Result<sequencer::Entity> found, std::uint64_t) mutable {
         if (!found.ok()) return done(found.error());
         Hold hold = hold_of(id, *found);
         // A player token stands for the account, in its title.
         const bool is_own = asker.account && asker.account == hold.account;
         const bool is_theirs = asker.title && asker.title == hold.title;
         const bool may_see = asker.is_staff || (asker.account ? is_own : is_theirs);
         if (!found->exists() || !may_see)
           return done(Error(Code::not_found, "there is no such hold"));
         done(std::move(hold));
       });
}

void Ledger::end(const Asker& asker, const HoldId& id, HoldState state, io::Executor& executor,
                 Completion<Ended> done) {
  find(asker, id, executor,
       [this, asker, state, &executor, done = std::move(done)](Result<Hold> hold) mutable {
         if (!hold.ok()) return done(hold.error());
         const bool is_own = asker.account && !asker.is_staff;
         if (is_own && state == HoldState::committed)
           return done(Error(Code::denied, "only servers of the hold's title may commit it"));
         if (is_own && hold->state == HoldState::held && parts_.clock.unix_ms() < hold->until_ms)
           return done(Error(Code::denied, "the title may still commit it: wait until it is over"));
         if (hold->state != HoldState::held)
           return done(Ended{.state = hold->state, .was_ended = true, .hold = std::move(*hold)});
         send_end({.key = new_key(), .by = asker.account, .title = {}, .reason = reason_of(state)},
                  *hold, state, executor, std::move(done));
       });
}

void Ledger::void_overdue(const Hold& hold, io::Executor& executor, Completion<Ended> done) {
  send_end({.key = new_key(), .by = {}, .title = {}, .reason = "hold.expired"}, hold,
           HoldState::voided, executor, std::move(done));
}

void Ledger::send_end(const Asked& asked, const Hold& hold, HoldState state, io::Executor& executor,
                      Completion<Ended> done) {
  Transfer transfer =
      state == HoldState::committed ? commit_hold(asked, hold) : void_hold(asked, hold);
  const std::uint8_t held = index_of(transfer.command, hold_kind);
  send(
      std::move(transfer), executor,
      [hold, state, held, done = std::move(done)](Result<Why> why, const Outcome& outcome) mutable {
        if (!why.ok()) return done(why.error());
        Ended ended{.state = state, .was_ended = *why == Why::has_ended, .hold = hold};
        if (*why == Why::has_ended)
          ended.state = static_cast<HoldState>(seen(outcome, held).get(hold_state_field));
        if (*why == Why::is_too_late) ended.state = HoldState::held;
        ended.hold.state = ended.state;
        done(std::move(ended));
      });
}

void Ledger::balance(AccountId account, io::Executor& executor, Completion<Balance> done) {
  read(purse(account_kind, std::to_string(account.value)), executor,
       [done = std::move(done)](Result<sequencer::Entity> found, std::uint64_t seq) mutable {
         if (!found.ok()) return done(found.error());
         done(Balance{.balance = found->get(balance_field(account_kind)),
                      .held = found->get(account_held),
                      .seq = seq});
       });
}

}  // namespace matsuri::points
