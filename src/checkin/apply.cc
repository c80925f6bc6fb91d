#include "checkin/apply.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "checkin/counts.h"
#include "checkin/model.h"
#include "sql/list.h"

namespace matsuri::checkin {
namespace {

struct Programme {
  std::string_view name;                // a record's text
  std::optional<std::int64_t> last_ms;  // of an attempt that counts
};

// Who tries to check in to what.
struct ViewerName {
  std::size_t programme = 0;  // in the batch
  AccountId account;

  auto operator<=>(const ViewerName&) const = default;
};

// A nonce is a view of a record's text, or of what was read.
struct Ticket {
  std::string_view nonce;
  std::uint32_t attempt_count = 0;
  bool is_changed = false;
};

// A row of the table.
struct Row {
  std::uint32_t window = 0;
  std::uint64_t id = 0;
  std::int64_t unix_ms = 0;
  Status status = Status::pending;
  GrantReason reason = GrantReason::none;
  std::uint64_t rev = 0;
  std::int64_t points = 0;
  std::string campaign;
  std::string event;
  std::string_view nonce;
  bool is_changed = false;
};

// All that one account has in one programme.
struct Viewer {
  ViewerName name;
  std::vector<Ticket> tickets;  // one over the bound at most
  std::vector<Row> windows;     // by window

  // Why what came with that ticket is void.
  GrantReason reason_of(std::string_view nonce) const {
    const auto ticket = std::ranges::find(tickets, nonce, &Ticket::nonce);
    if (ticket != tickets.end() && ticket->attempt_count > attempt_count_max)
      return GrantReason::too_many_attempts;
    return tickets.size() > ticket_count_max ? GrantReason::too_many_tickets : GrantReason::none;
  }
  // Makes it where it is missing.
  Row& row_of(std::uint32_t window) {
    auto row = std::ranges::lower_bound(windows, window, {}, &Row::window);
    if (row == windows.end() || row->window != window)
      row = windows.insert(row, {.window = window});
    return *row;
  }
};

// One batch of attempts on its way into the tables.
class AttemptBatch {
 public:
  AttemptBatch(sql::Connection& connection, std::span<const stream::Record> records,
               stream::BatchResult& result)
      : connection_(connection), records_(records), result_(result) {}

