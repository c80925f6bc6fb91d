// The tables of each domain as the doctor reads them, and what must agree between them.
#include <algorithm>
#include <set>
#include <span>
#include <unordered_set>
#include <utility>

#include "model/event.h"
#include "ops/internal/tables.h"

namespace matsuri::ops::internal {
namespace {

constexpr std::string_view view_name = "timeline";

Position position_of(const sql::Row& row, std::size_t column) {
  return {.origin = {.region = static_cast<Region>(row.integer(column)),
                     .node = static_cast<Node>(row.integer(column + 1)),
                     .incarnation = row.id(column + 2)},
          .offset = row.id(column + 3)};
}

// A query that gives one row for everything that is wrong; `what` says why.
Result<void> expect_none(sql::Connection& connection, std::string_view query,
                         const std::string& what, Findings& findings) {
  std::uint64_t count = 0;
  std::string example;
  TRY(connection.query(query, {}, [&](const sql::Row& row) {
    if (count++ == 0) example = std::to_string(row.id(0));
  }));
  findings.add_count(count, what + ", like " + example);
  return {};
}

void note_fact(const Event& event, OutboxSeen& seen) {
  if (std::holds_alternative<PostPublished>(event)) ++seen.post_count;
  const auto* const changed = std::get_if<AccountChanged>(&event);
  if (changed == nullptr) return;
  AccountSeen& account = seen.accounts[changed->account.value];
  if (changed->rev >= account.rev)
    account = {.rev = changed->rev, .handle = changed->handle, .name = changed->name};
}

Result<OutboxSeen> read_outbox(sql::Connection& connection, const std::string& name,
                               Findings& findings) {
  OutboxSeen seen;
  TRY(connection.query("SELECT incarnation FROM stream_origin WHERE slot = 1", {},
                       [&](const sql::Row& row) { seen.incarnation = row.id(0); }));
  if (seen.incarnation == 0) findings.add(name + ": the outbox has no incarnation");
  std::uint64_t counter = 0;
  TRY(connection.query("SELECT amount FROM stream_counter WHERE name = 'outbox'", {},
                       [&](const sql::Row& row) { counter = row.id(0); }));
  std::uint64_t expected = 0;
  TRY(connection.query(
      "SELECT at_offset, kind, payload FROM outbox ORDER BY at_offset", {},
      [&](const sql::Row& row) {
        const std::uint64_t offset = row.id(0);
        if (expected == 0)
          seen.first_offset = offset;
        else if (offset != expected)
          findings.add(name + ": facts " + std::to_string(expected) + " to " +
                       std::to_string(offset - 1) + " are missing in the outbox");
        expected = offset + 1;
        const auto event = decode(static_cast<EventKind>(row.integer(1)), row.blob(2));
        if (event.ok())
          note_fact(event.value(), seen);
        else
          findings.add(name + ": fact " + std::to_string(offset) + ": " + event.error().message());
      }));
  seen.end_offset = expected == 0 ? 0 : expected - 1;
  if (seen.end_offset != counter)
    findings.add(name + ": the outbox ends with fact " + std::to_string(seen.end_offset) +
                 ", its counter says " + std::to_string(counter));
  return seen;
}

Result<void> read_dead_jobs(sql::Connection& connection, const std::string& name,
                            Findings& findings) {
  return connection.query(
      "SELECT id, kind, reason FROM dead_job ORDER BY id", {}, [&](const sql::Row& row) {
        findings.add(name + ": job " + std::to_string(row.id(0)) + " (" + std::string(row.text(1)) +
                     ") was given up: " + std::string(row.text(2)));
      });
}

Result<void> check_main_references(sql::Connection& connection, Findings& findings) {
  struct Reference {
    std::string_view table;
    std::string_view column;
    std::string_view target = "account";
  };
  // 0 stands for none where a row may lack what it names.
  constexpr Reference references[] = {{"session", "account"},
                                      {"token", "account"},
                                      {"block", "account"},
                                      {"block", "target"},
                                      {"mute", "account"},
                                      {"mute", "target"},
                                      {"imported_account", "account"},
                                      {"community", "owner"},
                                      {"community", "title", "title"},
                                      {"title", "main_community", "community"},
                                      {"imported_title", "title", "title"},
                                      {"imported_community", "community", "community"}};
  for (const auto& [table, column, target] : references) {
    const std::string query = "SELECT t." + std::string(column) + " FROM " + std::string(table) +
                              " t LEFT JOIN " + std::string(target) + " a ON a.id = t." +
                              std::string(column) + " WHERE a.id IS NULL AND t." +
                              std::string(column) + " <> 0";
    const std::string_view plural = target == "account" ? "accounts"
                                    : target == "title" ? "titles"
                                                        : "communities";
    TRY(expect_none(
        connection, query,
        "rows of " + std::string(table) + " name " + std::string(plural) + " that are not there",
        findings));
  }
  return {};
}

// The timeline's keys must lead to what was made, or refused, under them.
Result<void> check_keys(sql::Connection& connection, const TimelineSeen& seen,
                        const std::unordered_set<std::uint64_t>& aside_ids, Findings& findings) {
  const auto check = [&](std::string_view query, const std::string& what) -> Result<void> {
    std::uint64_t count = 0, example = 0;
    TRY(connection.query(query, {}, [&](const sql::Row& row) {
      const std::uint64_t id = row.id(0);
      if (std::ranges::binary_search(seen.post_ids, id) || aside_ids.contains(id)) return;
      ++count;
      example = id;
    }));
    findings.add_count(count, what + ", like " + std::to_string(example));
    return {};
  };
  TRY(check("SELECT post FROM idempotency", "idempotency keys lead to posts that are not there"));
  return check("SELECT post FROM imported_post", "imported ids lead to posts that are not there");
}

Result<void> read_asides(sql::Connection& connection, TimelineSeen& seen,
                         std::unordered_set<std::uint64_t>& ids, Findings& findings) {
  TRY(connection.query(
      "SELECT region, node, incarnation, at_offset, code, resource_id FROM refusal"
      " WHERE view_name = ?",
      {view_name}, [&](const sql::Row& row) {
        seen.asides[position_of(row, 0)] = row.integer(4) == 0 ? Aside::duplicate : Aside::refused;
        ids.insert(row.id(5));
      }));
  return connection.query(
      "SELECT region, node, incarnation, at_offset, record_id, reason FROM quarantine"
      " WHERE view_name = ?",
      {view_name}, [&](const sql::Row& row) {
        const Position position = position_of(row, 0);
        if (!seen.asides.emplace(position, Aside::quarantined).second)
          findings.add("record " + position.to_string() + " is refused and in quarantine");
        ids.insert(row.id(4));
        findings.add("record " + position.to_string() +
                     " is in quarantine: " + std::string(row.text(5)));
      });
}

}  // namespace

Result<void> check_engine(sql::Connection& connection, const std::string& name,
                          Findings& findings) {
  if (connection.engine() == sql::Engine::sqlite)
    return connection.query("PRAGMA integrity_check(20)", {}, [&](const sql::Row& row) {
      if (row.text(0) != "ok") findings.add(name + ": " + std::string(row.text(0)));
    });
  std::vector<std::string> tables;
  TRY(connection.query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", {},
      [&](const sql::Row& row) { tables.emplace_back(row.text(0)); }));
  for (const std::string& table : tables)
    TRY(connection.query("CHECK TABLE `" + table + "`", {}, [&](const sql::Row& row) {
      if (row.text(2) == "status" && row.text(3) == "OK") return;
      findings.add(name + ": table " + table + ": " + std::string(row.text(3)));
    }));
  return {};
}

