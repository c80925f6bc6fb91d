#include "empathy/apply.h"

#include <algorithm>
#include <unordered_map>
#include <variant>
#include <vector>

#include "sql/list.h"

namespace matsuri::empathy {
namespace {

struct Pair {
  PostId post;
  AccountId account;

  auto operator<=>(const Pair&) const = default;
};

struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    return std::hash<PostId>{}(pair.post) ^ (std::hash<AccountId>{}(pair.account) * 31);
  }
};

// One batch of SetEmpathy records on its way into the tables.
class EmpathyBatch {
 public:
  EmpathyBatch(sql::Connection& connection, std::span<const stream::Record> records,
               stream::BatchResult& result)
      : connection_(connection), records_(records), result_(result) {}

  Result<void> run() {
    TRY(read_known());
    for (std::size_t index = 0; index < records_.size(); ++index) decide(index);
    return write();
  }

 private:
  struct Register {
    std::uint64_t rev = 0;
    bool given = false;
    bool is_changed = false;
  };
  struct Count {
    std::uint64_t amount = 0;
    std::uint64_t rev = 0;
    bool is_deleted = false;
    bool is_changed = false;
  };

  static const SetEmpathy& command_of(const stream::Record& record) {
    return std::get<SetEmpathy>(record.event);
  }

  // What was there before is read first: the applier is the only writer.
  Result<void> read_known() {
    std::vector<Pair> pairs;
    pairs.reserve(records_.size());
    for (const stream::Record& record : records_)
      pairs.push_back({command_of(record).post, command_of(record).account});
    std::ranges::sort(pairs);  // neighbours in the index are looked up one after the other
    pairs.erase(std::ranges::unique(pairs).begin(), pairs.end());
    std::vector<sql::Value> values, posts;
    values.reserve(pairs.size() * 2);
    for (const Pair& pair : pairs) {
      values.emplace_back(pair.post.value);
      values.emplace_back(pair.account.value);
      if (counts_.try_emplace(pair.post).second) posts.emplace_back(pair.post.value);
    }
    registers_.reserve(pairs.size());
    TRY(sql::query_tuples(connection_, "SELECT post, account, rev, given FROM empathy WHERE",
                          {"post", "account"}, values, [&](const sql::Row& row) {
                            registers_[{PostId{row.id(0)}, AccountId{row.id(1)}}] = {
                                .rev = row.id(2), .given = row.integer(3) != 0};
                          }));
    return sql::query_in(connection_, "SELECT id, amount, rev, deleted FROM post WHERE id", "",
                         posts, {}, [&](const sql::Row& row) {
                           counts_[PostId{row.id(0)}] = {.amount = row.id(1),
                                                         .rev = row.id(2),
                                                         .is_deleted = row.integer(3) != 0};
                         });
  }

  void decide(std::size_t index) {
    const stream::Record& record = records_[index];
    const SetEmpathy& command = command_of(record);
    if (command.account == command.post_author)
      return result_.refuse(index, Code::denied, "nobody feels empathy with a post of their own");
    Count& count = counts_.at(command.post);
    if (count.is_deleted) {
      if (!command.given) return result_.duplicate(index);
      return result_.refuse(index, Code::not_found, "the post is deleted");
    }
    Register& known = registers_[{command.post, command.account}];
    if (record.header.id <= known.rev) return result_.duplicate(index);
    const bool is_news = known.given != command.given;
    known = {.rev = record.header.id, .given = command.given, .is_changed = true};
    if (!is_news) return result_.duplicate(index);
    count.amount += command.given ? 1 : std::uint64_t(-1);
    ++count.rev;
    count.is_changed = true;
    result_.fact(EmpathyChanged{.post = command.post,
                                .post_author = command.post_author,
                                .community = command.community,
                                .account = command.account,
                                .rev = record.header.id,
                                .given = command.given,
                                .count = count.amount,
                                .count_rev = count.rev},
                 record.header.unix_ms, command.account);
  }

  Result<void> write() {
    std::vector<sql::Value> values;
    for (const auto& [pair, known] : registers_) {
      if (!known.is_changed) continue;
      const sql::Value row[] = {pair.post.value, pair.account.value, known.rev,
                                std::int64_t{known.given}};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    TRY(connection_.insert_rows("INSERT INTO empathy (post, account, rev, given)",
                                "ON CONFLICT (post, account) DO UPDATE SET rev = excluded.rev, "
                                "given = excluded.given",
                                4, values));
    values.clear();
    for (const auto& [post, count] : counts_) {
      if (!count.is_changed) continue;
      const sql::Value row[] = {post.value, count.amount, count.rev, std::int64_t{0}};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    return connection_.insert_rows("INSERT INTO post (id, amount, rev, deleted)",
                                   "ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, "
                                   "rev = excluded.rev",
                                   4, values);
  }

  sql::Connection& connection_;
  std::span<const stream::Record> records_;
  stream::BatchResult& result_;
  std::unordered_map<Pair, Register, PairHash> registers_;
  std::unordered_map<PostId, Count> counts_;
};

// Who follows the counts hears of the deletion from the timeline itself: no fact is needed here.
Result<void> forget_posts(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<PostDeleted>(&record.event);
    if (fact == nullptr) continue;
    TRY(connection.execute("DELETE FROM empathy WHERE post = ?", {fact->post.value}));
    const sql::Value row[] = {fact->post.value, std::int64_t{0}, std::int64_t{0}, std::int64_t{1}};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO post (id, amount, rev, deleted)",
      "ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, deleted = excluded.deleted", 4,
      values);
}

}  // namespace

Result<void> EmpathyView::apply(sql::Connection& connection,
                                std::span<const stream::Record> records,
                                stream::BatchResult& result) {
  const auto is_command = [](const stream::Record& record) {
    return std::holds_alternative<SetEmpathy>(record.event);
  };
  // A journal gives commands only, an outbox facts only.
  if (std::ranges::all_of(records, is_command))
    return EmpathyBatch(connection, records, result).run();
  if (std::ranges::any_of(records, is_command))
    return Error(Code::corrupt, "an origin gives both commands and facts");
  TRY(people::apply(connection, records));
  return forget_posts(connection, records);
}

}  // namespace matsuri::empathy
