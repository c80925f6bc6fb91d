#include "bench/copied_rows.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "bench/scratch.h"

namespace matsuri::bench {
namespace {

constexpr const char* databases[] = {"main", "timeline", "empathy", "notification"};

std::string path_of(const std::string& data_folder, std::string_view database) {
  return data_folder + "/db/" + std::string(database) + ".sqlite";
}

// A table that an import fills, and the order in which its rows were written. Where the table does
// not remember it, it is that of the facts that tell of them.
struct Source {
  std::string_view database;
  std::string_view name;
  std::string_view order;
};

constexpr std::string_view by_row = "ORDER BY t.rowid";
constexpr std::string_view by_account =
    "LEFT JOIN (SELECT subject_id AS s, MIN(at_offset) AS o FROM main.outbox GROUP BY s)"
    " ON s = t.id ORDER BY o";
constexpr std::string_view by_post =
    "LEFT JOIN (SELECT subject_id AS s, MIN(at_offset) AS o FROM timeline.outbox GROUP BY s)"
    " ON s = t.id ORDER BY o";
constexpr std::string_view of_post =
    "LEFT JOIN (SELECT subject_id AS s, MIN(at_offset) AS o FROM timeline.outbox GROUP BY s)"
    " ON s = t.post ORDER BY o";
constexpr std::string_view by_first_empathy =
    "LEFT JOIN (SELECT subject_id AS s, MIN(at_offset) AS o FROM empathy.outbox GROUP BY s)"
    " ON s = t.id ORDER BY o";
constexpr std::string_view by_empathy =
    "LEFT JOIN empathy.outbox o ON o.subject_id = t.post AND o.account = t.account"
    " ORDER BY o.at_offset";

constexpr Source sources[] = {
    {"main", "account", by_account},
    {"main", "imported_account", by_row},
    {"main", "title", by_account},
    {"main", "imported_title", by_row},
    {"main", "community", by_account},
    {"main", "imported_community", by_row},
    {"main", "outbox", by_row},
    {"timeline", "author", by_account},
    {"timeline", "community", by_account},
    {"timeline", "post", by_post},
    {"timeline", "imported_post", by_row},
    {"timeline", "drawing", of_post},
    {"timeline", "heat", of_post},
    {"timeline", "follow", by_row},
    {"timeline", "tally", by_row},
    {"timeline", "outbox", by_row},
    {"empathy", "person", by_account},
    {"empathy", "empathy", by_empathy},
    {"empathy", "post", by_first_empathy},
    {"empathy", "outbox", by_row},
    {"notification", "person", by_account},
};

// A row or two each, about the database itself.
constexpr std::string_view bookkeeping[] = {"schema_version", "stream_origin", "stream_counter",
                                            "view_position",  "horizon",       "points_place",
                                            "board_rev"};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

// No table may hold what the baseline would not write.
void check_complete(Sqlite& node) {
  for (const char* database : databases) {
    const Statement names(node.prepare("SELECT name FROM " + std::string(database) +
                                       ".sqlite_master WHERE type = 'table'"));
    while (sqlite3_step(names.get()) == SQLITE_ROW) {
      const std::string name = reinterpret_cast<const char*>(sqlite3_column_text(names.get(), 0));
      const bool is_known =
          std::ranges::any_of(sources,
                              [&](const Source& source) {
                                return source.database == database && source.name == name;
                              }) ||
          std::ranges::find(bookkeeping, name) != std::end(bookkeeping);
      const std::string table = std::string(database) + '.' + name;
      if (!is_known && node.integer("SELECT COUNT(*) FROM " + table) != 0)
        give_up(table + " has rows that the baseline knows nothing of");
    }
  }
}

// A value is its type, and then a number of 8 bytes, or a size of 4 and the bytes.
void append_value(std::string& row, sqlite3_stmt* statement, int column) {
  const int type = sqlite3_column_type(statement, column);
  row += static_cast<char>(type);
  if (type == SQLITE_INTEGER) {
    const sqlite3_int64 number = sqlite3_column_int64(statement, column);
    row.append(reinterpret_cast<const char*>(&number), sizeof number);
    return;
  }
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<std::uint32_t>(sqlite3_column_bytes(statement, column));
  row.append(reinterpret_cast<const char*>(&size), sizeof size);
  if (size > 0) row.append(bytes, size);
}

template <class T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

// Makes the tables as they are there, without rows.
void copy_schema(const std::string& from, Sqlite& to) {
  Sqlite source(from);
  const Statement texts(
      source.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC"));
  while (sqlite3_step(texts.get()) == SQLITE_ROW)
    to.execute(reinterpret_cast<const char*>(sqlite3_column_text(texts.get(), 0)));
}

}  // namespace

Sqlite::Sqlite(const std::string& path) {
  if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) give_up("cannot open " + path);
  for (const char* setting :
       {"journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY", "cache_size=-16000",
        "wal_autocheckpoint=4096", "journal_size_limit=67108864"})
    execute(std::string("PRAGMA ") + setting);
}

Sqlite::~Sqlite() { sqlite3_close(db_); }

void Sqlite::execute(const std::string& text) {
  if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    give_up(text + ": " + sqlite3_errmsg(db_));
}

sqlite3_stmt* Sqlite::prepare(const std::string& text) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, text.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    give_up(text + ": " + sqlite3_errmsg(db_));
  return statement;
}

