#include "http/internal/connection.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "http/internal/socket_session.h"

namespace matsuri::http {
namespace {

constexpr std::int64_t hot_idle_ms = 1000;
constexpr std::size_t discard_size_max = 64 << 10;   // of the body of a refused request
constexpr std::size_t waiting_size_max = 256 << 10;  // past it no more requests are read
constexpr std::size_t parsers_kept_max = 16;

std::string_view reason_of(int status) {
  if (status == 413) return "body_size";
  return status == 414 || status == 431 ? "header_size" : "malformed";
}

}  // namespace

void Exchange::send(Response response) {
  // While another connection's bytes are taken apart, the loop's buffers are in use.
  Connection& connection = *connection_;
  if (mailbox_->on_own_thread() && connection.is_open() &&
      (!connection.loop_.current || connection.loop_.current == &connection)) {
    connection.answer(*this, std::move(response));
    return;
  }
  mailbox_->post([self = shared_from_this(), response = std::move(response)]() mutable {
    self->connection_->answer(*self, std::move(response));
  });
}

Connection::Connection(Loop& loop, Socket socket, std::string address)
    : loop_(loop), socket_(std::move(socket)), address_(std::move(address)) {}

Connection::~Connection() = default;

void Connection::start() {
  self_ = shared_from_this();
  active_ms_ = loop_.wheel.now_ms() - TimerWheel::tick_ms - 1;  // no reason to heat() for the first
  index = loop_.connections.size();
  loop_.connections.push_back(this);
  arm_read();
  set_deadline();
}

void Connection::close() {
  if (!socket_) return;
  const std::shared_ptr<Connection> alive = self_;
  boost::system::error_code ignored;
  (void)socket_->close(ignored);
  leave();
  loop_.shared.lose_connection();
}

// REQUIRES: somebody else keeps this alive.
void Connection::leave() {
  self_.reset();
  socket_.reset();
  loop_.wheel.cancel(*this);
  loop_.connections.back()->index = index;
  std::swap(loop_.connections[index], loop_.connections.back());
  loop_.connections.pop_back();
  give_buffer();
  if (const auto stream = std::exchange(stream_, nullptr)) {
    if (loop_.shared.metrics.streams) loop_.shared.metrics.streams->add(-1);
    stream->disconnect();
  }
  reading_.reset();
  upgrade_.reset();
  release_memory();
}

void Connection::begin_shutdown() {
  if (stream_) return close();
  if (!reading_ && slots_.empty() && !is_writing_) {
    // A request that has arrived, but that nobody has read yet, is in flight too.
    boost::system::error_code ec;
    if (input_ended_ || socket_->available(ec) == 0 || ec) return close();
    active_ms_ = loop_.wheel.now_ms();
    return set_deadline();
  }
  // The answers that are still to come say that they are the last; see context_of().
  if (!reading_) is_last_read_ = true;
}

// ---- Time

void Connection::set_deadline() {
  if (!socket_) return;
  std::int64_t due_ms = read_due_ms_;
  if (!reading_ && !is_lingering_ && !stream_started_) {
    due_ms = 0;
    if (is_idle()) due_ms = active_ms_ + (hot_buffer_ ? hot_idle_ms : idle_timeout_ms());
  }
  if (write_due_ms_ != 0 && (due_ms == 0 || write_due_ms_ < due_ms)) due_ms = write_due_ms_;
  if (due_ms == 0)
    loop_.wheel.cancel(*this);
  else
    loop_.wheel.schedule(*this, due_ms);
}

bool Connection::is_idle() const {
  return !reading_ && slots_.empty() && !is_writing_ && !stream_ && !is_lingering_;
}

std::int64_t Connection::idle_timeout_ms() const {
  const std::int64_t timeout_ms = loop_.shared.options.idle_timeout_ms;
  return loop_.is_stopping ? std::min(timeout_ms, stopping_idle_ms) : timeout_ms;
}

void Connection::on_deadline() {
  const std::shared_ptr<Connection> alive = self_;
  const std::int64_t now_ms = loop_.wheel.now_ms();
  if (write_due_ms_ != 0 && now_ms >= write_due_ms_) {
    loop_.shared.metrics.count_refusal("slow_reader");
    return close();
  }
  if (is_lingering_) {
    if (now_ms >= read_due_ms_) return close();
  } else if (stream_started_) {
    if (now_ms >= read_due_ms_) {
      read_due_ms_ = now_ms + loop_.shared.options.stream_heartbeat_ms;
      if (!is_writing_) {
        loop_.output += ":\n\n";
        write_output();
      }
    }
  } else if (reading_) {
    if (now_ms >= read_due_ms_) {
      loop_.shared.metrics.count_refusal("timeout");
      refuse_rest(problem(408, "invalid", "the request did not arrive in time"));
      return flush();
    }
  } else if (is_idle()) {
    if (now_ms >= active_ms_ + idle_timeout_ms()) return close();
    if (hot_buffer_ && now_ms >= active_ms_ + hot_idle_ms) cool();
  }
  set_deadline();
}

// ---- Reading

// A client that asks and does not read must not make us hold answers without end.
bool Connection::is_paused() const {
  if (slots_.size() >= loop_.shared.options.pipeline_count_max) return true;
  std::size_t waiting_size = unsent_.size() - unsent_offset_;
  if (loop_.current == this) waiting_size += loop_.output.size();
  for (const Slot& slot : slots_) waiting_size += slot.bytes.size();
  return waiting_size > waiting_size_max;
}

void Connection::arm_read() {
  if (!socket_ || is_reading_ || input_ended_) return;
  if (!is_lingering_ && !stream_ && (is_last_read_ || is_paused())) return;
  is_reading_ = true;
  if (hot_buffer_) {
    socket_->async_read_some(asio::buffer(hot_buffer_, BufferPool::buffer_size),
                             [self = self_](const boost::system::error_code& ec, std::size_t size) {
                               self->is_reading_ = false;
                               self->on_hot_read(ec, size);
                             });
  } else {
    socket_->async_wait(Socket::wait_read, [self = self_](const boost::system::error_code& ec) {
      self->is_reading_ = false;
      if (self->socket_) self->on_readable(ec.failed());
    });
  }
}

void Connection::on_readable(bool failed) {
  if (failed) return close();
  boost::system::error_code ec;
  const std::size_t size = socket_->read_some(asio::buffer(loop_.input), ec);
  if (ec == asio::error::would_block) return arm_read();
  if (ec == asio::error::eof) return on_end_of_input();
  if (ec) return close();
  if (loop_.wheel.now_ms() - active_ms_ <= TimerWheel::tick_ms && !stream_ && !is_lingering_)
    heat();
  on_bytes({loop_.input.data(), size});
}

void Connection::on_hot_read(const boost::system::error_code& ec, std::size_t size) {
  if (!socket_) return;
  if (std::exchange(is_cooling_, false)) {
    // What was read before it could be cancelled is still to be used.
    if (!ec) std::copy_n(hot_buffer_, size, loop_.input.data());
    give_buffer();
    release_memory();
    if (ec == asio::error::operation_aborted) return arm_read();
    if (!ec) return on_bytes({loop_.input.data(), size});
  }
  if (ec == asio::error::eof) return on_end_of_input();
  if (ec) return close();
  on_bytes({hot_buffer_, size});
}

void Connection::heat() { hot_buffer_ = loop_.buffers.take(); }

// REQUIRES: nothing is being written: it would be cancelled with the read.
//
// The buffer stays ours until the read says that it ended: it may have ended well already, with the
// bytes in the buffer and its handler still in the queue.
void Connection::cool() {
  if (is_cooling_) return;
  if (!is_reading_) {
    give_buffer();
    return release_memory();
  }
  is_cooling_ = true;
  boost::system::error_code ignored;
  (void)socket_->cancel(ignored);
}

void Connection::give_buffer() {
  if (hot_buffer_) loop_.buffers.give(std::exchange(hot_buffer_, nullptr));
}

void Connection::release_memory() {
  if (parser_ && !reading_) {
    if (loop_.parsers.size() < parsers_kept_max) loop_.parsers.push_back(std::move(parser_));
    parser_.reset();
  }
  if (slots_.empty() || !socket_) slots_ = {};
  if (partial_.empty() || !socket_) partial_ = {};
  if (unsent_.empty() || !socket_) unsent_ = {};
}

void Connection::on_bytes(std::string_view bytes) {
  active_ms_ = loop_.wheel.now_ms();
  if (loop_.shared.metrics.received_bytes) loop_.shared.metrics.received_bytes->add(bytes.size());
  if (stream_ || is_lingering_) return arm_read();
  MATSURI_DEBUG_ASSERT(loop_.current == nullptr);
  loop_.current = this;
  if (partial_.empty()) {
    const std::size_t used = consume(bytes);
    partial_.assign(bytes.substr(used));
  } else {
    partial_ += bytes;
    partial_.erase(0, consume(partial_));
  }
  loop_.current = nullptr;
  flush();
  if (!socket_) return;
  if (upgrade_) return hand_over();
  if (!hot_buffer_ && !reading_) release_memory();
  arm_read();
}

std::size_t Connection::consume(std::string_view bytes) {
  std::size_t position = 0;
  is_left_over_ = false;
  for (;;) {
    if (is_last_read_) {
      if (upgrade_ && position < bytes.size()) refuse_upgrade();
      return bytes.size();  // nobody will answer what comes after the last
    }
    if (!reading_) {
      if (position == bytes.size()) return position;
      if (is_paused()) {
        is_left_over_ = true;
        return position;
      }
      begin_request();
    }
    std::size_t used = 0;
    const RequestParser::Step step = parser_->feed(bytes.substr(position), used);
    position += used;
    switch (step) {
      case RequestParser::Step::need_more:
        if (!parser_->has_started()) reading_.reset();
        return position;
      case RequestParser::Step::header_done:
        on_header();
        break;
      case RequestParser::Step::complete:
        on_complete();
        break;
      case RequestParser::Step::failed:
        loop_.shared.metrics.count_refusal(reason_of(parser_->error().status));
        refuse_rest(problem(parser_->error().status, "invalid", parser_->error().detail));
        break;
    }
  }
}

void Connection::begin_request() {
  if (!parser_) {
    if (loop_.parsers.empty()) {
      parser_ = std::make_unique<RequestParser>(
          ParserLimits{.header_size_max = loop_.shared.options.header_size_max});
    } else {
      parser_ = std::move(loop_.parsers.back());
      loop_.parsers.pop_back();
    }
  }
  reading_ = std::make_shared<Exchange>(self_, loop_.mailbox);
  parser_->start(reading_->request);
  read_due_ms_ = loop_.wheel.now_ms() + loop_.shared.options.header_timeout_ms;
}

void Connection::on_header() {
  Exchange& exchange = *reading_;
  exchange.is_http_1_0 = parser_->is_http_1_0();
  exchange.request.address = loop_.shared.options.trusted_proxies.empty()
                                 ? address_
                                 : loop_.shared.dispatcher.address_of(
                                       address_, exchange.request.header("x-forwarded-for"));
  exchange.admission = loop_.shared.dispatcher.admit(exchange.request,
                                                     {.refused_method = parser_->refused_method(),
                                                      .is_chunked = parser_->is_chunked(),
                                                      .content_length = parser_->content_length()});
  if (!parser_->has_body()) return;
  read_due_ms_ = loop_.wheel.now_ms() + loop_.shared.options.body_timeout_ms;
  if (!exchange.admission.refusal && exchange.admission.route) {
    parser_->limit_body(exchange.admission.body_size_max);
    if (parser_->expects_continue()) {
      slots_.push_back({.bytes = "HTTP/1.1 100 Continue\r\n\r\n", .is_ready = true});
      ++sequence_next_;
    }
    return;
  }
  // Nobody wants this body. A small one is read, so that the connection can go on.
  if (!parser_->is_chunked() && parser_->content_length() <= discard_size_max &&
      !parser_->expects_continue()) {
    parser_->limit_body(discard_size_max);
    parser_->discard_body();
    return;
  }
  is_last_read_ = true;
  exchange.keep_alive = false;
  const std::shared_ptr<Exchange> done = std::exchange(reading_, nullptr);
  queue(*done);
  run(done);
}

void Connection::on_complete() {
  const std::shared_ptr<Exchange> exchange = std::exchange(reading_, nullptr);
  const Admission& admission = exchange->admission;
  // What comes after the request for a stream could never be answered.
  const bool streams = !admission.refusal && is_streamed(admission.route, exchange->request);
  exchange->keep_alive = parser_->keep_alive() && !loop_.is_stopping && !streams;
  if (!exchange->keep_alive) is_last_read_ = true;
  queue(*exchange);
  run(exchange);
}

// The request that is being read can't be read further: this answer is the connection's last.
void Connection::refuse_rest(Response response) {
  const std::shared_ptr<Exchange> exchange = std::exchange(reading_, nullptr);
  is_last_read_ = true;
  exchange->keep_alive = false;
  queue(*exchange);
  answer(*exchange, std::move(response));
}

void Connection::queue(Exchange& exchange) {
  exchange.sequence = sequence_next_++;
  exchange.started_us = steady_us();
  slots_.emplace_back();
}

void Connection::on_end_of_input() {
  input_ended_ = true;
  // A client may close its side after its last request and still read the answer; not so a stream.
  if (stream_ || is_lingering_ || (slots_.empty() && !is_writing_)) return close();
  reading_.reset();
  is_last_read_ = true;
}

void Connection::resume() {
  if (is_paused()) return;
  if (std::exchange(is_left_over_, false)) {
    loop_.mailbox->post([self = self_] {
      if (self->socket_) self->on_bytes({});
    });
  }
  arm_read();
}

// ---- Answering

void Connection::run(const std::shared_ptr<Exchange>& exchange) {
  Admission& admission = exchange->admission;
  if (admission.refusal) return answer(*exchange, *std::exchange(admission.refusal, std::nullopt));
  if (admission.file) return answer_file(*exchange);
  Request& request = exchange->request;
  loop_.shared.dispatcher.complete(request);
  PositionWaiter* const waiter = loop_.shared.options.position_waiter;
  if (!admission.route->options.waits_for_position || !waiter || request.position.empty() ||
      waiter->has_passed(request.position))
    return run_handler(exchange);
  waiter->wait(request.position, position_wait_ms_max, [exchange](bool has_passed) {
    exchange->mailbox()->post([exchange, has_passed] {
      exchange->is_stale = !has_passed;
      if (exchange->connection().is_open()) exchange->connection().run_handler(exchange);
    });
  });
}

void Connection::run_handler(const std::shared_ptr<Exchange>& exchange) {
  const Route& route = *exchange->admission.route;
  if (is_streamed(&route, exchange->request)) return run_stream(exchange);
  if (route.socket) return run_socket(exchange);
  route.handler(RequestPtr(exchange, &exchange->request), Responder(exchange));
}

void Connection::run_stream(const std::shared_ptr<Exchange>& exchange) {
  const auto stream = std::make_shared<BufferedStream>(
      loop_.mailbox, std::string(exchange->request.header("last-event-id")));
  const Result<void> opened =
      exchange->admission.route->stream(RequestPtr(exchange, &exchange->request), stream);
  if (!opened.ok()) {
    stream->disconnect();
    return answer(*exchange, problem(opened.error()));
  }
  stream_ = stream;
  is_last_read_ = true;
  if (loop_.shared.metrics.streams) loop_.shared.metrics.streams->add(1);
  stream_->attach([this] { write_stream(); });  // until disconnect()
  std::string& place = place_of(exchange->sequence);
  loop_.writer.write_stream_head(place, context_of(*exchange));
  // Clients come back after one to three seconds, so that they don't come all at once.
  place += "retry: " + std::to_string(1000 + (exchange->started_us / 7) % 2000) + "\n\n";
  finish_answer(*exchange, place, 200);
}

void Connection::run_socket(const std::shared_ptr<Exchange>& exchange) {
  const Route& route = *exchange->admission.route;
  if (auto refusal = check_upgrade(exchange->request, exchange->is_http_1_0))
    return answer(*exchange, std::move(*refusal));
  if (slots_.size() > 1 || is_writing_ || !loop_.output.empty())
    return answer(*exchange, problem(400, "invalid", "answers are still to be read before this"));
  const Shared& shared = loop_.shared;
  if (loop_.is_stopping || shared.socket_count >= shared.options.socket_count_max)
    return answer(*exchange, problem(Error(Code::busy, "no more WebSockets are opened now")));
  Result<OpenedSocket> opened = route.socket(RequestPtr(exchange, &exchange->request));
  if (!opened.ok()) return answer(*exchange, problem(opened.error()));
  upgrade_ = std::make_unique<Upgrade>(Upgrade{exchange, std::move(*opened)});
  is_last_read_ = true;
}

// Whoever sends before the answer does not know yet that this is a WebSocket (RFC 6455, 4.1).
void Connection::refuse_upgrade() {
  const std::shared_ptr<Exchange> exchange = std::exchange(upgrade_, nullptr)->exchange;
  exchange->keep_alive = false;
  answer(*exchange, problem(400, "invalid", "nothing may follow before the answer"));
}

void Connection::hand_over() {
  const std::shared_ptr<Connection> alive = self_;
  const std::unique_ptr<Upgrade> upgrade = std::move(upgrade_);
  const std::shared_ptr<Exchange>& exchange = upgrade->exchange;
  Socket socket = std::move(*socket_);
  leave();
  loop_.shared.metrics.count_request(ServerMetrics::of(exchange->admission.route, nullptr), 101,
                                     steady_us() - exchange->started_us);
  open_session(loop_, std::move(socket), RequestPtr(exchange, &exchange->request),
               exchange->admission, std::move(upgrade->opened));
}

ResponseContext Connection::context_of(const Exchange& exchange) {
  // In a shutdown, the last answer that is still to come says so.
  const bool is_final = loop_.is_stopping && !reading_ && exchange.sequence + 1 == sequence_next_;
  if (is_final) is_last_read_ = true;
  return {.is_head = exchange.request.method == Method::head,
          .keep_alive = exchange.keep_alive && !is_final,
          .is_http_1_0 = exchange.is_http_1_0,
          .rate = exchange.admission.rate};
}

// Straight into what is written next, where it is this answer's turn.
std::string& Connection::place_of(std::uint64_t sequence) {
  if (sequence == slot_first_ && loop_.current == this && !is_writing_) return loop_.output;
  return slots_[sequence - slot_first_].bytes;
}

void Connection::answer_file(Exchange& exchange) {
  std::string_view body;
  const Response response = StaticFiles::answer(*exchange.admission.file, exchange.request, body);
  std::string& place = place_of(exchange.sequence);
  loop_.writer.write(place, response, body, context_of(exchange));
  finish_answer(exchange, place, response.status);
}

void Connection::answer(Exchange& exchange, Response response) {
  if (!socket_) return;
  if (!response.position.empty() && !exchange.request.position.empty()) {
    PositionSet merged = exchange.request.position;
    merged.raise(response.position);
    response.position = std::move(merged);
  }
  if (exchange.is_stale) response.headers.emplace_back("matsuri-stale", "1");
  std::string& place = place_of(exchange.sequence);
  loop_.writer.write(place, response, context_of(exchange));
  finish_answer(exchange, place, response.status);
}

void Connection::finish_answer(const Exchange& exchange, const std::string& place, int status) {
  if (&place == &loop_.output) {
    slots_.erase(slots_.begin());
    ++slot_first_;
    collect_ready();
  } else {
    slots_[exchange.sequence - slot_first_].is_ready = true;
  }
  const std::int64_t duration_us = steady_us() - exchange.started_us;
  loop_.shared.metrics.count_request(
      ServerMetrics::of(exchange.admission.route, exchange.admission.file), status, duration_us);
  if (log::is_enabled(log::Level::debug)) {
    log::debug("http", "answered",
               {{"method", name_of(exchange.request.method)},
                {"path", exchange.request.path},
                {"status", status},
                {"us", duration_us},
                {"address", exchange.request.address}});
  }
  if (!loop_.current) flush();
}

void Connection::collect_ready() {
  while (!slots_.empty() && slots_.front().is_ready) {
    loop_.output += slots_.front().bytes;
    slots_.erase(slots_.begin());
    ++slot_first_;
  }
}

}  // namespace matsuri::http
