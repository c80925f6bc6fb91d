// SQLite as an engine, for one machine: the one file of the product that includes sqlite3.h.
#include <sqlite3.h>

#include <charconv>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "io/file.h"
#include "sql/internal/session.h"
#include "sql/internal/statement_cache.h"

namespace matsuri::sql::internal {

namespace {

constexpr std::size_t statement_count_max = 256;
// Other processes (the operator's commands) write for moments only; our own queue at the gate.
constexpr int busy_timeout_ms = 5'000;
// A commit that finds this many pages in the log copies them into the database file. The more there
// are, the more of them are the same hot pages, which then are copied once; 16 MiB take some 10 ms.
constexpr int checkpoint_page_count = 4'096;
constexpr sqlite3_int64 log_size_kept_max = 64 << 20;

Code code_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_DATATYPE:
      return Code::invalid;
    case SQLITE_IOERR_SHMSIZE:  // The only sign of a full disk from the log's index.
      return Code::busy;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return Code::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_INTERRUPT:
      return Code::busy;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return Code::invalid;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::corrupt;
    default:
      return Code::io;
  }
}

Error error_of(sqlite3* db, int code) {
  const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
  const bool same = (extended & 0xff) == (code & 0xff);
  std::string message = same && db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  return Error(code_of(same ? extended : code),
               "SQLite: " + message + " (" + std::to_string(same ? extended : code) + ")");
}

struct CloseDb {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using DbPtr = std::unique_ptr<sqlite3, CloseDb>;

class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_;
};

// A statement in use: reset, and given back to the cache, when it goes.
class Lease {
 public:
  Lease(StatementCache<Statement>& cache, StatementCache<Statement>::Entry* entry)
      : cache_(&cache), entry_(entry), statement_(entry->statement->get()) {}
  explicit Lease(std::unique_ptr<Statement> own) : own_(std::move(own)), statement_(own_->get()) {}
  Lease(Lease&& other) noexcept
      : cache_(other.cache_),
        entry_(std::exchange(other.entry_, nullptr)),
        own_(std::move(other.own_)),
        statement_(std::exchange(other.statement_, nullptr)) {}
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    if (entry_ != nullptr) cache_->give_back(entry_);
  }
  sqlite3_stmt* get() const { return statement_; }

 private:
  StatementCache<Statement>* cache_ = nullptr;
  StatementCache<Statement>::Entry* entry_ = nullptr;
  std::unique_ptr<Statement> own_;
  sqlite3_stmt* statement_;
};

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool is_null(std::size_t column) const override {
    return sqlite3_column_type(statement_, index(column)) == SQLITE_NULL;
  }
  std::int64_t integer(std::size_t column) const override {
    return sqlite3_column_int64(statement_, index(column));
  }
  std::string_view text(std::size_t column) const override {
    const unsigned char* data = sqlite3_column_text(statement_, index(column));
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data), size_of(column)};
  }
  Bytes blob(std::size_t column) const override {
    const void* data = sqlite3_column_blob(statement_, index(column));
    if (data == nullptr) return {};
    return {static_cast<const std::byte*>(data), size_of(column)};
  }

 private:
  int index(std::size_t column) const {
    MATSURI_DEBUG_ASSERT(static_cast<int>(column) < sqlite3_column_count(statement_));
    return static_cast<int>(column);
  }
  std::size_t size_of(std::size_t column) const {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement_, index(column)));
  }

  sqlite3_stmt* statement_;
};

