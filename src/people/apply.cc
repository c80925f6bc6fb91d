#include "people/apply.h"

#include <array>
#include <cstring>
#include <variant>
#include <vector>

namespace matsuri::people {
namespace {

// A genome has 64 bits, one more than a number of SQL.
using FaceBytes = std::array<std::byte, 8>;

Result<void> apply_persons(sql::Connection& connection, std::span<const stream::Record> records) {
  // The values are views of these, so they must not move.
  std::vector<FaceBytes> faces;
  faces.reserve(records.size());
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<AccountChanged>(&record.event);
    if (fact == nullptr) continue;
    std::memcpy(faces.emplace_back().data(), &fact->face, sizeof fact->face);
    const sql::Value row[] = {
        fact->account.value, fact->rev,
        fact->handle,        fact->name,
        Bytes(faces.back()), static_cast<std::int64_t>(fact->empathies_shown_to)};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  // Facts may come again: `rev` is set last, because MariaDB's later columns see the new value.
  return connection.insert_rows(
      "INSERT INTO person (id, rev, handle, name, face, empathies_shown_to)",
      "ON CONFLICT (id) DO UPDATE SET "
      "handle = CASE WHEN excluded.rev > rev THEN excluded.handle ELSE handle END, "
      "name = CASE WHEN excluded.rev > rev THEN excluded.name ELSE name END, "
      "face = CASE WHEN excluded.rev > rev THEN excluded.face ELSE face END, "
      "empathies_shown_to = CASE WHEN excluded.rev > rev THEN excluded.empathies_shown_to "
      "ELSE empathies_shown_to END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      6, values);
}

void add_pair(std::vector<sql::Value>& values, AccountId account, AccountId target,
              std::uint64_t rev, bool is_set) {
  const sql::Value row[] = {account.value, target.value, rev, std::int64_t{is_set}};
  values.insert(values.end(), std::begin(row), std::end(row));
}

}  // namespace

Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records) {
  TRY(apply_persons(connection, records));
  std::vector<sql::Value> blocks, mutes;
  for (const stream::Record& record : records) {
    if (const auto* block = std::get_if<BlockChanged>(&record.event))
      add_pair(blocks, block->account, block->target, block->rev, block->blocked);
    if (const auto* mute = std::get_if<MuteChanged>(&record.event))
      add_pair(mutes, mute->account, mute->target, mute->rev, mute->muted);
  }
  TRY(connection.insert_rows(
      "INSERT INTO block (account, target, rev, blocked)",
      "ON CONFLICT (account, target) DO UPDATE SET "
      "blocked = CASE WHEN excluded.rev > rev THEN excluded.blocked ELSE blocked END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      4, blocks));
  return connection.insert_rows(
      "INSERT INTO mute (account, target, rev, muted)",
      "ON CONFLICT (account, target) DO UPDATE SET "
      "muted = CASE WHEN excluded.rev > rev THEN excluded.muted ELSE muted END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      4, mutes);
}

}  // namespace matsuri::people
