// Where the two engines differ in text, and nowhere else. Our statements are written in SQLite's
// form; MariaDB gets them through three rules, once per statement:
//
//   ON CONFLICT (a, b) DO UPDATE SET …   ->  ON DUPLICATE KEY UPDATE …
//   ON CONFLICT (a, b) DO NOTHING        ->  ON DUPLICATE KEY UPDATE a = a
//   excluded.x                           ->  VALUES(x)
//
// Migrations name types by what we need of them: {ID} and the like below.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::sql {

// The statement as MariaDB takes it. String literals and quoted names are left alone, comments are
// dropped (MariaDB would run the inside of /*! … */). Code::invalid for what has no equal there:
// ON CONFLICT without columns or with WHERE, named or numbered parameters, [quoted] names, and
// literals, names or comments that do not end.
Result<std::string> to_mariadb(std::string_view text);

// The statements of a migration in the engine's own form. Code::invalid as above, and for unknown
// words in braces.
//
//   word                  SQLite                  MariaDB
//   {ID} {INT}            INTEGER                 BIGINT
//   {TEXT(n)}             TEXT                    VARCHAR(n), from 769 on TEXT or MEDIUMTEXT
//   {BLOB}                BLOB                    MEDIUMBLOB
//   {BLOB(n)}             BLOB                    VARBINARY(n), n <= 3072: may be a key
//   {TABLE_OPTIONS}       STRICT                  InnoDB, utf8mb4 compared byte by byte
//   {CLUSTERED_OPTIONS}   STRICT, WITHOUT ROWID   the same
//   {ON t}                                        ON t: DROP INDEX i {ON t}
//
// INTEGER and BIGINT as column types mean {INT}: MariaDB's INTEGER has 32 bits only.
Result<std::vector<std::string>> migration_statements(Engine engine, std::string_view text);

}  // namespace matsuri::sql
