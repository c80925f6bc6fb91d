#include "http/testing_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace matsuri::http {

std::string Reply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

TestClient::TestClient(std::uint16_t port, int receive_size)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_size > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_size, sizeof receive_size);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  ::close(socket_);
  socket_ = -1;
}

TestClient::~TestClient() {
  if (socket_ >= 0) ::close(socket_);
}

TestClient::TestClient(TestClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      input_(std::move(other.input_)),
      is_at_end_(other.is_at_end_),
      is_failed_(other.is_failed_) {}

bool TestClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void TestClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

bool TestClient::fill() {
  if (is_at_end_ || is_failed_ || socket_ < 0) return false;
  pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
  char buffer[16384];
  const ssize_t size =
      ::poll(&wanted, 1, timeout_ms) == 1 ? ::recv(socket_, buffer, sizeof buffer, 0) : -1;
  is_at_end_ = size == 0;
  is_failed_ = size < 0;
  if (size > 0) input_.append(buffer, static_cast<std::size_t>(size));
  return size > 0;
}

std::string TestClient::read_until(std::string_view mark) {
  std::size_t end = 0;
  while ((end = input_.find(mark)) == std::string::npos) {
    if (!fill()) return std::exchange(input_, {});
  }
  std::string out = input_.substr(0, end + mark.size());
  input_.erase(0, out.size());
  return out;
}

std::string TestClient::read_exactly(std::size_t size) {
  while (input_.size() < size && fill()) {
  }
  std::string out = input_.substr(0, size);
  input_.erase(0, out.size());
  return out;
}

std::string TestClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(input_, {});
}

bool TestClient::has_ended() {
  read_to_end();
  return is_at_end_;
}

Reply TestClient::read(BodyRule rule) {
  const std::string head = read_until("\r\n\r\n");
  if (!head.starts_with("HTTP/1.1 ") || !head.ends_with("\r\n\r\n")) return {};
  Reply reply{.status = std::atoi(head.c_str() + 9), .headers = {}, .body = {}};
  for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    if (colon >= end) return {};
    reply.headers.emplace(head.substr(at, colon - at), head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  if (rule == BodyRule::none) return reply;
  const auto size =
      static_cast<std::size_t>(std::strtoull(reply.header("content-length").c_str(), nullptr, 10));
  reply.body = read_exactly(size);
  if (reply.body.size() < size) return {};
  return reply;
}

Reply TestClient::get(std::string_view path, std::string_view headers) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers).append("\r\n");
  send(request);
  return read();
}

Reply TestClient::post(std::string_view path, std::string_view body, std::string_view headers) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  send(request.append(body));
  return read();
}

}  // namespace matsuri::http
