#include "traffic/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "io/clock.h"

namespace matsuri::traffic {
namespace {

constexpr std::size_t header_size_max = 64 << 10;

// The number of a header, named as servers of ours write it: in small letters.
std::optional<std::uint64_t> number_of(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  const auto found = std::ranges::search(head, name, same);
  if (found.empty()) return std::nullopt;
  const char* begin = &*found.begin() + name.size();
  const char* const end = head.data() + head.size();
  while (begin < end && *begin == ' ') ++begin;
  std::uint64_t number = 0;
  const auto [rest, fault] = std::from_chars(begin, end, number);
  if (fault != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::uint32_t Answer::retry_after() const {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(number_of(head, "\r\nretry-after:").value_or(0), 3600));
}

Result<std::unique_ptr<Client>> Client::open(ClientOptions options) {
  in_addr address{};
  if (inet_pton(AF_INET, options.host.c_str(), &address) != 1)
    return Error(Code::invalid, "host: " + options.host + " is no IPv4 address");
  std::unique_ptr<Client> client(new Client(std::move(options)));
  client->address_ = address.s_addr;
  client->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (client->epoll_ < 0) return Error(Code::io, "there is no epoll");
  return client;
}

Client::Client(ClientOptions options)
    : options_(std::move(options)), connections_(options_.connection_count) {
  for (std::size_t index = connections_.size(); index > 0; --index) closed_.push_back(index - 1);
}

Client::~Client() {
  for (const Connection& one : connections_)
    if (one.socket >= 0) ::close(one.socket);
  if (epoll_ >= 0) ::close(epoll_);
}

void Client::ask(std::string request, Done done) {
  waiting_.push_back({.request = std::move(request), .done = std::move(done)});
}

void Client::poll(std::int64_t wait_us) {
  send_waiting();
  wait_us = std::max<std::int64_t>(wait_us, 0);
  std::array<epoll_event, 256> events;
  const timespec timeout{.tv_sec = wait_us / 1'000'000, .tv_nsec = wait_us % 1'000'000 * 1000};
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
    if (connections_[index].state == State::connecting)
      on_connected(index);
    else if (connections_[index].state != State::closed)
      receive(index);
  }
  end_late();
  send_waiting();
}

void Client::send_waiting() {
  while (!waiting_.empty() && !idle_.empty()) {
    const std::size_t index = idle_.back();
    idle_.pop_back();
    send(index);
  }
  // One for each request that waits, as browsers of so many viewers would.
  while (waiting_.size() > connecting_count_ && !closed_.empty()) {
    const std::size_t index = closed_.back();
    closed_.pop_back();
    connect(index);
  }
}

void Client::send(std::size_t index) {
  Connection& one = connections_[index];
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  one.state = State::busy;
  one.done = std::move(next.done);
  ++one.turn;
  ++busy_count_;
  deadlines_.push_back({.at_us = io::system_clock().monotonic_us() + options_.timeout_ms * 1000,
                        .connection = index,
                        .turn = one.turn});
  // Nothing is under way on this connection, so its buffer takes all at once.
  const auto size = static_cast<ssize_t>(next.request.size());
  if (::send(one.socket, next.request.data(), next.request.size(), MSG_NOSIGNAL) != size)
    lose(index);
}

void Client::connect(std::size_t index) {
  Connection& one = connections_[index];
  one.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  one.state = State::connecting;
  ++connecting_count_;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  address.sin_addr.s_addr = address_;
  const int on = 1;
  setsockopt(one.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{.events = EPOLLOUT, .data = {.u64 = index}};
  const bool is_begun =
      one.socket >= 0 &&
      (::connect(one.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
       errno == EINPROGRESS) &&
      epoll_ctl(epoll_, EPOLL_CTL_ADD, one.socket, &event) == 0;
  if (!is_begun) lose(index);
}

void Client::on_connected(std::size_t index) {
  Connection& one = connections_[index];
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(one.socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return lose(index);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, one.socket, &event);
  one.state = State::idle;
  --connecting_count_;
  idle_.push_back(index);
}

void Client::receive(std::size_t index) {
  Connection& one = connections_[index];
  std::array<char, 16'384> buffer;
  const ssize_t got = recv(one.socket, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0 || one.state != State::busy) return lose(index);
  one.input.append(buffer.data(), static_cast<std::size_t>(got));
  take(index);
}

void Client::take(std::size_t index) {
  Connection& one = connections_[index];
  const std::size_t end = one.input.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (one.input.size() > header_size_max) lose(index);
    return;
  }
  const std::string_view head = std::string_view(one.input).substr(0, end + 2);
  const auto length = number_of(head, "\r\ncontent-length:");
  const std::size_t begin = end + 4;
  if (!length || head.size() < 13 || *length > header_size_max) return lose(index);
  if (one.input.size() - begin < *length) return;
  Answer answer{.head = head, .body = std::string_view(one.input).substr(begin, *length)};
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  const bool is_open = head.find("\r\nconnection: close") == std::string_view::npos;
  Done done = std::move(one.done);
  --busy_count_;
  one.state = State::idle;
  done(answer);
  one.input.clear();
  if (is_open)
    idle_.push_back(index);
  else
    close(index);
}

// Whoever waits for an answer there, or for the connection, has none.
void Client::lose(std::size_t index) {
  Connection& one = connections_[index];
  const State state = one.state;
  if (state == State::idle) std::erase(idle_, index);
  Done done;
  if (state == State::busy) {
    done = std::move(one.done);
    --busy_count_;
  } else if (state == State::connecting && !waiting_.empty()) {
    done = std::move(waiting_.front().done);
    waiting_.pop_front();
  }
  if (state == State::connecting) --connecting_count_;
  close(index);
  if (done) done(Answer{});
}

void Client::close(std::size_t index) {
  Connection& one = connections_[index];
  if (one.socket >= 0) ::close(one.socket);
  one.socket = -1;
  one.state = State::closed;
  one.input.clear();
  closed_.push_back(index);
}

void Client::end_late() {
  const std::int64_t now_us = io::system_clock().monotonic_us();
  while (!deadlines_.empty()) {
    const Deadline first = deadlines_.front();
    const Connection& one = connections_[first.connection];
    const bool is_over = one.state != State::busy || one.turn != first.turn;
    if (!is_over && first.at_us > now_us) return;
    deadlines_.pop_front();
    if (!is_over) lose(first.connection);
  }
}

}  // namespace matsuri::traffic
