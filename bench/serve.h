// `matsuri serve` of a data folder, as people run it, without limits of rates: a bench tells hours
// in minutes, and is many people at one address.
#pragma once

#include <charconv>
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
#include "bench/program.h"
#include "bench/scratch.h"

namespace matsuri::bench {

// The first number behind `mark`.
inline std::uint64_t number_behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  std::uint64_t number = 0;
  if (at != std::string_view::npos)
    std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
  return number;
}

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
    for (int quiet_count = 0; quiet_count < 3;) {
      quiet_count = lag() == 0 ? quiet_count + 1 : 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
  }
  // Records that views know of and have not applied. From any thread.
  std::uint64_t lag() const {
    Exchange metrics(port_, 1);
    std::uint64_t sum = 0;
    metrics.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", [&](const Answer& answer) {
      for (const std::string_view name : {"\nmatsuri_applier_lag{", "\nmatsuri_applier_in_flight{"})
        for (std::size_t at = answer.body.find(name); at != std::string_view::npos;
             at = answer.body.find(name, at + 1))
          sum += number_behind(answer.body.substr(at), "} ");
    });
    while (!metrics.is_idle()) metrics.poll(1);
    return sum;
  }

 private:
  std::unique_ptr<Program> program_;
  std::uint16_t port_ = 0;
};

}  // namespace matsuri::bench
