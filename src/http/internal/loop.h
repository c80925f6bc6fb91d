// One I/O thread: its io_context, its timer wheel, and what all its connections share.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/internal/dispatcher.h"
#include "http/internal/request_parser.h"
#include "http/internal/response_writer.h"
#include "http/internal/timer_wheel.h"
#include "http/server.h"
#include "io/executor.h"

namespace matsuri::http {

namespace asio = boost::asio;
// Without type erasure of the executor, which costs 7 % of a small request.
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

class Connection;
class SocketSession;
class Loop;

// How other threads reach a loop. Outlives it: tasks that come after the end are dropped.
class Mailbox final : public io::Executor {
 public:
  explicit Mailbox(asio::io_context& context) : context_(&context) {}

  void post(io::Task task) override;
  bool on_own_thread() const { return std::this_thread::get_id() == owner_.load(); }

  void set_owner(std::thread::id owner) { owner_ = owner; }
  // Drops what is there and what comes.
  void close();

 private:
  void drain();

  std::mutex mutex_;
  std::vector<io::Task> tasks_;
  asio::io_context* context_;  // null once closed
  std::vector<io::Task> running_;
  std::atomic<std::thread::id> owner_;
};

// What all loops of a server share.
struct Shared {
  Shared(ServerOptions given, const Router& router);

  const ServerOptions options;
  const RouteTable& table;
  ServerMetrics metrics;
  Dispatcher dispatcher;
  std::size_t connection_count_max = 0;  // of the options, or what file descriptors allow
  std::atomic<std::size_t> connection_count{0};
  std::atomic<std::size_t> socket_count{0};  // of the connections, those that are WebSockets

  void lose_connection();
};

// A buffer for a connection that is in use. From mmap, so that a free one leaves no hole in the
// heap that counts as ours for ever.
class BufferPool {
 public:
  static constexpr std::size_t buffer_size = 8192;

  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  char* take();  // null where the system has no more
  void give(char* buffer);

 private:
  std::vector<char*> free_;
};

// Everything here belongs to the loop's own thread, but for the mailbox, and for listen() and
// run().
class Loop {
 public:
  explicit Loop(Shared& shared);
  ~Loop();

  // Binds to the endpoint, together with the other loops.
  Result<void> listen(const asio::ip::tcp::endpoint& endpoint);
  std::uint16_t port() const;
  void run();  // until stop()

  void begin_shutdown();  // takes no more, lets what runs finish
  void close_all();

  Shared& shared;
  asio::io_context context{1};
  std::shared_ptr<Mailbox> mailbox;
  TimerWheel wheel;
  ResponseWriter writer;
  BufferPool buffers;
  std::vector<std::unique_ptr<RequestParser>> parsers;  // that no connection uses
  std::array<char, 64 << 10> input{};                   // of the connection that is being read
  std::string output;                                   // of the connection that is being answered
  Connection* current = nullptr;                        // the one whose bytes are being taken apart
  bool is_stopping = false;
  std::vector<Connection*> connections;
  std::vector<SocketSession*> sockets;

 private:
  void tick();
  void accept();
  void adopt(Socket socket);
  void adopt_waiting(std::size_t count_max);
  void on_accept_error(const boost::system::error_code& ec);

  Acceptor acceptor_;
  asio::ip::tcp::endpoint peer_;
  asio::steady_timer timer_;
  bool is_accepting_ = false;
  std::int64_t complained_ms_ = -10'001;
};

std::int64_t steady_ms();
std::int64_t steady_us();

}  // namespace matsuri::http
