#include "analytics/query.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace matsuri::analytics {
namespace {

// So many reasons are told apart while a report is made, whatever games invent.
constexpr std::size_t reason_memory_count_max = 1000;

void add(Flow& sum, const Flow& flow) {
  sum.amount_in = add_up(sum.amount_in, flow.amount_in);
  sum.amount_out = add_up(sum.amount_out, flow.amount_out);
}
void add(Counts& sum, const Counts& counts) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += counts[i];
}
std::uint64_t size_of(const Flow& flow) { return add_up(flow.amount_in, flow.amount_out); }
std::uint64_t size_of(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

// Sums by reason, of which the largest are told and the others are one.
template <class Sum>
class ByReason {
 public:
  void put(std::string_view reason, const Sum& amount) {
    auto found = sums_.find(reason);
    if (found == sums_.end() && sums_.size() < reason_memory_count_max)
      found = sums_.try_emplace(std::string(reason)).first;
    if (found != sums_.end()) return add(found->second, amount);
    add(others_, amount);
    has_others_ = true;
  }
  template <class Row>
  std::vector<Row> take() {
    std::vector<Row> rows;
    for (auto& [reason, sum] : sums_) rows.push_back({reason, sum});
    std::ranges::sort(rows, [](const Row& a, const Row& b) {
      const std::uint64_t left = size_of(sum_of(a)), right = size_of(sum_of(b));
      return left != right ? left > right : a.reason < b.reason;
    });
    for (std::size_t i = reason_count_max; i < rows.size(); ++i) {
      add(others_, sum_of(rows[i]));
      has_others_ = true;
    }
    rows.resize(std::min(rows.size(), reason_count_max));
    if (has_others_) rows.push_back({std::nullopt, others_});
    return rows;
  }

 private:
  static const Counts& sum_of(const ReasonRow& row) { return row.commands; }
  static const Flow& sum_of(const FlowRow& row) { return row.flow; }

  std::map<std::string, Sum, std::less<>> sums_;
  Sum others_{};
  bool has_others_ = false;
};

struct Range {
  TitleId title;
  Day first = 0;
  Day last = 0;

  std::size_t index(const sql::Row& row, std::size_t column) const {
    return static_cast<std::size_t>(row.integer(column) - first);
  }
};

Result<void> read_days(sql::Connection& connection, const Range& range, Report& report) {
  const auto count = [&](std::string_view text, std::uint64_t DayRow::* member) {
    return connection.query(
        text, {range.title.value, range.first, range.last},
        [&](const sql::Row& row) { report.days[range.index(row, 0)].*member = row.id(1); });
  };
  TRY(
      count("SELECT day, COUNT(*) FROM active WHERE title = ? AND day >= ? AND day <= ?"
            " GROUP BY day",
            &DayRow::active));
  TRY(
      count("SELECT first_day, COUNT(*) FROM player WHERE title = ? AND first_day >= ?"
            " AND first_day <= ? GROUP BY first_day",
            &DayRow::first_time));
  return count(
      "SELECT first_day, COUNT(*) FROM arena WHERE title = ? AND first_day >= ?"
      " AND first_day <= ? GROUP BY first_day",
      &DayRow::raids);
}

Result<void> read_commands(sql::Connection& connection, const Range& range, Report& report) {
  ByReason<Counts> reasons;
  TRY(connection.query(
      "SELECT day, reason, applied, rejected, version_mismatch, linked_failed FROM command_day"
      " WHERE title = ? AND day >= ? AND day <= ?",
      {range.title.value, range.first, range.last}, [&](const sql::Row& row) {
        const Counts counts = {row.id(2), row.id(3), row.id(4), row.id(5)};
        add(report.days[range.index(row, 0)].commands, counts);
        reasons.put(row.text(1), counts);
      }));
  report.reasons = reasons.take<ReasonRow>();
  return {};
}

Result<void> read_cohorts(sql::Connection& connection, const Range& range, Day as_of,
                          Report& report) {
  const auto count = [&](const sql::Row& row, std::size_t column,
                         Day later) -> std::optional<std::uint64_t> {
    if (row.integer(0) + later >= as_of) return std::nullopt;
    return row.id(column);
  };
  return connection.query(
      "SELECT p.first_day, COUNT(*), COUNT(d1.account), COUNT(d7.account), COUNT(d30.account)"
      " FROM player p"
      " LEFT JOIN active d1 ON d1.title = p.title AND d1.account = p.account"
      " AND d1.day = p.first_day + 1"
      " LEFT JOIN active d7 ON d7.title = p.title AND d7.account = p.account"
      " AND d7.day = p.first_day + 7"
      " LEFT JOIN active d30 ON d30.title = p.title AND d30.account = p.account"
      " AND d30.day = p.first_day + 30"
      " WHERE p.title = ? AND p.first_day >= ? AND p.first_day <= ?"
      " GROUP BY p.first_day ORDER BY p.first_day",
      {range.title.value, range.first, range.last}, [&](const sql::Row& row) {
        report.cohorts.push_back({.day = static_cast<Day>(row.integer(0)),
                                  .accounts = row.id(1),
                                  .day_1 = count(row, 2, 1),
                                  .day_7 = count(row, 3, 7),
                                  .day_30 = count(row, 4, 30)});
      });
}

Result<void> read_economy(sql::Connection& connection, const Range& range, Report& report) {
  struct Field {
    FieldRow row;
    ByReason<Flow> reasons;
  };
  std::map<std::pair<std::string, std::string>, Field> fields;
  TRY(connection.query(
      "SELECT day, kind, field, reason, amount_in, amount_out FROM flow"
      " WHERE title = ? AND day >= ? AND day <= ?",
      {range.title.value, range.first, range.last}, [&](const sql::Row& row) {
        Field& field = fields[{std::string(row.text(1)), std::string(row.text(2))}];
        field.row.days.resize(report.days.size());
        const Flow flow{.amount_in = row.id(4), .amount_out = row.id(5)};
        add(field.row.total, flow);
        add(field.row.days[range.index(row, 0)], flow);
        field.reasons.put(row.text(3), flow);
      }));
  for (auto& [name, field] : fields) {
    field.row.kind = name.first;
    field.row.field = name.second;
    field.row.reasons = field.reasons.take<FlowRow>();
    report.fields.push_back(std::move(field.row));
  }
  std::ranges::sort(report.fields, [](const FieldRow& a, const FieldRow& b) {
    const std::uint64_t left = size_of(a.total), right = size_of(b.total);
    return left != right ? left > right : std::tie(a.kind, a.field) < std::tie(b.kind, b.field);
  });
  report.fields_left_out = report.fields.size() - std::min(report.fields.size(), field_count_max);
  report.fields.resize(report.fields.size() - report.fields_left_out);
  return {};
}

Result<void> read_raids(sql::Connection& connection, const Range& range, Report& report) {
  TRY(connection.query(
      "SELECT r.arena, r.first_ms, r.last_ms, (SELECT COUNT(*) FROM participant p"
      " WHERE p.title = r.title AND p.arena = r.arena) AS participants FROM arena r"
      " WHERE r.title = ? AND r.first_day >= ? AND r.first_day <= ?"
      " ORDER BY participants DESC, r.first_ms DESC, r.arena LIMIT ?",
      {range.title.value, range.first, range.last, std::uint64_t{raid_count_max}},
      [&](const sql::Row& row) {
        report.raids.push_back({.arena = std::string(row.text(0)),
                                .span = {.first_ms = row.integer(1), .last_ms = row.integer(2)},
                                .participants = row.id(3)});
      }));
  for (RaidRow& raid : report.raids)
    TRY(
        connection.query("SELECT applied, rejected + version_mismatch + linked_failed"
                         " FROM arena_command WHERE title = ? AND arena = ?",
                         {range.title.value, raid.arena}, [&](const sql::Row& row) {
                           raid.applied += row.id(0);
                           raid.refused += row.id(1);
                         }));
  return {};
}

}  // namespace

