// Accounts::import(): people from another system, many in one strict transaction.
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "account/exec.h"
#include "account/query.h"

namespace matsuri::account {
namespace {

// Rows of one batch on their way into the tables.
struct NewRows {
  std::vector<sql::Value> accounts;
  std::vector<sql::Value> imported;
  std::vector<stream::BatchResult::Fact> facts;

  void add(const ImportedAccount& wanted) {
    const std::int64_t created_ms = parts_of(wanted.id.value).unix_ms;
    const sql::Value account[] = {wanted.id.value, wanted.handle,   wanted.name,     "",
                                  std::int64_t{0}, std::int64_t{0}, std::int64_t{1}, created_ms,
                                  wanted.bio,      wanted.face};
    accounts.insert(accounts.end(), std::begin(account), std::end(account));
    const sql::Value source[] = {wanted.source, wanted.source_id, wanted.id.value};
    imported.insert(imported.end(), std::begin(source), std::end(source));
    facts.push_back({AccountChanged{.account = wanted.id,
                                    .rev = 1,
                                    .handle = wanted.handle,
                                    .name = wanted.name,
                                    .created_unix_ms = created_ms,
                                    .face = wanted.face,
                                    .bio = wanted.bio},
                     created_ms, wanted.id});
  }
};

}  // namespace

Result<std::vector<Result<AccountId>>> Accounts::import(
    const std::vector<ImportedAccount>& wanted) {
  std::vector<Result<AccountId>> ids;
  Position position;
  const auto body = [&](sql::Connection& connection) -> Result<void> {
    ids.clear();
    NewRows rows;
    std::unordered_set<std::string> handles;  // of this batch, which no SELECT sees yet
    std::unordered_map<std::string, AccountId> sources;
    for (const ImportedAccount& one : wanted) {
      const std::string source = one.source + '\0' + one.source_id;
      TRY_ASSIGN(AccountId before, imported_account(connection, one.source, one.source_id));
      if (const auto twin = sources.find(source); twin != sources.end()) before = twin->second;
      if (before) {
        ids.emplace_back(before);
        continue;
      }
      TRY_ASSIGN(const auto taken,
                 connection.integer("SELECT 1 FROM account WHERE handle = ?", {one.handle}));
      if (taken || !handles.insert(one.handle).second) {
        ids.emplace_back(Error(Code::conflict, "the handle is taken"));
        continue;
      }
      sources.emplace(source, one.id);
      rows.add(one);
      ids.emplace_back(one.id);
    }
    if (rows.facts.empty()) return {};
    TRY(connection.insert_rows(
        "INSERT INTO account (id, handle, name, password, role, epoch, rev, created_ms, bio, "
        "face)",
        "", 10, rows.accounts));
    TRY(connection.insert_rows("INSERT INTO imported_account (source, source_id, account)", "", 3,
                               rows.imported));
    TRY_ASSIGN(position, parts_.outbox.put(connection, rows.facts));
    return {};
  };
  TRY(parts_.db.write_and_wait(body));
  if (position.offset != 0) parts_.outbox.committed(position);
  return ids;
}

}  // namespace matsuri::account
