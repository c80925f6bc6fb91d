// What a closure is told when it starts: by options, by the environment (as CGI has nothing else),
// or by a settings file, which is read again while it serves.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "closure/service.h"
#include "program/show.h"

namespace matsuri {

enum class Command : std::uint8_t { serve, info, new_key };

struct Options {
  Command command = Command::info;  // not as CGI
  std::string settings;             // path of that file, where one was named
  std::string keys;                 // path of the keys file
  std::string start;                // RFC 3339; empty for the programme's own
  std::array<std::int64_t, closure::path_count> delay_ms{};
  std::string inbox;  // of cgi: path of the file
  // Of serve.
  std::string data;
  std::string listen = "127.0.0.1:8090";
  std::size_t thread_count = 0;
  unsigned region = 0;
  unsigned node = 200;
  // Of new_key.
  unsigned key_id = 0;
};

// Reads everything again at each call. Where there is nothing to do (--help, a wrong option) it
// says so on the terminal, and the error has no message: Code::not_found where that was asked for.
Result<Options> read_options(int argc, const char* const* argv, bool is_cgi);

Result<closure::Settings> read_settings(const Options& options, const program::Show& show);

}  // namespace matsuri