Result<MainSeen> read_main(sql::Connection& connection, Findings& findings) {
  MainSeen seen;
  TRY_ASSIGN(seen.outbox, read_outbox(connection, "main", findings));
  TRY(read_dead_jobs(connection, "main", findings));
  TRY(connection.query("SELECT id, rev, handle, name FROM account", {}, [&](const sql::Row& row) {
    seen.accounts[row.id(0)] = {
        .rev = row.id(1), .handle = std::string(row.text(2)), .name = std::string(row.text(3))};
  }));
  TRY(connection.query("SELECT id FROM session UNION ALL SELECT id FROM token", {},
                       [&](const sql::Row& row) { seen.other_ids.push_back(row.id(0)); }));
  TRY(check_main_references(connection, findings));
  if (seen.outbox.first_offset != 1) return seen;
  for (const auto& [id, account] : seen.accounts) {
    const auto fact = seen.outbox.accounts.find(id);
    if (fact == seen.outbox.accounts.end())
      findings.add("account " + std::to_string(id) + " was never told to the other domains");
    else if (fact->second != account)
      findings.add("account " + std::to_string(id) + " differs from the newest fact about it");
  }
  return seen;
}

Result<TimelineSeen> read_timeline(sql::Connection& connection, Findings& findings) {
  TimelineSeen seen;
  TRY_ASSIGN(seen.outbox, read_outbox(connection, "timeline", findings));
  TRY(read_dead_jobs(connection, "timeline", findings));
  TRY(
      connection.query("SELECT region, node, incarnation, at_offset FROM view_position"
                       " WHERE view_name = ?",
                       {view_name}, [&](const sql::Row& row) {
                         const Position position = position_of(row, 0);
                         seen.positions[position.origin] = position.offset;
                       }));
  std::uint64_t deleted_count = 0;
  TRY(connection.query("SELECT id, deleted FROM post ORDER BY id", {}, [&](const sql::Row& row) {
    seen.post_ids.push_back(row.id(0));
    if (row.integer(1) != 0) ++deleted_count;
  }));
  TRY(connection.query("SELECT id, rev, handle, name FROM author", {}, [&](const sql::Row& row) {
    seen.authors[row.id(0)] = {
        .rev = row.id(1), .handle = std::string(row.text(2)), .name = std::string(row.text(3))};
  }));
  std::unordered_set<std::uint64_t> aside_ids;
  TRY(read_asides(connection, seen, aside_ids, findings));
  TRY(check_keys(connection, seen, aside_ids, findings));
  // Of a post that was deleted before it came nothing is told.
  const std::uint64_t told_count = seen.outbox.post_count;
  if (seen.outbox.first_offset == 1 &&
      (told_count > seen.post_ids.size() || told_count + deleted_count < seen.post_ids.size()))
    findings.add("the timeline has " + std::to_string(seen.post_ids.size()) +
                 " posts and told of " + std::to_string(seen.outbox.post_count));
  return seen;
}

