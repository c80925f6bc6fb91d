// The word that commands may be gone comes first, in a transaction that holds the shard's row: so
// only its owner gives it, and no reader finds a hole without it. A partition goes after that: it
// can't be part of a transaction on MariaDB, and whoever died between the two left what the next
// pass drops.
#include "sequencer/days.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <utility>

#include "base/log.h"
#include "base/sentence.h"
#include "sequencer/internal/command_tables.h"

namespace matsuri::sequencer {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;
// Partitions are there so many days before they are needed.
constexpr std::int64_t ahead_days = 7;
// What clocks of two owners may differ by.
constexpr std::int64_t skew_ms = 5'000;
// Rows of one transaction: the owner's batches wait for it.
constexpr std::size_t part_count = 1000;

// The least of all keys of that day or behind.
std::array<std::byte, 6> first_key_of(std::int64_t day) {
  std::array<std::byte, 6> key{};
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::byte>(day * day_ms >> (40 - 8 * i));
  return key;
}

std::string name_of(std::int64_t day) { return "d" + std::to_string(day); }

// nullopt for `rest`.
std::optional<std::int64_t> day_named(std::string_view name) {
  std::int64_t day = 0;
  const char* const end = name.data() + name.size();
  if (!name.starts_with('d') || std::from_chars(name.data() + 1, end, day).ptr != end)
    return std::nullopt;
  return day;
}

std::string partition(std::int64_t day) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text = "PARTITION " + name_of(day) + " VALUES LESS THAN (X'";
  for (const std::byte byte : first_key_of(day + 1)) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4];
    text += digits[std::to_integer<std::size_t>(byte) & 15];
  }
  return text + "'), ";
}

}  // namespace

std::int64_t day_of(std::int64_t unix_ms) { return unix_ms / day_ms; }

std::int64_t first_kept_day(std::uint32_t keep_days, std::int64_t now_ms, std::int64_t read_to_ms) {
  // A key may be used until the end of its seventh day: what has it is decided by then.
  const std::int64_t decided =
      day_of(std::max(read_to_ms, key_kept_ms + skew_ms) - key_kept_ms - skew_ms);
  return std::min(day_of(now_ms) - keep_days, decided);
}

std::optional<std::string> divide_statement(const std::vector<std::string>& names,
                                            std::int64_t first, std::int64_t last) {
  std::int64_t from = first;
  for (const std::string& name : names) from = std::max(from, day_named(name).value_or(0) + 1);
  if (from > last) return std::nullopt;
  std::string parts = "(";
  for (std::int64_t day = from; day <= last; ++day) parts += partition(day);
  parts += "PARTITION rest VALUES LESS THAN (MAXVALUE))";
  if (!names.empty()) return "ALTER TABLE command REORGANIZE PARTITION rest INTO " + parts;
  return "ALTER TABLE command DROP PRIMARY KEY, ADD PRIMARY KEY (seq, command_key)"
         " PARTITION BY RANGE COLUMNS (command_key) " +
         parts;
}

std::vector<std::string> names_before(const std::vector<std::string>& names, std::int64_t first) {
  std::vector<std::string> before;
  for (const std::string& name : names)
    if (const auto day = day_named(name); day && *day < first) before.push_back(name);
  return before;
}

Days::Days(sql::Db& db, const DaysOptions& options,
           std::unique_ptr<sql::DedicatedConnection> connection)
    : db_(db), options_(options), connection_(std::move(connection)) {
  if (options_.metrics == nullptr) return;
  const metrics::Labels shard = {{"shard", std::to_string(options_.shard_number)}};
  bytes_ = &options_.metrics->counter(
      "matsuri_sequencer_dropped_bytes_total",
      "Bytes of commands whose days were dropped: free for what comes", shard);
  first_day_ = &options_.metrics->gauge(
      "matsuri_sequencer_first_day_seconds",
      "Unix time at which the first day begins that no command was dropped of", shard);
}

