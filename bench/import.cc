// An import of real texts, all views applied, beside raw SQLite that writes the same rows: how many
// people and posts a second, and at what cost of CPU.
//
// The rows are those that a first import made. The baseline has them ready in memory, checks
// nothing, and writes table by table in large transactions of full durability, with the settings
// of our databases. Our side reads and checks the files, makes ids, and goes through accounts,
// journal and stream.
#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "account/apply.h"
#include "account/directory.h"
#include "account/exec.h"
#include "account/schema.h"
#include "base/log.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "community/directory.h"
#include "community/exec.h"
#include "community/schema.h"
#include "empathy/apply.h"
#include "empathy/schema.h"
#include "import/importer.h"
#include "io/thread_pool.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "notification/apply.h"
#include "notification/schema.h"
#include "people/schema.h"
#include "sql/db.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/apply.h"
#include "timeline/schema.h"

namespace matsuri::bench {
namespace {

// Lines that the importer takes together: the baseline's transactions are as large.
constexpr std::size_t batch_count = 8192;

// The texts, as files of the import format.
struct Texts {
  std::vector<std::string> files;
  bool is_real = false;
};

struct Collection {
  const char* source;
  const char* path;
};

constexpr Collection collections[] = {
    {"ja-tweets", "texts_ja_tweets/koume_tweets_dev.ndjson.zst"},
    {"steam-multilang", "texts_steam_multilang/steam_reviews_dev.ndjson.zst"},
    {"steam-en", "texts_steam_en/steam_reviews_en.ndjson.zst"},
};

// As many people and posts as the real ones have, of words without meaning.
std::string generate(const std::string& path, std::size_t count) {
  std::ofstream out(path);
  std::uint64_t state = 1;
  const auto random = [&](std::uint64_t bound) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % bound;
  };
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string common =
        R"(,"source":"made","created_at":)" + std::to_string(1'500'000'000'000 + i * 60'000);
    std::size_t author = i;
    if (i % 8 == 0) {
      author = 1 + random(i - 1);
      if (author % 8 == 0) ++author;  // of those there is no user
    } else {
      out << R"({"kind":"user","id":")" << i << '"' << common << R"(,"handle":"made_)" << i
          << R"(","name":"Player )" << i << "\"}\n";
    }
    out << R"({"kind":"post","id":")" << i << '"' << common << R"(,"author":")" << author
        << R"(","community":"1","language":"en","text":")" << i;
    for (std::uint64_t word = 5 + random(30); word > 0; --word)
      out << ' ' << std::string(2 + random(6), static_cast<char>('a' + random(26)));
    out << "\"}\n";
  }
  return path;
}

