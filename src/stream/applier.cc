#include "stream/internal/applier.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "stream/internal/schema.h"
#include "stream/internal/store.h"

namespace matsuri::stream::internal {
namespace {

constexpr std::int64_t backoff_ms_min = 5;

// How long a position may stand in memory only, after records that were not the view's: reading
// them again costs little, a transaction for each batch of another's records would cost much.
constexpr std::int64_t unstored_us_max = 1'000'000;

constexpr std::int64_t lag_check_us = 50'000;

// A tenth of a usual thread's share where processors are short. On Linux it is the thread's own.
void give_way() {
  constexpr int niceness = 10;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

}  // namespace

Applier::Applier(View& view, Outbox& outbox, const Feeds& feeds, Watch& watch,
                 std::shared_ptr<Signal> signal, const StreamOptions& options)
    : view_(view),
      name_(view.name()),
      outbox_(outbox),
      feeds_(feeds),
      watch_(watch),
      signal_(std::move(signal)),
      options_(options),
      follower_(watch.add_follower(outbox.origin())),
      tally_(name_, options.metrics,
             [&watch, follower = follower_] { return watch.lag(follower).unread; }) {}

void Applier::start() {
  thread_ = std::thread([this] {
    if (options_.gives_way) give_way();
    run();
  });
}

void Applier::join() {
  if (thread_.joinable()) thread_.join();
}

ApplierStatus Applier::status() const {
  const Counts counts = tally_.counts();
  ApplierStatus status{.view = name_,
                       .applied = watch_.applied(follower_),
                       .read = counts.read,
                       .done = counts.applied,
                       .duplicate = counts.duplicate,
                       .refused = counts.refused,
                       .not_mine = counts.not_mine,
                       .quarantined = counts.quarantined,
                       .in_flight = counts.in_flight,
                       .lag = watch_.lag(follower_).unread,
                       .trouble = {}};
  const std::lock_guard lock(mutex_);
  if (!troubles_.empty()) status.trouble = troubles_.begin()->second;
  return status;
}

void Applier::check_lag() {
  const std::uint64_t unapplied = watch_.lag(follower_).unapplied;
  const bool lags = unapplied > options_.lag_count_max;
  if (lags_.exchange(lags, std::memory_order_relaxed) == lags) return;
  log::warn("stream",
            lags ? "view lags beyond its bound: its commands answer busy"
                 : "view is within its lag bound again",
            {{"view", name_}, {"records", unapplied}});
}

void Applier::check_lag_if_due() {
  const std::int64_t now_us = options_.clock->monotonic_us();
  std::int64_t due_us = lag_due_us_.load(std::memory_order_relaxed);
  if (now_us < due_us) return;
  if (lag_due_us_.compare_exchange_strong(due_us, now_us + lag_check_us)) check_lag();
}

void Applier::trouble(const std::string& blamed, const std::string& text) {
  const std::lock_guard lock(mutex_);
  const auto known = troubles_.find(blamed);
  if (text.empty()) {
    if (known == troubles_.end()) return;
    troubles_.erase(known);
    log::info("stream", "view moves again", {{"view", name_}, {"origin", blamed}});
  } else if (known == troubles_.end() || known->second != text) {
    troubles_.insert_or_assign(blamed, text);
    log::warn("stream", "view does not move", {{"view", name_}, {"origin", blamed}, {"why", text}});
  }
}

void Applier::run() {
  std::int64_t backoff_ms = backoff_ms_min;
  while (!signal_->stopping() && !lost_) {
    const std::uint64_t seen = signal_->count();
    if (const Result<void> ready = refresh_follows(); !ready.ok()) {
      trouble("", ready.error().to_string());
      signal_->sleep(backoff_ms);
      backoff_ms = std::min(backoff_ms * 2, options_.retry_ms_max);
      continue;
    }
    if (backoff_ms != backoff_ms_min) trouble("", "");
    backoff_ms = backoff_ms_min;
    bool moved = false;
    for (auto& [origin, follow] : follows_) {
      if (lost_ || signal_->stopping()) break;
      moved |= step(follow);
    }
    persist_idle();
    if (!moved && !lost_) signal_->wait(seen, options_.batch_wait_ms);
  }
  // What only memory knows is written once if that goes; it is read again otherwise.
  for (auto& [origin, follow] : follows_) {
    if (lost_ || !connection_ || follow.unstored_count == 0) continue;
    if (transact(follow, follow.mark.applied, nullptr).attempt == Attempt::done)
      advance(follow, follow.mark.applied, true);
  }
  connection_.reset();
}

Result<void> Applier::refresh_follows() {
  const auto list = feeds_.list();
  if (list == list_) return {};
  if (!connection_) {
    TRY_ASSIGN(connection_, outbox_.db().dedicate());
  }
  std::erase_if(follows_, [&](const auto& entry) {
    if (std::ranges::find(*list, entry.second.feed) != list->end()) return false;
    trouble(entry.first.to_string(), "");
    return true;
  });
  for (const auto& feed : *list) {
    const Origin& origin = feed->origin();
    if (!watch_.follows(follower_, origin) || follows_.contains(origin)) continue;
    TRY(connection_->begin());
    const auto stored = stored_position(connection_->connection(), name_, origin);
    connection_->rollback();
    TRY(stored);
    Follow follow;
    follow.feed = feed;
    follow.cursor = feed->open_cursor();
    follow.stored = *stored;
    const std::uint64_t offset = follow.stored.value_or(0);
    follow.mark = {.read = offset, .applied = offset, .stored = offset};
    follow.beyond = offset > feed->end();
    if (follow.beyond) {
      trouble(origin.to_string(), "the origin ends before the view's position: records are lost");
      log::error("stream", "an origin ends before the position of a view: records are lost",
                 {{"view", name_},
                  {"origin", origin.to_string()},
                  {"position", offset},
                  {"end", feed->end()}});
    }
    watch_.move(follower_, origin, follow.mark);
    follows_.emplace(origin, std::move(follow));
  }
  list_ = list;
  return {};
}

// One that can't be read just now holds nobody up: a view that lost records goes on with what is
// answered today.
bool Applier::has_to_wait(const Follow& follow) const {
  for (auto earlier = follow.feed->earlier(); earlier != nullptr; earlier = earlier->earlier()) {
    const auto found = follows_.find(earlier->origin());
    if (found == follows_.end() || found->second.backoff_ms != 0) continue;
    if (found->second.mark.applied < earlier->end()) return true;
  }
  return false;
}

bool Applier::step(Follow& follow) {
  const std::uint64_t end = follow.feed->end();
  const std::int64_t now_us = options_.clock->monotonic_us();
  if (follow.beyond || end <= follow.mark.read || now_us < follow.retry_us) return false;
  if (has_to_wait(follow)) return false;
  batch_.raw.clear();
  const Result<void> read = follow.cursor->read(follow.mark.read, end, options_.batch_count_max,
                                                options_.batch_size_max, batch_.raw);
  if (!read.ok()) {
    read_failed(follow, read.error());
    return false;
  }
  if (follow.backoff_ms != 0) {
    follow.backoff_ms = 0;
    trouble(follow.feed->origin().to_string(), "");
  }
  if (batch_.raw.empty()) return false;
  batch_.origin = follow.feed->origin();
  decode_wanted(batch_, [this](EventKind kind) { return view_.wants(kind); });
  follow.mark.read = batch_.last_offset;
  tally_.take(batch_.raw.size(), batch_.wanted_count());
  tally_.observe_batch(batch_.raw.size());
  watch_.move(follower_, batch_.origin, follow.mark);
  return process(follow, batch_);
}

void Applier::read_failed(Follow& follow, const Error& error) {
  const std::string origin = follow.feed->origin().to_string();
  if (error.code() == Code::not_found && follow.backoff_ms == 0) {
    log::error("stream", "records that a view has not read are gone: rebuild it",
               {{"view", name_}, {"origin", origin}, {"after", follow.mark.read}});
  }
  follow.backoff_ms = std::clamp(follow.backoff_ms * 2, backoff_ms_min, options_.retry_ms_max);
  follow.retry_us = options_.clock->monotonic_us() + follow.backoff_ms * 1000;
  trouble(origin, error.to_string());
}

bool Applier::process(Follow& follow, const Batch& batch) {
  std::size_t low = 0;
  for (const Batch::Poison& poison : batch.poisons) {
    const journal::StoredRecord& record = batch.raw[poison.raw_index];
    if (poison.before > low && !apply_run(follow, batch, low, poison.before, record.offset - 1))
      return false;
    low = poison.before;
    if (!quarantine(follow, record, poison.error, record.offset)) return false;
  }
  if (low < batch.records.size())
    return apply_run(follow, batch, low, batch.records.size(), batch.last_offset);
  if (follow.mark.applied == batch.last_offset) return true;
  if (follow.unstored_count == 0) follow.stored_us = options_.clock->monotonic_us();
  follow.unstored_count += batch.raw.size();
  advance(follow, batch.last_offset, false);
  return follow.unstored_count < options_.batch_count_max || persist(follow);
}

bool Applier::apply_run(Follow& follow, const Batch& batch, std::size_t low, std::size_t high,
                        std::uint64_t target) {
  struct Segment {
    std::size_t low;
    std::size_t high;
    std::uint64_t target;
    bool suspect;  // one record that has failed alone before
  };
  std::vector<Segment> waiting = {{low, high, target, false}};
  while (!waiting.empty()) {
    const Segment segment = waiting.back();
    waiting.pop_back();
    const std::span<const Record> records =
        std::span(batch.records).subspan(segment.low, segment.high - segment.low);
    BatchResult result(records.size());
    std::optional<Position> fact;
    const Tried tried =
        settle(follow, segment.target, [&](sql::Connection& connection) -> Result<void> {
          result = BatchResult(records.size());
          TRY(view_.apply(connection, records, result));
          TRY_ASSIGN(fact, store_result(connection, name_, outbox_, records, result));
          return {};
        });
    if (tried.attempt == Attempt::done) {
      Counts settled;
      for (const Outcome outcome : result.outcomes()) {
        if (outcome == Outcome::applied)
          ++settled.applied;
        else if (outcome == Outcome::duplicate)
          ++settled.duplicate;
        else
          ++settled.refused;
      }
      tally_.settle(settled);
      view_.committed(records, result);
      advance(follow, segment.target, true);
      if (fact) outbox_.committed(*fact);
    } else if (tried.attempt != Attempt::poisoned) {
      return false;
    } else if (records.size() > 1) {
      const std::size_t middle = segment.low + records.size() / 2;
      waiting.push_back({middle, segment.high, segment.target, false});
      waiting.push_back({segment.low, middle, batch.records[middle].position.offset - 1, false});
    } else if (!segment.suspect) {
      waiting.push_back({segment.low, segment.high, segment.target, true});
    } else if (!quarantine(follow, batch.raw[batch.raw_indices[segment.low]], *tried.error,
                           segment.target)) {
      return false;
    }
  }
  return true;
}

bool Applier::quarantine(Follow& follow, const journal::StoredRecord& record, const Error& error,
                         std::uint64_t target) {
  const Origin& origin = follow.feed->origin();
  const Tried tried = settle(follow, target, [&](sql::Connection& connection) -> Result<void> {
    Result<void> stored = store_quarantine(connection, name_, origin, record, error.to_string());
    // The record is not to blame for this one.
    if (!stored.ok()) return Error(Code::io, stored.error().to_string()).within("quarantine");
    return stored;
  });
  if (tried.attempt != Attempt::done) return false;
  log::error("stream", "record quarantined",
             {{"view", name_},
              {"position", Position{.origin = origin, .offset = record.offset}.to_string()},
              {"kind", static_cast<std::uint64_t>(record.header.kind)},
              {"reason", error.to_string()}});
  tally_.settle({.quarantined = 1});
  advance(follow, target, true);
  return true;
}

bool Applier::persist(Follow& follow) {
  if (settle(follow, follow.mark.applied, nullptr).attempt != Attempt::done) return false;
  advance(follow, follow.mark.applied, true);
  return true;
}

void Applier::persist_idle() {
  for (auto& [origin, follow] : follows_) {
    if (lost_ || follow.unstored_count == 0) continue;
    if (options_.clock->monotonic_us() - follow.stored_us >= unstored_us_max) persist(follow);
  }
}

void Applier::advance(Follow& follow, std::uint64_t target, bool stored) {
  follow.mark.applied = target;
  if (stored) {
    follow.stored = target;
    follow.mark.stored = target;
    follow.unstored_count = 0;
  }
  watch_.move(follower_, follow.feed->origin(), follow.mark);
}

}  // namespace matsuri::stream::internal
