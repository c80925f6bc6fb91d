#include "account/exec.h"

#include <sodium.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "account/query.h"
#include "base/assert.h"
#include "base/log.h"
#include "sql/call.h"
#include "text/unicode.h"

namespace matsuri::account {
namespace {

Result<std::string> hash_of(const std::string& password, const PasswordCost& cost) {
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), cost.passes, cost.memory_size,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Error(Code::busy, "no memory to hash a password: try again");
  return std::string(hash);
}

// A header's text as we keep and show it: valid UTF-8 of bounded size.
std::string bounded_user_agent(std::string user_agent) {
  if (!text::is_utf8(user_agent)) return "";
  std::size_t end = 0;
  while (end < user_agent.size()) {
    const text::Point point = text::point_at(user_agent, end);
    if (text::is_control(point.value)) return "";
    if (end + point.size > user_agent_size_max) break;
    end += point.size;
  }
  user_agent.resize(end);
  return user_agent;
}

// REQUIRES: the fact is of main.
AccountId owner_of(const Event& fact) {
  if (const auto* changed = std::get_if<AccountChanged>(&fact)) return changed->account;
  if (const auto* closed = std::get_if<CredentialClosed>(&fact)) return closed->account;
  if (const auto* muted = std::get_if<MuteChanged>(&fact)) return muted->account;
  return std::get<BlockChanged>(fact).account;
}

}  // namespace

Accounts::Accounts(AccountsParts parts) : parts_(parts) {
  MATSURI_ASSERT(sodium_init() >= 0);
  auto decoy = hash_of("a log-in with a handle that nobody has", parts_.cost);
  MATSURI_ASSERT(decoy.ok(), "no memory for one password hash at start");
  decoy_hash_ = std::move(decoy).value();
}

template <class T, class Body>
void Accounts::commit(io::Executor& executor, Body body, Completion<Committed<T>> done) {
  stream::commit<T>(
      {.outbox = parts_.outbox, .clock = parts_.clock, .executor = executor}, std::move(body),
      owner_of,
      [this](const std::vector<Event>& facts, const Position& position) {
        publish(facts, position);
      },
      std::move(done));
}

void Accounts::publish(const std::vector<Event>& facts, const Position& position) {
  for (const Event& fact : facts) {
    if (const auto* changed = std::get_if<AccountChanged>(&fact)) parts_.standings.apply(*changed);
    if (const auto* closed = std::get_if<CredentialClosed>(&fact)) parts_.standings.apply(*closed);
  }
  parts_.outbox.committed(position);
}

void Accounts::hash_then(io::Executor& executor, std::string password,
                         std::move_only_function<void(Result<std::string>)> done) {
  auto shared = std::make_shared<decltype(done)>(std::move(done));
  const Result<void> queued =
      parts_.hashers.submit([this, &executor, password = std::move(password), shared]() mutable {
        Result<std::string> hash = hash_of(password, parts_.cost);
        sodium_memzero(password.data(), password.size());
        executor.post([shared, hash = std::move(hash)]() mutable { (*shared)(std::move(hash)); });
      });
  if (!queued.ok()) (*shared)(Error(Code::busy, "too many people sign in just now: try again"));
}

void Accounts::sign_up(SignUp wanted, io::Executor& executor,
                       Completion<Committed<SignedIn>> done) {
  const auto checked = [&]() -> Result<std::string> {
    TRY(check_handle(wanted.handle));
    TRY_ASSIGN(wanted.name, clean_name(wanted.name));
    return clean_password(wanted.password);
  }();
  if (!checked.ok()) return done(checked.error());
  hash_then(
      executor, checked.value(),
      [this, wanted = std::move(wanted), &executor,
       done = std::move(done)](Result<std::string> hash) mutable {
        if (!hash.ok()) return done(hash.error());
        commit<SignedIn>(
            executor,
            [this, wanted = std::move(wanted), hash = std::move(hash).value()](
                sql::Connection& connection) -> Result<Changed<SignedIn>> {
              TRY_ASSIGN(const std::uint64_t id, parts_.ids.next());
              const AccountRow row{.account = {.id = AccountId{id},
                                               .handle = wanted.handle,
                                               .name = wanted.name,
                                               .created_unix_ms = parts_.clock.unix_ms(),
                                               .face = face_of(AccountId{id}, 0)},
                                   .password_hash = hash,
                                   .rev = 1};
              const auto inserted = connection.execute(
                  "INSERT INTO account "
                  "(id, handle, name, password, role, epoch, rev, created_ms) "
                  "VALUES (?, ?, ?, ?, 0, 0, 1, ?)",
                  {id, row.account.handle, row.account.name, hash, row.account.created_unix_ms});
              if (!inserted.ok() && inserted.error().code() == Code::conflict)
                return Error(Code::conflict, "the handle is taken: choose another");
              TRY(inserted);
              TRY_ASSIGN(Changed<SignedIn> opened,
                         open_session(connection, row.account, 0, wanted.user_agent));
              opened.facts.emplace_back(fact_of(row));
              return opened;
            },
            std::move(done));
      });
}

