#include "journal/agent.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/log.h"

namespace matsuri::journal {
namespace {

constexpr std::string_view inbox_mark = ".inbox";
constexpr std::size_t head_size = sizeof(InboxHeader);
// How far into a file its first record is looked for.
constexpr std::size_t first_within = std::size_t{256} << 10;
constexpr std::int64_t retry_ms = 500;

io::InlineExecutor& at_once() {
  static io::InlineExecutor executor;
  return executor;
}

Result<std::string> read_some(io::File& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  TRY_ASSIGN(const std::size_t got, file.read_at(offset, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(got);
  return bytes;
}

std::optional<InboxFileId> id_of(Bytes bytes) {
  while (!bytes.empty()) {
    const InboxPiece piece = inbox_piece_at(bytes);
    if (piece.what == InboxPiece::What::record) return piece.record.as_first;
    if (piece.what == InboxPiece::What::open) return std::nullopt;
    bytes = bytes.subspan(piece.size);
  }
  return std::nullopt;
}

}  // namespace

// A file that is read, by whatever name.
struct Agent::Tail {
  InboxFileId id{};
  std::string path;  // where it was seen last
  std::unique_ptr<io::File> file;
  std::string head;          // its first bytes: others mean another content
  std::uint64_t offset = 0;  // up to here it is in the journal
  std::uint64_t size = 0;
  bool is_sighted = true;  // in this look
  // What stands at the end and is no whole record.
  std::uint64_t open_end = 0;
  std::optional<std::int64_t> open_since_us;
  std::optional<std::int64_t> gone_since_us;  // it has no name since then

  std::string name() const { return path.substr(path.find_last_of('/') + 1); }
};

// What is read of a file and goes into the journal at once.
struct Agent::Part {
  struct Damage {
    std::uint64_t offset = 0;
    Bytes bytes;
  };

  std::string bytes;
  std::size_t used = 0;  // of the bytes
  std::vector<Writer::Entry> records;
  std::vector<Damage> damages;
};

Agent::Agent(AgentOptions options) : options_(std::move(options)) {
  MATSURI_ASSERT(options_.part_size >= 2 * inbox_record_size_max);
  metrics::Registry& registry = options_.metrics == nullptr ? own_metrics_ : *options_.metrics;
  counters_ = {
      .read = &registry.counter("matsuri_inbox_read_total",
                                "Records, and pieces that are none, that were read from inboxes."),
      .shipped = &registry.counter("matsuri_inbox_shipped_total", "Of them, in the journal."),
      .quarantined = &registry.counter("matsuri_inbox_quarantined_total",
                                       "Of them, set aside as files of their own."),
      .bytes = &registry.counter("matsuri_inbox_bytes_total", "Bytes of inboxes that are done."),
      .truncated = &registry.counter("matsuri_inbox_truncated_total",
                                     "Files that were cut while they were read."),
      .in_flight = &registry.gauge("matsuri_inbox_in_flight", "Read, and on their way."),
      .backlog = &registry.gauge("matsuri_inbox_backlog_bytes", "Bytes that wait to be read."),
      .files = &registry.gauge("matsuri_inbox_files", "Inbox files that are followed."),
  };
}

Agent::~Agent() { stop(); }

void Agent::start() {
  thread_ = std::thread([this] { loop(); });
}

void Agent::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Agent::loop() {
  std::string trouble;
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    lock.unlock();
    const Result<bool> more = look();
    const std::string now = more.ok() ? "" : more.error().to_string();
    if (now != trouble && !now.empty())
      log::warn("journal", "an inbox can't be carried on; it is tried again", {{"error", now}});
    trouble = now;
    lock.lock();
    const std::int64_t pause_ms = !more.ok() ? retry_ms : *more ? 0 : options_.look_ms;
    wake_.wait_for(lock, std::chrono::milliseconds(pause_ms), [this] { return is_ending_; });
  }
}

Result<bool> Agent::look() {
  TRY(find_files());
  show_backlog();
  bool has_more = false;
  for (auto one = tails_.begin(); one != tails_.end();) {
    Tail& tail = *one->second;
    TRY_ASSIGN(const bool more, read_on(tail));
    has_more |= more;
    // Whoever had it open when it lost its name may still append.
    const bool is_over = tail.gone_since_us && !more &&
                         now_us() - *tail.gone_since_us > options_.torn_wait_ms * 2'000;
    one = is_over || tail.file == nullptr ? tails_.erase(one) : std::next(one);
  }
  show_backlog();
  return has_more;
}

Result<void> Agent::find_files() {
  for (const auto& [id, tail] : tails_) tail->is_sighted = false;
  for (const std::string& folder : options_.folders) {
    const auto names = options_.files->list(folder);
    if (!names.ok() && names.error().code() == Code::not_found) continue;
    if (!names.ok()) return names.error();
    for (const std::string& name : *names)
      if (name.find(inbox_mark) != std::string::npos) TRY(sight(folder, name));
  }
  for (const auto& [id, tail] : tails_) {
    if (tail->is_sighted)
      tail->gone_since_us.reset();
    else if (!tail->gone_since_us)
      tail->gone_since_us = now_us();
  }
  return {};
}

Result<void> Agent::sight(const std::string& folder, const std::string& name) {
  const std::string path = folder + '/' + name;
  auto opened = options_.files->open(path, io::OpenMode::read);
  if (!opened.ok() && opened.error().code() == Code::not_found) return {};  // just renamed
  if (!opened.ok()) return opened.error();
  std::unique_ptr<io::File> file = *std::move(opened);
  TRY_ASSIGN(const std::uint64_t size, file->size());
  TRY_ASSIGN(std::string head, read_some(*file, 0, head_size));
  for (const auto& [id, tail] : tails_)
    if (tail->path == path && tail->head == head && size >= tail->offset) {
      tail->is_sighted = true;
      return {};
    }
  if (size == 0) return {};
  TRY_ASSIGN(const std::string bytes, read_some(*file, 0, first_within));
  const auto id = id_of(as_bytes(bytes));
  if (!id) return {};  // a record is on its way, or nothing that anybody could read
  std::unique_ptr<Tail>& tail = tails_[*id];
  if (tail != nullptr) {
    tail->is_sighted = true;
    tail->path = path;
    // Another file with the same first record is a copy: the longer one has all.
    TRY_ASSIGN(const std::uint64_t known_size, tail->file->size());
    if (size > known_size) tail->file = std::move(file);
    return {};
  }
  const auto place = places_.find(*id);
  std::uint64_t offset = 0;
  if (place != places_.end()) {
    offset = place->second;
  } else {
    auto known = options_.offset_of(*id);
    if (!known.ok()) tails_.erase(*id);
    if (!known.ok()) return known.error();
    offset = *known;
  }
  tail = std::make_unique<Tail>(Tail{.id = *id,
                                     .path = path,
                                     .file = std::move(file),
                                     .head = std::move(head),
                                     .offset = std::min(offset, size)});
  return {};
}

bool Agent::has_same_head(const Tail& tail) {
  const auto head = read_some(*tail.file, 0, head_size);
  return head.ok() && *head == tail.head;
}

// True where there is more to read.
Result<bool> Agent::read_on(Tail& tail) {
  TRY_ASSIGN(tail.size, tail.file->size());
  if (tail.size == tail.offset) return false;
  if (tail.size < tail.offset) {
    TRY(step_back(tail));
    return false;
  }
  TRY_ASSIGN(Part part, read_part(tail));
  // Looked at after the bytes were read: they are of this file.
  if (!has_same_head(tail)) {
    let_go(tail);
    return false;
  }
  cut(tail, part);
  if (part.used == 0) return false;
  TRY(journal(tail, part));
  return tail.offset < tail.size;
}

// Somebody has cut the file.
Result<void> Agent::step_back(Tail& tail) {
  if (!has_same_head(tail)) {
    let_go(tail);
    return {};
  }
  log::warn("journal", "an inbox file is shorter than what was read of it", {{"path", tail.path}});
  counters_.truncated->add();
  tail.offset = tail.size;
  Part none;
  return journal(tail, none);
}

// There is another content where it was: the next look finds it.
void Agent::let_go(Tail& tail) {
  log::warn("journal", "an inbox file was cut while it was read: what was not read is lost",
            {{"path", tail.path}, {"at", tail.offset}});
  counters_.truncated->add();
  tail.file = nullptr;
}

// Reads what comes next, and makes it durable where it is.
Result<Agent::Part> Agent::read_part(Tail& tail) {
  Part part;
  TRY(tail.file->sync_data());
  TRY_ASSIGN(part.bytes, read_some(*tail.file, tail.offset, options_.part_size));
  return part;
}

// Whether what stands at the end of the file up to `end` has been waited for.
bool Agent::is_torn(Tail& tail, std::uint64_t end) {
  if (tail.open_end != end || !tail.open_since_us) {
    tail.open_end = end;
    tail.open_since_us = now_us();
  }
  return now_us() - *tail.open_since_us >= options_.torn_wait_ms * 1'000;
}

bool Agent::is_taken(EventKind kind) const {
  return std::ranges::find(options_.kinds, kind) != options_.kinds.end();
}

void Agent::cut(Tail& tail, Part& part) {
  using What = InboxPiece::What;
  const Bytes bytes = as_bytes(part.bytes);
  while (part.used < bytes.size()) {
    const Bytes rest = bytes.subspan(part.used);
    const InboxPiece piece = inbox_piece_at(rest);
    if (piece.what == What::open) {
      const std::uint64_t end = tail.offset + bytes.size();
      // Only at the end of the file: else the rest of it is in the next part.
      if (end < tail.size || !is_torn(tail, end)) return;
    }
    if (piece.what == What::record && is_taken(piece.record.header.kind))
      part.records.push_back(
          {.header = piece.record.header, .payload = std::string(as_text(piece.record.payload))});
    else
      part.damages.push_back({.offset = tail.offset + part.used, .bytes = rest.first(piece.size)});
    part.used += piece.size;
  }
}

Result<void> Agent::journal(Tail& tail, Part& part) {
  for (const Part::Damage& damage : part.damages)
    TRY(quarantine(tail, damage.offset, damage.bytes));
  const std::uint64_t behind = tail.offset + part.used;
  const std::size_t count = part.records.size();
  part.records.push_back(
      {.header = {.unix_ms = options_.clock->unix_ms(), .kind = EventKind::inbox_read},
       .payload = encode(InboxRead{
           .file = std::string(as_text(tail.id)), .offset = behind, .name = tail.name()})});
  for (Writer::Entry& entry : part.records) {
    TRY_ASSIGN(entry.header.id, options_.ids->next());
  }
  const auto all = static_cast<std::int64_t>(count + part.damages.size());
  std::promise<Result<Position>> durable;
  TRY(options_.writer->append_all(part.records, at_once(), [&durable](Result<Position> position) {
    durable.set_value(std::move(position));
  }));
  counters_.read->add(static_cast<std::uint64_t>(all));
  counters_.in_flight->add(all);
  const Result<Position> position = durable.get_future().get();
  counters_.in_flight->add(-all);
  // The journal is done for: nothing more is taken, and the next start knows what was.
  if (!position.ok()) return position.error();
  counters_.shipped->add(count);
  counters_.quarantined->add(part.damages.size());
  counters_.bytes->add(part.used);
  tail.offset = places_[tail.id] = behind;
  tail.open_since_us.reset();
  return {};
}

// The same name and content each time, so that it may be done again.
Result<void> Agent::quarantine(const Tail& tail, std::uint64_t offset, Bytes bytes) {
  TRY(options_.files->make_folders(options_.quarantine_folder));
  const std::string path =
      options_.quarantine_folder + '/' + to_hex(tail.id) + '-' + std::to_string(offset) + ".bin";
  log::warn("journal", "bytes of an inbox are no record that is taken",
            {{"inbox", tail.path}, {"at", offset}, {"size", bytes.size()}, {"kept", path}});
  return io::replace_file(*options_.files, path, bytes);
}

void Agent::show_backlog() {
  std::uint64_t waiting = 0;
  for (const auto& [id, tail] : tails_) {
    const auto size = tail->file->size();
    if (size.ok() && *size > tail->offset) waiting += *size - tail->offset;
  }
  counters_.backlog->set(static_cast<std::int64_t>(waiting));
  counters_.files->set(static_cast<std::int64_t>(tails_.size()));
}

}  // namespace matsuri::journal
