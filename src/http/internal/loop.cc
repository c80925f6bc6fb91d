#include "http/internal/loop.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

#include "base/log.h"
#include "http/internal/connection.h"
#include "http/internal/socket_session.h"

namespace matsuri::http {
namespace {

constexpr std::size_t buffers_kept_max = 64;
// Of connections that wait: a busy loop comes back late, and the kernel's line is short.
constexpr std::size_t adopted_at_once = 64;
// Descriptors that connections leave to journals, databases and logs.
constexpr std::size_t reserved_descriptors = 256;

std::size_t connection_limit(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const std::size_t descriptors = limit.rlim_cur;
  const std::size_t possible =
      descriptors > 2 * reserved_descriptors ? descriptors - reserved_descriptors : descriptors / 2;
  if (possible < wanted) {
    log::warn("http", "the limit of open files allows fewer connections than configured",
              {{"connections", possible}, {"configured", wanted}});
  }
  return std::min(possible, wanted);
}

std::string to_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
std::int64_t steady_ms() { return steady_us() / 1000; }

void Mailbox::post(io::Task task) {
  const std::scoped_lock lock(mutex_);
  if (!context_) return;  // the caller destroys the task, after the lock is gone
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) asio::post(*context_, [this] { drain(); });
}

void Mailbox::drain() {
  {
    const std::scoped_lock lock(mutex_);
    running_.swap(tasks_);
  }
  for (io::Task& task : running_) {
    task();
    task = nullptr;
  }
  running_.clear();
}

void Mailbox::close() {
  std::vector<io::Task> dropped;
  {
    const std::scoped_lock lock(mutex_);
    context_ = nullptr;
    dropped.swap(tasks_);
  }
}

Shared::Shared(ServerOptions given, const Router& router)
    : options(std::move(given)),
      table(router.state().table),
      metrics(options.metrics, table),
      dispatcher(options, table, metrics),
      connection_count_max(connection_limit(options.connection_count_max)) {}

void Shared::lose_connection() {
  connection_count.fetch_sub(1);
  if (metrics.connections) metrics.connections->add(-1);
}

BufferPool::~BufferPool() {
  for (char* buffer : free_) munmap(buffer, buffer_size);
}

char* BufferPool::take() {
  if (!free_.empty()) {
    char* const buffer = free_.back();
    free_.pop_back();
    return buffer;
  }
  void* const mapped =
      mmap(nullptr, buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

void BufferPool::give(char* buffer) {
  if (free_.size() < buffers_kept_max)
    free_.push_back(buffer);
  else
    munmap(buffer, buffer_size);
}

Loop::Loop(Shared& given)
    : shared(given),
      mailbox(std::make_shared<Mailbox>(context)),
      wheel(steady_ms()),
      writer(shared.options.behind_tls),
      acceptor_(context),
      timer_(context) {
  writer.set_time(shared.options.clock->unix_ms());
}

Loop::~Loop() { mailbox->close(); }

Result<void> Loop::listen(const asio::ip::tcp::endpoint& endpoint) {
  boost::system::error_code ec;
  (void)acceptor_.open(endpoint.protocol(), ec);
  if (ec) return Error(Code::io, "open a socket: " + ec.message());
  const int on = 1;
  ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  (void)acceptor_.bind(endpoint, ec);
  if (!ec) (void)acceptor_.non_blocking(true, ec);
  // Or Asio would wait, with all of this loop, for another client in place of one who went away.
  if (!ec) (void)acceptor_.set_option(asio::socket_base::enable_connection_aborted(true), ec);
  if (!ec) (void)acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec == asio::error::address_in_use) return Error(Code::busy, "the port is taken");
  if (ec) return Error(Code::io, "listen: " + ec.message());
  return {};
}

std::uint16_t Loop::port() const {
  boost::system::error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

void Loop::run() {
  mailbox->set_owner(std::this_thread::get_id());
  accept();
  tick();
  context.run();
  mailbox->set_owner({});
}

void Loop::tick() {
  wheel.advance(steady_ms());
  writer.set_time(shared.options.clock->unix_ms());
  accept();  // where it was stopped by a limit
  timer_.expires_after(std::chrono::milliseconds(TimerWheel::tick_ms));
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

void Loop::accept() {
  if (is_accepting_ || is_stopping) return;
  if (shared.connection_count.load() >= shared.connection_count_max) return;
  is_accepting_ = true;
  acceptor_.async_accept(context, peer_, [this](boost::system::error_code ec, Socket socket) {
    is_accepting_ = false;
    if (ec == asio::error::operation_aborted) return;
    if (ec) {
      if (!is_stopping) on_accept_error(ec);
      return;
    }
    adopt(std::move(socket));
    // Let in before the shutdown, and told of only now.
    if (is_stopping) return connections.back()->begin_shutdown();
    adopt_waiting(adopted_at_once - 1);
    accept();
  });
}

void Loop::adopt(Socket socket) {
  shared.connection_count.fetch_add(1);
  if (shared.metrics.connections) shared.metrics.connections->add(1);
  boost::system::error_code ignored;
  (void)socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  (void)socket.non_blocking(true, ignored);
  std::make_shared<Connection>(*this, std::move(socket), to_text(peer_.address()))->start();
}

void Loop::adopt_waiting(std::size_t count_max) {
  boost::system::error_code ec;
  for (; count_max > 0 && shared.connection_count.load() < shared.connection_count_max;
       --count_max) {
    Socket socket(context);
    (void)acceptor_.accept(socket, peer_, ec);
    if (ec) return;
    adopt(std::move(socket));
  }
}

void Loop::on_accept_error(const boost::system::error_code& ec) {
  // The client went away before we came: nothing to wait for.
  if (ec == asio::error::connection_aborted) return accept();
  // Out of descriptors or memory: the next tick tries again.
  if (const std::int64_t now_ms = steady_ms(); now_ms - complained_ms_ > 10'000) {
    complained_ms_ = now_ms;
    log::warn("http", "can't accept connections", {{"error", ec.message()}});
  }
}

void Loop::begin_shutdown() {
  is_stopping = true;
  // Closing the listening socket would reset clients that the kernel let in already.
  adopt_waiting(shared.connection_count_max);
  boost::system::error_code ignored;
  (void)acceptor_.close(ignored);
  // Closing takes a connection off the list, by putting the last one into its place.
  for (std::size_t i = connections.size(); i-- > 0;)
    if (i < connections.size()) connections[i]->begin_shutdown();
  for (std::size_t i = sockets.size(); i-- > 0;)
    if (i < sockets.size()) sockets[i]->begin_shutdown();
}

void Loop::close_all() {
  while (!connections.empty()) connections.back()->close();
  while (!sockets.empty()) sockets.back()->abort();
}

}  // namespace matsuri::http