Result<std::unique_ptr<Days>> Days::open(sql::Db& db, const DaysOptions& options,
                                         std::int64_t now_ms) {
  TRY_ASSIGN(auto connection, db.dedicate());
  std::unique_ptr<Days> days(new Days(db, options, std::move(connection)));
  if (db.engine() == sql::Engine::mariadb) {
    const std::int64_t today = day_of(now_ms);
    TRY_ASSIGN(const auto names, days->read_names());
    if (names.empty())
      log::info("sequencer", "the table of commands is divided by days: this copies it once",
                {{"shard", std::uint64_t{options.shard_number}}});
    TRY(days->divide(names, today));
  }
  return days;
}

Result<void> Days::pass(std::uint64_t epoch, std::int64_t now_ms, std::int64_t read_to_ms,
                        const std::stop_token& stop) {
  const std::int64_t first = first_kept_day(options_.keep_days, now_ms, read_to_ms);
  const std::pair days(first, day_of(now_ms));
  if (days == passed_) return {};
  if (db_.engine() == sql::Engine::mariadb) {
    TRY_ASSIGN(const auto names, read_names());
    TRY(divide(names, day_of(now_ms)));
    for (const std::string& name : names_before(names, first)) {
      if (stop.stop_requested()) return {};
      TRY(drop_partition(name, epoch));
    }
  } else {
    TRY(delete_rows(command_tables[0], epoch, first, stop));
  }
  TRY(delete_rows(command_tables[1], epoch, first, stop));
  if (stop.stop_requested()) return {};
  passed_ = days;
  if (first_day_ != nullptr) first_day_->set(first * (day_ms / 1000));
  return {};
}

// Of `command`; none where it is not divided.
Result<std::vector<std::string>> Days::read_names() {
  std::vector<std::string> names;
  TRY(db_.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    names.clear();
    return connection.query(
        "SELECT partition_name FROM information_schema.partitions"
        " WHERE table_schema = DATABASE() AND table_name = 'command'"
        " AND partition_name IS NOT NULL ORDER BY partition_ordinal_position",
        {}, [&](const sql::Row& row) { names.emplace_back(row.text(0)); });
  }));
  return names;
}

Result<void> Days::divide(const std::vector<std::string>& names, std::int64_t today) {
  // What is older than all that is kept gets a partition of its own.
  const auto statement =
      divide_statement(names, today - options_.keep_days - 1, today + ahead_days);
  return statement ? alter(*statement, names.empty() ? 60 : 1) : Result<void>();
}

// Waits for readers of the table, but not long: whoever comes waits behind it. Said to the session
// and not in the statement: a replica has to wait for its own readers, or it would end there.
Result<void> Days::alter(const std::string& statement, std::uint32_t wait_s) {
  TRY(connection_->begin());
  sql::Connection& connection = connection_->connection();
  Result<std::uint64_t> altered =
      connection.execute(sentence("SET SESSION lock_wait_timeout = ", wait_s));
  if (altered.ok()) altered = connection.execute(statement);
  connection_->rollback();  // there is nothing to take back: it ended its transaction
  if (!altered.ok()) return altered.error();
  return {};
}

template <class Body>
Result<void> Days::as_owner(std::uint64_t epoch, const Body& body) {
  TRY(connection_->begin());
  sql::Connection& connection = connection_->connection();
  const auto run = [&]() -> Result<void> {
    TRY_ASSIGN(
        const std::uint64_t count,
        connection.execute("UPDATE shard SET epoch = epoch WHERE id = 1 AND epoch = ?", {epoch}));
    if (count != 1) return Error(Code::conflict, "the shard has another owner now");
    return body(connection);
  };
  if (Result<void> done = run(); !done.ok()) {
    connection_->rollback();
    return done;
  }
  std::optional<Error> error;
  if (connection_->commit(&error) == sql::CommitOutcome::done) return {};
  return error.value_or(Error(Code::busy, "the transaction was not committed"));
}

namespace {

Result<void> set_dropped(sql::Connection& connection, std::uint64_t seq) {
  TRY(connection.execute("UPDATE shard SET dropped_seq = ? WHERE id = 1 AND dropped_seq < ?",
                         {seq, seq}));
  return {};
}

}  // namespace

