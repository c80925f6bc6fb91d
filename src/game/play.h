// The game that a server shows to whoever comes with a browser: a title, and a client key with
// which everybody plays it. Such a key proves nothing alone, so its text may be kept and told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "game/directory.h"
#include "game/model.h"
#include "game/query.h"
#include "io/random.h"
#include "sql/db.h"

namespace matsuri::game {

struct Play {
  TitleId title;
  std::string key;  // its text
};

// nullopt where none was made.
Result<std::optional<Play>> read_play(sql::Connection& connection);

struct NewPlay {
  TitleId title;
  TitleSchema schema;
  TitleKeyId key;  // of one that is made where none counts
  std::int64_t now_unix_ms = 0;
};
// Makes what is missing, inside the caller's transaction: the schema as it is wanted, a key that
// counts, and the row that names them. The same call again changes nothing. Code::conflict where
// the title has a schema that may not become this one, Code::exhausted where it has as many keys as
// there may be.
Result<Play> put_play(sql::Connection& connection, const NewPlay& wanted, io::Random& random);

// What of the row another process may have made, which `directory` has not heard of.
struct PlayRows {
  Play play;
  std::optional<SchemaRow> schema;
  std::optional<KeyRow> key;
};
Result<std::optional<PlayRows>> play_rows(sql::Connection& connection);
// Tells the directory of them: from now on the key opens sessions here.
void learn(Directory& directory, const PlayRows& rows);

}  // namespace matsuri::game
