#include "community/internal/keys.h"

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace matsuri::community {
namespace {

// The account, then the hash of what it called the request.
std::array<std::byte, 24> account_key(AccountId account, const IdempotencyKey& key) {
  std::array<std::byte, 24> bytes;
  std::memcpy(bytes.data(), &account.value, sizeof account.value);
  std::memcpy(bytes.data() + sizeof account.value, key.bytes.data(), key.bytes.size());
  return bytes;
}

}  // namespace

template <class Fact>
Result<std::optional<Earlier<Fact>>> earlier_under(sql::Connection& connection, AccountId account,
                                                   const Retry& retry) {
  std::optional<Earlier<Fact>> earlier;
  if (!retry.key) return earlier;
  const auto key = account_key(account, retry.key);
  Result<void> decoded;
  TRY(connection.query("SELECT fingerprint, fact FROM community_key WHERE account_key = ?",
                       {Bytes(key)}, [&](const sql::Row& row) {
                         earlier.emplace();
                         if (row.id(0) != retry.fingerprint) return;
                         // The fingerprint covers the path, so it is of the kind that is asked for.
                         auto event = decode(kind_of(Event(Fact{})), row.blob(1));
                         if (event.ok())
                           earlier->fact = std::get<Fact>(std::move(event).value());
                         else
                           decoded = event.error();
                       }));
  TRY(decoded);
  return earlier;
}

template Result<std::optional<Earlier<TitleChanged>>> earlier_under(sql::Connection& connection,
                                                                    AccountId account,
                                                                    const Retry& retry);
template Result<std::optional<Earlier<CommunityChanged>>> earlier_under(sql::Connection& connection,
                                                                        AccountId account,
                                                                        const Retry& retry);

Result<void> keep_key(sql::Connection& connection, AccountId account, const Retry& retry,
                      const Event& fact, std::int64_t now_unix_ms) {
  if (!retry.key) return {};
  TRY(connection.execute(
      "DELETE FROM community_key WHERE created_ms < ? ORDER BY created_ms LIMIT 100",
      {now_unix_ms - key_age_ms}));
  const auto key = account_key(account, retry.key);
  const std::string payload = encode(fact);
  TRY(connection.execute(
      "INSERT INTO community_key (account_key, fingerprint, created_ms, fact) VALUES (?, ?, ?, ?)",
      {Bytes(key), retry.fingerprint, now_unix_ms, as_bytes(payload)}));
  return {};
}

}  // namespace matsuri::community
