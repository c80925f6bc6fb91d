// Calls of the server: sent, sent again after a pause, and told once how they ended.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "matsuri/result.h"
#include "matsuri/transport.h"

namespace matsuri {

// How a call ended.
struct Answer {
  std::optional<Error> error;  // none: a status of 2xx
  std::string body;
  std::string cookie;  // "name=value" of the one that was set
  bool stale = false;
  int tries = 0;             // how often it was sent
  int unclear = 0;           // how many of these nobody knows the effect of
  std::int64_t sent_ms = 0;  // the last of them, by the monotonic clock
};

struct Call {
  std::string method = "GET";
  std::string path;
  std::string body;
  std::string idempotency_key;
  // Adds who asks, before each try: it may have changed since the last.
  std::function<void(HttpRequest&)> authorize;
  // read: waits for what was written before. command: moves the position. none: knows none.
  enum class Position { none, read, command } position = Position::none;
  bool again_if_unclear = true;  // whether it may be sent twice
  int tries_max = 0;             // 0: for ever
  std::int64_t until_ms = 0;     // gives up at this moment of the monotonic clock; 0: never
  std::int64_t timeout_ms = 0;   // 0: as the options say
  std::function<void(Answer)> done;
};

struct NetOptions {
  std::string server;
  std::int64_t request_timeout_ms = 0;
  std::int64_t backoff_ms_min = 0;
  std::int64_t backoff_ms_max = 0;
};

// Not thread-safe. `done` and timers run inside poll().
class Net {
 public:
  Net(NetOptions options, std::unique_ptr<Transport> transport, std::unique_ptr<Clock> clock,
      Random random);

  void call(Call call);
  // Runs `what` in the first poll() that comes this much later.
  void after(std::int64_t ms, std::function<void()> what);
  void poll();

  // How long to wait before try number `tries` + 1: doubles, has chance in it so that a crowd does
  // not come back as one, and is not below what the server asked for.
  std::int64_t backoff_ms(int tries, int retry_after_s = 0);
  std::int64_t now_ms() { return clock_->monotonic_ms(); }
  std::int64_t unix_ms() { return clock_->unix_ms(); }
  std::uint64_t random() { return random_(); }
  bool online() const { return online_; }
  const std::string& server() const { return options_.server; }
  // A position belongs to a reader: another account begins with none.
  void forget_position() { position_.clear(); }

 private:
  struct Running;

  void send(const std::shared_ptr<Running>& running);
  void answered(const std::shared_ptr<Running>& running, HttpResponse response);
  bool tries_again(const Running& running, const HttpResponse& response, bool unclear);
  void keep_position(const Running& running, const HttpResponse& response);

  NetOptions options_;
  std::unique_ptr<Clock> clock_;
  Random random_;
  std::multimap<std::int64_t, std::function<void()>> timers_;  // by when they are due
  std::string position_;
  bool online_ = false;
  std::unique_ptr<Transport> transport_;  // the last: it goes first, and tells nobody then
};

}  // namespace matsuri