std::int64_t Sqlite::integer(const std::string& text) {
  const Statement query(prepare(text));
  if (sqlite3_step(query.get()) != SQLITE_ROW) give_up("nothing came of " + text);
  return sqlite3_column_int64(query.get(), 0);
}

std::unique_ptr<Sqlite> open_node(const std::string& data_folder) {
  auto node = std::make_unique<Sqlite>(path_of(data_folder, "main"));
  for (const char* database : {"timeline", "empathy", "notification"})
    node->execute("ATTACH '" + path_of(data_folder, database) + "' AS " + database);
  return node;
}

CopiedRows::CopiedRows(const std::string& data_folder, Keep keep) {
  const auto node = open_node(data_folder);
  check_complete(*node);
  std::string row;
  for (const Source& source : sources) {
    std::string text = "SELECT t.* FROM ";
    text.append(source.database).append(".").append(source.name).append(" t ");
    if (keep == Keep::rows) text += source.order;
    const Statement select(node->prepare(text));
    Table table{.column_count = sqlite3_column_count(select.get())};
    const bool has_place = source.name == "outbox";
    while (sqlite3_step(select.get()) == SQLITE_ROW) {
      row.clear();
      for (int column = 0; column < table.column_count; ++column)
        append_value(row, select.get(), column);
      ++table.row_count;
      const std::string_view counted = std::string_view(row).substr(has_place ? 9 : 0);
      table.digest += std::hash<std::string_view>{}(counted);
      if (keep == Keep::rows) table.bytes += row;
    }
    tables_.push_back(std::move(table));
  }
}

bool CopiedRows::operator==(const CopiedRows& other) const {
  return std::ranges::equal(tables_, other.tables_, [](const Table& one, const Table& another) {
    return one.row_count == another.row_count && one.digest == another.digest;
  });
}

// Inserts the rows of one table.
class CopiedRows::Inserter {
 public:
  Inserter(Sqlite& db, std::string_view name, const Table& table)
      : table_(table), at_(table.bytes.data()) {
    std::string text = "INSERT INTO " + std::string(name) + " VALUES (?";
    for (int column = 1; column < table.column_count; ++column) text += ",?";
    insert_.reset(db.prepare(text + ")"));
  }

  void insert_until(std::size_t end) {
    for (; done_ < end; ++done_) {
      for (int place = 1; place <= table_.column_count; ++place) bind(place);
      if (sqlite3_step(insert_.get()) != SQLITE_DONE) give_up("an INSERT of the baseline failed");
      sqlite3_reset(insert_.get());
    }
  }
  std::size_t row_count() const { return table_.row_count; }

 private:
  void bind(int place) {
    const char type = *at_++;
    if (type == SQLITE_INTEGER) {
      sqlite3_bind_int64(insert_.get(), place, take<sqlite3_int64>(at_));
      return;
    }
    const auto size = static_cast<int>(take<std::uint32_t>(at_));
    if (type == SQLITE_BLOB)
      sqlite3_bind_blob(insert_.get(), place, at_, size, SQLITE_STATIC);
    else
      sqlite3_bind_text(insert_.get(), place, at_, size, SQLITE_STATIC);
    at_ += size;
  }

  const Table& table_;
  const char* at_;
  std::size_t done_ = 0;
  Statement insert_;
};

void CopiedRows::write(const std::string& data_folder, const std::string& like,
                       std::size_t part_count) const {
  std::filesystem::create_directories(data_folder + "/db");
  struct Target {
    std::unique_ptr<Sqlite> db;
    std::vector<Inserter> inserters;
  };
  std::vector<Target> targets;
  for (const std::string_view database : databases) {
    Target target{.db = std::make_unique<Sqlite>(path_of(data_folder, database)), .inserters = {}};
    copy_schema(path_of(like, database), *target.db);
    for (std::size_t index = 0; index < tables_.size(); ++index)
      if (sources[index].database == database)
        target.inserters.emplace_back(*target.db, sources[index].name, tables_[index]);
    targets.push_back(std::move(target));
  }
  for (std::size_t part = 1; part <= part_count; ++part)
    for (Target& target : targets) {
      target.db->execute("BEGIN IMMEDIATE");
      for (Inserter& one : target.inserters) one.insert_until(one.row_count() * part / part_count);
      target.db->execute("COMMIT");
    }
}

}  // namespace matsuri::bench
