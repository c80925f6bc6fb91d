// Other programs that a bench runs beside its own, and where they listen.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "bench/report.h"
#include "bench/scratch.h"

namespace matsuri::bench {

// A process that ends with this object, and with this program.
class Child {
 public:
  explicit Child(const std::function<void()>& run) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) give_up("cannot fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    run();
    ::_exit(0);
  }
  ~Child() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    give_up("there is no free port");
  ::close(socket);
  return ntohs(address.sin_port);
}

// Waits until somebody takes connections there.
inline void wait_for_port(std::uint16_t port, const std::string& what) {
  const sockaddr_in address = loopback(port);
  for (int i = 0; i < 1500; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int failed =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::close(socket);
    if (failed == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  give_up("it did not start: " + what);
}

// Where a program is; empty where nowhere. ./dev unpacks some below build/tools.
inline std::string find_program(const std::string& name) {
  for (const std::string folder :
       {"/usr/sbin/", "/usr/bin/", "build/tools/usr/sbin/", "build/tools/usr/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return {};
}

class Nginx {
 public:
  // `locations` as nginx's configuration has them, with the settings that files profit from.
  Nginx(int worker_count, std::string_view locations) : port_(free_port()) {
    const std::string program = find_program("nginx");
    if (program.empty())
      give_up("nginx is missing: run this by ./dev bench, which fetches what it needs");
    const std::string config = folder_.path() + "/nginx.conf";
    std::ofstream(config) << config_text(worker_count, locations);
    child_ = std::make_unique<Child>([&] {
      ::execl(program.c_str(), program.c_str(), "-p", folder_.path().c_str(), "-c", config.c_str(),
              "-e", "error.log", nullptr);
    });
    wait_for_port(port_, program);
  }
  std::uint16_t port() const { return port_; }

 private:
  std::string config_text(int worker_count, std::string_view locations) const {
    std::string text = ::geteuid() == 0 ? "user root;\n" : "";
    text += "worker_processes " + std::to_string(worker_count) + ";\n";
    text += "daemon off;\npid nginx.pid;\nevents { worker_connections 4096; }\n";
    text += "http {\n  access_log off;\n  default_type application/json;\n";
    for (const std::string_view kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      text.append("  ").append(kind).append("_temp_path ").append(kind).append(";\n");
    text += "  keepalive_requests 1000000000;\n  tcp_nodelay on;\n  sendfile on;\n";
    text += "  open_file_cache max=100;\n";
    text += "  server { listen 127.0.0.1:" + std::to_string(port_) + "; ";
    return text.append(locations) + " }\n}\n";
  }

  const Folder folder_;
  const std::uint16_t port_;
  std::unique_ptr<Child> child_;
};

}  // namespace matsuri::bench