  Result<void> run() {
    list_viewers();
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

  void list_viewers() {
    std::vector<std::pair<ViewerName, std::size_t>> names;
    names.reserve(records_.size());
    for (std::size_t index = 0; index < records_.size(); ++index)
      if (const auto* const attempt = std::get_if<CheckinAttempted>(&records_[index].event))
        names.push_back(
            {{programme_of(attempt->programme), records_[index].header.account}, index});
    std::ranges::sort(names);
    viewers_.reserve(names.size());
    viewer_of_.resize(records_.size());
    for (const auto& [name, index] : names) {
      if (viewers_.empty() || viewers_.back().name != name)
        viewers_.push_back({.name = name, .tickets = {}, .windows = {}});
      viewer_of_[index] = viewers_.size() - 1;
    }
  }
  // Mostly there is one only.
  std::size_t programme_of(std::string_view name) {
    if (!programmes_.empty() && programmes_.back().name == name) return programmes_.size() - 1;
    const auto [known, is_new] = programme_indices_.try_emplace(name, programmes_.size());
    if (is_new) programmes_.push_back({.name = name, .last_ms = {}});
    return known->second;
  }

  // What was there before is read first: the applier is the only writer.
  Result<void> read_known() {
    std::vector<sql::Value> accounts;
    for (std::size_t low = 0, high = 0; low < viewers_.size(); low = high) {
      const std::size_t programme = viewers_[low].name.programme;
      accounts.clear();
      for (; high < viewers_.size() && viewers_[high].name.programme == programme; ++high)
        accounts.emplace_back(viewers_[high].name.account.value);
      TRY(read_known(std::span(viewers_).subspan(low, high - low), accounts));
    }
    return {};
  }

  // `viewers` are all of one programme, and `accounts` theirs.
  Result<void> read_known(std::span<Viewer> viewers, std::span<const sql::Value> accounts) {
    const std::string_view programme = programmes_[viewers.front().name.programme].name;
    const auto viewer_of = [&](const sql::Row& row) -> Viewer& {
      const ViewerName name{viewers.front().name.programme, AccountId{row.id(0)}};
      return *std::ranges::lower_bound(viewers, name, {}, &Viewer::name);
    };
    TRY(sql::query_in(connection_, "SELECT account, nonce, attempts FROM ticket WHERE account",
                      " AND programme = ?", accounts, {programme}, [&](const sql::Row& row) {
                        viewer_of(row).tickets.push_back(
                            {.nonce = keep(row.blob(1)),
                             .attempt_count = static_cast<std::uint32_t>(row.id(2))});
                      }));
    return sql::query_in(
        connection_,
        "SELECT account, window_id, id, unix_ms, status, reason, rev, points, campaign, event, "
        "nonce FROM checkin WHERE account",
        " AND programme = ?", accounts, {programme}, [&](const sql::Row& row) {
          const auto window = static_cast<std::uint32_t>(row.id(1));
          viewer_of(row).row_of(window) = {.window = window,
                                           .id = row.id(2),
                                           .unix_ms = row.integer(3),
                                           .status = static_cast<Status>(row.integer(4)),
                                           .reason = static_cast<GrantReason>(row.integer(5)),
                                           .rev = row.id(6),
                                           .points = row.integer(7),
                                           .campaign = std::string(row.text(8)),
                                           .event = std::string(row.text(9)),
                                           .nonce = keep(row.blob(10))};
        });
  }
  std::string_view keep(Bytes nonce) { return kept_.emplace_back(as_text(nonce)); }

  void decide(std::size_t index) {
    const stream::Record& record = records_[index];
    const CheckinAttempted& attempt = attempt_of(record);
    const bool is_ok = attempt.result == CheckinResult::ok;
    if (!record.header.account || !is_programme(attempt.programme))
      return result_.refuse(index, Code::invalid, "of nobody, or to no programme");
    if (is_ok && attempt.window == 0)
      return result_.refuse(index, Code::invalid, "ok, and no window was open");
    Viewer& viewer = viewers_[viewer_of_[index]];
    std::optional<std::int64_t>& last_ms = programmes_[viewer.name.programme].last_ms;
    last_ms = std::max(last_ms.value_or(0), record.header.unix_ms);
    counts_.attempt(attempt.programme, record.header.unix_ms, attempt.result);
    count(viewer, attempt.nonce);
    take_back(viewer, record.header.unix_ms);
    if (!is_ok) return;
    Row& row = viewer.row_of(attempt.window);
    if (row.id != 0) return result_.duplicate(index);
    check_in(viewer, record, row);
  }

  // Tickets beyond the first over the bound change nothing more.
  static void count(Viewer& viewer, std::string_view nonce) {
    auto ticket = std::ranges::find(viewer.tickets, nonce, &Ticket::nonce);
    if (ticket == viewer.tickets.end()) {
      if (viewer.tickets.size() > ticket_count_max) return;
      ticket = viewer.tickets.insert(ticket, {.nonce = nonce});
    }
    if (ticket->attempt_count > attempt_count_max) return;
    ++ticket->attempt_count;
    ticket->is_changed = true;
  }

  // Asks points for nothing more where a bound was passed by now.
  void take_back(Viewer& viewer, std::int64_t unix_ms) {
    for (Row& row : viewer.windows) {
      if (row.id == 0 || row.status != Status::pending || row.reason != GrantReason::none) continue;
      row.reason = viewer.reason_of(row.nonce);
      if (row.reason == GrantReason::none) continue;
      ++row.rev;
      row.is_changed = true;
      tell(viewer.name, row, unix_ms);
    }
  }

  void check_in(const Viewer& viewer, const stream::Record& record, Row& row) {
    const CheckinAttempted& attempt = attempt_of(record);
    const bool is_settled = row.status != Status::pending;  // told by points before the attempt
    row.id = record.header.id;
    row.unix_ms = record.header.unix_ms;
    row.nonce = attempt.nonce;
    row.is_changed = true;
    if (attempt.campaign.size() <= campaign_size_max) row.campaign = attempt.campaign;
    if (!is_settled) begin(viewer, record, row);
    counts_.come({.programme = attempt.programme,
                  .window = attempt.window,
                  .campaign = row.campaign,
                  .status = row.status,
                  .reason = row.reason},
                 row.points);
  }

  // Due, or void from the start.
  void begin(const Viewer& viewer, const stream::Record& record, Row& row) {
    const CheckinAttempted& attempt = attempt_of(record);
    row.event = grant_event(attempt.programme, attempt.window, viewer.name.account);
    row.points = attempt.points;
    row.rev = 1;
    row.reason = viewer.reason_of(attempt.nonce);
    if (row.reason == GrantReason::none && attempt.campaign.size() > campaign_size_max)
      row.reason = GrantReason::no_campaign;
    if (row.reason != GrantReason::none)
      row.status = Status::voided;
    else
      tell(viewer.name, row, row.unix_ms);
  }

  void tell(const ViewerName& name, const Row& row, std::int64_t unix_ms) {
    result_.fact(GrantDue{.account = name.account,
                          .programme = std::string(programmes_[name.programme].name),
                          .window = row.window,
                          .rev = row.rev,
                          .event = row.event,
                          .campaign = row.campaign,
                          .points = row.points,
                          .void_reason = row.reason},
                 unix_ms, name.account);
  }

  Result<void> write_tickets() {
    std::vector<sql::Value> values;
    values.reserve(records_.size() * 4);
    for (const Viewer& viewer : viewers_)
      for (const Ticket& ticket : viewer.tickets)
        if (ticket.is_changed)
          values.insert(values.end(),
                        {programmes_[viewer.name.programme].name, viewer.name.account.value,
                         as_bytes(ticket.nonce), ticket.attempt_count});
    return connection_.insert_rows(
        "INSERT INTO ticket (programme, account, nonce, attempts)",
        "ON CONFLICT (programme, account, nonce) DO UPDATE SET attempts = excluded.attempts", 4,
        values);
  }

  Result<void> write_checkins() {
    std::vector<sql::Value> values;
    values.reserve(records_.size() * 12);
    for (const Viewer& viewer : viewers_)
      for (const Row& row : viewer.windows) {
        if (!row.is_changed) continue;
        values.insert(values.end(),
                      {viewer.name.account.value, programmes_[viewer.name.programme].name,
                       row.window, row.id, row.unix_ms, static_cast<std::int64_t>(row.status),
                       static_cast<std::int64_t>(row.reason), row.rev, row.points, row.campaign,
                       row.event, as_bytes(row.nonce)});
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
    for (const Programme& programme : programmes_)
      if (programme.last_ms) values.insert(values.end(), {programme.name, *programme.last_ms});
    return connection_.insert_rows(
        "INSERT INTO programme (name, last_unix_ms)",
        "ON CONFLICT (name) DO UPDATE SET last_unix_ms = CASE WHEN excluded.last_unix_ms > "
        "last_unix_ms THEN excluded.last_unix_ms ELSE last_unix_ms END",
        2, values);
  }

  sql::Connection& connection_;
  std::span<const stream::Record> records_;
  stream::BatchResult& result_;
  // By name: neighbours in an index are read, and written, one after the other.
  std::vector<Viewer> viewers_;
  std::vector<std::size_t> viewer_of_;  // of each record
  std::deque<std::string> kept_;        // nonces that were read
  std::vector<Programme> programmes_;
  std::map<std::string_view, std::size_t> programme_indices_;
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
