// What happens to a request before its handler runs: which route it has, and whether it may pass.
// Knows no sockets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/internal/rate_limiter.h"
#include "http/internal/route_table.h"
#include "http/internal/static_files.h"
#include "http/server.h"

namespace matsuri::http {

// Counters of one server; all null without a registry.
class ServerMetrics {
 public:
  ServerMetrics(metrics::Registry* registry, const RouteTable& table);

  // Which series a request counts for: its route, or one of these.
  static constexpr std::size_t of_files = 0;
  static constexpr std::size_t of_nothing = 1;
  static std::size_t of(const Route* route, const StaticFile* file);

  void count_request(std::size_t series, int status, std::int64_t duration_us);
  void count_refusal(std::string_view reason);

  metrics::Gauge* connections = nullptr;
  metrics::Gauge* streams = nullptr;
  metrics::Counter* received_bytes = nullptr;
  metrics::Counter* sent_bytes = nullptr;
  metrics::Counter* stream_events = nullptr;
  metrics::Gauge* sockets = nullptr;
  metrics::Counter* socket_messages = nullptr;

 private:
  struct Series {
    std::array<metrics::Counter*, 5> by_class{};  // 1xx to 5xx
    metrics::Histogram* seconds = nullptr;
  };
  metrics::Registry* registry_;
  std::vector<Series> series_;
};

// What is known of a request beside the Request itself, once its header is there.
struct RequestShape {
  int refused_method = 0;  // see RequestParser
  bool is_chunked = false;
  std::uint64_t content_length = 0;
};

// The verdict on a header. With a refusal, nothing else of it counts but the rate.
struct Admission {
  const Route* route = nullptr;
  const StaticFile* file = nullptr;
  std::optional<Response> refusal;
  std::size_t body_size_max = 0;
  RateVerdict rate;
};

// Thread-safe: I/O threads share one.
class Dispatcher {
 public:
  // `options` and `table` must stay.
  Dispatcher(const ServerOptions& options, const RouteTable& table, ServerMetrics& metrics);

  // Looks at a header, in this order: route, rates, size and type of the body, account, origin,
  // idempotency key, position. Fills the request's caller, parameters, key and position.
  Admission admit(Request& request, const RequestShape& shape) const;
  // Takes a token of who asked, and of the address, for one more thing that a request began.
  RateVerdict take_token(const Request& request, Cost cost) const;
  // When the body is there too: the fingerprint of a request with a key.
  void complete(Request& request) const;

  // The client's address: the peer's, or the one that trusted proxies name in X-Forwarded-For.
  std::string address_of(std::string_view peer, std::string_view forwarded_for) const;

 private:
  Response refuse(std::string_view reason, Response response) const;
  std::optional<Response> check_rates(const Request& request, Cost cost, RateVerdict& rate) const;
  std::optional<Response> check_body(const Request& request, const RequestShape& shape,
                                     const RouteOptions& options) const;
  std::optional<Response> check_caller(const Request& request, const RouteOptions& options) const;
  std::optional<Response> parse_headers(Request& request) const;
  bool is_same_origin(const Request& request) const;
  std::optional<Response> find_file(const Request& request, MethodSet methods,
                                    Admission& admission) const;

  const ServerOptions& options_;
  const RouteTable& table_;
  ServerMetrics& metrics_;
  StaticFiles files_;
  mutable RateLimiter limiter_;
};

}  // namespace matsuri::http
