// One shard's order, as a state machine: no thread, no clock, no database. Whoever drives it brings
// chains in, reads for it what it needs, writes what it decided, and tells it what became of that.
// sequencer.h drives it with threads and SQL, sim_test.cc with a simulated world.
//
//   needs(chains) -> the driver reads -> found(…)      as often as it likes, beside everything else
//   decide(chains) -> the driver commits -> settle(…)  one batch at a time
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include "sequencer/command.h"
#include "sequencer/recent.h"
#include "sequencer/schema.h"
#include "sequencer/slots.h"
#include "sequencer/store.h"

namespace matsuri::sequencer {

// Gives the schema of a title; nullptr where it has none. Called with the shard's thread.
using Schemas = std::function<std::shared_ptr<const Schema>(TitleId)>;

// Looks at entities at their place in the order. They may be of several arenas.
struct Read {
  std::vector<EntityName> entities;
};

// Asks what became of a key. What is not known at this place in the order was not executed before
// it.
struct Lookup {
  Key key;
  // Of the key's arena: whether it was executed only the shard can say that has it.
  std::uint32_t slot = 0;
};

using Request = std::variant<Chain, Read, Lookup, SlotChange>;
using Requests = std::span<const Request* const>;

struct Answer {
  // Of a Chain, one a command; of a Lookup, one or none; of a SlotChange, one; of a Read, one where
  // it was refused.
  std::vector<Outcome> outcomes;
  std::vector<Entity> entities;  // of a Read
  std::uint64_t seq = 0;         // the place in the order
  std::uint32_t shard = 0;       // whose order: its number
};

struct ShardOptions {
  std::size_t entity_count_max = 1U << 20;  // held in memory, about
  std::size_t key_count_max = 1U << 21;     // keys remembered, about
};

// Not thread-safe.
class Shard {
 public:
  Shard(ShardOptions options, Schemas schemas);

  // Begins with nothing in memory, as the owner that `row` names. REQUIRES: slot_count slots.
  void own(const ShardRow& row, Slots slots, std::int64_t now_ms);

  // What is missing to decide these; some of it may be there already by the time of decide().
  Needs needs(Requests requests) const;
  // Takes in what the database knew of `asked`. What became stale meanwhile is left out, and will
  // be asked for again.
  void found(const Needs& asked, const Found& found);

  struct Batch {
    // For the first of the requests, in their order. Those behind wait for something that has to be
    // read first (or for this batch, where they repeat a key of it): bring them again, at the
    // front.
    std::vector<Answer> answers;
    Write write;  // nothing in it where only reads and refusals were among them
  };
  // Takes the commands out of those chains that it writes. REQUIRES: settle() was called since the
  // last decide() that wrote something.
  Batch decide(std::span<Request* const> requests, std::int64_t now_ms, std::int64_t monotonic_us);

  // What became of the write: kept, or undone as if it had never been decided.
  void settle(bool committed, std::int64_t now_ms);

  const ShardRow& row() const { return row_; }

 private:
  struct EntityHash {
    std::size_t operator()(const EntityName& name) const noexcept;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Moment {
    std::uint64_t seq = 0;
    std::int64_t unix_ms = 0;
  };
  // What the database said of a key.
  struct Said {
    std::uint64_t seq = 0;  // of the snapshot that said so
    std::optional<Past> past;
  };
  // A row of the shard map, and when the slot came: what was known of it before says nothing.
  struct Slot {
    SlotRow row;
    Moment came;
    std::uint64_t last_seq = 0;  // the last of its commands is here or before
  };
  bool has(std::uint32_t slot) const;
  enum class Executed : std::uint8_t { never, before, unread };
  // Was the key ever executed? `past` gets the command, where it is to be had.
  Executed executed(const Key& key, std::uint32_t slot, const Past** past) const;
  std::optional<Answer> answer(Chain& chain, Write& write, std::int64_t now_ms,
                               std::int64_t monotonic_us);
  std::optional<Answer> answer(const Read& read);
  std::optional<Answer> answer(const Lookup& lookup) const;
  Answer answer(const SlotChange& change, Write& write, std::int64_t now_ms);
  void undo();
  void forget_given();
  Answer run(Chain& chain, const Schema& schema, Write& write, std::int64_t now_ms);
  void change(const EntityName& name, Entity entity);
  void keep(Command& command, Outcome& outcome, Write& write);

  ShardOptions options_;
  Schemas schemas_;
  ShardRow row_;
  Recent<EntityName, Entity, std::uint64_t, EntityHash> entities_;
  // Keys that were executed by this owner.
  Recent<Key, std::uint64_t, Moment, KeyHash> executed_;
  // What the database said of keys; needed from found() to decide().
  Recent<Key, Said, std::uint64_t, KeyHash> said_;
  std::vector<Slot> slots_;
  // Of the batch that is open: what its entities and slots were, its keys, its last place in the
  // order.
  std::unordered_map<EntityName, Entity, EntityHash> before_;
  std::vector<std::pair<std::uint32_t, Slot>> slots_before_;
  std::vector<Key> batch_keys_;
  std::uint64_t batch_seq_ = 0;
};

}  // namespace matsuri::sequencer
