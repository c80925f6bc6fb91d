// The applier's one transaction: what it does when it goes well, and how it finds out what happened
// when it does not.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "stream/internal/applier.h"
#include "stream/internal/schema.h"
#include "stream/internal/store.h"

namespace matsuri::stream::internal {
namespace {

constexpr std::int64_t backoff_ms_min = 5;

// Whether the database, not a record, is to blame.
bool is_transient(const Error& error) {
  return error.code() == Code::busy || error.code() == Code::io || error.code() == Code::corrupt;
}

}  // namespace

Applier::Tried Applier::settle(Follow& follow, std::uint64_t target, const Work& work) {
  std::int64_t backoff_ms = backoff_ms_min;
  for (;;) {
    Tried tried = transact(follow, target, work);
    if (tried.attempt == Attempt::lost) lose(follow);
    if (tried.attempt == Attempt::done) trouble("", "");
    if (tried.attempt != Attempt::again) return tried;
    trouble("", tried.error ? tried.error->to_string() : "an unclear commit had not happened");
    if (signal_->stopping()) return {.attempt = Attempt::stopped, .error = {}};
    signal_->sleep(backoff_ms);
    if (signal_->stopping()) return {.attempt = Attempt::stopped, .error = {}};
    backoff_ms = std::min(backoff_ms * 2, options_.retry_ms_max);
  }
}

Applier::Tried Applier::transact(Follow& follow, std::uint64_t target, const Work& work) {
  const std::int64_t begin_us = options_.clock->monotonic_us();
  if (Result<void> begun = connection_->begin(); !begun.ok())
    return {.attempt = Attempt::again, .error = std::move(begun).error()};
  sql::Connection& connection = connection_->connection();
  const auto give_up = [&](Attempt attempt, std::optional<Error> error) {
    connection_->rollback();
    return Tried{.attempt = attempt, .error = std::move(error)};
  };
  if (Result<void> locked = lock_outbox(connection); !locked.ok())
    return give_up(Attempt::again, std::move(locked).error());
  const Origin& origin = follow.feed->origin();
  Result<bool> moved = move_position(connection, name_, origin, follow.stored, target);
  if (!moved.ok()) return give_up(Attempt::again, std::move(moved).error());
  if (!*moved) return give_up(Attempt::lost, std::nullopt);
  if (work) {
    if (Result<void> worked = work(connection); !worked.ok()) {
      const Attempt attempt = is_transient(worked.error()) ? Attempt::again : Attempt::poisoned;
      return give_up(attempt, std::move(worked).error());
    }
  }
  std::optional<Error> error;
  switch (connection_->commit(&error)) {
    case sql::CommitOutcome::done:
      break;
    case sql::CommitOutcome::failed:
      return {.attempt = Attempt::again, .error = std::move(error)};
    case sql::CommitOutcome::unknown:
      return resolve_commit(follow, target);
  }
  tally_.observe_commit(static_cast<double>(options_.clock->monotonic_us() - begin_us) / 1'000'000);
  return {.attempt = Attempt::done, .error = {}};
}

// The connection broke while COMMIT ran. The database knows: its position is the old one or ours.
// The lock comes first, so that a server which still commits for the lost connection has finished.
Applier::Tried Applier::resolve_commit(const Follow& follow, std::uint64_t target) {
  const Origin& origin = follow.feed->origin();
  std::int64_t backoff_ms = backoff_ms_min;
  log::warn("stream", "unclear commit: reading the position again",
            {{"view", name_}, {"origin", origin.to_string()}, {"target", target}});
  for (;;) {
    const auto look = [&]() -> Result<std::optional<std::uint64_t>> {
      TRY(connection_->begin());
      Result<void> locked = lock_outbox(connection_->connection());
      auto stored = locked.ok() ? stored_position(connection_->connection(), name_, origin)
                                : Result<std::optional<std::uint64_t>>(std::move(locked).error());
      connection_->rollback();
      return stored;
    };
    Result<std::optional<std::uint64_t>> stored = look();
    if (stored.ok()) {
      if (*stored == target) return {.attempt = Attempt::done, .error = {}};
      if (*stored == follow.stored) return {.attempt = Attempt::again, .error = {}};
      return {.attempt = Attempt::lost, .error = {}};
    }
    trouble("", "unclear commit: " + stored.error().to_string());
    signal_->sleep(backoff_ms);
    if (signal_->stopping()) return {.attempt = Attempt::stopped, .error = {}};
    backoff_ms = std::min(backoff_ms * 2, options_.retry_ms_max);
  }
}

void Applier::lose(const Follow& follow) {
  lost_ = true;
  const std::string origin = follow.feed->origin().to_string();
  {
    const std::lock_guard lock(mutex_);
    troubles_.clear();  // This one is final; no other matters.
  }
  trouble(origin, "somebody else applies this view: its position was moved");
  log::error("stream", "position moved by another owner: this applier stops",
             {{"view", name_}, {"origin", origin}, {"expected", follow.stored.value_or(0)}});
}

}  // namespace matsuri::stream::internal
