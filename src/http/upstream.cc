// A coroutine for each connection takes what waits, one request behind the other, and rests where
// nothing does.
#include "http/upstream.h"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <deque>
#include <thread>

#include "base/assert.h"
#include "http/internal/pause.h"

namespace matsuri::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;
using Time = std::chrono::steady_clock::time_point;

// Who waits: answered in any case.
class Waiting {
 public:
  Waiting(Forwarded request, Time due, Upstream::Done done)
      : request(std::move(request)), due(due), done_(std::move(done)) {}
  Waiting(Waiting&& other) noexcept
      : request(std::move(other.request)),
        due(other.due),
        done_(std::exchange(other.done_, nullptr)) {}
  Waiting& operator=(Waiting&&) = delete;
  ~Waiting() { fail("it ended meanwhile"); }

  void answer(Response response) { std::exchange(done_, nullptr)(std::move(response)); }
  void fail(std::string_view why, std::int64_t retry_after_s = 1) {
    if (!done_) return;
    Response response = problem(Error(Code::busy, "try again soon: " + std::string(why)));
    for (auto& [name, value] : response.headers)
      if (name == "retry-after") value = std::to_string(retry_after_s);
    answer(std::move(response));
  }

  Forwarded request;
  Time due;

 private:
  Upstream::Done done_;
};

auto into(ErrorCode& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

// The other side may have closed while nobody looked.
bool is_usable(beast::tcp_stream& stream) {
  char byte = 0;
  return stream.socket().is_open() &&
         ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

beast::http::request<beast::http::string_body> message_of(Forwarded& forwarded) {
  const std::string_view method = name_of(forwarded.method);
  beast::http::request<beast::http::string_body> message;
  message.version(11);
  message.method_string({method.data(), method.size()});
  message.target(forwarded.target);
  for (const auto& [name, value] : forwarded.headers) message.set(name, value);
  message.body() = std::move(forwarded.body);
  message.prepare_payload();
  return message;
}

Response response_of(beast::http::response<beast::http::string_body> message) {
  Response response{.status = static_cast<int>(message.result_int()),
                    .content_type = std::string(message[beast::http::field::content_type]),
                    .body = std::move(message.body())};
  for (const char* name : {"Cache-Control", "Retry-After"})
    if (const auto found = message.find(name); found != message.end())
      response.headers.emplace_back(name, std::string(found->value()));
  return response;
}

}  // namespace

class Upstream::Impl {
 public:
  explicit Impl(UpstreamOptions given) : options_(std::move(given)) {
    ErrorCode ec;
    endpoint_ = {asio::ip::make_address(options_.host, ec), options_.port};
    MATSURI_ASSERT(!ec, "an upstream has an IP address");
    asio::co_spawn(io_, adapt_each_second(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    io_.stop();
    thread_.join();
  }

  void forward(Forwarded request, Done done) {
    const Time due =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.timeout_ms);
    Waiting one(std::move(request), due, std::move(done));
    // Here and not on our thread, which in a crush has no time for those whom it can't serve.
    const std::size_t count_max = options_.waiting_count_max / (one.request.yields ? 2 : 1);
    if (waiting_count_.fetch_add(1) >= count_max) {
      waiting_count_.fetch_sub(1);
      return one.fail("too many wait already", one.request.yields ? pause_.refuse() : 1);
    }
    asio::post(io_, [this, one = std::move(one)]() mutable { take(std::move(one)); });
  }

 private:
  void take(Waiting one) {
    waiting_.push_back(std::move(one));
    if (!resting_.empty()) {
      resting_.back()->cancel();
      resting_.pop_back();
    } else if (connection_count_ < options_.connection_count_max) {
      ++connection_count_;
      asio::co_spawn(io_, work(), asio::detached);
    }
  }

  asio::awaitable<void> adapt_each_second() {
    asio::steady_timer timer(io_);
    for (ErrorCode ec; !ec;) {
      timer.expires_after(std::chrono::seconds(1));
      co_await timer.async_wait(into(ec));
      pause_.adapt();
    }
  }

  asio::awaitable<void> work() {
    beast::tcp_stream stream(io_);
    asio::steady_timer rest(io_);
    for (bool is_woken = true; is_woken;) {
      while (!waiting_.empty()) {
        Waiting one = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_count_.fetch_sub(1);
        if (std::chrono::steady_clock::now() < one.due)
          co_await exchange(stream, one);
        else
          one.fail("no connection became free in time");
      }
      resting_.push_back(&rest);
      rest.expires_after(std::chrono::milliseconds(options_.idle_timeout_ms));
      ErrorCode ec;
      co_await rest.async_wait(into(ec));
      // Who wakes it has taken it off the list.
      is_woken = std::erase(resting_, &rest) == 0;
    }
    --connection_count_;
  }

  asio::awaitable<void> exchange(beast::tcp_stream& stream, Waiting& one) {
    ErrorCode ec;
    stream.expires_at(one.due);
    if (!is_usable(stream)) {
      stream.close();
      co_await stream.async_connect(endpoint_, into(ec));
      if (ec) co_return one.fail("it can't be reached");
      (void)stream.socket().set_option(asio::ip::tcp::no_delay(true), ec);
    }
    auto message = message_of(one.request);
    message.set(beast::http::field::host, options_.host + ':' + std::to_string(options_.port));
    co_await beast::http::async_write(stream, message, into(ec));
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(options_.answer_size_max);
    beast::flat_buffer buffer;
    if (!ec) co_await beast::http::async_read(stream, buffer, parser, into(ec));
    stream.expires_never();
    if (ec || !parser.keep_alive() || buffer.size() > 0) stream.close();
    if (ec) co_return one.fail("no whole answer came");
    if (one.request.yields) pause_.serve();
    one.answer(response_of(parser.release()));
  }

  const UpstreamOptions options_;
  asio::ip::tcp::endpoint endpoint_;
  std::atomic<std::size_t> waiting_count_ = 0;  // also of those on their way to our thread
  Pause pause_;
  std::deque<Waiting> waiting_;
  std::vector<asio::steady_timer*> resting_;
  std::size_t connection_count_ = 0;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

Upstream::Upstream(UpstreamOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Upstream::~Upstream() = default;

void Upstream::forward(Forwarded request, Done done) {
  impl_->forward(std::move(request), std::move(done));
}

}  // namespace matsuri::http
