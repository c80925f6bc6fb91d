#include "timeline/recent.h"

#include <string>

#include "base/bytes.h"
#include "io/random.h"
#include "timeline/model.h"

namespace matsuri::timeline {

Result<void> RecentKeys::load(sql::Connection& connection) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<Name, Entry>> newest_first;
  TRY(connection.query(
      "SELECT account_key, fingerprint, post FROM idempotency ORDER BY unix_ms DESC LIMIT ?",
      {static_cast<std::int64_t>(count_max_)}, [&](const sql::Row& row) {
        const Bytes stored = row.blob(0);
        if (stored.size() != 24) return;
        Name name{.account = AccountId{matsuri::load<std::uint64_t>(stored, 0)}, .key = {}};
        std::memcpy(name.key.bytes.data(), stored.data() + 8, name.key.bytes.size());
        newest_first.emplace_back(name, Entry{row.id(1), PostId{row.id(2)}});
      }));
  for (auto each = newest_first.rbegin(); each != newest_first.rend(); ++each)
    insert(each->first, each->second);
  return {};
}

void RecentKeys::insert(const Name& name, const Entry& entry) {
  if (!entries_.try_emplace(name, entry).second) return;
  order_.push_back(name);
  while (order_.size() > count_max_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

RecentKeys::Use RecentKeys::begin(AccountId account, const IdempotencyKey& key,
                                  std::uint64_t fingerprint) {
  const std::lock_guard lock(mutex_);
  const Name name{account, key};
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    insert(name, {.fingerprint = fingerprint, .post = {}});
    return {.state = Use::State::first, .post = {}};
  }
  if (found->second.fingerprint != fingerprint) return {.state = Use::State::reused, .post = {}};
  if (!found->second.post) return {.state = Use::State::in_flight, .post = {}};
  return {.state = Use::State::made, .post = found->second.post};
}

void RecentKeys::made(AccountId account, const IdempotencyKey& key, PostId post) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({account, key});
  if (found != entries_.end()) found->second.post = post;
}

void RecentKeys::forget(AccountId account, const IdempotencyKey& key) {
  const std::lock_guard lock(mutex_);
  const Name name{account, key};
  if (entries_.erase(name) == 0) return;
  // Most often it is the newest; the order must not name it twice when it comes again.
  for (auto each = order_.rbegin(); each != order_.rend(); ++each)
    if (*each == name) {
      order_.erase(std::next(each).base());
      return;
    }
}

std::size_t RecentKeys::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

RecentTexts::RecentTexts()
    : seed_([] {
        std::string seed(16, '\0');
        io::system_random().fill(std::as_writable_bytes(std::span(seed)));
        return seed;
      }()) {}

std::uint64_t RecentTexts::hash_of(const Said& said) const {
  std::string whole = seed_;
  for (const std::uint64_t number :
       {said.author.value, said.community.value, said.parent.value, said.text.size()})
    whole.append(reinterpret_cast<const char*>(&number), sizeof number);
  whole.append(said.text).append(said.drawing);
  return std::hash<std::string_view>{}(whole);
}

std::size_t RecentTexts::count() const {
  const std::lock_guard lock(mutex_);
  return times_.size();
}

bool RecentTexts::begin(const Said& said, std::int64_t now_ms) {
  const std::uint64_t hash = hash_of(said);
  const std::lock_guard lock(mutex_);
  while (!order_.empty() && order_.front().first <= now_ms - duplicate_guard_ms) {
    const auto found = times_.find(order_.front().second);
    if (found != times_.end() && found->second == order_.front().first) times_.erase(found);
    order_.pop_front();
  }
  if (!times_.try_emplace(hash, now_ms).second) return false;
  order_.emplace_back(now_ms, hash);
  return true;
}

void RecentTexts::forget(const Said& said) {
  const std::lock_guard lock(mutex_);
  times_.erase(hash_of(said));
}

}  // namespace matsuri::timeline
