// One blocking connection to an HTTP server, kept alive: for what a bench prepares and checks.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "bench/servers.h"

namespace matsuri::bench {

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address = loopback(port);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      give_up("cannot connect to the server");
  }
  ~HttpClient() { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Valid until the next request. `status` is 0 where the connection broke.
  struct Answer {
    int status = 0;
    std::string_view head;
    std::string_view body;
  };
  // `headers`: whole lines, with their ends.
  Answer ask(std::string_view method, std::string_view path, std::string_view headers = {},
             std::string_view body = {}) {
    std::string request(method);
    request.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
    if (!body.empty())
      request +=
          "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n";
    request.append("\r\n").append(body);
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
    answer_.clear();
    std::size_t head = std::string::npos;
    std::size_t wanted = 0;
    char buffer[65'536];
    while (head == std::string::npos || answer_.size() < wanted) {
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return {};
      answer_.append(buffer, static_cast<std::size_t>(got));
      if (head != std::string::npos) continue;
      head = answer_.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const std::size_t length = answer_.find("content-length: ");
      wanted = head + 4;
      if (length < head) wanted += std::strtoull(answer_.c_str() + length + 16, nullptr, 10);
    }
    const std::string_view answer = answer_;
    return {.status = std::atoi(answer_.c_str() + 9),
            .head = answer.substr(0, head + 2),
            .body = answer.substr(head + 4)};
  }

  // The body of the answer; empty where it is not 200.
  std::string_view get(std::string_view path, std::string_view headers = {}) {
    const Answer answer = ask("GET", path, headers);
    if (answer.status == 200) return answer.body;
    say(answer_.substr(0, 400));
    return {};
  }

 private:
  int socket_;
  std::string answer_;
};

}  // namespace matsuri::bench
