#include "core.h"

#include <cstdlib>

namespace matsuri {
namespace {

constexpr std::int64_t doubt_ms = 2'000;

}  // namespace

void ServerClock::learn(std::int64_t server_ms, std::int64_t sent_ms) {
  const std::int64_t now = net_.now_ms();
  ahead_ms_ = server_ms - (sent_ms + now) / 2;
  apart_ms_ = net_.unix_ms() - now;
  known_ = true;
}

bool ServerClock::is_doubtful() const {
  return known_ && std::llabs(net_.unix_ms() - net_.now_ms() - apart_ms_) > doubt_ms;
}

Core::Core(NetOptions net_options, ClientOptions& options, std::unique_ptr<Queue> queue_of)
    : net(std::move(net_options), std::move(options.transport), std::move(options.clock),
          std::move(options.random)),
      clock(net),
      queue(std::move(queue_of)),
      on_recovered(std::move(options.on_recovered)),
      on_notice(std::move(options.on_notice)),
      tries_max(options.tries_max) {}

void Core::notice(const Error& error) {
  if (on_notice) ready.push_back([heard = on_notice, error] { heard(error); });
}

std::string Core::make_key() {
  const auto ms = static_cast<std::uint64_t>(clock.now_ms());
  const std::uint64_t high = ms << 16 | 0x7000 | (net.random() & 0x0fff);
  const std::uint64_t low = (net.random() & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63;
  std::string key;
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) key += '-';
    const std::uint64_t half = digit < 16 ? high : low;
    key += "0123456789abcdef"[half >> (60 - 4 * (digit % 16)) & 15];
  }
  return key;
}

void Core::authorize(HttpRequest& request) const {
  if (!who.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + who.token);
  } else if (!who.cookie.empty()) {
    request.headers.emplace_back("Cookie", who.cookie);
    request.headers.emplace_back("Origin", net.server());
  }
}

Result<Done> Core::claim_queue(const std::string& owner) {
  if (queue->count() > 0 && !queue->owner().empty() && queue->owner() != owner)
    return Error{Code::conflict,
                 "the queue holds " + std::to_string(queue->count()) + " requests of " +
                     queue->owner() + ": use another one, or sign in as they",
                 0, 0};
  queue->set_owner(owner);
  return Done{};
}

Result<Done> Core::sign_in(Identity identity) {
  if (const Result<Done> claimed = claim_queue(identity.account); !claimed) return claimed.error();
  const std::uint64_t generation = who.generation + 1;
  if (who.account != identity.account) net.forget_position();
  who = std::move(identity);
  who.generation = generation;
  return Done{};
}

bool is_key(const std::string& key) {
  if (key.size() != 36) return false;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (key[i] == '-')) return false;
  }
  return key.find_first_not_of("0123456789abcdef-") == std::string::npos && key[14] == '7';
}

std::int64_t unix_ms_of_key(const std::string& key) {
  const std::string digits = key.substr(0, 8) + key.substr(9, 4);
  return static_cast<std::int64_t>(std::strtoull(digits.c_str(), nullptr, 16));
}

}  // namespace matsuri
