#include "board/query.h"

#include <string>
#include <utility>

#include "base/bytes.h"

namespace matsuri::board {

Result<std::uint64_t> read_rev(sql::Connection& connection) {
  TRY_ASSIGN(const auto rev, connection.integer("SELECT rev FROM board_rev WHERE id = 1"));
  return static_cast<std::uint64_t>(rev.value_or(0));
}

Result<Defined> read_defined(sql::Connection& connection) {
  Defined defined;
  TRY_ASSIGN(defined.rev, read_rev(connection));
  Result<void> parsed;
  TRY(connection.query(
      "SELECT title, name, id, body FROM board ORDER BY title, name", {}, [&](const sql::Row& row) {
        auto board = parse_board(as_text(row.blob(3)));
        if (!board.ok()) {
          parsed = Error(Code::corrupt,
                         "board " + std::string(row.text(1)) + ": " + board.error().message());
          return;
        }
        board->title = TitleId{row.id(0)};
        board->name = row.text(1);
        board->id = BoardId{row.id(2)};
        defined.boards.push_back(std::move(*board));
      }));
  TRY(std::move(parsed));
  return defined;
}

}  // namespace matsuri::board
