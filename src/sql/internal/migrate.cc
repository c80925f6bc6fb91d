// Versioned schemas; see migrate.h.
#include "sql/internal/migrate.h"

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "sql/dialect.h"

namespace matsuri::sql::internal {

namespace {

constexpr std::string_view version_table =
    "CREATE TABLE IF NOT EXISTS schema_version (component {TEXT(64)} NOT NULL PRIMARY KEY,"
    " version {INT} NOT NULL, begun_count {INT} NOT NULL) {CLUSTERED_OPTIONS}";

// Where a component stands: `version` is complete, and of the next one so many statements were
// begun.
struct Standing {
  std::uint32_t version = 0;
  std::uint64_t begun_count = 0;
};

Result<Standing> standing_of(Session& session, std::string_view component) {
  Standing standing;
  TRY(session.Connection::query(
      "SELECT version, begun_count FROM schema_version WHERE component = ?", {component},
      [&](const Row& row) {
        standing.version = static_cast<std::uint32_t>(row.integer(0));
        standing.begun_count = row.id(1);
      }));
  return standing;
}

Result<void> keep(Session& session, std::string_view component, const Standing& standing) {
  const auto kept = session.Connection::execute(
      "INSERT INTO schema_version (component, version, begun_count) VALUES (?, ?, ?)"
      " ON CONFLICT (component) DO UPDATE SET version = excluded.version,"
      " begun_count = excluded.begun_count",
      {component, standing.version, standing.begun_count});
  if (!kept.ok()) return kept.error();
  return {};
}

Result<void> commit(Session& session) {
  std::optional<Error> error;
  if (session.commit(&error) != CommitOutcome::done) return *std::move(error);
  return {};
}

// Runs what `migration` still lacks. Without transactional DDL each statement is counted, and what
// ran before it committed, before it starts: so UPDATEs run once, and only DDL can come back.
Result<void> run_version(Session& session, std::string_view component, const Migration& migration,
                         std::uint64_t begun_count) {
  TRY_ASSIGN(const std::vector<std::string> statements,
             migration_statements(session.engine(), migration.text));
  for (std::uint64_t i = begun_count > 0 ? begun_count - 1 : 0; i < statements.size(); ++i) {
    const bool again = i < begun_count;
    if (!session.transactional_ddl() && !again) {
      TRY(keep(session, component, {migration.version - 1, i + 1}));
      TRY(commit(session));
      TRY(session.begin_write());
    }
    Result<void> ran = session.run(statements[i]);
    if (!ran.ok() && !(again && session.was_done_before())) return ran;
  }
  return keep(session, component, {migration.version, 0});
}

Result<void> step(Session& session, std::string_view component,
                  std::span<const Migration> migrations, bool& finished) {
  TRY_ASSIGN(const Standing standing, standing_of(session, component));
  if (standing.version > migrations.size()) {
    return Error(Code::invalid, "its schema has version " + std::to_string(standing.version) +
                                    ", this program knows " + std::to_string(migrations.size()) +
                                    ": use a newer program");
  }
  finished = standing.version == migrations.size();
  if (finished) return {};
  const Migration& next = migrations[standing.version];
  TRY(within("version " + std::to_string(next.version),
             run_version(session, component, next, standing.begun_count)));
  return {};
}

}  // namespace

Result<void> migrate(Session& session, std::string_view component,
                     std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != i + 1) {
      return Error(Code::invalid,
                   "migrations of " + std::string(component) + " are not numbered 1, 2, 3, …");
    }
  }
  const std::string context = "migrate " + std::string(component);
  TRY_ASSIGN(const std::vector<std::string> table,
             migration_statements(session.engine(), version_table));
  if (!session.transactional_ddl()) {
    // Another process may want the same; the server lets go of the lock with the connection.
    TRY_ASSIGN(const std::optional<std::int64_t> locked,
               session.integer("SELECT GET_LOCK(CONCAT('matsuri.', DATABASE()), 60)"));
    if (locked != 1) return Error(Code::busy, context + ": another process migrates this schema");
  }
  for (bool finished = false, first = true; !finished; first = false) {
    // One transaction a version, so that a later version's failure keeps the earlier ones.
    TRY(within(context, session.begin_write()));
    Result<void> stepped = first ? session.run(table.front()) : Result<void>{};
    if (stepped.ok()) stepped = step(session, component, migrations, finished);
    if (stepped.ok()) stepped = commit(session);
    if (!stepped.ok()) {
      session.rollback();
      return within(context, std::move(stepped));
    }
    if (!finished) log::info("sql", "schema brought one version up", {{"component", component}});
  }
  return {};
}

}  // namespace matsuri::sql::internal
