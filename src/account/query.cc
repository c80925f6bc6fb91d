#include "account/query.h"

#include "sql/list.h"

namespace matsuri::account {
namespace {

// In the order of to_account().
constexpr std::string_view account_columns =
    "a.id, a.handle, a.name, a.role, a.created_ms, a.bio, a.face, a.follows_shown_to, "
    "a.empathies_shown_to";

Account to_account(const sql::Row& row) {
  return {.id = AccountId{row.id(0)},
          .handle = std::string(row.text(1)),
          .name = std::string(row.text(2)),
          .role = static_cast<Role>(row.integer(3)),
          .created_unix_ms = row.integer(4),
          .bio = std::string(row.text(5)),
          .face = face_of(AccountId{row.id(0)}, row.id(6)),
          .follows_shown_to = static_cast<Audience>(row.integer(7)),
          .empathies_shown_to = static_cast<Audience>(row.integer(8))};
}

Result<AccountRow> find(sql::Connection& connection, const std::string& condition,
                        sql::Value value) {
  std::optional<AccountRow> found;
  TRY(connection.query("SELECT " + std::string(account_columns) +
                           ", a.password, a.epoch, a.rev FROM account a WHERE " + condition,
                       {value}, [&](const sql::Row& row) {
                         found = {.account = to_account(row),
                                  .password_hash = std::string(row.text(9)),
                                  .epoch = static_cast<std::uint32_t>(row.integer(10)),
                                  .rev = row.id(11),
                                  .chosen_face = row.id(6)};
                       }));
  if (!found) return Error(Code::not_found, "there is no such account");
  return std::move(*found);
}

}  // namespace

Result<AccountRow> account_of(sql::Connection& connection, AccountId id) {
  return find(connection, "a.id = ?", id.value);
}

Result<AccountRow> account_named(sql::Connection& connection, std::string_view handle) {
  return find(connection, "a.handle = ?", handle);
}

Result<std::vector<Session>> sessions_of(sql::Connection& connection, AccountId account,
                                         std::int64_t now_unix_ms) {
  std::vector<Session> sessions;
  TRY(connection.query(
      "SELECT id, created_ms, seen_ms, user_agent FROM session "
      "WHERE account = ? AND closed_ms = 0 AND created_ms > ? ORDER BY seen_ms DESC, id DESC",
      {account.value, now_unix_ms - session_age_ms_max}, [&](const sql::Row& row) {
        sessions.push_back({.id = SessionId{row.id(0)},
                            .created_unix_ms = row.integer(1),
                            .seen_unix_ms = row.integer(2),
                            .user_agent = std::string(row.text(3))});
      }));
  return sessions;
}

Result<std::vector<Token>> tokens_of(sql::Connection& connection, AccountId account) {
  std::vector<Token> tokens;
  TRY(
      connection.query("SELECT id, label, created_ms FROM token "
                       "WHERE account = ? AND closed_ms = 0 ORDER BY id DESC",
                       {account.value}, [&](const sql::Row& row) {
                         tokens.push_back({.id = TokenId{row.id(0)},
                                           .label = std::string(row.text(1)),
                                           .created_unix_ms = row.integer(2)});
                       }));
  return tokens;
}

namespace {

Result<std::vector<Account>> targets_of(sql::Connection& connection, const std::string& table,
                                        const std::string& flag, AccountId account) {
  std::vector<Account> targets;
  TRY(connection.query("SELECT " + std::string(account_columns) + " FROM " + table +
                           " b JOIN account a ON a.id = b.target WHERE b.account = ? AND b." +
                           flag + " = 1 ORDER BY b.changed_ms DESC, a.id",
                       {account.value},
                       [&](const sql::Row& row) { targets.push_back(to_account(row)); }));
  return targets;
}

}  // namespace

Result<std::vector<Account>> blocks_of(sql::Connection& connection, AccountId account) {
  return targets_of(connection, "block", "blocked", account);
}

Result<bool> is_blocking(sql::Connection& connection, AccountId account, AccountId target) {
  TRY_ASSIGN(
      const auto found,
      connection.integer("SELECT 1 FROM block WHERE account = ? AND target = ? AND blocked = 1",
                         {account.value, target.value}));
  return found.has_value();
}

Result<std::unordered_set<AccountId>> blocked_among(sql::Connection& connection, AccountId account,
                                                    std::span<const AccountId> others) {
  std::vector<sql::Value> keys;
  for (const AccountId other : others) keys.emplace_back(other.value);
  std::unordered_set<AccountId> found;
  const auto take = [&](const sql::Row& row) { found.insert(AccountId{row.id(0)}); };
  TRY(sql::query_in(connection, "SELECT target FROM block WHERE target",
                    " AND account = ? AND blocked = 1", keys, {account.value}, take));
  TRY(sql::query_in(connection, "SELECT account FROM block WHERE account",
                    " AND target = ? AND blocked = 1", keys, {account.value}, take));
  return found;
}

Result<std::vector<Account>> mutes_of(sql::Connection& connection, AccountId account) {
  return targets_of(connection, "mute", "muted", account);
}

Result<std::vector<Account>> accounts_among(sql::Connection& connection, AccountId viewer,
                                            std::span<const AccountId> ids) {
  TRY_ASSIGN(const auto hidden, blocked_among(connection, viewer, ids));
  std::vector<sql::Value> keys;
  for (const AccountId id : ids)
    if (!hidden.contains(id)) keys.emplace_back(id.value);
  std::vector<Account> found;
  TRY(sql::query_in(connection,
                    "SELECT " + std::string(account_columns) + " FROM account a WHERE a.id", "",
                    keys, {}, [&](const sql::Row& row) { found.push_back(to_account(row)); }));
  return found;
}

Result<AccountId> imported_account(sql::Connection& connection, std::string_view source,
                                   std::string_view source_id) {
  TRY_ASSIGN(
      const auto found,
      connection.integer("SELECT account FROM imported_account WHERE source = ? AND source_id = ?",
                         {source, source_id}));
  return AccountId{static_cast<std::uint64_t>(found.value_or(0))};
}

AccountChanged fact_of(const AccountRow& row) {
  return {.account = row.account.id,
          .rev = row.rev,
          .handle = row.account.handle,
          .name = row.account.name,
          .role = row.account.role,
          .epoch = row.epoch,
          .created_unix_ms = row.account.created_unix_ms,
          .face = row.chosen_face,
          .bio = row.account.bio,
          .follows_shown_to = row.account.follows_shown_to,
          .empathies_shown_to = row.account.empathies_shown_to};
}

Account account_in(const AccountChanged& fact) {
  return {.id = fact.account,
          .handle = fact.handle,
          .name = fact.name,
          .role = fact.role,
          .created_unix_ms = fact.created_unix_ms,
          .bio = fact.bio,
          .face = face_of(fact.account, fact.face),
          .follows_shown_to = fact.follows_shown_to,
          .empathies_shown_to = fact.empathies_shown_to};
}

}  // namespace matsuri::account
