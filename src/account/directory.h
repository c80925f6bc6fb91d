// What people are called, in memory: the names beside an answer need no SQL for those who are
// active.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "account/model.h"
#include "base/result.h"
#include "io/executor.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::account {

// A bounded cache of accounts over the main database, kept true by its facts. Thread-safe.
class Directory final : public stream::MemoryView {
 public:
  explicit Directory(sql::Db& db, std::size_t count_max = 200'000)
      : db_(db), count_max_(count_max) {}

  std::optional<Account> find(AccountId id) const;

  // At once where it is cached, else after a read of the database, through `executor`.
  // Code::not_found where there is no such account; Code::busy where the database can't be asked.
  void resolve(AccountId id, io::Executor& executor,
               std::move_only_function<void(Result<Account>)> done);

  std::string_view name() const override { return "directory"; }
  bool wants(EventKind kind) const override { return kind == EventKind::account_changed; }
  void consume(std::span<const stream::Record> records) override;

 private:
  struct Entry {
    Account account;
    std::uint64_t rev = 0;
  };

  void keep(const Account& account, std::uint64_t rev);
  // Ends the read of resolve(): the account as it is known by now.
  Account finish(const Account& account, std::uint64_t rev);
  void forget_read(AccountId id);

  sql::Db& db_;
  const std::size_t count_max_;
  mutable std::mutex mutex_;
  std::unordered_map<AccountId, Entry> entries_;
  std::deque<AccountId> order_;                       // the oldest first
  std::unordered_map<AccountId, std::size_t> reads_;  // that are under way
};

}  // namespace matsuri::account
