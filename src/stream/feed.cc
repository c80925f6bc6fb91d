#include "stream/internal/feed.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace matsuri::stream::internal {
namespace {

// Rows of an outbox that one query takes: they are copied, other than those in memory.
constexpr std::size_t outbox_rows_max = 4096;

// What a feed's cursors ask before they read: whether it is still open, for as long as the read.
class Gate {
 public:
  // Holds close() back while it lives. Empty where the feed is closed.
  std::shared_lock<std::shared_mutex> enter() {
    std::shared_lock lock(mutex_);
    if (closed_) lock.unlock();
    return lock;
  }
  void close() {
    const std::unique_lock lock(mutex_);
    closed_ = true;
  }

 private:
  std::shared_mutex mutex_;
  bool closed_ = false;
};

class JournalCursor final : public Cursor {
 public:
  JournalCursor(io::FileSystem& files, std::string folder, Origin origin,
                std::shared_ptr<Gate> gate)
      : files_(files), folder_(std::move(folder)), origin_(origin), gate_(std::move(gate)) {}

  Result<void> read(std::uint64_t after, std::uint64_t end, std::size_t count_max,
                    std::size_t size_max, std::vector<journal::StoredRecord>& records) override {
    records.clear();
    const auto inside = gate_->enter();
    if (!inside) return {};
    if (!reader_ || next_ != after + 1) {
      reader_.reset();
      TRY_ASSIGN(auto reader, journal::Reader::open(files_, folder_, origin_));
      TRY(reader->seek(after + 1));
      reader_ = std::move(reader);
      next_ = after + 1;
    }
    Result<void> result = reader_->read(end, count_max, size_max, records);
    if (!result.ok()) {
      reader_.reset();
      records.clear();
      return result;
    }
    if (!records.empty()) next_ = records.back().offset + 1;
    return {};
  }

 private:
  io::FileSystem& files_;
  std::string folder_;
  Origin origin_;
  std::shared_ptr<Gate> gate_;
  std::unique_ptr<journal::Reader> reader_;
  std::uint64_t next_ = 0;
};

class JournalFeed final : public Feed {
 public:
  JournalFeed(io::FileSystem& files, std::string folder, const Origin& origin)
      : Feed(origin), files_(files), folder_(std::move(folder)) {}

  // Follows what `writer` makes durable, from now on.
  void attach(journal::Writer& writer, const std::shared_ptr<Signal>& signal,
              const std::shared_ptr<JournalFeed>& self) {
    {
      const std::unique_lock lock(mutex_);
      writer_ = &writer;
    }
    // The listener holds nothing but the feed: it may run while the stream goes away.
    handle_ = writer.on_durable([weak = std::weak_ptr(self), signal] {
      if (const auto feed = weak.lock(); feed && feed->look()) signal->raise();
    });
    look();
  }

  Result<void> poll() override {
    look();
    return {};
  }
  std::unique_ptr<Cursor> open_cursor() override {
    return std::make_unique<JournalCursor>(files_, folder_, origin(), gate_);
  }
  std::uint64_t first_offset() override {
    const auto ranges = journal::list_ranges(files_, folder_);
    if (!ranges.ok()) return 0;
    for (const journal::Range& range : *ranges)
      if (range.origin == origin()) return range.first_offset;
    return 0;
  }
  bool is_outbox() const override { return false; }
  void close() override {
    gate_->close();
    std::shared_ptr<void> handle;
    const std::unique_lock lock(mutex_);
    writer_ = nullptr;
    handle.swap(handle_);
  }

 private:
  bool look() {
    const std::shared_lock lock(mutex_);
    return writer_ != nullptr && raise_end(writer_->durable_offset());
  }

  io::FileSystem& files_;
  std::string folder_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::shared_mutex mutex_;
  journal::Writer* writer_ = nullptr;
  std::shared_ptr<void> handle_;
};

class OutboxFeed;

class OutboxCursor final : public Cursor {
 public:
  explicit OutboxCursor(OutboxFeed& feed) : feed_(feed) {}
  Result<void> read(std::uint64_t after, std::uint64_t end, std::size_t count_max,
                    std::size_t size_max, std::vector<journal::StoredRecord>& records) override;