Texts prepare(const Folder& folder, bool quick) {
  const char* shared = std::getenv("MATSURI_SHARED");
  const std::string data = std::string(shared == nullptr ? "../shared" : shared) + "/data/";
  Texts texts{.files = {}, .is_real = true};
  for (const Collection& one : collections) {
    if (quick && texts.files.size() == 2) break;
    if (!std::filesystem::exists(data + one.path)) {
      say("bench import: " + data + one.path +
          " is not there: generated texts instead, which say less (MATSURI_SHARED names the "
          "folder)");
      return {.files = {generate(folder.path() + "/made.ndjson", quick ? 4000 : 32'000)}};
    }
    const std::string file = folder.path() + "/" + one.source + ".ndjson";
    const std::string command = std::string("python3 tools/datasets/convert.py ") + one.source +
                                " '" + data + one.path + "' > '" + file + "'";
    if (std::system(command.c_str()) != 0) give_up("failed: " + command);
    texts.files.push_back(file);
  }
  return texts;
}

// What a node has that an import uses.
class Node {
 public:
  explicit Node(const std::string& folder) {
    using Component = std::pair<std::string_view, std::span<const sql::Migration>>;
    const auto open = [&](const std::string& name, std::initializer_list<Component> components,
                          std::unique_ptr<stream::Outbox>& outbox) {
      sql::DbOptions options;
      options.name = name;
      options.sqlite_path = folder + "/" + name + ".sqlite";
      auto db = must(sql::Db::open(options));
      for (const auto& [component, migrations] : components)
        must(db->migrate(component, migrations));
      outbox = must(stream::Outbox::open(*db, Region{0}, matsuri::Node{1}, io::system_random()));
      return db;
    };
    main_ = open("main", {{"main", account::migrations()}, {"community", community::migrations()}},
                 main_outbox_);
    timeline_ = open("timeline", {{"timeline", timeline::migrations()}}, timeline_outbox_);
    empathy_ =
        open("empathy", {{"people", people::migrations()}, {"empathy", empathy::migrations()}},
             empathy_outbox_);
    notification_ =
        open("notification",
             {{"people", people::migrations()}, {"notification", notification::migrations()}},
             notification_outbox_);
    ids_ = must(journal::IdMaker::open({.path = folder + "/ids", .node = matsuri::Node{1}}));
    journal_ = must(journal::Writer::open({.folder = folder + "/journal", .node = import_node}));
    accounts_ =
        std::make_unique<account::Accounts>(account::AccountsParts{.db = *main_,
                                                                   .outbox = *main_outbox_,
                                                                   .ids = *ids_,
                                                                   .standings = standings_,
                                                                   .hashers = hashers_,
                                                                   .clock = io::system_clock()});
    directory_ = std::make_unique<account::Directory>(*main_);
    must(main_->read_and_wait(
        [this](sql::Connection& connection) { return community_directory_.load(connection); }));
    communities_ = std::make_unique<community::Communities>(
        community::CommunitiesParts{.db = *main_,
                                    .outbox = *main_outbox_,
                                    .ids = *ids_,
                                    .directory = community_directory_,
                                    .clock = io::system_clock()});
    must(stream_.add_journal(folder + "/journal", journal_.get()));
    must(stream_.add_outbox(*main_outbox_));
    must(stream_.add_outbox(*timeline_outbox_));
    must(stream_.add_outbox(*empathy_outbox_));
    must(stream_.add_view(view_, *timeline_outbox_));
    must(stream_.add_view(empathy_view_, *empathy_outbox_));
    must(stream_.add_view(notification_view_, *notification_outbox_));
    stream_.add_memory_view(standings_, {});
    stream_.add_memory_view(*directory_, {});
    must(stream_.start());
  }
  ~Node() { stream_.stop(); }

  imports::Importer importer() {
    return imports::Importer({.accounts = *accounts_,
                              .standings = standings_,
                              .communities = *communities_,
                              .directory = community_directory_,
                              .main_db = *main_,
                              .timeline_db = *timeline_,
                              .empathy_db = *empathy_,
                              .journal = *journal_,
                              .stream = stream_,
                              .clock = io::system_clock()},
                             {.batch_count_max = batch_count});
  }

 private:
  std::unique_ptr<sql::Db> main_, timeline_, empathy_, notification_;
  std::unique_ptr<stream::Outbox> main_outbox_, timeline_outbox_, empathy_outbox_,
      notification_outbox_;
  community::CommunityDirectory community_directory_;
  std::unique_ptr<community::Communities> communities_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<journal::Writer> journal_;
  io::ThreadPool hashers_{{.name = "password", .thread_count = 1, .queue_count_max = 1}};
  account::Standings standings_{io::system_clock()};
  std::unique_ptr<account::Accounts> accounts_;
  std::unique_ptr<account::Directory> directory_;
  timeline::TimelineView view_;
  empathy::EmpathyView empathy_view_;
  notification::NotificationView notification_view_;
  stream::Stream stream_{stream::StreamOptions{}};
};

class Quiet final : public imports::Observer {
 public:
  void refused(const std::string& file, std::uint64_t line,
               const imports::Refusal& refusal) override {
    say(file + ':' + std::to_string(line) + ": " + std::string(name_of(refusal.code)) + ": " +
        refusal.detail);
  }
  void progressed(const imports::Progress& /*progress*/) override {}
  bool wants_stop() override { return false; }
};

struct Statement {
  sqlite3_stmt* stmt = nullptr;
  ~Statement() { sqlite3_finalize(stmt); }
};

// A bare connection, with the settings of our databases.
class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) give_up("cannot open " + path);
    for (const char* setting :
         {"journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY", "cache_size=-16000",
          "wal_autocheckpoint=4096", "journal_size_limit=67108864"})
      execute(std::string("PRAGMA ") + setting);
  }
  ~Sqlite() { sqlite3_close(db_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void execute(const std::string& text) {
    if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      give_up(text + ": " + sqlite3_errmsg(db_));
  }
  void prepare(const std::string& text, Statement& statement) {
    if (sqlite3_prepare_v2(db_, text.c_str(), -1, &statement.stmt, nullptr) != SQLITE_OK)
      give_up(text + ": " + sqlite3_errmsg(db_));
  }

 private:
  sqlite3* db_ = nullptr;
};

// The tables that an import fills, and their rows in the order in which they were written, which is
// that of the facts that tell of them. `m` is main's database.
struct Table {
  const char* database;
  const char* name;
  const char* rows;
};

constexpr Table tables[] = {
    {"main", "account", "m.account t JOIN m.outbox o ON t.id = o.subject_id"},
    {"main", "imported_account",
     "m.imported_account t JOIN m.outbox o ON t.account = o.subject_id"},
    {"main", "outbox", "m.outbox t JOIN m.outbox o ON t.at_offset = o.at_offset"},
    {"timeline", "author", "author t JOIN m.outbox o ON t.id = o.subject_id"},
    {"timeline", "post", "post t JOIN outbox o ON t.id = o.subject_id"},
    {"timeline", "imported_post", "imported_post t JOIN outbox o ON t.post = o.subject_id"},
    {"timeline", "outbox", "outbox t JOIN outbox o ON t.at_offset = o.at_offset"},
};

struct Cell {
  bool is_number = false;
  bool is_blob = false;
  std::int64_t number = 0;
  std::string bytes;

  bool operator==(const Cell&) const = default;
};

struct Rows {
  int column_count = 0;
  std::vector<Cell> cells;

  std::size_t count() const {
    return column_count == 0 ? 0 : cells.size() / static_cast<std::size_t>(column_count);
  }
  bool operator==(const Rows&) const = default;
};

// Everything that an import wrote, by table.
using Content = std::vector<Rows>;

Content read_content(const std::string& folder) {
  Sqlite db(folder + "/timeline.sqlite");
  db.execute("ATTACH '" + folder + "/main.sqlite' AS m");
  Content content;
  for (const Table& table : tables) {
    Statement select;
    db.prepare(std::string("SELECT t.* FROM ") + table.rows + " ORDER BY o.at_offset", select);
    Rows rows{.column_count = sqlite3_column_count(select.stmt), .cells = {}};
    while (sqlite3_step(select.stmt) == SQLITE_ROW)
      for (int column = 0; column < rows.column_count; ++column) {
        const int type = sqlite3_column_type(select.stmt, column);
        Cell cell{.is_number = type == SQLITE_INTEGER, .is_blob = type == SQLITE_BLOB};
        if (cell.is_number) {
          cell.number = sqlite3_column_int64(select.stmt, column);
        } else {
          const auto* bytes = static_cast<const char*>(sqlite3_column_blob(select.stmt, column));
          const int size = sqlite3_column_bytes(select.stmt, column);
          if (size > 0) cell.bytes.assign(bytes, static_cast<std::size_t>(size));
        }
        rows.cells.push_back(std::move(cell));
      }
    content.push_back(std::move(rows));
  }
  return content;
}

// Makes the tables as they are there, without rows.
void copy_schema(const std::string& from, const std::string& to) {
  Sqlite source(from), target(to);
  Statement select;
  source.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC", select);
  while (sqlite3_step(select.stmt) == SQLITE_ROW)
    target.execute(reinterpret_cast<const char*>(sqlite3_column_text(select.stmt, 0)));
}

// Inserts the rows of one table.
class Inserter {
 public:
  Inserter(Sqlite& db, const Table& table, const Rows& rows) : rows_(rows) {
    std::string text = std::string("INSERT INTO ") + table.name + " VALUES (?";
    for (int column = 1; column < rows.column_count; ++column) text += ",?";
    db.prepare(text + ")", insert_);
  }

  void insert(std::size_t begin, std::size_t end) {
    const auto width = static_cast<std::size_t>(rows_.column_count);
    for (std::size_t row = begin; row < end; ++row) {
      for (std::size_t column = 0; column < width; ++column)
        bind(static_cast<int>(column) + 1, rows_.cells[row * width + column]);
      if (sqlite3_step(insert_.stmt) != SQLITE_DONE) give_up("an INSERT of the baseline failed");
      sqlite3_reset(insert_.stmt);
    }
  }
  const Rows& rows() const { return rows_; }

 private:
  void bind(int place, const Cell& cell) {
    const int size = static_cast<int>(cell.bytes.size());
    if (cell.is_number)
      sqlite3_bind_int64(insert_.stmt, place, cell.number);
    else if (cell.is_blob)
      sqlite3_bind_blob(insert_.stmt, place, cell.bytes.data(), size, SQLITE_STATIC);
    else
      sqlite3_bind_text(insert_.stmt, place, cell.bytes.data(), size, SQLITE_STATIC);
  }

  const Rows& rows_;
  Statement insert_;
};

// Writes the share `part` of `part_count` of all rows.
void insert_part(std::vector<std::unique_ptr<Inserter>>& inserters, std::size_t part,
                 std::size_t part_count) {
  for (const auto& one : inserters) {
    const std::size_t count = one->rows().count();
    one->insert(count * part / part_count, count * (part + 1) / part_count);
  }
}

class Bench {
 public:
  explicit Bench(bool quick) : texts_(prepare(folder_, quick)) {
    import_into(reference_.path());
    content_ = read_content(reference_.path());
    if (event_count_ == 0 || content_[0].count() + content_[4].count() != event_count_)
      give_up("the databases do not hold what the importer said");
  }

  bool is_real() const { return texts_.is_real; }
  std::size_t event_count() const { return event_count_; }
  bool checked() const { return checked_; }

  // Events a second, and CPU microseconds an event.
  std::vector<double> run_import() {
    const Folder folder;
    const std::vector<double> figures = import_into(folder.path());
    checked_ = checked_ && read_content(folder.path()) == content_;
    return figures;
  }

  std::vector<double> run_baseline() {
    const Folder folder;
    for (const char* name : {"/main.sqlite", "/timeline.sqlite"})
      copy_schema(reference_.path() + name, folder.path() + name);
    std::vector<double> figures;
    {
      Sqlite main(folder.path() + "/main.sqlite"), timeline(folder.path() + "/timeline.sqlite");
      std::vector<std::unique_ptr<Inserter>> of_main, of_timeline;
      for (std::size_t index = 0; index < std::size(tables); ++index) {
        const bool is_main = std::string(tables[index].database) == "main";
        (is_main ? of_main : of_timeline)
            .push_back(std::make_unique<Inserter>(is_main ? main : timeline, tables[index],
                                                  content_[index]));
      }
      const std::size_t part_count = (event_count_ + batch_count - 1) / batch_count;
      figures = measure([&] {
        for (std::size_t part = 0; part < part_count; ++part) {
          main.execute("BEGIN IMMEDIATE");
          insert_part(of_main, part, part_count);
          main.execute("COMMIT");
          timeline.execute("BEGIN IMMEDIATE");
          insert_part(of_timeline, part, part_count);
          timeline.execute("COMMIT");
        }
      });
    }
    checked_ = checked_ && read_content(folder.path()) == content_;
    return figures;
  }

 private:
  template <class Work>
  std::vector<double> measure(Work work) {
    const double cpu_begin = cpu_seconds(), begin = seconds_now();
    work();
    const double took = seconds_now() - begin, cpu = cpu_seconds() - cpu_begin;
    const auto count = static_cast<double>(event_count_);
    return {count / took, cpu * 1e6 / count};
  }

  std::vector<double> import_into(const std::string& folder) {
    Node node(folder);
    Quiet observer;
    imports::Summary summary;
    const std::vector<double> figures =
        measure([&] { summary = must(node.importer().run(texts_.files, observer)); });
    const std::size_t count = summary.user_count + summary.post_count;
    if (!summary.is_complete || summary.refused_count() > 0 || summary.quarantined_count > 0 ||
        count != summary.line_count || (event_count_ != 0 && count != event_count_))
      give_up("not every line was taken");
    event_count_ = count;
    return figures;
  }

  Folder folder_, reference_;
  const Texts texts_;
  Content content_;
  std::size_t event_count_ = 0;
  bool checked_ = true;
};

int run(const Options& options) {
  log::configure(log::Level::warn, log::Format::text);
  Bench bench(options.quick);
  Report report("import", options);
  const auto figures = compare(
      options.quick ? 1 : 5, [&] { return bench.run_import(); },
      [&] { return bench.run_baseline(); });
  const std::string baseline = "SQLite WAL FULL, the same rows";
  const std::string of = bench.is_real() ? "" : ", generated";
  if (options.wants("texts"))
    report.add({.name = "texts",
                .metric = "people and posts" + of,
                .figures = figures[0],
                .unit = "1/s",
                .baseline = baseline,
                .better = Better::larger,
                .checked = bench.checked()});
  if (options.wants("texts-cpu"))
    report.add({.name = "texts-cpu",
                .metric = "CPU per event" + of,
                .figures = figures[1],
                .unit = "us",
                .baseline = baseline,
                .better = Better::smaller,
                .checked = bench.checked()});
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(
      parse_options(argc, argv, "bench_import [--out FILE] [--quick] [--case texts|texts-cpu]..."));
}
