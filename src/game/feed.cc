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

Error not_kept() {
  return {Code::conflict,
          "after: what came behind it is not kept any more. Read entities again, and begin with "
          "after=now"};
}

}  // namespace

bool FeedPage::empty() const {
  return std::ranges::all_of(parts, [](const Part& part) { return part.commands.empty(); });
}

Result<Cursor> end_of_shards(std::span<const ShardDb> shards, std::uint64_t world) {
  Cursor end(world);
  sequencer::SlotSet all;
  for (const ShardDb& shard : shards)
    TRY(shard.db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const std::uint64_t seq, sequencer::read_seq(connection));
      TRY_ASSIGN(const sequencer::SlotSet owned, sequencer::read_owned(connection));
      end.raise(owned, seq);
      all |= owned;
      return {};
    }));
  if (!all.all()) return Error(Code::busy, "an arena moves: try again in a moment");
  return end;
}

Feed::Feed(std::vector<ShardDb> shards, std::uint64_t world, io::Clock& clock,
           metrics::Registry* metrics)
    : shards_(std::move(shards)), world_(world), clock_(clock), known_(shards_.size()) {
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

Result<void> Feed::add(std::unique_ptr<Reader>& reader) {
  if (reader->query.after.world != world_)
    return Error(Code::conflict,
                 "after: is of the time before a restore; what came then may be gone. Read "
                 "entities again, and begin with after=now");
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
  auto read = reader.from_now ? read_end() : read_some(reader.query);
  if (read.ok()) reader.from_now = false;
  if (read.ok()) return give(reader, std::move(*read));
  if (reader.done) {
    reader.executor->post([done = std::move(reader.done), error = read.error()]() mutable {
      done(std::move(error));
    });
    return false;
  }
  if (read.error().code() == Code::conflict) {
    (void)reader.take(
        {.parts = {}, .start = reader.query.after, .next = reader.query.after, .is_gone = true});
    return false;
  }
  // Who follows waits for better times, but for a damaged database.
  log::warn("game", "changes can't be read", {{"error", read.error().to_string()}});
  return read.error().code() != Code::corrupt &&
         reader.take({.parts = {}, .start = reader.query.after, .next = reader.query.after});
}

bool Feed::give(Reader& reader, Read read) {
  if (change_counter_ != nullptr)
    for (const FeedPage::Part& part : read.page.parts) change_counter_->add(part.commands.size());
  reader.query.after = read.page.next;
  reader.is_behind = !read.is_end;
  if (reader.take) return reader.take(read.page);
  const bool is_over = read.is_end && clock_.monotonic_us() >= reader.until_us;
  if (read.page.empty() && !is_over) return true;
  reader.executor->post([done = std::move(reader.done), page = std::move(read.page)]() mutable {
    done(std::move(page));
  });
  return false;
}

Result<Feed::Read> Feed::read_end() const {
  TRY_ASSIGN(const Cursor end, end_of_shards(shards_, world_));
  return Read{.page = {.parts = {}, .start = end, .next = end}};
}

// Behind everything that is gone.
Result<Cursor> Feed::first_kept() const {
  Cursor first(world_);
  sequencer::SlotSet all;
  for (const ShardDb& shard : shards_)
    TRY(shard.db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const sequencer::Kept kept, sequencer::read_kept(connection));
      for (std::size_t slot = 0; slot < first.seqs.size(); ++slot)
        first.seqs[slot] = std::max(first.seqs[slot], kept.dropped[slot]);
      all |= kept.slots;
      return {};
    }));
  // Of a slot that nobody has nothing is known: its reader would be told of a loss that is none.
  if (first != start() && !all.all())
    return Error(Code::busy, "an arena moves: try again in a moment");
  return first;
}

Result<Feed::Read> Feed::read_some(const FeedQuery& query) const {
  Cursor after = query.after;
  if (after == start()) {
    TRY_ASSIGN(after, first_kept());
  }
  Read read{.page = {.parts = {}, .start = after, .next = after}};
  std::size_t left = query.count_max;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    // No shard keeps the others from being heard.
    const std::size_t share = left / (shards_.size() - i);
    if (left == 0) {
      read.is_end = false;
      break;
    }
    TRY_ASSIGN(const std::size_t count,
               read_shard(i, std::max<std::size_t>(1, share), query, read));
    left -= std::min(left, count);
  }
  return read;
}

// Gives the number of commands that it found. Each turn is a part of its own: slots may come and go
// between them.
Result<std::size_t> Feed::read_shard(std::size_t shard, std::size_t count_max,
                                     const FeedQuery& query, Read& read) const {
  sequencer::SlotSet wanted;
  if (query.arena.empty())
    wanted.set();
  else
    wanted.set(sequencer::slot_of(query.title, query.arena));
  std::size_t count = 0;
  bool is_end = false;
  for (int turn = 0; turn < query_count_max && count < count_max && !is_end; ++turn) {
    sequencer::Changes found;
    const Result<void> was_read =
        shards_[shard].db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
          TRY_ASSIGN(found, sequencer::read_changes(connection, {.title = query.title,
                                                                 .arena = query.arena,
                                                                 .slots = wanted,
                                                                 .after = read.page.next.seqs,
                                                                 .count_max = count_max - count}));
          return {};
        });
    if (!was_read.ok() && was_read.error().code() == Code::conflict) return not_kept();
    TRY(was_read);
    read.page.next.raise(found.slots, found.read_to);
    is_end = found.is_end;
    count += found.commands.size();
    if (!found.commands.empty())
      read.page.parts.push_back({.slots = found.slots, .commands = std::move(found.commands)});
  }
  read.is_end = read.is_end && is_end;
  return count;
}

}  // namespace matsuri::game
