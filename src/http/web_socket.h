// WebSockets (RFC 6455): one connection over which a client sends messages, many before the first
// is answered, and gets an answer to each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace matsuri::http {

// Why a socket is closed: a code of RFC 6455, 7.4, and up to 123 bytes for people.
struct SocketEnd {
  std::uint16_t code = 0;
  std::string reason;
};
namespace socket_end {
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t unsupported = 1003;
inline constexpr std::uint16_t bad_payload = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t failed = 1011;
}  // namespace socket_end

struct SocketAnswer {
  std::string message;           // binary; none is sent where it is empty
  std::optional<SocketEnd> end;  // closes the socket behind all that was answered before
};

// Answers one message: from any thread, exactly once, in any order. Dropped without an answer, it
// closes the socket and logs an error. After a disconnect it does nothing.
class SocketReply {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(SocketAnswer answer) = 0;
  };

  explicit SocketReply(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
  SocketReply(SocketReply&&) = default;
  SocketReply& operator=(SocketReply&&) = default;
  ~SocketReply();

  void send(SocketAnswer answer) { std::exchange(sink_, nullptr)->send(std::move(answer)); }

 private:
  std::unique_ptr<Sink> sink_;
};

struct SocketMessage {
  std::string_view bytes;  // good until the handler returns
  std::size_t in_flight_count =
      0;                     // messages of this socket without an answer, this one among them
  std::int64_t retry_s = 0;  // not 0: over the rate of the route; answer that, and no more
};

// Runs on the socket's I/O thread, in the order of the messages: it must not block.
using MessageHandler = std::function<void(const SocketMessage& message, SocketReply reply)>;

struct OpenedSocket {
  MessageHandler on_message;            // dropped when the client is gone
  std::size_t message_size_max = 1024;  // a larger one closes the socket (1009)
  bool must_speak = false;              // the first message is due within header_timeout_ms
};

// Opens a socket, or answers the request with an error. Runs like a Handler.
using SocketHandler = std::function<Result<OpenedSocket>(RequestPtr request)>;

// Answers that were not read yet: past the first no more messages are taken from the client, past
// the second the socket is closed.
inline constexpr std::size_t socket_waiting_size_max = 256 << 10;
inline constexpr std::size_t socket_queue_size_max = 4 << 20;

}  // namespace matsuri::http
