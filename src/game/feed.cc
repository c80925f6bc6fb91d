#include "game/feed.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"

namespace matsuri::game {
namespace {

// Between two turns: so that a thousand commits a second wake a reader less often than that.
constexpr std::chrono::milliseconds turn_pause{5};
// What other processes commit makes no noise here.
constexpr std::chrono::milliseconds look_again{1000};
// Queries of one shard in one turn, for a reader who is far behind.
constexpr int query_count_max = 8;

}  // namespace

Feed::Feed(std::vector<ShardDb> shards,
           std::function<std::size_t(TitleId, const std::string&)> shard_of, io::Clock& clock,
           metrics::Registry* metrics)
    : shards_(std::move(shards)),
      shard_of_(std::move(shard_of)),
      clock_(clock),
      known_(shards_.size()) {
  if (metrics != nullptr) {
    reader_gauge_ = &metrics->gauge("matsuri_game_feed_readers",
                                    "Readers of changes that wait, streams among them.");
    change_counter_ =
        &metrics->counter("matsuri_game_feed_changes_total", "Changes that readers were given.");
  }
  thread_ = std::thread([this] { loop(); });
}

Feed::~Feed() {
  {
    const std::lock_guard lock(mutex_);
    is_draining_ = is_ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Feed::drain() {
  {
    const std::lock_guard lock(mutex_);
    is_draining_ = true;
  }
  wake_.notify_all();
}

Result<void> Feed::check(const Places& places) const {
  for (const Places::Place& place : places.all)
    if (std::ranges::find(shards_, place.incarnation, &ShardDb::incarnation) == shards_.end())
      return Error(Code::conflict,
                   "after: is of the time before a restore; what came then may be gone. Read "
                   "entities again, and begin with after=now");
  return {};
}

Result<void> Feed::add(std::unique_ptr<Reader>& reader) {
  TRY(check(reader->query.after));
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ || reader_count_ >= feed_reader_count_max)
      return Error(Code::busy, "too many wait for changes: try again in a moment");
    ++reader_count_;
    incoming_.push_back(std::move(reader));
  }
  if (reader_gauge_ != nullptr) reader_gauge_->add(1);
  wake_.notify_one();
  return {};
}

void Feed::read(FeedQuery query, bool from_now, std::int64_t wait_ms, io::Executor& executor,
                Completion<FeedPage> done) {
  auto reader = std::make_unique<Reader>();
  reader->query = std::move(query);
  reader->from_now = from_now;
  reader->until_us = clock_.monotonic_us() + wait_ms * 1000;
  reader->executor = &executor;
  reader->done = std::move(done);
  if (const auto added = add(reader); !added.ok()) reader->done(added.error());
}

Result<void> Feed::follow(FeedQuery query, bool from_now, Take take) {
  auto reader = std::make_unique<Reader>();
  reader->query = std::move(query);
  reader->from_now = from_now;
  reader->take = std::move(take);
  return add(reader);
}

void Feed::wake(std::size_t shard, std::uint64_t seq) {
  std::uint64_t before = known_[shard].load();
  while (before < seq && !known_[shard].compare_exchange_weak(before, seq)) {
  }
  if (reader_count_ == 0 || has_news_.exchange(true)) return;
  const std::lock_guard lock(mutex_);  // so that the thread is not between its look and its sleep
  wake_.notify_one();
}

void Feed::loop() {
  auto looked = std::chrono::steady_clock::now();
  bool is_behind = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    std::int64_t pause_us = std::chrono::microseconds(look_again).count();
    for (const auto& reader : readers_)
      if (reader->done) pause_us = std::min(pause_us, reader->until_us - clock_.monotonic_us());
    if (is_behind || is_draining_) pause_us = 0;
    if (!is_draining_ || (readers_.empty() && incoming_.empty()))
      wake_.wait_for(lock, std::chrono::microseconds(std::max<std::int64_t>(pause_us, 0)),
                     [this] { return has_news_ || !incoming_.empty() || is_ending_; });
    std::ranges::move(std::exchange(incoming_, {}), std::back_inserter(readers_));
    if (is_ending_ && readers_.empty()) return;
    const bool is_draining = is_draining_;
    lock.unlock();

    has_news_ = false;
    const auto now = std::chrono::steady_clock::now();
    const bool looks = now - looked >= look_again;
    if (looks) looked = now;
    is_behind = false;
    const std::int64_t now_us = clock_.monotonic_us();
    std::erase_if(readers_, [&](const std::unique_ptr<Reader>& reader) {
      if (is_draining) reader->until_us = 0;
      const bool is_due = looks || is_draining || reader->is_behind || has_news(*reader) ||
                          (reader->done && reader->until_us <= now_us);
      const bool stays = !is_due || (serve(*reader) && !is_draining);
      is_behind = is_behind || (stays && reader->is_behind);
      if (stays) return false;
      --reader_count_;
      if (reader_gauge_ != nullptr) reader_gauge_->add(-1);
      return true;
    });
    std::this_thread::sleep_for(turn_pause);
    lock.lock();
  }
}

