// The server's side of an EventStream: a bounded buffer between whoever sends and one connection.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "http/sse.h"
#include "io/executor.h"

namespace matsuri::http {

// Appends one event in the form of the HTML standard (9.2.5). Line ends in id and name are dropped,
// those in data make more data lines.
void append_event(std::string& out, const StreamEvent& event);

// Thread-safe. Owned by a shared pointer.
class BufferedStream final : public EventStream,
                             public std::enable_shared_from_this<BufferedStream> {
 public:
  BufferedStream(std::shared_ptr<io::Executor> executor, std::string last_event_id);

  bool send(const StreamEvent& event) override;
  bool is_open() const override;
  void close() override;
  const std::string& last_event_id() const override { return last_event_id_; }
  void on_close(std::function<void()> callback) override;

  // The rest is the connection's, on its thread.

  // `on_pending` runs on the executor when there is something to take(), until disconnect(). It
  // must not own the stream.
  void attach(std::function<void()> on_pending);
  // What was sent since the last call.
  std::string take();
  // Bytes that were taken and not sent yet: they count against the buffer too.
  void set_unsent_size(std::size_t size) { unsent_size_ = size; }
  // Was there more to send than the client had read?
  bool overflowed() const { return overflowed_; }
  // No more will come: the connection ends once take() gives nothing more.
  bool is_ending() const { return is_ending_; }
  std::uint64_t take_event_count() { return event_count_.exchange(0); }
  // The connection is gone.
  void disconnect();

 private:
  void run_pending();
  void post_pending();

  const std::shared_ptr<io::Executor> executor_;
  const std::string last_event_id_;
  mutable std::mutex mutex_;
  std::string pending_;
  bool is_open_ = true;
  bool is_posted_ = false;
  std::function<void()> callback_;
  std::function<void()> on_pending_;  // touched on the connection's thread alone
  std::atomic<std::size_t> unsent_size_{0};
  std::atomic<bool> overflowed_{false};
  std::atomic<bool> is_ending_{false};
  std::atomic<std::uint64_t> event_count_{0};
};

}  // namespace matsuri::http
