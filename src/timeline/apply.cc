#include "timeline/apply.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "timeline/follow.h"
#include "timeline/model.h"

namespace matsuri::timeline {
namespace {

// Statements with a list have this many places, the last value repeated, so that one prepared text
// serves every batch.
constexpr std::size_t list_count = 256;

bool is_post(const stream::Record& record) {
  return std::holds_alternative<PublishPost>(record.event);
}

// Calls `row` for each row of `head` IN (values) `tail`.
Result<void> query_in(sql::Connection& connection, std::string_view head, std::string_view tail,
                      std::span<const sql::Value> values, std::initializer_list<sql::Value> more,
                      const sql::RowCallback& row) {
  std::string text(head);
  text += " IN (?";
  for (std::size_t place = 1; place < list_count; ++place) text += ",?";
  text += ')';
  text += tail;
  std::vector<sql::Value> parameters;
  for (std::size_t first = 0; first < values.size(); first += list_count) {
    const auto part = values.subspan(first, std::min(list_count, values.size() - first));
    parameters.assign(part.begin(), part.end());
    parameters.resize(list_count, part.back());
    parameters.insert(parameters.end(), more.begin(), more.end());
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

// What identifies a post for the duplicate guard. The text is a record's or a row's.
struct GuardKey {
  AccountId author;
  CommunityId community;
  std::string_view text;

  bool operator==(const GuardKey&) const = default;
};

struct GuardHash {
  std::size_t operator()(const GuardKey& key) const {
    const std::size_t text = std::hash<std::string_view>{}(key.text);
    return text ^ (key.author.value * 0x9e3779b97f4a7c15) ^ (key.community.value << 7);
  }
};

// account_key() without an allocation. In the order of its bytes, as the index has it.
using KeyBytes = std::array<unsigned char, 24>;

KeyBytes key_bytes(AccountId account, const IdempotencyKey& key) {
  KeyBytes bytes;
  std::memcpy(bytes.data(), &account.value, 8);
  std::memcpy(bytes.data() + 8, key.bytes.data(), 16);
  return bytes;
}

Bytes bytes_of(const KeyBytes& key) { return std::as_bytes(std::span(key)); }

struct KeyHash {
  std::size_t operator()(const KeyBytes& key) const {
    return std::hash<std::string_view>{}(as_text(bytes_of(key)));
  }
};

// One batch of PublishPost records on its way into the tables.
class PostBatch {
 public:
  PostBatch(sql::Connection& connection, std::span<const stream::Record> records,
            stream::BatchResult& result)
      : connection_(connection), records_(records), result_(result) {}

  Result<void> run() {
    TRY(read_known());
    for (std::size_t index = 0; index < records_.size(); ++index)
      if (is_post(records_[index])) decide(index);
    return write();
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();

  static const PublishPost& post_of(const stream::Record& record) {
    return std::get<PublishPost>(record.event);
  }

  // "Was there before" is decided by reading the batch's keys first: the applier is the only
  // writer.
  Result<void> read_known() {
    std::vector<KeyBytes> keys;
    std::vector<std::string> sources;
    std::vector<std::uint64_t> authors;
    keys.reserve(records_.size());
    std::uint64_t id_first = ~std::uint64_t{0};
    known_.reserve(records_.size());
    for (const stream::Record& record : records_) {
      if (!is_post(record)) continue;
      const PublishPost& post = post_of(record);
      if (record.header.key) keys.push_back(key_bytes(post.author, record.header.key));
      if (!post.import_source.empty()) {
        sources.push_back(post.import_source + ':' + post.import_source_id);
      } else {
        authors.push_back(post.author.value);
        id_first = std::min(id_first, post.post.value);
      }
    }
    std::vector<sql::Value> values;
    std::ranges::sort(keys);  // neighbours in the index are looked up one after the other
    values.reserve(keys.size());
    for (const KeyBytes& key : keys) values.emplace_back(bytes_of(key));
    TRY(query_in(connection_, "SELECT account_key FROM idempotency WHERE account_key", "", values,
                 {}, [&](const sql::Row& row) {
                   KeyBytes key{};
                   const Bytes stored = row.blob(0);
                   std::memcpy(key.data(), stored.data(), std::min(key.size(), stored.size()));
                   known_.insert(key);
                 }));
    values.assign(sources.begin(), sources.end());
    TRY(query_in(connection_, "SELECT source_key FROM imported_post WHERE source_key", "", values,
                 {}, [&](const sql::Row& row) { known_sources_.emplace(row.text(0)); }));
    return read_recent(std::move(authors), id_first);
  }

  Result<void> read_recent(std::vector<std::uint64_t> ids, std::uint64_t id_first) {
    if (ids.empty()) return {};
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    const std::vector<sql::Value> authors(ids.begin(), ids.end());
    recent_.reserve(records_.size());
    IdParts floor = parts_of(id_first);
    floor = {.unix_ms = std::max(floor.unix_ms - duplicate_guard_ms, id_epoch_unix_ms)};
    for (const stream::Record& record : records_) {
      if (!is_post(record)) continue;
      const PublishPost& post = post_of(record);
      if (post.import_source.empty()) recent_.emplace(guard_of(post), never);
    }
    return query_in(connection_, "SELECT author, community, text, id FROM post WHERE author",
                    " AND id >= ?", authors, {compose_id(floor)}, [&](const sql::Row& row) {
                      const IdParts id = parts_of(row.id(3));
                      // Imported posts are of another journal, and those have no common order.
                      if (id.node == import_node) return;
                      const auto same =
                          recent_.find({AccountId{row.id(0)}, CommunityId{row.id(1)}, row.text(2)});
                      if (same != recent_.end()) same->second = std::max(same->second, id.unix_ms);
                    });
  }

  static GuardKey guard_of(const PublishPost& post) {
    return {post.author, post.community, post.text};
  }

  void decide(std::size_t index) {
    const stream::Record& record = records_[index];
    const PublishPost& post = post_of(record);
    if (record.header.key) {
      const KeyBytes key = key_bytes(post.author, record.header.key);
      if (!known_.insert(key).second) return result_.duplicate(index);
      keys_.push_back({key, index});
    }
    if (!post.import_source.empty()) {
      std::string source = post.import_source + ':' + post.import_source_id;
      if (!known_sources_.insert(source).second) return result_.duplicate(index);
      sources_.push_back({std::move(source), index});
    } else {
      const std::int64_t unix_ms = parts_of(post.post.value).unix_ms;
      std::int64_t& latest = recent_.at(guard_of(post));
      if (latest != never && std::abs(unix_ms - latest) < duplicate_guard_ms)
        return result_.refuse(index, Code::conflict,
                              "the same text was posted less than 30 seconds before");
      latest = std::max(latest, unix_ms);
    }
    posts_.push_back(index);
  }

  Result<void> write() {
    std::vector<sql::Value> values;
    values.reserve(posts_.size() * 6);
    for (const std::size_t index : posts_) {
      const PublishPost& post = post_of(records_[index]);
      const sql::Value row[] = {post.post.value,   post.community.value,
                                post.author.value, std::int64_t{1},
                                post.text,         post.language};
      values.insert(values.end(), std::begin(row), std::end(row));
      result_.fact(PostPublished{.post = post.post,
                                 .rev = 1,
                                 .community = post.community,
                                 .author = post.author,
                                 .text = post.text,
                                 .language = post.language},
                   records_[index].header.unix_ms, post.author);
    }
    TRY(connection_.insert_rows("INSERT INTO post (id, community, author, rev, text, language)", "",
                                6, values));
    values.clear();
    values.reserve(keys_.size() * 4);
    for (const Keyed<KeyBytes>& keyed : keys_) {
      const RecordHeader& header = records_[keyed.index].header;
      const sql::Value row[] = {bytes_of(keyed.key), static_cast<std::int64_t>(header.fingerprint),
                                header.id, header.unix_ms};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    TRY(connection_.insert_rows("INSERT INTO idempotency (account_key, fingerprint, post, unix_ms)",
                                "", 4, values));
    values.clear();
    for (const Keyed<std::string>& keyed : sources_) {
      values.emplace_back(keyed.key);
      values.emplace_back(records_[keyed.index].header.id);
    }
    return connection_.insert_rows("INSERT INTO imported_post (source_key, post)", "", 2, values);
  }

  template <class Key>
  struct Keyed {
    Key key;
    std::size_t index;
  };

  sql::Connection& connection_;
  std::span<const stream::Record> records_;
  stream::BatchResult& result_;
  // Stored, or in this batch.
  std::unordered_set<KeyBytes, KeyHash> known_;
  std::unordered_set<std::string> known_sources_;
  // The latest time at which each of the batch's texts was posted before.
  std::unordered_map<GuardKey, std::int64_t, GuardHash> recent_;
  std::vector<std::size_t> posts_;
  std::vector<Keyed<KeyBytes>> keys_;
  std::vector<Keyed<std::string>> sources_;
};

// The newest revision wins, column by column: facts may arrive again.
Result<void> apply_authors(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<AccountChanged>(&record.event);
    if (fact == nullptr) continue;
    const sql::Value row[] = {fact->account.value, fact->rev, fact->handle, fact->name};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO author (id, rev, handle, name)",
      "ON CONFLICT (id) DO UPDATE SET "
      "handle = CASE WHEN excluded.rev > rev THEN excluded.handle ELSE handle END, "
      "name = CASE WHEN excluded.rev > rev THEN excluded.name ELSE name END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      4, values);
}

Result<void> apply_blocks(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<BlockChanged>(&record.event);
    if (fact == nullptr) continue;
    const sql::Value row[] = {fact->account.value, fact->target.value, fact->rev,
                              std::int64_t{fact->blocked}};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO block (account, target, rev, blocked)",
      "ON CONFLICT (account, target) DO UPDATE SET "
      "blocked = CASE WHEN excluded.rev > rev THEN excluded.blocked ELSE blocked END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      4, values);
}

}  // namespace

Result<std::uint64_t> forget_old_keys(sql::Connection& connection, std::int64_t now_unix_ms) {
  return connection.execute(
      "DELETE FROM idempotency WHERE unix_ms < ? ORDER BY unix_ms LIMIT 10000",
      {now_unix_ms - idempotency_age_ms});
}

std::string account_key(AccountId account, const IdempotencyKey& key) {
  std::string joined(8, '\0');
  std::memcpy(joined.data(), &account.value, 8);
  joined += as_text(key.bytes);
  return joined;
}

Result<void> TimelineView::apply(sql::Connection& connection,
                                 std::span<const stream::Record> records,
                                 stream::BatchResult& result) {
  // Records of one origin are either a journal's posts or main's facts; a run of one sort at a time
  // keeps their order whatever an origin mixes.
  const auto is_command = [](const stream::Record& record) {
    return record.header.kind < EventKind::account_changed;
  };
  if (std::ranges::all_of(records, is_command)) {
    if (std::ranges::any_of(records, is_post)) TRY(PostBatch(connection, records, result).run());
    TRY(apply_follows(connection, records, result));
    return count_posts(connection, records, result);
  }
  if (std::ranges::any_of(records, is_command))
    return Error(Code::corrupt, "an origin gives both posts and facts");
  TRY(apply_authors(connection, records));
  return apply_blocks(connection, records);
}

}  // namespace matsuri::timeline
