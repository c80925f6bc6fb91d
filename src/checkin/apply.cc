#include "checkin/apply.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "checkin/counts.h"
#include "checkin/model.h"
#include "sql/list.h"

namespace matsuri::checkin {
namespace {

// Who tries to check in to what. Views of the records' text, or of what was read.
struct ViewerName {
  AccountId account;
  std::string_view programme;

  auto operator<=>(const ViewerName&) const = default;
};

struct ViewerHash {
  std::size_t operator()(const ViewerName& name) const {
    return std::hash<AccountId>{}(name.account) ^ std::hash<std::string_view>{}(name.programme);
  }
};

struct Ticket {
  std::uint32_t attempt_count = 0;
  bool is_changed = false;
};

// A row of the table.
struct Row {
  std::uint64_t id = 0;
  std::int64_t unix_ms = 0;
  Status status = Status::pending;
  GrantReason reason = GrantReason::none;
  std::uint64_t rev = 0;
  std::int64_t points = 0;
  std::string campaign;
  std::string event;
  std::string nonce;
  bool is_changed = false;
};

// All that one account has in one programme.
struct Viewer {
  std::map<std::string, Ticket, std::less<>> tickets;  // one over the bound at most
  std::map<std::uint32_t, Row> windows;

  // Why what came with that ticket is void.
  GrantReason reason_of(std::string_view nonce) const {
    const auto ticket = tickets.find(nonce);
    if (ticket != tickets.end() && ticket->second.attempt_count > attempt_count_max)
      return GrantReason::too_many_attempts;
    return tickets.size() > ticket_count_max ? GrantReason::too_many_tickets : GrantReason::none;
  }
};

// One batch of attempts on its way into the tables.
class AttemptBatch {
 public:
  AttemptBatch(sql::Connection& connection, std::span<const stream::Record> records,
               stream::BatchResult& result)
      : connection_(connection), records_(records), result_(result) {}

  Result<void> run() {
    TRY(read_known());
    for (std::size_t index = 0; index < records_.size(); ++index)
      if (std::holds_alternative<CheckinAttempted>(records_[index].event)) decide(index);
    TRY(write_tickets());
    TRY(write_checkins());
    TRY(write_programmes());
    return counts_.write(connection_);
  }

 private:
  static const CheckinAttempted& attempt_of(const stream::Record& record) {
    return std::get<CheckinAttempted>(record.event);
  }
  static ViewerName name_of(const stream::Record& record) {
    return {record.header.account, attempt_of(record).programme};
  }

  // What was there before is read first: the applier is the only writer.
  Result<void> read_known() {
    names_.reserve(records_.size());
    for (const stream::Record& record : records_)
      if (std::holds_alternative<CheckinAttempted>(record.event)) names_.push_back(name_of(record));
    std::ranges::sort(names_);
    names_.erase(std::ranges::unique(names_).begin(), names_.end());
    viewers_.reserve(names_.size());
    std::vector<sql::Value> values;
    values.reserve(names_.size() * 2);
    for (const ViewerName& name : names_) {
      viewers_.try_emplace(name);
      values.emplace_back(name.account.value);
      values.emplace_back(name.programme);
    }
    if (values.empty()) return {};
    TRY(sql::query_tuples(
        connection_, "SELECT account, programme, nonce, attempts FROM ticket WHERE",
        {"account", "programme"}, values, [&](const sql::Row& row) {
          viewer_of(row).tickets.emplace(
              as_text(row.blob(2)), Ticket{.attempt_count = static_cast<std::uint32_t>(row.id(3))});
        }));
    return sql::query_tuples(
        connection_,
        "SELECT account, programme, window_id, id, unix_ms, status, reason, rev, points, "
        "campaign, event, nonce FROM checkin WHERE",
        {"account", "programme"}, values, [&](const sql::Row& row) {
          viewer_of(row).windows.emplace(static_cast<std::uint32_t>(row.id(2)),
                                         Row{.id = row.id(3),
                                             .unix_ms = row.integer(4),
                                             .status = static_cast<Status>(row.integer(5)),
                                             .reason = static_cast<GrantReason>(row.integer(6)),
                                             .rev = row.id(7),
                                             .points = row.integer(8),
                                             .campaign = std::string(row.text(9)),
                                             .event = std::string(row.text(10)),
                                             .nonce = std::string(as_text(row.blob(11)))});
        });
  }
  Viewer& viewer_of(const sql::Row& row) {
    return viewers_.at({AccountId{row.id(0)}, row.text(1)});
  }

