#include "http/server.h"

#include <sodium.h>
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "base/assert.h"
#include "base/log.h"
#include "http/internal/connection.h"
#include "http/internal/loop.h"

namespace matsuri::http {
namespace {

constexpr auto shutdown_poll = std::chrono::milliseconds(5);

// SO_REUSEPORT would let a second server of this user share the port without a word. A socket
// without it finds out.
Result<void> check_port_is_free(const asio::ip::tcp::endpoint& endpoint) {
  if (endpoint.port() == 0) return {};
  asio::io_context context{1};
  Acceptor probe(context);
  boost::system::error_code ec;
  (void)probe.open(endpoint.protocol(), ec);
  if (ec) return Error(Code::io, "open a socket: " + ec.message());
  (void)probe.set_option(asio::socket_base::reuse_address(true), ec);
  (void)probe.bind(endpoint, ec);
  if (ec == asio::error::address_in_use)
    return Error(Code::busy, "port " + std::to_string(endpoint.port()) + " is taken");
  if (ec) return Error(Code::io, "bind: " + ec.message());
  return {};
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const Error refused(Code::invalid, "listen: HOST:PORT is taken, like 127.0.0.1:8080");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return refused;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address address{.host = std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return refused;
  return address;
}

class Server::Impl {
 public:
  Impl(ServerOptions options, const Router& router) : shared(std::move(options), router) {}

  Shared shared;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::thread> threads;
  std::uint16_t port = 0;
  bool is_stopped = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, const Router& router) {
  if (sodium_init() < 0) return Error(Code::io, "libsodium does not start");
  boost::system::error_code ec;
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  const asio::ip::address address = asio::ip::make_address(host, ec);
  if (ec) return Error(Code::invalid, options.host + " is not an IP address to listen on");
  asio::ip::tcp::endpoint endpoint(address, options.port);
  TRY(check_port_is_free(endpoint));
  std::size_t thread_count = options.thread_count;
  if (thread_count == 0) thread_count = std::max(1U, std::thread::hardware_concurrency());

  auto impl = std::make_unique<Impl>(std::move(options), router);
  for (std::size_t i = 0; i < thread_count; ++i) {
    Loop& loop = *impl->loops.emplace_back(std::make_unique<Loop>(impl->shared));
    TRY(loop.listen(endpoint));
    endpoint.port(loop.port());  // the others share the one that the first was given
  }
  impl->port = endpoint.port();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::start() {
  MATSURI_ASSERT(impl_->threads.empty(), "a server starts once");
  for (const auto& loop : impl_->loops)
    impl_->threads.emplace_back([&loop = *loop] { loop.run(); });
}

std::uint16_t Server::port() const { return impl_->port; }
std::size_t Server::connection_count() const { return impl_->shared.connection_count; }

void Server::stop() {
  if (std::exchange(impl_->is_stopped, true)) return;
  for (const auto& loop : impl_->loops)
    loop->mailbox->post([&loop = *loop] { loop.begin_shutdown(); });
  const std::int64_t due_ms = steady_ms() + impl_->shared.options.shutdown_ms_max;
  while (!impl_->threads.empty() && connection_count() > 0 && steady_ms() < due_ms)
    std::this_thread::sleep_for(shutdown_poll);
  if (connection_count() > 0) {
    log::warn("http", "connections were cut off by the shutdown",
              {{"connections", connection_count()}});
  }
  for (const auto& loop : impl_->loops) {
    loop->mailbox->post([&loop = *loop] {
      loop.close_all();
      loop.context.stop();
    });
  }
  for (std::thread& thread : impl_->threads) thread.join();
  // Answers that come from now on are dropped: nobody is there to read them.
  for (const auto& loop : impl_->loops) loop->mailbox->close();
}

}  // namespace matsuri::http
