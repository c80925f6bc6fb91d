// What a Writer shows on /metrics.
#pragma once

#include <memory>
#include <vector>

#include "base/metrics.h"

namespace matsuri::journal::internal {

// Series of one journal, told apart by the name of its folder. All null without a registry.
struct WriterMetrics {
  metrics::Counter* records = nullptr;
  metrics::Counter* batches = nullptr;
  metrics::Counter* bytes = nullptr;
  metrics::Histogram* sync_seconds = nullptr;
  std::vector<std::shared_ptr<void>> gauges;

  static WriterMetrics make(metrics::Registry* registry, const std::string& folder) {
    WriterMetrics made;
    if (!registry) return made;
    const metrics::Labels labels{{"journal", folder.substr(folder.find_last_of('/') + 1)}};
    made.records = &registry->counter("matsuri_journal_records_total", "Durable records.", labels);
    made.batches = &registry->counter("matsuri_journal_batches_total",
                                      "Group commits: one write and one fdatasync each.", labels);
    made.bytes = &registry->counter("matsuri_journal_bytes_total", "Durable bytes.", labels);
    made.sync_seconds =
        &registry->histogram("matsuri_journal_sync_seconds", "Time of one write and fdatasync.",
                             metrics::seconds_bounds(), labels);
    return made;
  }
};

}  // namespace matsuri::journal::internal