  void decide(std::size_t index) {
    const stream::Record& record = records_[index];
    const CheckinAttempted& attempt = attempt_of(record);
    const bool is_ok = attempt.result == CheckinResult::ok;
    if (!record.header.account || !is_programme(attempt.programme))
      return result_.refuse(index, Code::invalid, "of nobody, or to no programme");
    if (is_ok && attempt.window == 0)
      return result_.refuse(index, Code::invalid, "ok, and no window was open");
    const auto viewer = viewers_.find(name_of(record));
    std::int64_t& last_ms = programmes_[viewer->first.programme];
    last_ms = std::max(last_ms, record.header.unix_ms);
    counts_.attempt(attempt.programme, record.header.unix_ms, attempt.result);
    count(viewer->second, attempt.nonce);
    take_back(viewer->first, viewer->second, record.header.unix_ms);
    if (!is_ok) return;
    Row& row = viewer->second.windows[attempt.window];
    if (row.id != 0) return result_.duplicate(index);
    check_in(viewer->first, viewer->second, record, row);
  }

  // Tickets beyond the first over the bound change nothing more.
  static void count(Viewer& viewer, const std::string& nonce) {
    auto ticket = viewer.tickets.find(nonce);
    if (ticket == viewer.tickets.end()) {
      if (viewer.tickets.size() > ticket_count_max) return;
      ticket = viewer.tickets.try_emplace(nonce).first;
    }
    if (ticket->second.attempt_count > attempt_count_max) return;
    ++ticket->second.attempt_count;
    ticket->second.is_changed = true;
  }

  // Asks points for nothing more where a bound was passed by now.
  void take_back(const ViewerName& name, Viewer& viewer, std::int64_t unix_ms) {
    for (auto& [window, row] : viewer.windows) {
      if (row.id == 0 || row.status != Status::pending || row.reason != GrantReason::none) continue;
      row.reason = viewer.reason_of(row.nonce);
      if (row.reason == GrantReason::none) continue;
      ++row.rev;
      row.is_changed = true;
      tell(name, window, row, unix_ms);
    }
  }

  void check_in(const ViewerName& name, const Viewer& viewer, const stream::Record& record,
                Row& row) {
    const CheckinAttempted& attempt = attempt_of(record);
    const bool is_settled = row.status != Status::pending;  // told by points before the attempt
    row.id = record.header.id;
    row.unix_ms = record.header.unix_ms;
    row.nonce = attempt.nonce;
    row.is_changed = true;
    if (attempt.campaign.size() <= campaign_size_max) row.campaign = attempt.campaign;
    if (!is_settled) begin(name, viewer, record, row);
    counts_.come({.programme = attempt.programme,
                  .window = attempt.window,
                  .campaign = row.campaign,
                  .status = row.status,
                  .reason = row.reason},
                 row.points);
  }

  // Due, or void from the start.
  void begin(const ViewerName& name, const Viewer& viewer, const stream::Record& record, Row& row) {
    const CheckinAttempted& attempt = attempt_of(record);
    row.event = grant_event(attempt.programme, attempt.window, name.account);
    row.points = attempt.points;
    row.rev = 1;
    row.reason = viewer.reason_of(attempt.nonce);
    if (row.reason == GrantReason::none && attempt.campaign.size() > campaign_size_max)
      row.reason = GrantReason::no_campaign;
    if (row.reason != GrantReason::none)
      row.status = Status::voided;
    else
      tell(name, attempt.window, row, row.unix_ms);
  }