void Accounts::log_in(const LogIn& wanted, io::Executor& executor,
                      Completion<Committed<SignedIn>> done) {
  const Error refused(Code::unauthenticated, "handle and password do not belong together");
  auto password = clean_password(wanted.password);
  if (!check_handle(wanted.handle).ok() || !password.ok()) return done(refused);

  // Three steps: the row (reader), the password (hasher), the session (writer).
  const auto open = [this, &executor, user_agent = wanted.user_agent](
                        AccountId id, Completion<Committed<SignedIn>> finish) {
    commit<SignedIn>(
        executor,
        [this, id, user_agent](sql::Connection& connection) -> Result<Changed<SignedIn>> {
          // Read again: while the password was hashed, somebody may have ended all sessions.
          TRY_ASSIGN(const AccountRow row, account_of(connection, id));
          return open_session(connection, row.account, row.epoch, user_agent);
        },
        std::move(finish));
  };
  auto check = [this, &executor, refused, open, password = std::move(password).value(),
                done = std::move(done)](Result<AccountRow> found) mutable {
    if (!found.ok() && found.error().code() != Code::not_found) return done(found.error());
    AccountRow row = found.ok() ? std::move(found).value() : AccountRow{};
    auto finish = std::make_shared<Completion<Committed<SignedIn>>>(std::move(done));
    const Result<void> queued = parts_.hashers.submit(
        [this, &executor, refused, open, row, finish, password = std::move(password)]() mutable {
          const std::string& hash = row.password_hash.empty() ? decoy_hash_ : row.password_hash;
          const bool matches =
              crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
          sodium_memzero(password.data(), password.size());
          const bool good = matches && !row.password_hash.empty();
          executor.post([refused, open, good, finish, id = row.account.id]() mutable {
            if (!good) return (*finish)(refused);
            open(id, std::move(*finish));
          });
        });
    if (!queued.ok()) (*finish)(Error(Code::busy, "too many people sign in just now: try again"));
  };
  sql::read_value<AccountRow>(
      parts_.db, executor,
      [handle = wanted.handle](sql::Connection& connection) {
        return account_named(connection, handle);
      },
      std::move(check));
}

auto Accounts::open_session(sql::Connection& connection, const Account& account,
                            std::uint32_t epoch, const std::string& user_agent)
    -> Result<Changed<SignedIn>> {
  TRY_ASSIGN(const std::uint64_t id, parts_.ids.next());
  const std::int64_t now_ms = parts_.clock.unix_ms();
  Changed<SignedIn> opened{
      .value = {
          .account = account,
          .credential = {
              .kind = Credential::Kind::session, .account = account.id, .id = id, .epoch = epoch}}};
  TRY(
      connection.execute("INSERT INTO session "
                         "(id, account, created_ms, seen_ms, closed_ms, user_agent) "
                         "VALUES (?, ?, ?, ?, 0, ?)",
                         {id, account.id.value, now_ms, now_ms, bounded_user_agent(user_agent)}));
  std::vector<std::uint64_t> open;
  TRY(connection.query(
      "SELECT id FROM session WHERE account = ? AND closed_ms = 0 ORDER BY id DESC",
      {account.id.value}, [&](const sql::Row& row) { open.push_back(row.id(0)); }));
  for (std::size_t index = session_count_max; index < open.size(); ++index) {
    TRY_ASSIGN(Changed<Nothing> closed,
               close_credential(connection, "session", account.id, open[index]));
    opened.facts.insert(opened.facts.end(), closed.facts.begin(), closed.facts.end());
  }
  return opened;
}

auto Accounts::close_credential(sql::Connection& connection, std::string_view table,
                                AccountId account, std::uint64_t credential)
    -> Result<Changed<Nothing>> {
  TRY_ASSIGN(const std::uint64_t matched,
             connection.execute("UPDATE " + std::string(table) +
                                    " SET closed_ms = ? WHERE id = ? AND account = ? "
                                    "AND closed_ms = 0",
                                {parts_.clock.unix_ms(), credential, account.value}));
  if (matched == 0) return Error(Code::not_found, "there is no such open " + std::string(table));
  return Changed<Nothing>{
      .facts = {CredentialClosed{.account = account, .credential = credential}}};
}

void Accounts::close_session(AccountId account, SessionId session, io::Executor& executor,
                             Completion<Committed<Nothing>> done) {
  commit<Nothing>(
      executor,
      [this, account, session](sql::Connection& connection) {
        return close_credential(connection, "session", account, session.value);
      },
      std::move(done));
}

