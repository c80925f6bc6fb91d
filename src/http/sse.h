// Server-sent events: one long answer, to which any thread adds events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace matsuri::http {

struct StreamEvent {
  std::string id;    // what Last-Event-ID will name; may be empty
  std::string name;  // "post"
  std::string data;  // one JSON object
};

// A client that listens. Thread-safe; kept alive by whoever sends to it. An event that would make
// it more than stream_buffer_size_max unsent bytes is refused and ends the stream after what was
// taken before: the client comes back, and resumes by Last-Event-ID.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // False once the client is gone: stop sending.
  virtual bool send(const StreamEvent& event) = 0;
  virtual bool is_open() const = 0;
  // Ends the answer from this side, after what was sent: the client comes back and tries again.
  virtual void close() = 0;
  // The Last-Event-ID that the client came with; empty on a first connection.
  virtual const std::string& last_event_id() const = 0;
  // Runs once when the client is gone, on its I/O thread.
  virtual void on_close(std::function<void()> callback) = 0;
};

inline constexpr std::size_t stream_buffer_size_max = 256 << 10;

}  // namespace matsuri::http
