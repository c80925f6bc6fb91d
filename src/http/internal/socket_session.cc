// One reads, one writes, both as Beast's operations; what is between them is bounded here: messages
// are taken as long as the client reads its answers, and each has its time.
#include "http/internal/socket_session.h"

#include <sodium.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "http/internal/timer_wheel.h"

namespace matsuri::http {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

constexpr std::size_t buffer_kept_max = 64 << 10;
constexpr std::size_t write_piece_size = 64 << 10;  // for each the client has write_timeout_ms

bool has_token(const Request& request, std::string_view header, std::string_view token) {
  for (const auto& [name, value] : request.headers)
    if (name == header && beast::http::token_list{value}.exists(token)) return true;
  return false;
}

bool is_socket_key(std::string_view text) {
  unsigned char bytes[16];
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(bytes, sizeof bytes, text.data(), text.size(), nullptr, &size, &end,
                           sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size == sizeof bytes && end == text.data() + text.size();
}

class Session final : public SocketSession,
                      public TimerWheel::Entry,
                      public std::enable_shared_from_this<Session> {
 public:
  Session(Loop& loop, Socket socket, RequestPtr request, const Admission& admission,
          OpenedSocket opened)
      : loop_(loop),
        socket_(std::move(socket)),
        request_(std::move(request)),
        cost_(admission.route->options.cost),
        rate_(admission.rate),
        opened_(std::move(opened)) {}

  void start() {
    self_ = shared_from_this();
    index = loop_.sockets.size();
    loop_.sockets.push_back(this);
    loop_.shared.socket_count.fetch_add(1);
    if (loop_.shared.metrics.sockets) loop_.shared.metrics.sockets->add(1);
    const ServerOptions& options = loop_.shared.options;
    // Pings are sent where nothing came for half the idle time.
    socket_.set_option(websocket::stream_base::timeout{
        .handshake_timeout = std::chrono::milliseconds(options.socket_close_timeout_ms),
        .idle_timeout = std::chrono::milliseconds(options.idle_timeout_ms),
        .keep_alive_pings = true});
    socket_.set_option(websocket::stream_base::decorator(
        [rate = rate_](websocket::response_type& response) { add_headers(response, rate); }));
    socket_.binary(true);
    socket_.auto_fragment(false);
    socket_.read_message_max(opened_.message_size_max);
    if (opened_.must_speak) read_due_ms_ = loop_.wheel.now_ms() + options.header_timeout_ms;
    set_deadline();
    socket_.async_accept(handshake(), [self = self_](const error_code& ec) {
      if (ec) return self->finish();
      self->is_accepted_ = true;
      self->go_on();
    });
  }

  void begin_shutdown() override {
    is_draining_ = true;
    go_on();
  }

  void abort() override { finish(); }

  // On the loop's thread.
  void answer(SocketAnswer given) {
    --in_flight_count_;
    if (is_finished_ || is_closing_ || end_) return;
    if (!given.message.empty()) {
      unsent_size_ += given.message.size();
      queue_.push_back(std::move(given.message));
    }
    end_ = std::move(given.end);
    if (unsent_size_ > socket_queue_size_max) {
      loop_.shared.metrics.count_refusal("slow_reader");
      queue_.clear();
      end_ = SocketEnd{socket_end::policy, "answers are not read"};
    }
    go_on();
  }

 private:
  // Whoever answers may outlive all of this: it holds a name of the session only, and looks behind
  // it on the loop's thread.
  class Reply final : public SocketReply::Sink {
   public:
    Reply(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Session> session)
        : mailbox_(std::move(mailbox)), session_(std::move(session)) {}

    void send(SocketAnswer answer) override {
      if (mailbox_->on_own_thread()) return deliver(session_, std::move(answer));
      mailbox_->post([session = std::move(session_), answer = std::move(answer)]() mutable {
        deliver(session, std::move(answer));
      });
    }

   private:
    static void deliver(const std::weak_ptr<Session>& to, SocketAnswer answer) {
      if (const auto session = to.lock()) session->answer(std::move(answer));
    }

    const std::shared_ptr<Mailbox> mailbox_;
    std::weak_ptr<Session> session_;
  };

  static void add_headers(websocket::response_type& response, const RateVerdict& rate) {
    response.set(beast::http::field::server, "Matsuri");  // or Beast would name itself
    if (!rate.is_limited) return;
    response.set("ratelimit-limit", std::to_string(rate.limit));
    response.set("ratelimit-remaining", std::to_string(rate.remaining));
    response.set("ratelimit-reset", std::to_string(rate.reset_s));
  }

  beast::http::request<beast::http::empty_body> handshake() const {
    beast::http::request<beast::http::empty_body> request(beast::http::verb::get, "/", 11);
    request.set(beast::http::field::host, "localhost");
    request.set(beast::http::field::upgrade, "websocket");
    request.set(beast::http::field::connection, "upgrade");
    request.set(beast::http::field::sec_websocket_version, "13");
    request.set(beast::http::field::sec_websocket_key, request_->header("sec-websocket-key"));
    return request;
  }

  bool is_ending() const { return is_finished_ || is_closing_ || is_draining_ || end_; }

  // Does what can be done now: writes, closes, or reads.
  void go_on() {
    if (!is_accepted_ || is_finished_ || is_closing_) return;
    if (!is_writing_ && !queue_.empty()) write();
    if (is_writing_ || !queue_.empty()) return read();
    if (end_) return close(*end_);
    if (is_draining_ && in_flight_count_ == 0)
      return close({socket_end::going_away, "the server stops"});
    read();
  }

  void read() {
    if (is_reading_ || is_ending() || unsent_size_ > socket_waiting_size_max) return;
    is_reading_ = true;
    socket_.async_read_some(buffer_, 0, [self = self_](const error_code& ec, std::size_t size) {
      self->is_reading_ = false;
      self->on_read(ec, size);
    });
  }

  void on_read(const error_code& ec, std::size_t size) {
    if (is_finished_ || is_closing_) return;
    if (ec) {
      if (ec.category() == make_error_code(websocket::error::closed).category() &&
          ec != websocket::error::closed)
        loop_.shared.metrics.count_refusal("socket_protocol");
      return finish();
    }
    if (loop_.shared.metrics.received_bytes) loop_.shared.metrics.received_bytes->add(size);
    if (is_ending()) return;
    if (!socket_.got_binary())
      return end({socket_end::unsupported, "only binary messages are taken"});
    if (!socket_.is_message_done()) {
      if (!std::exchange(is_in_message_, true)) {
        read_due_ms_ = loop_.wheel.now_ms() + loop_.shared.options.body_timeout_ms;
        set_deadline();
      }
      return read();
    }
    is_in_message_ = false;
    read_due_ms_ = 0;
    set_deadline();
    take_message();
    if (!is_finished_) read();
  }

  void take_message() {
    if (loop_.shared.metrics.socket_messages) loop_.shared.metrics.socket_messages->add(1);
    ++in_flight_count_;
    const RateVerdict rate = loop_.shared.dispatcher.take_token(*request_, cost_);
    if (!rate.allowed) loop_.shared.metrics.count_refusal("rate");
    const auto bytes = buffer_.cdata();
    is_reading_ = true;  // an answer at once must not read into these bytes
    opened_.on_message({.bytes = {static_cast<const char*>(bytes.data()), bytes.size()},
                        .in_flight_count = in_flight_count_,
                        .retry_s = rate.allowed ? 0 : rate.retry_s},
                       SocketReply(std::make_unique<Reply>(loop_.mailbox, self_)));
    is_reading_ = false;
    buffer_.clear();
    if (buffer_.capacity() > buffer_kept_max) buffer_ = {};
  }

  void write() {
    is_writing_ = true;
    writing_ = std::move(queue_.front());
    queue_.pop_front();
    const auto pieces = static_cast<std::int64_t>(writing_.size() / write_piece_size + 1);
    write_due_ms_ = loop_.wheel.now_ms() + pieces * loop_.shared.options.write_timeout_ms;
    set_deadline();
    socket_.async_write(asio::buffer(writing_),
                        [self = self_](const error_code& ec, std::size_t size) {
                          self->is_writing_ = false;
                          self->on_written(ec, size);
                        });
  }

  void on_written(const error_code& ec, std::size_t size) {
    if (is_finished_ || is_closing_) return;
    if (ec) return finish();
    if (loop_.shared.metrics.sent_bytes) loop_.shared.metrics.sent_bytes->add(size);
    unsent_size_ -= writing_.size();
    write_due_ms_ = 0;
    set_deadline();
    go_on();
  }

  void end(SocketEnd why) {
    if (!end_) end_ = std::move(why);
    go_on();
  }

  void close(const SocketEnd& why) {
    is_closing_ = true;
    read_due_ms_ = write_due_ms_ = 0;  // Beast's own time-out holds from here on
    set_deadline();
    const std::string reason = why.reason.substr(0, 123);
    socket_.async_close({static_cast<websocket::close_code>(why.code), reason.c_str()},
                        [self = self_](const error_code&) { self->finish(); });
  }

  void finish() {
    if (std::exchange(is_finished_, true)) return;
    const std::shared_ptr<Session> alive = std::exchange(self_, nullptr);
    error_code ignored;
    (void)socket_.next_layer().close(ignored);
    loop_.wheel.cancel(*this);
    loop_.sockets.back()->index = index;
    std::swap(loop_.sockets[index], loop_.sockets.back());
    loop_.sockets.pop_back();
    loop_.shared.socket_count.fetch_sub(1);
    if (loop_.shared.metrics.sockets) loop_.shared.metrics.sockets->add(-1);
    loop_.shared.lose_connection();
    opened_.on_message = nullptr;
    queue_.clear();
  }

  void set_deadline() {
    std::int64_t due_ms = read_due_ms_;
    if (write_due_ms_ != 0 && (due_ms == 0 || write_due_ms_ < due_ms)) due_ms = write_due_ms_;
    if (due_ms == 0)
      loop_.wheel.cancel(*this);
    else
      loop_.wheel.schedule(*this, due_ms);
  }

  void on_deadline() override {
    const std::int64_t now_ms = loop_.wheel.now_ms();
    if (write_due_ms_ != 0 && now_ms >= write_due_ms_) {
      loop_.shared.metrics.count_refusal("slow_reader");
      return finish();
    }
    if (read_due_ms_ != 0 && now_ms >= read_due_ms_) {
      read_due_ms_ = 0;
      loop_.shared.metrics.count_refusal("timeout");
      end({socket_end::policy, "a message did not arrive in time"});
    }
    if (!is_finished_) set_deadline();
  }

  Loop& loop_;
  websocket::stream<Socket, false> socket_;
  const RequestPtr request_;  // whose socket it is, for the rates
  const Cost cost_;
  const RateVerdict rate_;  // of the request
  OpenedSocket opened_;
  std::shared_ptr<Session> self_;

  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::string writing_;
  std::size_t unsent_size_ = 0;  // of both
  std::size_t in_flight_count_ = 0;
  std::optional<SocketEnd> end_;  // what closes it when all is written

  std::int64_t read_due_ms_ = 0;  // of the first message, or of the rest of one; 0: none
  std::int64_t write_due_ms_ = 0;
  bool is_accepted_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_in_message_ = false;
  bool is_draining_ = false;
  bool is_closing_ = false;
  bool is_finished_ = false;
};

Response upgrade_required(std::string_view detail) {
  Response response = problem(426, "invalid", detail);
  response.headers.emplace_back("upgrade", "websocket");
  response.headers.emplace_back("sec-websocket-version", "13");
  return response;
}

}  // namespace

std::optional<Response> check_upgrade(const Request& request, bool is_http_1_0) {
  if (is_http_1_0 || !has_token(request, "upgrade", "websocket") ||
      !has_token(request, "connection", "upgrade"))
    return upgrade_required("ask for a WebSocket here: Upgrade: websocket");
  if (request.header("sec-websocket-version") != "13")
    return upgrade_required("Sec-WebSocket-Version: 13 is taken");
  if (!is_socket_key(request.header("sec-websocket-key")))
    return problem(400, "invalid", "Sec-WebSocket-Key is 16 bytes in base64");
  return std::nullopt;
}

void open_session(Loop& loop, Socket socket, RequestPtr request, const Admission& admission,
                  OpenedSocket opened) {
  std::make_shared<Session>(loop, std::move(socket), std::move(request), admission,
                            std::move(opened))
      ->start();
}

}  // namespace matsuri::http
