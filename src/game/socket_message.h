// What goes over a title's WebSocket (api/game.proto), to and from what the rest of game takes.
// Protocol Buffers stay behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "game/command_json.h"
#include "game/commands.h"
#include "game/model.h"

namespace matsuri::game {

inline constexpr std::size_t socket_in_flight_max =
    64;  // requests without an answer, of one socket

// One request, taken apart as far as that goes without knowing who asks.
class SocketRequest {
 public:
  enum class What : std::uint8_t { unknown, sign_in, commands };

  // Code::invalid where the bytes are no Request.
  static Result<SocketRequest> parse(std::string_view bytes);
  ~SocketRequest();
  SocketRequest(SocketRequest&&) noexcept;
  SocketRequest& operator=(SocketRequest&&) = delete;

  std::uint64_t id() const;
  What what() const;

  // REQUIRES: what() == What::sign_in.
  std::string_view title_key() const;
  std::string_view player_token() const;
  // As parse_commands() of JSON. REQUIRES: what() == What::commands.
  Result<std::vector<SentCommand>> commands(const Sender& sender, const TitleSchema& schema) const;

 private:
  class Parsed;
  explicit SocketRequest(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

// Answers to the request with that id, as bytes.
std::string outcomes_message(std::uint64_t id, const ToldAll& told,
                             const sequencer::Schema& schema);
std::string signed_in_message(std::uint64_t id, std::int64_t server_time_ms);
std::string error_message(std::uint64_t id, const Error& error, std::int64_t retry_s = 0);

}  // namespace matsuri::game
