#include "board/definitions.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/sentence.h"
#include "sql/call.h"

namespace matsuri::board {
namespace {

Error no_board() { return {Code::not_found, "the title has no such board"}; }

Result<void> raise_rev(sql::Connection& connection) {
  TRY(connection.execute("UPDATE board_rev SET rev = rev + 1 WHERE id = 1"));
  return {};
}

const Board* find_in(const Defined& defined, TitleId title, std::string_view name) {
  for (const Board& board : defined.boards)
    if (board.title == title && board.name == name) return &board;
  return nullptr;
}

}  // namespace

Result<Board> put_board(sql::Connection& connection, Board board) {
  TRY_ASSIGN(const Defined now, read_defined(connection));
  if (const Board* const old = find_in(now, board.title, board.name)) {
    if (counts_alike(*old, board)) board.id = old->id;
    if (*old == board) return board;
  } else if (std::ranges::count(now.boards, board.title, &Board::title) >=
             static_cast<std::ptrdiff_t>(board_count_max)) {
    return Error(Code::exhausted, sentence("the title has ", board_count_max,
                                           " boards, the most there may be: delete one first"));
  }
  const std::string body = to_text(board);
  TRY(connection.execute("DELETE FROM board WHERE title = ? AND name = ?",
                         {board.title.value, board.name}));
  TRY(connection.execute("INSERT INTO board (title, name, id, body) VALUES (?, ?, ?, ?)",
                         {board.title.value, board.name, board.id.value, as_bytes(body)}));
  TRY(raise_rev(connection));
  return board;
}

Result<void> drop_board(sql::Connection& connection, TitleId title, std::string_view name) {
  TRY_ASSIGN(
      const std::uint64_t count,
      connection.execute("DELETE FROM board WHERE title = ? AND name = ?", {title.value, name}));
  if (count == 0) return no_board();
  return raise_rev(connection);
}

std::shared_ptr<const Defined> Definitions::all() const {
  const std::lock_guard lock(mutex_);
  return defined_;
}

std::vector<Board> Definitions::of(TitleId title) const {
  const auto defined = all();
  std::vector<Board> boards;
  std::ranges::copy_if(defined->boards, std::back_inserter(boards),
                       [&](const Board& board) { return board.title == title; });
  return boards;
}

std::optional<Board> Definitions::find(TitleId title, std::string_view name) const {
  const auto defined = all();
  const Board* const found = find_in(*defined, title, name);
  if (found == nullptr) return std::nullopt;
  return *found;
}

void Definitions::learn(Defined defined) {
  auto next = std::make_shared<const Defined>(std::move(defined));
  const std::lock_guard lock(mutex_);
  if (next->rev > defined_->rev) defined_ = std::move(next);
}

void Definitions::put(Board board, io::Executor& executor, game::Completion<Board> done) {
  const auto schema = parts_.schemas.schema_of(board.title);
  if (!parts_.has_title(board.title)) return done(Error(Code::not_found, "there is no such title"));
  if (schema == nullptr)
    return done(Error(Code::not_found, "the title has no schema: put one first"));
  if (const auto checked = check(board, *schema); !checked.ok()) return done(checked.error());
  const auto id = parts_.ids.next();
  if (!id.ok()) return done(id.error());
  board.id = BoardId{*id};
  struct Put {
    Board board;
    Defined defined;
  };
  sql::write_value<Put>(
      parts_.db, executor,
      [board = std::move(board)](sql::Connection& connection) -> Result<Put> {
        Put put;
        TRY_ASSIGN(put.board, put_board(connection, board));
        TRY_ASSIGN(put.defined, read_defined(connection));
        return put;
      },
      [this, done = std::move(done)](Result<Put> put) mutable {
        if (!put.ok()) return done(std::move(put).error());
        learn(std::move(put->defined));
        done(std::move(put->board));
      });
}

void Definitions::drop(TitleId title, std::string name, io::Executor& executor,
                       game::Completion<game::Nothing> done) {
  sql::write_value<Defined>(
      parts_.db, executor,
      [title, name = std::move(name)](sql::Connection& connection) -> Result<Defined> {
        TRY(drop_board(connection, title, name));
        return read_defined(connection);
      },
      [this, done = std::move(done)](Result<Defined> defined) mutable {
        if (!defined.ok()) return done(std::move(defined).error());
        learn(std::move(*defined));
        done(game::Nothing{});
      });
}

}  // namespace matsuri::board
