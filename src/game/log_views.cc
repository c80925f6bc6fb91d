// Entities lie in the shards' schemas with their fields as JSON. The replica has all shards in one
// server, so a view can put them together; which it must not do on the servers that are written.
#include "game/log_views.h"

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/sentence.h"
#include "sequencer/history.h"
#include "sequencer/slots.h"

namespace matsuri::game {
namespace {

constexpr std::chrono::seconds try_again{30};

// Statements that define something end the transaction that they are in: it is none of ours.
Result<void> run(sql::Db& db, std::span<const std::string_view> statements) {
  TRY_ASSIGN(const auto connection, db.dedicate());
  TRY(connection->begin());
  for (const std::string_view statement : statements)
    TRY(connection->connection().execute(statement));
  std::optional<Error> error;
  if (connection->commit(&error) != sql::CommitOutcome::done) return std::move(*error);
  return {};
}

bool is_taken(std::string_view name) {
  return name == "arena" || name == "id" || name == "version";
}

}  // namespace

std::string view_name(TitleId title, const sequencer::Kind& kind) {
  return sentence("v_", title.value, "_", kind.name);
}

// Names are of letters, digits and underscores: of schemas by sql, of kinds and fields by
// sequencer.
std::string view_text(const LogViewsParts& parts, TitleId title, const sequencer::Kind& kind) {
  std::string columns = "e.arena, e.id, e.version";
  for (const sequencer::Field& field : kind.fields)
    columns += sentence(", CAST(JSON_VALUE(e.fields, '$.", field.name, "') AS SIGNED) AS \"",
                        is_taken(field.name) ? "_" : "", field.name, "\"");
  std::string text = sentence("CREATE OR REPLACE VIEW \"", parts.schema, "\".\"",
                              view_name(title, kind), "\" AS ");
  std::string_view between;
  for (const std::string& schema : parts.shard_schemas) {
    // A slot that arrives has copies here already.
    text +=
        sentence(between, "SELECT ", columns, " FROM \"", schema, "\".entity e JOIN \"", schema,
                 "\".slot s ON s.slot = e.slot AND s.state = ",
                 static_cast<int>(sequencer::SlotState::owned), " WHERE e.title = ", title.value,
                 " AND e.kind = '", kind.name, "' AND e.fields <> '{}'");
    between = " UNION ALL ";
  }
  return text;
}

LogViews::LogViews(LogViewsParts parts) : parts_(std::move(parts)), thread_([this] { loop(); }) {}

LogViews::~LogViews() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogViews::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  wake_.notify_all();
}

void LogViews::loop() {
  bool is_done = true;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto is_due = [this] { return is_woken_ || is_ending_; };
    if (is_done)
      wake_.wait(lock, is_due);
    else
      wake_.wait_for(lock, try_again, is_due);
    if (is_ending_) return;
    is_woken_ = false;
    lock.unlock();
    is_done = make_all();
    lock.lock();
  }
}

// Of a large table that takes its time, once. Histories go without until then.
void LogViews::make_indexes() {
  for (; indexed_count_ < parts_.dbs.shards.size(); ++indexed_count_)
    for (const std::string_view statement : sequencer::log_indexes()) {
      const Result<void> made = run(*parts_.dbs.shards[indexed_count_], {&statement, 1});
      if (made.ok()) continue;
      log::warn("game", "an index could not be made on the log replica",
                {{"shard", std::to_string(indexed_count_)}, {"reason", made.error().to_string()}});
      if (made.error().code() == Code::busy) return;
    }
}

bool LogViews::make_all() {
  bool is_done = true;
  for (auto& [title, schema] : parts_.directory.registered()) {
    std::shared_ptr<const TitleSchema>& made = made_[title];
    if (made == schema) continue;
    const Result<void> done = make(title, *schema);
    if (done.ok()) {
      made = std::move(schema);
      continue;
    }
    log::warn("game", "views of a title could not be made on the log replica",
              {{"title", title.to_string()}, {"reason", done.error().to_string()}});
    if (done.error().code() == Code::busy) return false;
    is_done = false;
  }
  make_indexes();
  return is_done && indexed_count_ == parts_.dbs.shards.size();
}

Result<void> LogViews::make(TitleId title, const TitleSchema& schema) {
  std::vector<std::string> texts = {
      sentence("CREATE DATABASE IF NOT EXISTS \"", parts_.schema, "\" CHARACTER SET utf8mb4")};
  for (const sequencer::Kind& kind : schema.schema.kinds)
    texts.push_back(view_text(parts_, title, kind));
  const std::vector<std::string_view> statements(texts.begin(), texts.end());
  return run(*parts_.dbs.main, statements);
}

}  // namespace matsuri::game
