// Posts into SQL: every batch reads what there was before, decides record by record in memory, and
// writes once.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "sql/list.h"
#include "timeline/apply.h"
#include "timeline/internal/apply_rooms.h"
#include "timeline/internal/digest.h"
#include "timeline/internal/post_states.h"
#include "timeline/model.h"

namespace matsuri::timeline::internal {
namespace {

// Who posted what, as far as the duplicate guard cares.
struct GuardKey {
  AccountId author;
  std::uint64_t digest = 0;

  bool operator==(const GuardKey&) const = default;
};

struct GuardHash {
  std::size_t operator()(const GuardKey& key) const {
    return key.digest ^ (key.author.value * 0x9e3779b97f4a7c15);
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

std::string source_key_of(const PublishPost& post) {
  return source_key(post.import_source, post.import_source_id, bool{post.parent});
}

// One batch of a journal's records on its way into the tables.
class PostBatch {
 public:
  PostBatch(sql::Connection& connection, std::span<const stream::Record> records,
            stream::BatchResult& result)
      : connection_(connection), records_(records), result_(result), states_(connection) {}

  Result<void> run() {
    TRY(read_known());
    TRY(read_states());
    for (std::size_t index = 0; index < records_.size(); ++index) {
      const Event& event = records_[index].event;
      if (const auto* post = std::get_if<PublishPost>(&event)) publish(index, *post);
      if (const auto* edit = std::get_if<EditPost>(&event)) change(index, *edit);
      if (const auto* deletion = std::get_if<DeletePost>(&event)) remove(index, *deletion);
    }
    TRY(write_posts());
    TRY(write_keys());
    return states_.write();
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
    known_.reserve(records_.size());
    guards_.resize(records_.size());
    std::uint64_t id_first = ~std::uint64_t{0};
    for (std::size_t index = 0; index < records_.size(); ++index) {
      const stream::Record& record = records_[index];
      const auto* post = std::get_if<PublishPost>(&record.event);
      if (post == nullptr) continue;
      if (record.header.key) keys.push_back(key_bytes(post->author, record.header.key));
      if (!post->import_source.empty()) {
        sources.push_back(source_key_of(*post));
      } else {
        authors.push_back(post->author.value);
        id_first = std::min(id_first, post->post.value);
      }
      guards_[index] = guard_digest({.community = post->community,
                                     .parent = post->parent,
                                     .text = post->text,
                                     .drawing = post->drawing});
    }
    std::vector<sql::Value> values;
    std::ranges::sort(keys);  // neighbours in the index are looked up one after the other
    values.reserve(keys.size());
    for (const KeyBytes& key : keys) values.emplace_back(bytes_of(key));
    TRY(sql::query_in(connection_, "SELECT account_key FROM idempotency WHERE account_key", "",
                      values, {}, [&](const sql::Row& row) {
                        KeyBytes key{};
                        const Bytes stored = row.blob(0);
                        std::memcpy(key.data(), stored.data(), std::min(key.size(), stored.size()));
                        known_.insert(key);
                      }));
    values.assign(sources.begin(), sources.end());
    TRY(sql::query_in(connection_, "SELECT source_key FROM imported_post WHERE source_key", "",
                      values, {},
                      [&](const sql::Row& row) { known_sources_.emplace(row.text(0)); }));
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
    for (std::size_t index = 0; index < records_.size(); ++index) {
      const auto* post = std::get_if<PublishPost>(&records_[index].event);
      if (post != nullptr && post->import_source.empty())
        recent_.emplace(GuardKey{post->author, guards_[index]}, never);
    }
    // Posts of before there were guards have their content compared.
    return sql::query_in(
        connection_,
        "SELECT author, id, guard, community, CASE WHEN guard = 0 THEN text ELSE '' END"
        " FROM post WHERE author",
        " AND is_comment IN (0, 1) AND id >= ?", authors, {compose_id(floor)},
        [&](const sql::Row& row) {
          const IdParts id = parts_of(row.id(1));
          // Imported posts are of another journal, and those have no common order.
          if (id.node == import_node) return;
          const std::uint64_t guard =
              row.id(2) != 0
                  ? row.id(2)
                  : guard_digest(
                        {.community = CommunityId{row.id(3)}, .text = row.text(4), .drawing = {}});
          const auto same = recent_.find({AccountId{row.id(0)}, guard});
          if (same != recent_.end()) same->second = std::max(same->second, id.unix_ms);
        });
  }

  // Of most posts nothing has to be read: only of those that others speak of.
  Result<void> read_states() {
    std::vector<std::uint64_t> published, named;
    const auto name = [&](PostId id) {
      if (id) named.push_back(id.value);
    };
    for (const stream::Record& record : records_) {
      if (const auto* post = std::get_if<PublishPost>(&record.event)) {
        published.push_back(post->post.value);
        name(post->parent);
      } else if (const auto* edit = std::get_if<EditPost>(&record.event)) {
        name(edit->post);
      } else if (const auto* deletion = std::get_if<DeletePost>(&record.event)) {
        name(deletion->post);
        name(deletion->parent);
      }
    }
    TRY(states_.load_early(published));
    return states_.load(std::move(named));
  }

  void publish(std::size_t index, const PublishPost& post) {
    const stream::Record& record = records_[index];
    if (record.header.key) {
      const KeyBytes key = key_bytes(post.author, record.header.key);
      if (!known_.insert(key).second) return result_.duplicate(index);
      keys_.push_back({key, index});
    }
    if (!post.import_source.empty()) {
      std::string source = source_key_of(post);
      if (!known_sources_.insert(source).second) return result_.duplicate(index);
      sources_.push_back({std::move(source), index});
    } else {
      const std::int64_t unix_ms = parts_of(post.post.value).unix_ms;
      std::int64_t& latest = recent_.at({post.author, guards_[index]});
      if (latest != never && std::abs(unix_ms - latest) < duplicate_guard_ms)
        return result_.refuse(index, Code::conflict,
                              "the same text was posted less than 30 seconds before");
      latest = std::max(latest, unix_ms);
    }
    posts_.push_back(index);
    PostState* const state = states_.find(post.post);
    if (state != nullptr) take_in(post, *state);
    if (state != nullptr && state->deleted) return;  // gone before it came
    if (PostState* const parent = states_.find(post.parent)) {
      ++parent->comment_count;
      parent->has_heated = true;
    }
    result_.fact(PostPublished{.post = post.post,
                               .rev = 1,
                               .community = post.community,
                               .author = post.author,
                               .text = post.text,
                               .language = post.language,
                               .parent = post.parent,
                               .parent_author = post.parent_author,
                               .feeling = post.feeling,
                               .spoiler = post.spoiler,
                               .tag = post.tag,
                               .drawn = !post.drawing.empty()},
                 record.header.unix_ms, post.author);
    if (state != nullptr && state->rev != 1) tell_edit(post.post, *state);
  }

  // The post comes, and something of it was known before, or is in this batch.
  static void take_in(const PublishPost& post, PostState& state) {
    state.is_there = state.is_new = true;
    state.community = post.community;
    state.author = post.author;
    state.parent = post.parent;
    // Whether it is ranked is known only now.
    if (state.empathy_rev != 0 || state.comment_count != 0) state.has_heated = true;
  }

  void change(std::size_t index, const EditPost& edit) {
    PostState& state = *states_.find(edit.post);
    if (state.deleted) return result_.refuse(index, Code::not_found, "the post was deleted");
    const std::uint64_t rev = records_[index].header.id;
    if (rev <= state.rev) return;  // a later edit is known
    state.rev = rev;
    state.words = {
        .text = edit.text, .feeling = edit.feeling, .spoiler = edit.spoiler, .tag = edit.tag};
    state.has_changed = true;
    if (state.is_there) tell_edit(edit.post, state);
  }

  void tell_edit(PostId post, const PostState& state) {
    result_.fact(PostEdited{.post = post,
                            .rev = state.rev,
                            .community = state.community,
                            .author = state.author,
                            .parent = state.parent,
                            .text = state.words.text,
                            .feeling = state.words.feeling,
                            .spoiler = state.words.spoiler,
                            .tag = state.words.tag},
                 parts_of(state.rev).unix_ms, state.author);
  }

  void remove(std::size_t index, const DeletePost& deletion) {
    PostState& state = *states_.find(deletion.post);
    if (state.deleted) return;
    state.deleted = true;
    state.rev = 1;  // of what it said nothing is left
    state.words = {};
    state.has_changed = true;
    // Ranked it is no longer.
    if (state.empathy_rev != 0 || state.comment_count != 0) state.has_heated = true;
    PostState* const parent = states_.find(deletion.parent);
    if (state.is_there && parent != nullptr) {
      --parent->comment_count;
      parent->has_heated = true;
    }
    result_.fact(PostDeleted{.post = deletion.post,
                             .community = deletion.community,
                             .author = deletion.author,
                             .parent = deletion.parent},
                 records_[index].header.unix_ms, deletion.author);
  }

  Result<void> write_posts() {
    std::vector<sql::Value> values, drawings;
    values.reserve(posts_.size() * 14);
    for (const std::size_t index : posts_) {
      const PublishPost& post = post_of(records_[index]);
      PostState* const state = states_.find(post.post);
      const bool is_deleted = state != nullptr && state->deleted;
      const bool is_edited = state != nullptr && state->rev != 1 && !is_deleted;
      const std::string_view drawing = is_deleted ? std::string_view() : post.drawing;
      const std::int64_t is_comment{post.parent ? 1 : 0};
      const std::string_view text = is_edited ? state->words.text : post.text;
      const std::string_view tag = is_edited ? state->words.tag : post.tag;
      const sql::Value row[] = {post.post.value,
                                post.community.value,
                                post.author.value,
                                state != nullptr ? state->rev : 1,
                                is_deleted ? std::string_view() : text,
                                post.language,
                                post.parent.value,
                                is_comment,
                                guards_[index],
                                drawing_digest(drawing),
                                std::uint32_t{is_edited ? state->words.feeling : post.feeling},
                                std::int64_t{is_edited ? state->words.spoiler : post.spoiler},
                                is_deleted ? std::string_view() : tag,
                                std::int64_t{is_deleted}};
      values.insert(values.end(), std::begin(row), std::end(row));
      if (drawing.empty()) continue;
      const sql::Value drawn[] = {post.post.value, post.author.value, is_comment,
                                  as_bytes(drawing)};
      drawings.insert(drawings.end(), std::begin(drawn), std::end(drawn));
    }
    TRY(connection_.insert_rows(
        "INSERT INTO post (id, community, author, rev, text, language, parent, is_comment, guard, "
        "drawing, feeling, spoiler, tag, deleted)",
        "", 14, values));
    return connection_.insert_rows("INSERT INTO drawing (post, author, is_comment, stored)", "", 4,
                                   drawings);
  }

  Result<void> write_keys() {
    std::vector<sql::Value> values;
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
  PostStates states_;
  // Stored, or in this batch.
  std::unordered_set<KeyBytes, KeyHash> known_;
  std::unordered_set<std::string> known_sources_;
  // The latest time at which each of the batch's contents was posted before.
  std::unordered_map<GuardKey, std::int64_t, GuardHash> recent_;
  std::vector<std::uint64_t> guards_;  // of each record
  std::vector<std::size_t> posts_;
  std::vector<Keyed<KeyBytes>> keys_;
  std::vector<Keyed<std::string>> sources_;
};

}  // namespace

Result<void> apply_posts(sql::Connection& connection, std::span<const stream::Record> records,
                         stream::BatchResult& result) {
  return PostBatch(connection, records, result).run();
}

Result<void> apply_empathies(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<std::uint64_t> ids;
  for (const stream::Record& record : records)
    if (const auto* fact = std::get_if<EmpathyChanged>(&record.event))
      ids.push_back(fact->post.value);
  if (ids.empty()) return {};
  PostStates states(connection);
  TRY(states.load(std::move(ids)));
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<EmpathyChanged>(&record.event);
    if (fact == nullptr) continue;
    PostState& state = *states.find(fact->post);
    if (fact->count_rev <= state.empathy_rev) continue;
    state.empathy_rev = fact->count_rev;
    state.empathy_count = fact->count;
    state.has_heated = true;
  }
  return states.write();
}

}  // namespace matsuri::timeline::internal
