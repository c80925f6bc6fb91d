// Whether a credential still counts, from memory alone: the facts of main, applied to a small
// table.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "account/credential.h"
#include "base/result.h"
#include "io/clock.h"
#include "model/event.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::account {

// Epochs and roles of the accounts that have any but the first (or changed while this process ran),
// and the credentials that were closed before their time. Most accounts have no entry, so millions
// cost nothing.
//
// Thread-safe. Every node follows main's outbox; the node that commits a change also applies it at
// once, so that a log-out counts from its answer on.
class Standings final : public stream::MemoryView {
 public:
  explicit Standings(io::Clock& clock) : clock_(clock) {}

  // Reads what the database says now. Follow the outbox from a position taken before the call.
  Result<void> load(sql::Connection& connection);

  struct Standing {
    std::uint32_t epoch = 0;
    Role role = Role::user;
  };
  Standing standing(AccountId account) const;
  // Code::unauthenticated where the session is of an older epoch, closed or too old.
  Result<Standing> check(const Credential& credential) const;

  // Both ignore what is older than what they know, so the order of arrival does not matter.
  void apply(const AccountChanged& fact);
  void apply(const CredentialClosed& fact);

  std::string_view name() const override { return "standings"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::account_changed || kind == EventKind::credential_closed;
  }
  void consume(std::span<const stream::Record> records) override;

 private:
  struct Entry {
    std::uint64_t rev = 0;
    Standing standing;
  };

  io::Clock& clock_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<AccountId, Entry> entries_;
  std::unordered_set<std::uint64_t> closed_;
};

}  // namespace matsuri::account
