// What applied commands, and entities as they lie in their tables, mean to boards.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "board/model.h"
#include "board/ranking.h"
#include "sequencer/history.h"

namespace matsuri::board {

// One entity has this value from a version on.
struct Update {
  const Board* board = nullptr;
  std::string id;
  std::string arena;
  std::uint64_t version = 0;          // of the entity
  std::optional<std::int64_t> value;  // none: the entity is gone, or its field
  Reached reached;
};

// What a command changes on those of `boards` that count what it touches; all of them are of its
// title. Code::corrupt for an outcome that can't be read.
Result<void> append_updates(const sequencer::StoredCommand& command,
                            std::span<const Board* const> boards, std::vector<Update>& updates);

// The value of a field, where an entity's JSON has it. Code::corrupt.
Result<std::optional<std::int64_t>> field_in(std::string_view fields, std::string_view name);

}  // namespace matsuri::board
