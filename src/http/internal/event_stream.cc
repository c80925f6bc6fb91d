#include "http/internal/event_stream.h"

#include <utility>

namespace matsuri::http {
namespace {

void append_without_line_ends(std::string& out, std::string_view text) {
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != '\0') out += c;
}

}  // namespace

void append_event(std::string& out, const StreamEvent& event) {
  if (!event.id.empty()) {
    out += "id: ";
    append_without_line_ends(out, event.id);
    out += '\n';
  }
  if (!event.name.empty()) {
    out += "event: ";
    append_without_line_ends(out, event.name);
    out += '\n';
  }
  std::string_view rest = event.data;
  for (;;) {
    const std::size_t end = rest.find_first_of("\r\n");
    out.append("data: ").append(rest.substr(0, end)) += '\n';
    if (end == std::string_view::npos) break;
    const bool is_pair = rest.substr(end, 2) == "\r\n";
    rest.remove_prefix(end + (is_pair ? 2 : 1));
  }
  out += '\n';
}

BufferedStream::BufferedStream(std::shared_ptr<io::Executor> executor, std::string last_event_id)
    : executor_(std::move(executor)), last_event_id_(std::move(last_event_id)) {}

bool BufferedStream::send(const StreamEvent& event) {
  {
    const std::scoped_lock lock(mutex_);
    if (!is_open_) return false;
    const std::size_t size_before = pending_.size();
    append_event(pending_, event);
    if (pending_.size() + unsent_size_.load() > stream_buffer_size_max) {
      // What fitted is still sent: or a client with much to catch up on would come back for ever.
      pending_.resize(size_before);
      is_open_ = false;
      overflowed_ = is_ending_ = true;
    } else {
      event_count_.fetch_add(1, std::memory_order_relaxed);
    }
    if (std::exchange(is_posted_, true)) return is_open_;
  }
  post_pending();
  return !overflowed_;
}

void BufferedStream::close() {
  {
    const std::scoped_lock lock(mutex_);
    if (!is_open_) return;
    is_open_ = false;
    is_ending_ = true;
    if (std::exchange(is_posted_, true)) return;
  }
  post_pending();
}

void BufferedStream::post_pending() {
  executor_->post([self = shared_from_this()] { self->run_pending(); });
}

void BufferedStream::run_pending() {
  {
    const std::scoped_lock lock(mutex_);
    is_posted_ = false;
  }
  if (on_pending_) on_pending_();
}

bool BufferedStream::is_open() const {
  const std::scoped_lock lock(mutex_);
  return is_open_;
}

void BufferedStream::on_close(std::function<void()> callback) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_open_) {
      callback_ = std::move(callback);
      return;
    }
  }
  callback();
}

void BufferedStream::attach(std::function<void()> on_pending) {
  on_pending_ = std::move(on_pending);
}

std::string BufferedStream::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(pending_, {});
}

void BufferedStream::disconnect() {
  std::function<void()> callback;
  {
    const std::scoped_lock lock(mutex_);
    is_open_ = false;
    pending_ = {};
    callback = std::exchange(callback_, {});
  }
  on_pending_ = {};
  if (callback) callback();
}

}  // namespace matsuri::http
