// What the parts of a client share: the line to the server, the queue, who is signed in, the time
// of the server, and the callbacks that wait to be run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "matsuri/client.h"
#include "net.h"
#include "queue.h"

namespace matsuri {

// The server's clock, as far as it is known.
class ServerClock {
 public:
  explicit ServerClock(Net& net) : net_(net) {}

  // The server's clock showed this at some moment since `sent_ms`: half way, most likely.
  void learn(std::int64_t server_ms, std::int64_t sent_ms);
  bool is_known() const { return known_; }
  std::int64_t now_ms() const { return known_ ? net_.now_ms() + ahead_ms_ : net_.unix_ms(); }
  // Whether the device's two clocks went apart since learn(): it slept, and the monotonic one with
  // it, or somebody set the other. What was learnt may be wrong then.
  bool is_doubtful() const;

 private:
  Net& net_;
  bool known_ = false;
  std::int64_t ahead_ms_ = 0;  // of the monotonic clock
  std::int64_t apart_ms_ = 0;  // the device's two clocks, then
};

// Who is signed in, by cookie or by bearer token.
struct Identity {
  std::string token;
  std::string cookie;            // name=value
  Id account;                    // empty while the server has not said so
  std::uint64_t generation = 0;  // grows with every change of the above

  bool can_ask() const { return !token.empty() || !cookie.empty(); }
};

struct Core {
  Core(NetOptions net_options, ClientOptions& options, std::unique_ptr<Queue> queue);

  // Puts a callback where tick() finds it.
  template <typename T>
  void tell(const Callback<T>& then, Result<T> result) {
    if (!then) return;
    ready.push_back([then, result = std::move(result)] { then(result); });
  }
  void notice(const Error& error);

  // A UUIDv7 in the server's time.
  std::string make_key();
  // Adds who is signed in to a request.
  void authorize(HttpRequest& request) const;
  // The account is signed in from now on. Code::conflict where the queue is somebody else's:
  // nothing changes then.
  Result<Done> sign_in(Identity identity);
  // Claims the queue for `owner`, under the same condition.
  Result<Done> claim_queue(const std::string& owner);

  Net net;
  ServerClock clock;
  std::unique_ptr<Queue> queue;
  Identity who;
  std::vector<std::function<void()>> ready;
  std::function<void(const Recovered&)> on_recovered;
  std::function<void(const Error&)> on_notice;
  int tries_max;
};

// Whether this has the form of a key.
bool is_key(const std::string& key);
// The milliseconds since 1970 in a UUIDv7. REQUIRES: is_key(key).
std::int64_t unix_ms_of_key(const std::string& key);

}  // namespace matsuri
