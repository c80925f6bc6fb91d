// An HTTP client that costs little: many connections that stay open, one request at a time on each.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/scratch.h"

namespace matsuri::bench {

struct Answer {
  int status = 0;
  std::string_view head;
  std::string_view body;

  // The value of a header, named in lower case; empty where absent.
  std::string_view header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
      const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
      const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
      };
      if (line.size() > name.size() + 1 && line[name.size()] == ':' &&
          std::equal(name.begin(), name.end(), line.begin(),
                     [&](char b, char a) { return same(a, b); }))
        return line.substr(name.size() + 2);
    }
    return {};
  }
};

// For one thread. Dies where the server closes a connection that waits for an answer.
class Exchange {
 public:
  // Called within poll(); the views end with the call.
  using Done = std::move_only_function<void(const Answer&)>;

  Exchange(std::uint16_t port, std::size_t connection_count)
      : port_(port), epoll_(::epoll_create1(0)), connections_(connection_count) {
    for (std::size_t index = 0; index < connection_count; ++index) {
      open(index);
      idle_.push_back(index);
    }
  }
  ~Exchange() {
    for (const Connection& one : connections_) ::close(one.socket);
    ::close(epoll_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool has_room() const { return !idle_.empty(); }
  bool is_idle() const { return idle_.size() == connections_.size(); }

  // REQUIRES: has_room().
  void ask(std::string_view request, Done done) {
    Connection& one = connections_[idle_.back()];
    idle_.pop_back();
    one.done = std::move(done);
    if (::send(one.socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      give_up("cannot send a request");
  }
  // Waits for answers, at most so long.
  void poll(double seconds) {
    std::array<epoll_event, 64> events;
    const auto nanoseconds = static_cast<long>(std::max(seconds, 0.0) * 1e9);
    const timespec timeout{.tv_sec = nanoseconds / 1'000'000'000,
                           .tv_nsec = nanoseconds % 1'000'000'000};
    const int count =
        ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int index = 0; index < count; ++index)
      receive(static_cast<std::size_t>(events[static_cast<std::size_t>(index)].data.u64));
  }

 private:
  struct Connection {
    int socket = -1;
    std::string input;
    Done done;
  };

  void open(std::size_t index) {
    connections_[index].socket = connect(port_);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[index].socket, &event);
  }

  static int connect(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      give_up("cannot connect to the server");
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
  }

  // A body in chunks is given as it came.
  static bool is_whole(const Answer& answer) {
    const std::string_view length = answer.header("content-length");
    if (!length.empty()) return answer.body.size() >= std::strtoull(length.data(), nullptr, 10);
    if (answer.header("transfer-encoding") != "chunked") give_up("an answer without a length");
    return answer.body.ends_with("\r\n0\r\n\r\n");
  }

  void receive(std::size_t index) {
    Connection& one = connections_[index];
    std::array<char, 65'536> buffer;
    const ssize_t got = ::recv(one.socket, buffer.data(), buffer.size(), 0);
    if (got <= 0 && !one.done) {  // it had nothing to say for too long
      ::close(one.socket);
      return open(index);
    }
    if (got <= 0) give_up("the server closed a connection");
    one.input.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = one.input.find("\r\n\r\n");
    if (end == std::string::npos) return;
    Answer answer{.status = std::atoi(one.input.c_str() + 9),
                  .head = std::string_view(one.input).substr(0, end + 2),
                  .body = std::string_view(one.input).substr(end + 4)};
    if (!is_whole(answer)) return;
    idle_.push_back(index);
    // The answer has views of these bytes, which stay where they are.
    const std::string input = std::exchange(one.input, {});
    std::exchange(one.done, {})(answer);
  }

  const std::uint16_t port_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
};

}  // namespace matsuri::bench
