#include "points/transfer.h"

#include <array>
#include <optional>

#include "base/assert.h"

namespace matsuri::points {
namespace {

using sequencer::Compare;
using sequencer::FieldIndex;
using sequencer::KindIndex;
using sequencer::Operation;

// FNV-1a, over texts with their lengths and numbers.
class Fingerprint {
 public:
  void add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) byte(static_cast<std::uint8_t>(number >> (8 * i)));
  }
  void add(std::string_view text) {
    add(text.size());
    for (const char c : text) byte(static_cast<std::uint8_t>(c));
  }
  std::uint64_t value() const { return hash_; }

 private:
  void byte(std::uint8_t value) { hash_ = (hash_ ^ value) * 0x100000001b3U; }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

class Builder {
 public:
  Builder(const Asked& asked, TransferKind kind) {
    transfer_.kind = kind;
    command().key = asked.key;
    command().actor = asked.by;
    command().reason = asked.reason;
    print_.add(static_cast<std::uint64_t>(kind));
    print_.add(asked.by.value);
    print_.add(asked.title.value);
    print_.add(asked.reason);
  }

  // Gives its index in the command.
  std::uint8_t entity(KindIndex kind, std::string_view id) {
    command().entities.push_back(purse(kind, id));
    print_.add(kind);
    print_.add(id);
    return static_cast<std::uint8_t>(command().entities.size() - 1);
  }
  void guard(Why why, std::uint8_t entity, std::optional<FieldIndex> field, Compare compare,
             std::int64_t value = 0) {
    command().guards.push_back(
        {.entity = entity, .field = field, .compare = compare, .value = value});
    transfer_.whys.push_back(why);
  }
  // The thing is there, and of the title that asks.
  void guard_owner(Why why, std::uint8_t entity, TitleId title) {
    if (title)
      guard(why, entity, owner_title, Compare::equal, static_cast<std::int64_t>(title.value));
    else
      guard(why, entity, std::nullopt, Compare::exists);
  }
  void guard_has(Why why, std::uint8_t entity, std::int64_t amount) {
    guard(why, entity, balance(entity), Compare::greater_equal, amount);
  }
  void step(std::uint8_t entity, FieldIndex field, Operation operation, std::int64_t value) {
    command().steps.push_back(
        {.entity = entity, .field = field, .operation = operation, .value = value});
  }
  void set(std::uint8_t entity, FieldIndex field, std::int64_t value) {
    step(entity, field, Operation::set, value);
  }
  // Double entry: what one purse gives the other gets, and both say by how much they changed.
  void move(std::uint8_t from, std::uint8_t to, std::int64_t amount) {
    step(from, balance(from), Operation::sub, amount);
    post(from, -amount);
    step(to, balance(to), Operation::add, amount);
    post(to, amount);
    print_.add(static_cast<std::uint64_t>(amount));
  }
  void post(std::uint8_t entity, std::int64_t amount) {
    set(entity, posting_field(command().entities[entity].kind), amount);
  }
  // Counts for telling this command from others under its key.
  void tell_by(std::uint64_t number) { print_.add(number); }

  Transfer take() {
    command().fingerprint = print_.value();
    return std::move(transfer_);
  }

 private:
  sequencer::Command& command() { return transfer_.command; }
  FieldIndex balance(std::uint8_t entity) {
    return balance_field(transfer_.command.entities[entity].kind);
  }

  Transfer transfer_;
  Fingerprint print_;
};

std::int64_t number_of(TitleId title) { return static_cast<std::int64_t>(title.value); }
std::int64_t number_of(AccountId account) { return static_cast<std::int64_t>(account.value); }
std::string id_of(AccountId account) { return std::to_string(account.value); }

Transfer end_hold(const Asked& asked, const Hold& hold, HoldState state) {
  const bool commits = state == HoldState::committed;
  Builder builder(asked, commits ? TransferKind::commit : TransferKind::undo);
  const auto held = builder.entity(hold_kind, hold.id.to_string());
  const auto account = builder.entity(account_kind, id_of(hold.account));
  builder.guard(Why::has_ended, held, hold_state_field, Compare::equal,
                static_cast<std::int64_t>(HoldState::held));
  if (commits) {
    builder.guard(Why::is_too_late, held, std::nullopt, Compare::now_before, hold.until_ms);
    const auto sink = builder.entity(sink_kind, hold.id.sink);
    builder.move(held, sink, hold.amount);
    builder.post(account, 0);
  } else {
    builder.move(held, account, hold.amount);
  }
  builder.set(held, hold_state_field, static_cast<std::int64_t>(state));
  builder.step(account, account_held, Operation::sub, hold.amount);
  return builder.take();
}

}  // namespace

