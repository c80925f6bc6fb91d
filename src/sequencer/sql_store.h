// A shard in a database of its own: a SQLite file, or a MariaDB schema. Two tables carry it,
// `entity` and the append-only `command` (days.h says when what is in it goes), beside the one row
// that says who may write.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sequencer/shard.h"
#include "sequencer/slots.h"
#include "sequencer/store.h"
#include "sql/db.h"

namespace matsuri::sequencer {

struct SqlStoreOptions {
  std::uint32_t number = 0;  // of the shard
  // How many shards there are. Counts once: the first start divides the slots among them.
  std::uint32_t shard_count = 1;
};

class SqlStore final : public Store {
 public:
  // Brings the schema up to date. `db` must be of full durability and outlive the store, and have a
  // reader's thread. Code::invalid where it is the database of another shard.
  static Result<std::unique_ptr<SqlStore>> open(sql::Db& db, Schemas schemas,
                                                const SqlStoreOptions& options = {});

  Result<ShardRow> row() override;
  Result<ShardRow> take(const ShardRow& seen, const std::string& owner,
                        std::int64_t lease_until_ms) override;
  Result<Slots> slots() override;
  Result<Found> load(const Needs& needs) override;
  Committed commit(const Write& write) override;

  // Among how many shards the slots were divided at the first start.
  std::uint32_t first_shard_count() const { return first_shard_count_; }

 private:
  SqlStore(sql::Db& db, Schemas schemas, const SqlStoreOptions& options,
           std::unique_ptr<sql::DedicatedConnection> writer)
      : db_(db), schemas_(std::move(schemas)), options_(options), writer_(std::move(writer)) {}

  enum class Place : std::uint8_t {
    moved,      // by this transaction
    there,      // already: an earlier commit of the same write came through
    elsewhere,  // somebody else moved it
  };
  Result<Place> move_row(sql::Connection& connection, const Write& write);
  Result<void> write_entities(sql::Connection& connection, const Write& write);
  Result<void> found_shard();
  static Result<void> write_slots(sql::Connection& connection, const Write& write);
  Result<void> write_commands(sql::Connection& connection, const Write& write);
  Result<void> read_entities(sql::Connection& connection, std::span<const sql::Value> names,
                             Found& found, Result<void>& parsed) const;
  Result<void> read_commands(sql::Connection& connection, std::span<const sql::Value> keys,
                             Found& found, Result<void>& parsed) const;

  sql::Db& db_;
  Schemas schemas_;
  SqlStoreOptions options_;
  std::uint32_t first_shard_count_ = 0;
  std::unique_ptr<sql::DedicatedConnection> writer_;
};

}  // namespace matsuri::sequencer
