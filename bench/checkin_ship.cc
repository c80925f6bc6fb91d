// What programs that live for one request have written into an inbox, by the agent into a journal:
// read, checked, given ids, and synced, with the place behind it.
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/sentence.h"
#include "bench/checkin_cases.h"
#include "bench/scratch.h"
#include "io/random.h"
#include "journal/agent.h"
#include "journal/inbox.h"
#include "journal/reader.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t record_size = 600;        // in the inbox, with its header
constexpr double floor_mb = 150;                // a second and core, of 10^6 bytes
constexpr double evening_mb = 1e6 / (30 * 60);  // a second: 1 TB in half an hour

class Inbox {
 public:
  explicit Inbox(std::size_t record_count) {
    io::SeededRandom random(1);
    std::ofstream file(path(), std::ios::binary);
    for (std::size_t index = 0; index < record_count; ++index) {
      std::string payload(record_size - sizeof(journal::InboxHeader), '\0');
      random.fill(std::as_writable_bytes(std::span(payload)));
      sum_ += digest(as_bytes(payload));
      file << journal::encode_inbox_record({.unix_ms = 1'796'126'400'000,
                                            .account = AccountId{index + 1},
                                            .kind = EventKind::checkin_attempted},
                                           as_bytes(payload), random.next_u64());
    }
    file.close();
    size_ = record_count * record_size;
    if (!file || std::filesystem::file_size(path()) != size_) give_up("cannot write " + path());
  }

  const std::string& folder() const { return folder_.path(); }
  std::size_t size() const { return size_; }

  // Whether a journal has each record once, and the place behind the last one.
  bool is_in(const std::string& journal) const {
    io::FileSystem& files = io::posix_files();
    std::size_t count = 0;
    std::uint64_t sum = 0, place = 0;
    for (const journal::Range& range : must(journal::list_ranges(files, journal))) {
      const auto reader = must(journal::Reader::open(files, journal, range.origin));
      std::vector<journal::StoredRecord> records;
      do {
        must(reader->read(range.end_offset, 4096, 1 << 20, records));
        for (const journal::StoredRecord& record : records)
          if (record.header.kind == EventKind::inbox_read) {
            const Event event = must(decode(record.header.kind, record.payload));
            place = std::get<InboxRead>(event).offset;
          } else {
            ++count;
            sum += digest(record.payload);
            if (record.header.account.value != count) return false;
          }
      } while (!records.empty());
    }
    return count * record_size == size_ && sum == sum_ && place == size_;
  }

 private:
  static std::uint64_t digest(Bytes payload) {
    return std::hash<std::string_view>{}(as_text(payload));
  }
  std::string path() const { return folder_.path() + "/checkin.inbox"; }

  const Folder folder_;
  std::size_t size_ = 0;
  std::uint64_t sum_ = 0;
};

// Gives the seconds of CPU, of all threads.
double ship(const Inbox& inbox, const std::string& folder) {
  const auto writer = must(journal::Writer::open({.folder = folder + "/journal"}));
  const auto ids = must(journal::IdMaker::open({.path = folder + "/ids"}));
  journal::Agent agent(
      {.folders = {inbox.folder()},
       .quarantine_folder = folder + "/quarantine",
       .kinds = {EventKind::checkin_attempted},
       .writer = writer.get(),
       .ids = ids.get(),
       .offset_of = [](const journal::InboxFileId&) { return Result<std::uint64_t>(0); }});
  const double begin = cpu_seconds();
  while (must(agent.look())) {
  }
  return cpu_seconds() - begin;
}

}  // namespace

void measure_shipping(const Options& options, Report& report) {
  if (!options.wants("ship")) return;
  const Inbox inbox(options.quick ? 20'000 : 500'000);
  bool checked = true;
  const auto figures = compare(
      options.quick ? 1 : 7,
      [&] {
        const Folder folder;
        const double seconds = ship(inbox, folder.path());
        checked = inbox.is_in(folder.path() + "/journal") && checked;
        return std::vector{static_cast<double>(inbox.size()) / 1e6 / seconds};
      },
      [] { return std::vector{floor_mb}; });
  report.add({.name = "ship",
              .metric = "inbox to journal, a core",
              .figures = figures[0],
              .unit = "MB/s",
              .baseline = "what it has to be",
              .better = Better::larger,
              .checked = checked});
  const double core_count = evening_mb / figures[0].value;
  say(sentence("1 TB in 30 minutes is ", std::lround(evening_mb),
               " MB/s: ", std::lround(std::ceil(core_count)), " nodes that give a core to it"));
}

}  // namespace matsuri::bench
