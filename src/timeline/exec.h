// Posting, editing, deleting: check against memory, make an id, append to the journal, answer when
// it is durable. SQL is written later, by apply.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "drawing/drawing.h"
#include "io/clock.h"
#include "io/executor.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "model/position.h"
#include "model/record.h"
#include "stream/stream.h"
#include "timeline/model.h"
#include "timeline/recent.h"
#include "timeline/rules.h"

namespace matsuri::timeline {

struct NewPost {
  CommunityId community;  // of a comment: its post's
  Author author;
  Role role = Role::user;
  std::string text;  // may be empty beside a drawing
  std::string language;
  std::uint32_t feeling = 0;
  bool spoiler = false;
  std::string tag;
  std::optional<drawing::Drawing> drawing;  // as drawing::clean() gave it
  std::optional<Post> parent;  // what a comment is on, as its author read it: it was visible
  IdempotencyKey key;          // none: each request is a post of its own
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

// What is to be different; the rest stays.
struct PostChange {
  std::optional<std::string> text;
  std::optional<std::uint32_t> feeling;
  std::optional<bool> spoiler;
  std::optional<std::string> tag;  // empty: none
};

struct Edited {
  Post post;  // as it is then
  Position position;
};

struct TimelineParts {
  journal::Writer& writer;
  journal::IdMaker& ids;
  stream::Stream& stream;
  RecentKeys& keys;
  const CommunityRules& rules;
  io::Clock& clock;
};

// Thread-safe; called on I/O threads, never blocks.
class Timeline {
 public:
  explicit Timeline(const TimelineParts& parts) : parts_(parts) {}

  template <class T>
  using Completion = std::move_only_function<void(Result<T>)>;

  // Exactly one call of `done`: at once for what memory refuses, through `executor` when the record
  // is durable. Code::invalid (text, language, feeling, tag, neither text nor drawing, a comment on
  // a comment), Code::not_found (community), Code::denied (the community does not take this kind,
  // or not from this account; anybody may comment), Code::conflict (a duplicate, or the same key is
  // in flight), Code::busy (journal or view), Code::io.
  void publish(NewPost wanted, io::Executor& executor, Completion<Published> done);

  // The same way. `current` is the post as `account` has just read it. Code::denied (somebody
  // else's, or older than edit_window_ms), Code::invalid, Code::busy, Code::io.
  void edit(Post current, const PostChange& change, AccountId account, io::Executor& executor,
            Completion<Edited> done);
  // Code::denied for somebody else's.
  void remove(const Post& current, AccountId account, io::Executor& executor,
              Completion<Position> done);

 private:
  Result<void> check(NewPost& wanted) const;
  Result<void> append(const PublishPost& event, const NewPost& wanted, io::Executor& executor,
                      Completion<Published>& done);
  template <class Event, class Finish>
  void append_change(Event event, io::Executor& executor, Finish finish);

  const TimelineParts parts_;
  RecentTexts texts_;
};

}  // namespace matsuri::timeline
