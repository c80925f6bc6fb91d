// Raids: people hit bosses through guarded commands, in one order, with full durability. Ours is
// `matsuri serve` with one shard, end to end over HTTP; beside it run, on the same engine and with
// the same durability, a bare client that writes the same rows in batches of the same size and
// decides nothing, and one transaction a command that decides in SQL.
//
// Each hit names two entities (the boss, who hits), has a guard (the boss lives) and two steps
// (less hit points, more damage). All sides must come to the same sums and counts, looked at after
// all is closed and opened again. What a command costs and how long it waits is measured in this
// process, on the sequencer alone.
//
// Starts: matsuri
#include <time.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "bench/bare.h"
#include "bench/game_server.h"
#include "bench/raids.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "game/command_json.h"
#include "game/schema_json.h"
#include "io/clock.h"
#include "json/value.h"
#include "json/writer.h"
#include "sequencer/sequencer.h"
#include "sequencer/sql_store.h"
#include "sql/db.h"
#include "sql/testing/mariadb_server.h"

namespace matsuri::bench {
namespace {

// Opens the data again: every hit is there, once, and both sides of it add up.
bool holds(const std::vector<sql::DbOptions>& shards, std::size_t raid_count,
           std::size_t hit_count) {
  std::int64_t commands = 0;
  std::int64_t hp = 0;
  std::int64_t damage = 0;
  const auto sum = [](const std::string& kind, const std::string& field) {
    return "SELECT SUM(CAST(json_extract(fields, '$." + field +
           "') AS INTEGER)) FROM entity WHERE kind = '" + kind +
           "' AND slot IN (SELECT slot FROM slot WHERE state = 1)";  // no copies of a move
  };
  for (const sql::DbOptions& shard : shards) {
    const auto db = must(sql::Db::open(shard));
    must(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      const auto add = [&](std::int64_t& to, const std::string& text) -> Result<void> {
        TRY_ASSIGN(const auto found, connection.integer(text));
        to += found.value_or(0);
        return {};
      };
      TRY(add(commands, "SELECT COUNT(*) FROM command WHERE reason = 'raid.attack'"));
      TRY(add(hp, sum("boss", "hp")));
      return add(damage, sum("raider", "damage"));
    }));
  }
  const auto dealt = static_cast<std::int64_t>(hit_count) * hit;
  return commands == static_cast<std::int64_t>(hit_count) && damage == dealt &&
         hp == static_cast<std::int64_t>(raid_count) * boss_hp - dealt;
}

bool holds(const sql::DbOptions& shard, std::size_t raid_count, std::size_t hit_count) {
  return holds(std::vector{shard}, raid_count, hit_count);
}

// The rows that a run of ours left, as batches of what a bare client has to write.
// The first of them makes bosses and people, the others are hits.
struct Rows {
  struct Batch {
    std::vector<Cell> entities;
    std::vector<Cell> commands;
    std::int64_t seq_last = 0;
  };
  Batch births;
  std::vector<Batch> batches;
};

const BareInsert insert_entities{
    .head = "INSERT INTO entity (title, arena, kind, id, slot, version, fields)",
    .sqlite_tail =
        " ON CONFLICT (title, arena, kind, id) DO UPDATE SET version = excluded.version,"
        " fields = excluded.fields",
    .mariadb_tail = " ON DUPLICATE KEY UPDATE version = VALUES(version), fields = VALUES(fields)",
    .column_count = 7};
const BareInsert insert_commands{
    .head =
        "INSERT INTO command (seq, command_key, fingerprint, title, arena, slot, actor, reason,"
        " unix_ms, outcome)",
    .sqlite_tail = "",
    .mariadb_tail = "",
    .column_count = 10};

// What a command left of its entities, taken from its stored outcome.
void add_entities(const sql::Row& row, std::map<std::string, std::vector<Cell>>& latest) {
  const auto document = must(json::Document::parse(as_text(row.blob(9))));
  for (const json::Value& value : must(must(document.object()).array("entities"))) {
    const json::Object entity = must(value.object());
    std::string fields;
    json::Writer(fields).copy(*entity.find("fields"));
    const std::string kind(must(entity.string("kind")));
    const std::string id(must(entity.string("id")));
    std::vector<Cell>& cells = latest[std::string(row.text(4)) + '/' + kind + '/' + id];
    cells.clear();
    cells.push_back(Cell::of(row.integer(3)));
    for (const std::string& text : {std::string(row.text(4)), kind, id})
      cells.push_back(Cell::of(text));
    cells.push_back(Cell::of(row.integer(5)));
    cells.push_back(Cell::of(must(entity.integer("version"))));
    cells.push_back(Cell::of(fields));
  }
}

