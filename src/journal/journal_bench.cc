// What a record costs apart from the disk: to append, to read, and to look through at the start.
// How many become durable in a second is measured by bench/journal.cc.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "io/sim_disk.h"
#include "journal/internal/scan.h"
#include "journal/reader.h"
#include "journal/writer.h"

namespace matsuri::journal {
namespace {

constexpr std::size_t payload_size = 200;
constexpr std::uint64_t read_count = 10'000;

RecordHeader header_of(std::uint64_t id) {
  return {.id = id, .unix_ms = 1, .account = AccountId{1}, .kind = EventKind::publish_post};
}

// A journal on a disk that costs next to nothing.
struct Bench {
  io::SimDisk disk;
  std::string payload = std::string(payload_size, 'x');
  std::unique_ptr<Writer> writer = open();

  std::unique_ptr<Writer> open() {
    WriterOptions options;
    options.folder = "journal";
    options.files = &disk;
    return Writer::open(options).value();
  }
  bool fill() {
    for (std::uint64_t id = 1; id <= read_count; ++id)
      if (!writer->append_and_wait(header_of(id), as_bytes(payload)).ok()) return false;
    return true;
  }
};

void append_one(benchmark::State& state) {
  Bench bench;
  std::uint64_t id = 0;
  for (auto _ : state) {
    // Where the next segment is on its way, the answer is busy: waiting for it is not appending.
    while (!bench.writer->append_and_wait(header_of(id + 1), as_bytes(bench.payload)).ok()) {
    }
    ++id;
  }
  if (bench.writer->durable_offset() != id) state.SkipWithError("wrong answer");
  state.SetItemsProcessed(state.iterations());
}

void read_all(benchmark::State& state) {
  Bench bench;
  if (!bench.fill()) return state.SkipWithError("busy");
  for (auto _ : state) {
    const auto reader = Reader::open(bench.disk, "journal", bench.writer->origin()).value();
    std::vector<StoredRecord> records;
    std::uint64_t count = 0;
    do {
      if (!reader->read(read_count, 1024, 1 << 20, records).ok())
        return state.SkipWithError("unreadable");
      count += records.size();
    } while (!records.empty());
    if (count != read_count) return state.SkipWithError("wrong answer");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(read_count));
}

void scan_segment(benchmark::State& state) {
  Bench bench;
  if (!bench.fill()) return state.SkipWithError("busy");
  const SegmentName name{.incarnation = bench.writer->origin().incarnation, .first_offset = 1};
  const auto file = bench.disk.open("journal/" + name.to_string(), io::OpenMode::read).value();
  for (auto _ : state) {
    const auto scanned = internal::scan_segment(*file, name);
    if (!scanned.ok() || scanned->end_offset != read_count)
      return state.SkipWithError("wrong answer");
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(WriterOptions{}.segment_size));
}

BENCHMARK(append_one);
BENCHMARK(read_all);
BENCHMARK(scan_segment);

}  // namespace
}  // namespace matsuri::journal
