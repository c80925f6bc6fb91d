// What admins and servers say of a title's boards. Strict: an answer comes when main's transaction
// has committed.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "board/model.h"
#include "board/query.h"
#include "game/directory.h"
#include "game/exec.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "sql/db.h"

namespace matsuri::board {

// Inside somebody's transaction: defines the board, in place of the one of that name. It keeps the
// id of that one where both count alike, else it gets `board.id`. Gives it as it is from now on.
// Code::exhausted past board_count_max.
Result<Board> put_board(sql::Connection& connection, Board board);
// Code::not_found.
Result<void> drop_board(sql::Connection& connection, TitleId title, std::string_view name);

struct DefinitionsParts {
  sql::Db& db;  // main's
  journal::IdMaker& ids;
  const game::Directory& schemas;
  std::function<bool(TitleId)> has_title;
};

// All definitions in memory, and the way to change them. Thread-safe.
class Definitions {
 public:
  explicit Definitions(DefinitionsParts parts) : parts_(std::move(parts)) {}

  // As far as is known; Boards reads again what other processes may have changed.
  std::shared_ptr<const Defined> all() const;
  std::vector<Board> of(TitleId title) const;
  std::optional<Board> find(TitleId title, std::string_view name) const;
  // An older revision than what is known is left out.
  void learn(Defined defined);

  // Code::not_found where there is no such title, or it has no schema; Code::invalid where the
  // schema has no such field; Code::exhausted past board_count_max.
  void put(Board board, io::Executor& executor, game::Completion<Board> done);
  // Code::not_found.
  void drop(TitleId title, std::string name, io::Executor& executor,
            game::Completion<game::Nothing> done);

 private:
  DefinitionsParts parts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Defined> defined_ = std::make_shared<const Defined>();
};

}  // namespace matsuri::board
