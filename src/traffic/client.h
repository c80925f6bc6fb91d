// Asks an HTTP server many things at once, on one thread: connections that stay open, one request
// at a time on each, and a line of requests where all are in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace matsuri::traffic {

struct ClientOptions {
  std::string host = "127.0.0.1";  // an IPv4 address
  std::uint16_t port = 0;
  std::size_t connection_count = 512;
  std::int64_t timeout_ms = 30'000;  // for an answer, from when its request was sent
};

// Its views end with the call that has it.
struct Answer {
  int status = 0;  // 0: none came, or none that is whole
  std::string_view head;
  std::string_view body;

  // In seconds; 0 where the server names none.
  std::uint32_t retry_after() const;
};

// For one thread.
class Client {
 public:
  using Done = std::move_only_function<void(const Answer&)>;

  // Connects nowhere yet. Code::invalid where the host is no address.
  static Result<std::unique_ptr<Client>> open(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `done` runs once, within poll(). `request` is a whole one, and its answer has a Content-Length.
  void ask(std::string request, Done done);
  // Sends, and waits for answers, at most so long.
  void poll(std::int64_t wait_us);

  // Requests that have no answer yet.
  std::size_t pending_count() const { return waiting_.size() + busy_count_; }

 private:
  enum class State : std::uint8_t { closed, connecting, idle, busy };
  struct Connection {
    int socket = -1;
    State state = State::closed;
    std::uint64_t turn = 0;  // counts its requests
    std::string input;
    Done done;
  };
  struct Waiting {
    std::string request;
    Done done;
  };
  struct Deadline {
    std::int64_t at_us = 0;
    std::size_t connection = 0;
    std::uint64_t turn = 0;
  };

  explicit Client(ClientOptions options);
  void send_waiting();
  void send(std::size_t index);
  void connect(std::size_t index);
  void on_connected(std::size_t index);
  void receive(std::size_t index);
  void take(std::size_t index);
  void lose(std::size_t index);
  void close(std::size_t index);
  void end_late();

  const ClientOptions options_;
  std::uint32_t address_ = 0;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  std::vector<std::size_t> closed_;
  std::deque<Waiting> waiting_;
  std::deque<Deadline> deadlines_;
  std::size_t busy_count_ = 0;
  std::size_t connecting_count_ = 0;
};

}  // namespace matsuri::traffic
