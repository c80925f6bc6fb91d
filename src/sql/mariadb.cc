// MariaDB as an engine, for many machines: the one file of the product that includes mysql.h.
//
// Everything goes through prepared statements (binary protocol) but for transaction control and
// DDL. Many rows go as one array: a round trip for 500 rows, and one statement for any number of
// them.
#include <mysql.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "sql/dialect.h"
#include "sql/internal/mariadb_errors.h"
#include "sql/internal/mariadb_session.h"
#include "sql/internal/statement_cache.h"

namespace matsuri::sql::internal {

namespace {

constexpr std::size_t statement_count_max = 128;
constexpr std::size_t bulk_row_count_max = 500;  // Measured: more only worsens the slowest.
constexpr std::size_t bulk_size_max = 4 << 20;
constexpr unsigned connect_timeout_s = 5;

struct CloseConnection {
  void operator()(MYSQL* mysql) const { mysql_close(mysql); }
};
using Handle = std::unique_ptr<MYSQL, CloseConnection>;

// One column of a result: numbers as numbers, all else as bytes.
struct Column {
  bool is_number = false;
  std::int64_t number = 0;
  std::vector<char> buffer;
  unsigned long length = 0;
  my_bool is_null = 0;
  mutable std::string scratch;
};

struct Prepared {
  explicit Prepared(MYSQL_STMT* made) : statement(made) {}
  ~Prepared() { mysql_stmt_close(statement); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  MYSQL_STMT* statement;
  bool is_broken = false;  // It can only be closed.
  std::vector<MYSQL_BIND> parameters;
  std::vector<Column> columns;
};

class MariadbRow final : public Row {
 public:
  explicit MariadbRow(const std::vector<Column>& columns) : columns_(columns) {}

  bool is_null(std::size_t column) const override { return columns_[column].is_null != 0; }
  std::int64_t integer(std::size_t column) const override {
    const Column& from = columns_[column];
    if (from.is_null != 0) return 0;
    if (from.is_number) return from.number;
    std::int64_t number = 0;  // DECIMAL (a SUM), or digits in text: as SQLite reads them.
    std::from_chars(from.buffer.data(), from.buffer.data() + from.length, number);
    return number;
  }
  std::string_view text(std::size_t column) const override {
    const Column& from = columns_[column];
    if (from.is_null != 0) return {};
    if (!from.is_number) return {from.buffer.data(), from.length};
    from.scratch = std::to_string(from.number);
    return from.scratch;
  }
  Bytes blob(std::size_t column) const override { return as_bytes(text(column)); }

 private:
  const std::vector<Column>& columns_;
};

bool is_integer(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_LONG ||
         type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_YEAR;
}

enum_field_types wire_type(const Value& value) {
  constexpr std::array types = {MYSQL_TYPE_NULL, MYSQL_TYPE_LONGLONG, MYSQL_TYPE_STRING,
                                MYSQL_TYPE_BLOB};
  return types[value.data().index()];
}

std::string_view bytes_of(const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value.data())) return *text;
  if (const auto* blob = std::get_if<Bytes>(&value.data())) return as_text(*blob);
  return {};
}

std::size_t size_on_wire(std::span<const Value> values) {
  std::size_t size = 0;
  for (const Value& value : values) size += 10 + bytes_of(value).size();
  return size;
}

// The client never writes through it.
char* start_of(std::string_view bytes) {
  return const_cast<char*>(bytes.empty() ? "" : bytes.data());
}

void bind(MYSQL_BIND& bound, const Value& value) {
  bound = {};
  bound.buffer_type = wire_type(value);
  if (const auto* number = std::get_if<std::int64_t>(&value.data())) {
    bound.buffer = const_cast<std::int64_t*>(number);
  } else if (!value.is_null()) {
    const std::string_view bytes = bytes_of(value);
    bound.buffer = start_of(bytes);
    bound.buffer_length = bytes.size();
  }
}

// One column of many rows, in the form of the client's arrays.
struct BulkColumn {
  enum_field_types type = MYSQL_TYPE_NULL;
  std::vector<std::int64_t> numbers;
  std::vector<char*> starts;
  std::vector<unsigned long> lengths;
  std::vector<char> indicators;