Result<std::vector<RunRow>> read_runs(sql::Connection& connection) {
  std::vector<RunRow> runs;
  TRY(connection.query(
      "SELECT id, state, asked_by, started_ms, ended_ms, done_count, total_count, command_count,"
      " error FROM run ORDER BY id DESC LIMIT ?",
      {std::uint64_t{run_count_max}}, [&](const sql::Row& row) {
        runs.push_back({.id = row.id(0),
                        .state = std::string(row.text(1)),
                        .asked_by = std::string(row.text(2)),
                        .started_ms = row.integer(3),
                        .ended_ms = row.integer(4),
                        .done_count = row.id(5),
                        .total_count = row.id(6),
                        .command_count = row.id(7),
                        .error = std::string(row.text(8))});
      }));
  return runs;
}

Result<std::int64_t> read_as_of(sql::Connection& connection) {
  TRY_ASSIGN(const auto as_of, connection.integer("SELECT as_of_ms FROM progress WHERE id = 1"));
  return as_of.value_or(0);
}

Result<std::vector<TitleRow>> read_titles(sql::Connection& connection) {
  std::vector<TitleRow> titles;
  TRY(connection.query(
      "SELECT title, MAX(day), SUM(applied + rejected + version_mismatch + linked_failed)"
      " FROM command_day GROUP BY title ORDER BY 2 DESC, 3 DESC, 1 LIMIT ?",
      {std::uint64_t{title_count_max}}, [&](const sql::Row& row) {
        titles.push_back({.title = TitleId{row.id(0)},
                          .last_day = static_cast<Day>(row.integer(1)),
                          .command_count = row.id(2)});
      }));
  return titles;
}

Result<Report> read_report(sql::Connection& connection, TitleId title, Day first, Day last) {
  const Range range{.title = title, .first = first, .last = last};
  Report report;
  report.days.resize(static_cast<std::size_t>(last - first) + 1);
  TRY_ASSIGN(report.as_of_ms, read_as_of(connection));
  TRY_ASSIGN(const auto as_of_day,
             connection.integer("SELECT as_of_day FROM progress WHERE id = 1"));
  TRY(read_days(connection, range, report));
  TRY(read_commands(connection, range, report));
  TRY(read_cohorts(connection, range, static_cast<Day>(as_of_day.value_or(0)), report));
  TRY(read_economy(connection, range, report));
  TRY(read_raids(connection, range, report));
  return report;
}

}  // namespace matsuri::analytics
