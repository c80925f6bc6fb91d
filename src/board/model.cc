#include "board/model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/sentence.h"
#include "game/trade.h"
#include "json/value.h"

namespace matsuri::board {
namespace {

constexpr std::array<std::string_view, 2> order_names = {"high", "low"};
constexpr std::array<std::string_view, 2> combine_names = {"best", "sum"};

// The one of `names` that the field says; the first where it says nothing.
template <class Named>
Result<Named> named(const json::Object& object, std::string_view key,
                    const std::array<std::string_view, 2>& names) {
  TRY_ASSIGN(const auto given, object.optional_string(key));
  if (!given) return Named{};
  const auto found = std::ranges::find(names, *given);
  if (found == names.end())
    return Error(Code::invalid, sentence(key, ": ", names[0], " or ", names[1], " is taken"));
  return static_cast<Named>(found - names.begin());
}

Result<void> read_arena(const json::Object& object, Board& board) {
  TRY_ASSIGN(const auto arena, object.optional_string("arena"));
  if (!arena) return {};
  if (arena->empty() || arena->size() > sequencer::arena_size_max)
    return Error(Code::invalid, "arena: 1 to 64 bytes are taken");
  if (object.find("combine"))
    return Error(Code::invalid, "combine: is for a board of all arenas, and arena names one");
  board.arena = *arena;
  return {};
}

}  // namespace

bool counts_alike(const Board& one, const Board& other) {
  return one.title == other.title && one.kind == other.kind && one.field == other.field &&
         one.order == other.order && one.arena == other.arena && one.combine == other.combine;
}

bool is_board_name(std::string_view name) {
  if (name.empty() || name.size() > sequencer::name_size_max) return false;
  if (name.front() < 'a' || name.front() > 'z') return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Result<Board> parse_board(std::string_view text) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(text));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"kind", "field", "order", "arena", "combine", "accounts", "players", "size"}));
  Board board;
  TRY_ASSIGN(const std::string_view kind, object.string("kind"));
  TRY_ASSIGN(const std::string_view field, object.string("field"));
  board.kind = kind;
  board.field = field;
  TRY_ASSIGN(board.order, named<Order>(object, "order", order_names));
  TRY_ASSIGN(board.combine, named<Combine>(object, "combine", combine_names));
  TRY(read_arena(object, board));
  TRY_ASSIGN(const auto accounts, object.optional_boolean("accounts"));
  TRY_ASSIGN(const auto players, object.optional_boolean("players"));
  TRY_ASSIGN(const auto size, object.optional_integer("size"));
  board.accounts = accounts.value_or(false);
  board.players = players.value_or(false);
  if (size && (*size < 1 || *size > std::int64_t{board_size_max}))
    return Error(Code::invalid, sentence("size: a number from 1 to ", board_size_max, " is taken"));
  if (size) board.size = static_cast<std::size_t>(*size);
  return board;
}

void write_board_fields(json::Writer& writer, const Board& board) {
  writer.field("kind", board.kind)
      .field("field", board.field)
      .field("order", order_names[static_cast<std::size_t>(board.order)]);
  if (board.arena.empty())
    writer.field("combine", combine_names[static_cast<std::size_t>(board.combine)]);
  else
    writer.field("arena", board.arena);
  writer.field("accounts", board.accounts)
      .field("players", board.players)
      .field("size", std::uint64_t{board.size});
}

std::string to_text(const Board& board) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  write_board_fields(writer, board);
  writer.end_object();
  return text;
}

Result<void> check(const Board& board, const game::TitleSchema& schema) {
  const auto kind = schema.schema.find(board.kind);
  if (!kind || *kind == game::hold_kind)
    return Error(Code::invalid, sentence("kind: the schema has no kind ", board.kind));
  if (!schema.schema.kinds[*kind].find(board.field))
    return Error(Code::invalid, sentence("field: ", board.kind, " has no field ", board.field));
  return {};
}

}  // namespace matsuri::board