// Of as many hits as that.
Rows read_rows(const sql::DbOptions& options, std::size_t hit_count) {
  Rows rows;
  std::map<std::string, std::vector<Cell>> latest;
  const auto end_batch = [&](Rows::Batch& batch) {
    for (auto& [name, cells] : latest)
      for (Cell& cell : cells) batch.entities.push_back(std::move(cell));
    latest.clear();
  };
  const auto read = [&](sql::Connection& connection, const char* reason, std::size_t count,
                        const std::function<Rows::Batch&()>& batch_of) {
    return connection.query(
        "SELECT seq, command_key, fingerprint, title, arena, slot, actor, reason, unix_ms, outcome"
        " FROM command WHERE reason = ? ORDER BY seq LIMIT ?",
        {reason, std::uint64_t{count}}, [&](const sql::Row& row) {
          Rows::Batch& batch = batch_of();
          for (std::size_t column = 0; column < 10; ++column) {
            const bool bytes = column == 1 || column == 9;
            const bool text = column == 4 || column == 7;
            Cell cell = bytes || text ? Cell::of(std::string(as_text(row.blob(column))))
                                      : Cell::of(row.integer(column));
            if (bytes) cell.kind = Cell::Kind::bytes;
            batch.commands.push_back(std::move(cell));
          }
          batch.seq_last = row.integer(0);
          add_entities(row, latest);
        });
  };
  const auto db = must(sql::Db::open(options));
  must(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(read(connection, "born", 1U << 20, [&]() -> Rows::Batch& { return rows.births; }));
    end_batch(rows.births);
    TRY(read(connection, "raid.attack", hit_count, [&]() -> Rows::Batch& {
      if (rows.batches.empty() || rows.batches.back().commands.size() == batch_count * 10) {
        if (!rows.batches.empty()) end_batch(rows.batches.back());
        rows.batches.emplace_back();
      }
      return rows.batches.back();
    }));
    end_batch(rows.batches.back());
    return {};
  }));
  return rows;
}

std::string move_row(std::int64_t seq) {
  return "UPDATE shard SET seq = " + std::to_string(seq) + ", lease_until_ms = 1 WHERE id = 1";
}

void write_batch(Bare& bare, const Rows::Batch& batch) {
  bare.execute("BEGIN");
  bare.execute(move_row(batch.seq_last));
  bare.insert(insert_entities, batch.entities);
  bare.insert(insert_commands, batch.commands);
  bare.execute("COMMIT");
}

// A database where the bosses and people are born, closed again.
sql::DbOptions with_births(sql::DbOptions options, const Rows& rows) {
  const auto db = must(sql::Db::open(options));
  must(SqlStore::open(*db, schemas()));
  write_batch(*open_bare(options), rows.births);
  return options;
}

double write_bare(const sql::DbOptions& options, const Rows& rows) {
  const auto bare = open_bare(options);
  const double begin = seconds_now();
  for (const Rows::Batch& batch : rows.batches) write_batch(*bare, batch);
  return seconds_now() - begin;
}

// One transaction a command, decided in SQL, over so many connections.
double write_singly(const sql::DbOptions& options, const Rows& rows, std::size_t count,
                    std::size_t connection_count) {
  const auto update = [](const std::string& field, const std::string& change,
                         const std::string& guard) {
    return "UPDATE entity SET version = version + 1, fields = json_set(fields, '$." + field +
           "', CAST(json_extract(fields, '$." + field + "') AS INTEGER)" + change +
           ") WHERE title = ? AND arena = ? AND kind = 'KIND' AND id = ?" + guard;
  };
  std::string boss_text =
      update("hp", " - 10", " AND CAST(json_extract(fields, '$.hp') AS INTEGER) > 0");
  boss_text.replace(boss_text.find("KIND"), 4, "boss");
  std::string raider_text = update("damage", " + 10", "");
  raider_text.replace(raider_text.find("KIND"), 4, "raider");
  const Cell boss_id = Cell::of(std::string("boss-0"));
  std::vector<std::pair<const Cell*, std::string>> all;
  for (const Rows::Batch& batch : rows.batches)
    for (std::size_t at = 0; at < batch.commands.size() && all.size() < count; at += 10) {
      const std::string& outcome = batch.commands[at + 9].bytes;
      const std::size_t id = outcome.find("raider-");
      all.emplace_back(&batch.commands[at], outcome.substr(id, outcome.find('"', id) - id));
    }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    const auto bare = open_bare(options);
    for (std::size_t i = next++; i < all.size(); i = next++) {
      const Cell* row = all[i].first;
      const Cell raider_id = Cell::of(all[i].second);
      const Cell* const boss_key[] = {row + 3, row + 4, &boss_id};
      const Cell* const raider_key[] = {row + 3, row + 4, &raider_id};
      for (;;) {
        bare->execute("BEGIN");
        if (bare->run(boss_text, boss_key) && bare->run(raider_text, raider_key)) break;
        bare->execute("ROLLBACK");
      }
      bare->insert(insert_commands, {row, 10});
      bare->execute("COMMIT");
    }
  };
  const double begin = seconds_now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < connection_count; ++i) threads.emplace_back(work);
    work();
  }
  return seconds_now() - begin;
}

