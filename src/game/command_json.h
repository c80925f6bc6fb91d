// Commands as they come over the wire, straight into what the sequencer takes. The hot path of game
// state: about a microsecond a command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "game/model.h"
#include "sequencer/command.h"

namespace matsuri::game {

inline constexpr std::size_t command_count_max = 1024;  // of one request
inline constexpr std::size_t command_entity_count_max = 16;
inline constexpr std::size_t command_guard_count_max = 16;
inline constexpr std::size_t command_step_count_max = 32;
inline constexpr std::size_t commands_size_max = 256U << 10;
inline constexpr std::int64_t deadline_ms_max = 60'000;

// Whose commands they are.
struct Sender {
  TitleId title;
  AccountId player;  // none for the title's own servers
};

struct SentCommand {
  sequencer::Command command;    // checked where `wrong` is empty
  bool has_key = false;          // the key could be read, whatever else is wrong
  bool is_linked = false;        // with the one behind it
  std::int64_t deadline_ms = 0;  // from now; 0: none
  std::string wrong;             // why it is no command
};

// Code::invalid where the body as a whole is wrong: no JSON, another shape, no command or more than
// command_count_max. What is wrong with one command is said in its place.
Result<std::vector<SentCommand>> parse_commands(std::string_view body, const Sender& sender,
                                                const TitleSchema& schema);

}  // namespace matsuri::game
