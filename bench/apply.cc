// Posts from a journal into the timeline's database, by the real view, beside a bare client of the
// same engine that writes the same rows in the same batches, with the same durability: SQLite by
// one prepared statement a table, MariaDB by prepared VALUES of many rows.
//
// The rows are those that a first run of ours made. The baseline has them ready in memory and
// checks nothing; our side reads and checks the journal, decodes, looks for what was there before,
// and encodes the facts.
#include <mysql.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "io/random.h"
#include "journal/writer.h"
#include "sql/db.h"
#include "sql/testing/mariadb_server.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/apply.h"
#include "timeline/schema.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t batch_count = 16'384;  // as StreamOptions has it
constexpr std::size_t values_count = 500;    // rows of one VALUES: more gave no more rows a second

// A journal with posts of some 2 000 people, as exec writes them: about 100 bytes of text and an
// idempotency key each, ten milliseconds apart. (The closer they are, the more posts there are
// within the 30 s of the duplicate guard, which our side has to read.)
class Journal {
 public:
  Journal(const std::string& folder, std::uint64_t count)
      : folder_(folder), writer_(must(journal::Writer::open({.folder = folder}))), count_(count) {
    io::SeededRandom random(1);
    std::vector<journal::Writer::Entry> entries;
    for (std::uint64_t index = 1; index <= count; ++index) {
      entries.push_back(post(index, random));
      if (entries.size() == 1024 || index == count) append(entries);
    }
  }

  Position end() const { return {.origin = writer_->origin(), .offset = count_}; }
  journal::Writer& writer() { return *writer_; }
  const std::string& folder() const { return folder_; }
  std::uint64_t count() const { return count_; }

 private:
  static journal::Writer::Entry post(std::uint64_t index, io::Random& random) {
    PublishPost post{.community = common_ground,
                     .author = AccountId{(random.next_u64() % 2000 + 1) << 22},
                     .text = "post " + std::to_string(index),
                     .language = "en"};
    const std::size_t size = 40 + random.next_u64() % 120;
    while (post.text.size() < size)
      post.text += ' ' + std::string(2 + random.next_u64() % 7,
                                     static_cast<char>('a' + random.next_u64() % 26));
    const std::int64_t unix_ms = 1'700'000'000'000 + static_cast<std::int64_t>(index) * 10;
    post.post = PostId{compose_id({.unix_ms = unix_ms})};
    journal::Writer::Entry entry;
    entry.header = {.id = post.post.value,
                    .unix_ms = unix_ms,
                    .account = post.author,
                    .fingerprint = random.next_u64() >> 1,
                    .kind = EventKind::publish_post};
    for (std::size_t half : {0U, 8U}) {
      const std::uint64_t bits = random.next_u64();
      std::memcpy(entry.header.key.bytes.data() + half, &bits, sizeof bits);
    }
    entry.payload = encode(post);
    return entry;
  }

  void append(std::vector<journal::Writer::Entry>& entries) {
    static io::InlineExecutor here;
    const auto promise = std::make_shared<std::promise<Result<Position>>>();
    auto answer = promise->get_future();
    must(writer_->append_all(entries, here, [promise](Result<Position> position) {
      promise->set_value(std::move(position));
    }));
    must(answer.get());
    entries.clear();
  }

  std::string folder_;
  std::unique_ptr<journal::Writer> writer_;
  std::uint64_t count_;
};

// One value of a row.
struct Cell {
  bool is_null = false;
  bool is_number = false;
  std::int64_t number = 0;
  std::string bytes;

  bool operator==(const Cell&) const = default;
};

struct TableKind {
  const char* name;
  const char* columns;
  std::vector<bool> numbers;  // which columns hold numbers; the others are text or bytes
  const char* order;
};

// What a post becomes, in the order in which a batch writes it.
const std::vector<TableKind>& table_kinds() {
  static const std::vector<TableKind> kinds = {
      {"post",
       "id, community, author, rev, text, language, parent, is_comment, guard, drawing, feeling, "
       "spoiler, tag, deleted",
       {true, true, true, true, false, false, true, true, true, true, true, true, false, true},
       "id"},
      {"idempotency", "account_key, fingerprint, post, unix_ms", {false, true, true, true}, "post"},
      {"outbox",
       "at_offset, kind, unix_ms, account, subject_id, payload",
       {true, true, true, true, true, false},
       "at_offset"}};
  return kinds;
}

