#include "bench/bare.h"

#include <mysql.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>

#include "bench/scratch.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t values_count = 500;  // rows of one VALUES: more gave no more rows a second

std::string places(std::size_t column_count) {
  std::string text = "(?";
  for (std::size_t column = 1; column < column_count; ++column) text += ",?";
  return text + ')';
}

class BareSqlite final : public Bare {
 public:
  explicit BareSqlite(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
    for (const char* setting :
         {"synchronous=FULL", "temp_store=MEMORY", "cache_size=-16000", "wal_autocheckpoint=4096"})
      execute(std::string("PRAGMA ") + setting);
  }
  ~BareSqlite() override {
    for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  void execute(const std::string& text) override {
    check(sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr));
  }
  bool run(const std::string& text, std::span<const Cell* const> parameters) override {
    sqlite3_stmt* const statement = prepared(text);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      bind(statement, static_cast<int>(i) + 1, *parameters[i]);
    step(statement);
    return true;
  }
  void insert(const BareInsert& insert, std::span<const Cell> cells) override {
    sqlite3_stmt* const statement =
        prepared(insert.head + " VALUES " + places(insert.column_count) + insert.sqlite_tail);
    for (; !cells.empty(); cells = cells.subspan(insert.column_count)) {
      for (std::size_t column = 0; column < insert.column_count; ++column)
        bind(statement, static_cast<int>(column) + 1, cells[column]);
      step(statement);
    }
  }

 private:
  static void bind(sqlite3_stmt* statement, int index, const Cell& cell) {
    const auto size = static_cast<int>(cell.bytes.size());
    if (cell.kind == Cell::Kind::number)
      sqlite3_bind_int64(statement, index, cell.number);
    else if (cell.kind == Cell::Kind::bytes)
      sqlite3_bind_blob(statement, index, cell.bytes.data(), size, SQLITE_STATIC);
    else
      sqlite3_bind_text(statement, index, cell.bytes.data(), size, SQLITE_STATIC);
  }
  sqlite3_stmt* prepared(const std::string& text) {
    sqlite3_stmt*& statement = statements_[text];
    if (statement == nullptr) check(sqlite3_prepare_v2(db_, text.c_str(), -1, &statement, nullptr));
    return statement;
  }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) give_up(sqlite3_errmsg(db_));
    sqlite3_reset(statement);
  }
  void check(int code) {
    if (code != SQLITE_OK) give_up(sqlite3_errmsg(db_));
  }

  sqlite3* db_ = nullptr;
  std::map<std::string, sqlite3_stmt*> statements_;
};

class BareMariadb final : public Bare {
 public:
  explicit BareMariadb(const sql::DbOptions& options) {
    mysql_options(db_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(db_, nullptr, options.mariadb_user.c_str(),
                           options.mariadb_password.c_str(), options.mariadb_schema.c_str(), 0,
                           options.mariadb_socket.c_str(), 0) == nullptr)
      give_up(mysql_error(db_));
  }
  ~BareMariadb() override {
    for (const auto& [text, statement] : statements_) mysql_stmt_close(statement);
    mysql_close(db_);
  }

  void execute(const std::string& text) override {
    if (mysql_real_query(db_, text.data(), text.size()) != 0) give_up(mysql_error(db_));
  }
  bool run(const std::string& text, std::span<const Cell* const> parameters) override {
    MYSQL_STMT* const statement = prepared(text);
    bound_.assign(parameters.size(), {});
    for (std::size_t i = 0; i < parameters.size(); ++i) bind(bound_[i], *parameters[i]);
    return send(statement);
  }
  void insert(const BareInsert& insert, std::span<const Cell> cells) override {
    const std::size_t width = insert.column_count;
    while (!cells.empty()) {
      const std::size_t row_count = std::min(values_count, cells.size() / width);
      std::string text = insert.head + " VALUES " + places(width);
      for (std::size_t row = 1; row < row_count; ++row) text += ',' + places(width);
      text += insert.mariadb_tail;
      // The rest of a batch has another length each time: not worth keeping.
      const bool keep = row_count == values_count || row_count == 1;
      MYSQL_STMT* const statement = keep ? prepared(text) : compile(text);
      bound_.assign(row_count * width, {});
      for (std::size_t place = 0; place < bound_.size(); ++place) bind(bound_[place], cells[place]);
      if (!send(statement)) give_up("a deadlock, and nobody else there");
      if (!keep) mysql_stmt_close(statement);
      cells = cells.subspan(row_count * width);
    }
  }

 private:
  static void bind(MYSQL_BIND& bound, const Cell& cell) {
    bound.buffer_type = cell.kind == Cell::Kind::number ? MYSQL_TYPE_LONGLONG
                        : cell.kind == Cell::Kind::text ? MYSQL_TYPE_STRING
                                                        : MYSQL_TYPE_BLOB;
    bound.buffer = cell.kind == Cell::Kind::number
                       ? const_cast<std::int64_t*>(&cell.number)
                       : static_cast<void*>(const_cast<char*>(cell.bytes.data()));
    bound.buffer_length = cell.bytes.size();
  }
  MYSQL_STMT* compile(const std::string& text) {
    MYSQL_STMT* const statement = mysql_stmt_init(db_);
    if (mysql_stmt_prepare(statement, text.data(), text.size()) != 0)
      give_up(mysql_stmt_error(statement));
    return statement;
  }
  MYSQL_STMT* prepared(const std::string& text) {
    MYSQL_STMT*& statement = statements_[text];
    if (statement == nullptr) statement = compile(text);
    return statement;
  }
  bool send(MYSQL_STMT* statement) {
    if (mysql_stmt_bind_param(statement, bound_.data()) != 0) give_up(mysql_stmt_error(statement));
    if (mysql_stmt_execute(statement) == 0) return true;
    const unsigned code = mysql_stmt_errno(statement);
    constexpr unsigned deadlock = 1213;
    constexpr unsigned lock_wait = 1205;
    constexpr unsigned read_before_change = 1020;
    if (code != deadlock && code != lock_wait && code != read_before_change)
      give_up(mysql_stmt_error(statement));
    return false;
  }

  MYSQL* db_ = mysql_init(nullptr);
  std::map<std::string, MYSQL_STMT*> statements_;
  std::vector<MYSQL_BIND> bound_;
};

}  // namespace

std::unique_ptr<Bare> open_bare(const sql::DbOptions& options) {
  if (options.engine == sql::Engine::sqlite)
    return std::make_unique<BareSqlite>(options.sqlite_path);
  return std::make_unique<BareMariadb>(options);
}

}  // namespace matsuri::bench
