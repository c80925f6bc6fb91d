// What exec remembers of the last days and seconds, so that a retry gets its first answer and a
// double tap makes one post. A courtesy: apply.cc decides.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "model/ids.h"
#include "model/record.h"
#include "sql/db.h"

namespace matsuri::timeline {

// Idempotency keys of the last days: which request they named and which post it made. About 100
// bytes a key; past count_max the oldest are forgotten (apply still refuses their second use, as a
// duplicate).
//
// Thread-safe.
class RecentKeys {
 public:
  explicit RecentKeys(std::size_t count_max = 1'000'000) : count_max_(count_max) {}

  // The newest keys of the database. Call when the timeline has applied its journal's unapplied
  // tail.
  Result<void> load(sql::Connection& connection);

  struct Use {
    enum class State : std::uint8_t {
      first,      // reserved for this request: end it with made() or forget()
      in_flight,  // another request with it is not answered yet
      made,       // `post` was made by the same request before
      reused,     // it names another request
    };
    State state = State::first;
    PostId post;
  };
  Use begin(AccountId account, const IdempotencyKey& key, std::uint64_t fingerprint);
  void made(AccountId account, const IdempotencyKey& key, PostId post);
  void forget(AccountId account, const IdempotencyKey& key);
  std::size_t count() const;

 private:
  struct Name {
    AccountId account;
    IdempotencyKey key;
    bool operator==(const Name&) const = default;
  };
  struct NameHash {
    std::size_t operator()(const Name& name) const noexcept {
      return std::hash<AccountId>{}(name.account) ^ std::hash<IdempotencyKey>{}(name.key);
    }
  };
  struct Entry {
    std::uint64_t fingerprint = 0;
    PostId post;  // none while in flight
  };

  void insert(const Name& name, const Entry& entry);

  const std::size_t count_max_;
  mutable std::mutex mutex_;
  std::unordered_map<Name, Entry, NameHash> entries_;
  std::deque<Name> order_;  // the oldest first
};

// What somebody said, as far as saying it twice goes.
struct Said {
  AccountId author;
  CommunityId community;
  PostId parent;
  std::string_view text;
  std::string_view drawing;  // the stored form
};

// What was said in the last duplicate_guard_ms. Thread-safe.
class RecentTexts {
 public:
  RecentTexts();

  // False where the same was said within duplicate_guard_ms before now_ms; else remembers it.
  // `now_ms` is of a clock that never goes back.
  bool begin(const Said& said, std::int64_t now_ms);
  // The post did not come about.
  void forget(const Said& said);
  // How much is remembered.
  std::size_t count() const;

 private:
  std::uint64_t hash_of(const Said& said) const;

  const std::string seed_;  // so that nobody finds a text that keeps somebody else's out
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::int64_t> times_;
  std::deque<std::pair<std::int64_t, std::uint64_t>> order_;
};

}  // namespace matsuri::timeline