struct Sizes {
  std::size_t hit_count;
  std::size_t single_count;
  std::size_t paced_count;
  int pair_count;
};

using Fresh = std::function<sql::DbOptions()>;

void remove_files(const sql::DbOptions& options) {
  if (options.engine != sql::Engine::sqlite) return;
  for (const char* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(options.sqlite_path + suffix);
}

constexpr std::size_t many_raids = 64;
constexpr std::size_t together_count = 512;  // what fits into a request of 256 KiB
constexpr std::size_t requests_in_flight = 12;

// What one transaction a command brings, at the best number of connections.
double best_singly(const Sizes& sizes, const Fresh& fresh, const Rows& rows,
                   const std::vector<std::size_t>& connection_counts, bool& checked) {
  double best = 0;
  for (const std::size_t connection_count : connection_counts) {
    const sql::DbOptions singly = with_births(fresh(), rows);
    const double seconds = write_singly(singly, rows, sizes.single_count, connection_count);
    best = std::max(best, static_cast<double>(sizes.single_count) / seconds);
    checked = holds(singly, many_raids, sizes.single_count) && checked;
    remove_files(singly);
  }
  return best;
}

void add_rate(Report& report, const std::string& name, const Compared& figures,
              const std::string& baseline, bool checked) {
  report.add({.name = name,
              .metric = "commands in one order, over HTTP",
              .figures = figures,
              .unit = "1/s",
              .baseline = baseline,
              .better = Better::larger,
              .checked = checked});
}

// What has no baseline.
void add_cost(Report& report, const std::string& name, const std::string& metric, double value,
              const std::string& unit, bool checked) {
  report.add({.name = name,
              .metric = metric,
              .figures = {.value = value, .baseline_value = 0},
              .unit = unit,
              .baseline = "",
              .better = Better::smaller,
              .checked = checked});
}

// NAME and NAME-bare: batches, beside one transaction a command and beside the bare writer. On
// MariaDB [single-256] and [hot] as well.
void bench_rates(Report& report, const Options& options, const Sizes& sizes,
                 const std::string& name, const Fresh& fresh,
                 const std::vector<std::size_t>& connection_counts) {
  const bool is_mariadb = name == "mariadb";
  const bool wants_single = is_mariadb && options.wants("single-256");
  const bool wants_hot = is_mariadb && options.wants("hot");
  if (!options.wants(name) && !wants_single && !wants_hot) return;
  const std::string singly = connection_counts.size() == 1
                                 ? "one transaction a command, decided in SQL"
                                 : "one transaction a command, the best of 1, 16, 64 connections";
  bool checked = true;
  std::size_t hit_count = 0;
  auto server = std::make_unique<GameServer>(fresh(), many_raids);
  const sql::DbOptions shard = server->shard();
  const auto ours = [&](std::size_t together, std::size_t connection_count) {
    hit_count += sizes.hit_count;
    return static_cast<double>(sizes.hit_count) /
           server->hit_bosses(sizes.hit_count, together, connection_count);
  };
  ours(together_count, requests_in_flight);
  const Rows rows = read_rows(shard, sizes.hit_count);
  std::vector<Compared> batches, single, hot;
  double cpu = 0;
  double database_cpu = 0;
  const auto cpu_of_database = [&] {
    return is_mariadb ? cpu_seconds_of(sql::MariadbServer::get()->pid()) : 0;
  };
  if (options.wants(name))
    batches = compare(
        sizes.pair_count,
        [&] {
          const double before = server->cpu();
          const double database_before = cpu_of_database();
          const double rate = ours(together_count, requests_in_flight);
          cpu = (server->cpu() - before) / static_cast<double>(sizes.hit_count);
          database_cpu =
              (cpu_of_database() - database_before) / static_cast<double>(sizes.hit_count);
          return std::vector{rate, rate};
        },
        [&] {
          const sql::DbOptions batched = with_births(fresh(), rows);
          const double bare = static_cast<double>(sizes.hit_count) / write_bare(batched, rows);
          checked = holds(batched, many_raids, sizes.hit_count) && checked;
          remove_files(batched);
          return std::vector{best_singly(sizes, fresh, rows, connection_counts, checked), bare};
        });
  if (wants_single)
    single = compare(
        sizes.pair_count, [&] { return std::vector{ours(1, 256)}; },
        [&] { return std::vector{best_singly(sizes, fresh, rows, connection_counts, checked)}; });
  if (wants_hot) {
    std::size_t hot_count = 0;
    auto hot_server = std::make_unique<GameServer>(fresh(), 1);
    hot = compare(
        sizes.pair_count,
        [&] {
          hot_count += sizes.hit_count;
          return std::vector{
              static_cast<double>(sizes.hit_count) /
              hot_server->hit_bosses(sizes.hit_count, together_count, requests_in_flight)};
        },
        [&] { return std::vector{ours(together_count, requests_in_flight)}; });
    const sql::DbOptions hot_shard = hot_server->shard();
    checked = hot_server->stop() && holds(hot_shard, 1, hot_count) && checked;
  }
  checked = server->stop() && holds(shard, many_raids, hit_count) && checked;
  if (!batches.empty()) {
    add_rate(report, name, batches[0], singly, checked);
    add_rate(report, name + "-bare", batches[1],
             "the same rows in batches of 2048, nothing decided", checked);
    add_cost(report, name + "-cpu-server", "CPU of matsuri, a command", cpu * 1e6, "us", checked);
    if (is_mariadb)
      add_cost(report, name + "-cpu-database", "CPU of mariadbd, a command", database_cpu * 1e6,
               "us", checked);
    else
      add_cost(report, name + "-bytes", "size of the database, a command",
               static_cast<double>(std::filesystem::file_size(shard.sqlite_path)) /
                   static_cast<double>(hit_count),
               "bytes", checked);
  }
  if (!single.empty()) add_rate(report, "single-256", single[0], singly, checked);
  if (!hot.empty()) add_rate(report, "hot", hot[0], "the same over 64 bosses", checked);
}

// NAME-p99 and NAME-move-p99: how long a command waits at half of what the shard takes, in commits;
// and the same while slots move to another shard and back, beside the first.
void bench_wait(Report& report, const Options& options, const Sizes& sizes, const std::string& name,
                const Fresh& fresh) {
  const std::vector<sql::DbOptions> shards = {fresh(), fresh()};
  Raids raids(many_raids);
  double quiet = 0, moving = 0, commit = 0;
  std::size_t count = 0;
  {
    Game game(shards, raids);
    const auto some = [&](std::size_t more) {
      count += more;
      return hits(raids, more, game.now_ms());
    };
    const double begin = seconds_now();
    game.send(some(sizes.hit_count), together_count, requests_in_flight);
    const double rate = static_cast<double>(sizes.hit_count) / (seconds_now() - begin);
    const auto p99 = [&] {
      std::vector<double> waited = game.send_at(some(sizes.paced_count), rate / 2, 32);
      std::ranges::sort(waited);
      return waited[waited.size() * 99 / 100];
    };
    quiet = p99();
    commit = game.commit_seconds();
    if (options.wants(name + "-move-p99")) {
      std::atomic<bool> stop = false;
      std::jthread mover([&] { game.move_until(stop, many_raids); });
      moving = p99();
      stop = true;
    }
  }
  const bool checked = holds(shards, many_raids, count);
  for (const sql::DbOptions& shard : shards) remove_files(shard);
  const auto add = [&](const std::string& end, const std::string& metric, double value,
                       double baseline_value, const std::string& baseline) {
    if (options.wants(name + end))
      report.add({.name = name + end,
                  .metric = metric,
                  .figures = {.value = value, .baseline_value = baseline_value},
                  .unit = baseline.empty() ? "commits" : "ms",
                  .baseline = baseline,
                  .better = Better::smaller,
                  .checked = checked});
  };
  add("-p99", "p99 at half load, in commits", quiet / commit, 0, "");
  add("-move-p99", "p99 at half load while slots move", moving * 1e3, quiet * 1e3,
      "the same while none does");
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// NAME-decide and NAME-write: what a command costs the thread of its shard, by the parts that it
// does one behind the other. What a server of MariaDB spends beside it is not in it.
void bench_cpu(Report& report, const Sizes& sizes, const std::string& name, const Fresh& fresh) {
  const sql::DbOptions options = fresh();
  Raids raids(many_raids);
  Game({options}, raids);
  double decided = 0;
  double written = 0;
  {
    const auto db = must(sql::Db::open(options));
    const auto store = must(SqlStore::open(*db, schemas()));
    Shard shard({}, schemas());
    const std::int64_t now_ms = io::system_clock().unix_ms();
    const ShardRow row = must(store->take(must(store->row()), "bench", now_ms));
    shard.own(row, must(store->slots()), now_ms - 60'000);
    const std::vector<Command> commands = hits(raids, sizes.hit_count, now_ms);
    for (std::size_t begin = 0; begin < commands.size(); begin += batch_count) {
      const std::size_t end = std::min(commands.size(), begin + batch_count);
      std::vector<Request> requests;
      for (std::size_t i = begin; i < end; ++i) requests.emplace_back(Chain{{commands[i]}});
      std::vector<Request*> pointers;
      for (Request& request : requests) pointers.push_back(&request);
      const Needs needs = shard.needs({pointers.begin(), pointers.end()});
      if (!needs.empty()) shard.found(needs, must(store->load(needs)));
      const double start = thread_seconds();
      const Shard::Batch batch = shard.decide(pointers, now_ms, 0);
      const double middle = thread_seconds();
      if (store->commit(batch.write) != Committed::done) give_up("a batch was not written");
      const double stop = thread_seconds();
      shard.settle(true, now_ms);
      decided += middle - start;
      written += stop - middle;
    }
  }
  const bool checked = holds(options, many_raids, sizes.hit_count);
  remove_files(options);
  for (const auto& [part, seconds] : {std::pair{"-decide", decided}, std::pair{"-write", written}})
    add_cost(report, name + part, "CPU of the shard's thread, a command",
             seconds * 1e6 / static_cast<double>(sizes.hit_count), "us", checked);
}

// parse: what a command costs the thread that reads its request.
void bench_parse(Report& report, const Sizes& sizes) {
  const game::TitleSchema schema = must(game::parse_schema(raid_schema));
  Raids raids(many_raids);
  const std::vector<Command> commands = hits(raids, sizes.hit_count, io::system_clock().unix_ms());
  std::vector<std::string> bodies;
  for (std::size_t begin = 0; begin < commands.size(); begin += together_count)
    bodies.push_back(body_of(
        std::span(commands).subspan(begin, std::min(commands.size() - begin, together_count))));
  std::size_t count = 0;
  const double start = thread_seconds();
  for (const std::string& body : bodies)
    for (const game::SentCommand& sent :
         must(game::parse_commands(body, {.title = title, .player = {}}, schema)))
      if (sent.wrong.empty()) ++count;
  add_cost(report, "parse", "CPU of the thread that reads a request, a command",
           (thread_seconds() - start) * 1e6 / static_cast<double>(sizes.hit_count), "us",
           count == commands.size());
}

int run(int argc, char** argv) {
  const Options options = parse_options(argc, argv, "bench_game: raids, in one order");
  log::configure(log::Level::error, log::Format::text);
  Report report("game", options);
  const Sizes sizes =
      options.quick ? Sizes{4'000, 300, 1'000, 1} : Sizes{100'000, 3'000, 40'000, 3};
  const auto bench_engine = [&](const std::string& name, const Fresh& fresh,
                                const std::vector<std::size_t>& connection_counts) {
    bench_rates(report, options, sizes, name, fresh, connection_counts);
    if (options.wants(name + "-p99") || options.wants(name + "-move-p99"))
      bench_wait(report, options, sizes, name, fresh);
    if (options.wants(name + "-cpu")) bench_cpu(report, sizes, name, fresh);
  };
  if (options.wants("parse")) bench_parse(report, sizes);
  const Folder folder;
  int file_count = 0;
  bench_engine("sqlite",
               [&] {
                 sql::DbOptions database;
                 database.name = "shard";
                 database.sqlite_path =
                     folder.path() + "/" + std::to_string(++file_count) + ".sqlite";
                 return database;
               },
               {1});
  sql::MariadbServer* const server = sql::MariadbServer::get();
  if (server == nullptr) give_up("mariadbd is not installed (package mariadb-server)");
  const Fresh fresh = [&] { return server->fresh_database("shard"); };
  bench_engine("mariadb", fresh, {1, 16, 64});
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) { return matsuri::bench::run(argc, argv); }
