// `matsuri analytics`: one run, by hand or from a timer of the system's, and a day of what it
// gives. Works on the databases, beside a server or without one; of two runs the later one goes on.
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <utility>

#include "analytics/query.h"
#include "analytics/run.h"
#include "analytics/schema.h"
#include "base/time.h"
#include "commands.h"
#include "io/clock.h"
#include "io/file.h"
#include "replicas.h"

namespace matsuri {
namespace {

// One line that is written over on a terminal; nothing elsewhere.
bool print_progress(const analytics::Advance& advance) {
  if (isatty(STDERR_FILENO) == 0) return true;
  const bool is_done = advance.done_count >= advance.total_count;
  std::fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " places, %" PRIu64 " commands%s",
               advance.done_count, advance.total_count, advance.command_count, is_done ? "\n" : "");
  return true;
}

Result<void> need_shards(const Config& config) {
  for (const sql::DbOptions& database : config.shards) {
    if (database.engine != sql::Engine::sqlite) continue;
    TRY_ASSIGN(const bool exists, io::posix_files().exists(database.sqlite_path));
    if (!exists)
      return Error(Code::invalid, database.sqlite_path + " is not there yet: serve once");
  }
  return {};
}

void print_title(TitleId title, const analytics::Report& report) {
  const analytics::DayRow& day = report.days.front();
  std::printf("title %" PRIu64 "\n  active %" PRIu64 ", for the first time %" PRIu64
              ", arenas begun %" PRIu64 "\n  commands",
              title.value, day.active, day.first_time, day.raids);
  for (std::size_t i = 0; i < day.commands.size(); ++i)
    std::printf(" %s %" PRIu64, std::string(analytics::verdict_names[i]).c_str(), day.commands[i]);
  std::printf("\n");
  for (const analytics::FieldRow& field : report.fields)
    std::printf("  %s.%s in %" PRIu64 " out %" PRIu64 "\n", field.kind.c_str(), field.field.c_str(),
                field.total.amount_in, field.total.amount_out);
}

Result<void> print_day(sql::Db& db, analytics::Day day) {
  std::vector<std::pair<TitleId, analytics::Report>> reports;
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    reports.clear();
    TRY_ASSIGN(const auto titles, analytics::read_titles(connection));
    for (const analytics::TitleRow& row : titles) {
      TRY_ASSIGN(auto report, analytics::read_report(connection, row.title, day, day));
      reports.emplace_back(row.title, std::move(report));
    }
    return {};
  }));
  std::printf("%s\n", analytics::to_date(day).c_str());
  for (const auto& [title, report] : reports) print_title(title, report);
  if (reports.empty()) std::printf("no title has commands\n");
  return {};
}

}  // namespace

Result<std::unique_ptr<sql::Db>> open_analytics(const Config& config, metrics::Registry* metrics) {
  sql::DbOptions options = config.analytics;
  options.metrics = metrics;
  TRY_ASSIGN(auto db, within("database analytics", sql::Db::open(options)));
  TRY(within("database analytics", db->migrate("analytics", analytics::migrations())));
  return db;
}

Result<int> run_analytics(const Config& config, const std::string& day, bool again) {
  const auto wanted = analytics::parse_date(day);
  if (!wanted && !day.empty())
    return Error(Code::invalid, "--day: a day like 2026-11-26 is taken, not " + day);
  TRY(need_data(config));
  TRY(need_shards(config));
  TRY_ASSIGN(const LogReader log, open_log_reader(config, nullptr));
  TRY_ASSIGN(const auto db, open_analytics(config, nullptr));
  TRY_ASSIGN(const analytics::Advance done, analytics::run(log.dbs, *db, io::system_clock(),
                                                           {.zone = &config.analytics_zone,
                                                            .asked_by = "command",
                                                            .forgets = again,
                                                            .on_advance = print_progress}));
  std::int64_t as_of_ms = 0;
  TRY(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(as_of_ms, analytics::read_as_of(connection));
    return {};
  }));
  std::printf("%" PRIu64 " commands counted; all before %s are, by days of %s\n",
              done.command_count, to_rfc3339(as_of_ms).c_str(),
              config.analytics_zone.name().c_str());
  if (wanted) TRY(print_day(*db, *wanted));
  return 0;
}

}  // namespace matsuri
