// Posting: check against memory, make an id, append to the journal, answer when it is durable. SQL
// is written later, by apply.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "model/position.h"
#include "model/record.h"
#include "stream/stream.h"
#include "timeline/model.h"
#include "timeline/recent.h"

namespace matsuri::timeline {

struct NewPost {
  CommunityId community;
  Author author;
  std::string text;
  std::string language;
  IdempotencyKey key;  // none: each request is a post of its own
  std::uint64_t fingerprint = 0;
};

struct Published {
  enum class Kind : std::uint8_t {
    published,   // durable now, at `position`
    replayed,    // durable since an earlier request under the same key: the same answer again
    key_reused,  // the key was used for another request: nothing happened
  };
  Kind kind = Kind::published;
  Post post;
  Position position;  // of this request's record; none (offset 0) where it was replayed
};

// Thread-safe; called on I/O threads, never blocks.
class Timeline {
 public:
  Timeline(journal::Writer& writer, journal::IdMaker& ids, stream::Stream& stream, RecentKeys& keys,
           io::Clock& clock);

  using Completion = std::move_only_function<void(Result<Published>)>;

  // Exactly one call of `done`: at once for what memory refuses, through `executor` when the record
  // is durable. Code::invalid (text, language), Code::not_found (community), Code::conflict (a
  // duplicate, or the same key is in flight), Code::busy (journal or view), Code::io.
  void publish(NewPost wanted, io::Executor& executor, Completion done);

 private:
  Result<void> append(const PublishPost& event, const NewPost& wanted, io::Executor& executor,
                      Completion& done);

  journal::Writer& writer_;
  journal::IdMaker& ids_;
  stream::Stream& stream_;
  RecentKeys& keys_;
  RecentTexts texts_;
  io::Clock& clock_;
};

}  // namespace matsuri::timeline
