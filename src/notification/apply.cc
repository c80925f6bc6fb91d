#include "notification/apply.h"

#include <algorithm>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "notification/internal/ledger.h"
#include "notification/query.h"
#include "sql/list.h"

namespace matsuri::notification {
namespace {

using internal::ItemKey;
using internal::ItemRow;
using internal::Ledger;
using internal::RecipientRow;

// An item may stand in a notice that was opened, and grew, a window before and after it.
constexpr std::int64_t item_slack_ms = 3 * window_ms;
constexpr std::int64_t forget_count = 5'000;

bool is_imported(std::uint64_t id) { return parts_of(id).node == import_node; }

// One batch on its way into the tables, record by record.
class Batch {
 public:
  Batch(sql::Connection& connection, stream::BatchResult& result)
      : connection_(connection), ledger_(connection), result_(result) {}

  Result<void> run(std::span<const stream::Record> records) {
    TRY_ASSIGN(const auto horizon,
               connection_.integer("SELECT unix_ms FROM horizon WHERE slot = 1"));
    horizon_ms_ = horizon.value_or(0);
    TRY(people::apply(connection_, records));
    TRY(expect(records));
    for (std::size_t index = 0; index < records.size(); ++index) {
      const stream::Record& record = records[index];
      unix_ms_ = record.header.unix_ms;
      TRY(std::visit([&](const auto& event) { return take(event, index); }, record.event));
    }
    TRY(write());
    return tell();
  }

 private:
  // Empathies come in crowds: what they touch is read together.
  Result<void> expect(std::span<const stream::Record> records) {
    std::vector<Ledger::Expected> expected;
    std::vector<sql::Value> posts;
    for (const stream::Record& record : records) {
      if (const auto* fact = std::get_if<EmpathyChanged>(&record.event)) {
        if (is_imported(fact->rev)) continue;
        if (gone_.try_emplace(fact->post).second) posts.emplace_back(fact->post.value);
        expected.push_back({.key = key_of(*fact), .person = fact->account});
      } else if (const auto* follow = std::get_if<FollowChanged>(&record.event)) {
        if (follow->kind != FollowKind::person || is_imported(follow->rev)) continue;
        expected.push_back({.key = key_of(*follow), .person = follow->account});
      }
    }
    TRY(sql::query_in(connection_, "SELECT id FROM gone_post WHERE id", "", posts, {},
                      [&](const sql::Row& row) { gone_[PostId{row.id(0)}] = true; }));
    return ledger_.expect(expected);
  }

  static ItemKey key_of(const EmpathyChanged& fact) {
    return {.object = fact.post.value,
            .source = fact.account.value,
            .kind = Kind::empathy,
            .recipient = fact.post_author};
  }
  // The object of a follow is who is followed.
  static ItemKey key_of(const FollowChanged& fact) {
    return {.object = fact.target,
            .source = fact.account.value,
            .kind = Kind::follow,
            .recipient = AccountId{fact.target}};
  }

  // What apply() of people has made something of already, or what this view does not want.
  Result<void> take(const auto&, std::size_t) { return {}; }

  Result<void> take(const EmpathyChanged& fact, std::size_t) {
    TRY_ASSIGN(const bool is_gone, this->is_gone(fact.post));
    if (is_gone) return {};
    return set(key_of(fact), fact.account, fact.rev, fact.given);
  }

  Result<void> take(const FollowChanged& fact, std::size_t) {
    if (fact.kind != FollowKind::person) return {};
    return set(key_of(fact), fact.account, fact.rev, fact.followed);
  }

  Result<void> take(const PostPublished& fact, std::size_t) {
    if (!fact.parent || is_imported(fact.post.value) || unix_ms_ < horizon_ms_) return {};
    TRY_ASSIGN(const bool is_gone, this->is_gone(fact.post));
    TRY_ASSIGN(const bool is_parent_gone, this->is_gone(fact.parent));
    if (is_gone || is_parent_gone) return {};
    TRY_ASSIGN(std::vector<AccountId>* const commenters, commenters_of(fact.parent));
    TRY_ASSIGN(const auto known,
               connection_.integer("SELECT 1 FROM known_comment WHERE id = ?", {fact.post.value}));
    if (known || !new_ids_.insert(fact.post).second) return {};
    new_comments_.push_back({fact.post, fact.parent, fact.author, unix_ms_});
    TRY(comment(fact, Kind::comment, fact.parent_author));
    std::size_t count = 0;
    for (const AccountId commenter : *commenters) {
      if (commenter == fact.author || commenter == fact.parent_author) continue;
      if (count++ == thread_count_max) break;
      // Below a post that they may not see any more, nothing is news to them.
      TRY_ASSIGN(const bool is_hidden, ledger_.is_hidden(commenter, fact.parent_author));
      if (!is_hidden) TRY(comment(fact, Kind::thread, commenter));
    }
    std::erase(*commenters, fact.author);
    commenters->insert(commenters->begin(), fact.author);
    return {};
  }

