// `done` leads the index, so that what is left to do is found among any number of trades.
#include "game/trade_rows.h"

#include <cstring>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "game/trade_json.h"

namespace matsuri::game {
namespace {

constexpr std::int64_t trades_since_version = 2;  // of component "game"
constexpr std::string_view columns = "title, trade_key, content, state, done, created_ms, why";

Bytes bytes_of(const sequencer::Key& key) { return std::as_bytes(std::span(key.bytes)); }

Result<TradeRow> row_of(const sql::Row& row) {
  TradeRow found{.title = TitleId{row.id(0)},
                 .content = std::string(as_text(row.blob(2))),
                 .standing = {.state = static_cast<TradeState>(row.integer(3)),
                              .is_done = row.integer(4) != 0,
                              .created_ms = row.integer(5)}};
  const Bytes key = row.blob(1);
  if (key.size() != found.key.bytes.size() || found.standing.state > TradeState::voided)
    return Error(Code::corrupt, "a stored trade: its key or its state is none");
  std::memcpy(found.key.bytes.data(), key.data(), key.size());
  if (const std::string_view why = as_text(row.blob(6)); !why.empty()) {
    TRY_ASSIGN(found.standing.why, parse_refusal(why));
  }
  return found;
}

Result<std::vector<TradeRow>> rows_where(sql::Connection& connection, std::string_view where,
                                         std::initializer_list<sql::Value> parameters) {
  std::vector<TradeRow> rows;
  Result<void> parsed;
  const std::string query = "SELECT " + std::string(columns) + " FROM trade " + std::string(where);
  TRY(connection.query(query, parameters, [&](const sql::Row& row) {
    Result<TradeRow> found = row_of(row);
    if (found.ok())
      rows.push_back(std::move(*found));
    else
      parsed = std::move(found).error();
  }));
  TRY(std::move(parsed));
  return rows;
}

Result<TradeStanding> standing_of(sql::Connection& connection, TitleId title,
                                  const sequencer::Key& key) {
  TRY_ASSIGN(auto row, trade_row(connection, title, key));
  if (!row) return Error(Code::not_found, "there is no such trade");
  return std::move(row->standing);
}

}  // namespace

Result<KeptTrade> keep_trade(sql::Connection& connection, const TradeRow& row) {
  TRY_ASSIGN(auto there, trade_row(connection, row.title, row.key));
  if (there) return KeptTrade{.row = std::move(*there), .was_there = true};
  TRY(connection.execute(
      "INSERT INTO trade (title, trade_key, content, state, done, created_ms, why)"
      " VALUES (?, ?, ?, 0, 0, ?, ?)",
      {row.title.value, bytes_of(row.key), as_bytes(row.content), row.standing.created_ms,
       Bytes()}));
  return KeptTrade{.row = row};
}

Result<TradeStanding> decide_trade(sql::Connection& connection, TitleId title,
                                   const sequencer::Key& key, TradeState state,
                                   const std::optional<Refusal>& why) {
  const std::string text = why ? to_text(*why) : std::string();
  TRY(connection.execute(
      "UPDATE trade SET state = ?, why = ? WHERE title = ? AND trade_key = ? AND state = 0",
      {static_cast<std::int64_t>(state), as_bytes(text), title.value, bytes_of(key)}));
  return standing_of(connection, title, key);
}

Result<TradeStanding> finish_trade(sql::Connection& connection, TitleId title,
                                   const sequencer::Key& key) {
  TRY(connection.execute(
      "UPDATE trade SET done = 1 WHERE title = ? AND trade_key = ? AND state != 0",
      {title.value, bytes_of(key)}));
  return standing_of(connection, title, key);
}

Result<std::optional<TradeRow>> trade_row(sql::Connection& connection, TitleId title,
                                          const sequencer::Key& key) {
  TRY_ASSIGN(auto rows, rows_where(connection, "WHERE title = ? AND trade_key = ?",
                                   {title.value, bytes_of(key)}));
  if (rows.empty()) return std::optional<TradeRow>();
  return std::optional(std::move(rows.front()));
}

Result<std::vector<TradeRow>> undone_trades(sql::Connection& connection, const TradePlace& after,
                                            std::size_t count_max) {
  return rows_where(
      connection,
      "WHERE done = 0 AND (created_ms > ? OR (created_ms = ? AND trade_key > ?))"
      " ORDER BY created_ms, trade_key LIMIT ?",
      {after.created_ms, after.created_ms, bytes_of(after.key), std::uint64_t{count_max}});
}

Result<std::vector<TradeRow>> old_trades(sql::Connection& connection, std::int64_t before_ms,
                                         std::size_t count_max) {
  return rows_where(connection, "WHERE done = 1 AND created_ms < ? ORDER BY created_ms LIMIT ?",
                    {before_ms, std::uint64_t{count_max}});
}

Result<void> drop_trade(sql::Connection& connection, TitleId title, const sequencer::Key& key) {
  TRY(connection.execute("DELETE FROM trade WHERE title = ? AND trade_key = ? AND done = 1",
                         {title.value, bytes_of(key)}));
  return {};
}

Result<void> reopen_trades(sql::Connection& connection) {
  constexpr std::int64_t backup_ms_max = 3'600'000;
  TRY_ASSIGN(const auto version,
             connection.integer("SELECT version FROM schema_version WHERE component = 'game'"));
  if (version.value_or(0) < trades_since_version) return {};
  TRY_ASSIGN(const auto newest, connection.integer("SELECT MAX(created_ms) FROM trade"));
  TRY(connection.execute("UPDATE trade SET done = 0 WHERE done = 1 AND created_ms > ?",
                         {newest.value_or(0) - backup_ms_max}));
  return {};
}

}  // namespace matsuri::game
