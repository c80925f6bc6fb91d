// Attempts from a journal into the database `checkin`, and what is due of them into points' own
// (`grants`), by the real views; beside them bare clients of the same engine that write the same
// rows (but for a few counts) in the same batches, with the same durability: each database on a
// thread of its own, as appliers have.
//
// The rows are those that a first run of ours made. The baseline has them ready in memory and
// checks nothing; our side reads and checks the journal, decodes, looks for what was there before,
// and carries facts from one database to the other.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bench/bare.h"
#include "bench/checkin_cases.h"
#include "bench/scratch.h"
#include "checkin/apply.h"
#include "checkin/schema.h"
#include "io/random.h"
#include "journal/writer.h"
#include "points/dues.h"
#include "sql/testing/mariadb_server.h"
#include "stream/outbox.h"
#include "stream/stream.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t batch_count = 16'384;  // as StreamOptions has it

// Every fourth attempt finds nothing.
constexpr std::size_t ok_count_of(std::size_t attempt_count) {
  return attempt_count - attempt_count / 4;
}

// A journal as closures write it in an evening. Who found nothing comes again with the next ticket.
class Evening {
 public:
  Evening(const std::string& folder, std::size_t count)
      : folder_(folder), writer_(must(journal::Writer::open({.folder = folder}))) {
    std::vector<journal::Writer::Entry> entries;
    AccountId account;
    bool is_ok = true;
    for (std::size_t index = 1; index <= count; ++index) {
      if (is_ok) account = AccountId{random_.next_u64() >> 1};
      is_ok = index % 4 != 0;
      entries.push_back(attempt(index, account, is_ok));
      if (entries.size() == 1024 || index == count) append(entries);
    }
  }

  journal::Writer& writer() { return *writer_; }
  const std::string& folder() const { return folder_; }

 private:
  journal::Writer::Entry attempt(std::size_t index, AccountId account, bool is_ok) {
    const std::int64_t unix_ms = 1'796'126'400'000 + static_cast<std::int64_t>(index);
    CheckinAttempted event{.programme = "7",
                           .window = 1,
                           .campaign = "waves",
                           .points = 5,
                           .nonce = std::string(16, '\0'),
                           .ticket_unix_ms = unix_ms - 4'000,
                           .result = is_ok ? CheckinResult::ok : CheckinResult::no_match,
                           .path = "terrestrial",
                           .score_permille = is_ok ? 900 : 100,
                           .frame_count = 24};
    // By their nonces tickets have the order of the journal.
    random_.fill(std::as_writable_bytes(std::span(event.nonce)).subspan(8));
    for (std::size_t i = 0; i < 8; ++i)
      event.nonce[i] = static_cast<char>(static_cast<std::uint64_t>(index) >> (56 - 8 * i));
    return {.header = {.id = compose_id({.unix_ms = unix_ms}),
                       .unix_ms = unix_ms,
                       .account = account,
                       .kind = EventKind::checkin_attempted},
            .payload = encode(event)};
  }

  void append(std::vector<journal::Writer::Entry>& entries) {
    static io::InlineExecutor here;
    std::promise<Result<Position>> promise;
    must(writer_->append_all(entries, here, [&promise](Result<Position> position) {
      promise.set_value(std::move(position));
    }));
    must(promise.get_future().get());
    entries.clear();
  }

  const std::string folder_;
  io::SeededRandom random_{1};
  std::unique_ptr<journal::Writer> writer_;
};

struct TableKind {
  const char* name;
  const char* columns;
  std::string kinds;    // of each column: n for numbers, t for text, b for bytes
  const char* order;    // that of the journal
  bool of_all = false;  // a row an attempt; else one for each that is ok
};

using TableKinds = std::vector<TableKind>;

// What attempts become, in the order in which a batch writes it.
const TableKinds& checkin_tables() {
  static const TableKinds kinds = {
      {"ticket", "programme, account, nonce, attempts", "tnbn", "nonce", true},
      {"checkin",
       "account, programme, window_id, id, unix_ms, status, reason, rev, points, campaign, event, "
       "nonce",
       "ntnnnnnnnttb", "id"},
      {"outbox", "at_offset, kind, unix_ms, account, subject_id, payload", "nnnnnb", "at_offset"}};
  return kinds;
}
constexpr std::size_t checkin_event_column = 10;
// By a hash: in_order() puts them into the journal's.
const TableKinds& grants_tables() {
  static const TableKinds kinds = {
      {"grant_due", "event, rev, account, programme, window_id, campaign, points, reason",
       "tnntntnn", "event"}};
  return kinds;
}

