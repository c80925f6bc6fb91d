// A coroutine for each connection: it is let in, shakes hands, and pumps both ways until one end
// ends.
#include "tls/front.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/log.h"

namespace matsuri::tls {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr unsigned char handshake_byte = 0x16;  // how every TLS connection begins
constexpr std::string_view wants_https =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 41\r\n"
    "Connection: close\r\n\r\nThis port speaks https: ask for https://.\n";
constexpr auto retry_after = std::chrono::milliseconds(200);

auto into(ErrorCode& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

// Until `from` ends or `to` takes no more.
template <class From, class To>
asio::awaitable<void> pump(From& from, To& to) {
  std::array<char, 16 << 10> buffer;
  ErrorCode ec;
  for (;;) {
    const std::size_t size = co_await from.async_read_some(asio::buffer(buffer), into(ec));
    if (ec) co_return;
    co_await asio::async_write(to, asio::buffer(buffer, size), into(ec));
    if (ec) co_return;
  }
}

struct Session {
  Session(tcp::socket client, asio::ssl::context& context)
      : secure(std::move(client), context),
        plain(secure.get_executor()),
        limit(plain.get_executor()) {}

  tcp::socket& raw() { return secure.next_layer(); }
  void close() {
    ErrorCode ignored;
    (void)raw().close(ignored);
    (void)plain.close(ignored);
    limit.cancel();
  }

  asio::ssl::stream<tcp::socket> secure;
  tcp::socket plain;
  asio::steady_timer limit;
};
using SessionPtr = std::shared_ptr<Session>;

void close_after(const SessionPtr& session, std::int64_t time_ms) {
  session->limit.expires_after(std::chrono::milliseconds(time_ms));
  session->limit.async_wait([session](const ErrorCode& ec) {
    if (!ec) session->close();
  });
}

}  // namespace

class Front::Impl {
 public:
  explicit Impl(FrontOptions given) : options(std::move(given)) {}

  Result<void> listen() {
    ErrorCode ec;
    const auto pem = asio::buffer(options.pem);
    (void)context.set_options(asio::ssl::context::default_workarounds |
                                  asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                              ec);
    if (!ec) (void)context.use_private_key(pem, asio::ssl::context::pem, ec);
    if (!ec) (void)context.use_certificate_chain(pem, ec);
    if (ec) return Error(Code::invalid, "the certificate can't be used: " + ec.message());
    const asio::ip::address address =
        asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, ec);
    if (ec) return Error(Code::invalid, options.host + " is not an IP address to listen on");
    const tcp::endpoint endpoint(address, options.port);
    (void)acceptor.open(endpoint.protocol(), ec);
    if (!ec) (void)acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) (void)acceptor.bind(endpoint, ec);
    if (!ec) (void)acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec == asio::error::address_in_use)
      return Error(Code::busy, "port " + std::to_string(options.port) + " is taken");
    if (ec) return Error(Code::io, "listen: " + ec.message());
    return {};
  }

  asio::awaitable<void> accept() {
    ErrorCode ec;
    while (acceptor.is_open()) {
      tcp::socket client(io);
      if (connection_count < options.connection_count_max) {
        co_await acceptor.async_accept(client, into(ec));
        if (ec == asio::error::operation_aborted || !acceptor.is_open()) co_return;
        if (!ec) {
          let_in(std::move(client));
          continue;
        }
        if (ec == asio::error::connection_aborted) continue;
        log::warn("tls", "can't accept connections", {{"error", ec.message()}});
      }
      retry.expires_after(retry_after);
      co_await retry.async_wait(into(ec));
    }
  }

  void let_in(tcp::socket client) {
    ++connection_count;
    const auto session = std::make_shared<Session>(std::move(client), context);
    asio::co_spawn(io, serve(session), [this, session](const std::exception_ptr&) {
      session->close();
      --connection_count;
    });
  }

  asio::awaitable<void> serve(SessionPtr session) {
    ErrorCode ec;
    (void)session->raw().set_option(tcp::no_delay(true), ec);
    close_after(session, options.handshake_timeout_ms);
    co_await session->raw().async_wait(tcp::socket::wait_read, into(ec));
    unsigned char first = 0;
    if (ec || ::recv(session->raw().native_handle(), &first, 1, MSG_PEEK) != 1) co_return;
    if (first != handshake_byte) {
      co_await asio::async_write(session->raw(), asio::buffer(wants_https), into(ec));
      co_return;
    }
    co_await session->secure.async_handshake(asio::ssl::stream_base::server, into(ec));
    if (ec) co_return;
    co_await session->plain.async_connect({asio::ip::address_v4::loopback(), options.plain_port},
                                          into(ec));
    if (ec) co_return log::warn("tls", "the plain side does not answer", {{"error", ec.message()}});
    (void)session->plain.set_option(tcp::no_delay(true), ec);
    session->limit.cancel();
    asio::co_spawn(io, requests(session), asio::detached);
    co_await pump(session->plain, session->secure);
    close_after(session, options.handshake_timeout_ms);
    co_await session->secure.async_shutdown(into(ec));
  }

  // A client that has said all may still read its answers.
  static asio::awaitable<void> requests(SessionPtr session) {
    co_await pump(session->secure, session->plain);
    ErrorCode ignored;
    (void)session->plain.shutdown(tcp::socket::shutdown_send, ignored);
  }

  FrontOptions options;
  asio::io_context io{1};
  asio::ssl::context context{asio::ssl::context::tls_server};
  tcp::acceptor acceptor{io};
  asio::steady_timer retry{io};
  std::size_t connection_count = 0;
  std::thread thread;
};

Front::Front(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Front::~Front() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<Front>> Front::listen(FrontOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  TRY(impl->listen());
  return std::unique_ptr<Front>(new Front(std::move(impl)));
}

void Front::start() {
  MATSURI_ASSERT(!impl_->thread.joinable(), "a front starts once");
  asio::co_spawn(impl_->io, impl_->accept(), asio::detached);
  impl_->thread = std::thread([this] { impl_->io.run(); });
}

std::uint16_t Front::port() const {
  ErrorCode ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void Front::begin_stop() {
  asio::post(impl_->io, [this] {
    ErrorCode ignored;
    (void)impl_->acceptor.close(ignored);
    impl_->retry.cancel();
  });
}

}  // namespace matsuri::tls
