#include "stream/outbox.h"

#include <algorithm>
#include <mutex>
#include <variant>

#include "base/assert.h"
#include "stream/incarnation.h"
#include "stream/internal/outbox_tail.h"
#include "stream/internal/schema.h"

namespace matsuri::stream {
namespace {

// Some batches of posts.
constexpr std::size_t recent_size_max = std::size_t{16} << 20;

// What a fact is about, for its header: the post where it names one, else whose it is.
std::uint64_t subject_of(const Event& event) {
  return std::visit(
      [](const auto& fact) -> std::uint64_t {
        if constexpr (requires { fact.post; })
          return fact.post.value;
        else if constexpr (requires { fact.resource_id; })
          return fact.resource_id;
        else if constexpr (requires { fact.account; })
          return fact.account.value;
        else if constexpr (requires { fact.community; })
          return fact.community.value;
        else if constexpr (requires { fact.title; })
          return fact.title.value;
        else
          return 0;  // no fact: a journal's alone
      },
      event);
}

// Never 0: that would read as "no incarnation" in a header or a log.
std::uint64_t new_incarnation(io::Random& random) {
  for (;;)
    if (const std::uint64_t value = random.next_u64(); value != 0) return value;
}

}  // namespace

struct Outbox::State {
  internal::OutboxTail tail{recent_size_max};
  std::mutex mutex;
  std::uint64_t listener_next = 0;
  std::vector<std::pair<std::uint64_t, std::function<void(std::uint64_t)>>> listeners;
};

Outbox::Outbox(sql::Db& db, Origin origin)
    : db_(&db), origin_(origin), state_(std::make_shared<State>()) {}

Result<std::unique_ptr<Outbox>> Outbox::open(sql::Db& db, Region region, Node node,
                                             io::Random& random) {
  TRY(within("stream tables of " + db.name(), db.migrate("stream", migrations())));
  std::uint64_t incarnation = 0;
  TRY(db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(incarnation, read_incarnation(connection));
    if (incarnation != 0) return {};
    incarnation = new_incarnation(random);
    TRY(connection.execute("INSERT INTO stream_origin (slot, incarnation) VALUES (1, ?)",
                           {incarnation}));
    return {};
  }));
  return std::unique_ptr<Outbox>(
      new Outbox(db, Origin{.region = region, .node = node, .incarnation = incarnation}));
}

Result<Position> Outbox::put(sql::Connection& connection,
                             std::span<const BatchResult::Fact> facts) {
  MATSURI_ASSERT(!facts.empty(), "a position needs a fact");
  TRY_ASSIGN(const std::uint64_t last,
             internal::advance_counter(connection, "outbox", facts.size()));
  std::uint64_t offset = last - facts.size();
  const auto rows = std::make_shared<Rows>();
  rows->reserve(facts.size());
  for (const BatchResult::Fact& fact : facts)
    rows->push_back({.offset = ++offset,
                     .header = {.id = subject_of(fact.event),
                                .unix_ms = fact.unix_ms,
                                .account = fact.account,
                                .key = {},
                                .kind = kind_of(fact.event)},
                     .payload = encode(fact.event)});
  std::vector<sql::Value> values;
  values.reserve(rows->size() * 6);
  for (const Row& row : *rows) {
    values.emplace_back(row.offset);
    values.emplace_back(static_cast<std::int64_t>(row.header.kind));
    values.emplace_back(row.header.unix_ms);
    values.emplace_back(row.header.account.value);
    values.emplace_back(row.header.id);
    values.emplace_back(as_bytes(row.payload));
  }
  TRY(connection.insert_rows(
      "INSERT INTO outbox (at_offset, kind, unix_ms, account, subject_id, payload)", "", 6,
      values));
  state_->tail.written(rows);
  return Position{.origin = origin_, .offset = last};
}

std::shared_ptr<const Outbox::Rows> Outbox::recent(std::uint64_t offset) const {
  return state_->tail.find(offset);
}

void Outbox::committed(const Position& position) {
  state_->tail.committed(position.offset);
  std::vector<std::function<void(std::uint64_t)>> listeners;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [key, listener] : state_->listeners) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) listener(position.offset);
}

std::shared_ptr<void> Outbox::on_committed(std::function<void(std::uint64_t)> listener) {
  const std::lock_guard lock(state_->mutex);
  const std::uint64_t key = state_->listener_next++;
  state_->listeners.emplace_back(key, std::move(listener));
  return {nullptr, [state = state_, key](void*) {
            const std::lock_guard guard(state->mutex);
            std::erase_if(state->listeners, [&](const auto& entry) { return entry.first == key; });
          }};
}

Result<Outbox::Rows> Outbox::read_rows(std::uint64_t offset, std::size_t count_max) {
  Rows rows;
  TRY(db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    rows.clear();
    return connection.query(
        "SELECT at_offset, kind, unix_ms, account, subject_id, payload FROM outbox"
        " WHERE at_offset > ? ORDER BY at_offset LIMIT ?",
        {offset, count_max}, [&](const sql::Row& row) {
          rows.push_back(Row{.offset = row.id(0),
                             .header = {.id = row.id(4),
                                        .unix_ms = row.integer(2),
                                        .account = AccountId{row.id(3)},
                                        .key = {},
                                        .kind = static_cast<EventKind>(row.integer(1))},
                             .payload = std::string(as_text(row.blob(5)))});
        });
  }));
  return rows;
}

Result<std::vector<Record>> Outbox::read(std::uint64_t offset, std::size_t count_max) {
  TRY_ASSIGN(const Rows rows, read_rows(offset, count_max));
  std::vector<Record> records;
  records.reserve(rows.size());
  for (const Row& row : rows) {
    TRY_ASSIGN(Event event, decode(row.header.kind, as_bytes(row.payload)));
    records.push_back(Record{.position = {.origin = origin_, .offset = row.offset},
                             .header = row.header,
                             .event = std::move(event)});
  }
  return records;
}

Result<std::uint64_t> Outbox::end_offset() {
  std::uint64_t end = 0;
  TRY(db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
    return connection.query("SELECT amount FROM stream_counter WHERE name = 'outbox'", {},
                            [&](const sql::Row& row) { end = row.id(0); });
  }));
  return end;
}

Result<void> Outbox::drop(std::uint64_t offset) {
  std::uint64_t last = 0;
  TRY(db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const std::optional<std::int64_t> newest,
               connection.integer("SELECT MAX(at_offset) FROM outbox"));
    last = newest ? std::min(offset, static_cast<std::uint64_t>(*newest) - 1) : 0;
    TRY(connection.execute("DELETE FROM outbox WHERE at_offset <= ?", {last}));
    return {};
  }));
  state_->tail.dropped(last);
  return {};
}

Result<std::uint64_t> read_incarnation(sql::Connection& connection) {
  std::uint64_t incarnation = 0;
  TRY(connection.query("SELECT incarnation FROM stream_origin WHERE slot = 1", {},
                       [&](const sql::Row& row) { incarnation = row.id(0); }));
  return incarnation;
}

Result<void> renew_incarnation(sql::Connection& connection, io::Random& random) {
  TRY_ASSIGN(const std::uint64_t matched,
             connection.execute("UPDATE stream_origin SET incarnation = ? WHERE slot = 1",
                                {new_incarnation(random)}));
  if (matched == 1) return {};
  TRY(connection.execute("INSERT INTO stream_origin (slot, incarnation) VALUES (1, ?)",
                         {new_incarnation(random)}));
  return {};
}

}  // namespace matsuri::stream
