#include "people/query.h"

#include <cstring>
#include <vector>

#include "sql/list.h"

namespace matsuri::people {

std::string hidden(std::string_view column) {
  const std::string person(column);
  return "(EXISTS (SELECT 1 FROM block hb WHERE hb.account = ? AND hb.target = " + person +
         " AND hb.blocked = 1) OR EXISTS (SELECT 1 FROM block hc WHERE hc.account = " + person +
         " AND hc.target = ? AND hc.blocked = 1) OR EXISTS (SELECT 1 FROM mute hm WHERE "
         "hm.account = ? AND hm.target = " +
         person + " AND hm.muted = 1))";
}

Result<bool> is_blocked(sql::Connection& connection, AccountId one, AccountId other) {
  TRY_ASSIGN(const auto found,
             connection.integer("SELECT 1 FROM block WHERE blocked = 1 AND "
                                "((account = ? AND target = ?) OR (account = ? AND target = ?))",
                                {one.value, other.value, other.value, one.value}));
  return found.has_value();
}

std::string person_columns(std::string_view alias) {
  std::string columns;
  for (const char* name : {"id", "handle", "name", "face", "empathies_shown_to"}) {
    if (!columns.empty()) columns += ", ";
    columns += alias;
    columns += '.';
    columns += name;
  }
  return columns;
}

Person to_person(const sql::Row& row, std::size_t column) {
  Person person{.id = AccountId{row.id(column)},
                .handle = std::string(row.text(column + 1)),
                .name = std::string(row.text(column + 2)),
                .empathies_shown_to = static_cast<Audience>(row.integer(column + 4))};
  const Bytes face = row.blob(column + 3);
  std::memcpy(&person.face, face.data(), std::min(face.size(), sizeof person.face));
  return person;
}

Result<std::unordered_map<AccountId, Person>> read_persons(sql::Connection& connection,
                                                           std::span<const AccountId> ids) {
  static const std::string head = "SELECT " + person_columns("p") + " FROM person p WHERE p.id";
  std::unordered_map<AccountId, Person> persons;
  std::vector<sql::Value> keys;
  for (const AccountId id : ids) keys.emplace_back(id.value);
  TRY(sql::query_in(connection, head, "", keys, {}, [&](const sql::Row& row) {
    Person person = to_person(row, 0);
    persons.emplace(person.id, std::move(person));
  }));
  return persons;
}

Result<std::optional<Person>> find_person(sql::Connection& connection, std::string_view handle) {
  static const std::string text =
      "SELECT " + person_columns("p") + " FROM person p WHERE p.handle = ?";
  std::optional<Person> found;
  TRY(connection.query(text, {handle}, [&](const sql::Row& row) { found = to_person(row, 0); }));
  return found;
}

}  // namespace matsuri::people
