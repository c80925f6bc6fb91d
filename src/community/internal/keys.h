// The keys under which something was made, in the transaction that made it: asked again, the first
// answer is given again, wherever the request arrives.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "community/exec.h"
#include "model/event.h"
#include "sql/db.h"

namespace matsuri::community {

inline constexpr std::int64_t key_age_ms = std::int64_t{7} * 24 * 3600 * 1000;

// A request under the same key that came before.
template <class Fact>
struct Earlier {
  std::optional<Fact> fact;  // of what it made then; nullopt where it was another request
};

// nullopt where there was none, or `retry` has no key. Fact is TitleChanged or CommunityChanged.
template <class Fact>
Result<std::optional<Earlier<Fact>>> earlier_under(sql::Connection& connection, AccountId account,
                                                   const Retry& retry);

// Nothing without a key. Forgets some of those that are older than key_age_ms.
Result<void> keep_key(sql::Connection& connection, AccountId account, const Retry& retry,
                      const Event& fact, std::int64_t now_unix_ms);

}  // namespace matsuri::community
