// What somebody does with their notifications: having seen them (deferred), and choosing the kinds
// (strict).
#pragma once

#include <functional>

#include "base/result.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "model/position.h"
#include "notification/model.h"
#include "sql/db.h"
#include "stream/stream.h"

namespace matsuri::notification {

// Thread-safe; called on I/O threads, never blocks.
class Notifications {
 public:
  Notifications(journal::Writer& writer, journal::IdMaker& ids, stream::Stream& stream, sql::Db& db)
      : writer_(writer), ids_(ids), stream_(stream), db_(db) {}

  // The recipient has seen what is at or before `up_to`. Exactly one call of `done`, with the
  // position of the command: at once for what is refused, through `executor` when the record is
  // durable. The mark only grows, whatever comes in which order. Code::invalid where no notice has
  // such a number yet; Code::busy (database, journal or view), Code::io.
  void mark_read(AccountId account, std::uint64_t up_to, io::Executor& executor,
                 std::move_only_function<void(Result<Position>)> done);

  // What is made from now on; answered when it is committed. What was made before stays.
  void set_settings(AccountId account, const Settings& settings, io::Executor& executor,
                    std::move_only_function<void(Result<void>)> done);

 private:
  using Completion = std::move_only_function<void(Result<Position>)>;
  void append(AccountId account, std::uint64_t up_to, io::Executor& executor, Completion done);

  journal::Writer& writer_;
  journal::IdMaker& ids_;
  stream::Stream& stream_;
  sql::Db& db_;
};

}  // namespace matsuri::notification
