#include "stream/testing/faulty_db.h"

#include <atomic>
#include <utility>

namespace matsuri::stream::testing {

struct FaultyDb::State {
  Death death = Death::before;
  std::uint64_t fatal = ~std::uint64_t{0};
  bool positions_apart = false;
  std::atomic<std::uint64_t> count{0};
  std::atomic<bool> dead{false};
  std::atomic<bool> away{false};
};

namespace {

using Death = FaultyDb::Death;
using State = FaultyDb::State;

class FaultyConnection final : public sql::DedicatedConnection, private sql::Connection {
 public:
  FaultyConnection(std::unique_ptr<sql::DedicatedConnection> real, std::shared_ptr<State> state)
      : real_(std::move(real)), state_(std::move(state)) {}

  Result<void> begin() override {
    if (state_->away) return Error(Code::busy, "the database is away");
    return call([&] { return real_->begin(); });
  }

  sql::CommitOutcome commit(std::optional<Error>* error) override {
    sql::CommitOutcome outcome = sql::CommitOutcome::failed;
    const Result<void> called = call([&]() -> Result<void> {
      outcome = real_->commit(error);
      return {};
    });
    if (called.ok()) return outcome;
    if (error) *error = called.error();
    // As a server's answer that was lost: who committed does not know.
    return outcome == sql::CommitOutcome::done ? sql::CommitOutcome::unknown : outcome;
  }

  void rollback() override { real_->rollback(); }
  sql::Connection& connection() override { return *this; }

 private:
  Result<void> query(std::string_view text, std::span<const sql::Value> parameters,
                     const sql::RowCallback& row) override {
    return call([&] { return real_->connection().query(text, parameters, row); });
  }
  Result<std::uint64_t> execute(std::string_view text,
                                std::span<const sql::Value> parameters) override {
    std::uint64_t matched = 0;
    TRY(call([&]() -> Result<void> {
      TRY_ASSIGN(matched, real_->connection().execute(text, parameters));
      const bool moves =
          text.starts_with("UPDATE view_position") || text.starts_with("INSERT INTO view_position");
      if (!moves || !state_->positions_apart) return {};
      std::optional<Error> error;
      if (real_->commit(&error) != sql::CommitOutcome::done) return *error;
      return real_->begin();
    }));
    return matched;
  }
  Result<void> insert_rows(std::string_view head, std::string_view tail, std::size_t column_count,
                           std::span<const sql::Value> values) override {
    return call([&] { return real_->connection().insert_rows(head, tail, column_count, values); });
  }
  sql::Engine engine() const override { return real_->connection().engine(); }

  template <class Work>
  Result<void> call(Work work) {
    if (state_->dead) return death();
    const std::uint64_t index = state_->count++;
    const bool fatal = index == state_->fatal;
    if (fatal && state_->death == Death::before) return death();
    TRY(work());
    if (fatal) return death();
    return {};
  }
  Error death() {
    state_->dead = true;
    real_->rollback();
    return {Code::io, "the process has died"};
  }

  std::unique_ptr<sql::DedicatedConnection> real_;
  std::shared_ptr<State> state_;
};

}  // namespace

FaultyDb::FaultyDb(sql::Db& real) : real_(real), state_(std::make_shared<State>()) {}

void FaultyDb::die(Death death, std::uint64_t index) {
  state_->death = death;
  state_->fatal = index;
}
bool FaultyDb::is_dead() const { return state_->dead; }
std::uint64_t FaultyDb::call_count() const { return state_->count; }
void FaultyDb::be_away(bool away) { state_->away = away; }
void FaultyDb::move_positions_apart() { state_->positions_apart = true; }

Result<std::unique_ptr<sql::DedicatedConnection>> FaultyDb::dedicate() {
  TRY_ASSIGN(auto real, real_.dedicate());
  return std::unique_ptr<sql::DedicatedConnection>(
      std::make_unique<FaultyConnection>(std::move(real), state_));
}

Result<void> FaultyDb::migrate(std::string_view component,
                               std::span<const sql::Migration> migrations) {
  return real_.migrate(component, migrations);
}
Result<void> FaultyDb::write(Body body, io::Executor& executor, Done done) {
  return real_.write(std::move(body), executor, std::move(done));
}
Result<void> FaultyDb::read(Body body, io::Executor& executor, Done done) {
  return real_.read(std::move(body), executor, std::move(done));
}
Result<void> FaultyDb::checkpoint() { return real_.checkpoint(); }
Result<void> FaultyDb::snapshot_to(const std::string& path) { return real_.snapshot_to(path); }
sql::Engine FaultyDb::engine() const { return real_.engine(); }
const std::string& FaultyDb::name() const { return real_.name(); }

}  // namespace matsuri::stream::testing
