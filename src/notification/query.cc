#include "notification/query.h"

#include <string>

#include "people/query.h"

namespace matsuri::notification {
namespace {

constexpr std::uint64_t newest = (std::uint64_t{1} << 63) - 1;

// A condition on a row `n` of notice: somebody is in it whom the recipient may see. Three
// parameters, each the recipient.
const std::string& is_shown() {
  static const std::string text =
      " AND EXISTS (SELECT 1 FROM notice_person np WHERE np.recipient = n.recipient AND "
      "np.opened = n.opened AND NOT " +
      people::hidden("np.person") + ")";
  return text;
}

Result<std::uint64_t> read_mark(sql::Connection& connection, AccountId recipient) {
  TRY_ASSIGN(
      const auto mark,
      connection.integer("SELECT read_up_to FROM recipient WHERE account = ?", {recipient.value}));
  return static_cast<std::uint64_t>(mark.value_or(0));
}

// The newest people of a notice, and how many of them all are hidden.
Result<void> read_people(sql::Connection& connection, AccountId recipient, std::uint64_t opened,
                         Notice& notice) {
  static const std::string shown =
      "SELECT " + people::person_columns("p") +
      " FROM notice_person np JOIN person p ON p.id = np.person WHERE np.recipient = ? AND "
      "np.opened = ? AND NOT " +
      people::hidden("np.person") + " ORDER BY np.latest DESC LIMIT ?";
  TRY(connection.query(
      shown,
      {recipient.value, opened, recipient.value, recipient.value, recipient.value,
       static_cast<std::int64_t>(people_shown_max)},
      [&](const sql::Row& row) { notice.people.push_back(people::to_person(row, 0)); }));
  // Few are hidden from anybody, and many may be in a notice: look for those few.
  TRY_ASSIGN(
      const auto hidden_count,
      connection.integer(
          "SELECT COUNT(*) FROM (SELECT target AS person FROM block WHERE account = ? AND "
          "blocked = 1 UNION SELECT account FROM block WHERE target = ? AND blocked = 1 UNION "
          "SELECT target FROM mute WHERE account = ? AND muted = 1) h CROSS JOIN notice_person np "
          "ON np.recipient = ? AND np.opened = ? AND np.person = h.person",
          {recipient.value, recipient.value, recipient.value, recipient.value, opened}));
  notice.people_count -= static_cast<std::uint64_t>(hidden_count.value_or(0));
  return {};
}

}  // namespace

Result<Page> read_page(sql::Connection& connection, const PageQuery& query) {
  static const std::string text =
      "SELECT n.opened, n.kind, n.object, n.updated_ms, n.at_sequence, n.people_count "
      "FROM notice n WHERE n.recipient = ? AND n.at_sequence < ?" +
      is_shown() + " ORDER BY n.at_sequence DESC LIMIT ?";
  const std::uint64_t recipient = query.recipient.value;
  TRY_ASSIGN(const std::uint64_t mark, read_mark(connection, query.recipient));
  Page page;
  std::vector<std::uint64_t> opened;
  TRY(connection.query(text,
                       {recipient, query.before != 0 ? query.before : newest, recipient, recipient,
                        recipient, static_cast<std::int64_t>(query.count_max + 1)},
                       [&](const sql::Row& row) {
                         const auto kind = static_cast<Kind>(row.integer(1));
                         opened.push_back(row.id(0));
                         page.notices.push_back(
                             {.sequence = row.id(4),
                              .kind = kind,
                              .post = kind == Kind::follow ? PostId{} : PostId{row.id(2)},
                              .people_count = row.id(5),
                              .updated_unix_ms = row.integer(3),
                              .is_unread = row.id(4) > mark});
                       }));
  if (page.notices.size() > query.count_max) {
    page.notices.pop_back();
    page.next = page.notices.back().sequence;
  }
  for (std::size_t index = 0; index < page.notices.size(); ++index)
    TRY(read_people(connection, query.recipient, opened[index], page.notices[index]));
  // A name that is a moment behind what its owner did is waited for.
  std::erase_if(page.notices, [](const Notice& notice) { return notice.people.empty(); });
  TRY_ASSIGN(page.unread_count, count_unread(connection, query.recipient));
  return page;
}

Result<std::uint32_t> count_unread(sql::Connection& connection, AccountId recipient) {
  static const std::string text =
      "SELECT COUNT(*) FROM notice n WHERE n.recipient = ? AND n.at_sequence > ?" + is_shown();
  TRY_ASSIGN(const std::uint64_t mark, read_mark(connection, recipient));
  TRY_ASSIGN(const auto count, connection.integer(text, {recipient.value, mark, recipient.value,
                                                         recipient.value, recipient.value}));
  return static_cast<std::uint32_t>(count.value_or(0));
}

Result<std::uint64_t> newest_sequence(sql::Connection& connection, AccountId recipient) {
  TRY_ASSIGN(
      const auto sequence,
      connection.integer("SELECT at_sequence FROM recipient WHERE account = ?", {recipient.value}));
  return static_cast<std::uint64_t>(sequence.value_or(0));
}

Result<std::vector<ChosenSettings>> read_all_settings(sql::Connection& connection) {
  std::vector<ChosenSettings> all;
  const bool is_sqlite = connection.engine() == sql::Engine::sqlite;
  TRY_ASSIGN(
      const auto table_count,
      connection.integer(is_sqlite ? "SELECT COUNT(*) FROM sqlite_master WHERE name = 'setting'"
                                   : "SELECT COUNT(*) FROM information_schema.tables WHERE "
                                     "table_schema = DATABASE() AND table_name = 'setting'"));
  if (table_count.value_or(0) == 0) return all;
  TRY(connection.query("SELECT account, empathy, comment, thread, follow FROM setting", {},
                       [&](const sql::Row& row) {
                         all.push_back({.account = AccountId{row.id(0)},
                                        .settings = {.empathy = row.integer(1) != 0,
                                                     .comment = row.integer(2) != 0,
                                                     .thread = row.integer(3) != 0,
                                                     .follow = row.integer(4) != 0}});
                       }));
  return all;
}

Result<void> write_settings(sql::Connection& connection, std::span<const ChosenSettings> all) {
  std::vector<sql::Value> values;
  for (const auto& [account, settings] : all) {
    const sql::Value row[] = {account.value, std::int64_t{settings.empathy},
                              std::int64_t{settings.comment}, std::int64_t{settings.thread},
                              std::int64_t{settings.follow}};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO setting (account, empathy, comment, thread, follow)",
      "ON CONFLICT (account) DO UPDATE SET empathy = excluded.empathy, comment = excluded.comment, "
      "thread = excluded.thread, follow = excluded.follow",
      5, values);
}

Result<Settings> read_settings(sql::Connection& connection, AccountId account) {
  Settings settings;
  TRY(connection.query("SELECT empathy, comment, thread, follow FROM setting WHERE account = ?",
                       {account.value}, [&](const sql::Row& row) {
                         settings = {.empathy = row.integer(0) != 0,
                                     .comment = row.integer(1) != 0,
                                     .thread = row.integer(2) != 0,
                                     .follow = row.integer(3) != 0};
                       }));
  return settings;
}

}  // namespace matsuri::notification
