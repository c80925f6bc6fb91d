// The engines' own client libraries, as somebody would use them who writes rows and nothing else:
// the baseline of whatever writes through src/sql.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sql/db.h"

namespace matsuri::bench {

// One value of a row.
struct Cell {
  enum class Kind : std::uint8_t { number, text, bytes };
  Kind kind = Kind::number;
  std::int64_t number = 0;
  std::string bytes;  // of the other two

  bool operator==(const Cell&) const = default;
  static Cell of(std::int64_t value) {
    return {.kind = Kind::number, .number = value, .bytes = {}};
  }
  static Cell of(std::string value) {
    return {.kind = Kind::text, .number = 0, .bytes = std::move(value)};
  }
};

// INSERT of any number of rows: `head` ends before VALUES, the tails follow the rows.
struct BareInsert {
  std::string head;
  std::string sqlite_tail;
  std::string mariadb_tail;
  std::size_t column_count = 0;
};

// One connection with the durability of ours. Statements are prepared once. One thread.
class Bare {
 public:
  virtual ~Bare() = default;
  // A statement as it stands: BEGIN, COMMIT.
  virtual void execute(const std::string& text) = 0;
  // A prepared statement; false where a deadlock or a full lock queue undid the transaction.
  virtual bool run(const std::string& text, std::span<const Cell* const> parameters) = 0;
  // Rows one behind the other. SQLite takes one a step, MariaDB VALUES of up to 500: what measured
  // best for each.
  virtual void insert(const BareInsert& statement, std::span<const Cell> cells) = 0;
};

std::unique_ptr<Bare> open_bare(const sql::DbOptions& options);

}  // namespace matsuri::bench
