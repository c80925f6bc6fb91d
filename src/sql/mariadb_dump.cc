// Snapshots of a MariaDB schema as a file, and back; docs/formats/sql-dump.md has the format. Our
// own, because a snapshot has to be taken where no client programs are installed, must say when it
// is damaged, and has to keep every byte.
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "io/file.h"
#include "sql/internal/mariadb_session.h"

namespace matsuri::sql::internal {

namespace {

// A file is the magic and then blocks, the last of which is the end block. All integers are
// little-endian.
//
//   offset  size  field of a block
//        0     4  checksum  CRC-32C of every byte after this field, seeded with the block's number
//        4     4  size      of the body
//        8     1  kind
//        9        body
constexpr std::string_view magic = "MTSQLD01";
constexpr std::size_t header_size = 9;
constexpr std::size_t rows_size_wanted = 256 << 10;
constexpr std::size_t body_size_max = 1u << 30;
constexpr std::size_t restore_row_count = 2'000;  // of one transaction

enum class BlockKind : std::uint8_t { table = 1, rows = 2, end = 3 };
enum class ColumnKind : char { integer = 'i', text = 't', blob = 'b' };

// Builds the body of a block.
class Body {
 public:
  void number(std::uint64_t value) {
    std::array<char, 8> bytes;
    std::memcpy(bytes.data(), &value, bytes.size());
    bytes_.append(bytes.data(), bytes.size());
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void byte(char value) { bytes_ += value; }
  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

// Takes a body apart; every read checks what is left.
class BodyReader {
 public:
  explicit BodyReader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }
  Result<std::uint64_t> number() {
    TRY_ASSIGN(const std::string_view raw, take(8));
    return load<std::uint64_t>(as_bytes(raw), 0);
  }
  Result<std::string_view> text() {
    TRY_ASSIGN(const std::uint64_t size, number());
    return take(size);
  }
  Result<char> byte() {
    TRY_ASSIGN(const std::string_view raw, take(1));
    return raw[0];
  }

 private:
  Result<std::string_view> take(std::uint64_t size) {
    if (size > bytes_.size()) return Error(Code::corrupt, "a block ends too early");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
};

class BlockWriter {
 public:
  BlockWriter(io::File& file) : file_(file) {}  // NOLINT: no conversion is meant

  Result<void> start() {
    offset_ = magic.size();
    return file_.write_at(0, as_bytes(magic));
  }
  Result<void> put(BlockKind kind, const Body& body) {
    if (body.bytes().size() > body_size_max) return Error(Code::invalid, "a row is over 1 GiB");
    std::string block(header_size, '\0');
    block[8] = static_cast<char>(kind);
    const auto bytes = MutableBytes(reinterpret_cast<std::byte*>(block.data()), block.size());
    store(bytes, 4, static_cast<std::uint32_t>(body.bytes().size()));
    block += body.bytes();
    const std::uint32_t checksum = crc32c(as_bytes(std::string_view(block).substr(4)), count_++);
    std::memcpy(block.data(), &checksum, sizeof checksum);
    TRY(file_.write_at(offset_, as_bytes(block)));
    offset_ += block.size();
    return {};
  }

 private:
  io::File& file_;
  std::uint64_t offset_ = 0;
  std::uint32_t count_ = 0;
};

class BlockReader {
 public:
  explicit BlockReader(io::File& file) : file_(file) {}

  Result<void> start() {
    TRY_ASSIGN(const std::string_view found, read(magic.size()));
    if (found != magic) return Error(Code::corrupt, "this is no dump of ours");
    return {};
  }
  // The body is valid until the next call.
  Result<BlockKind> next(std::string_view& body) {
    TRY_ASSIGN(const std::string_view head, read(header_size));
    const std::string header(head);
    const auto checksum = load<std::uint32_t>(as_bytes(header), 0);
    const auto size = load<std::uint32_t>(as_bytes(header), 4);
    if (size > body_size_max) return damaged();
    TRY_ASSIGN(body, read(size));
    const std::uint32_t found =
        crc32c(as_bytes(body), crc32c(as_bytes(std::string_view(header).substr(4)), count_++));
    if (found != checksum || header[8] < 1 || header[8] > 3) return damaged();
    return static_cast<BlockKind>(header[8]);
  }
  Result<bool> at_end() {
    TRY_ASSIGN(const std::uint64_t size, file_.size());
    return offset_ == size;
  }

 private:
  Error damaged() const {
    return Error(Code::corrupt, "damaged before byte " + std::to_string(offset_));
  }
  Result<std::string_view> read(std::size_t size) {
    buffer_.resize(size);
    TRY_ASSIGN(const std::size_t got,
               file_.read_at(offset_, {reinterpret_cast<std::byte*>(buffer_.data()), size}));
    offset_ += got;
    if (got < size) return damaged();
    return std::string_view(buffer_);
  }

  io::File& file_;
  std::uint64_t offset_ = 0;
  std::uint32_t count_ = 0;
  std::string buffer_;
};

struct Table {
  std::string name;
  std::string create;
  std::vector<std::string> columns;
  std::vector<ColumnKind> kinds;
};

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

Result<ColumnKind> kind_of(const std::string& table, std::string_view column,
                           std::string_view type) {
  if (type == "bigint" || type == "int" || type == "smallint" || type == "tinyint") {
    return ColumnKind::integer;
  }
  if (type == "varchar" || type == "text" || type == "mediumtext") return ColumnKind::text;
  if (type == "varbinary" || type == "mediumblob") return ColumnKind::blob;
  return Error(Code::invalid, "column " + table + "." + std::string(column) + " has type " +
                                  std::string(type) + ", which no migration of ours makes");
}

Result<std::vector<Table>> tables_of(MariadbSession& session) {
  std::vector<Table> tables;
  TRY(session.Connection::query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
      " AND table_type = 'BASE TABLE' ORDER BY table_name",
      {}, [&](const Row& row) { tables.emplace_back().name = row.text(0); }));
  for (Table& table : tables) {
    TRY(session.stream("SHOW CREATE TABLE " + quoted(table.name),
                       [&](MariadbSession::TextRow row) -> Result<void> {
                         table.create = row[1].value_or("");
                         return {};
                       }));
    Result<void> known;
    TRY(session.Connection::query(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
        {std::string_view(table.name)}, [&](const Row& row) {
          Result<ColumnKind> kind = kind_of(table.name, row.text(0), row.text(1));
          if (!kind.ok()) known = std::move(kind).error();
          table.columns.emplace_back(row.text(0));
          table.kinds.push_back(kind.ok() ? *kind : ColumnKind::blob);
        }));
    TRY(known);
  }
  return tables;
}

std::string column_list(const Table& table) {
  std::string list;
  for (const std::string& column : table.columns) {
    list += (list.empty() ? "" : ", ") + quoted(column);
  }
  return list;
}

Result<void> put_value(Body& body, ColumnKind kind, const std::optional<std::string_view>& value) {
  body.byte(value ? 1 : 0);
  if (!value) return {};
  if (kind != ColumnKind::integer) {
    body.text(*value);
    return {};
  }
  std::int64_t number = 0;
  const char* end = value->data() + value->size();
  if (std::from_chars(value->data(), end, number).ptr != end) {
    return Error(Code::io, "the server gave '" + std::string(*value) + "' for a number");
  }
  body.number(static_cast<std::uint64_t>(number));
  return {};
}

Result<void> dump_table(MariadbSession& session, const Table& table, BlockWriter& blocks,
                        std::uint64_t& row_count) {
  Body body;
  body.text(table.name);
  body.text(table.create);
  body.number(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    body.text(table.columns[i]);
    body.byte(static_cast<char>(table.kinds[i]));
  }
  TRY(blocks.put(BlockKind::table, body));
  body.clear();
  TRY(session.stream("SELECT " + column_list(table) + " FROM " + quoted(table.name),
                     [&](MariadbSession::TextRow row) -> Result<void> {
                       for (std::size_t i = 0; i < row.size(); ++i) {
                         TRY(put_value(body, table.kinds[i], row[i]));
                       }
                       ++row_count;
                       if (body.bytes().size() < rows_size_wanted) return {};
                       TRY(blocks.put(BlockKind::rows, body));
                       body.clear();
                       return {};
                     }));
  if (!body.bytes().empty()) TRY(blocks.put(BlockKind::rows, body));
  return {};
}

Result<void> dump_all(MariadbSession& session, io::File& file) {
  BlockWriter blocks(file);
  TRY(blocks.start());
  // Begun before the tables are listed: a migration meanwhile makes the server refuse to read on.
  TRY(session.begin_read());
  TRY_ASSIGN(const std::vector<Table> tables, tables_of(session));
  std::uint64_t row_count = 0;
  for (const Table& table : tables) {
    TRY(within("table " + table.name, dump_table(session, table, blocks, row_count)));
  }
  session.rollback();
  Body end;
  end.number(tables.size());
  end.number(row_count);
  TRY(blocks.put(BlockKind::end, end));
  return file.sync_data();
}

Result<Table> read_table(BodyReader body) {
  Table table;
  TRY_ASSIGN(table.name, body.text());
  TRY_ASSIGN(table.create, body.text());
  TRY_ASSIGN(const std::uint64_t count, body.number());
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::string_view column, body.text());
    TRY_ASSIGN(const char kind, body.byte());
    if (kind != 'i' && kind != 't' && kind != 'b') {
      return Error(Code::corrupt, "column of unknown kind");
    }
    table.columns.emplace_back(column);
    table.kinds.push_back(static_cast<ColumnKind>(kind));
  }
  if (table.columns.empty()) return Error(Code::corrupt, "a table without columns");
  return table;
}

Result<Value> read_value(BodyReader& body, ColumnKind kind) {
  TRY_ASSIGN(const char there, body.byte());
  if (there == 0) return Value();
  if (kind == ColumnKind::integer) {
    TRY_ASSIGN(const std::uint64_t number, body.number());
    return Value(number);
  }
  TRY_ASSIGN(const std::string_view bytes, body.text());
  return kind == ColumnKind::text ? Value(bytes) : Value(as_bytes(bytes));
}

Result<void> commit(Session& session) {
  std::optional<Error> error;
  if (session.commit(&error) != CommitOutcome::done) return *std::move(error);
  return {};
}

Result<std::uint64_t> restore_rows(MariadbSession& session, const Table& table,
                                   std::string_view bytes) {
  BodyReader body(bytes);
  const std::string head = "INSERT INTO " + quoted(table.name) + " (" + column_list(table) + ")";
  std::uint64_t row_count = 0;
  while (!body.at_end()) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < restore_row_count && !body.at_end(); ++i, ++row_count) {
      for (const ColumnKind kind : table.kinds) {
        TRY_ASSIGN(values.emplace_back(), read_value(body, kind));
      }
    }
    TRY(session.begin_write());
    Result<void> inserted = session.insert_rows(head, "", table.columns.size(), values);
    if (inserted.ok()) inserted = commit(session);
    session.rollback();
    TRY(inserted);
  }
  return row_count;
}

