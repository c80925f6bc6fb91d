#include "stream/internal/memory_follower.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace matsuri::stream::internal {
namespace {

constexpr std::int64_t backoff_ms_min = 5;

}  // namespace

MemoryFollower::MemoryFollower(const Feeds& feeds, Watch& watch, std::shared_ptr<Signal> signal,
                               const StreamOptions& options)
    : feeds_(feeds), watch_(watch), signal_(std::move(signal)), options_(options) {}

void MemoryFollower::add(MemoryView& view, const std::vector<Position>& from) {
  const std::size_t index = watch_.add_follower(std::nullopt);
  Follower follower{.view = &view, .index = index, .tally = nullptr, .from = {}, .follows = {}};
  follower.tally = std::make_unique<Tally>(view.name(), options_.metrics,
                                           [this, index] { return watch_.lag(index).unread; });
  for (const Position& position : from) follower.from.emplace(position.origin, position.offset);
  followers_.push_back(std::move(follower));
}

void MemoryFollower::start() {
  if (followers_.empty()) return;
  refresh_follows();
  thread_ = std::thread([this] { run(); });
}

void MemoryFollower::join() {
  if (thread_.joinable()) thread_.join();
}

std::vector<ApplierStatus> MemoryFollower::status() const {
  std::vector<ApplierStatus> all;
  for (const Follower& follower : followers_) {
    const Counts counts = follower.tally->counts();
    all.push_back({.view = std::string(follower.view->name()),
                   .applied = watch_.applied(follower.index),
                   .read = counts.read,
                   .done = counts.applied,
                   .duplicate = counts.duplicate,
                   .refused = counts.refused,
                   .not_mine = counts.not_mine,
                   .quarantined = counts.quarantined,
                   .in_flight = counts.in_flight,
                   .lag = watch_.lag(follower.index).unread,
                   .trouble = {}});
  }
  return all;
}

void MemoryFollower::run() {
  while (!signal_->stopping()) {
    const std::uint64_t seen = signal_->count();
    refresh_follows();
    bool moved = false;
    for (Follower& follower : followers_)
      for (auto& [origin, follow] : follower.follows) moved |= step(follower, follow);
    if (!moved) signal_->wait(seen, options_.batch_wait_ms);
  }
}

void MemoryFollower::refresh_follows() {
  const auto list = feeds_.list();
  if (list == list_) return;
  for (Follower& follower : followers_) {
    std::erase_if(follower.follows, [&](const auto& entry) {
      if (std::ranges::find(*list, entry.second.feed) != list->end()) return false;
      // An origin that comes back goes on from here.
      follower.from.insert_or_assign(entry.first, entry.second.mark.applied);
      return true;
    });
    for (const auto& feed : *list) {
      const Origin& origin = feed->origin();
      if (follower.follows.contains(origin)) continue;
      const auto from = follower.from.find(origin);
      const std::uint64_t offset = from != follower.from.end() ? from->second : feed->joined_at();
      Follow follow;
      follow.feed = feed;
      follow.cursor = feed->open_cursor();
      follow.mark = {.read = offset, .applied = offset, .stored = offset};
      watch_.move(follower.index, origin, follow.mark);
      follower.follows.emplace(origin, std::move(follow));
    }
  }
  list_ = list;
}

bool MemoryFollower::step(Follower& follower, Follow& follow) {
  const std::uint64_t end = follow.feed->end();
  if (end <= follow.mark.read || options_.clock->monotonic_us() < follow.retry_us) return false;
  batch_.raw.clear();
  const Result<void> read = follow.cursor->read(follow.mark.read, end, options_.batch_count_max,
                                                options_.batch_size_max, batch_.raw);
  if (!read.ok()) {
    read_failed(follower, follow, read.error());
    return false;
  }
  follow.backoff_ms = 0;
  if (batch_.raw.empty()) return false;
  batch_.origin = follow.feed->origin();
  MemoryView& view = *follower.view;
  decode_wanted(batch_, [&view](EventKind kind) { return view.wants(kind); });
  follower.tally->take(batch_.raw.size(), batch_.wanted_count());
  for (const Batch::Poison& poison : batch_.poisons) {
    log::error("stream", "record that does not decode is left out",
               {{"view", view.name()},
                {"origin", batch_.origin.to_string()},
                {"offset", batch_.raw[poison.raw_index].offset},
                {"reason", poison.error.to_string()}});
  }
  if (!batch_.records.empty()) view.consume(batch_.records);
  follower.tally->settle({.applied = batch_.records.size(), .quarantined = batch_.poisons.size()});
  follow.mark = {
      .read = batch_.last_offset, .applied = batch_.last_offset, .stored = batch_.last_offset};
  watch_.move(follower.index, batch_.origin, follow.mark);
  return true;
}

// A view in memory has nothing to be rebuilt from but the origins themselves: where records are
// gone, it goes on behind them.
void MemoryFollower::read_failed(Follower& follower, Follow& follow, const Error& error) {
  if (follow.backoff_ms == 0)
    log::warn("stream", "view in memory can't read",
              {{"view", follower.view->name()},
               {"origin", follow.feed->origin().to_string()},
               {"why", error.to_string()}});
  follow.backoff_ms = std::clamp(follow.backoff_ms * 2, backoff_ms_min, options_.retry_ms_max);
  follow.retry_us = options_.clock->monotonic_us() + follow.backoff_ms * 1000;
  if (error.code() != Code::not_found) return;
  const std::uint64_t first = follow.feed->first_offset();
  if (first <= follow.mark.read + 1) return;
  follow.mark = {.read = first - 1, .applied = first - 1, .stored = first - 1};
  watch_.move(follower.index, follow.feed->origin(), follow.mark);
}

}  // namespace matsuri::stream::internal
