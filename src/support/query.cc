#include "support/query.h"

#include <algorithm>
#include <utility>

#include "account/query.h"
#include "points/model.h"

namespace matsuri::support {

Result<Player> read_player(sql::Connection& connection, std::string_view who,
                           std::int64_t now_unix_ms) {
  // A handle begins with a letter: it is never a number.
  const auto number = parse_id_as<AccountId>(who);
  TRY_ASSIGN(account::AccountRow row, number ? account::account_of(connection, *number)
                                             : account::account_named(connection, who));
  Player player{.account = std::move(row.account),
                .has_password = !row.password_hash.empty(),
                .sessions = {}};
  TRY_ASSIGN(player.sessions, account::sessions_of(connection, player.account.id, now_unix_ms));
  return player;
}

void Touched::add(const Touched& other) {
  is_whole = is_whole && other.is_whole;
  for (const TitleId title : other.titles) {
    if (std::ranges::find(titles, title) != titles.end()) continue;
    if (titles.size() == title_count_max)
      is_whole = false;
    else
      titles.push_back(title);
  }
}

Result<Touched> read_touched(sql::Connection& connection, AccountId account,
                             std::uint64_t look_count) {
  Touched touched;
  std::uint64_t looked_count = 0;
  const auto take = [&](const sql::Row& row) {
    const TitleId title{row.id(0)};
    looked_count += row.id(2);
    // Points lie in shards, too, but are nobody's title.
    if (row.integer(1) != 0 && title != points::points_title) touched.add({.titles = {title}});
  };
  // One more than is looked at tells that there are more.
  const std::uint64_t limit = look_count + 1;
  TRY(connection.query(
      "SELECT title, MAX(CASE WHEN actor = ? THEN 1 ELSE 0 END), COUNT(*)"
      " FROM (SELECT title, actor FROM command ORDER BY seq DESC LIMIT ?) newest GROUP BY title",
      {account.value, limit}, take));
  bool is_whole = looked_count < limit;
  looked_count = 0;
  TRY(
      connection.query("SELECT title, MAX(CASE WHEN id = ? THEN 1 ELSE 0 END), COUNT(*)"
                       " FROM (SELECT title, id FROM entity LIMIT ?) some_of_them GROUP BY title",
                       {account.to_string(), limit}, take));
  is_whole = is_whole && looked_count < limit;
  touched.is_whole = touched.is_whole && is_whole;
  return touched;
}

}  // namespace matsuri::support
