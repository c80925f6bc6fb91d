// A connection that has become a WebSocket. Beast reads and writes the frames.
#pragma once

#include <cstddef>
#include <optional>

#include "http/internal/loop.h"
#include "http/router.h"

namespace matsuri::http {

// Belongs to its loop's thread; owns itself until its client is gone.
class SocketSession {
 public:
  virtual ~SocketSession() = default;
  // Takes no more messages; closes when those that were taken are answered.
  virtual void begin_shutdown() = 0;
  virtual void abort() = 0;
  std::size_t index = 0;  // in the loop's list
};

// What is wrong with a request that should open a WebSocket.
std::optional<Response> check_upgrade(const Request& request, bool is_http_1_0);

// Answers the request and goes on from there. `socket` has been counted as a connection.
// REQUIRES: check_upgrade() found nothing.
void open_session(Loop& loop, Socket socket, RequestPtr request, const Admission& admission,
                  OpenedSocket opened);

}  // namespace matsuri::http
