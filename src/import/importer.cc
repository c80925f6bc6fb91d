#include "import/importer.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "import/import_ids.h"
#include "import/internal/deferred.h"
#include "import/internal/record_queue.h"
#include "import/internal/strict.h"
#include "import/line_reader.h"

namespace matsuri::imports {
namespace {

using internal::Batch;
using internal::RecordQueue;
using internal::Refused;

constexpr std::int64_t drain_wait_ms = 200;

// One call of Importer::run().
class Run {
 public:
  Run(const ImporterParts& parts, const ImporterLimits& limits, Observer& observer)
      : parts_(parts),
        limits_(limits),
        observer_(observer),
        ids_(parts.main_db, parts.timeline_db, parts.region),
        queue_(parts.journal, parts.stream, limits.unapplied_count_max),
        strict_(parts, ids_, progress_.summary),
        deferred_(parts, ids_, strict_, queue_, progress_.summary),
        now_unix_ms_(parts.clock.unix_ms()) {}

  Result<Summary> run(const std::vector<std::string>& files);

 private:
  Result<std::vector<std::unique_ptr<io::File>>> open(const std::vector<std::string>& files);
  // Waits until every view has what the origins hold. False where the observer ended it.
  Result<bool> drain(Stage stage);
  Result<void> read(std::unique_ptr<io::File> file);
  void parse(const LineReader& reader, Batch& batch);
  Result<void> take(Batch& batch);
  std::uint64_t duplicate_count(std::string_view view) const;
  void count_duplicates();
  Result<void> count_quarantined();
  void report(Batch& batch);
  void tell(Stage stage);
  // For whoever waits: tells the observer, and asks it.
  bool go_on(Stage stage) {
    tell(stage);
    return !(is_stopped_ = observer_.wants_stop());
  }

