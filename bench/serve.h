// `matsuri serve` of a data folder, as people run it, without limits of rates: a bench tells hours
// in minutes, and is many people at one address.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/exchange.h"
#include "bench/lag.h"
#include "bench/program.h"
#include "bench/scratch.h"

namespace matsuri::bench {

class Server {
 public:
  // `launcher`: a command, with options, that becomes the server, as `nice` does.
  explicit Server(const std::string& folder, std::vector<std::string> launcher = {}) {
    const std::string config = folder + "/matsuri.toml";
    std::ofstream file(config);
    for (const char* limit : {"account_read", "account_write", "address_read", "address_write"})
      file << "[limits." << limit << "]\nper_minute = 60000000\nburst = 1000000\n";
    file.close();
    std::vector<std::string> words = std::move(launcher);
    words.insert(words.end(), {our_program("matsuri"), "serve", "--config", config, "--data",
                               folder + "/data", "--listen", "127.0.0.1:0"});
    program_ = std::make_unique<Program>(std::move(words), folder + "/serve.log");
    for (int i = 0; i < 3000 && port_ == 0; ++i) {
      port_ = static_cast<std::uint16_t>(
          number_behind(program_->said(), "serving url=http://127.0.0.1:"));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (port_ == 0) give_up("the server did not start: " + program_->said());
  }
  std::uint16_t port() const { return port_; }
  // Ends it as an operator does. False where it did not go well.
  bool stop() { return program_->stop().status == 0; }

  // Waits until no view has anything to apply.
  void drain() const {
    bench::drain([this] { return lag(); });
  }
  // Records that views know of and have not applied. From any thread.
  std::uint64_t lag() const {
    Exchange metrics(port_, 1);
    std::uint64_t sum = 0;
    metrics.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
                [&](const Answer& answer) { sum = lag_in(answer.body); });
    while (!metrics.is_idle()) metrics.poll(1);
    return sum;
  }

 private:
  std::unique_ptr<Program> program_;
  std::uint16_t port_ = 0;
};

}  // namespace matsuri::bench
