// The HTTP/1.1 server: sockets, limits, keep-alive and pipelining, static files, server-sent
// events, graceful shutdown. TLS and HTTP/2 are the proxy's in front.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/message.h"
#include "http/router.h"
#include "io/clock.h"

namespace matsuri::http {

// Tells who asks, from memory alone, on the I/O thread. Code::unauthenticated for credentials that
// are there but no longer good.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual Result<Caller> authenticate(const Request& request) = 0;
};

// Waits until the views have passed a position. `done` runs on any thread, exactly once: true where
// they have, false after timeout_ms (then the answer says Matsuri-Stale: 1).
class PositionWaiter {
 public:
  virtual ~PositionWaiter() = default;
  virtual bool has_passed(const PositionSet& position) = 0;
  virtual void wait(const PositionSet& position, std::int64_t timeout_ms,
                    std::move_only_function<void(bool)> done) = 0;
};

inline constexpr std::int64_t position_wait_ms_max = 300;

// A token bucket: `burst` at once, `per_minute` for ever.
struct RateLimit {
  double per_minute = 60;
  double burst = 30;
};

// A file that the binary carries: identity, gzip and brotli forms, made at build time.
struct StaticFile {
  std::string_view path;  // "/assets/app.3f2a.js"
  std::string_view content_type;
  std::string_view etag;
  bool immutable = false;  // its name holds its hash
  Bytes identity;
  Bytes gzip;    // empty where not smaller
  Bytes brotli;  // empty where not smaller
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;     // 0: any free one, see Server::port()
  std::size_t thread_count = 0;  // 0: one a core
  std::size_t header_size_max = 16 << 10;
  std::size_t connection_count_max = 15'000;
  std::size_t socket_count_max = 4096;      // of the connections that may be WebSockets
  std::int64_t header_timeout_ms = 10'000;  // for the whole header of a request
  std::int64_t body_timeout_ms = 30'000;
  std::int64_t idle_timeout_ms = 75'000;
  std::int64_t write_timeout_ms = 30'000;
  std::int64_t stream_heartbeat_ms = 15'000;  // so that proxies keep a quiet stream open
  std::int64_t shutdown_ms_max = 8'000;
  std::int64_t socket_close_timeout_ms = 2000;  // for the client's part of an end
  std::size_t pipeline_count_max = 64;  // requests of one connection that may wait for answers

  // Per account (first) and per address, for each Cost.
  RateLimit account_read{1200, 300}, account_write{60, 20}, account_sign_in{20, 10};
  RateLimit account_picture{3000, 1000}, account_game{6000, 1500};
  RateLimit address_read{6000, 1500}, address_write{600, 200}, address_sign_in{60, 20};
  RateLimit address_picture{15'000, 5000}, address_game{60'000, 5000};
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For counts
  bool behind_tls = false;                   // a proxy speaks TLS in front: Secure cookies, HSTS

  std::vector<StaticFile> static_files;
  std::vector<std::string_view> page_routes;  // paths (with {parameters}) that are answered by "/"

  Authenticator* authenticator = nullptr;
  PositionWaiter* position_waiter = nullptr;
  metrics::Registry* metrics = nullptr;
  io::Clock* clock = &io::system_clock();
};

// Where to listen.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:8080", "[::1]:8080". Code::invalid says what is taken.
Result<Address> parse_address(std::string_view text);

// Owns its I/O threads, one io_context each. Destroying it stops it.
class Server {
 public:
  // Binds and listens; answers nothing before start(). Code::busy where the port is taken.
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, const Router& router);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  std::uint16_t port() const;
  std::size_t connection_count() const;

  // Graceful: stops accepting, lets requests in flight finish, closes idle connections and streams
  // (their clients resume elsewhere), at most shutdown_ms_max. Blocks; call it once.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::http