// `made` gets the names of the tables that are there now, whatever happens.
Result<void> restore_all(MariadbSession& session, io::File& file, std::vector<std::string>& made) {
  BlockReader blocks(file);
  TRY(blocks.start());
  Table table;
  std::uint64_t row_count = 0;
  for (;;) {
    std::string_view body;
    TRY_ASSIGN(const BlockKind kind, blocks.next(body));
    if (kind == BlockKind::table) {
      TRY_ASSIGN(table, read_table(BodyReader(body)));
      TRY(session.run(table.create));
      made.push_back(table.name);
    } else if (kind == BlockKind::rows) {
      if (made.empty()) return Error(Code::corrupt, "rows before a table");
      TRY_ASSIGN(const std::uint64_t count, restore_rows(session, table, body));
      row_count += count;
    } else {
      BodyReader end(body);
      TRY_ASSIGN(const std::uint64_t table_count, end.number());
      TRY_ASSIGN(const std::uint64_t wanted, end.number());
      TRY_ASSIGN(const bool at_end, blocks.at_end());
      if (table_count == made.size() && wanted == row_count && at_end) return {};
      return Error(Code::corrupt, "tables or rows are missing");
    }
  }
}

}  // namespace

Result<void> dump_mariadb(MariadbSession& session, const std::string& path) {
  io::FileSystem& files = io::posix_files();
  const std::string draft = path + ".new";
  TRY_ASSIGN(const bool exists, files.exists(path));
  if (exists) return Error(Code::conflict, path + " exists");
  TRY_ASSIGN(const std::unique_ptr<io::File> file, files.open(draft, io::OpenMode::create));
  TRY(file->truncate(0));
  Result<void> dumped = dump_all(session, *file);
  if (!dumped.ok()) {
    session.rollback();
    (void)files.remove(draft);
    return dumped;
  }
  TRY(files.rename(draft, path));
  return files.sync_folder(io::folder_of(path));
}

Result<void> restore_mariadb(const DbOptions& options, const std::string& path) {
  TRY_ASSIGN(const std::unique_ptr<io::File> file,
             io::posix_files().open(path, io::OpenMode::read));
  TRY_ASSIGN(const std::unique_ptr<MariadbSession> session,
             connect_mariadb(options, SessionKind::maintenance));
  TRY_ASSIGN(const std::vector<Table> there, tables_of(*session));
  if (!there.empty()) {
    return Error(Code::invalid, "restore: schema " + options.mariadb_schema + " holds table " +
                                    there.front().name + " already");
  }
  std::vector<std::string> made;
  Result<void> restored = restore_all(*session, *file, made);
  if (!restored.ok()) {
    for (const std::string& table : made) (void)session->run("DROP TABLE " + quoted(table));
  }
  return within("restore " + path, std::move(restored));
}

}  // namespace matsuri::sql::internal