// The memory stays the caller's: it outlives the step.
int bind(sqlite3_stmt* statement, int index, const Value& value) {
  const auto& data = value.data();
  if (const auto* number = std::get_if<std::int64_t>(&data)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&data)) {
    return sqlite3_bind_text64(statement, index, text->empty() ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Bytes>(&data)) {
    // A null pointer would bind NULL.
    if (blob->empty()) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, blob->data(), blob->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

Result<void> bind_all(sqlite3* db, sqlite3_stmt* statement, std::span<const Value> values) {
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != values.size()) {
    return Error(Code::invalid, "statement takes " +
                                    std::to_string(sqlite3_bind_parameter_count(statement)) +
                                    " parameters, not " + std::to_string(values.size()) + ": " +
                                    sqlite3_sql(statement));
  }
  int index = 0;
  for (const Value& value : values) {
    if (const int code = bind(statement, ++index, value); code != SQLITE_OK) {
      return error_of(db, code);
    }
  }
  return {};
}

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(DbPtr db) : db_(std::move(db)) {}
  ~SqliteSession() override {
    if (in_transaction()) rollback();
    statements_.clear();
  }

  Result<void> query(std::string_view text, std::span<const Value> parameters,
                     const RowCallback& row) override {
    TRY_ASSIGN(const Lease lease, prepare(text));
    TRY(bind_all(db_.get(), lease.get(), parameters));
    const SqliteRow current(lease.get());
    for (;;) {
      const int code = sqlite3_step(lease.get());
      if (code == SQLITE_DONE) return {};
      if (code != SQLITE_ROW) return error_of(db_.get(), code);
      if (row) row(current);
    }
  }

  Result<std::uint64_t> execute(std::string_view text, std::span<const Value> parameters) override {
    TRY(query(text, parameters, {}));
    return static_cast<std::uint64_t>(sqlite3_changes64(db_.get()));
  }

  // One row a step measured faster than many rows a statement (86.8k against 68.0k rows/s).
  Result<void> insert_rows(std::string_view head, std::string_view tail, std::size_t column_count,
                           std::span<const Value> values) override {
    MATSURI_ASSERT(column_count > 0 && values.size() % column_count == 0);
    if (values.empty()) return {};
    std::string text(head);
    text += " VALUES (?";
    for (std::size_t column = 1; column < column_count; ++column) text += ",?";
    text += ") ";
    text += tail;
    TRY_ASSIGN(const Lease lease, prepare(text));
    for (; !values.empty(); values = values.subspan(column_count)) {
      TRY(bind_all(db_.get(), lease.get(), values.first(column_count)));
      int code = sqlite3_step(lease.get());
      while (code == SQLITE_ROW) code = sqlite3_step(lease.get());
      if (code != SQLITE_DONE) return error_of(db_.get(), code);
      sqlite3_reset(lease.get());
    }
    return {};
  }

  Engine engine() const override { return Engine::sqlite; }

  Result<void> begin_write() override { return simple("BEGIN IMMEDIATE"); }
  Result<void> begin_read() override { return simple("BEGIN"); }

  CommitOutcome commit(std::optional<Error>* error) override {
    if (!in_transaction()) {
      if (error != nullptr) error->emplace(Code::busy, "SQLite: the transaction was rolled back");
      return CommitOutcome::failed;
    }
    Result<void> committed = simple("COMMIT");
    if (committed.ok()) return CommitOutcome::done;
    // After a failed sync the commit may lie whole in the log: gone for this process, as nobody
    // reads that far, yet found again by whoever recovers the log after a crash.
    const bool may_be_there =
        (sqlite3_errcode(db_.get()) & 0xff) == SQLITE_IOERR && committed.error().code() == Code::io;
    if (error != nullptr) *error = std::move(committed).error();
    rollback();
    return may_be_there ? CommitOutcome::unknown : CommitOutcome::failed;
  }

  void rollback() override {
    // An error leaves no transaction behind either: SQLite rolls back when the connection can't.
    if (in_transaction()) (void)simple("ROLLBACK");
  }

  bool in_transaction() const override { return sqlite3_get_autocommit(db_.get()) == 0; }

  Result<void> savepoint() override { return simple("SAVEPOINT body"); }
  Result<void> release_savepoint() override { return simple("RELEASE body"); }
  Result<void> rollback_to_savepoint() override {
    TRY(simple("ROLLBACK TO body"));
    return simple("RELEASE body");
  }

  Result<void> run(const std::string& text) override {
    TRY_ASSIGN(const std::unique_ptr<Statement> statement, compile(text, 0));
    int code = sqlite3_step(statement->get());
    while (code == SQLITE_ROW) code = sqlite3_step(statement->get());
    if (code != SQLITE_DONE) return error_of(db_.get(), code);
    return {};
  }

  bool was_done_before() const override { return false; }
  bool transactional_ddl() const override { return true; }

  sqlite3* db() const { return db_.get(); }

 private:
  Result<std::unique_ptr<Statement>> compile(std::string_view text, unsigned flags) {
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), text.data(), static_cast<int>(text.size()),
                                        flags, &statement, &rest);
    if (code != SQLITE_OK) return error_of(db_.get(), code).within(text);
    auto owned = std::make_unique<Statement>(statement);
    const auto used = static_cast<std::size_t>(rest - text.data());
    if (statement == nullptr || text.find_first_not_of(" \n\t;", used) != std::string_view::npos) {
      return Error(Code::invalid, "not one statement: " + std::string(text));
    }
    return owned;
  }

  Result<Lease> prepare(std::string_view text) {
    if (auto* entry = statements_.take(text); entry != nullptr) return Lease(statements_, entry);
    const bool keep = !statements_.has(text);
    TRY_ASSIGN(std::unique_ptr<Statement> statement,
               compile(text, keep ? SQLITE_PREPARE_PERSISTENT : 0));
    if (!keep) return Lease(std::move(statement));
    return Lease(statements_, statements_.add(text, std::move(statement)));
  }

  Result<void> simple(std::string_view text) { return query(text, {}, {}); }

  DbPtr db_;
  StatementCache<Statement> statements_{statement_count_max};
};