// The rows of each table, one cell after the other.
using Content = std::vector<std::vector<Cell>>;

Cell cell_of(const sql::Row& row, std::size_t column, char kind) {
  if (kind == 'n') return Cell::of(row.integer(column));
  if (kind == 't') return Cell::of(std::string(row.text(column)));
  Cell cell = Cell::of(std::string(as_text(row.blob(column))));
  cell.kind = Cell::Kind::bytes;
  return cell;
}

// Reads what is there after all is closed.
Content read_content(const sql::DbOptions& options, const TableKinds& kinds) {
  const auto db = must(sql::Db::open(options));
  Content content;
  for (const TableKind& kind : kinds) {
    std::vector<Cell> cells;
    must(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      cells.clear();
      const std::string text =
          std::string("SELECT ") + kind.columns + " FROM " + kind.name + " ORDER BY " + kind.order;
      return connection.query(text, {}, [&](const sql::Row& row) {
        for (std::size_t column = 0; column < kind.kinds.size(); ++column)
          cells.push_back(cell_of(row, column, kind.kinds[column]));
      });
    }));
    content.push_back(std::move(cells));
  }
  return content;
}

struct Databases {
  sql::DbOptions checkin;
  sql::DbOptions grants;
};

struct Contents {
  Content checkin;
  Content grants;

  bool operator==(const Contents&) const = default;
};

Contents read_contents(const Databases& databases) {
  return {.checkin = read_content(databases.checkin, checkin_tables()),
          .grants = read_content(databases.grants, grants_tables())};
}

// The same, with what is due in the order in which it comes.
Contents in_order(Contents contents) {
  const std::size_t width = grants_tables()[0].kinds.size();
  std::vector<Cell>& dues = contents.grants[0];
  std::unordered_map<std::string_view, std::span<const Cell>> by_event;
  for (std::size_t at = 0; at < dues.size(); at += width)
    by_event[dues[at].bytes] = std::span(dues).subspan(at, width);
  const std::size_t checkin_width = checkin_tables()[1].kinds.size();
  const std::vector<Cell>& checkins = contents.checkin[1];
  std::vector<Cell> ordered;
  for (std::size_t at = 0; at < checkins.size(); at += checkin_width) {
    const std::span<const Cell> due = by_event.at(checkins[at + checkin_event_column].bytes);
    ordered.insert(ordered.end(), due.begin(), due.end());
  }
  dues = std::move(ordered);
  return contents;
}

// A database with the tables that both sides fill.
void make_tables(const sql::DbOptions& options, const std::string& component,
                 std::span<const sql::Migration> migrations) {
  const auto db = must(sql::Db::open(options));
  must(db->migrate(component, migrations));
  must(stream::Outbox::open(*db, Region{0}, Node{1}, io::system_random()));
}

Databases with_tables(Databases databases) {
  make_tables(databases.checkin, "checkin", checkin::migrations());
  make_tables(databases.grants, "grants", points::dues_migrations());
  return databases;
}