Result<OtherSeen> read_other(sql::Connection& connection, const std::string& name,
                             Findings& findings) {
  // What must add up in a database's own tables: a query gives what does not.
  struct Sum {
    std::string_view database;
    std::string_view query;
    std::string_view what;
  };
  constexpr Sum sums[] = {
      {"empathy",
       "SELECT p.id FROM post p WHERE p.amount <> (SELECT COUNT(*) FROM empathy e WHERE e.post = "
       "p.id AND e.given = 1)",
       "posts have another count than people who feel empathy"},
      {"empathy",
       "SELECT e.post FROM empathy e LEFT JOIN post p ON p.id = e.post "
       "WHERE e.given = 1 AND (p.id IS NULL OR p.deleted = 1)",
       "empathies are with posts that have no count, or are deleted"},
      {"notification",
       "SELECT n.recipient FROM notice n WHERE n.people_count <> (SELECT COUNT(*) FROM "
       "notice_person np WHERE np.recipient = n.recipient AND np.opened = n.opened)",
       "notices have another count than people"},
      {"notification",
       "SELECT r.account FROM recipient r WHERE r.notice_count <> (SELECT COUNT(*) FROM notice n "
       "WHERE n.recipient = r.account)",
       "recipients have another count than notices"},
  };
  OtherSeen seen{.name = name, .outbox = {}, .positions = {}};
  TRY_ASSIGN(seen.outbox, read_outbox(connection, name, findings));
  TRY(read_dead_jobs(connection, name, findings));
  TRY(connection.query("SELECT region, node, incarnation, at_offset, reason FROM quarantine", {},
                       [&](const sql::Row& row) {
                         findings.add(name + ": record " + position_of(row, 0).to_string() +
                                      " is in quarantine: " + std::string(row.text(4)));
                       }));
  TRY(connection.query(
      "SELECT region, node, incarnation, at_offset FROM view_position", {},
      [&](const sql::Row& row) { seen.positions.push_back(position_of(row, 0)); }));
  for (const Sum& sum : sums)
    if (sum.database == name)
      TRY(expect_none(connection, sum.query, name + ": " + std::string(sum.what), findings));
  return seen;
}

void compare(const MainSeen& main, const TimelineSeen& timeline, Findings& findings) {
  bool is_current = false;
  for (const auto& [origin, offset] : timeline.positions) {
    if (origin.incarnation != main.outbox.incarnation) continue;
    is_current = offset == main.outbox.end_offset;
    if (offset > main.outbox.end_offset)
      findings.add("the timeline has read main's facts up to " + std::to_string(offset) +
                   ", and there are " + std::to_string(main.outbox.end_offset));
  }
  for (const auto& [id, author] : timeline.authors) {
    const auto account = main.accounts.find(id);
    if (account == main.accounts.end())
      findings.add("the timeline knows account " + std::to_string(id) + ", and main does not");
    else if (author.rev > account->second.rev ||
             (author.rev == account->second.rev && author != account->second))
      findings.add("the timeline's account " + std::to_string(id) + " differs from main's");
  }
  if (is_current)
    for (const auto& [id, account] : main.accounts) {
      const auto author = timeline.authors.find(id);
      if (author == timeline.authors.end() || author->second.rev < account.rev)
        findings.add("the timeline has read all facts, and does not know account " +
                     std::to_string(id) + " as it is");
    }
  std::vector<std::uint64_t> ids = timeline.post_ids;
  for (const auto& [id, account] : main.accounts) ids.push_back(id);
  ids.insert(ids.end(), main.other_ids.begin(), main.other_ids.end());
  std::ranges::sort(ids);
  for (auto same = std::ranges::adjacent_find(ids); same != ids.end();
       same = std::ranges::adjacent_find(std::next(same), ids.end()))
    findings.add("two things have the id " + std::to_string(*same));
}

}  // namespace matsuri::ops::internal