// The rows of each table, one cell after the other.
using Content = std::vector<std::vector<Cell>>;

Content read_content(sql::Db& db) {
  Content content;
  for (const TableKind& kind : table_kinds()) {
    std::vector<Cell> cells;
    must(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      cells.clear();
      const std::string text =
          std::string("SELECT ") + kind.columns + " FROM " + kind.name + " ORDER BY " + kind.order;
      return connection.query(text, {}, [&](const sql::Row& row) {
        for (std::size_t column = 0; column < kind.numbers.size(); ++column) {
          Cell cell{.is_null = row.is_null(column), .is_number = kind.numbers[column]};
          if (cell.is_number)
            cell.number = row.integer(column);
          else
            cell.bytes = as_text(row.blob(column));
          cells.push_back(std::move(cell));
        }
      });
    }));
    content.push_back(std::move(cells));
  }
  return content;
}

// A database with the tables that both sides fill, closed again.
sql::DbOptions with_tables(sql::DbOptions options) {
  const auto db = must(sql::Db::open(options));
  must(db->migrate("timeline", timeline::migrations()));
  must(stream::Outbox::open(*db, Region{0}, Node{1}, io::system_random()));
  return options;
}

// Reads what is there after all is closed.
Content reopened(const sql::DbOptions& options) {
  return read_content(*must(sql::Db::open(options)));
}