class SqliteDriver final : public Driver {
 public:
  explicit SqliteDriver(const DbOptions& options)
      : path_(options.sqlite_path), vfs_(options.sqlite_vfs), durability_(options.durability) {}

  Result<std::unique_ptr<Session>> connect(SessionKind kind) override {
    TRY_ASSIGN(std::unique_ptr<SqliteSession> session, connect_sqlite(kind));
    return std::unique_ptr<Session>(std::move(session));
  }

  Result<void> checkpoint() override {
    const std::lock_guard lock(checkpoint_mutex_);
    if (checkpointer_ == nullptr) {
      TRY_ASSIGN(checkpointer_, connect_sqlite(SessionKind::maintenance));
    }
    // FULL syncs the log, copies all of it into the database file, and syncs that.
    int log_count = 0;
    int copied_count = 0;
    const int code = sqlite3_wal_checkpoint_v2(checkpointer_->db(), nullptr, SQLITE_CHECKPOINT_FULL,
                                               &log_count, &copied_count);
    if (code != SQLITE_OK) return error_of(checkpointer_->db(), code).within("checkpoint");
    if (copied_count < log_count) {
      return Error(Code::busy, "checkpoint: readers hold " +
                                   std::to_string(log_count - copied_count) + " pages back");
    }
    return {};
  }

  // Under another name first: a power cut must not leave half of one under this one.
  Result<void> snapshot_to(const std::string& path) override {
    TRY_ASSIGN(const std::unique_ptr<SqliteSession> session,
               connect_sqlite(SessionKind::maintenance));
    const auto vacuum = [&](const std::string& to) -> Result<void> {
      TRY(within("snapshot to " + path,
                 session->Connection::execute("VACUUM INTO ?", {std::string_view(to)})));
      return {};
    };
    if (!vfs_.empty()) return vacuum(path);  // Another file system: not ours to look into.
    io::FileSystem& files = io::posix_files();
    TRY_ASSIGN(const bool exists, files.exists(path));
    if (exists) return Error(Code::conflict, "snapshot: " + path + " exists");
    const std::string draft = path + ".new";
    // SQLite fills an empty file; it would make one that everybody may read.
    TRY_ASSIGN(const std::unique_ptr<io::File> file, files.open(draft, io::OpenMode::create));
    Result<void> written = file->truncate(0);
    if (written.ok()) written = vacuum(draft);
    if (written.ok()) written = file->sync_data();
    if (written.ok()) written = files.rename(draft, path);
    if (!written.ok()) {
      (void)files.remove(draft);
      return written;
    }
    return files.sync_folder(io::folder_of(path));
  }

  // Makes the file, sets what is kept in it, and checks that it holds.
  Result<void> prepare() {
    if (sqlite3_threadsafe() == 0 || sqlite3_libversion_number() < 3'037'000) {
      return Error(Code::invalid, std::string("SQLite 3.37 or later with threads is needed, not ") +
                                      sqlite3_libversion());
    }
    if (vfs_.empty()) TRY(make_file());
    TRY_ASSIGN(const std::unique_ptr<SqliteSession> session, connect_sqlite(SessionKind::writer));
    TRY_ASSIGN(const std::string mode, write_ahead(*session));
    if (mode != "wal") {
      return Error(Code::invalid, "setting journal_mode of " + path_ + " is '" + mode +
                                      "', must be 'wal' (not possible on a network file system)");
    }
    const std::int64_t wanted = durability_ == Durability::full ? 2 : 1;
    TRY_ASSIGN(const std::optional<std::int64_t> found,
               session->Connection::integer("PRAGMA synchronous"));
    if (found != wanted) {
      return Error(Code::invalid, "setting synchronous of " + path_ + " is " +
                                      std::to_string(found.value_or(-1)) + ", must be " +
                                      std::to_string(wanted));
    }
    // Reads the schema: a file that is no database, or damaged at its root, is found here.
    TRY(session->Connection::integer("SELECT count(*) FROM sqlite_schema"));
    return {};
  }

 private:
  // SQLite would give it the mode 0644, and its log and index the mode of the file.
  //
  // Only where there is none: whoever closes a file gives up all locks that this process has on it,
  // and SQLite's with them. Another process would then take the log for nobody's, and remove it.
  Result<void> make_file() {
    io::FileSystem& files = io::posix_files();
    TRY_ASSIGN(const bool exists, files.exists(path_));
    if (!exists) TRY(within("open database", files.open(path_, io::OpenMode::create)));
    return files.sync_folder(io::folder_of(path_));
  }

