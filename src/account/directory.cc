#include "account/directory.h"

#include <variant>

#include "account/query.h"
#include "sql/call.h"

namespace matsuri::account {

std::optional<Account> Directory::find(AccountId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second.account;
}

void Directory::resolve(AccountId id, io::Executor& executor,
                        std::move_only_function<void(Result<Account>)> done) {
  std::optional<Account> known;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end())
      known = found->second.account;
    else
      ++reads_[id];
  }
  if (known) return done(std::move(*known));
  sql::read_value<AccountRow>(
      db_, executor, [id](sql::Connection& connection) { return account_of(connection, id); },
      [this, id, done = std::move(done)](Result<AccountRow> row) mutable {
        if (!row.ok()) {
          {
            const std::lock_guard lock(mutex_);
            forget_read(id);
          }
          return done(std::move(row).error());
        }
        done(finish(row.value().account, row.value().rev));
      });
}

Account Directory::finish(const Account& account, std::uint64_t rev) {
  const std::lock_guard lock(mutex_);
  forget_read(account.id);
  // A fact that came during the read is newer than the row.
  const auto found = entries_.find(account.id);
  if (found != entries_.end() && found->second.rev >= rev) return found->second.account;
  keep(account, rev);
  return account;
}

// REQUIRES: the lock is held.
void Directory::forget_read(AccountId id) {
  const auto found = reads_.find(id);
  if (--found->second == 0) reads_.erase(found);
}

// REQUIRES: the lock is held.
void Directory::keep(const Account& account, std::uint64_t rev) {
  const auto [entry, is_new] = entries_.try_emplace(account.id);
  if (!is_new && rev <= entry->second.rev) return;
  entry->second = {account, rev};
  if (!is_new) return;
  order_.push_back(account.id);
  if (order_.size() <= count_max_) return;
  entries_.erase(order_.front());
  order_.pop_front();
}

void Directory::consume(std::span<const stream::Record> records) {
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<AccountChanged>(&record.event);
    if (fact == nullptr) continue;
    const std::lock_guard lock(mutex_);
    // Only of those whom somebody asked for: an import of a million people must not push them out.
    if (!entries_.contains(fact->account) && !reads_.contains(fact->account)) continue;
    keep(account_in(*fact), fact->rev);
  }
}

}  // namespace matsuri::account
