// What a title says of its leaderboards: which field of which entities is ranked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "game/model.h"
#include "json/writer.h"
#include "model/ids.h"

namespace matsuri::board {

using BoardId = Id<struct BoardTag>;

inline constexpr std::size_t board_count_max = 16;        // of a title
inline constexpr std::size_t board_size_max = 1'000'000;  // ranked entities of one board
inline constexpr std::size_t board_size_default = 100'000;
inline constexpr std::size_t page_count_max = 100;
inline constexpr std::size_t page_count_default = 20;
inline constexpr std::size_t around_count_default = 11;

// Which values come first.
enum class Order : std::uint8_t { high, low };
// What counts where an id has entities in several arenas.
enum class Combine : std::uint8_t {
  best,  // the value that would rank first
  sum,   // of all of them
};

struct Board {
  BoardId id;  // another one whenever something else is counted
  TitleId title;
  std::string name;
  std::string kind;
  std::string field;
  Order order = Order::high;
  std::string arena;  // empty: all
  Combine combine = Combine::best;
  bool accounts = false;  // ids of its entities are numbers of accounts
  bool players = false;   // whether they see it
  std::size_t size = board_size_default;

  bool operator==(const Board&) const = default;
};

// Whether two count the same entities in the same way: what was counted for one holds for the
// other.
bool counts_alike(const Board& one, const Board& other);

// 1 to 32 of a-z, 0-9 and _, beginning with a letter.
bool is_board_name(std::string_view name);

// A definition as the API takes it, without what its address says. Code::invalid.
Result<Board> parse_board(std::string_view text);
// The same fields, of an object that is open.
void write_board_fields(json::Writer& writer, const Board& board);
std::string to_text(const Board& board);

// Code::invalid where the title has no such kind or field.
Result<void> check(const Board& board, const game::TitleSchema& schema);

}  // namespace matsuri::board