bool Feed::has_news(const Reader& reader) const {
  for (std::size_t i = 0; i < shards_.size(); ++i)
    if (i >= reader.seen.size() || known_[i] > reader.seen[i]) return true;
  return false;
}

bool Feed::serve(Reader& reader) {
  reader.seen.assign(known_.begin(), known_.end());
  auto read = [&]() -> Result<Read> {
    if (!reader.from_now) return read_some(reader.query);
    Read end;
    for (const ShardDb& shard : shards_)
      TRY(shard.db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(const std::uint64_t seq, sequencer::read_seq(connection));
        end.page.next.raise(shard.incarnation, seq);
        return {};
      }));
    reader.from_now = false;
    return end;
  }();
  if (read.ok()) return give(reader, std::move(*read));
  if (reader.done) {
    reader.executor->post([done = std::move(reader.done), error = read.error()]() mutable {
      done(std::move(error));
    });
    return false;
  }
  // Who follows waits for better times, but for a damaged database.
  log::warn("game", "changes can't be read", {{"error", read.error().to_string()}});
  return read.error().code() != Code::corrupt && reader.take({});
}

bool Feed::give(Reader& reader, Read read) {
  if (change_counter_ != nullptr) change_counter_->add(read.page.changes.size());
  reader.query.after = read.page.next;
  reader.is_behind = !read.is_end;
  if (reader.take) return reader.take(read.page);
  const bool is_over = read.is_end && clock_.monotonic_us() >= reader.until_us;
  if (read.page.changes.empty() && !is_over) return true;
  reader.executor->post([done = std::move(reader.done), page = std::move(read.page)]() mutable {
    done(std::move(page));
  });
  return false;
}

Result<Feed::Read> Feed::read_some(const FeedQuery& query) const {
  std::size_t first = 0, end = shards_.size();
  if (!query.arena.empty()) {
    first = shard_of_(query.title, query.arena);
    end = first + 1;
  }
  Read read{.page = {.changes = {}, .next = query.after}};
  for (const ShardDb& shard : shards_) read.page.next.raise(shard.incarnation, 0);
  for (std::size_t i = first; i < end; ++i) {
    // No shard keeps the others from being heard.
    const std::size_t left = query.count_max - read.page.changes.size();
    std::size_t share = std::max<std::size_t>(1, left / (end - i));
    if (left == 0) {
      read.is_end = false;
      break;
    }
    sequencer::Changes found;
    for (int count = 0; count < query_count_max && share > 0 && !found.is_end; ++count) {
      const sequencer::ChangeQuery wanted{.title = query.title,
                                          .arena = query.arena,
                                          .after = read.page.next.seq_of(shards_[i].incarnation),
                                          .count_max = share};
      TRY(shards_[i].db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(found, sequencer::read_changes(connection, wanted));
        return {};
      }));
      for (sequencer::StoredCommand& command : found.commands) {
        read.page.next.raise(shards_[i].incarnation, command.seq);
        read.page.changes.push_back({std::move(command), read.page.next});
      }
      read.page.next.raise(shards_[i].incarnation, found.read_to);
      share -= found.commands.size();
    }
    read.is_end = read.is_end && found.is_end;
  }
  return read;
}

}  // namespace matsuri::game
