// Speaks TLS on one port and passes the bytes on to a plain one of this machine. It is for trying
// one machine alone; in production a proxy does this, and more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace matsuri::tls {

struct FrontOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8443;        // 0: any free one, see Front::port()
  std::uint16_t plain_port = 8080;  // on 127.0.0.1: who speaks HTTP there
  std::string pem;                  // private key and certificate
  std::int64_t handshake_timeout_ms = 10'000;
  std::size_t connection_count_max = 1000;  // more wait to be let in
};

// Owns one I/O thread. How long a connection may be idle is what the plain side says: its end is
// passed on. That side sees all clients at 127.0.0.1. Destroying it cuts off who is still there.
class Front {
 public:
  // Binds and listens; lets nobody in before start(). Code::busy where the port is taken,
  // Code::invalid for a host or certificate that is none.
  static Result<std::unique_ptr<Front>> listen(FrontOptions options);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  void start();
  std::uint16_t port() const;

  // Lets nobody in any more; those who are in go on. Call it before the plain side stops.
  void begin_stop();

 private:
  class Impl;
  explicit Front(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace matsuri::tls
