#include "account/apply.h"

#include <mutex>
#include <variant>

#include "account/model.h"

namespace matsuri::account {

Result<void> Standings::load(sql::Connection& connection) {
  const std::unique_lock lock(mutex_);
  TRY(connection.query("SELECT id, rev, epoch, role FROM account WHERE role <> 0 OR epoch <> 0", {},
                       [&](const sql::Row& row) {
                         Entry& entry = entries_[AccountId{row.id(0)}];
                         if (row.id(1) < entry.rev) return;
                         entry.rev = row.id(1);
                         entry.standing = {.epoch = static_cast<std::uint32_t>(row.integer(2)),
                                           .role = static_cast<Role>(row.integer(3))};
                       }));
  // A session that is too old is refused for its age: its closing need not be remembered.
  const std::int64_t oldest_ms = clock_.unix_ms() - session_age_ms_max;
  TRY(connection.query("SELECT id FROM session WHERE closed_ms <> 0 AND created_ms > ?",
                       {oldest_ms}, [&](const sql::Row& row) { closed_.insert(row.id(0)); }));
  return connection.query("SELECT id FROM token WHERE closed_ms <> 0", {},
                          [&](const sql::Row& row) { closed_.insert(row.id(0)); });
}

Standings::Standing Standings::standing(AccountId account) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(account);
  return found == entries_.end() ? Standing{} : found->second.standing;
}

Result<Standings::Standing> Standings::check(const Credential& credential) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(credential.account);
  const Standing standing = found == entries_.end() ? Standing{} : found->second.standing;
  bool good = !closed_.contains(credential.id);
  if (credential.kind == Credential::Kind::session) {
    const std::int64_t age_ms = clock_.unix_ms() - parts_of(credential.id).unix_ms;
    good = good && credential.epoch >= standing.epoch && age_ms <= session_age_ms_max;
  }
  if (!good) return Error(Code::unauthenticated, "the session has ended: sign in again");
  return standing;
}

void Standings::apply(const AccountChanged& fact) {
  const std::unique_lock lock(mutex_);
  const auto found = entries_.find(fact.account);
  if (found == entries_.end()) {
    // Only the first revision may go unremembered: of a later one that says nothing special, the
    // number still has to refuse an older one that did.
    const bool is_first = fact.rev <= 1 && fact.epoch == 0 && fact.role == Role::user;
    if (!is_first) entries_[fact.account] = {fact.rev, {.epoch = fact.epoch, .role = fact.role}};
    return;
  }
  if (fact.rev <= found->second.rev) return;
  found->second = {fact.rev, {.epoch = fact.epoch, .role = fact.role}};
}

void Standings::apply(const CredentialClosed& fact) {
  const std::unique_lock lock(mutex_);
  closed_.insert(fact.credential);
}

void Standings::consume(std::span<const stream::Record> records) {
  for (const stream::Record& record : records) {
    if (const auto* changed = std::get_if<AccountChanged>(&record.event)) apply(*changed);
    if (const auto* closed = std::get_if<CredentialClosed>(&record.event)) apply(*closed);
  }
}

}  // namespace matsuri::account