std::string_view name_of(TransferKind kind) {
  constexpr std::array<std::string_view, transfer_kind_count> names = {
      "campaign", "top_up", "sink", "grant", "spend", "hold", "commit", "void"};
  return names[static_cast<std::size_t>(kind)];
}

Transfer create_campaign(const Asked& asked, std::string_view name, TitleId owner,
                         std::int64_t budget) {
  Builder builder(asked, TransferKind::campaign);
  const auto source = builder.entity(source_kind, source_id);
  const auto campaign = builder.entity(campaign_kind, name);
  builder.guard(Why::is_there, campaign, std::nullopt, Compare::absent);
  builder.move(source, campaign, budget);
  builder.set(campaign, owner_title, number_of(owner));
  builder.tell_by(owner.value);
  return builder.take();
}

Transfer top_up(const Asked& asked, std::string_view campaign, std::int64_t amount) {
  Builder builder(asked, TransferKind::top_up);
  const auto source = builder.entity(source_kind, source_id);
  const auto to = builder.entity(campaign_kind, campaign);
  builder.guard_owner(Why::no_campaign, to, asked.title);
  builder.move(source, to, amount);
  return builder.take();
}

Transfer create_sink(const Asked& asked, std::string_view name, TitleId owner) {
  Builder builder(asked, TransferKind::sink);
  const auto sink = builder.entity(sink_kind, name);
  builder.guard(Why::is_there, sink, std::nullopt, Compare::absent);
  builder.set(sink, balance_field(sink_kind), 0);
  builder.post(sink, 0);
  builder.set(sink, owner_title, number_of(owner));
  builder.tell_by(owner.value);
  return builder.take();
}

Transfer grant(const Asked& asked, const Grant& grant) {
  Builder builder(asked, TransferKind::grant);
  const auto campaign = builder.entity(campaign_kind, grant.campaign);
  const auto account = builder.entity(account_kind, id_of(grant.account));
  const auto granted = builder.entity(grant_kind, grant.campaign + '/' + grant.event);
  // A title hears nothing of another's campaign, hence first.
  builder.guard_owner(Why::no_campaign, campaign, asked.title);
  builder.guard(Why::granted_before, granted, std::nullopt, Compare::absent);
  builder.guard_has(Why::budget_exhausted, campaign, grant.amount);
  builder.move(campaign, account, grant.amount);
  builder.set(granted, grant_account, number_of(grant.account));
  builder.set(granted, grant_amount, grant.amount);
  return builder.take();
}

Transfer spend(const Asked& asked, const Spend& spend) {
  Builder builder(asked, TransferKind::spend);
  const auto account = builder.entity(account_kind, id_of(spend.account));
  const auto sink = builder.entity(sink_kind, spend.sink);
  builder.guard_owner(Why::no_sink, sink, asked.title);
  builder.guard_has(Why::insufficient, account, spend.amount);
  builder.move(account, sink, spend.amount);
  return builder.take();
}

Transfer place_hold(const Asked& asked, const NewHold& hold) {
  Builder builder(asked, TransferKind::hold);
  const HoldId id{.key = asked.key, .sink = hold.what.sink};
  const auto account = builder.entity(account_kind, id_of(hold.what.account));
  const auto held = builder.entity(hold_kind, id.to_string());
  builder.guard(Why::used_before, held, std::nullopt, Compare::absent);
  builder.guard_has(Why::insufficient, account, hold.what.amount);
  builder.move(account, held, hold.what.amount);
  builder.step(account, account_held, Operation::add, hold.what.amount);
  builder.set(held, hold_state_field, static_cast<std::int64_t>(HoldState::held));
  builder.set(held, hold_account, number_of(hold.what.account));
  builder.set(held, hold_title, number_of(hold.title));
  builder.set(held, hold_until_ms, hold.until_ms);
  builder.set(held, hold_amount, hold.what.amount);
  builder.tell_by(static_cast<std::uint64_t>(hold.hold_ms));
  return builder.take();
}

Transfer commit_hold(const Asked& asked, const Hold& hold) {
  return end_hold(asked, hold, HoldState::committed);
}

Transfer void_hold(const Asked& asked, const Hold& hold) {
  return end_hold(asked, hold, HoldState::voided);
}

Why why_of(const Transfer& transfer, const sequencer::Outcome& outcome) {
  if (outcome.verdict != sequencer::Verdict::rejected) return Why::none;
  MATSURI_ASSERT(outcome.guard < transfer.whys.size());
  return transfer.whys[outcome.guard];
}

}  // namespace matsuri::points
