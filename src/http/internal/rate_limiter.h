// Token buckets, per account and per address, for each Cost.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "http/server.h"

namespace matsuri::http {

struct RateVerdict {
  bool is_limited = false;  // false: no limit holds, and the rest means nothing
  bool allowed = true;
  std::int64_t limit = 0;      // requests at once
  std::int64_t remaining = 0;  // left now
  std::int64_t reset_s = 0;    // until all are left again
  std::int64_t retry_s = 0;    // where not allowed: until one is left
};

// Thread-safe. Each bucket is one time, the moment at which it will be full again ("GCRA", ITU-T
// I.371), so a full bucket need not be kept. At most bucket_count_max are; past that the full ones
// go, and then any: who has a million addresses is not stopped by a bucket.
class RateLimiter {
 public:
  explicit RateLimiter(const ServerOptions& options);

  // Draws one token of the account's bucket. A limit of no requests a minute means no limit.
  RateVerdict take_for_account(AccountId account, Cost cost, std::int64_t now_us);
  // An IPv6 network of /64 is one address: it is what one household gets.
  RateVerdict take_for_address(std::string_view address, Cost cost, std::int64_t now_us);

  std::size_t bucket_count() const;

 private:
  struct Rule {
    std::int64_t interval_us = 0;  // between two tokens; 0: no limit
    std::int64_t burst = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, std::int64_t> full_at_us;
    std::int64_t swept_us = 0;
  };

  static Rule rule_of(const RateLimit& limit);
  RateVerdict take(const Rule& rule, std::uint64_t key, std::int64_t now_us);
  static void make_room(Shard& shard, std::int64_t now_us);
  static constexpr std::size_t shard_count = 16;

  std::array<Rule, limited_cost_count> account_rules_;
  std::array<Rule, limited_cost_count> address_rules_;
  std::uint64_t seed_;
  std::array<Shard, shard_count> shards_;
};

inline constexpr std::size_t bucket_count_max = 200'000;

}  // namespace matsuri::http
