#include "game/internal/rows.h"

#include <string>

#include "base/bytes.h"
#include "game/query.h"
#include "game/schema_json.h"
#include "sequencer/schema.h"

namespace matsuri::game {

Result<std::uint64_t> write_schema_row(sql::Connection& connection, TitleId title,
                                       const TitleSchema& schema) {
  TRY_ASSIGN(const auto now, schema_row(connection, title));
  const std::uint64_t rev = now ? now->rev + 1 : 1;
  if (now) TRY(sequencer::check_change(now->schema.schema, schema.schema));
  const std::string text = to_text(schema);
  if (now)
    TRY(connection.execute("UPDATE game_schema SET rev = ?, body = ? WHERE title = ?",
                           {rev, as_bytes(text), title.value}));
  else
    TRY(connection.execute("INSERT INTO game_schema (title, rev, body) VALUES (?, ?, ?)",
                           {title.value, rev, as_bytes(text)}));
  return rev;
}

Result<void> insert_key(sql::Connection& connection, TitleId title, const KeptKey& kept) {
  TRY_ASSIGN(const auto keys, keys_of(connection, title));
  if (keys.size() >= title_key_count_max)
    return Error(Code::exhausted,
                 "8 keys of this title are valid, the most there may be: revoke one first");
  TRY(connection.execute(
      "INSERT INTO title_key (id, title, kind, name, secret_hash, created_ms, revoked_ms)"
      " VALUES (?, ?, ?, ?, ?, ?, 0)",
      {kept.key.id.value, title.value, static_cast<std::int64_t>(kept.key.kind), kept.key.name,
       Bytes(kept.secret_hash), kept.key.created_unix_ms}));
  return {};
}

}  // namespace matsuri::game