// Our side. Gives the seconds until both views have all.
double apply(const Databases& databases, Evening& evening) {
  const auto checkin_db = must(sql::Db::open(databases.checkin));
  const auto grants_db = must(sql::Db::open(databases.grants));
  const auto open_outbox = [](sql::Db& db) {
    return must(stream::Outbox::open(db, Region{0}, Node{1}, io::system_random()));
  };
  const auto checkin_outbox = open_outbox(*checkin_db);
  const auto grants_outbox = open_outbox(*grants_db);
  checkin::CheckinView checkin_view;
  points::DuesView dues_view([] {});
  stream::Stream stream(stream::StreamOptions{});
  must(stream.add_journal(evening.folder(), &evening.writer()));
  must(stream.add_outbox(*checkin_outbox));
  must(stream.add_view(checkin_view, *checkin_outbox));
  must(stream.add_view(dues_view, *grants_outbox));
  const double begin = seconds_now();
  must(stream.start());
  if (!stream.drain(600'000)) give_up("the views did not come to the end in ten minutes");
  const double took = seconds_now() - begin;
  stream.stop();
  return took;
}

// Writes the rows that so many attempts left, batch by batch.
void write_bare(const sql::DbOptions& options, const TableKinds& kinds, const Content& content,
                std::size_t attempt_count) {
  const auto database = open_bare(options);
  for (std::size_t low = 0; low < attempt_count; low += batch_count) {
    const std::size_t high = std::min(attempt_count, low + batch_count);
    database->execute("BEGIN");
    for (std::size_t table = 0; table < kinds.size(); ++table) {
      const TableKind& kind = kinds[table];
      const std::size_t width = kind.kinds.size();
      const auto row_at = [&](std::size_t attempts) {
        return (kind.of_all ? attempts : ok_count_of(attempts)) * width;
      };
      const BareInsert insert{
          .head = std::string("INSERT INTO ") + kind.name + " (" + kind.columns + ")",
          .sqlite_tail = "",
          .mariadb_tail = "",
          .column_count = width};
      database->insert(insert,
                       std::span(content[table]).subspan(row_at(low), row_at(high) - row_at(low)));
    }
    database->execute("REPLACE INTO view_position VALUES ('bare', 0, 1, 1, " +
                      std::to_string(high) + ")");
    database->execute("UPDATE stream_counter SET amount = " + std::to_string(ok_count_of(high)) +
                      " WHERE name = 'outbox'");
    database->execute("COMMIT");
  }
}

// The baseline. Gives the seconds.
double write_bare(const Databases& databases, const Contents& contents, std::size_t attempt_count) {
  const double begin = seconds_now();
  std::thread grants(
      [&] { write_bare(databases.grants, grants_tables(), contents.grants, attempt_count); });
  write_bare(databases.checkin, checkin_tables(), contents.checkin, attempt_count);
  grants.join();
  return seconds_now() - begin;
}

bool has_all(const Contents& contents, std::size_t attempt_count) {
  const auto has = [&](const Content& content, const TableKinds& kinds) {
    for (std::size_t table = 0; table < kinds.size(); ++table)
      if (content[table].size() !=
          (kinds[table].of_all ? attempt_count : ok_count_of(attempt_count)) *
              kinds[table].kinds.size())
        return false;
    return true;
  };
  return has(contents.checkin, checkin_tables()) && has(contents.grants, grants_tables());
}

void remove_files(const Databases& databases) {
  for (const sql::DbOptions* options : {&databases.checkin, &databases.grants})
    if (options->engine == sql::Engine::sqlite)
      for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(options->sqlite_path + suffix);
}

void measure_engine(const Options& options, Report& report, const std::string& name,
                    const std::string& baseline, const std::function<Databases()>& fresh) {
  const std::size_t count = options.quick ? 3'000 : 4 * batch_count;
  const Folder folder;
  Evening evening(folder.path(), count);
  const Databases first = with_tables(fresh());
  apply(first, evening);
  const Contents contents = read_contents(first);
  bool checked = has_all(contents, count);
  const Contents rows = in_order(contents);
  const auto rate = [&](double seconds, const Databases& databases) {
    checked = read_contents(databases) == contents && checked;
    remove_files(databases);
    return std::vector{static_cast<double>(count) / seconds};
  };
  const auto figures = compare(
      options.quick ? 1 : 7,
      [&] {
        const Databases databases = with_tables(fresh());
        return rate(apply(databases, evening), databases);
      },
      [&] {
        const Databases databases = with_tables(fresh());
        return rate(write_bare(databases, rows, count), databases);
      });
  report.add({.name = name,
              .metric = "attempts applied",
              .figures = figures[0],
              .unit = "1/s",
              .baseline = baseline,
              .better = Better::larger,
              .checked = checked});
}

}  // namespace

void measure_appliers(const Options& options, Report& report) {
  const Folder folder;
  int file_count = 0;
  if (options.wants("apply-sqlite"))
    measure_engine(options, report, "apply-sqlite", "sqlite3, the same rows and batches", [&] {
      const auto file = [&](const char* name) {
        sql::DbOptions database;
        database.name = name;
        database.sqlite_path = folder.path() + "/" + std::to_string(++file_count) + ".sqlite";
        return database;
      };
      return Databases{.checkin = file("checkin"), .grants = file("grants")};
    });
  if (options.wants("apply-mariadb")) {
    sql::MariadbServer* const server = sql::MariadbServer::get();
    if (server == nullptr) give_up("mariadbd is not installed (package mariadb-server)");
    measure_engine(options, report, "apply-mariadb", "libmariadb, VALUES of 500 rows", [&] {
      return Databases{.checkin = server->fresh_database("checkin"),
                       .grants = server->fresh_database("grants")};
    });
  }
}

}  // namespace matsuri::bench
