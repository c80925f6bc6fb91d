// Feeling empathy and taking it back: check, append to the journal, answer when it is durable. SQL
// is written later, by apply.cc.
#pragma once

#include <functional>

#include "base/result.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "model/position.h"
#include "stream/stream.h"

namespace matsuri::empathy {

struct Wanted {
  PostId post;
  AccountId post_author;
  CommunityId community;
  AccountId account;
  bool given = false;
};

// Thread-safe; called on I/O threads, never blocks.
class Empathies {
 public:
  Empathies(journal::Writer& writer, journal::IdMaker& ids, stream::Stream& stream)
      : writer_(writer), ids_(ids), stream_(stream) {}

  // Exactly one call of `done`, with the position of the command: at once for what is refused,
  // through `executor` when the record is durable. Code::denied for one's own post; Code::busy
  // (journal or view), Code::io. Setting what is set changes nothing, so a retry needs no key.
  void set(const Wanted& wanted, io::Executor& executor,
           std::move_only_function<void(Result<Position>)> done);

 private:
  journal::Writer& writer_;
  journal::IdMaker& ids_;
  stream::Stream& stream_;
};

}  // namespace matsuri::empathy