  void clear() {
    numbers.clear();
    starts.clear();
    lengths.clear();
    indicators.clear();
  }
  void add(const Value& value) {
    indicators.push_back(value.is_null() ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE);
    if (type == MYSQL_TYPE_LONGLONG) {
      const auto* number = std::get_if<std::int64_t>(&value.data());
      numbers.push_back(number != nullptr ? *number : 0);
    } else {
      const std::string_view bytes = bytes_of(value);
      starts.push_back(start_of(bytes));
      lengths.push_back(bytes.size());
    }
  }
  void bind(MYSQL_BIND& bound) {
    bound = {};
    bound.buffer_type = type;
    bound.buffer = type == MYSQL_TYPE_LONGLONG ? static_cast<void*>(numbers.data())
                                               : static_cast<void*>(starts.data());
    bound.length = lengths.data();
    bound.u.indicator = indicators.data();
  }
};

// The kind of each column, which all rows must share: the array has one type for all.
Result<std::vector<BulkColumn>> bulk_columns(std::size_t count, std::span<const Value> values) {
  std::vector<BulkColumn> columns(count);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) continue;
    BulkColumn& column = columns[i % count];
    const enum_field_types type = wire_type(values[i]);
    if (column.type == MYSQL_TYPE_NULL) column.type = type;
    if (column.type != type) {
      return Error(Code::invalid,
                   "insert_rows: column " + std::to_string(i % count) + " has values of two kinds");
    }
  }
  for (BulkColumn& column : columns) {
    if (column.type == MYSQL_TYPE_NULL) column.type = MYSQL_TYPE_LONGLONG;  // NULL in all rows.
  }
  return columns;
}

class MariadbSessionImpl final : public MariadbSession {
 public:
  MariadbSessionImpl(const DbOptions& options, SessionKind kind, const MariadbLimits& limits)
      : options_(options), kind_(kind), limits_(limits) {}
  ~MariadbSessionImpl() override { statements_.clear(); }

  Result<void> query(std::string_view text, std::span<const Value> parameters,
                     const RowCallback& row) override {
    return run_prepared(text, parameters, row, nullptr);
  }

  Result<std::uint64_t> execute(std::string_view text, std::span<const Value> parameters) override {
    std::uint64_t matched = 0;
    TRY(run_prepared(text, parameters, {}, &matched));
    return matched;
  }

  Result<void> insert_rows(std::string_view head, std::string_view tail, std::size_t column_count,
                           std::span<const Value> values) override {
    MATSURI_ASSERT(column_count > 0 && values.size() % column_count == 0);
    if (values.empty()) return {};
    std::string text(head);
    text += " VALUES (?";
    for (std::size_t column = 1; column < column_count; ++column) text += ",?";
    text += ") ";
    text += tail;
    TRY_ASSIGN(std::vector<BulkColumn> columns, bulk_columns(column_count, values));
    TRY_ASSIGN(const Lease lease, prepare(text, column_count));
    Prepared& prepared = *lease.get();
    while (!values.empty()) {
      for (BulkColumn& column : columns) column.clear();
      std::size_t row_count = 0;
      for (std::size_t size = 0; !values.empty() && row_count < bulk_row_count_max; ++row_count) {
        const std::span<const Value> row = values.first(column_count);
        size += size_on_wire(row);
        if (row_count > 0 && size > std::min(bulk_size_max, packet_size_max_)) break;
        for (std::size_t i = 0; i < column_count; ++i) columns[i].add(row[i]);
        values = values.subspan(column_count);
      }
      for (std::size_t i = 0; i < column_count; ++i) columns[i].bind(prepared.parameters[i]);
      TRY(send_bulk(prepared, row_count));
    }
    return {};
  }

  Engine engine() const override { return Engine::mariadb; }

  Result<void> begin_write() override { return begin("START TRANSACTION"); }
  Result<void> begin_read() override {
    return begin("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  }

  CommitOutcome commit(std::optional<Error>* error) override {
    const bool stood = standing_;
    Result<void> committed = stood ? simple("COMMIT") : Result<void>(gone());
    if (committed.ok()) {
      open_ = standing_ = false;
      return CommitOutcome::done;
    }
    // Lost while the answer was awaited: the server may have committed, or not. Where the word
    // could not even be sent it has not.
    const bool unknown = stood && lost_ && last_error_ != client_gone;
    if (error != nullptr) *error = std::move(committed).error();
    rollback();
    return unknown ? CommitOutcome::unknown : CommitOutcome::failed;
  }

  void rollback() override {
    if (open_ && !lost_) (void)simple("ROLLBACK");
    open_ = standing_ = false;
  }

  bool in_transaction() const override { return standing_; }

  Result<void> savepoint() override { return simple("SAVEPOINT body"); }
  // The next SAVEPOINT of the same name takes its place: no round trip.
  Result<void> release_savepoint() override { return {}; }
  Result<void> rollback_to_savepoint() override { return simple("ROLLBACK TO SAVEPOINT body"); }

  Result<void> run(const std::string& text) override {
    TRY(ready());
    return simple(text);
  }

  bool was_done_before() const override {
    return last_error_ == table_exists || last_error_ == column_exists ||
           last_error_ == index_exists || last_error_ == nothing_to_drop;
  }
  bool transactional_ddl() const override { return false; }

  Result<void> stream(const std::string& text,
                      const std::function<Result<void>(TextRow)>& row) override {
    TRY(ready());
    TRY(simple_start(text));
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(
        mysql_use_result(mysql_.get()), &mysql_free_result);
    if (result == nullptr) return connection_error();
    std::vector<std::optional<std::string_view>> values(mysql_num_fields(result.get()));
    while (const MYSQL_ROW data = mysql_fetch_row(result.get())) {
      const unsigned long* lengths = mysql_fetch_lengths(result.get());
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i].reset();
        if (data[i] != nullptr) values[i].emplace(data[i], lengths[i]);
      }
      TRY(row(values));
    }
    if (mysql_errno(mysql_.get()) != 0) return connection_error();
    return {};
  }

