#include "import/testing/world.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unordered_map>
#include <utility>

#include "account/schema.h"
#include "base/assert.h"
#include "community/schema.h"
#include "empathy/schema.h"
#include "people/schema.h"
#include "timeline/schema.h"

namespace matsuri::imports::testing {
namespace {

constexpr std::int64_t shut_down_ms = 1'000;

template <class T>
T must(Result<T> result) {
  MATSURI_ASSERT(result.ok(), result.ok() ? "" : result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

using Component = std::pair<std::string_view, std::span<const sql::Migration>>;

}  // namespace

World::World(const Place& place, const WorldOptions& options) {
  const auto open = [](const sql::DbOptions& db, std::unique_ptr<stream::Outbox>& outbox,
                       std::initializer_list<Component> components) {
    auto opened = must(sql::Db::open(db));
    for (const auto& [name, migrations] : components) must(opened->migrate(name, migrations));
    outbox = must(stream::Outbox::open(*opened, Region{0}, Node{1}, io::system_random()));
    return opened;
  };
  main_db_ = open(place.main, main_outbox_,
                  {{"main", account::migrations()}, {"community", community::migrations()}});
  timeline_db_ = open(place.timeline, timeline_outbox_, {{"timeline", timeline::migrations()}});
  empathy_db_ = open(place.empathy, empathy_outbox_,
                     {{"people", people::migrations()}, {"empathy", empathy::migrations()}});
  ids_ = must(journal::IdMaker::open({.path = place.folder + "/ids", .node = Node{1}}));
  journal_ = must(journal::Writer::open({.folder = place.folder + "/journal",
                                         .node = import_node,
                                         .segment_size = options.segment_size,
                                         .batch_body_size_max = options.segment_size / 2,
                                         .files = options.journal_files}));
  hashers_ = std::make_unique<io::ThreadPool>(
      io::ThreadPoolOptions{.name = "password", .thread_count = 1, .queue_count_max = 4});
  standings_ = std::make_unique<account::Standings>(clock_);
  accounts_ = std::make_unique<account::Accounts>(account::AccountsParts{.db = *main_db_,
                                                                         .outbox = *main_outbox_,
                                                                         .ids = *ids_,
                                                                         .standings = *standings_,
                                                                         .hashers = *hashers_,
                                                                         .clock = clock_,
                                                                         .cost = {8192, 1}});
  must(main_db_->read_and_wait(
      [this](sql::Connection& connection) { return directory_.load(connection); }));
  communities_ =
      std::make_unique<community::Communities>(community::CommunitiesParts{.db = *main_db_,
                                                                           .outbox = *main_outbox_,
                                                                           .ids = *ids_,
                                                                           .directory = directory_,
                                                                           .clock = clock_});
  stream_ = std::make_unique<stream::Stream>(stream::StreamOptions{
      .batch_wait_ms = 20, .retry_ms_max = 50, .files = options.journal_files});
  must(stream_->add_journal(place.folder + "/journal", journal_.get()));
  must(stream_->add_outbox(*main_outbox_));
  must(stream_->add_view(options.view == nullptr ? view_ : *options.view, *timeline_outbox_));
  must(stream_->add_outbox(*empathy_outbox_));
  must(stream_->add_view(empathy_view_, *empathy_outbox_));
  stream_->add_memory_view(*standings_, {});
  must(stream_->start());
}

World::~World() {
  stream_->drain(shut_down_ms);
  stream_->stop();
}

Result<Summary> World::import(const std::vector<std::string>& files, Observer& observer,
                              const ImporterLimits& limits) {
  return Importer({.accounts = *accounts_,
                   .standings = *standings_,
                   .communities = *communities_,
                   .directory = directory_,
                   .main_db = *main_db_,
                   .timeline_db = *timeline_db_,
                   .empathy_db = *empathy_db_,
                   .journal = *journal_,
                   .stream = *stream_,
                   .clock = clock_},
                  limits)
      .run(files, observer);
}

void Listener::refused(const std::string& file, std::uint64_t line, const Refusal& refusal) {
  refusals.push_back(std::filesystem::path(file).filename().string() + ':' + std::to_string(line) +
                     ": " + std::string(name_of(refusal.code)) + ": " + refusal.detail);
}

void Listener::progressed(const Progress& now) {
  progress.push_back(now);
  if (stop_after > 0) --stop_after;
  if (on_progress) on_progress(now);
}

std::vector<std::string> rows_of(sql::Db& db, const std::string& select, std::size_t column_count) {
  std::vector<std::string> rows;
  must(db.read_and_wait([&](sql::Connection& connection) {
    rows.clear();
    return connection.query(select, {}, [&](const sql::Row& row) {
      std::string text;
      for (std::size_t column = 0; column < column_count; ++column)
        text += (column == 0 ? "" : "|") + std::string(row.text(column));
      rows.push_back(std::move(text));
    });
  }));
  std::ranges::sort(rows);
  return rows;
}

std::vector<std::string> effect_of(World& world) {
  std::vector<std::string> all =
      rows_of(world.main_db(),
              "SELECT 'account', handle, name, role, created_ms, source, source_id FROM account"
              " JOIN imported_account ON account = id",
              7);
  // Times are where ids have them; SQL has no shifts that both engines write alike.
  must(world.timeline_db().read_and_wait([&](sql::Connection& connection) {
    return connection.query(
        "SELECT p.id, source_key, community, handle, name, p.text, language, p.feeling, p.tag,"
        " p.is_comment FROM post p"
        " LEFT JOIN imported_post i ON i.post = p.id LEFT JOIN author a ON a.id = p.author",
        {}, [&](const sql::Row& row) {
          std::string text = "post|" + std::to_string(parts_of(row.id(0)).unix_ms);
          for (std::size_t column = 1; column < 10; ++column)
            text += '|' + std::string(row.text(column));
          all.push_back(std::move(text));
        });
  }));
  for (const auto& [db, select] :
       {std::pair(&world.main_db(), "SELECT 'accounts', COUNT(*) FROM account"),
        std::pair(&world.main_db(), "SELECT 'facts', COUNT(*) FROM outbox"),
        std::pair(&world.timeline_db(), "SELECT 'authors', COUNT(*) FROM author"),
        std::pair(&world.main_db(), "SELECT 'titles', COUNT(*) FROM title"),
        std::pair(&world.main_db(), "SELECT 'communities', COUNT(*) FROM community"),
        std::pair(&world.timeline_db(), "SELECT 'posts', COUNT(*) FROM post"),
        std::pair(&world.timeline_db(), "SELECT 'drawings', COUNT(*) FROM drawing"),
        std::pair(&world.timeline_db(), "SELECT 'follows', COUNT(*) FROM follow"),
        std::pair(&world.empathy_db(), "SELECT 'empathies', COUNT(*) FROM empathy"),
        std::pair(&world.timeline_db(), "SELECT 'keys', COUNT(*) FROM imported_post"),
        std::pair(&world.timeline_db(), "SELECT 'facts', COUNT(*) FROM outbox")})
    for (std::string& row : rows_of(*db, select, 2)) all.push_back(std::move(row));
  std::ranges::sort(all);
  return all;
}

std::string write_lines(const std::string& path, const std::vector<std::string>& lines) {
  std::ofstream out(path, std::ios::binary);
  for (const std::string& line : lines) out << line << '\n';
  out.close();
  MATSURI_ASSERT(out.good());
  return path;
}

std::string user_line(const std::string& source, const std::string& id, std::int64_t unix_ms,
                      const std::string& more) {
  return R"({"kind":"user","source":")" + source + R"(","id":")" + id + R"(","created_at":)" +
         std::to_string(unix_ms) + R"(,"name":"Name of )" + id + "\"" + more + "}";
}

std::string post_line(const std::string& source, const std::string& id, std::int64_t unix_ms,
                      const std::string& author, const std::string& text) {
  return R"({"kind":"post","source":")" + source + R"(","id":")" + id + R"(","created_at":)" +
         std::to_string(unix_ms) + R"(,"author":")" + author +
         R"(","community":"1","language":"en","text":")" + text + "\"}";
}

}  // namespace matsuri::imports::testing
