// The HTTP server beside nginx: requests a second of a handler that does nothing against nginx's
// `return 200`, one thread each; and the memory of a connection that waits for its next request.
//
// Servers run in processes of their own, so that their memory and their time are not the client's.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/report.h"
#include "bench/scratch.h"
#include "bench/servers.h"
#include "http/router.h"
#include "http/server.h"

namespace matsuri::bench {
namespace {

constexpr std::string_view body = R"({"ok":true})";
constexpr std::string_view request = "GET /null HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr double idle_baseline_bytes = 6144;

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A blocking connection, for checks and for connections that idle.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    is_connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }
  Client(Client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), is_connected_(other.is_connected_) {}
  Client& operator=(Client&&) = delete;

  // Asks once more, and says whether the answer is 200 with the body.
  bool ask() {
    if (!is_connected_ || ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0)
      return false;
    std::string answer;
    char buffer[4096];
    while (!answer.ends_with(body)) {
      const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0) return false;
      answer.append(buffer, static_cast<std::size_t>(size));
    }
    return answer.starts_with("HTTP/1.1 200 ");
  }

 private:
  int socket_;
  bool is_connected_ = false;
};

// Ours, with one thread. Limits are on, but too wide to refuse anything.
void serve(int port_pipe) {
  http::Router router;
  router.add(http::Method::get, "/null", {}, [](const http::RequestPtr&, http::Responder respond) {
    respond.send(http::Response{.body = std::string(body)});
  });
  http::ServerOptions options;
  options.port = 0;
  options.thread_count = 1;
  options.address_read = {.per_minute = 6e7, .burst = 1e6};
  auto server = http::Server::listen(std::move(options), router);
  if (!server.ok()) give_up(server.error().to_string());
  (*server)->start();
  const std::uint16_t port = (*server)->port();
  if (::write(port_pipe, &port, sizeof port) != sizeof port) give_up("cannot tell the port");
  for (;;) ::pause();
}

class OurServer {
 public:
  OurServer() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) give_up("cannot make a pipe");
    child_ = std::make_unique<Child>([&] { serve(ends[1]); });
    ::close(ends[1]);
    if (::read(ends[0], &port_, sizeof port_) != sizeof port_) give_up("the server did not start");
    ::close(ends[0]);
  }
  std::uint16_t port() const { return port_; }
  pid_t pid() const { return child_->pid(); }

 private:
  std::unique_ptr<Child> child_;
  std::uint16_t port_ = 0;
};

// Requests a second by wrk's count; every answer must be a 2xx that came whole.
double run_wrk(const std::string& wrk, std::uint16_t port, int seconds, bool& checked) {
  const std::string command = wrk + " -t1 -c64 -d" + std::to_string(seconds) +
                              "s http://127.0.0.1:" + std::to_string(port) + "/null 2>&1";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (!pipe) give_up("cannot run wrk");
  std::string text;
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    text.append(buffer, size);
  const int status = ::pclose(pipe);
  const std::size_t at = text.find("Requests/sec:");
  if (status != 0 || at == std::string::npos) give_up("wrk failed: " + text);
  if (text.find("Non-2xx") != std::string::npos ||
      text.find("Socket errors") != std::string::npos) {
    say(text);
    checked = false;
  }
  return std::strtod(text.c_str() + at + 13, nullptr);
}

void bench_null(Report& report, const Options& options) {
  const std::string wrk = find_program("wrk");
  if (wrk.empty())
    give_up("wrk is missing: run this by ./dev bench http, which fetches what it needs");
  const OurServer ours;
  const Nginx nginx(1, "location / { return 200 '" + std::string(body) + "'; }");
  const int seconds = options.quick ? 1 : 3;
  bool checked = true;
  const auto run = [&](std::uint16_t port) {
    checked = Client(port).ask() && checked;
    return std::vector<double>{run_wrk(wrk, port, seconds, checked)};
  };
  const auto figures = compare(
      options.quick ? 1 : 11, [&] { return run(ours.port()); }, [&] { return run(nginx.port()); });
  report.add({.name = "null",
              .metric = "requests, 64 connections",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = "nginx return 200, one worker",
              .better = Better::larger,
              .checked = checked});
}

// Resident bytes of a process.
double resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void bench_idle(Report& report, const Options& options) {
  const std::size_t count = options.quick ? 1000 : 8000;
  const OurServer server;
  bool checked = true;
  // What the first connections make for all that follow is no connection's own.
  for (int i = 0; i < 200; ++i) checked = Client(server.port()).ask() && checked;
  const double before = resident_bytes(server.pid());
  std::vector<Client> clients;
  clients.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    checked = clients.emplace_back(server.port()).ask() && checked;
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const double after = resident_bytes(server.pid());
  for (Client& client : clients) checked = client.ask() && checked;
  report.add({.name = "idle",
              .metric = "user-space memory of an idle connection",
              .figures = {.value = (after - before) / static_cast<double>(count),
                          .baseline_value = idle_baseline_bytes},
              .unit = "bytes",
              .baseline = "6144 bytes",
              .better = Better::smaller,
              .checked = checked && before > 0 && after > before});
}

int run(int argc, char** argv) {
  const Options options = parse_options(
      argc, argv, "bench_http: requests a second beside nginx, and memory of idle connections");
  raise_file_limit();
  Report report("http", options);
  if (options.wants("null")) bench_null(report, options);
  if (options.wants("idle")) bench_idle(report, options);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) { return matsuri::bench::run(argc, argv); }