// Our side. Gives the seconds.
double apply(const sql::DbOptions& options, Journal& journal) {
  const auto db = must(sql::Db::open(options));
  const auto outbox = must(stream::Outbox::open(*db, Region{0}, Node{1}, io::system_random()));
  timeline::TimelineView view;
  stream::Stream stream(stream::StreamOptions{});
  must(stream.add_journal(journal.folder(), &journal.writer()));
  must(stream.add_view(view, *outbox));
  PositionSet end;
  end.raise(journal.end());
  const auto promise = std::make_shared<std::promise<bool>>();
  auto answer = promise->get_future();
  const double begin = seconds_now();
  must(stream.start());
  stream.when_passed(end, 600'000, [promise](bool passed) { promise->set_value(passed); });
  if (!answer.get()) give_up("the view did not come to the end in ten minutes");
  const double took = seconds_now() - begin;
  stream.stop();
  return took;
}

// A bare client: writes batches of rows.
class Bare {
 public:
  virtual ~Bare() = default;
  virtual void begin() = 0;
  // Rows `low` to `high` of the table.
  virtual void insert(std::size_t table, std::size_t low, std::size_t high) = 0;
  virtual void move_position(std::uint64_t offset) = 0;
  virtual void commit() = 0;
};

class BareSqlite final : public Bare {
 public:
  BareSqlite(const std::string& path, const Content& content) : content_(content) {
    check(sqlite3_open(path.c_str(), &db_));
    for (const char* setting :
         {"synchronous=FULL", "temp_store=MEMORY", "cache_size=-16000", "wal_autocheckpoint=4096"})
      execute(std::string("PRAGMA ") + setting);
    for (const TableKind& kind : table_kinds()) {
      std::string text = std::string("INSERT INTO ") + kind.name + " (" + kind.columns;
      text += ") VALUES (?";
      for (std::size_t column = 1; column < kind.numbers.size(); ++column) text += ",?";
      sqlite3_stmt* statement = nullptr;
      check(sqlite3_prepare_v2(db_, (text + ")").c_str(), -1, &statement, nullptr));
      statements_.push_back(statement);
    }
  }
  ~BareSqlite() override {
    for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  void begin() override { execute("BEGIN IMMEDIATE"); }
  void commit() override { execute("COMMIT"); }
  void move_position(std::uint64_t offset) override {
    execute("REPLACE INTO view_position VALUES ('bare', 0, 1, 1, " + std::to_string(offset) + ")");
    execute("UPDATE stream_counter SET amount = " + std::to_string(offset) +
            " WHERE name = 'outbox'");
  }
  void insert(std::size_t table, std::size_t low, std::size_t high) override {
    sqlite3_stmt* const statement = statements_[table];
    const std::size_t width = table_kinds()[table].numbers.size();
    for (std::size_t row = low; row < high; ++row) {
      for (std::size_t column = 0; column < width; ++column)
        bind(statement, static_cast<int>(column) + 1, content_[table][row * width + column],
             table != 0);
      if (sqlite3_step(statement) != SQLITE_DONE) give_up(sqlite3_errmsg(db_));
      sqlite3_reset(statement);
    }
  }

 private:
  // Text in table post, bytes in the others.
  static void bind(sqlite3_stmt* statement, int index, const Cell& cell, bool is_blob) {
    const auto size = static_cast<int>(cell.bytes.size());
    if (cell.is_null)
      sqlite3_bind_null(statement, index);
    else if (cell.is_number)
      sqlite3_bind_int64(statement, index, cell.number);
    else if (is_blob)
      sqlite3_bind_blob(statement, index, cell.bytes.data(), size, SQLITE_STATIC);
    else
      sqlite3_bind_text(statement, index, cell.bytes.data(), size, SQLITE_STATIC);
  }
  void check(int code) {
    if (code != SQLITE_OK) give_up(sqlite3_errmsg(db_));
  }
  void execute(const std::string& text) {
    check(sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr));
  }

  const Content& content_;
  sqlite3* db_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
};

class BareMariadb final : public Bare {
 public:
  BareMariadb(const sql::DbOptions& options, const Content& content) : content_(content) {
    mysql_options(db_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(db_, nullptr, options.mariadb_user.c_str(),
                           options.mariadb_password.c_str(), options.mariadb_schema.c_str(), 0,
                           options.mariadb_socket.c_str(), 0) == nullptr)
      give_up(mysql_error(db_));
    for (std::size_t table = 0; table < table_kinds().size(); ++table)
      whole_.push_back(prepare(table, values_count));
  }
  ~BareMariadb() override {
    for (MYSQL_STMT* statement : whole_) mysql_stmt_close(statement);
    mysql_close(db_);
  }

  void begin() override { execute("START TRANSACTION"); }
  void commit() override { execute("COMMIT"); }
  void move_position(std::uint64_t offset) override {
    execute("REPLACE INTO view_position VALUES ('bare', 0, 1, 1, " + std::to_string(offset) + ")");
    execute("UPDATE stream_counter SET amount = " + std::to_string(offset) +
            " WHERE name = 'outbox'");
  }
  void insert(std::size_t table, std::size_t low, std::size_t high) override {
    for (; high - low >= values_count; low += values_count)
      send(whole_[table], table, low, low + values_count);
    if (low == high) return;
    MYSQL_STMT* const rest = prepare(table, high - low);
    send(rest, table, low, high);
    mysql_stmt_close(rest);
  }

 private:
  MYSQL_STMT* prepare(std::size_t table, std::size_t row_count) {
    const TableKind& kind = table_kinds()[table];
    std::string row = "(?";
    for (std::size_t column = 1; column < kind.numbers.size(); ++column) row += ",?";
    row += ')';
    std::string text =
        std::string("INSERT INTO ") + kind.name + " (" + kind.columns + ") VALUES " + row;
    for (std::size_t count = 1; count < row_count; ++count) text += ',' + row;
    MYSQL_STMT* const statement = mysql_stmt_init(db_);
    if (mysql_stmt_prepare(statement, text.data(), text.size()) != 0)
      give_up(mysql_stmt_error(statement));
    return statement;
  }
  void send(MYSQL_STMT* statement, std::size_t table, std::size_t low, std::size_t high) {
    const std::size_t width = table_kinds()[table].numbers.size();
    bound_.assign((high - low) * width, {});
    for (std::size_t place = 0; place < bound_.size(); ++place) {
      const Cell& cell = content_[table][low * width + place];
      MYSQL_BIND& bound = bound_[place];
      bound.buffer_type = cell.is_null     ? MYSQL_TYPE_NULL
                          : cell.is_number ? MYSQL_TYPE_LONGLONG
                          : table == 0     ? MYSQL_TYPE_STRING
                                           : MYSQL_TYPE_BLOB;
      bound.buffer = cell.is_number ? const_cast<std::int64_t*>(&cell.number)
                                    : static_cast<void*>(const_cast<char*>(cell.bytes.data()));
      bound.buffer_length = cell.bytes.size();
    }
    if (mysql_stmt_bind_param(statement, bound_.data()) != 0 || mysql_stmt_execute(statement) != 0)
      give_up(mysql_stmt_error(statement));
  }
  void execute(const std::string& text) {
    if (mysql_real_query(db_, text.data(), text.size()) != 0) give_up(mysql_error(db_));
  }

  const Content& content_;
  MYSQL* db_ = mysql_init(nullptr);
  std::vector<MYSQL_STMT*> whole_;
  std::vector<MYSQL_BIND> bound_;
};

// The baseline. Gives the seconds.
double write_bare(Bare& bare, const Content& content, std::size_t count) {
  const double begin = seconds_now();
  for (std::size_t low = 0; low < count; low += batch_count) {
    const std::size_t high = std::min(count, low + batch_count);
    bare.begin();
    for (std::size_t table = 0; table < content.size(); ++table) bare.insert(table, low, high);
    bare.move_position(high);
    bare.commit();
  }
  return seconds_now() - begin;
}

void bench_engine(Report& report, bool quick, const std::string& name, const std::string& baseline,
                  const std::function<sql::DbOptions()>& fresh) {
  const std::uint64_t count = quick ? 3'000 : 4 * batch_count;
  const Folder folder;
  Journal journal(folder.path(), count);
  sql::DbOptions first = with_tables(fresh());
  apply(first, journal);
  const Content content = reopened(first);
  bool checked = content.size() == table_kinds().size();
  for (std::size_t table = 0; table < content.size(); ++table)
    checked = checked && content[table].size() == count * table_kinds()[table].numbers.size();
  const auto rate = [&](double seconds, const sql::DbOptions& options) {
    checked = reopened(options) == content && checked;
    if (options.engine == sql::Engine::sqlite)
      for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(options.sqlite_path + suffix);
    return std::vector{static_cast<double>(count) / seconds};
  };
  const auto figures = compare(
      quick ? 1 : 5,
      [&] {
        const sql::DbOptions options = with_tables(fresh());
        return rate(apply(options, journal), options);
      },
      [&] {
        const sql::DbOptions options = with_tables(fresh());
        std::unique_ptr<Bare> bare;
        if (options.engine == sql::Engine::sqlite)
          bare = std::make_unique<BareSqlite>(options.sqlite_path, content);
        else
          bare = std::make_unique<BareMariadb>(options, content);
        const double seconds = write_bare(*bare, content, count);
        bare.reset();
        return rate(seconds, options);
      });
  report.add({.name = name,
              .metric = "posts applied",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = baseline,
              .better = Better::larger,
              .checked = checked});
}

int run(int argc, char** argv) {
  const Options options =
      parse_options(argc, argv, "bench_apply: posts into the timeline's database");
  log::configure(log::Level::error, log::Format::text);
  Report report("apply", options);
  const Folder folder;
  int file_count = 0;
  if (options.wants("sqlite"))
    bench_engine(report, options.quick, "sqlite", "sqlite3, the same rows and batches", [&] {
      sql::DbOptions database;
      database.name = "timeline";
      database.sqlite_path = folder.path() + "/" + std::to_string(++file_count) + ".sqlite";
      return database;
    });
  if (options.wants("mariadb")) {
    sql::MariadbServer* const server = sql::MariadbServer::get();
    if (server == nullptr) give_up("mariadbd is not installed (package mariadb-server)");
    bench_engine(report, options.quick, "mariadb", "libmariadb, VALUES of 500 rows",
                 [&] { return server->fresh_database("timeline"); });
  }
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) { return matsuri::bench::run(argc, argv); }