void Accounts::close_token(AccountId account, TokenId token, io::Executor& executor,
                           Completion<Committed<Nothing>> done) {
  commit<Nothing>(
      executor,
      [this, account, token](sql::Connection& connection) {
        return close_credential(connection, "token", account, token.value);
      },
      std::move(done));
}

void Accounts::close_sessions(AccountId account, io::Executor& executor,
                              Completion<Committed<Nothing>> done) {
  commit<Nothing>(
      executor,
      [this, account](sql::Connection& connection) -> Result<Changed<Nothing>> {
        TRY(connection.execute("UPDATE account SET epoch = epoch + 1, rev = rev + 1 WHERE id = ?",
                               {account.value}));
        TRY(connection.execute(
            "UPDATE session SET closed_ms = ? WHERE account = ? AND closed_ms = 0",
            {parts_.clock.unix_ms(), account.value}));
        TRY_ASSIGN(const AccountRow row, account_of(connection, account));
        return Changed<Nothing>{.facts = {fact_of(row)}};
      },
      std::move(done));
}

void Accounts::create_token(AccountId account, const std::string& label, io::Executor& executor,
                            Completion<Committed<CreatedToken>> done) {
  auto cleaned = clean_label(label);
  if (!cleaned.ok()) return done(cleaned.error());
  commit<CreatedToken>(
      executor,
      [this, account, label = std::move(cleaned).value()](
          sql::Connection& connection) -> Result<Changed<CreatedToken>> {
        TRY_ASSIGN(
            const auto count,
            connection.integer("SELECT COUNT(*) FROM token WHERE account = ? AND closed_ms = 0",
                               {account.value}));
        if (count.value_or(0) >= static_cast<std::int64_t>(token_count_max))
          return Error(Code::exhausted, "50 tokens are open, the most there may be: close one");
        TRY_ASSIGN(const std::uint64_t id, parts_.ids.next());
        const std::int64_t now_ms = parts_.clock.unix_ms();
        TRY(
            connection.execute("INSERT INTO token (id, account, created_ms, closed_ms, label) "
                               "VALUES (?, ?, ?, 0, ?)",
                               {id, account.value, now_ms, label}));
        return Changed<CreatedToken>{
            .value = {
                .token = {.id = TokenId{id}, .label = label, .created_unix_ms = now_ms},
                .credential = {.kind = Credential::Kind::token, .account = account, .id = id}}};
      },
      std::move(done));
}

void Accounts::change_profile(AccountId account, ProfileChange change, io::Executor& executor,
                              Completion<Committed<Account>> done) {
  const Result<void> cleaned = [&]() -> Result<void> {
    if (change.name) {
      TRY_ASSIGN(change.name, clean_name(*change.name));
    }
    if (change.bio) {
      TRY_ASSIGN(change.bio, clean_bio(*change.bio));
    }
    if (!change.name && !change.bio && !change.face && !change.follows_shown_to &&
        !change.empathies_shown_to)
      return Error(Code::invalid, "nothing is to be changed: name a field");
    return {};
  }();
  if (!cleaned.ok()) return done(cleaned.error());
  commit<Account>(
      executor,
      [account,
       change = std::move(change)](sql::Connection& connection) -> Result<Changed<Account>> {
        TRY_ASSIGN(AccountRow row, account_of(connection, account));
        Account& to = row.account;
        to.name = change.name.value_or(to.name);
        to.bio = change.bio.value_or(to.bio);
        if (change.face) row.chosen_face = change.face->bits;
        to.face = face_of(account, row.chosen_face);
        to.follows_shown_to = change.follows_shown_to.value_or(to.follows_shown_to);
        to.empathies_shown_to = change.empathies_shown_to.value_or(to.empathies_shown_to);
        ++row.rev;
        TRY(connection.execute(
            "UPDATE account SET name = ?, bio = ?, face = ?, follows_shown_to = ?, "
            "empathies_shown_to = ?, rev = ? WHERE id = ?",
            {to.name, to.bio, row.chosen_face, static_cast<std::int64_t>(to.follows_shown_to),
             static_cast<std::int64_t>(to.empathies_shown_to), row.rev, account.value}));
        return Changed<Account>{.value = to, .facts = {fact_of(row)}};
      },
      std::move(done));
}

Result<AccountChanged> change_role(sql::Connection& connection, std::string_view handle,
                                   Role role) {
  TRY(connection.execute(
      "UPDATE account SET role = ?, rev = rev + 1 WHERE handle = ? AND role <> ?",
      {static_cast<std::int64_t>(role), handle, static_cast<std::int64_t>(role)}));
  TRY_ASSIGN(const AccountRow row, account_named(connection, handle));
  return fact_of(row);
}

