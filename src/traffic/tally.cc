#include "traffic/tally.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/sentence.h"
#include "json/writer.h"

namespace matsuri::traffic {
namespace {

constexpr double percentiles[] = {0.5, 0.9, 0.99, 0.999, 0.9999};
constexpr std::string_view percentile_names[] = {"p50", "p90", "p99", "p99.9", "p99.99"};

struct Series {
  std::string_view name;
  const Histogram& histogram;
};
std::array<Series, 3> series_of(const Tally& tally) {
  return {Series{"ticket", tally.ticket_us}, Series{"check-in", tally.attempt_us},
          Series{"busy", tally.busy_us}};
}

std::uint64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

class Rows {
 public:
  explicit Rows(std::string& out) : out_(out) { out_ = "["; }

  void add(std::string_view name, std::string_view metric, double value, std::string_view unit) {
    out_ += out_.size() > 1 ? ",\n" : "\n";
    json::Writer(out_)
        .begin_object()
        .field("bench", "load")
        .field("case", name)
        .field("metric", metric)
        .field("value", value)
        .field("unit", unit)
        .end_object();
  }
  void add_counts(std::string_view name, const Counts& counts) {
    for (std::size_t i = 0; i < outcome_count; ++i)
      add(name, name_of(static_cast<Outcome>(i)), static_cast<double>(counts[i]), "requests");
  }
  void add_times(std::string_view name, const Histogram& histogram) {
    if (histogram.count() == 0) return;
    for (std::size_t i = 0; i < std::size(percentiles); ++i)
      add(name, percentile_names[i], static_cast<double>(histogram.at(percentiles[i])) / 1000,
          "ms");
    add(name, "max", static_cast<double>(histogram.max()) / 1000, "ms");
  }
  void finish() { out_ += "\n]\n"; }

 private:
  std::string& out_;
};

// A line of one number of each second.
template <class Number>
Line line_of(const Tally& tally, std::string name, const Number& number) {
  Line line{.name = std::move(name), .points = {}};
  for (std::size_t i = 0; i < tally.seconds.size(); ++i)
    line.points.emplace_back(static_cast<double>(i), static_cast<double>(number(tally.seconds[i])));
  return line;
}

Panel seconds_of(const Tally& tally) {
  const auto answered = [](Outcome outcome) {
    return [outcome](const Second& one) { return one.answered[static_cast<std::size_t>(outcome)]; };
  };
  Panel panel{.title = "Requests a second",
              .lines = {line_of(tally, "offered", [](const Second& one) { return one.offered; }),
                        line_of(tally, "ok", answered(Outcome::ok)),
                        line_of(tally, "busy", answered(Outcome::busy)),
                        line_of(tally, "all else", [](const Second& one) {
                          return std::accumulate(one.answered.begin(), one.answered.end(), 0U) -
                                 one.answered[static_cast<std::size_t>(Outcome::ok)] -
                                 one.answered[static_cast<std::size_t>(Outcome::busy)];
                        })}};
  panel.x_ticks = second_ticks(tally.seconds.size());
  return panel;
}

// As HDR histograms are drawn: each nine more is as far as the one before.
Panel times_of(const Tally& tally) {
  Panel panel{.title = "Milliseconds from when it was to be sent, to the answer",
              .is_log = true,
              .lines = {}};
  double most = 0;
  for (const Series& series : series_of(tally)) {
    if (series.histogram.count() == 0) continue;
    Line line{.name = std::string(series.name), .points = {}};
    const double nines = std::log10(static_cast<double>(series.histogram.count()));
    for (double x = 0; x <= nines; x += 0.02)
      line.points.emplace_back(
          x, static_cast<double>(series.histogram.at(1 - std::pow(10, -x))) / 1000);
    most = std::max(most, nines);
    panel.lines.push_back(std::move(line));
  }
  constexpr std::string_view names[] = {"all",     "90 %",     "99 %",     "99.9 %",
                                        "99.99 %", "99.999 %", "99.9999 %"};
  for (std::size_t i = 1; i < std::size(names) && static_cast<double>(i) <= most; ++i)
    panel.x_ticks.emplace_back(static_cast<double>(i), names[i]);
  return panel;
}

}  // namespace

std::string_view name_of(Kind kind) {
  constexpr std::string_view names[] = {"valid", "other channel", "replayed", "forged"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Outcome outcome) {
  constexpr std::string_view names[] = {"ok", "retry", "not_now", "busy", "refused", "failed"};
  return names[static_cast<std::size_t>(outcome)];
}

std::uint64_t Tally::count(Outcome outcome) const {
  const auto index = static_cast<std::size_t>(outcome);
  std::uint64_t all = tickets[index];
  for (const Counts& counts : attempts) all += counts[index];
  return all;
}

std::uint64_t Tally::request_count() const {
  std::uint64_t all = sum(tickets);
  for (const Counts& counts : attempts) all += sum(counts);
  return all;
}

double Tally::busy_share() const {
  const std::uint64_t all = request_count();
  return all == 0 ? 0 : static_cast<double>(count(Outcome::busy)) / static_cast<double>(all);
}

std::string rows_of(const Tally& tally) {
  std::string out;
  Rows rows(out);
  rows.add("load", "requests", static_cast<double>(tally.request_count()), "requests");
  rows.add("load", "busy", tally.busy_share() * 100, "%");
  std::uint32_t peak = 0;
  for (const Second& one : tally.seconds) peak = std::max(peak, one.offered);
  rows.add("load", "peak", peak, "1/s");
  rows.add_counts("ticket", tally.tickets);
  for (std::size_t i = 0; i < kind_count; ++i)
    rows.add_counts(name_of(static_cast<Kind>(i)), tally.attempts[i]);
  for (const Series& series : series_of(tally)) rows.add_times(series.name, series.histogram);
  rows.add_times("late", tally.late_us);
  rows.finish();
  return out;
}

std::string svg_of(const Tally& tally, std::string_view title, std::vector<Panel> others) {
  others.insert(others.begin(), {seconds_of(tally), times_of(tally)});
  return to_svg(title, others);
}

}  // namespace matsuri::traffic