 private:
  OutboxFeed& feed_;                                       // whoever holds a cursor holds its feed
  std::vector<std::shared_ptr<const Outbox::Rows>> held_;  // of the records that were read last
};

class OutboxFeed final : public Feed {
 public:
  explicit OutboxFeed(Outbox& outbox) : Feed(outbox.origin()), outbox_(&outbox) {}

  void attach(const std::shared_ptr<Signal>& signal, const std::shared_ptr<OutboxFeed>& self) {
    handle_ = outbox_->on_committed([weak = std::weak_ptr(self), signal](std::uint64_t offset) {
      if (const auto feed = weak.lock(); feed && feed->raise_end(offset)) signal->raise();
    });
  }

  Result<void> poll() override {
    const std::shared_lock lock(mutex_);
    if (!outbox_) return {};
    TRY_ASSIGN(const std::uint64_t end, outbox_->end_offset());
    raise_end(end);
    return {};
  }
  Result<Outbox::Rows> read(std::uint64_t after, std::size_t count_max) {
    const std::shared_lock lock(mutex_);
    if (!outbox_) return Outbox::Rows();
    return outbox_->read_rows(after, count_max);
  }
  std::shared_ptr<const Outbox::Rows> recent(std::uint64_t offset) {
    const std::shared_lock lock(mutex_);
    return outbox_ ? outbox_->recent(offset) : nullptr;
  }
  std::unique_ptr<Cursor> open_cursor() override { return std::make_unique<OutboxCursor>(*this); }
  std::uint64_t first_offset() override {
    const auto rows = read(0, 1);
    return rows.ok() && !rows->empty() ? rows->front().offset : 0;
  }
  bool is_outbox() const override { return true; }
  void close() override {
    std::shared_ptr<void> handle;
    const std::unique_lock lock(mutex_);
    outbox_ = nullptr;
    handle.swap(handle_);
  }

 private:
  std::shared_mutex mutex_;
  Outbox* outbox_;
  std::shared_ptr<void> handle_;
};

Result<void> OutboxCursor::read(std::uint64_t after, std::uint64_t end, std::size_t count_max,
                                std::size_t size_max, std::vector<journal::StoredRecord>& records) {
  records.clear();
  held_.clear();
  std::size_t size = 0;
  // False where no more of them are wanted.
  const auto take = [&](const Outbox::Rows& rows, std::size_t first) {
    for (std::size_t index = first; index < rows.size(); ++index) {
      const Outbox::Row& row = rows[index];
      if (row.offset > end || records.size() == count_max) return false;
      if (size > size_max && !records.empty()) return false;
      size += row.payload.size();
      records.push_back(
          {.offset = row.offset, .header = row.header, .payload = as_bytes(row.payload)});
    }
    return true;
  };
  for (std::uint64_t next = after + 1; auto recent = feed_.recent(next);
       next = records.back().offset + 1) {
    held_.push_back(recent);
    if (!take(*recent, next - recent->front().offset)) break;
  }
  if (!records.empty()) return {};
  const std::size_t count =
      static_cast<std::size_t>(std::min<std::uint64_t>({count_max, outbox_rows_max, end - after}));
  TRY_ASSIGN(auto rows, feed_.read(after, count));
  // A new incarnation begins with whatever rows its database still had: those before are not
  // missed, because all who read them have what they said.
  if (after != 0 && !rows.empty() && rows.front().offset != after + 1)
    return Error(Code::not_found, "facts from " + std::to_string(after + 1) + " to " +
                                      std::to_string(rows.front().offset - 1) + " are dropped");
  held_.push_back(std::make_shared<const Outbox::Rows>(std::move(rows)));
  take(*held_.back(), 0);
  return {};
}

}  // namespace

bool Feed::raise_end(std::uint64_t offset) {
  std::uint64_t now = end_.load(std::memory_order_relaxed);
  while (offset > now)
    if (end_.compare_exchange_weak(now, offset, std::memory_order_acq_rel)) return true;
  return false;
}

Feeds::~Feeds() { close_all(); }

