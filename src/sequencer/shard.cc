// What stands in the way of a decision, the decision, and taking it back.
//
// Two things make it safe to read beside the decisions. What a batch changes is in memory before it
// is in the database, and stays for a turn of the map at least: so a row that was read is taken
// only if it is not in memory, and if nothing that was changed after the read can have left memory.
// And a key that was executed since since() is in memory: so a key that the database did not know
// at a later place than that, or whose own time is later, was never executed.
#include "sequencer/shard.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "base/assert.h"
#include "base/plant.h"
#include "base/sentence.h"
#include "sequencer/decide.h"

namespace matsuri::sequencer {

namespace {

// How far clocks of two owners may be apart, and one may step back.
constexpr std::int64_t clock_skew_ms_max = 2000;
// Long enough that a key of now is known to be new without a look at the database.
constexpr std::int64_t key_turn_ms = 2 * (key_ahead_ms_max + clock_skew_ms_max);
constexpr std::size_t said_count_max = 1U << 16;

std::size_t mix(std::size_t seed, std::size_t value) {
  return (seed ^ value) * 0x9e3779b97f4a7c15U;
}

// Of a key's own time; nullopt where it may be executed.
std::optional<Outcome> refused_by_age(const Key& key, std::int64_t now_ms) {
  if (key.unix_ms() > now_ms + key_ahead_ms_max)
    return Outcome{.verdict = Verdict::key_from_future,
                   .message = "key: is of a time to come: learn the server's time"};
  if (key.unix_ms() < now_ms - key_kept_ms)
    return Outcome{.verdict = Verdict::key_too_old, .message = "key: is older than keys are kept"};
  return std::nullopt;
}

Outcome decided_before(const Command& command, const Past& past) {
  if (command.fingerprint != past.fingerprint)
    return Outcome{.verdict = Verdict::key_reuse, .message = "key: was used for another command"};
  Outcome outcome = past.outcome;
  outcome.duplicate = true;
  return outcome;
}

std::uint32_t slot_of(const EntityName& name) { return sequencer::slot_of(name.title, name.arena); }

std::uint32_t slot_of(const Chain& chain) {
  return slot_of(chain.commands.front().entities.front());
}

constexpr const char* elsewhere = "the arena is with another shard now";

Outcome refused_elsewhere() { return {.verdict = Verdict::not_owner, .message = elsewhere}; }

Answer all(const Chain& chain, Verdict verdict, const std::string& message) {
  Answer answer;
  answer.outcomes.assign(chain.commands.size(), Outcome{.verdict = verdict, .message = message});
  return answer;
}

}  // namespace

std::size_t Shard::EntityHash::operator()(const EntityName& name) const noexcept {
  std::size_t hash = mix(std::hash<std::string>()(name.arena), name.kind);
  hash = mix(hash, std::hash<std::string>()(name.id));
  return mix(hash, std::hash<TitleId>()(name.title));
}

// The last 64 bits of a UUIDv7 are random, but for two.
std::size_t Shard::KeyHash::operator()(const Key& key) const noexcept {
  std::uint64_t low = 0;
  std::memcpy(&low, key.bytes.data() + 8, sizeof low);
  return static_cast<std::size_t>(low * 0x9e3779b97f4a7c15U);
}

Shard::Shard(ShardOptions options, Schemas schemas)
    : options_(options),
      schemas_(std::move(schemas)),
      entities_(0),
      executed_(Moment{}),
      said_(0) {}

void Shard::own(const ShardRow& row, Slots slots, std::int64_t now_ms) {
  MATSURI_ASSERT(slots.size() == slot_count);
  row_ = row;
  slots_.clear();
  for (const SlotRow& slot : slots)
    slots_.push_back({.row = slot, .came = {}, .last_seq = row.seq});
  entities_.clear(row.seq);
  executed_.clear({row.seq, now_ms});
  said_.clear(row.seq);
  before_.clear();
  slots_before_.clear();
  batch_keys_.clear();
  batch_seq_ = row.seq;
}

bool Shard::has(std::uint32_t slot) const {
  return slots_[slot].row.state == SlotState::owned || planted("forget_slots");
}

Shard::Executed Shard::executed(const Key& key, std::uint32_t slot, const Past** past) const {
  if (planted("forget_keys")) return Executed::never;
  const Said* said = said_.find(key);
  if (said != nullptr && said->past) {
    *past = &*said->past;
    return Executed::before;
  }
  if (executed_.find(key) != nullptr) return Executed::unread;
  const Moment since{.seq = std::max(executed_.since().seq, slots_[slot].came.seq),
                     .unix_ms = std::max(executed_.since().unix_ms, slots_[slot].came.unix_ms)};
  if (key.unix_ms() > since.unix_ms + key_ahead_ms_max + clock_skew_ms_max) return Executed::never;
  if (said != nullptr && said->seq >= since.seq) return Executed::never;
  return Executed::unread;
}

Needs Shard::needs(Requests requests) const {
  Needs needs;
  const auto want_key = [&](const Key& key, std::uint32_t slot) {
    const Past* past = nullptr;
    if (executed(key, slot, &past) == Executed::unread) needs.keys.push_back(key);
  };
  const auto want = [&](const EntityName& name) {
    if (entities_.find(name) == nullptr) needs.entities.push_back(name);
  };
  for (const Request* request : requests) {
    if (const auto* chain = std::get_if<Chain>(request)) {
      const std::uint32_t slot = slot_of(*chain);
      if (!has(slot)) continue;
      for (const Command& command : chain->commands) {
        want_key(command.key, slot);
        std::ranges::for_each(command.entities, want);
      }
    } else if (const auto* read = std::get_if<Read>(request)) {
      for (const EntityName& name : read->entities)
        if (has(slot_of(name))) want(name);
    } else if (const auto* lookup = std::get_if<Lookup>(request)) {
      if (has(lookup->slot)) want_key(lookup->key, lookup->slot);
    }
  }
  const auto sort_out = [](auto& things) {
    std::ranges::sort(things);
    things.erase(std::ranges::unique(things).begin(), things.end());
  };
  sort_out(needs.entities);
  sort_out(needs.keys);
  return needs;
}

void Shard::found(const Needs& asked, const Found& found) {
  if (found.seq >= entities_.since()) {
    const auto take = [&](const EntityName& name, const Entity& entity) {
      const std::uint32_t slot = slot_of(name);
      if (!has(slot) || found.seq < slots_[slot].came.seq) return;
      if (entities_.find(name) == nullptr) entities_.put(name, entity);
    };
    for (const auto& [name, entity] : found.entities) take(name, entity);
    for (const EntityName& name : asked.entities) take(name, Entity{});
  }
  if (said_.young_count() > said_count_max) said_.turn(row_.seq);
  for (const Past& past : found.commands) said_.put(past.key, {found.seq, past});
  for (const Key& key : asked.keys)
    if (const Said* said = said_.find(key); said == nullptr || !said->past)
      said_.put(key, {found.seq, std::nullopt});
}

Shard::Batch Shard::decide(std::span<Request* const> requests, std::int64_t now_ms,
                           std::int64_t monotonic_us) {
  MATSURI_ASSERT(batch_seq_ == row_.seq, "one batch at a time");
  Batch batch;
  for (Request* request : requests) {
    std::optional<Answer> one;
    if (auto* chain = std::get_if<Chain>(request))
      one = answer(*chain, batch.write, now_ms, monotonic_us);
    else if (const auto* read = std::get_if<Read>(request))
      one = answer(*read);
    else if (const auto* lookup = std::get_if<Lookup>(request))
      one = answer(*lookup);
    else
      one = answer(std::get<SlotChange>(*request), batch.write, now_ms);
    if (!one) break;
    batch.answers.push_back(std::move(*one));
  }
  batch.write.epoch = row_.epoch;
  batch.write.seq_before = row_.seq;
  batch.write.seq_after = batch_seq_;
  batch.write.entities.reserve(before_.size());
  for (const auto& [name, before] : before_)
    batch.write.entities.emplace_back(name, *entities_.find(name));
  return batch;
}

std::optional<Answer> Shard::answer(Chain& chain, Write& write, std::int64_t now_ms,
                                    std::int64_t monotonic_us) {
  if (chain.deadline_us != 0 && monotonic_us > chain.deadline_us)
    return all(chain, Verdict::overloaded, "its deadline passed while it waited");
  const std::uint32_t slot = slot_of(chain);
  if (!has(slot)) return all(chain, Verdict::not_owner, elsewhere);
  const auto schema = schemas_(chain.commands.front().entities.front().title);
  if (schema == nullptr) return all(chain, Verdict::invalid, "the title has no schema");

  Answer answer;
  std::size_t old_count = 0;
  for (const Command& command : chain.commands) {
    std::optional<Outcome> old = refused_by_age(command.key, now_ms);
    if (!old) {
      const Past* past = nullptr;
      const Executed state = executed(command.key, slot, &past);
      if (state == Executed::unread) return std::nullopt;
      if (state == Executed::before) old = decided_before(command, *past);
    }
    old_count += old ? 1 : 0;
    answer.outcomes.push_back(old ? std::move(*old)
                                  : Outcome{.verdict = Verdict::invalid,
                                            .message = "is linked with a command whose key can't "
                                                       "be decided now"});
    for (const EntityName& name : command.entities)
      if (entities_.touch(name) == nullptr) return std::nullopt;
  }
  answer.seq = batch_seq_;
  if (old_count != 0) return answer;
  answer = run(chain, *schema, write, now_ms);
  slots_[slot].last_seq = batch_seq_;
  return answer;
}

// All or none: what the commands make of the entities is kept apart until the last one held.
Answer Shard::run(Chain& chain, const Schema& schema, Write& write, std::int64_t now_ms) {
  std::unordered_map<EntityName, Entity, EntityHash> changed;
  Answer answer;
  answer.outcomes.reserve(chain.commands.size());
  std::optional<std::size_t> failed;
  std::vector<Entity> before;
  for (Command& command : chain.commands) {
    before.clear();
    for (const EntityName& name : command.entities) {
      const auto it = changed.empty() ? changed.end() : changed.find(name);
      before.push_back(it != changed.end() ? it->second : *entities_.touch(name));
    }
    if (planted("forget_guards")) command.guards.clear();
    Decision decision = sequencer::decide(command, before, schema, now_ms);
    answer.outcomes.push_back(std::move(decision.outcome));
    if (answer.outcomes.back().verdict != Verdict::applied) {
      failed = answer.outcomes.size() - 1;
      break;
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (decision.after[i].version == before[i].version) continue;
      if (chain.commands.size() == 1)
        change(command.entities[i], std::move(decision.after[i]));
      else
        changed.insert_or_assign(command.entities[i], std::move(decision.after[i]));
    }
  }

  if (failed && answer.outcomes[*failed].verdict == Verdict::invalid) {
    Outcome reason = std::move(answer.outcomes[*failed]);
    answer = all(chain, Verdict::invalid,
                 sentence("is linked with command ", *failed, ", which is invalid"));
    answer.outcomes[*failed] = std::move(reason);
    answer.seq = batch_seq_;
    return answer;
  }
  if (failed) {
    Outcome reason = std::move(answer.outcomes[*failed]);
    answer.outcomes.assign(chain.commands.size(),
                           Outcome{.verdict = Verdict::linked_failed,
                                   .time_ms = now_ms,
                                   .linked = static_cast<std::uint8_t>(*failed)});
    answer.outcomes[*failed] = std::move(reason);
  } else {
    for (auto& [name, entity] : changed) change(name, std::move(entity));
  }
  for (std::size_t i = 0; i < chain.commands.size(); ++i)
    keep(chain.commands[i], answer.outcomes[i], write);
  answer.seq = batch_seq_;
  return answer;
}

// REQUIRES: the entity is in memory.
void Shard::change(const EntityName& name, Entity entity) {
  Entity& now = *entities_.touch(name);
  before_.try_emplace(name, now);
  now = std::move(entity);
}

// Gives a decided command its place in the order.
void Shard::keep(Command& command, Outcome& outcome, Write& write) {
  outcome.seq = ++batch_seq_;
  executed_.put(command.key, outcome.seq);
  batch_keys_.push_back(command.key);
  write.commands.push_back({std::move(command), outcome});
}

std::optional<Answer> Shard::answer(const Read& read) {
  Answer answer;
  for (const EntityName& name : read.entities)
    if (!has(slot_of(name))) return Answer{.outcomes = {refused_elsewhere()}};
  for (const EntityName& name : read.entities) {
    const Entity* entity = entities_.touch(name);
    if (entity == nullptr) return std::nullopt;
    answer.entities.push_back(*entity);
  }
  answer.seq = batch_seq_;
  return answer;
}

std::optional<Answer> Shard::answer(const Lookup& lookup) const {
  if (!has(lookup.slot)) return Answer{.outcomes = {refused_elsewhere()}};
  const Past* past = nullptr;
  const Executed state = executed(lookup.key, lookup.slot, &past);
  if (state == Executed::unread) return std::nullopt;
  Answer answer;
  if (state == Executed::before) answer.outcomes.push_back(past->outcome);
  answer.seq = batch_seq_;
  return answer;
}

// A slot that comes takes a place in the order, above all that was decided where it was: so places
// of one arena grow across its moves, and what was read before that place is known to be too old.
Answer Shard::answer(const SlotChange& change, Write& write, std::int64_t now_ms) {
  Slot& slot = slots_[change.slot];
  Result<void> may = check_change(slot.row, change.row);
  const bool gives = change.row.state == SlotState::given && slot.row != change.row;
  if (may.ok() && gives && slot.last_seq > change.seq && !planted("forget_slots"))
    may = Error(Code::conflict, "the slot has commands that were not carried");
  if (!may.ok())
    return {.outcomes = {{.verdict = Verdict::invalid, .message = may.error().message()}},
            .seq = batch_seq_};
  if (slot.row != change.row) {
    slots_before_.emplace_back(change.slot, slot);
    slot.row = change.row;
    if (change.row.state == SlotState::owned) {
      batch_seq_ = std::max(batch_seq_, change.seq) + 1;
      slot.came = {.seq = batch_seq_, .unix_ms = now_ms};
    }
    write.slots.emplace_back(change.slot, change.row);
  }
  return {.outcomes = {{.verdict = Verdict::applied}}, .seq = batch_seq_};
}

// What is kept in memory of slots that are gone: it would be old when they come back.
void Shard::forget_given() {
  if (std::ranges::none_of(slots_before_, [&](const auto& before) {
        return slots_[before.first].row.state == SlotState::given;
      }))
    return;
  entities_.erase_if([&](const EntityName& name) { return !has(slot_of(name)); });
}

void Shard::undo() {
  for (auto& [name, entity] : before_) entities_.put(name, std::move(entity));
  for (const Key& key : batch_keys_) executed_.erase(key);
  for (; !slots_before_.empty(); slots_before_.pop_back())
    slots_[slots_before_.back().first] = slots_before_.back().second;
  batch_seq_ = row_.seq;
  for (Slot& slot : slots_) slot.last_seq = std::min(slot.last_seq, row_.seq);
}

void Shard::settle(bool committed, std::int64_t now_ms) {
  if (committed) {
    row_.seq = batch_seq_;
    forget_given();
  } else {
    undo();
  }
  before_.clear();
  slots_before_.clear();
  batch_keys_.clear();
  if (entities_.young_count() > options_.entity_count_max / 2) entities_.turn(row_.seq);
  if (executed_.young_count() > options_.key_count_max / 2 ||
      now_ms - executed_.young_since().unix_ms > key_turn_ms)
    executed_.turn({row_.seq, now_ms});
}

}  // namespace matsuri::sequencer
