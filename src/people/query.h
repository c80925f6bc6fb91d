// Reads of the copy of people, on a reader's or an applier's connection.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "people/model.h"
#include "sql/db.h"

namespace matsuri::people {

// A condition of SQL: whoever `column` names is not shown to the viewer, because one of the two
// blocks the other, or the viewer mutes them. Has three parameters, each of them the viewer; for a
// visitor (account 0) it holds for nobody.
std::string hidden(std::string_view column);

// Whether one of the two blocks the other.
Result<bool> is_blocked(sql::Connection& connection, AccountId one, AccountId other);

// Those that are known.
Result<std::unordered_map<AccountId, Person>> read_persons(sql::Connection& connection,
                                                           std::span<const AccountId> ids);
// nullopt where nobody of that handle is known.
Result<std::optional<Person>> find_person(sql::Connection& connection, std::string_view handle);

// The columns of a person, for a read that joins the table: `SELECT … p.handle, …` under the alias
// `alias`, and what they give, from `column` of a row on.
std::string person_columns(std::string_view alias);
inline constexpr std::size_t person_column_count = 5;
Person to_person(const sql::Row& row, std::size_t column);

}  // namespace matsuri::people
