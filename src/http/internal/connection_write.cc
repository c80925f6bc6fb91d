// The writing half of a connection: answers in their order, as far as the client reads them, and
// the end.
#include <algorithm>
#include <utility>

#include "http/internal/connection.h"

namespace matsuri::http {
namespace {

constexpr std::int64_t linger_ms = 2000;
constexpr std::size_t output_kept_max = 1 << 20;

}  // namespace

void Connection::flush() {
  if (!socket_ || is_writing_) return;
  collect_ready();
  write_output();
}

// Writes the loop's output; keeps what the socket does not take.
void Connection::write_output() {
  std::string& output = loop_.output;
  std::size_t size = 0;
  boost::system::error_code ec;
  if (!output.empty()) size = socket_->write_some(asio::buffer(output), ec);
  if (loop_.shared.metrics.sent_bytes) loop_.shared.metrics.sent_bytes->add(size);
  const bool is_whole = size == output.size();
  if (!is_whole) unsent_.assign(output, size);
  output.clear();
  if (output.capacity() > output_kept_max) output.shrink_to_fit();
  if (ec && ec != asio::error::would_block) return close();
  if (is_whole) return after_writing();
  write_due_ms_ = loop_.wheel.now_ms() + loop_.shared.options.write_timeout_ms;
  wait_writable();
}

void Connection::wait_writable() {
  is_writing_ = true;
  if (stream_) stream_->set_unsent_size(unsent_.size() - unsent_offset_);
  socket_->async_wait(Socket::wait_write, [self = self_](const boost::system::error_code& ec) {
    if (self->socket_) self->on_writable(ec.failed());
  });
  set_deadline();
}

void Connection::on_writable(bool failed) {
  if (failed) return close();
  boost::system::error_code ec;
  const std::size_t size = socket_->write_some(
      asio::buffer(unsent_.data() + unsent_offset_, unsent_.size() - unsent_offset_), ec);
  if (ec && ec != asio::error::would_block) return close();
  if (loop_.shared.metrics.sent_bytes) loop_.shared.metrics.sent_bytes->add(size);
  unsent_offset_ += size;
  if (unsent_offset_ < unsent_.size()) {
    // Time for more is given for progress, not for single bytes.
    if (unsent_offset_ - unsent_counted_ >= (64 << 10)) {
      unsent_counted_ = unsent_offset_;
      write_due_ms_ = loop_.wheel.now_ms() + loop_.shared.options.write_timeout_ms;
    }
    return wait_writable();
  }
  is_writing_ = false;
  unsent_ = {};
  unsent_offset_ = unsent_counted_ = 0;
  write_due_ms_ = 0;
  if (stream_) stream_->set_unsent_size(0);
  flush();
}

void Connection::after_writing() {
  if (slots_.empty() && stream_) {
    if (!std::exchange(stream_started_, true)) {
      read_due_ms_ = loop_.wheel.now_ms() + loop_.shared.options.stream_heartbeat_ms;
      if (hot_buffer_) cool();
      arm_read();
    }
    return write_stream();
  }
  if (slots_.empty() && is_last_read_ && !reading_) return linger();
  active_ms_ = loop_.wheel.now_ms();
  set_deadline();
  resume();
}

void Connection::write_stream() {
  if (!socket_ || !stream_) return;
  if (!stream_started_ || is_writing_ || is_writing_stream_) return;
  if (loop_.shared.metrics.stream_events)
    loop_.shared.metrics.stream_events->add(stream_->take_event_count());
  const bool is_ending = stream_->is_ending();  // asked first: then all that was sent is taken
  if (const std::string bytes = stream_->take(); !bytes.empty()) {
    loop_.output += bytes;
    // What is sent meanwhile comes by a task of its own. Taking it here, by way of after_writing(),
    // would never end where somebody sends as fast as the client reads.
    is_writing_stream_ = true;
    write_output();
    is_writing_stream_ = false;
    if (!socket_ || is_writing_) return;
  }
  if (is_ending) {
    if (stream_->overflowed()) loop_.shared.metrics.count_refusal("slow_reader");
    return close();
  }
  set_deadline();
}

// Closing with unread input would make the kernel reset the connection, and the client might never
// see the answer. So our side is closed first, and the client's end is waited for.
void Connection::linger() {
  if (input_ended_) return close();
  boost::system::error_code ec;
  (void)socket_->shutdown(Socket::shutdown_send, ec);
  if (ec) return close();
  is_lingering_ = true;
  read_due_ms_ = loop_.wheel.now_ms() + (loop_.is_stopping ? stopping_idle_ms : linger_ms);
  set_deadline();
  arm_read();
}

}  // namespace matsuri::http
