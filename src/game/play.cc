#include "game/play.h"

#include <utility>

#include "game/internal/rows.h"
#include "game/token.h"

namespace matsuri::game {
namespace {

// The table has one row at most.
constexpr std::uint64_t row_id = 1;

// The key behind a text, where it counts.
Result<std::optional<KeyRow>> key_row(sql::Connection& connection, const Play& play) {
  const auto text = parse_key_text(play.key);
  if (!text.ok()) return std::optional<KeyRow>();
  TRY_ASSIGN(auto rows, all_keys(connection));
  for (KeyRow& row : rows)
    if (row.title == play.title && row.key.key.id == text->id) return std::optional(std::move(row));
  return std::optional<KeyRow>();
}

Result<std::string> make_key(sql::Connection& connection, const NewPlay& wanted,
                             io::Random& random) {
  const KeyText text{.id = wanted.key, .secret = new_secret(random)};
  TRY(insert_key(connection, wanted.title,
                 {.key = {.id = wanted.key,
                          .kind = KeyKind::client,
                          .name = "matsuri raid",
                          .created_unix_ms = wanted.now_unix_ms},
                  .secret_hash = hash_of(text.secret)}));
  return to_text(text);
}

}  // namespace

Result<std::optional<Play>> read_play(sql::Connection& connection) {
  std::optional<Play> found;
  TRY(connection.query("SELECT title, title_key FROM play", {}, [&](const sql::Row& row) {
    found = Play{.title = TitleId{row.id(0)}, .key = std::string(row.text(1))};
  }));
  return found;
}

Result<Play> put_play(sql::Connection& connection, const NewPlay& wanted, io::Random& random) {
  TRY_ASSIGN(const auto schema, schema_row(connection, wanted.title));
  if (!schema || schema->schema != wanted.schema)
    TRY(write_schema_row(connection, wanted.title, wanted.schema));
  TRY_ASSIGN(const auto now, read_play(connection));
  if (now && now->title == wanted.title) {
    TRY_ASSIGN(const auto key, key_row(connection, *now));
    if (key) return *now;
  }
  Play play{.title = wanted.title, .key = {}};
  TRY_ASSIGN(play.key, make_key(connection, wanted, random));
  TRY(connection.execute("DELETE FROM play", {}));
  TRY(connection.execute("INSERT INTO play (id, title, title_key) VALUES (?, ?, ?)",
                         {row_id, play.title.value, play.key}));
  return play;
}

Result<std::optional<PlayRows>> play_rows(sql::Connection& connection) {
  TRY_ASSIGN(auto play, read_play(connection));
  if (!play) return std::optional<PlayRows>();
  PlayRows rows{.play = std::move(*play), .schema = {}, .key = {}};
  TRY_ASSIGN(rows.schema, schema_row(connection, rows.play.title));
  TRY_ASSIGN(rows.key, key_row(connection, rows.play));
  return std::optional(std::move(rows));
}

void learn(Directory& directory, const PlayRows& rows) {
  const TitleId title = rows.play.title;
  if (rows.schema)
    directory.put_schema(title, rows.schema->rev,
                         std::make_shared<const TitleSchema>(rows.schema->schema));
  if (rows.key) directory.put_key(title, rows.key->key);
}

}  // namespace matsuri::game
