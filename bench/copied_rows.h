// All rows that an import left in the four databases of a node, and the bare sqlite3 API writing
// them again: the baseline of an import.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace matsuri::bench {

// A bare connection, with the settings of our databases.
class Sqlite {
 public:
  explicit Sqlite(const std::string& path);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void execute(const std::string& text);
  sqlite3_stmt* prepare(const std::string& text);  // the caller's to finalize
  // The number that a query gives.
  std::int64_t integer(const std::string& text);

 private:
  sqlite3* db_ = nullptr;
};

// Main's database, with those of the views attached under their names.
std::unique_ptr<Sqlite> open_node(const std::string& data_folder);

class CopiedRows {
 public:
  enum class Keep : std::uint8_t { digests, rows };

  // Reads the databases of a data folder. With `rows`, all rows are held, in the order in which
  // they were written.
  CopiedRows(const std::string& data_folder, Keep keep);

  // Whether both have the same rows in every table, in whatever order and at whatever places of
  // their outboxes.
  bool operator==(const CopiedRows& other) const;

  // Writes them into new databases below `data_folder`, whose schemas are those of `like`: all
  // tables in step, a transaction of full durability for each database and part.
  // REQUIRES: they were kept.
  void write(const std::string& data_folder, const std::string& like, std::size_t part_count) const;

 private:
  struct Table {
    int column_count = 0;
    std::size_t row_count = 0;
    std::uint64_t digest = 0;
    std::string bytes;  // of all rows, one behind the other
  };
  class Inserter;

  std::vector<Table> tables_;
};

}  // namespace matsuri::bench
