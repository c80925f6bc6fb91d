// SQL behind one small interface: SQLite for one machine, MariaDB for many, the same statements for
// both. The text is written in SQLite's form; dialect.h has the three rules that rewrite it for
// MariaDB, once per statement.
//
// What our SQL may use is in README.md (multi-row VALUES, ON CONFLICT … DO UPDATE / DO NOTHING with
// excluded.x, CTEs, RETURNING on INSERT and DELETE); what it may not as well.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/executor.h"

namespace matsuri::sql {

enum class Engine : std::uint8_t { sqlite, mariadb };

// `full`: a commit that was answered survives a power cut. `normal`: it may be lost (never torn);
// only for views that can be rebuilt, and only up to the last checkpoint().
enum class Durability : std::uint8_t { full, normal };

// A parameter or a column. Text and blobs are views: of the caller's memory as parameters, of the
// row's until the next step as columns. Unsigned ids fit (they are below 2^63).
class Value {
 public:
  Value() = default;                                                         // NULL
  Value(std::nullptr_t) {}                                                   // NOLINT
  Value(std::int64_t number) : data_(number) {}                              // NOLINT
  Value(std::uint64_t number) : data_(static_cast<std::int64_t>(number)) {}  // NOLINT
  Value(std::int32_t number) : data_(std::int64_t{number}) {}                // NOLINT
  Value(std::uint32_t number) : data_(std::int64_t{number}) {}               // NOLINT
  Value(std::string_view text) : data_(text) {}                              // NOLINT
  Value(const std::string& text) : data_(std::string_view(text)) {}          // NOLINT
  Value(const char* text) : data_(std::string_view(text)) {}                 // NOLINT
  Value(Bytes blob) : data_(blob) {}                                         // NOLINT

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const std::variant<std::monostate, std::int64_t, std::string_view, Bytes>& data() const {
    return data_;
  }

 private:
  std::variant<std::monostate, std::int64_t, std::string_view, Bytes> data_;
};

// One row of a result, valid until the callback that got it returns.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(std::size_t column) const = 0;
  virtual std::int64_t integer(std::size_t column) const = 0;   // 0 for NULL
  virtual std::string_view text(std::size_t column) const = 0;  // "" for NULL
  virtual Bytes blob(std::size_t column) const = 0;

  std::uint64_t id(std::size_t column) const { return static_cast<std::uint64_t>(integer(column)); }
};

using RowCallback = std::function<void(const Row&)>;

// One connection, one thread at a time. Statements are prepared once per text and kept.
//
// Errors: Code::conflict for a broken unique or check constraint, Code::busy for what a retry of the
// whole transaction may mend (deadlock, lock wait, lost connection, full disk), Code::invalid for a
// value that its column can't hold (too long, wrong type, NULL) or a wrong number of parameters,
// Code::corrupt where the database says that it is damaged, Code::io for the rest.
class Connection {
 public:
  virtual ~Connection() = default;

  // Runs a statement with '?' parameters and gives each row to `row`.
  virtual Result<void> query(std::string_view text, std::span<const Value> parameters,
                             const RowCallback& row) = 0;
  // Runs a statement without result; gives the number of rows that it matched. Only meaningful for
  // UPDATE … WHERE and DELETE: never decide "was new" by the count of an INSERT.
  virtual Result<std::uint64_t> execute(std::string_view text,
                                        std::span<const Value> parameters) = 0;
  // INSERT … VALUES of many rows with few round trips. `head` ends before VALUES, `tail` (often an
  // ON CONFLICT clause) follows the rows. REQUIRES: values.size() == row_count * column_count. A
  // column has one kind of value (or NULL) in all rows. On an error some rows may be in: roll back.
  virtual Result<void> insert_rows(std::string_view head, std::string_view tail,
                                   std::size_t column_count, std::span<const Value> values) = 0;
  virtual Engine engine() const = 0;

  Result<void> query(std::string_view text, std::initializer_list<Value> parameters,
                     const RowCallback& row) {
    return query(text, std::span(parameters.begin(), parameters.size()), row);
  }
  Result<std::uint64_t> execute(std::string_view text,
                                std::initializer_list<Value> parameters = {}) {
    return execute(text, std::span(parameters.begin(), parameters.size()));
  }
  // The first column of the first row as a number; nullopt where there is no row or it is NULL.
  Result<std::optional<std::int64_t>> integer(std::string_view text,
                                              std::initializer_list<Value> parameters = {});
};

// What is known of a COMMIT. `unknown`: the connection broke while it ran; the owner has to look at
// the database (a row of its own) before it decides anything else.
enum class CommitOutcome : std::uint8_t { done, failed, unknown };

