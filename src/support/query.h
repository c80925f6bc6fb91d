// Reads that nobody but support makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "account/model.h"
#include "base/result.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::support {

// Of what a player touched, so many titles are told of at most.
inline constexpr std::size_t title_count_max = 64;
inline constexpr std::uint64_t look_count_default = 65'536;

// What staff see of an account beside what it did.
struct Player {
  account::Account account;
  bool has_password = false;               // without one nobody can log in
  std::vector<account::Session> sessions;  // open ones, the one last seen first
};

// `who` is a number or a handle. Code::not_found. On a connection of main.
Result<Player> read_player(sql::Connection& connection, std::string_view who,
                           std::int64_t now_unix_ms);

// What an account touched, as far as one look goes.
struct Touched {
  std::vector<TitleId> titles;  // each once, in no order; at most title_count_max
  bool is_whole = true;         // there can be no other

  // What another shard says.
  void add(const Touched& other);
};
// Titles in which the account gave commands, or has entities (their id is its number). Looks at the
// newest `look_count` commands and at as many entities: neither has an index by account, because
// whoever writes would pay for it. On a connection of a shard's log (game::LogDbs).
Result<Touched> read_touched(sql::Connection& connection, AccountId account,
                             std::uint64_t look_count = look_count_default);

}  // namespace matsuri::support
