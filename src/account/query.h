// Reads of main's account tables. Each runs on a reader's connection, off the I/O threads.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "account/model.h"
#include "base/result.h"
#include "sql/db.h"

namespace matsuri::account {

// An account with what only the module itself may see.
struct AccountRow {
  Account account;
  std::string password_hash;  // empty: nobody can sign in
  std::uint32_t epoch = 0;
  std::uint64_t rev = 0;
  std::uint64_t chosen_face = 0;  // 0: none
};

// Code::not_found where there is none.
Result<AccountRow> account_of(sql::Connection& connection, AccountId id);
Result<AccountRow> account_named(sql::Connection& connection, std::string_view handle);

// Those that are open and of the account's epoch, the one last seen first.
Result<std::vector<Session>> sessions_of(sql::Connection& connection, AccountId account,
                                         std::int64_t now_unix_ms);
// The newest first.
Result<std::vector<Token>> tokens_of(sql::Connection& connection, AccountId account);
// Whom the account blocks, the newest block first.
Result<std::vector<Account>> blocks_of(sql::Connection& connection, AccountId account);
// Whether the account blocks the target.
Result<bool> is_blocking(sql::Connection& connection, AccountId account, AccountId target);
// Those of `others` with whom a block stands, whichever of the two made it.
Result<std::unordered_set<AccountId>> blocked_among(sql::Connection& connection, AccountId account,
                                                    std::span<const AccountId> others);
// Whom the account mutes, the newest first.
Result<std::vector<Account>> mutes_of(sql::Connection& connection, AccountId account);

// Those of `ids` who are there and shown to the viewer: a block between two hides each from the
// other. In no order.
Result<std::vector<Account>> accounts_among(sql::Connection& connection, AccountId viewer,
                                            std::span<const AccountId> ids);

// Whom an import made for somebody of another system; none where it made nobody.
Result<AccountId> imported_account(sql::Connection& connection, std::string_view source,
                                   std::string_view source_id);

// The fact that tells the other domains what an account is now.
AccountChanged fact_of(const AccountRow& row);
// The account as a fact tells it.
Account account_in(const AccountChanged& fact);

}  // namespace matsuri::account
