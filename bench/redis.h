// A Redis of a bench's own, and a client that does nothing but what is asked for: the baseline gets
// no library's overhead.
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/scratch.h"

namespace matsuri::bench {

// Without disk and network, on a socket below `folder`; ends with this object, and with this
// program.
class RedisServer {
 public:
  explicit RedisServer(const std::string& folder) : socket_(folder + "/redis.sock") {
    // Debian's redis-tools has the server too, under the name of one of its tools: what it does is
    // decided by the name that it is called by.
    const char* const program = "/usr/bin/redis-check-rdb";
    if (::access(program, X_OK) != 0)
      give_up("redis is missing: run this by ./dev bench timeline, which fetches what it needs");
    pid_ = ::fork();
    if (pid_ < 0) give_up("cannot fork");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execl(program, "redis-server", "--port", "0", "--unixsocket", socket_.c_str(), "--save", "",
              "--appendonly", "no", "--loglevel", "warning", "--dir", folder.c_str(), nullptr);
      ::_exit(1);
    }
    for (int i = 0; i < 1000 && ::access(socket_.c_str(), F_OK) != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ~RedisServer() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
  pid_t pid_ = -1;
};

// One connection. One thread at a time.
class Redis {
 public:
  explicit Redis(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) give_up("too long for a socket: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      give_up("cannot connect to redis");
  }
  ~Redis() { ::close(socket_); }
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  static void add_argument(std::string& out, std::string_view argument) {
    out += '$';
    out += std::to_string(argument.size());
    out += "\r\n";
    out += argument;
    out += "\r\n";
  }
  template <class Arguments>
  static std::string command_of(const Arguments& arguments) {
    std::string out = '*' + std::to_string(arguments.size()) + "\r\n";
    for (const auto& argument : arguments) add_argument(out, argument);
    return out;
  }
  static std::string command(std::initializer_list<std::string_view> arguments) {
    return command_of(arguments);
  }

  // Sends commands and reads `count` answers. The elements of the last one, a single value counting
  // as one element; valid until the next call.
  const std::vector<std::string_view>& ask(std::string_view commands, std::size_t count = 1) {
    while (!commands.empty()) {
      const ssize_t sent = ::send(socket_, commands.data(), commands.size(), MSG_NOSIGNAL);
      if (sent <= 0) give_up("redis is gone");
      commands.remove_prefix(static_cast<std::size_t>(sent));
    }
    end_ = at_ = 0;
    while (count-- > 0) read_answer();
    elements_.clear();
    for (const auto& [first, size] : places_) elements_.emplace_back(buffer_.data() + first, size);
    return elements_;
  }

 private:
  void fill() {
    if (buffer_.size() - end_ < 65'536) buffer_.resize(buffer_.size() * 2 + 262'144);
    const ssize_t got = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
    if (got <= 0) give_up("redis is gone");
    end_ += static_cast<std::size_t>(got);
  }
  // A line without its end.
  std::string_view line() {
    for (std::size_t from = at_;;) {
      const void* const found =
          end_ > from ? std::memchr(buffer_.data() + from, '\n', end_ - from) : nullptr;
      if (found != nullptr) {
        const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
        const std::string_view text(buffer_.data() + at_, end - at_ - 1);
        at_ = end + 1;
        return text;
      }
      from = end_;
      fill();
    }
  }
  static std::int64_t number_of(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  void read_answer() {
    places_.clear();
    std::int64_t left = 1;
    for (; left > 0; --left) {
      const std::string_view head = line();
      if (head.starts_with('-')) give_up("redis: " + std::string(head));
      if (head.starts_with('*')) {
        left += number_of(head.substr(1));
      } else if (head.starts_with('$')) {
        const std::int64_t size = number_of(head.substr(1));
        if (size < 0) {
          places_.emplace_back(0, 0);
          continue;
        }
        while (end_ - at_ < static_cast<std::size_t>(size) + 2) fill();
        places_.emplace_back(at_, static_cast<std::size_t>(size));
        at_ += static_cast<std::size_t>(size) + 2;
      } else {
        places_.emplace_back(static_cast<std::size_t>(head.data() - buffer_.data()) + 1,
                             head.size() - 1);
      }
    }
  }

  int socket_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> places_;
  std::vector<std::string_view> elements_;
};

}  // namespace matsuri::bench