  // Connects where there is no connection, and gives it the session that our SQL needs.
  Result<void> ready() {
    if (!lost_) return {};
    if (open_) return gone();
    statements_.clear();
    mysql_.reset();
    TRY(connect(options_.mariadb_schema));
    if (last_error_ == unknown_database) {
      if (!limits_.makes_schema)
        return Error(Code::busy, "schema " + options_.mariadb_schema + " is not there");
      TRY(connect(""));
      TRY(simple("CREATE DATABASE IF NOT EXISTS \"" + options_.mariadb_schema +
                 "\" CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"));
      TRY(simple("USE \"" + options_.mariadb_schema + "\""));
    }
    return stream("SELECT @@max_allowed_packet", [&](TextRow row) -> Result<void> {
      const std::string_view text = row[0].value_or("");
      std::size_t size = 1 << 20;
      std::from_chars(text.data(), text.data() + text.size(), size);
      packet_size_max_ = size - std::min<std::size_t>(size, 4'096);
      return {};
    });
  }

 private:
  // A statement in use; its result and its place in the cache are given back when it goes.
  class Lease {
   public:
    Lease(StatementCache<Prepared>& cache, StatementCache<Prepared>::Entry* entry)
        : cache_(&cache), entry_(entry), prepared_(entry->statement.get()) {}
    explicit Lease(std::unique_ptr<Prepared> own) : own_(std::move(own)), prepared_(own_.get()) {}
    Lease(Lease&& other) noexcept
        : cache_(other.cache_),
          entry_(std::exchange(other.entry_, nullptr)),
          own_(std::move(other.own_)),
          prepared_(std::exchange(other.prepared_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (prepared_ == nullptr) return;
      mysql_stmt_free_result(prepared_->statement);
      if (entry_ == nullptr) return;
      if (prepared_->is_broken)
        cache_->forget(entry_);
      else
        cache_->give_back(entry_);
    }
    Prepared* get() const { return prepared_; }

   private:
    StatementCache<Prepared>* cache_ = nullptr;
    StatementCache<Prepared>::Entry* entry_ = nullptr;
    std::unique_ptr<Prepared> own_;
    Prepared* prepared_;
  };

  static Error gone() { return Error(Code::busy, "MariaDB: the transaction was rolled back"); }

  Error failure(unsigned number, const char* sqlstate, const char* message) {
    last_error_ = number;
    if (breaks_connection(number)) lost_ = true;
    if (lost_ || undoes_transaction(number)) standing_ = false;
    return Error(code_of_mariadb(number, sqlstate),
                 "MariaDB: " + std::string(message) + " (" + std::to_string(number) + ")");
  }
  Error connection_error() {
    return failure(mysql_errno(mysql_.get()), mysql_sqlstate(mysql_.get()),
                   mysql_error(mysql_.get()));
  }
  Error statement_error(MYSQL_STMT* statement) {
    return failure(mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement),
                   mysql_stmt_error(statement));
  }

  // An unknown schema is no error yet: last_error_ says so, and nothing is connected.
  Result<void> connect(const std::string& schema) {
    static std::once_flag once;
    std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
    last_error_ = 0;
    mysql_.reset(mysql_init(nullptr));
    MATSURI_ASSERT(mysql_ != nullptr, "out of memory");
    const unsigned answer_s = kind_ == SessionKind::maintenance ? 0 : limits_.answer_s;
    mysql_options(mysql_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout_s);
    mysql_options(mysql_.get(), MYSQL_OPT_READ_TIMEOUT, &answer_s);
    mysql_options(mysql_.get(), MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
    mysql_options(mysql_.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const auto or_null = [](const std::string& text) {
      return text.empty() ? nullptr : text.c_str();
    };
    const bool local = !options_.mariadb_socket.empty();
    if (mysql_real_connect(mysql_.get(), local ? "localhost" : options_.mariadb_host.c_str(),
                           options_.mariadb_user.c_str(), or_null(options_.mariadb_password),
                           or_null(schema), local ? 0 : options_.mariadb_port,
                           or_null(options_.mariadb_socket), CLIENT_FOUND_ROWS) == nullptr) {
      Error error = connection_error();
      if (last_error_ == unknown_database) return {};
      return std::move(error).within("connect");
    }
    lost_ = false;
    Result<void> prepared = prepare_session();
    if (!prepared.ok()) lost_ = true;
    return prepared;
  }

  // What makes the same text mean the same as on SQLite, and lost updates impossible.
  Result<void> prepare_session() {
    TRY(simple("SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin"));
    TRY(
        simple("SET SESSION sql_mode = 'STRICT_TRANS_TABLES,PIPES_AS_CONCAT,ANSI_QUOTES,"
               "SIMULTANEOUS_ASSIGNMENT,ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY,"
               "NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION'"));
    TRY(
        simple("SET SESSION tx_isolation = 'REPEATABLE-READ', autocommit = 1,"
               " innodb_lock_wait_timeout = 5"));
    // A process that is frozen within a transaction would keep its locks from whoever takes over.
    if (kind_ != SessionKind::maintenance)
      TRY(simple("SET SESSION idle_write_transaction_timeout = 5"));
    // 10.11.7 and earlier do not have it; check_settings() says what that means.
    Result<void> set = simple("SET SESSION innodb_snapshot_isolation = ON");
    if (!set.ok() && last_error_ == unknown_setting) return {};
    return set;
  }

  Result<void> begin(const std::string& text) {
    MATSURI_ASSERT(!open_);
    TRY(ready());
    Result<void> begun = simple(text);
    if (!begun.ok() && lost_) {
      // It had been idle, and the server or the network let it go meanwhile.
      log::info("sql", "connection lost, connecting again",
                {{"database", options_.name}, {"reason", begun.error().message()}});
      TRY(ready());
      begun = simple(text);
    }
    open_ = standing_ = begun.ok();
    return begun;
  }

  Result<void> simple_start(const std::string& text) {
    if (mysql_real_query(mysql_.get(), text.data(), text.size()) != 0) return connection_error();
    return {};
  }

  Result<void> simple(const std::string& text) {
    if (mysql_ == nullptr || lost_) return gone();
    TRY(simple_start(text));
    if (MYSQL_RES* result = mysql_store_result(mysql_.get())) mysql_free_result(result);
    return {};
  }

  Result<Lease> prepare(std::string_view text, std::size_t parameter_count) {
    TRY(ready());
    auto* entry = statements_.take(text);
    if (entry == nullptr) {
      TRY_ASSIGN(std::unique_ptr<Prepared> prepared, compile(text));
      if (statements_.has(text)) {
        TRY(check_count(*prepared, parameter_count, text));
        return Lease(std::move(prepared));
      }
      entry = statements_.add(text, std::move(prepared));
    }
    Lease lease(statements_, entry);
    TRY(check_count(*lease.get(), parameter_count, text));
    return lease;
  }

  static Result<void> check_count(const Prepared& prepared, std::size_t count,
                                  std::string_view text) {
    if (prepared.parameters.size() == count) return {};
    return Error(Code::invalid, "statement takes " + std::to_string(prepared.parameters.size()) +
                                    " parameters, not " + std::to_string(count) + ": " +
                                    std::string(text));
  }

  Result<std::unique_ptr<Prepared>> compile(std::string_view text) {
    TRY_ASSIGN(const std::string rewritten, to_mariadb(text));
    MYSQL_STMT* statement = mysql_stmt_init(mysql_.get());
    MATSURI_ASSERT(statement != nullptr, "out of memory");
    auto prepared = std::make_unique<Prepared>(statement);
    if (mysql_stmt_prepare(statement, rewritten.data(), rewritten.size()) != 0) {
      return statement_error(statement).within(rewritten);
    }
    const my_bool measure = 1;  // Column::buffer is made as large as the largest value.
    mysql_stmt_attr_set(statement, STMT_ATTR_UPDATE_MAX_LENGTH, &measure);
    prepared->parameters.resize(mysql_stmt_param_count(statement));
    return prepared;
  }

  Result<void> run_prepared(std::string_view text, std::span<const Value> parameters,
                            const RowCallback& row, std::uint64_t* matched) {
    TRY_ASSIGN(const Lease lease, prepare(text, parameters.size()));
    Prepared& prepared = *lease.get();
    if (size_on_wire(parameters) > packet_size_max_) {
      return Error(Code::invalid, "parameters are larger than the server's max_allowed_packet");
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      bind(prepared.parameters[i], parameters[i]);
    }
    if (!parameters.empty() &&
        mysql_stmt_bind_param(prepared.statement, prepared.parameters.data()) != 0) {
      return statement_error(prepared.statement);
    }
    if (mysql_stmt_execute(prepared.statement) != 0) return statement_error(prepared.statement);
    if (mysql_stmt_field_count(prepared.statement) > 0) return fetch(prepared, row);
    if (matched != nullptr) *matched = mysql_stmt_affected_rows(prepared.statement);
    return {};
  }

  Result<void> fetch(Prepared& prepared, const RowCallback& row) {
    MYSQL_STMT* statement = prepared.statement;
    // All of it, so that a callback may run other statements on this connection.
    if (mysql_stmt_store_result(statement) != 0) {
      // Connector/C 3.3 takes such a result for one that is still on its way: executed again, the
      // statement would wait for the rest of it.
      prepared.is_broken = true;
      return statement_error(statement);
    }
    if (!row) return {};
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> names(
        mysql_stmt_result_metadata(statement), &mysql_free_result);
    if (names == nullptr) return statement_error(statement);
    const unsigned count = mysql_num_fields(names.get());
    prepared.columns.resize(count);
    std::vector<MYSQL_BIND> bound(count);
    for (unsigned i = 0; i < count; ++i) {
      const MYSQL_FIELD* field = mysql_fetch_field_direct(names.get(), i);
      Column& column = prepared.columns[i];
      column.is_number = is_integer(field->type);
      bound[i].is_null = &column.is_null;
      bound[i].length = &column.length;
      if (column.is_number) {
        bound[i].buffer_type = MYSQL_TYPE_LONGLONG;
        bound[i].buffer = &column.number;
      } else {
        column.buffer.resize(std::max<std::size_t>(field->max_length, 64));
        bound[i].buffer_type = MYSQL_TYPE_STRING;
        bound[i].buffer = column.buffer.data();
        bound[i].buffer_length = column.buffer.size();
      }
    }
    if (mysql_stmt_bind_result(statement, bound.data()) != 0) return statement_error(statement);
    const MariadbRow current(prepared.columns);
    for (;;) {
      const int code = mysql_stmt_fetch(statement);
      if (code == MYSQL_NO_DATA) return {};
      MATSURI_ASSERT(code != MYSQL_DATA_TRUNCATED, "a value is longer than the client measured");
      if (code != 0) return statement_error(statement);
      row(current);
    }
  }

  Result<void> send_bulk(Prepared& prepared, std::size_t row_count) {
    MYSQL_STMT* statement = prepared.statement;
    const auto array_size = static_cast<unsigned>(row_count);
    mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &array_size);
    Result<void> sent;
    if (mysql_stmt_bind_param(statement, prepared.parameters.data()) != 0 ||
        mysql_stmt_execute(statement) != 0) {
      sent = statement_error(statement);
    }
    const unsigned single = 0;
    mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &single);
    return sent;
  }

  DbOptions options_;
  SessionKind kind_;
  MariadbLimits limits_;
  Handle mysql_;
  StatementCache<Prepared> statements_{statement_count_max};
  bool lost_ = true;       // There is no connection that could be used.
  bool open_ = false;      // begin() was called, and neither commit() nor rollback() since.
  bool standing_ = false;  // And the server has not undone it.
  unsigned last_error_ = 0;
  std::size_t packet_size_max_ = 1 << 20;
};

}  // namespace

Result<std::unique_ptr<MariadbSession>> connect_mariadb(const DbOptions& options, SessionKind kind,
                                                        const MariadbLimits& limits) {
  const bool named = !options.mariadb_schema.empty() && options.mariadb_schema.size() <= 64 &&
                     std::ranges::all_of(options.mariadb_schema, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_';
                     });
  if (!named) {
    return Error(Code::invalid, "schema '" + options.mariadb_schema +
                                    "' must be 1 to 64 letters, digits and underscores");
  }
  auto session = std::make_unique<MariadbSessionImpl>(options, kind, limits);
  TRY(session->ready());
  return std::unique_ptr<MariadbSession>(std::move(session));
}

}  // namespace matsuri::sql::internal