  const ImporterParts& parts_;
  const ImporterLimits& limits_;
  Observer& observer_;
  Progress progress_;
  ImportIds ids_;
  RecordQueue queue_;
  internal::Strict strict_;
  internal::Deferred deferred_;
  const std::int64_t now_unix_ms_;
  // Duplicates that the views had counted before.
  std::uint64_t follows_before_ = 0;
  std::uint64_t empathies_before_ = 0;
  std::uint64_t size_before_ = 0;    // of the files before this one
  std::uint64_t offset_before_ = 0;  // of the journal
  bool is_stopped_ = false;
};

Result<Summary> Run::run(const std::vector<std::string>& files) {
  TRY_ASSIGN(auto opened, open(files));
  offset_before_ = parts_.journal.durable_offset();
  // Ids that an import before this one gave are known by the tables alone.
  TRY_ASSIGN(bool more, drain(Stage::catching_up));
  follows_before_ = duplicate_count("timeline");
  empathies_before_ = duplicate_count("empathy");
  for (std::size_t index = 0; more && index < files.size(); ++index) {
    progress_.file = files[index];
    size_before_ = progress_.size_done;
    TRY(within(files[index], read(std::move(opened[index]))));
    more = !is_stopped_;
  }
  TRY(queue_.finish_durable());
  if (more) {
    TRY_ASSIGN(more, queue_.finish([this] { return go_on(Stage::applying); }));
  }
  // The facts that follow from posts and people have their way to go as well.
  if (more) {
    TRY_ASSIGN(more, drain(Stage::applying));
  }
  count_duplicates();
  TRY(count_quarantined());
  progress_.summary.is_complete = more;
  return progress_.summary;
}

// Before anything is read, so that a name that was mistyped costs nothing.
Result<std::vector<std::unique_ptr<io::File>>> Run::open(const std::vector<std::string>& files) {
  std::vector<std::unique_ptr<io::File>> opened;
  for (const std::string& path : files) {
    TRY_ASSIGN(auto file, within(path, parts_.files->open(path, io::OpenMode::read)));
    TRY_ASSIGN(const std::uint64_t size, within(path, file->size()));
    progress_.size_total += size;
    opened.push_back(std::move(file));
  }
  return opened;
}

Result<bool> Run::drain(Stage stage) {
  while (!parts_.stream.drain(drain_wait_ms))
    if (!go_on(stage)) return false;
  return true;
}

Result<void> Run::read(std::unique_ptr<io::File> file) {
  LineReader reader(std::move(file), line_size_max);
  Batch batch;
  std::uint64_t taken_size = 0;
  for (;;) {
    TRY_ASSIGN(const bool has_line, reader.next());
    if (has_line) parse(reader, batch);
    const bool is_full = batch.line_count >= limits_.batch_count_max ||
                         reader.size_done() - taken_size >= limits_.batch_size_max;
    if (has_line && !is_full) continue;
    TRY(take(batch));
    batch = {};
    taken_size = reader.size_done();
    progress_.size_done = size_before_ + taken_size;
    if (!has_line) tell(Stage::reading);
    if (is_stopped_ || !has_line || !go_on(Stage::reading)) return {};
  }
}

void Run::parse(const LineReader& reader, Batch& batch) {
  const std::string_view line = reader.line();
  if (!reader.is_too_long() && is_blank(line)) return;
  ++batch.line_count;
  if (reader.is_too_long())
    return batch.refuse(reader.number(), RefusalCode::line_too_long,
                        "at most " + std::to_string(line_size_max) + " bytes are taken");
  auto parsed = parse_line(line, now_unix_ms_);
  if (parsed)
    batch.items.push_back({reader.number(), std::move(*parsed)});
  else
    batch.refused.push_back({reader.number(), std::move(parsed).error()});
}

Result<void> Run::take(Batch& batch) {
  TRY(strict_.take(batch));
  TRY_ASSIGN(auto taken, deferred_.take(batch));
  progress_.summary.line_count += batch.line_count;
  report(batch);
  std::vector<RecordQueue::Record> records;
  for (auto& one : taken) records.push_back(std::move(one.record));
  TRY_ASSIGN(const std::size_t count,
             queue_.append(std::move(records), [this] { return go_on(Stage::reading); }));
  for (const auto& one : std::span(taken).first(count)) ++(progress_.summary.*one.count);
  return {};
}

std::uint64_t Run::duplicate_count(std::string_view view) const {
  for (const stream::ApplierStatus& status : parts_.stream.status())
    if (status.view == view) return status.duplicate;
  return 0;
}

// Follows and empathies that changed nothing were known; until they are applied they count as
// taken.
void Run::count_duplicates() {
  Summary& summary = progress_.summary;
  const std::uint64_t follows = duplicate_count("timeline") - follows_before_;
  const std::uint64_t empathies = duplicate_count("empathy") - empathies_before_;
  summary.follow_count -= std::min(follows, summary.follow_count);
  summary.empathy_count -= std::min(empathies, summary.empathy_count);
  summary.known_count += follows + empathies;
}

void Run::report(Batch& batch) {
  std::ranges::sort(batch.refused, {}, &Refused::number);
  for (const Refused& one : batch.refused) {
    ++progress_.summary.refused[static_cast<std::size_t>(one.refusal.code)];
    observer_.refused(progress_.file, one.number, one.refusal);
  }
}

Result<void> Run::count_quarantined() {
  const Origin origin = parts_.journal.origin();
  for (sql::Db* db : {&parts_.timeline_db, &parts_.empathy_db}) {
    std::vector<stream::QuarantinedRecord> records;
    TRY(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(records, stream::list_quarantine(connection));
      return {};
    }));
    progress_.summary.quarantined_count += static_cast<std::uint64_t>(
        std::ranges::count_if(records, [&](const stream::QuarantinedRecord& record) {
          return record.position.origin == origin && record.position.offset > offset_before_;
        }));
  }
  return {};
}

void Run::tell(Stage stage) {
  progress_.stage = stage;
  progress_.lag_count = 0;
  progress_.trouble.clear();
  for (const stream::ApplierStatus& status : parts_.stream.status()) {
    progress_.lag_count += status.lag;
    if (!status.trouble.empty()) progress_.trouble = status.view + ": " + status.trouble;
  }
  observer_.progressed(progress_);
}

}  // namespace

std::uint64_t Summary::refused_count() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

Importer::Importer(const ImporterParts& parts, const ImporterLimits& limits)
    : parts_(parts), limits_(limits) {
  MATSURI_ASSERT(limits.batch_count_max > 0 && limits.unapplied_count_max > 0);
  MATSURI_ASSERT(limits.unapplied_count_max + limits.batch_count_max <= ids_unstored_max);
}

Result<Summary> Importer::run(const std::vector<std::string>& files, Observer& observer) {
  return Run(parts_, limits_, observer).run(files);
}

}  // namespace matsuri::imports
