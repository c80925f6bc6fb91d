// What people do to accounts. All of it is strict: an answer comes when main's transaction has
// committed, with the position of the fact that tells the other domains.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "account/apply.h"
#include "account/credential.h"
#include "account/model.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/thread_pool.h"
#include "journal/id_maker.h"
#include "model/position.h"
#include "sql/db.h"
#include "stream/outbox.h"
#include "stream/strict.h"

namespace matsuri::account {

using stream::Changed;
using stream::Committed;
using stream::Completion;

struct Nothing {};

struct SignedIn {
  Account account;
  Credential credential;
};

struct CreatedToken {
  Token token;
  Credential credential;
};

// Somebody from another system: no password, so nobody can sign in as them.
struct ImportedAccount {
  std::string source;
  std::string source_id;
  std::string handle;
  std::string name;
  AccountId id;  // with the original time
  std::string bio;
  std::uint64_t face = 0;  // 0: the one that follows from the id
};

// What somebody changes of themselves; what is not there stays.
struct ProfileChange {
  std::optional<std::string> name;
  std::optional<std::string> bio;
  std::optional<face::Genome> face;
  std::optional<Audience> follows_shown_to;
  std::optional<Audience> empathies_shown_to;
};

// Argon2id with OWASP's second recommended cost (19 MiB, 2 passes); about 14 ms of a core.
struct PasswordCost {
  std::uint64_t memory_size = std::uint64_t{19} << 20;
  std::uint64_t passes = 2;
};

// Gives the role inside the caller's transaction, and the fact to put into main's outbox with it.
// Code::not_found where nobody has the handle.
Result<AccountChanged> change_role(sql::Connection& connection, std::string_view handle, Role role);

struct AccountsParts {
  sql::Db& db;
  stream::Outbox& outbox;
  journal::IdMaker& ids;
  Standings& standings;
  io::ThreadPool& hashers;  // passwords are hashed here: its queue is the admission limit
  io::Clock& clock;
  PasswordCost cost = {};
};

// Thread-safe. Every call answers Code::busy where a queue is full.
class Accounts {
 public:
  explicit Accounts(AccountsParts parts);

  struct SignUp {
    std::string handle;
    std::string name;
    std::string password;
    std::string user_agent;
  };
  // Code::invalid for a form that check_handle() and the others refuse, Code::conflict where the
  // handle is taken.
  void sign_up(SignUp wanted, io::Executor& executor, Completion<Committed<SignedIn>> done);

  struct LogIn {
    std::string handle;
    std::string password;
    std::string user_agent;
  };
  // Code::unauthenticated where handle and password do not belong together. Takes the same time for
  // a handle that nobody has.
  void log_in(const LogIn& wanted, io::Executor& executor, Completion<Committed<SignedIn>> done);

  // Code::not_found where the account has no such open session.
  void close_session(AccountId account, SessionId session, io::Executor& executor,
                     Completion<Committed<Nothing>> done);
  // Ends all sessions by raising the epoch.
  void close_sessions(AccountId account, io::Executor& executor,
                      Completion<Committed<Nothing>> done);

  // Code::exhausted past token_count_max.
  void create_token(AccountId account, const std::string& label, io::Executor& executor,
                    Completion<Committed<CreatedToken>> done);
  void close_token(AccountId account, TokenId token, io::Executor& executor,
                   Completion<Committed<Nothing>> done);

  // Code::invalid where nothing is to be changed, or what clean_name() and clean_bio() refuse.
  void change_profile(AccountId account, ProfileChange change, io::Executor& executor,
                      Completion<Committed<Account>> done);
  // Code::not_found where nobody has the handle. The caller has checked that it may.
  void set_role(std::string handle, Role role, io::Executor& executor,
                Completion<Committed<Account>> done);
  // Code::not_found where nobody has the handle, Code::invalid for oneself.
  void set_block(AccountId account, std::string handle, bool blocked, io::Executor& executor,
                 Completion<Committed<Nothing>> done);

  // The same for not wanting to see what somebody says.
  void set_mute(AccountId account, std::string handle, bool muted, io::Executor& executor,
                Completion<Committed<Nothing>> done);

  // In one transaction, waiting: the ids of all, in their order; an account that an earlier import
  // made keeps its first id. A handle that is taken gets Code::conflict in its place.
  Result<std::vector<Result<AccountId>>> import(const std::vector<ImportedAccount>& wanted);

  // Deletes sessions that are too old to count, at most 10 000 at a time. Gives how many it was.
  Result<std::uint64_t> forget_old_sessions();

  // Notes that a session was used; written some time later, many at once (flush_seen()).
  void seen(SessionId session);
  Result<void> flush_seen();

 private:
  // stream::commit(); the facts are in `standings` before `done` runs.
  template <class T, class Body>
  void commit(io::Executor& executor, Body body, Completion<Committed<T>> done);
  void publish(const std::vector<Event>& facts, const Position& position);
  // Opens a session inside a transaction, and closes the oldest beyond session_count_max.
  Result<Changed<SignedIn>> open_session(sql::Connection& connection, const Account& account,
                                         std::uint32_t epoch, const std::string& user_agent);
  // Blocks and mutes: a table of pairs with a flag.
  enum class Pair : std::uint8_t { block, mute };
  void set_pair(Pair pair, AccountId account, std::string handle, bool wanted,
                io::Executor& executor, Completion<Committed<Nothing>> done);
  Result<Changed<Nothing>> change_pair(sql::Connection& connection, Pair pair, AccountId account,
                                       std::string_view handle, bool wanted);
  Result<Changed<Nothing>> close_credential(sql::Connection& connection, std::string_view table,
                                            AccountId account, std::uint64_t credential);
  void hash_then(io::Executor& executor, std::string password,
                 std::move_only_function<void(Result<std::string>)> done);

  AccountsParts parts_;
  std::string
      decoy_hash_;  // of no password: what a log-in with an unknown handle is checked against
  std::mutex seen_mutex_;
  std::unordered_map<SessionId, std::int64_t> seen_;
};

}  // namespace matsuri::account
