#include "board/fill.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sequencer/slots.h"

namespace matsuri::board {
namespace {

constexpr std::uint64_t page_size = 2000;

struct EntityRow {
  std::string arena;
  std::string id;
  std::uint64_t slot = 0;
  std::uint64_t version = 0;
  std::string fields;
};

Result<void> read_rows(sql::Connection& connection, std::string_view where,
                       std::vector<sql::Value> parameters, std::vector<EntityRow>& rows) {
  if (rows.size() >= page_size) return {};
  std::string text = "SELECT arena, id, slot, version, fields FROM entity WHERE ";
  text.append(where).append(" ORDER BY arena, kind, id LIMIT ?");
  parameters.emplace_back(page_size - rows.size());
  std::vector<EntityRow> found;
  TRY(connection.query(text, parameters, [&](const sql::Row& row) {
    found.push_back({.arena = std::string(row.text(0)),
                     .id = std::string(row.text(1)),
                     .slot = row.id(2),
                     .version = row.id(3),
                     .fields = std::string(row.text(4))});
  }));
  std::ranges::move(found, std::back_inserter(rows));
  return {};
}

}  // namespace

struct Fill::Page {
  sequencer::SlotSet owned;
  std::vector<EntityRow> rows;
};

Fill::Fill(const Board& board) {
  if (board.arena.empty())
    missing_.set();
  else
    missing_.set(sequencer::slot_of(board.title, board.arena));
  held_ = missing_;
}

// First the rest of the arena that the last page ended in, then arenas behind it: each of the two
// goes along the table's own key.
Result<Fill::Page> Fill::read(sql::Db& db, const Board& board) const {
  Page page;
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    page = {};
    TRY_ASSIGN(page.owned, sequencer::read_owned(connection));
    const std::string& arena = board.arena.empty() ? arena_ : board.arena;
    TRY(read_rows(connection, "title = ? AND arena = ? AND kind = ? AND id > ?",
                  {board.title.value, arena, board.kind, id_}, page.rows));
    if (!board.arena.empty()) return {};
    return read_rows(connection, "title = ? AND arena > ? AND kind = ?",
                     {board.title.value, arena, board.kind}, page.rows);
  }));
  return page;
}

Result<std::vector<Update>> Fill::next(std::span<const game::ShardDb> shards, const Board& board) {
  TRY_ASSIGN(Page page, read(*shards[shard_].db, board));
  const sequencer::SlotSet held = held_ & page.owned;
  std::vector<Update> updates;
  for (EntityRow& row : page.rows) {
    if (row.slot >= sequencer::slot_count || !held[row.slot]) continue;
    TRY_ASSIGN(const auto value, field_in(row.fields, board.field));
    if (!value) continue;
    updates.push_back({.board = &board,
                       .id = row.id,
                       .arena = row.arena,
                       .version = row.version,
                       .value = value,
                       .reached = {}});
  }
  held_ = held;
  count_ += page.rows.size();
  if (page.rows.size() >= page_size) {
    arena_ = std::move(page.rows.back().arena);
    id_ = std::move(page.rows.back().id);
    return updates;
  }
  missing_ &= ~held_;
  held_ = missing_;
  shard_ = (shard_ + 1) % shards.size();
  arena_.clear();
  id_.clear();
  return updates;
}

}  // namespace matsuri::board
