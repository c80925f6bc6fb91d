#include "http/internal/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "io/random.h"

namespace matsuri::http {
namespace {

// splitmix64's finisher (Steele et al. 2014): every bit of the input moves every bit of the output.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// Up to the fourth group of an IPv6 address; all of an IPv4 one. "::" within the first four groups
// ends there: what is cut off is zero.
std::string_view network_of(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return address;
  std::size_t colons = 0;
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (address[i] != ':') continue;
    if (address.substr(i, 2) == "::" || ++colons == 4) return address.substr(0, i);
  }
  return address;
}

std::int64_t ceil_seconds(std::int64_t us) {
  return std::max<std::int64_t>(0, (us + 999'999) / 1'000'000);
}

}  // namespace

RateLimiter::Rule RateLimiter::rule_of(const RateLimit& limit) {
  if (limit.per_minute <= 0) return {};
  return {.interval_us = std::max<std::int64_t>(1, std::llround(60e6 / limit.per_minute)),
          .burst = std::max<std::int64_t>(1, std::llround(limit.burst))};
}

RateLimiter::RateLimiter(const ServerOptions& options)
    : account_rules_{rule_of(options.account_read), rule_of(options.account_write),
                     rule_of(options.account_sign_in), rule_of(options.account_picture),
                     rule_of(options.account_game)},
      address_rules_{rule_of(options.address_read), rule_of(options.address_write),
                     rule_of(options.address_sign_in), rule_of(options.address_picture),
                     rule_of(options.address_game)},
      seed_(io::system_random().next_u64()) {}

RateVerdict RateLimiter::take_for_account(AccountId account, Cost cost, std::int64_t now_us) {
  const auto kind = static_cast<std::size_t>(cost);
  return take(account_rules_[kind], mix(mix(account.value ^ seed_) + kind), now_us);
}

RateVerdict RateLimiter::take_for_address(std::string_view address, Cost cost,
                                          std::int64_t now_us) {
  const auto kind = static_cast<std::size_t>(cost);
  if (address_rules_[kind].interval_us == 0) return {};
  const std::uint64_t hash = std::hash<std::string_view>{}(network_of(address));
  return take(address_rules_[kind], mix(mix(hash ^ seed_) + kind + limited_cost_count), now_us);
}

RateVerdict RateLimiter::take(const Rule& rule, std::uint64_t key, std::int64_t now_us) {
  if (rule.interval_us == 0) return {};
  Shard& shard = shards_[key % shard_count];
  const std::scoped_lock lock(shard.mutex);
  if (shard.full_at_us.size() >= bucket_count_max / shard_count && !shard.full_at_us.contains(key))
    make_room(shard, now_us);
  std::int64_t& full_at_us = shard.full_at_us[key];
  const std::int64_t full_at_before = std::max(full_at_us, now_us);
  const std::int64_t depth_us = rule.burst * rule.interval_us;

  RateVerdict verdict{.is_limited = true, .limit = rule.burst};
  verdict.allowed = full_at_before + rule.interval_us <= now_us + depth_us;
  if (verdict.allowed) {
    full_at_us = full_at_before + rule.interval_us;
  } else {
    verdict.retry_s = std::max<std::int64_t>(
        1, ceil_seconds(full_at_before + rule.interval_us - depth_us - now_us));
  }
  const std::int64_t missing_us = std::max(full_at_us, now_us) - now_us;
  verdict.remaining = std::max<std::int64_t>(0, (depth_us - missing_us) / rule.interval_us);
  verdict.reset_s = ceil_seconds(missing_us);
  return verdict;
}

// A sweep looks at all of a shard, so at most one a second.
void RateLimiter::make_room(Shard& shard, std::int64_t now_us) {
  if (shard.swept_us == 0 || now_us - shard.swept_us >= 1'000'000) {
    shard.swept_us = now_us;
    std::erase_if(shard.full_at_us, [&](const auto& entry) { return entry.second <= now_us; });
  }
  if (shard.full_at_us.size() >= bucket_count_max / shard_count)
    shard.full_at_us.erase(shard.full_at_us.begin());
}

std::size_t RateLimiter::bucket_count() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    count += shard.full_at_us.size();
  }
  return count;
}

}  // namespace matsuri::http
