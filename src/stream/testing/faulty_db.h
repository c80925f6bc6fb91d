// A database whose appliers die where a test says: for a crash between any two statements, on both
// engines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sql/db.h"

namespace matsuri::stream::testing {

// Passes everything on to `real`, and counts the calls of dedicated connections: begin, statements
// and commit. Thread-safe as far as `real` is.
class FaultyDb final : public sql::Db {
 public:
  explicit FaultyDb(sql::Db& real);

  enum class Death : std::uint8_t { before, after };
  // At call number `index` (from 0), before or after the engine did it, the connection dies: an
  // open transaction is rolled back, and this call and all later ones answer Code::io.
  void die(Death death, std::uint64_t index);
  bool is_dead() const;
  std::uint64_t call_count() const;

  // While it is away, a transaction does not begin (Code::busy), and nothing is lost. Thread-safe.
  void be_away(bool away);

  // A planted bug: the position of a view is moved in a transaction of its own, before the rows.
  void move_positions_apart();

  Result<void> migrate(std::string_view component,
                       std::span<const sql::Migration> migrations) override;
  Result<void> write(Body body, io::Executor& executor, Done done) override;
  Result<void> read(Body body, io::Executor& executor, Done done) override;
  Result<std::unique_ptr<sql::DedicatedConnection>> dedicate() override;
  Result<void> checkpoint() override;
  Result<void> snapshot_to(const std::string& path) override;
  sql::Engine engine() const override;
  const std::string& name() const override;

  struct State;

 private:
  sql::Db& real_;
  std::shared_ptr<State> state_;
};

}  // namespace matsuri::stream::testing
