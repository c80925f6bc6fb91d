#include "notification/internal/ledger.h"

#include <algorithm>

#include "people/query.h"
#include "sql/list.h"

namespace matsuri::notification::internal {
namespace {

sql::Value number_of(Kind kind) { return static_cast<std::int64_t>(kind); }

NoticeRow to_notice(const sql::Row& row, std::size_t column) {
  return {.kind = static_cast<Kind>(row.integer(column)),
          .object = row.id(column + 1),
          .opened_ms = row.integer(column + 2),
          .updated_ms = row.integer(column + 3),
          .sequence = row.id(column + 4),
          .people_count = row.id(column + 5),
          .is_there = true};
}

}  // namespace

Result<void> Ledger::expect(std::span<const Expected> all) {
  TRY(expect_items(all));
  TRY(expect_recipients(all));
  return expect_hidden(all);
}

Result<void> Ledger::expect_items(std::span<const Expected> all) {
  std::vector<sql::Value> pairs;
  for (const Expected& one : all) {
    if (!items_.try_emplace(one.key).second) continue;
    pairs.emplace_back(one.key.object);
    pairs.emplace_back(one.key.source);
  }
  return sql::query_tuples(
      connection_,
      "SELECT object, source, kind, recipient, person, rev, opened, unix_ms FROM item WHERE",
      {"object", "source"}, pairs, [&](const sql::Row& row) {
        const auto found = items_.find({.object = row.id(0),
                                        .source = row.id(1),
                                        .kind = static_cast<Kind>(row.integer(2)),
                                        .recipient = AccountId{row.id(3)}});
        if (found == items_.end()) return;
        found->second = {.person = AccountId{row.id(4)},
                         .rev = row.id(5),
                         .opened = row.id(6),
                         .unix_ms = row.integer(7)};
      });
}

Result<void> Ledger::expect_recipients(std::span<const Expected> all) {
  std::vector<sql::Value> accounts;
  for (const Expected& one : all)
    if (recipients_.try_emplace(one.key.recipient).second)
      accounts.emplace_back(one.key.recipient.value);
  TRY(sql::query_in(connection_,
                    "SELECT account, at_sequence, read_up_to, changes, notice_count "
                    "FROM recipient WHERE account",
                    "", accounts, {}, [&](const sql::Row& row) {
                      RecipientRow& found = recipients_[AccountId{row.id(0)}];
                      found.sequence = row.id(1);
                      found.read_up_to = row.id(2);
                      found.changes = row.id(3);
                      found.notice_count = row.id(4);
                    }));
  return sql::query_in(
      connection_, "SELECT account, empathy, comment, thread, follow FROM setting WHERE account",
      "", accounts, {}, [&](const sql::Row& row) {
        recipients_[AccountId{row.id(0)}].settings = {.empathy = row.integer(1) != 0,
                                                      .comment = row.integer(2) != 0,
                                                      .thread = row.integer(3) != 0,
                                                      .follow = row.integer(4) != 0};
      });
}

Result<void> Ledger::expect_hidden(std::span<const Expected> all) {
  std::vector<sql::Value> pairs, reverse;
  for (const Expected& one : all) {
    if (!hidden_.try_emplace({one.key.recipient, one.person}).second) continue;
    for (const AccountId id : {one.key.recipient, one.person}) pairs.emplace_back(id.value);
    for (const AccountId id : {one.person, one.key.recipient}) reverse.emplace_back(id.value);
  }
  constexpr std::string_view blocks = "SELECT account, target FROM block WHERE blocked = 1 AND";
  TRY(sql::query_tuples(
      connection_, blocks, {"account", "target"}, pairs,
      [&](const sql::Row& row) { hidden_[{AccountId{row.id(0)}, AccountId{row.id(1)}}] = true; }));
  TRY(sql::query_tuples(
      connection_, blocks, {"account", "target"}, reverse,
      [&](const sql::Row& row) { hidden_[{AccountId{row.id(1)}, AccountId{row.id(0)}}] = true; }));
  return sql::query_tuples(connection_, "SELECT account, target FROM mute WHERE muted = 1 AND",
                           {"account", "target"}, pairs, [&](const sql::Row& row) {
                             hidden_[{AccountId{row.id(0)}, AccountId{row.id(1)}}] = true;
                           });
}

Result<RecipientRow*> Ledger::recipient(AccountId account) {
  const auto [entry, is_new] = recipients_.try_emplace(account);
  RecipientRow* const found = &entry->second;
  if (!is_new) return found;
  TRY(connection_.query(
      "SELECT at_sequence, read_up_to, changes, notice_count FROM recipient WHERE account = ?",
      {account.value}, [&](const sql::Row& row) {
        found->sequence = row.id(0);
        found->read_up_to = row.id(1);
        found->changes = row.id(2);
        found->notice_count = row.id(3);
      }));
  TRY(connection_.query("SELECT empathy, comment, thread, follow FROM setting WHERE account = ?",
                        {account.value}, [&](const sql::Row& row) {
                          found->settings = {.empathy = row.integer(0) != 0,
                                             .comment = row.integer(1) != 0,
                                             .thread = row.integer(2) != 0,
                                             .follow = row.integer(3) != 0};
                        }));
  return found;
}

Result<NoticeRow*> Ledger::notice(const NoticeKey& key) {
  const auto [entry, is_new] = notices_.try_emplace(key);
  NoticeRow* const found = &entry->second;
  if (!is_new) return found;
  TRY(connection_.query(
      "SELECT kind, object, opened_ms, updated_ms, at_sequence, people_count "
      "FROM notice WHERE recipient = ? AND opened = ?",
      {key.recipient.value, key.opened}, [&](const sql::Row& row) { *found = to_notice(row, 0); }));
  return found;
}

Result<PersonRow*> Ledger::person(const NoticeKey& key, AccountId person) {
  const auto [entry, is_new] = people_.try_emplace({key, person});
  PersonRow* const found = &entry->second;
  if (!is_new) return found;
  TRY(
      connection_.query("SELECT item_count, latest FROM notice_person "
                        "WHERE recipient = ? AND opened = ? AND person = ?",
                        {key.recipient.value, key.opened, person.value}, [&](const sql::Row& row) {
                          found->item_count = row.id(0);
                          found->latest = row.id(1);
                        }));
  return found;
}

Result<ItemRow*> Ledger::item(const ItemKey& key) {
  const auto [entry, is_new] = items_.try_emplace(key);
  ItemRow* const found = &entry->second;
  if (!is_new) return found;
  TRY(connection_.query(
      "SELECT person, rev, opened, unix_ms FROM item WHERE object = ? AND "
      "source = ? AND kind = ? AND recipient = ?",
      {key.object, key.source, number_of(key.kind), key.recipient.value}, [&](const sql::Row& row) {
        found->person = AccountId{row.id(0)};
        found->rev = row.id(1);
        found->opened = row.id(2);
        found->unix_ms = row.integer(3);
      }));
  return found;
}

Result<bool> Ledger::is_hidden(AccountId viewer, AccountId person) {
  static const std::string text = "SELECT 1 FROM horizon WHERE " + people::hidden("?");
  const auto [entry, is_new] = hidden_.try_emplace({viewer, person});
  bool* const found = &entry->second;
  if (!is_new) return *found;
  TRY(connection_.query(
      text, {viewer.value, person.value, person.value, viewer.value, viewer.value, person.value},
      [&](const sql::Row&) { *found = true; }));
  return *found;
}

// What the database has is as before this batch; what the batch made or took away is in notices_.
Result<std::uint64_t> Ledger::newest_of(AccountId recipient, Kind kind, std::uint64_t object) {
  const auto cached = newest_.find({recipient, kind, object});
  if (cached != newest_.end()) return cached->second;
  std::uint64_t newest = 0;
  TRY(connection_.query(
      "SELECT opened, kind, object, opened_ms, updated_ms, at_sequence, people_count FROM notice "
      "WHERE recipient = ? AND kind = ? AND object = ?",
      {recipient.value, number_of(kind), object}, [&](const sql::Row& row) {
        const auto [entry, is_new] =
            notices_.try_emplace(NoticeKey{recipient, row.id(0)}, to_notice(row, 1));
        if (entry->second.is_there) newest = std::max(newest, row.id(0));
      }));
  for (auto entry = notices_.lower_bound({recipient, newest + 1});
       entry != notices_.end() && entry->first.recipient == recipient; ++entry) {
    const NoticeRow& row = entry->second;
    if (row.is_there && row.kind == kind && row.object == object) newest = entry->first.opened;
  }
  newest_[{recipient, kind, object}] = newest;
  return newest;
}

Result<void> Ledger::add(const ItemKey& key, ItemRow& item) {
  TRY_ASSIGN(RecipientRow* const recipient, this->recipient(key.recipient));
  TRY_ASSIGN(std::uint64_t opened, newest_of(key.recipient, key.kind, key.object));
  bool is_new = opened == 0;
  if (!is_new) {
    TRY_ASSIGN(const NoticeRow* const newest, notice({key.recipient, opened}));
    is_new = item.unix_ms - newest->opened_ms >= window_ms;
  }
  if (is_new) {
    TRY_ASSIGN(opened, open(key.recipient, key, item.unix_ms));
  } else {
    ++recipient->sequence;
  }
  const NoticeKey where{key.recipient, opened};
  TRY_ASSIGN(NoticeRow* const row, notice(where));
  // Of an empathy or a follow a person has one item, which is in no notice now: nothing to read.
  const bool is_single = key.kind == Kind::empathy || key.kind == Kind::follow;
  PersonRow* member = is_single ? &people_[{where, item.person}] : nullptr;
  if (member == nullptr) {
    TRY_ASSIGN(member, person(where, item.person));
  }
  if (member->item_count++ == 0) ++row->people_count;
  member->latest = recipient->sequence;
  row->sequence = recipient->sequence;
  row->updated_ms = std::max(row->updated_ms, item.unix_ms);
  member->is_changed = row->is_changed = item.is_changed = true;
  change(key.recipient, *recipient);
  item.opened = opened;
  return {};
}

Result<std::uint64_t> Ledger::open(AccountId account, const ItemKey& key, std::int64_t unix_ms) {
  TRY_ASSIGN(RecipientRow* const recipient, this->recipient(account));
  if (recipient->notice_count >= group_count_max) TRY(drop_oldest(account));
  const std::uint64_t opened = ++recipient->sequence;
  ++recipient->notice_count;
  notices_[{account, opened}] = {.kind = key.kind,
                                 .object = key.object,
                                 .opened_ms = unix_ms,
                                 .updated_ms = unix_ms,
                                 .sequence = opened,
                                 .is_there = true,
                                 .is_changed = true};
  newest_[{account, key.kind, key.object}] = opened;
  return opened;
}

Result<void> Ledger::remove(const ItemKey& key, ItemRow& item) {
  if (item.opened == 0) return {};
  const NoticeKey where{key.recipient, item.opened};
  item.opened = 0;
  item.is_changed = true;
  TRY_ASSIGN(NoticeRow* const row, notice(where));
  if (!row->is_there) return {};  // it went before
  TRY_ASSIGN(RecipientRow* const recipient, this->recipient(key.recipient));
  change(key.recipient, *recipient);
  TRY_ASSIGN(PersonRow* const member, person(where, item.person));
  if (member->item_count == 0) return {};
  --member->item_count;
  member->is_changed = row->is_changed = true;
  if (member->item_count != 0) return {};
  if (--row->people_count == 0) return drop(where);
  return {};
}

Result<void> Ledger::drop(const NoticeKey& key) {
  TRY_ASSIGN(NoticeRow* const row, notice(key));
  TRY_ASSIGN(RecipientRow* const recipient, this->recipient(key.recipient));
  row->is_there = false;
  row->is_changed = false;
  --recipient->notice_count;
  recipient->is_changed = true;
  newest_.erase({key.recipient, row->kind, row->object});
  dropped_.push_back(key);
  return {};
}

Result<void> Ledger::drop_oldest(AccountId recipient) {
  std::optional<std::pair<std::uint64_t, std::uint64_t>> oldest;  // sequence, opened
  const auto look = [&](std::uint64_t sequence, std::uint64_t opened) {
    if (!oldest || sequence < oldest->first) oldest = {sequence, opened};
  };
  TRY(connection_.query("SELECT opened, at_sequence FROM notice WHERE recipient = ?",
                        {recipient.value}, [&](const sql::Row& row) {
                          if (!notices_.contains({recipient, row.id(0)}))
                            look(row.id(1), row.id(0));
                        }));
  for (auto entry = notices_.lower_bound({recipient, 0});
       entry != notices_.end() && entry->first.recipient == recipient; ++entry)
    if (entry->second.is_there) look(entry->second.sequence, entry->first.opened);
  if (!oldest) return {};
  return drop({recipient, oldest->second});
}

void Ledger::change(AccountId account, RecipientRow& recipient) {
  ++recipient.changes;
  recipient.is_changed = true;
  changed_.insert(account);
}

Result<void> Ledger::drop_all(std::uint64_t object) {
  std::vector<NoticeKey> keys;
  TRY(connection_.query("SELECT recipient, opened FROM notice WHERE object = ? AND kind <> ?",
                        {object, number_of(Kind::follow)}, [&](const sql::Row& row) {
                          keys.push_back({AccountId{row.id(0)}, row.id(1)});
                        }));
  for (const NoticeKey& key : keys) {
    TRY(drop(key));
    TRY_ASSIGN(RecipientRow* const recipient, this->recipient(key.recipient));
    change(key.recipient, *recipient);
  }
  return {};
}

Result<void> Ledger::write() {
  for (const NoticeKey& key : dropped_) {
    TRY(connection_.execute("DELETE FROM notice WHERE recipient = ? AND opened = ?",
                            {key.recipient.value, key.opened}));
    TRY(connection_.execute("DELETE FROM notice_person WHERE recipient = ? AND opened = ?",
                            {key.recipient.value, key.opened}));
  }
  TRY(write_recipients());
  TRY(write_notices());
  TRY(write_people());
  TRY(write_items());
  recipients_.clear();
  notices_.clear();
  newest_.clear();
  people_.clear();
  items_.clear();
  hidden_.clear();
  dropped_.clear();
  return {};
}

Result<void> Ledger::write_recipients() {
  std::vector<sql::Value> values;
  for (const auto& [account, row] : recipients_) {
    if (!row.is_changed) continue;
    const sql::Value columns[] = {account.value, row.sequence, row.read_up_to, row.changes,
                                  row.notice_count};
    values.insert(values.end(), std::begin(columns), std::end(columns));
  }
  return connection_.insert_rows(
      "INSERT INTO recipient (account, at_sequence, read_up_to, changes, notice_count)",
      "ON CONFLICT (account) DO UPDATE SET at_sequence = excluded.at_sequence, "
      "read_up_to = excluded.read_up_to, changes = excluded.changes, "
      "notice_count = excluded.notice_count",
      5, values);
}

Result<void> Ledger::write_notices() {
  std::vector<sql::Value> values;
  for (const auto& [key, row] : notices_) {
    if (!row.is_there || !row.is_changed) continue;
    const sql::Value columns[] = {key.recipient.value, key.opened,      number_of(row.kind),
                                  row.object,          row.opened_ms,   row.updated_ms,
                                  row.sequence,        row.people_count};
    values.insert(values.end(), std::begin(columns), std::end(columns));
  }
  return connection_.insert_rows(
      "INSERT INTO notice (recipient, opened, kind, object, opened_ms, updated_ms, at_sequence, "
      "people_count)",
      "ON CONFLICT (recipient, opened) DO UPDATE SET updated_ms = excluded.updated_ms, "
      "at_sequence = excluded.at_sequence, people_count = excluded.people_count",
      8, values);
}

Result<void> Ledger::write_people() {
  std::vector<sql::Value> values;
  for (const auto& [key, row] : people_) {
    if (!row.is_changed || !notices_.at(key.first).is_there) continue;
    if (row.item_count == 0) {
      TRY(connection_.execute(
          "DELETE FROM notice_person WHERE recipient = ? AND opened = ? AND person = ?",
          {key.first.recipient.value, key.first.opened, key.second.value}));
      continue;
    }
    const sql::Value columns[] = {key.first.recipient.value, key.first.opened, key.second.value,
                                  row.item_count, row.latest};
    values.insert(values.end(), std::begin(columns), std::end(columns));
  }
  return connection_.insert_rows(
      "INSERT INTO notice_person (recipient, opened, person, item_count, latest)",
      "ON CONFLICT (recipient, opened, person) DO UPDATE SET item_count = excluded.item_count, "
      "latest = excluded.latest",
      5, values);
}

Result<void> Ledger::write_items() {
  std::vector<sql::Value> values;
  for (const auto& [key, row] : items_) {
    if (!row.is_changed) continue;
    const sql::Value columns[] = {key.object,          key.source,       number_of(key.kind),
                                  key.recipient.value, row.person.value, row.rev,
                                  row.opened,          row.unix_ms};
    values.insert(values.end(), std::begin(columns), std::end(columns));
  }
  return connection_.insert_rows(
      "INSERT INTO item (object, source, kind, recipient, person, rev, opened, unix_ms)",
      "ON CONFLICT (object, source, kind, recipient) DO UPDATE SET person = excluded.person, "
      "rev = excluded.rev, opened = excluded.opened, unix_ms = excluded.unix_ms",
      8, values);
}

}  // namespace matsuri::notification::internal
