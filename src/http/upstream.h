// Another HTTP/1.1 server, of this machine or one beside it, that some routes pass requests on to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"

namespace matsuri::http {

struct UpstreamOptions {
  std::string host = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;
  std::size_t connection_count_max = 32;
  std::size_t waiting_count_max = 4096;     // of requests that have no connection yet
  std::size_t answer_size_max = 256 << 10;  // of a body
  std::int64_t timeout_ms = 10'000;         // from forward() to the end of the answer
  std::int64_t idle_timeout_ms =
      30'000;  // less than the other side's, so that it never closes first
};

// What the other side is asked. Its headers are these alone.
struct Forwarded {
  Method method = Method::get;
  std::string target;  // "/v1/checkin/7/ticket?path=cable", encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Is refused where half of those who may wait do, so that others still can; and told to come
  // again when those who were refused before are served, in 1 to 30 s. Others are told to in a
  // second.
  bool yields = false;
};

// Owns one I/O thread, and connections that it opens as they are needed and keeps. No request is
// sent twice.
class Upstream {
 public:
  using Done = std::move_only_function<void(Response)>;

  explicit Upstream(UpstreamOptions options);
  // Whoever still waits is answered busy.
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // From any thread. `done` runs exactly once, on the upstream's thread or the caller's, with
  // status, body, Content-Type, Cache-Control and Retry-After of the answer; or with the problem
  // `busy` (503) where the other side is not there, gives no whole answer in time, or too many wait
  // already.
  void forward(Forwarded request, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::http
