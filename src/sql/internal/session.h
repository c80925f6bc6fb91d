// What an engine does for Db, and all that db.cc and its helpers know of it. The two engines are
// the only files that include their client's headers.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::sql::internal {

// One connection with its transaction. One thread at a time.
class Session : public Connection {
 public:
  // Both reconnect first where the connection was lost.
  virtual Result<void> begin_write() = 0;
  virtual Result<void> begin_read() = 0;
  // Whatever the outcome, no transaction is open afterwards.
  virtual CommitOutcome commit(std::optional<Error>* error) = 0;
  // Also where the engine has rolled back by itself, or the connection is gone.
  virtual void rollback() = 0;
  // False once the engine has rolled the whole transaction back by itself, or lost the connection.
  virtual bool in_transaction() const = 0;

  // One level only: a savepoint is released or rolled back to before the next is set.
  virtual Result<void> savepoint() = 0;
  virtual Result<void> release_savepoint() = 0;
  virtual Result<void> rollback_to_savepoint() = 0;

  // Runs one statement as it stands: not rewritten, not kept, its rows thrown away. For DDL.
  virtual Result<void> run(const std::string& text) = 0;
  // True where the last run() failed because what it makes is there already, or what it drops gone.
  virtual bool was_done_before() const = 0;
  // True where DDL is undone by rollback().
  virtual bool transactional_ddl() const = 0;
};

enum class SessionKind : std::uint8_t {
  writer,
  reader,       // refuses to write
  maintenance,  // may wait for a statement as long as it takes
};

// A database that can be connected to. Thread-safe.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual Result<std::unique_ptr<Session>> connect(SessionKind kind) = 0;
  // Called while no writer of this process is in a transaction.
  virtual Result<void> checkpoint() = 0;
  virtual Result<void> snapshot_to(const std::string& path) = 0;
};

// Connect, check the settings, and keep nothing open but what the first connect() can use.
Result<std::unique_ptr<Driver>> open_sqlite(const DbOptions& options);
Result<std::unique_ptr<Driver>> open_mariadb(const DbOptions& options);

// Asks nobody yet: see sql/replica.h.
std::unique_ptr<Driver> mariadb_replica(const DbOptions& options, std::chrono::seconds answer_max);

Result<void> restore_sqlite(const DbOptions& options, const std::string& path);
Result<void> restore_mariadb(const DbOptions& options, const std::string& path);

}  // namespace matsuri::sql::internal
