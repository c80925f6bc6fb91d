// What the tests of account begin with: main's database, its outbox, and everything that works on
// it, with a clock that stands still and passwords that cost next to nothing.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "account/exec.h"
#include "account/query.h"
#include "account/schema.h"
#include "base/assert.h"
#include "io/random.h"
#include "sql/testing/engines.h"

namespace matsuri::account::testing {

inline constexpr std::int64_t start_ms = 1'790'000'000'000;
inline constexpr PasswordCost cheap{.memory_size = crypto_pwhash_MEMLIMIT_MIN, .passes = 1};

// Waits for what `call` gives to its completion.
template <class T, class Call>
Result<Committed<T>> wait_for(Call call) {
  std::promise<Result<Committed<T>>> promise;
  auto future = promise.get_future();
  call([&promise](Result<Committed<T>> result) { promise.set_value(std::move(result)); });
  return future.get();
}

class AccountsTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    options_ = fresh_options("main");
    start();
  }

  // Opens everything over the same database; a second call is a restart.
  void start() {
    stop();
    db_ = open(options_);
    MATSURI_ASSERT(db_->migrate("main", migrations()).ok());
    outbox_ = stream::Outbox::open(*db_, Region{0}, Node{1}, io::system_random()).value();
    ids_ = journal::IdMaker::open({.path = folder() + "/ids", .node = Node{1}, .clock = &clock_})
               .value();
    hashers_ = std::make_unique<io::ThreadPool>(
        io::ThreadPoolOptions{.name = "password", .thread_count = 2, .queue_count_max = 64});
    standings_ = std::make_unique<Standings>(clock_);
    MATSURI_ASSERT(db_->read_and_wait(
                          [&](sql::Connection& connection) { return standings_->load(connection); })
                       .ok());
    accounts_ = std::make_unique<Accounts>(AccountsParts{.db = *db_,
                                                         .outbox = *outbox_,
                                                         .ids = *ids_,
                                                         .standings = *standings_,
                                                         .hashers = *hashers_,
                                                         .clock = clock_,
                                                         .cost = cheap});
  }
  void stop() {
    hashers_.reset();  // joins: nothing works on the rest any more
    db_.reset();
    accounts_.reset();
    standings_.reset();
    ids_.reset();
    outbox_.reset();
  }
  void TearDown() override { stop(); }

  // Lets time pass, and waits until ids of then can be made.
  void advance_ms(std::int64_t ms) {
    clock_.advance_ms(ms);
    while (!ids_->next().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  Result<Committed<SignedIn>> sign_up(const std::string& handle,
                                      const std::string& name = "Somebody",
                                      const std::string& password = "correct horse") {
    return wait_for<SignedIn>([&](auto done) {
      accounts_->sign_up(
          {.handle = handle, .name = name, .password = password, .user_agent = "test/1"}, executor_,
          std::move(done));
    });
  }
  SignedIn must_sign_up(const std::string& handle) {
    auto signed_up = sign_up(handle);
    MATSURI_ASSERT(signed_up.ok(), signed_up.ok() ? "" : signed_up.error().message());
    return std::move(signed_up).value().value;
  }
  Result<Committed<SignedIn>> log_in(const std::string& handle,
                                     const std::string& password = "correct horse",
                                     const std::string& user_agent = "test/2") {
    return wait_for<SignedIn>([&](auto done) {
      accounts_->log_in({.handle = handle, .password = password, .user_agent = user_agent},
                        executor_, std::move(done));
    });
  }
  Result<Committed<Nothing>> close_session(AccountId account, std::uint64_t session) {
    return wait_for<Nothing>([&](auto done) {
      accounts_->close_session(account, SessionId{session}, executor_, std::move(done));
    });
  }
  Result<Committed<Nothing>> close_sessions(AccountId account) {
    return wait_for<Nothing>(
        [&](auto done) { accounts_->close_sessions(account, executor_, std::move(done)); });
  }
  Result<Committed<CreatedToken>> create_token(AccountId account, const std::string& label) {
    return wait_for<CreatedToken>(
        [&](auto done) { accounts_->create_token(account, label, executor_, std::move(done)); });
  }
  Result<Committed<Nothing>> close_token(AccountId account, TokenId token) {
    return wait_for<Nothing>(
        [&](auto done) { accounts_->close_token(account, token, executor_, std::move(done)); });
  }
  Result<Committed<Account>> change_profile(AccountId account, const ProfileChange& change) {
    return wait_for<Account>(
        [&](auto done) { accounts_->change_profile(account, change, executor_, std::move(done)); });
  }
  Result<Committed<Account>> rename(AccountId account, const std::string& name) {
    return change_profile(account, {.name = name});
  }
  Result<Committed<Account>> set_role(const std::string& handle, Role role) {
    return wait_for<Account>(
        [&](auto done) { accounts_->set_role(handle, role, executor_, std::move(done)); });
  }
  Result<Committed<Nothing>> set_block(AccountId account, const std::string& handle, bool blocked) {
    return wait_for<Nothing>([&](auto done) {
      accounts_->set_block(account, handle, blocked, executor_, std::move(done));
    });
  }
  Result<Committed<Nothing>> set_mute(AccountId account, const std::string& handle, bool muted) {
    return wait_for<Nothing>([&](auto done) {
      accounts_->set_mute(account, handle, muted, executor_, std::move(done));
    });
  }

  // What `body` gives for a reader's connection.
  template <class Body>
  auto read(Body body) {
    using Value = typename decltype(body(std::declval<sql::Connection&>()))::value_type;
    std::optional<Value> value;
    const Result<void> done = db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(value, body(connection));
      return {};
    });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
    return std::move(*value);
  }
  std::int64_t number_of(std::string_view text) {
    return *read([&](sql::Connection& connection) { return connection.integer(text); });
  }
  std::vector<Session> sessions_of(AccountId account) {
    return read([&](sql::Connection& connection) {
      return account::sessions_of(connection, account, clock_.unix_ms());
    });
  }
  // The facts in main's outbox after `offset`.
  std::vector<Event> facts_after(std::uint64_t offset) {
    std::vector<Event> facts;
    for (const stream::Record& record : outbox_->read(offset, 1000).value())
      facts.push_back(record.event);
    return facts;
  }

  io::InlineExecutor executor_;
  io::ManualClock clock_{start_ms};
  sql::DbOptions options_;
  std::unique_ptr<sql::Db> db_;
  std::unique_ptr<stream::Outbox> outbox_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<io::ThreadPool> hashers_;
  std::unique_ptr<Standings> standings_;
  std::unique_ptr<Accounts> accounts_;
};

}  // namespace matsuri::account::testing