Result<void> Feeds::add_journal(const std::string& folder, journal::Writer* writer) {
  const Result<std::vector<journal::Range>> looked =
      writer ? journal::list_ranges(files_, folder) : look(folder);
  if (!looked.ok()) return looked.error();
  const std::vector<journal::Range>& ranges = *looked;
  {
    const std::lock_guard lock(mutex_);
    for (const journal::Range& range : ranges) removed_.erase(range.origin);
    if (writer) removed_.erase(writer->origin());
  }
  const std::shared_ptr<Feed> last = follow(folder, ranges, writer);
  if (writer) {
    const auto feed = std::make_shared<JournalFeed>(files_, folder, writer->origin());
    feed->come_after(last);
    feed->attach(*writer, signal_, feed);
    add(feed);
  }
  return {};
}

Result<std::vector<journal::Range>> Feeds::look(const std::string& folder) {
  std::shared_ptr<Followed> followed;
  {
    const std::lock_guard lock(mutex_);
    const auto known = folders_.find(folder);
    if (known != folders_.end()) followed = known->second;
  }
  if (followed == nullptr) followed = std::make_shared<Followed>(files_, folder);
  const std::lock_guard one_at_a_time(followed->mutex);
  auto ranges = followed->follower.look();
  if (!ranges.ok()) return ranges;
  const std::lock_guard lock(mutex_);
  folders_.try_emplace(folder, followed);
  return ranges;
}

Result<void> Feeds::add_outbox(Outbox& outbox) {
  const auto feed = std::make_shared<OutboxFeed>(outbox);
  TRY(feed->poll());
  feed->attach(signal_, feed);
  TRY(feed->poll());  // what came between the first look and the listener
  add(feed);
  return {};
}

void Feeds::add(std::shared_ptr<Feed> feed) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& known : *list_)
      if (known->origin() == feed->origin()) return;
    feed->join();
    auto list = std::make_shared<List>(*list_);
    list->push_back(std::move(feed));
    list_ = std::move(list);
  }
  signal_->raise();
}

void Feeds::remove(const Origin& origin) {
  std::shared_ptr<Feed> gone;
  {
    const std::lock_guard lock(mutex_);
    auto list = std::make_shared<List>(*list_);
    const auto found =
        std::ranges::find(*list, origin, [](const auto& feed) { return feed->origin(); });
    if (found == list->end()) return;
    gone = *found;
    list->erase(found);
    list_ = std::move(list);
    if (!gone->is_outbox()) removed_.insert(origin);
  }
  gone->close();
  signal_->raise();
}

void Feeds::close_all() {
  for (const auto& feed : *list()) feed->close();
}

std::shared_ptr<Feed> Feeds::follow(const std::string& folder,
                                    const std::vector<journal::Range>& ranges,
                                    const journal::Writer* writer) {
  bool news = false;
  std::shared_ptr<Feed> last;
  for (const journal::Range& range : ranges) {
    // What lies in the file behind the writer's own word may not be durable yet.
    if (writer && range.origin == writer->origin()) continue;
    std::shared_ptr<Feed> known;
    {
      const std::lock_guard lock(mutex_);
      if (removed_.contains(range.origin)) continue;
      for (const auto& feed : *list_)
        if (feed->origin() == range.origin) known = feed;
    }
    if (known) {
      news |= known->raise_end(range.end_offset);
    } else {
      known = std::make_shared<JournalFeed>(files_, folder, range.origin);
      known->come_after(last);
      known->raise_end(range.end_offset);
      add(known);
    }
    last = std::move(known);
  }
  if (news) signal_->raise();
  return last;
}

Result<void> Feeds::poll_folder(const std::string& folder) {
  const auto ranges = look(folder);
  if (ranges.ok()) {
    follow(folder, *ranges, nullptr);
    return {};
  }
  // A folder whose journals are all gone, from here and from the disk, has no news.
  if (ranges.error().code() != Code::not_found) return ranges.error();
  const std::lock_guard lock(mutex_);
  folders_.erase(folder);
  return {};
}

Result<void> Feeds::poll() {
  std::vector<std::string> folders;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [folder, followed] : folders_) folders.push_back(folder);
  }
  Result<void> first;
  const auto note = [&](Result<void> result) {
    if (first.ok() && !result.ok()) first = std::move(result);
  };
  for (const std::string& folder : folders) note(poll_folder(folder));
  bool news = false;
  for (const auto& feed : *list()) {
    const std::uint64_t before = feed->end();
    note(feed->poll());
    news |= feed->end() != before;
  }
  if (news) signal_->raise();
  return first;
}

std::shared_ptr<const Feeds::List> Feeds::list() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

}  // namespace matsuri::stream::internal
