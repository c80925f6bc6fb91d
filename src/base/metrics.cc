#include "base/metrics.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>

#include "base/assert.h"

namespace matsuri::metrics {
namespace {

std::string label_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? "" : ",";
    text += name;
    text += "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n')
        text += "\\n";
      else
        text += c;
    }
    text += '"';
  }
  return text;
}

std::string number_text(double value) {
  char buffer[40];
  const int size = std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return {buffer, static_cast<std::size_t>(size)};
}

void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::string_view value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {
  MATSURI_ASSERT(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<double> seconds_bounds() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
}

struct Registry::State {
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  struct Series {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
  };
  struct Family {
    Kind kind;
    std::string help;
    std::map<std::string, Series> series;  // by label text
  };

  Series& series(std::string_view name, std::string_view help, Kind kind, const Labels& labels) {
    auto found = families.find(name);
    if (found == families.end())
      found = families.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
    MATSURI_ASSERT(found->second.kind == kind, "a metric's name keeps its kind");
    return found->second.series[label_text(labels)];
  }

  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  std::map<std::uint64_t, std::function<void()>> collectors;
  std::uint64_t collector_next = 0;
};

Registry::Registry() : state_(std::make_shared<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(state_->mutex);
  auto& series = state_->series(name, help, State::Kind::counter, labels);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(state_->mutex);
  auto& series = state_->series(name, help, State::Kind::gauge, labels);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               std::vector<double> bounds, Labels labels) {
  const std::lock_guard lock(state_->mutex);
  auto& series = state_->series(name, help, State::Kind::histogram, labels);
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *series.histogram;
}

std::shared_ptr<void> Registry::gauge_from(std::string_view name, std::string_view help,
                                           Labels labels, std::function<double()> read) {
  const std::lock_guard lock(state_->mutex);
  state_->series(name, help, State::Kind::gauge, labels).read = std::move(read);
  return {nullptr, [state = state_, name = std::string(name), key = label_text(labels)](void*) {
            const std::lock_guard guard(state->mutex);
            const auto family = state->families.find(name);
            if (family != state->families.end()) family->second.series.erase(key);
          }};
}

std::shared_ptr<void> Registry::on_scrape(std::function<void()> collect) {
  const std::lock_guard lock(state_->mutex);
  const std::uint64_t key = state_->collector_next++;
  state_->collectors.emplace(key, std::move(collect));
  return {nullptr, [state = state_, key](void*) {
            const std::lock_guard guard(state->mutex);
            state->collectors.erase(key);
          }};
}

std::string Registry::to_text() const {
  static constexpr std::string_view kinds[] = {"counter", "gauge", "histogram"};
  const std::lock_guard lock(state_->mutex);
  for (const auto& [key, collect] : state_->collectors) collect();
  std::string out;
  for (const auto& [name, family] : state_->families) {
    if (family.series.empty()) continue;
    out += "# HELP " + name + ' ' + family.help + '\n';
    out += "# TYPE " + name + ' ';
    out += kinds[static_cast<std::size_t>(family.kind)];
    out += '\n';
    for (const auto& [labels, series] : family.series) {
      if (series.counter) append_sample(out, name, labels, std::to_string(series.counter->value()));
      if (series.read)
        append_sample(out, name, labels, number_text(series.read()));
      else if (series.gauge)
        append_sample(out, name, labels, std::to_string(series.gauge->value()));
      if (!series.histogram) continue;
      const Histogram& histogram = *series.histogram;
      std::uint64_t count = 0;
      const std::string comma = labels.empty() ? "" : ",";
      for (std::size_t bucket = 0; bucket <= histogram.bounds().size(); ++bucket) {
        count += histogram.count_in(bucket);
        const std::string bound =
            bucket < histogram.bounds().size() ? number_text(histogram.bounds()[bucket]) : "+Inf";
        append_sample(out, name + "_bucket", labels + comma + "le=\"" + bound + '"',
                      std::to_string(count));
      }
      append_sample(out, name + "_sum", labels, number_text(histogram.sum()));
      append_sample(out, name + "_count", labels, std::to_string(count));
    }
  }
  return out;
}

}  // namespace matsuri::metrics