  Result<void> comment(const PostPublished& fact, Kind kind, AccountId recipient) {
    const ItemKey key{.object = fact.parent.value,
                      .source = fact.post.value,
                      .kind = kind,
                      .recipient = recipient};
    if (recipient == fact.author || !recipient) return {};
    ledger_.new_item(key);  // the comment is new, so it has no item
    return set(key, fact.author, fact.post.value, true);
  }

  // Rare, so it may look at the tables themselves: what came before is written first.
  Result<void> take(const PostDeleted& fact, std::size_t index) {
    TRY_ASSIGN(const bool is_gone, this->is_gone(fact.post));
    if (is_gone) {
      result_.duplicate(index);
      return {};
    }
    TRY(write());
    TRY(connection_.execute("INSERT INTO gone_post (id, unix_ms) VALUES (?, ?)",
                            {fact.post.value, unix_ms_}));
    if (fact.parent) TRY(remove_comment(fact));
    TRY(ledger_.drop_all(fact.post.value));
    TRY(write());
    TRY(connection_.execute("DELETE FROM item WHERE object = ? AND kind <> ?",
                            {fact.post.value, static_cast<std::int64_t>(Kind::follow)}));
    TRY(connection_.execute("DELETE FROM known_comment WHERE parent = ?", {fact.post.value}));
    return {};
  }

  Result<void> remove_comment(const PostDeleted& fact) {
    std::vector<ItemKey> keys;
    TRY(connection_.query(
        "SELECT kind, recipient FROM item WHERE object = ? AND source = ? AND kind IN (?, ?)",
        {fact.parent.value, fact.post.value, static_cast<std::int64_t>(Kind::comment),
         static_cast<std::int64_t>(Kind::thread)},
        [&](const sql::Row& row) {
          keys.push_back({.object = fact.parent.value,
                          .source = fact.post.value,
                          .kind = static_cast<Kind>(row.integer(0)),
                          .recipient = AccountId{row.id(1)}});
        }));
    for (const ItemKey& key : keys) {
      TRY_ASSIGN(ItemRow* const item, ledger_.item(key));
      TRY(ledger_.remove(key, *item));
    }
    TRY(connection_.execute("DELETE FROM known_comment WHERE id = ?", {fact.post.value}));
    return {};
  }

  Result<void> take(const BlockChanged& fact, std::size_t) {
    TRY(look_again(fact.account));
    return look_again(fact.target);
  }
  Result<void> take(const MuteChanged& fact, std::size_t) { return look_again(fact.account); }

  // What is unread for them may be another number now.
  Result<void> look_again(AccountId account) {
    TRY_ASSIGN(RecipientRow* const recipient, ledger_.recipient(account));
    if (recipient->notice_count != 0) ledger_.change(account, *recipient);
    return {};
  }

  Result<void> take(const MarkNotificationsRead& command, std::size_t index) {
    TRY_ASSIGN(RecipientRow* const recipient, ledger_.recipient(command.account));
    if (command.up_to <= recipient->read_up_to) {
      result_.duplicate(index);
      return {};
    }
    recipient->read_up_to = command.up_to;
    // Where the view is made again, numbers begin anew: what is still to come is above the mark.
    recipient->sequence = std::max(recipient->sequence, command.up_to);
    ledger_.change(command.account, *recipient);
    return {};
  }

  // Whether `person` has done that to the recipient, from revision `rev` on.
  Result<void> set(const ItemKey& key, AccountId person, std::uint64_t rev, bool is_set) {
    if (person == key.recipient || !key.recipient || is_imported(rev)) return {};
    TRY_ASSIGN(ItemRow* const item, ledger_.item(key));
    if (rev <= item->rev) return {};
    if (!is_set && item->rev == 0) return {};
    if (is_set && unix_ms_ < horizon_ms_) return {};
    TRY(ledger_.remove(key, *item));
    *item = {.person = person, .rev = rev, .unix_ms = unix_ms_, .is_changed = true};
    if (!is_set) return {};
    TRY_ASSIGN(const RecipientRow* const recipient, ledger_.recipient(key.recipient));
    if (!recipient->settings.takes(key.kind)) return {};
    TRY_ASSIGN(const bool is_hidden, ledger_.is_hidden(key.recipient, person));
    if (is_hidden) return {};
    return ledger_.add(key, *item);
  }