  void tell(const ViewerName& name, std::uint32_t window, const Row& row, std::int64_t unix_ms) {
    result_.fact(GrantDue{.account = name.account,
                          .programme = std::string(name.programme),
                          .window = window,
                          .rev = row.rev,
                          .event = row.event,
                          .campaign = row.campaign,
                          .points = row.points,
                          .void_reason = row.reason},
                 unix_ms, name.account);
  }

  Result<void> write_tickets() {
    std::vector<sql::Value> values;
    for (const ViewerName& name : names_)
      for (const auto& [nonce, ticket] : viewers_.at(name).tickets) {
        if (!ticket.is_changed) continue;
        const sql::Value row[] = {name.programme, name.account.value, as_bytes(nonce),
                                  ticket.attempt_count};
        values.insert(values.end(), std::begin(row), std::end(row));
      }
    return connection_.insert_rows(
        "INSERT INTO ticket (programme, account, nonce, attempts)",
        "ON CONFLICT (programme, account, nonce) DO UPDATE SET attempts = excluded.attempts", 4,
        values);
  }

  Result<void> write_checkins() {
    std::vector<sql::Value> values;
    for (const ViewerName& name : names_)
      for (const auto& [window, one] : viewers_.at(name).windows) {
        if (!one.is_changed) continue;
        const sql::Value row[] = {name.account.value,
                                  name.programme,
                                  window,
                                  one.id,
                                  one.unix_ms,
                                  static_cast<std::int64_t>(one.status),
                                  static_cast<std::int64_t>(one.reason),
                                  one.rev,
                                  one.points,
                                  one.campaign,
                                  one.event,
                                  as_bytes(one.nonce)};
        values.insert(values.end(), std::begin(row), std::end(row));
      }
    return connection_.insert_rows(
        "INSERT INTO checkin (account, programme, window_id, id, unix_ms, status, reason, rev, "
        "points, campaign, event, nonce)",
        "ON CONFLICT (account, programme, window_id) DO UPDATE SET id = excluded.id, "
        "unix_ms = excluded.unix_ms, status = excluded.status, reason = excluded.reason, "
        "rev = excluded.rev, points = excluded.points, campaign = excluded.campaign, "
        "event = excluded.event, nonce = excluded.nonce",
        12, values);
  }

  Result<void> write_programmes() {
    std::vector<sql::Value> values;
    for (const auto& [programme, last_ms] : programmes_) {
      const sql::Value row[] = {programme, last_ms};
      values.insert(values.end(), std::begin(row), std::end(row));
    }
    return connection_.insert_rows(
        "INSERT INTO programme (name, last_unix_ms)",
        "ON CONFLICT (name) DO UPDATE SET last_unix_ms = CASE WHEN excluded.last_unix_ms > "
        "last_unix_ms THEN excluded.last_unix_ms ELSE last_unix_ms END",
        2, values);
  }