  // The journal's mode, after it was asked to be "wal". Where two programs make the same file at
  // once SQLite says busy without waiting, since each may wait for the other.
  static Result<std::string> write_ahead(SqliteSession& session) {
    constexpr int pause_ms = 10;
    for (int waited_ms = 0;; waited_ms += pause_ms) {
      std::string mode;
      const Result<void> asked = session.Connection::query(
          "PRAGMA journal_mode=WAL", {}, [&](const Row& row) { mode = row.text(0); });
      if (asked.ok()) return mode;
      if (asked.error().code() != Code::busy || waited_ms >= busy_timeout_ms) return asked.error();
      sqlite3_sleep(pause_ms);
    }
  }

  Result<std::unique_ptr<SqliteSession>> connect_sqlite(SessionKind kind) {
    sqlite3* raw = nullptr;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code =
        sqlite3_open_v2(path_.c_str(), &raw, flags, vfs_.empty() ? nullptr : vfs_.c_str());
    DbPtr db(raw);
    if (code != SQLITE_OK) return error_of(raw, code).within("open " + path_);
    sqlite3_busy_timeout(raw, busy_timeout_ms);
    auto session = std::make_unique<SqliteSession>(std::move(db));
    TRY(session->run(durability_ == Durability::full ? "PRAGMA synchronous=FULL"
                                                     : "PRAGMA synchronous=NORMAL"));
    TRY(session->run("PRAGMA temp_store=MEMORY"));
    TRY(session->run("PRAGMA cache_size=-16000"));
    TRY(session->run("PRAGMA trusted_schema=OFF"));
    TRY(session->run("PRAGMA wal_autocheckpoint=" + std::to_string(checkpoint_page_count)));
    TRY(session->run("PRAGMA journal_size_limit=" + std::to_string(log_size_kept_max)));
    if (kind == SessionKind::reader) TRY(session->run("PRAGMA query_only=ON"));
    return session;
  }

  std::string path_;
  std::string vfs_;
  Durability durability_;
  std::mutex checkpoint_mutex_;
  std::unique_ptr<SqliteSession> checkpointer_;
};

Result<void> copy_file(const std::string& from, const std::string& to) {
  io::FileSystem& files = io::posix_files();
  TRY_ASSIGN(const std::unique_ptr<io::File> source, files.open(from, io::OpenMode::read));
  TRY_ASSIGN(const std::unique_ptr<io::File> target, files.open(to, io::OpenMode::create));
  TRY(target->truncate(0));
  std::vector<std::byte> buffer(1 << 20);
  for (std::uint64_t offset = 0;;) {
    TRY_ASSIGN(const std::size_t size, source->read_at(offset, buffer));
    if (size == 0) break;
    TRY(target->write_at(offset, std::span(buffer).first(size)));
    offset += size;
  }
  return target->sync_data();
}

}  // namespace

Result<std::unique_ptr<Driver>> open_sqlite(const DbOptions& options) {
  auto driver = std::make_unique<SqliteDriver>(options);
  TRY(driver->prepare());
  return std::unique_ptr<Driver>(std::move(driver));
}

Result<void> restore_sqlite(const DbOptions& options, const std::string& path) {
  io::FileSystem& files = io::posix_files();
  const std::string& target = options.sqlite_path;
  for (const std::string& name : {target, target + "-wal"}) {
    TRY_ASSIGN(const bool exists, files.exists(name));
    if (exists) return Error(Code::invalid, "restore: " + name + " exists");
  }
  // Into another name first: half a database must never lie where the next start looks for one.
  const std::string draft = target + ".restoring";
  TRY(within("restore", copy_file(path, draft)));
  Result<void> checked = [&]() -> Result<void> {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(draft.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, nullptr);
    SqliteSession session((DbPtr(raw)));
    if (code != SQLITE_OK) return error_of(raw, code);
    // An empty file is an empty database to SQLite, and no copy of ours.
    TRY_ASSIGN(const auto table_count,
               session.Connection::integer("SELECT count(*) FROM sqlite_schema"));
    if (table_count == 0) return Error(Code::corrupt, "there are no tables in it");
    std::string verdict;
    TRY(session.Connection::query("PRAGMA integrity_check(1)", {},
                                  [&](const Row& row) { verdict = row.text(0); }));
    if (verdict != "ok") return Error(Code::corrupt, verdict);
    return {};
  }();
  if (!checked.ok()) {
    (void)files.remove(draft);
    return within("restore " + path, std::move(checked));
  }
  TRY(files.rename(draft, target));
  return files.sync_folder(io::folder_of(target));
}

}  // namespace matsuri::sql::internal