// REQUIRES: `name` is one of ours, because names can't be parameters.
Result<void> Days::drop_partition(const std::string& name, std::uint64_t epoch) {
  std::int64_t bytes = 0;
  TRY(as_owner(epoch, [&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto last, connection.integer(sentence("SELECT seq FROM command PARTITION (",
                                                            name, ") ORDER BY seq DESC LIMIT 1")));
    TRY_ASSIGN(const auto size,
               connection.integer("SELECT data_length + index_length"
                                  " FROM information_schema.partitions"
                                  " WHERE table_schema = DATABASE() AND table_name = 'command'"
                                  " AND partition_name = ?",
                                  {name}));
    bytes = size.value_or(0);
    return last ? set_dropped(connection, static_cast<std::uint64_t>(*last)) : Result<void>();
  }));
  TRY(alter("ALTER TABLE command DROP PARTITION " + name, 1));
  log::info("sequencer", "a day of commands was dropped",
            {{"shard", std::uint64_t{options_.shard_number}},
             {"partition", name},
             {"bytes", static_cast<std::uint64_t>(bytes)}});
  if (bytes_ != nullptr) bytes_->add(static_cast<std::uint64_t>(bytes));
  return {};
}

namespace {

// What one transaction deletes, and up to which places.
Result<std::size_t> delete_part(sql::Connection& connection, std::string_view table, Bytes limit) {
  std::uint64_t last = 0;
  std::size_t row_count = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> slots;
  TRY(connection.query(
      sentence("SELECT slot, MAX(seq), COUNT(*) FROM (SELECT slot, seq FROM ", table,
               " WHERE command_key < ? ORDER BY command_key LIMIT ?) part GROUP BY slot"),
      {limit, std::uint64_t{part_count}}, [&](const sql::Row& row) {
        slots.emplace_back(row.id(0), row.id(1));
        last = std::max(last, row.id(1));
        row_count += row.id(2);
      }));
  if (row_count == 0) return row_count;
  if (table == command_tables[0]) {
    TRY(set_dropped(connection, last));
  } else {
    for (const auto& [slot, seq] : slots)
      TRY(connection.execute("UPDATE slot SET dropped_seq = ? WHERE slot = ? AND dropped_seq < ?",
                             {seq, slot, seq}));
  }
  TRY(connection.execute(
      sentence("DELETE FROM ", table, " WHERE command_key < ? ORDER BY command_key LIMIT ?"),
      {limit, std::uint64_t{part_count}}));
  return row_count;
}

// What SQLite has for new rows without growing; 0 on MariaDB, which tells of whole tables alone.
Result<std::int64_t> free_bytes(sql::Connection& connection) {
  if (connection.engine() != sql::Engine::sqlite) return 0;
  TRY_ASSIGN(const auto pages, connection.integer("PRAGMA freelist_count"));
  TRY_ASSIGN(const auto size, connection.integer("PRAGMA page_size"));
  return pages.value_or(0) * size.value_or(0);
}

}  // namespace

Result<void> Days::delete_rows(std::string_view table, std::uint64_t epoch, std::int64_t first,
                               const std::stop_token& stop) {
  const auto limit = first_key_of(first);
  std::uint64_t row_count = 0;
  std::int64_t bytes = 0;
  std::size_t part = part_count;
  while (part == part_count && !stop.stop_requested()) {
    std::int64_t freed = 0;
    TRY(as_owner(epoch, [&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const std::int64_t before, free_bytes(connection));
      TRY_ASSIGN(part, delete_part(connection, table, limit));
      TRY_ASSIGN(const std::int64_t after, free_bytes(connection));
      freed = after - before;
      return {};
    }));
    row_count += part;
    bytes += freed;
    if (bytes_ != nullptr && freed > 0) bytes_->add(static_cast<std::uint64_t>(freed));
  }
  if (row_count != 0)
    log::info("sequencer", "commands of old days were deleted",
              {{"shard", std::uint64_t{options_.shard_number}},
               {"table", table},
               {"commands", row_count},
               {"bytes", bytes}});
  return {};
}

}  // namespace matsuri::sequencer