  Result<bool> is_gone(PostId post) {
    const auto [entry, is_new] = gone_.try_emplace(post);
    if (!is_new) return entry->second;
    TRY_ASSIGN(const auto found,
               connection_.integer("SELECT 1 FROM gone_post WHERE id = ?", {post.value}));
    return entry->second = found.has_value();
  }

  // Who has commented on a post, the latest first: as many as may hear of a comment, and two more,
  // because its author and the post's do not.
  Result<std::vector<AccountId>*> commenters_of(PostId post) {
    const auto [entry, is_new] = commenters_.try_emplace(post);
    std::vector<AccountId>* const commenters = &entry->second;
    if (!is_new) return commenters;
    TRY(connection_.query(
        "SELECT author FROM known_comment WHERE parent = ? GROUP BY author "
        "ORDER BY MAX(id) DESC LIMIT ?",
        {post.value, static_cast<std::int64_t>(thread_count_max + 2)},
        [&](const sql::Row& row) { commenters->push_back(AccountId{row.id(0)}); }));
    return commenters;
  }

  // Also forgets what was read: what is asked for next comes from the tables.
  Result<void> write() {
    std::vector<sql::Value> values;
    for (const NewComment& comment : new_comments_) {
      const sql::Value row[] = {comment.id.value, comment.parent.value, comment.author.value,
                                comment.unix_ms};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    TRY(connection_.insert_rows("INSERT INTO known_comment (id, parent, author, unix_ms)", "", 4,
                                values));
    new_comments_.clear();
    new_ids_.clear();
    commenters_.clear();
    gone_.clear();
    return ledger_.write();
  }

  Result<void> tell() {
    for (const AccountId account : ledger_.changed()) {
      TRY_ASSIGN(const RecipientRow* const recipient, ledger_.recipient(account));
      TRY_ASSIGN(const std::uint32_t unread_count, count_unread(connection_, account));
      result_.fact(
          NotificationChanged{
              .account = account, .rev = recipient->changes, .unread_count = unread_count},
          unix_ms_, account);
    }
    return {};
  }

  struct NewComment {
    PostId id;
    PostId parent;
    AccountId author;
    std::int64_t unix_ms;
  };

  sql::Connection& connection_;
  Ledger ledger_;
  stream::BatchResult& result_;
  std::int64_t horizon_ms_ = 0;
  std::int64_t unix_ms_ = 0;  // of the record that is taken
  std::map<PostId, std::vector<AccountId>> commenters_;
  std::map<PostId, bool> gone_;
  std::vector<NewComment> new_comments_;
  std::set<PostId> new_ids_;
};

}  // namespace

bool NotificationView::wants(EventKind kind) const {
  switch (kind) {
    case EventKind::mark_notifications_read:
    case EventKind::post_published:
    case EventKind::post_deleted:
    case EventKind::follow_changed:
    case EventKind::empathy_changed:
      return true;
    default:
      return people::is_wanted(kind);
  }
}

Result<void> NotificationView::apply(sql::Connection& connection,
                                     std::span<const stream::Record> records,
                                     stream::BatchResult& result) {
  return Batch(connection, result).run(records);
}

Result<std::uint64_t> forget_old(sql::Connection& connection, std::int64_t now_unix_ms) {
  const std::int64_t horizon_ms = now_unix_ms - age_ms_max;
  TRY(connection.execute("UPDATE horizon SET unix_ms = ? WHERE slot = 1 AND unix_ms < ?",
                         {horizon_ms, horizon_ms}));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> old;
  TRY(connection.query(
      "SELECT recipient, opened FROM notice WHERE updated_ms < ? ORDER BY updated_ms LIMIT ?",
      {horizon_ms, forget_count},
      [&](const sql::Row& row) { old.emplace_back(row.id(0), row.id(1)); }));
  for (const auto& [recipient, opened] : old) {
    TRY(connection.execute("DELETE FROM notice_person WHERE recipient = ? AND opened = ?",
                           {recipient, opened}));
    TRY(connection.execute("DELETE FROM notice WHERE recipient = ? AND opened = ?",
                           {recipient, opened}));
    TRY(connection.execute("UPDATE recipient SET notice_count = notice_count - 1 WHERE account = ?",
                           {recipient}));
  }
  std::uint64_t count = old.size();
  for (const std::string_view table : {"item", "known_comment", "gone_post"}) {
    const std::string text = "DELETE FROM " + std::string(table) +
                             " WHERE unix_ms < ? ORDER BY unix_ms LIMIT " +
                             std::to_string(forget_count);
    TRY_ASSIGN(const std::uint64_t deleted, connection.execute(text, {horizon_ms - item_slack_ms}));
    count += deleted;
  }
  return count;
}

}  // namespace matsuri::notification
