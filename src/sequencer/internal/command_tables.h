// Where a shard's commands lie: three tables with the same columns.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "model/ids.h"
#include "sequencer/days.h"

namespace matsuri::sequencer {

// What the shard decided itself, what came with slots, and what is kept for ever, of both kinds.
inline constexpr std::array<std::string_view, 3> command_tables = {"command", "moved_command",
                                                                   "kept_command"};

// The table of what is decided here.
inline std::string_view table_of(TitleId title) {
  return command_tables[title == kept_title ? 2 : 0];
}
// The table of what comes with a slot.
inline std::string_view moved_table_of(TitleId title) {
  return command_tables[title == kept_title ? 2 : 1];
}
// Those that may have commands of the title; of none, all.
inline std::span<const std::string_view> tables_of(TitleId title) {
  const std::span<const std::string_view> all(command_tables);
  if (!title) return all;
  return title == kept_title ? all.last(1) : all.first(2);
}

}  // namespace matsuri::sequencer
