#include "bench/report.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace matsuri::bench {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

// JSON has no infinity and no NaN.
std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// For people: 226 413, 37.2, 0.123.
std::string shown(double value) {
  char text[40];
  const double size = std::fabs(value);
  std::snprintf(text, sizeof text, size >= 1000 ? "%.0f" : size >= 10 ? "%.1f" : "%.3f", value);
  std::string out = text;
  if (size < 10'000) return out;
  for (std::size_t at = out.size(); at > 3 + (value < 0 ? 1U : 0U);) out.insert(at -= 3, 1, ' ');
  return out;
}

[[noreturn]] void end_with_usage(std::string_view usage) {
  std::fprintf(stderr, "%.*s\n  [--out FILE] [--quick] [--case NAME]...\n",
               static_cast<int>(usage.size()), usage.data());
  std::exit(2);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

bool Options::wants(std::string_view name) const {
  return cases.empty() || std::find(cases.begin(), cases.end(), name) != cases.end();
}

Options parse_options(int argc, char** argv, std::string_view usage) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      options.quick = true;
    } else if (argument == "--out" && i + 1 < argc) {
      options.out = argv[++i];
    } else if (argument == "--case" && i + 1 < argc) {
      options.cases.emplace_back(argv[++i]);
    } else {
      end_with_usage(usage);
    }
  }
  return options;
}

double Compared::ratio(Better better) const {
  if (value == 0 || baseline_value == 0) return 0;
  return better == Better::larger ? value / baseline_value : baseline_value / value;
}

Report::Report(std::string bench, Options options)
    : bench_(std::move(bench)), options_(std::move(options)) {}

void Report::add(Row row) {
  if (rows_.empty())
    std::printf("%-14s %-28s %14s %14s %7s  %s\n", bench_.c_str(), "metric", "value", "baseline",
                "ratio", "checked");
  const bool compared = !row.baseline.empty();
  std::printf("%-14s %-28s %14s %14s %7s  %-3s  %s\n", row.name.c_str(), row.metric.c_str(),
              shown(row.figures.value).c_str(),
              compared ? shown(row.figures.baseline_value).c_str() : "-",
              compared ? shown(row.figures.ratio(row.better)).c_str() : "-",
              row.checked ? "yes" : "NO", row.baseline.c_str());
  std::fflush(stdout);
  rows_.push_back(std::move(row));
}

int Report::finish() const {
  std::string json = "[";
  bool checked = !rows_.empty();
  for (const Row& row : rows_) {
    const bool compared = !row.baseline.empty();
    json += json.size() > 1 ? ",\n" : "\n";
    json += "{\"bench\":" + quoted(bench_) + ",\"case\":" + quoted(row.name) +
            ",\"metric\":" + quoted(row.metric) + ",\"value\":" + number(row.figures.value) +
            ",\"unit\":" + quoted(row.unit) + ",\"baseline\":" + quoted(row.baseline) +
            ",\"baseline_value\":" + (compared ? number(row.figures.baseline_value) : "null") +
            ",\"ratio\":" + (compared ? number(row.figures.ratio(row.better)) : "null") +
            ",\"checked\":" + (row.checked ? "true" : "false") + "}";
    checked = checked && row.checked;
  }
  json += "\n]\n";
  if (!options_.out.empty()) {
    std::ofstream file(options_.out, std::ios::binary | std::ios::trunc);
    file << json;
    file.close();
    if (!file) {
      say("cannot write " + options_.out);
      return 1;
    }
  }
  return checked ? 0 : 1;
}

std::vector<Compared> compare(int pair_count, const Run& subject, const Run& baseline) {
  std::vector<std::vector<Compared>> pairs_of;  // by figure
  for (int pair = 0; pair < pair_count; ++pair) {
    std::vector<double> values, baseline_values;
    if (pair % 2 == 0) values = subject();
    baseline_values = baseline();
    if (pair % 2 != 0) values = subject();
    pairs_of.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      pairs_of[i].push_back({.value = values[i], .baseline_value = baseline_values.at(i)});
  }
  std::vector<Compared> medians;
  for (std::vector<Compared>& pairs : pairs_of) {
    const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2);
    std::nth_element(pairs.begin(), middle, pairs.end(), [](const Compared& a, const Compared& b) {
      return a.ratio(Better::larger) < b.ratio(Better::larger);
    });
    medians.push_back(*middle);
  }
  return medians;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double seconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double cpu_seconds_of(int pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

void say(std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace matsuri::bench
