#include "points/projection.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/sentence.h"
#include "sql/list.h"

namespace matsuri::points {
namespace {

// points_purse is the sum of postings, kept as it grows. points_hold has the holds that are open.
constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE points_place (
  id {ID} NOT NULL PRIMARY KEY,
  world {INT} NOT NULL,
  seq {ID} NOT NULL
) {TABLE_OPTIONS};
INSERT INTO points_place (id, world, seq) VALUES (1, 0, 0);
CREATE TABLE points_purse (
  kind {ID} NOT NULL,
  id {TEXT(64)} NOT NULL,
  version {ID} NOT NULL,
  balance {INT} NOT NULL,
  held {INT} NOT NULL,
  PRIMARY KEY (kind, id)
) {CLUSTERED_OPTIONS};
CREATE TABLE points_posting (
  account {ID} NOT NULL,
  seq {ID} NOT NULL,
  posting_key {BLOB(16)} NOT NULL,
  unix_ms {ID} NOT NULL,
  amount {INT} NOT NULL,
  balance_after {INT} NOT NULL,
  held_after {INT} NOT NULL,
  counterpart {TEXT(96)} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  actor {ID} NOT NULL,
  PRIMARY KEY (account, seq)
) {CLUSTERED_OPTIONS};
CREATE TABLE points_hold (
  id {TEXT(64)} NOT NULL PRIMARY KEY,
  account {ID} NOT NULL,
  amount {INT} NOT NULL,
  until_ms {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE INDEX points_hold_by_until ON points_hold (until_ms))"},
};

std::int64_t signed_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

Result<Purses> read_purses(sql::Connection& connection, std::span<const Posted> ledger) {
  std::set<PurseName> names;
  for (const Posted& posted : ledger)
    for (const Left& left : posted.left)
      if (left.is_purse()) names.insert(left.name);
  std::vector<sql::Value> keys;
  for (const auto& [kind, id] : names) keys.insert(keys.end(), {std::uint32_t{kind}, id});
  Purses purses;
  if (keys.empty()) return purses;
  TRY(sql::query_tuples(
      connection, "SELECT kind, id, version, balance, held FROM points_purse WHERE ",
      {"kind", "id"}, keys, [&](const sql::Row& row) {
        purses[{static_cast<sequencer::KindIndex>(row.id(0)), std::string(row.text(1))}] = {
            .version = row.id(2), .balance = row.integer(3), .held = row.integer(4)};
      }));
  return purses;
}

Result<void> write_purses(sql::Connection& connection, const Purses& purses) {
  std::vector<sql::Value> values;
  for (const auto& [name, state] : purses)
    values.insert(values.end(), {std::uint32_t{name.first}, name.second, state.version,
                                 state.balance, state.held});
  if (values.empty()) return {};
  return connection.insert_rows("INSERT INTO points_purse (kind, id, version, balance, held)",
                                "ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version,"
                                " balance = excluded.balance, held = excluded.held",
                                5, values);
}

// Where an account's points came from, or went to: what they were held for says less. Of a trade
// the hold says most: there may be many others.
std::string counterpart_of(const Posted& posted) {
  const Left* found = nullptr;
  for (const Left& left : posted.left) {
    if (!left.is_purse() || left.name.first == account_kind) continue;
    if (left.name.first == hold_kind && is_trade_hold(left.name.second))
      return to_string(left.name);
    if (found == nullptr || found->name.first == hold_kind) found = &left;
  }
  return found == nullptr ? std::string() : to_string(found->name);
}

struct PostingRow {
  const Posted* posted = nullptr;
  const Left* account = nullptr;
  std::uint64_t number = 0;
  std::string with;
};

Result<void> write_postings(sql::Connection& connection, std::span<const Posted> ledger) {
  std::vector<PostingRow> rows;
  for (const Posted& posted : ledger)
    for (const Left& left : posted.left) {
      if (left.name.first != account_kind) continue;
      const auto account = parse_id_as<AccountId>(left.name.second);
      if (!account) return Error(Code::corrupt, "points: an account without a number");
      rows.push_back({&posted, &left, account->value, counterpart_of(posted)});
    }
  std::vector<sql::Value> values;
  for (const PostingRow& row : rows) {
    const sequencer::StoredCommand& command = row.posted->command;
    values.insert(
        values.end(),
        {row.number, command.seq, Bytes(std::as_bytes(std::span(command.key.bytes))),
         command.time_ms, row.account->posting(), row.account->balance(),
         row.account->state.get(account_held), row.with, command.reason, command.actor.value});
  }
  if (values.empty()) return {};
  return connection.insert_rows(
      "INSERT INTO points_posting (account, seq, posting_key, unix_ms, amount, balance_after,"
      " held_after, counterpart, reason, actor)",
      "", 10, values);
}

Result<void> write_holds(sql::Connection& connection, std::span<const Posted> ledger) {
  for (const Posted& posted : ledger)
    for (const Left& left : posted.left) {
      if (left.name.first != hold_kind) continue;
      if (left.state.get(hold_state_field) == signed_of(static_cast<std::uint8_t>(HoldState::held)))
        TRY(connection.execute(
            "INSERT INTO points_hold (id, account, amount, until_ms) VALUES (?, ?, ?, ?)",
            {left.name.second, left.state.get(hold_account), left.state.get(hold_amount),
             left.state.get(hold_until_ms)}));
      else
        TRY(connection.execute("DELETE FROM points_hold WHERE id = ?", {left.name.second}));
    }
  return {};
}

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

Result<Place> read_place(sql::Connection& connection) {
  Place place;
  TRY(connection.query("SELECT world, seq FROM points_place WHERE id = 1", {},
                       [&](const sql::Row& row) { place = {row.id(0), row.id(1)}; }));
  return place;
}

Result<std::vector<Fault>> apply(sql::Connection& connection, std::span<const Posted> ledger,
                                 const Place& from, const Place& to) {
  TRY_ASSIGN(const std::uint64_t count,
             connection.execute("UPDATE points_place SET world = ?, seq = ?"
                                " WHERE id = 1 AND world = ? AND seq = ?",
                                {signed_of(to.world), to.seq, signed_of(from.world), from.seq}));
  if (count != 1) return Error(Code::conflict, "points: somebody else has read on");
  TRY_ASSIGN(Purses purses, read_purses(connection, ledger));
  std::vector<Fault> faults;
  for (const Posted& posted : ledger)
    for (Fault& fault : post(posted, purses)) faults.push_back(std::move(fault));
  TRY(write_purses(connection, purses));
  TRY(write_postings(connection, ledger));
  TRY(write_holds(connection, ledger));
  return faults;
}

Result<void> forget_projection(sql::Connection& connection) {
  for (const char* table : {"points_purse", "points_posting", "points_hold"})
    TRY(connection.execute(std::string("DELETE FROM ") + table));
  TRY(connection.execute("UPDATE points_place SET world = 0, seq = 0 WHERE id = 1"));
  return {};
}

Result<std::vector<Posting>> read_postings(sql::Connection& connection, AccountId account,
                                           std::uint64_t before, std::size_t count_max) {
  std::string text =
      "SELECT seq, posting_key, unix_ms, amount, balance_after, held_after, counterpart, reason,"
      " actor FROM points_posting WHERE account = ?";
  std::vector<sql::Value> parameters = {account.value};
  if (before != 0) {
    text += " AND seq < ?";
    parameters.emplace_back(before);
  }
  text += " ORDER BY seq DESC LIMIT ?";
  parameters.emplace_back(std::uint64_t{count_max});
  std::vector<Posting> postings;
  TRY(connection.query(text, parameters, [&](const sql::Row& row) {
    Posting& posting = postings.emplace_back(Posting{.seq = row.id(0),
                                                     .key = {},
                                                     .time_ms = row.integer(2),
                                                     .amount = row.integer(3),
                                                     .balance_after = row.integer(4),
                                                     .held_after = row.integer(5),
                                                     .with = std::string(row.text(6)),
                                                     .reason = std::string(row.text(7)),
                                                     .by = AccountId{row.id(8)}});
    const Bytes key = row.blob(1);
    std::memcpy(posting.key.bytes.data(), key.data(),
                std::min(key.size(), posting.key.bytes.size()));
  }));
  return postings;
}

Result<std::vector<Hold>> read_overdue(sql::Connection& connection, std::int64_t now_ms,
                                       std::size_t count_max) {
  std::vector<Hold> holds;
  TRY(
      connection.query("SELECT id, account, amount, until_ms FROM points_hold"
                       " WHERE until_ms > 0 AND until_ms < ? ORDER BY until_ms LIMIT ?",
                       {now_ms, std::uint64_t{count_max}}, [&](const sql::Row& row) {
                         auto id = HoldId::parse(row.text(0));
                         if (!id) return;
                         holds.push_back({.id = std::move(*id),
                                          .account = AccountId{row.id(1)},
                                          .title = {},
                                          .amount = row.integer(2),
                                          .until_ms = row.integer(3)});
                       }));
  return holds;
}

Result<std::vector<std::string>> examine_projection(sql::Connection& connection,
                                                    std::size_t line_count_max) {
  std::vector<std::string> lines;
  const auto add = [&](std::string line) {
    if (lines.size() < line_count_max) lines.push_back("points: " + std::move(line));
  };
  std::map<std::string, PurseState> sums;
  std::int64_t sum = 0;
  TRY(connection.query(
      "SELECT account, amount, balance_after, held_after FROM points_posting"
      " ORDER BY account, seq",
      {}, [&](const sql::Row& row) {
        const std::string account = std::to_string(row.id(0));
        PurseState& state = sums[account];
        if (row.integer(2) != state.balance + row.integer(1))
          add(sentence("postings of account ", account, " do not add up to ", row.integer(2)));
        state.balance = row.integer(2);
        state.held = row.integer(3);
      }));
  std::int64_t held = 0, held_in_purses = 0;
  TRY(connection.query(
      "SELECT kind, id, balance, held FROM points_purse", {}, [&](const sql::Row& row) {
        sum += row.integer(2);
        if (row.id(0) == hold_kind) held += row.integer(2);
        held_in_purses += row.integer(3);
        if (row.id(0) != account_kind) return;
        const PurseState& state = sums[std::string(row.text(1))];
        if (state.balance != row.integer(2) || state.held != row.integer(3))
          add(sentence("account ", row.text(1), " has ", row.integer(2), " and ", row.integer(3),
                       " held, and by its postings ", state.balance, " and ", state.held));
      }));
  if (sum != 0) add(sentence("purses have ", sum, " in all, not 0"));
  if (held != held_in_purses)
    add(sentence("holds have ", held, ", and purses ", held_in_purses, " held"));
  TRY_ASSIGN(
      const auto open,
      connection.integer("SELECT CAST(COALESCE(SUM(amount), 0) AS INTEGER) FROM points_hold"));
  if (open.value_or(0) != held)
    add(sentence("open holds have ", open.value_or(0), ", and all holds ", held));
  return lines;
}

}  // namespace matsuri::points