  sql::Connection& connection_;
  std::span<const stream::Record> records_;
  stream::BatchResult& result_;
  // Sorted: neighbours in an index are read, and written, one after the other.
  std::vector<ViewerName> names_;
  std::unordered_map<ViewerName, Viewer, ViewerHash> viewers_;
  std::map<std::string_view, std::int64_t> programmes_;
  Counts counts_;
};

// Up to where inboxes are in the journal.
Result<void> note_places(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<std::string> files;
  files.reserve(records.size());  // values point into it
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* const read = std::get_if<InboxRead>(&record.event);
    if (read == nullptr) continue;
    files.push_back(to_hex(as_bytes(read->file)));
    const sql::Value row[] = {files.back(), read->offset, record.header.id,
                              std::string_view(read->name).substr(0, 255)};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO inbox_place (file, at_offset, rev, name)",
      "ON CONFLICT (file) DO UPDATE SET at_offset = CASE WHEN excluded.rev > rev THEN "
      "excluded.at_offset ELSE at_offset END, name = CASE WHEN excluded.rev > rev THEN "
      "excluded.name ELSE name END, rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev "
      "END",
      4, values);
}

using CheckinName = std::tuple<AccountId, std::string, std::uint32_t>;

// Check-ins that points speak of, as they are counted now; those whose attempt was not read yet are
// not.
struct KnownCheckin {
  CountedCheckin as;
  std::int64_t points = 0;
};
Result<std::map<CheckinName, KnownCheckin>> read_counted(sql::Connection& connection,
                                                         std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  values.reserve(records.size() * 3);
  for (const stream::Record& record : records) {
    const auto& fact = std::get<GrantSettled>(record.event);
    const sql::Value name[] = {fact.account.value, fact.programme, fact.window};
    values.insert(values.end(), std::begin(name), std::end(name));
  }
  std::map<CheckinName, KnownCheckin> known;
  TRY(sql::query_tuples(
      connection,
      "SELECT account, programme, window_id, id, campaign, status, reason, points FROM checkin "
      "WHERE",
      {"account", "programme", "window_id"}, values, [&](const sql::Row& row) {
        if (row.id(3) == 0) return;
        const auto window = static_cast<std::uint32_t>(row.id(2));
        known.try_emplace({AccountId{row.id(0)}, std::string(row.text(1)), window},
                          KnownCheckin{.as = {.programme = std::string(row.text(1)),
                                              .window = window,
                                              .campaign = std::string(row.text(4)),
                                              .status = static_cast<Status>(row.integer(5)),
                                              .reason = static_cast<GrantReason>(row.integer(6))},
                                       .points = row.integer(7)});
      }));
  return known;
}

Result<void> count_settled(sql::Connection& connection, std::span<const stream::Record> records) {
  TRY_ASSIGN(auto known, read_counted(connection, records));
  Counts counts;
  for (const stream::Record& record : records) {
    const auto& fact = std::get<GrantSettled>(record.event);
    const auto found = known.find({fact.account, fact.programme, fact.window});
    if (found == known.end()) continue;
    KnownCheckin& one = found->second;
    counts.gone(one.as, one.points);
    one.as.status = status_of(fact.outcome);
    one.as.reason = fact.reason;
    one.points = fact.points;
    counts.come(one.as, one.points);
  }
  return counts.write(connection);
}

// What points say holds; after a restore they may say something else, and the last word counts.
Result<void> settle(sql::Connection& connection, std::span<const stream::Record> records) {
  TRY(count_settled(connection, records));
  const std::string no_nonce(16, '\0');
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto& fact = std::get<GrantSettled>(record.event);
    const sql::Value row[] = {fact.account.value,
                              fact.programme,
                              fact.window,
                              std::int64_t{0},
                              std::int64_t{0},
                              static_cast<std::int64_t>(status_of(fact.outcome)),
                              static_cast<std::int64_t>(fact.reason),
                              std::int64_t{0},
                              fact.points,
                              "",
                              fact.event,
                              as_bytes(no_nonce)};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO checkin (account, programme, window_id, id, unix_ms, status, reason, rev, "
      "points, campaign, event, nonce)",
      "ON CONFLICT (account, programme, window_id) DO UPDATE SET status = excluded.status, "
      "reason = excluded.reason, points = excluded.points",
      12, values);
}

}  // namespace

Result<void> CheckinView::apply(sql::Connection& connection,
                                std::span<const stream::Record> records,
                                stream::BatchResult& result) {
  const auto is_fact = [](const stream::Record& record) {
    return std::holds_alternative<GrantSettled>(record.event);
  };
  // A journal gives commands only, an outbox facts only.
  if (std::ranges::all_of(records, is_fact)) return settle(connection, records);
  if (std::ranges::any_of(records, is_fact))
    return Error(Code::corrupt, "an origin gives both commands and facts");
  TRY(AttemptBatch(connection, records, result).run());
  return note_places(connection, records);
}

}  // namespace matsuri::checkin
