// What a shard asks of its database. The production store is sql_store.h; the simulator has its
// own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sequencer/command.h"
#include "sequencer/slots.h"

namespace matsuri::sequencer {

// The one row of a shard: who may write, and how far the order has come.
struct ShardRow {
  std::uint64_t epoch = 0;  // the fencing token: grows with every owner
  std::string owner;        // for people
  std::int64_t lease_until_ms = 0;
  std::uint64_t seq = 0;  // of the last decided command

  bool operator==(const ShardRow&) const = default;
};

// A decided command, to be kept: idempotency, outbox and history in one row.
struct Decided {
  Command command;
  Outcome outcome;
};

// What is kept of one that came before, as far as its key asks for it.
struct Past {
  Key key;
  std::uint64_t fingerprint = 0;
  Outcome outcome;

  bool operator==(const Past&) const = default;
};

// What has to be known before chains can be decided.
struct Needs {
  std::vector<EntityName> entities;
  std::vector<Key> keys;

  bool empty() const { return entities.empty() && keys.empty(); }
};

// What the database knows of it, at one moment. What was asked and is not here does not exist
// there.
struct Found {
  std::uint64_t seq = 0;  // the shard's, in the same snapshot
  std::vector<std::pair<EntityName, Entity>> entities;
  std::vector<Past> commands;
};

// One transaction: all of it, or nothing.
struct Write {
  std::uint64_t epoch = 0;
  std::uint64_t seq_before = 0;
  std::uint64_t seq_after = 0;
  std::int64_t lease_until_ms = 0;
  std::vector<std::pair<EntityName, Entity>> entities;
  std::vector<Decided> commands;
  std::vector<std::pair<std::uint32_t, SlotRow>> slots;  // rows of the shard map that change
};

enum class Committed : std::uint8_t {
  done,
  fenced,   // the row has another epoch, or another seq: somebody else owns the shard
  failed,   // nothing happened; it may be tried again
  unknown,  // the connection broke while it committed: read the row before anything else
};

// One shard's database. load() may be called from one thread while another is in the other calls.
class Store {
 public:
  virtual ~Store() = default;
  // The shard's row; one of zeros where it has none yet.
  virtual Result<ShardRow> row() = 0;
  // Becomes owner: epoch + 1, if the row is still `seen`. Code::conflict if it is not.
  virtual Result<ShardRow> take(const ShardRow& seen, const std::string& owner,
                                std::int64_t lease_until_ms) = 0;
  // The rows of the shard map. What an owner reads after take() stays so until it changes them.
  virtual Result<Slots> slots() = 0;
  virtual Result<Found> load(const Needs& needs) = 0;
  virtual Committed commit(const Write& write) = 0;
};

}  // namespace matsuri::sequencer
