#include "timeline/exec.h"

#include <utility>

namespace matsuri::timeline {

Timeline::Timeline(journal::Writer& writer, journal::IdMaker& ids, stream::Stream& stream,
                   RecentKeys& keys, io::Clock& clock)
    : writer_(writer), ids_(ids), stream_(stream), keys_(keys), clock_(clock) {}

namespace {

// The answer is rebuilt from the request and the id, so nothing has to be read for it.
Post to_post(const NewPost& wanted, PostId id) {
  return {.id = id,
          .community = wanted.community,
          .author = wanted.author,
          .text = wanted.text,
          .language = wanted.language,
          .created_unix_ms = parts_of(id.value).unix_ms};
}

}  // namespace

void Timeline::publish(NewPost wanted, io::Executor& executor, Completion done) {
  if (wanted.community != plaza_community)
    return done(Error(Code::not_found, "there is no such community"));
  auto text = clean_post_text(wanted.text);
  if (!text.ok()) return done(text.error());
  wanted.text = std::move(text).value();
  if (const auto checked = check_language(wanted.language); !checked.ok())
    return done(checked.error());

  const AccountId author = wanted.author.id;
  if (wanted.key) {
    using State = RecentKeys::Use::State;
    const RecentKeys::Use use = keys_.begin(author, wanted.key, wanted.fingerprint);
    if (use.state == State::in_flight)
      return done(Error(Code::conflict, "a request with this Idempotency-Key is being answered"));
    if (use.state == State::reused)
      return done(Published{.kind = Published::Kind::key_reused, .post = {}, .position = {}});
    if (use.state == State::made)
      return done(Published{
          .kind = Published::Kind::replayed, .post = to_post(wanted, use.post), .position = {}});
  }

  const auto forget_key = [&] {
    if (wanted.key) keys_.forget(author, wanted.key);
  };
  if (!texts_.begin(author, wanted.community, wanted.text, clock_.monotonic_us() / 1000)) {
    forget_key();
    return done(Error(Code::conflict, "the same text was posted less than 30 seconds before"));
  }
  const auto id = [&]() -> Result<std::uint64_t> {
    TRY(stream_.admit(EventKind::publish_post));
    return ids_.next();
  }();
  const Result<void> appended = [&]() -> Result<void> {
    if (!id.ok()) return id.error();
    return append({.post = PostId{id.value()},
                   .community = wanted.community,
                   .author = author,
                   .text = wanted.text,
                   .language = wanted.language,
                   .import_source = {},
                   .import_source_id = {}},
                  wanted, executor, done);
  }();
  if (appended.ok()) return;
  forget_key();
  texts_.forget(author, wanted.community, wanted.text);
  done(appended.error());
}

Result<void> Timeline::append(const PublishPost& event, const NewPost& wanted,
                              io::Executor& executor, Completion& done) {
  const RecordHeader header{.id = event.post.value,
                            .unix_ms = parts_of(event.post.value).unix_ms,
                            .account = event.author,
                            .key = wanted.key,
                            .fingerprint = wanted.fingerprint,
                            .kind = EventKind::publish_post};
  // The completion owns `done` only once the journal has taken the record: until then the caller
  // answers itself.
  auto shared = std::make_shared<Completion>();
  auto completion = [this, wanted, id = event.post, shared](const Result<Position>& position) {
    // After a failed write the record may still come back with the next start: the key stays taken.
    if (!position.ok()) return (*shared)(position.error());
    if (wanted.key) keys_.made(wanted.author.id, wanted.key, id);
    (*shared)(Published{.kind = Published::Kind::published,
                        .post = to_post(wanted, id),
                        .position = position.value()});
  };
  const std::string payload = encode(event);
  // An executor may run the completion before append() returns.
  std::swap(*shared, done);
  const Result<void> taken = writer_.append(header, as_bytes(payload), executor, completion);
  if (!taken.ok()) std::swap(*shared, done);
  return taken;
}

}  // namespace matsuri::timeline
