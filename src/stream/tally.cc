#include "stream/internal/tally.h"

#include <array>
#include <utility>

namespace matsuri::stream::internal {
namespace {

struct Series {
  std::string_view name;
  std::string_view help;
  std::uint64_t Counts::* count;
};

constexpr std::array counter_series = {
    Series{"matsuri_applier_read_total", "Records read from origins", &Counts::read},
    Series{"matsuri_applier_applied_total", "Records written into the view", &Counts::applied},
    Series{"matsuri_applier_duplicate_total", "Records that had been there", &Counts::duplicate},
    Series{"matsuri_applier_refused_total", "Commands refused when applied", &Counts::refused},
    Series{"matsuri_applier_not_mine_total", "Records of kinds the view does not want",
           &Counts::not_mine},
    Series{"matsuri_applier_quarantined_total", "Records that could not be applied",
           &Counts::quarantined},
};

// What a scrape updates: it owns the series' last values, because a Counter only adds.
struct Scrape {
  std::array<metrics::Counter*, counter_series.size()> counters;
  metrics::Gauge* in_flight;
  metrics::Gauge* lag;
};

}  // namespace

Tally::Tally(std::string_view view, metrics::Registry* registry,
             std::function<std::uint64_t()> lag) {
  if (!registry) return;
  const metrics::Labels labels = {{"view", std::string(view)}};
  Scrape scrape{};
  for (std::size_t index = 0; index < counter_series.size(); ++index)
    scrape.counters[index] =
        &registry->counter(counter_series[index].name, counter_series[index].help, labels);
  scrape.in_flight = &registry->gauge("matsuri_applier_in_flight",
                                      "Records read and neither applied nor set aside yet", labels);
  scrape.lag = &registry->gauge("matsuri_applier_lag",
                                "Records that origins have and the view has not read", labels);
  batch_count_ = &registry->histogram("matsuri_applier_batch_records", "Records in a transaction",
                                      {1, 4, 16, 64, 256, 1024, 4096, 16384}, labels);
  commit_seconds_ =
      &registry->histogram("matsuri_applier_commit_seconds", "From BEGIN to the end of COMMIT",
                           metrics::seconds_bounds(), labels);
  scrape_ = registry->on_scrape([this, scrape, lag = std::move(lag), last = Counts{}]() mutable {
    // In this order: a record that is in neither of the two when they are read is settled.
    const std::uint64_t unread = lag();
    const Counts now = counts();
    for (std::size_t index = 0; index < counter_series.size(); ++index) {
      const auto count = counter_series[index].count;
      scrape.counters[index]->add(now.*count - last.*count);
    }
    scrape.in_flight->set(static_cast<std::int64_t>(now.in_flight));
    scrape.lag->set(static_cast<std::int64_t>(unread));
    last = now;
  });
}

void Tally::take(std::uint64_t count, std::uint64_t wanted) {
  const std::lock_guard lock(mutex_);
  counts_.read += count;
  counts_.not_mine += count - wanted;
  counts_.in_flight += wanted;
}

void Tally::settle(const Counts& settled) {
  const std::lock_guard lock(mutex_);
  counts_.in_flight -= settled.settled();
  counts_.applied += settled.applied;
  counts_.duplicate += settled.duplicate;
  counts_.refused += settled.refused;
  counts_.not_mine += settled.not_mine;
  counts_.quarantined += settled.quarantined;
}

void Tally::observe_batch(std::size_t count) {
  if (batch_count_) batch_count_->observe(static_cast<double>(count));
}

void Tally::observe_commit(double seconds) {
  if (commit_seconds_) commit_seconds_->observe(seconds);
}

}  // namespace matsuri::stream::internal
