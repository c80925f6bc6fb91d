// Following people and communities: the deferred command, and what of it is decided for good.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "model/event.h"
#include "model/position.h"
#include "stream/stream.h"
#include "stream/view.h"

namespace matsuri::timeline {

// How many people, and how many communities, one may follow at a time.
inline constexpr std::uint64_t followed_people_max = 5000;
inline constexpr std::uint64_t followed_communities_max = 500;

// Thread-safe; called on I/O threads, never blocks.
class Follows {
 public:
  Follows(journal::Writer& writer, journal::IdMaker& ids, stream::Stream& stream)
      : writer_(writer), ids_(ids), stream_(stream) {}

  using Completion = std::move_only_function<void(Result<Position>)>;

  // From now on `account` follows the target, or does not; once more is no error. Exactly one call
  // of `done`, with the position of the record when it is durable. Code::invalid (oneself),
  // Code::busy (journal or view), Code::io. That the target is there and may be followed is the
  // caller's to look up (follow_query.h).
  void set(const SetFollow& wanted, io::Executor& executor, Completion done);

 private:
  journal::Writer& writer_;
  journal::IdMaker& ids_;
  stream::Stream& stream_;
};

// Applies the SetFollow records among `records` to tables follow and tally: the one with the
// highest id wins, whichever comes first. What changes nothing counts as a duplicate; one more than
// the limits allow is refused with Code::exhausted. FollowChanged facts tell of real changes alone.
Result<void> apply_follows(sql::Connection& connection, std::span<const stream::Record> records,
                           stream::BatchResult& result);

// Brings the post counts of tally forward by the PostPublished and PostDeleted facts of `result`:
// to be called last in a batch, when the rows of its posts are written.
Result<void> count_posts(sql::Connection& connection, std::span<const stream::Record> records,
                         const stream::BatchResult& result);

}  // namespace matsuri::timeline
