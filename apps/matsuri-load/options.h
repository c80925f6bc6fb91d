// The command line of matsuri-load.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "traffic/crowd.h"

namespace matsuri {

struct Options {
  std::string url = "http://127.0.0.1:8080";
  std::string programme;
  std::string keys;
  std::string tokens;
  bool signs_tickets = false;
  std::string start;
  std::int64_t delay_ms = 0;
  std::string shape = "broadcast";
  std::string trace;
  double seconds = 60;
  std::uint64_t viewer_count = 1000;
  traffic::Shares shares;
  unsigned again_count = 0;
  std::size_t connection_count = 512;
  std::uint32_t seed = 1;
  std::string out;
  std::string svg;
};

// Code::not_found where only help was asked for; Code::invalid, after it was said, for all else.
Result<Options> read_options(int argc, const char* const* argv);

// "http://127.0.0.1:8080", without a path.
Result<traffic::ClientOptions> server_of(const Options& options);

}  // namespace matsuri
