#include "stream/testing/toy.h"

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "io/executor.h"

namespace matsuri::stream::testing {
namespace {

constexpr sql::Migration migration_list[] = {
    {1,
     "CREATE TABLE toy (id {ID} NOT NULL PRIMARY KEY, place {ID} NOT NULL,"
     " body {TEXT(100)} NOT NULL) {TABLE_OPTIONS};\n"
     "CREATE TABLE toy_key (account {ID} NOT NULL, hex {TEXT(32)} NOT NULL,"
     " PRIMARY KEY (account, hex)) {TABLE_OPTIONS};\n"
     "CREATE TABLE toy_read (id {ID} NOT NULL PRIMARY KEY, rev {ID} NOT NULL,"
     " body {TEXT(100)} NOT NULL) {TABLE_OPTIONS};\n"
     "CREATE TABLE toy_seen (place {ID} NOT NULL PRIMARY KEY, at {TEXT(64)} NOT NULL)"
     " {TABLE_OPTIONS}"},
};

Result<std::int64_t> next_place(sql::Connection& connection, std::string_view table) {
  TRY_ASSIGN(const auto last, connection.integer("SELECT MAX(place) FROM " + std::string(table)));
  return last.value_or(0) + 1;
}

Result<bool> is_new(sql::Connection& connection, const Record& record, std::uint64_t id) {
  const std::uint64_t account = record.header.account.value;
  const std::string hex = to_hex(Bytes(record.header.key.bytes));
  if (record.header.key) {
    TRY_ASSIGN(
        const auto known,
        connection.integer("SELECT 1 FROM toy_key WHERE account = ? AND hex = ?", {account, hex}));
    if (known) return false;
    TRY(connection.execute("INSERT INTO toy_key (account, hex) VALUES (?, ?)", {account, hex}));
  }
  TRY_ASSIGN(const auto known, connection.integer("SELECT 1 FROM toy WHERE id = ?", {id}));
  return !known;
}

}  // namespace

std::span<const sql::Migration> toy_migrations() { return migration_list; }

Result<void> ToyView::apply(sql::Connection& connection, std::span<const Record> records,
                            BatchResult& result) {
  if (on_apply) TRY(on_apply(records));
  TRY_ASSIGN(std::int64_t place, next_place(connection, "toy"));
  for (std::size_t index = 0; index < records.size(); ++index) {
    const Record& record = records[index];
    const auto& post = std::get<PublishPost>(record.event);
    if (post.text.starts_with("refuse")) {
      result.refuse(index, Code::conflict, "said so: " + post.text);
      continue;
    }
    if (post.text.starts_with("poison") && !mended)
      return Error(Code::invalid, "this text can't be written");
    TRY_ASSIGN(const bool fresh, is_new(connection, record, post.post.value));
    if (!fresh) {
      result.duplicate(index);
      continue;
    }
    TRY(connection.execute("INSERT INTO toy (id, place, body) VALUES (?, ?, ?)",
                           {post.post.value, place++, post.text}));
    result.fact(PostPublished{.post = post.post,
                              .rev = 1,
                              .community = post.community,
                              .author = post.author,
                              .text = post.text,
                              .language = post.language},
                record.header.unix_ms, record.header.account);
  }
  return {};
}

Result<void> ToyReader::apply(sql::Connection& connection, std::span<const Record> records,
                              BatchResult& result) {
  TRY_ASSIGN(std::int64_t place, next_place(connection, "toy_seen"));
  for (std::size_t index = 0; index < records.size(); ++index) {
    const auto& fact = std::get<PostPublished>(records[index].event);
    TRY(connection.execute("INSERT INTO toy_seen (place, at) VALUES (?, ?)",
                           {place++, records[index].position.to_string()}));
    TRY_ASSIGN(const auto rev,
               connection.integer("SELECT rev FROM toy_read WHERE id = ?", {fact.post.value}));
    if (rev && static_cast<std::uint64_t>(*rev) >= fact.rev) {
      result.duplicate(index);
      continue;
    }
    TRY(connection.execute("DELETE FROM toy_read WHERE id = ?", {fact.post.value}));
    TRY(connection.execute("INSERT INTO toy_read (id, rev, body) VALUES (?, ?, ?)",
                           {fact.post.value, fact.rev, fact.text}));
  }
  return {};
}

journal::Writer::Entry toy_post(std::uint64_t id, std::string text, std::uint64_t key) {
  journal::Writer::Entry entry;
  entry.header.id = id;
  entry.header.unix_ms = 1'700'000'000'000 + static_cast<std::int64_t>(id);
  entry.header.account = AccountId{7};
  std::memcpy(entry.header.key.bytes.data(), &key, sizeof key);
  entry.header.kind = EventKind::publish_post;
  entry.payload = encode(PublishPost{.post = PostId{id},
                                     .community = common_ground,
                                     .author = AccountId{7},
                                     .text = std::move(text),
                                     .language = {},
                                     .import_source = {},
                                     .import_source_id = {}});
  return entry;
}

journal::Writer::Entry toy_other(std::uint64_t id) {
  journal::Writer::Entry entry;
  entry.header.id = id;
  entry.header.unix_ms = 1'700'000'000'000;
  entry.header.kind = EventKind::block_changed;
  entry.payload = encode(BlockChanged{.account = AccountId{7}, .target = AccountId{id}, .rev = 1});
  return entry;
}

Result<Position> append(journal::Writer& writer,
                        const std::vector<journal::Writer::Entry>& entries) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable given;
    std::optional<Result<Position>> result;
  };
  const auto answer = std::make_shared<Answer>();
  static io::InlineExecutor executor;
  const auto complete = [answer](Result<Position> result) {
    const std::lock_guard lock(answer->mutex);
    answer->result = std::move(result);
    answer->given.notify_all();
  };
  // The thread that allocates segments may be behind: then it is asked again, as a client would.
  for (Result<void> taken = Error(Code::busy, ""); !taken.ok();) {
    taken = writer.append_all(entries, executor, complete);
    if (!taken.ok() && taken.error().code() != Code::busy) return taken.error();
    if (!taken.ok()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::unique_lock lock(answer->mutex);
  answer->given.wait(lock, [&] { return answer->result.has_value(); });
  return std::move(*answer->result);
}

std::vector<std::string> rows_of(sql::Db& db, std::string_view text) {
  std::vector<std::string> rows;
  // The number of columns is not in the interface: the caller's text names them before FROM.
  const std::string_view list = text.substr(0, text.find(" FROM "));
  std::size_t columns = 1;
  for (const char c : list) columns += c == ',' ? 1 : 0;
  const Result<void> read = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    rows.clear();
    return connection.query(text, {}, [&](const sql::Row& row) {
      std::string line;
      for (std::size_t column = 0; column < columns; ++column) {
        if (column != 0) line += '|';
        line += row.text(column);
      }
      rows.push_back(std::move(line));
    });
  });
  MATSURI_ASSERT(read.ok(), read.ok() ? "" : read.error().message());
  return rows;
}

std::int64_t number_of(sql::Db& db, std::string_view text) {
  std::int64_t number = 0;
  const Result<void> read = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto value, connection.integer(text));
    number = value.value_or(0);
    return {};
  });
  MATSURI_ASSERT(read.ok(), read.ok() ? "" : read.error().message());
  return number;
}

}  // namespace matsuri::stream::testing