void Accounts::set_role(std::string handle, Role role, io::Executor& executor,
                        Completion<Committed<Account>> done) {
  commit<Account>(
      executor,
      [handle = std::move(handle), role](sql::Connection& connection) -> Result<Changed<Account>> {
        TRY_ASSIGN(const AccountChanged fact, change_role(connection, handle, role));
        return Changed<Account>{.value = account_in(fact), .facts = {fact}};
      },
      std::move(done));
}

void Accounts::set_block(AccountId account, std::string handle, bool blocked,
                         io::Executor& executor, Completion<Committed<Nothing>> done) {
  set_pair(Pair::block, account, std::move(handle), blocked, executor, std::move(done));
}

void Accounts::set_mute(AccountId account, std::string handle, bool muted, io::Executor& executor,
                        Completion<Committed<Nothing>> done) {
  set_pair(Pair::mute, account, std::move(handle), muted, executor, std::move(done));
}

void Accounts::set_pair(Pair pair, AccountId account, std::string handle, bool wanted,
                        io::Executor& executor, Completion<Committed<Nothing>> done) {
  commit<Nothing>(
      executor,
      [this, pair, account, handle = std::move(handle), wanted](sql::Connection& connection) {
        return change_pair(connection, pair, account, handle, wanted);
      },
      std::move(done));
}

Result<Changed<Nothing>> Accounts::change_pair(sql::Connection& connection, Pair pair,
                                               AccountId account, std::string_view handle,
                                               bool wanted) {
  const bool is_block = pair == Pair::block;
  const std::string table = is_block ? "block" : "mute";
  const std::string flag = is_block ? "blocked" : "muted";
  const std::size_t count_max = is_block ? block_count_max : mute_count_max;
  TRY_ASSIGN(const AccountRow row, account_named(connection, handle));
  const AccountId target = row.account.id;
  if (target == account) return Error(Code::invalid, "nobody can " + table + " themselves");
  std::uint64_t rev = 0;
  bool was = false;
  TRY(connection.query(
      "SELECT rev, " + flag + " FROM " + table + " WHERE account = ? AND target = ?",
      {account.value, target.value}, [&](const sql::Row& found) {
        rev = found.id(0);
        was = found.integer(1) != 0;
      }));
  if (was == wanted) return Changed<Nothing>{};
  if (wanted) {
    TRY_ASSIGN(const auto count, connection.integer("SELECT COUNT(*) FROM " + table +
                                                        " WHERE account = ? AND " + flag + " = 1",
                                                    {account.value}));
    if (count.value_or(0) >= static_cast<std::int64_t>(count_max))
      return Error(Code::exhausted,
                   std::to_string(count_max) + " people are " + flag + ", the most there may be");
  }
  TRY(connection.execute(
      "INSERT INTO " + table + " (account, target, rev, " + flag +
          ", changed_ms) VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT (account, target) DO UPDATE SET rev = excluded.rev, " +
          flag + " = excluded." + flag + ", changed_ms = excluded.changed_ms",
      {account.value, target.value, rev + 1, std::int64_t{wanted}, parts_.clock.unix_ms()}));
  if (is_block)
    return Changed<Nothing>{
        .facts = {
            BlockChanged{.account = account, .target = target, .rev = rev + 1, .blocked = wanted}}};
  return Changed<Nothing>{
      .facts = {
          MuteChanged{.account = account, .target = target, .rev = rev + 1, .muted = wanted}}};
}

Result<std::uint64_t> Accounts::forget_old_sessions() {
  const std::int64_t oldest_ms = parts_.clock.unix_ms() - session_age_ms_max;
  std::uint64_t count = 0;
  TRY(parts_.db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(count, connection.execute(
                          "DELETE FROM session WHERE id < ? ORDER BY id LIMIT 10000",
                          {compose_id({.unix_ms = std::max(oldest_ms, id_epoch_unix_ms)})}));
    return {};
  }));
  return count;
}

void Accounts::seen(SessionId session) {
  const std::int64_t now_ms = parts_.clock.unix_ms();
  const std::lock_guard lock(seen_mutex_);
  seen_[session] = now_ms;
}

Result<void> Accounts::flush_seen() {
  std::unordered_map<SessionId, std::int64_t> seen;
  {
    const std::lock_guard lock(seen_mutex_);
    seen.swap(seen_);
  }
  if (seen.empty()) return {};
  return parts_.db.write_and_wait([&seen](sql::Connection& connection) -> Result<void> {
    for (const auto& [session, unix_ms] : seen)
      TRY(connection.execute("UPDATE session SET seen_ms = ? WHERE id = ? AND seen_ms < ?",
                             {unix_ms, session.value, unix_ms}));
    return {};
  });
}

}  // namespace matsuri::account