// A connection that one owner keeps (an applier, a sequencer), with transactions in its own hands.
// One thread at a time. Reconnects by itself at begin() after the connection was lost.
class DedicatedConnection {
 public:
  virtual ~DedicatedConnection() = default;
  // Begins a transaction that may write (BEGIN IMMEDIATE on SQLite). Code::busy to retry.
  virtual Result<void> begin() = 0;
  // `error` (if given) gets the reason when it is not done.
  virtual CommitOutcome commit(std::optional<Error>* error = nullptr) = 0;
  virtual void rollback() = 0;
  virtual Connection& connection() = 0;
};

struct DbOptions {
  Engine engine = Engine::sqlite;
  std::string name;  // of the subsystem: "main", "timeline": in logs and metrics
  Durability durability = Durability::full;
  std::size_t reader_count = 2;
  std::size_t queue_count_max = 1024;  // strict transactions and reads that may wait

  std::string sqlite_path;
  std::string
      sqlite_vfs;  // for tests: a registered VFS (sql/testing/sim_vfs.h); empty means the system's

  std::string mariadb_socket;  // or host and port
  std::string mariadb_host;
  std::uint16_t mariadb_port = 3306;
  std::string mariadb_user;
  std::string mariadb_password;
  std::string mariadb_schema;  // made where missing, if the user may

  metrics::Registry* metrics = nullptr;
};

// One step of a schema's history. Versions are 1, 2, 3, …; a text may hold several statements,
// separated by ";". {ID}, {INT}, {TEXT(n)}, {BLOB}, {BLOB(n)}, {TABLE_OPTIONS}, {CLUSTERED_OPTIONS}
// stand for the engine's types (README.md).
struct Migration {
  std::uint32_t version;
  std::string_view text;
};

// One database of one subsystem. Thread-safe. Owns one thread for strict transactions and
// `reader_count` for reads; I/O threads never wait in it.
class Db {
 public:
  // Connects, and checks the settings that our promises rest on (SQLite: journal_mode, synchronous;
  // MariaDB: version, innodb_flush_log_at_trx_commit, sync_binlog where there is a binlog,
  // innodb_snapshot_isolation, character set): Code::invalid names the one that is wrong and the
  // right value.
  static Result<std::unique_ptr<Db>> open(const DbOptions& options);
  // Fills the empty database that `options` names from a file of snapshot_to() of the same engine.
  // Code::invalid where the database holds tables already, Code::corrupt where the file is damaged;
  // then the database is left empty. No Db of it may be open.
  static Result<void> restore(const DbOptions& options, const std::string& path);
  // Finishes what was accepted. Dedicated connections must be gone.
  virtual ~Db() = default;

  // Brings the schema named `component` up to the last of `migrations`. Code::invalid where the
  // database is newer than this program. Several components may share a database (stream's tables
  // and the domain's).
  virtual Result<void> migrate(std::string_view component,
                               std::span<const Migration> migrations) = 0;

  // Runs `body` in a transaction on the writer's thread, together with others that wait (a
  // savepoint each, one commit for all), and then `done` through `executor`. A body's error rolls
  // back its own work only. Retries by itself what Code::busy says may be retried, at most for 5 s:
  // so `body` may run more than once. Code::busy (returned at once) where the queue is full; then
  // `done` never runs.
  using Body = std::move_only_function<Result<void>(Connection&)>;
  using Done = std::move_only_function<void(Result<void>)>;
  virtual Result<void> write(Body body, io::Executor& executor, Done done) = 0;
  // The same, waiting on the calling thread. Never on an I/O thread.
  Result<void> write_and_wait(Body body);

  // Runs `body` on a reader's thread (no transaction that writes; each sees one snapshot), then
  // `done` through `executor`. Code::busy where the queue is full.
  virtual Result<void> read(Body body, io::Executor& executor, Done done) = 0;
  Result<void> read_and_wait(Body body);

  virtual Result<std::unique_ptr<DedicatedConnection>> dedicate() = 0;

  // Makes every commit so far durable, also under Durability::normal (SQLite: a synced checkpoint).
  virtual Result<void> checkpoint() = 0;

  // Writes a consistent copy to `path` (SQLite: one file; MariaDB: a dump in our own SQL form),
  // while others write. For backup and for snapshots of views. Code::conflict where `path` exists.
  virtual Result<void> snapshot_to(const std::string& path) = 0;

  virtual Engine engine() const = 0;
  virtual const std::string& name() const = 0;
};

}  // namespace matsuri::sql
