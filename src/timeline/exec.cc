#include "timeline/exec.h"

#include <utility>

namespace matsuri::timeline {
namespace {

// The answer is rebuilt from the request and the id, so nothing has to be read for it.
Post to_post(const NewPost& wanted, PostId id) {
  return {.id = id,
          .community = wanted.community,
          .parent = wanted.parent ? wanted.parent->id : PostId{},
          .author = wanted.author,
          .text = wanted.text,
          .drawn = wanted.drawing.has_value(),
          .feeling = static_cast<std::uint8_t>(wanted.feeling),
          .spoiler = wanted.spoiler,
          .tag = wanted.tag,
          .language = wanted.language,
          .created_unix_ms = parts_of(id.value).unix_ms};
}

Result<void> check_feeling(std::uint32_t feeling) {
  if (feeling > feeling_max) return Error(Code::invalid, "feeling: a number from 0 to 5 is taken");
  return {};
}

// What a post says: text, drawing or both, of the kinds that its community takes.
Result<void> check_kinds(const CommunityRule& rule, bool has_text, bool is_drawn) {
  if (!has_text && !is_drawn) return Error(Code::invalid, "a text or a drawing is needed");
  if (has_text && (rule.post_kinds & post_kind_text) == 0)
    return Error(Code::denied, "this community takes drawings without text only");
  if (is_drawn && (rule.post_kinds & post_kind_drawing) == 0)
    return Error(Code::denied, "this community takes no drawings");
  return {};
}

bool may_post(const CommunityRule& rule, AccountId account, Role role) {
  if (rule.who_posts == Posters::everyone) return true;
  if (role == Role::moderator || role == Role::admin) return true;
  return rule.who_posts == Posters::owner && account == rule.owner;
}

Result<CommunityRule> rule_of(const CommunityRules& rules, CommunityId community) {
  const auto rule = rules.find(community);
  if (!rule) return Error(Code::not_found, "there is no such community");
  return *rule;
}

constexpr std::string_view said_twice = "the same text was posted less than 30 seconds before";

}  // namespace

Result<void> Timeline::check(NewPost& wanted) const {
  if (wanted.parent) {
    if (wanted.parent->parent) return Error(Code::invalid, "a comment takes no comments");
    wanted.community = wanted.parent->community;
  }
  TRY_ASSIGN(const CommunityRule rule, rule_of(parts_.rules, wanted.community));
  if (!wanted.parent && !may_post(rule, wanted.author.id, wanted.role))
    return Error(Code::denied, "you may not post in this community");
  TRY(check_kinds(rule, !wanted.text.empty(), wanted.drawing.has_value()));
  if (!wanted.text.empty()) {
    TRY_ASSIGN(wanted.text, clean_post_text(wanted.text));
  }
  TRY_ASSIGN(wanted.tag, clean_tag(wanted.tag));
  TRY(check_feeling(wanted.feeling));
  return check_language(wanted.language);
}

void Timeline::publish(NewPost wanted, io::Executor& executor, Completion<Published> done) {
  if (const auto checked = check(wanted); !checked.ok()) return done(checked.error());

  const AccountId author = wanted.author.id;
  if (wanted.key) {
    using State = RecentKeys::Use::State;
    const RecentKeys::Use use = parts_.keys.begin(author, wanted.key, wanted.fingerprint);
    if (use.state == State::in_flight)
      return done(Error(Code::conflict, "a request with this Idempotency-Key is being answered"));
    if (use.state == State::reused)
      return done(Published{.kind = Published::Kind::key_reused, .post = {}, .position = {}});
    if (use.state == State::made)
      return done(Published{
          .kind = Published::Kind::replayed, .post = to_post(wanted, use.post), .position = {}});
  }
  const auto forget_key = [&] {
    if (wanted.key) parts_.keys.forget(author, wanted.key);
  };

  PublishPost event{.community = wanted.community,
                    .author = author,
                    .text = wanted.text,
                    .language = wanted.language,
                    .feeling = static_cast<std::uint8_t>(wanted.feeling),
                    .spoiler = wanted.spoiler,
                    .tag = wanted.tag};
  if (wanted.parent) {
    event.parent = wanted.parent->id;
    event.parent_author = wanted.parent->author.id;
  }
  if (wanted.drawing) event.drawing = drawing::encode(*wanted.drawing);
  const Said said{.author = author,
                  .community = event.community,
                  .parent = event.parent,
                  .text = event.text,
                  .drawing = event.drawing};
  if (!texts_.begin(said, parts_.clock.monotonic_us() / 1000)) {
    forget_key();
    return done(Error(Code::conflict, std::string(said_twice)));
  }
  const auto id = [&]() -> Result<std::uint64_t> {
    TRY(parts_.stream.admit(EventKind::publish_post));
    return parts_.ids.next();
  }();
  const Result<void> appended = [&]() -> Result<void> {
    if (!id.ok()) return id.error();
    event.post = PostId{id.value()};
    return append(event, wanted, executor, done);
  }();
  if (appended.ok()) return;
  forget_key();
  texts_.forget(said);
  done(appended.error());
}

Result<void> Timeline::append(const PublishPost& event, const NewPost& wanted,
                              io::Executor& executor, Completion<Published>& done) {
  const RecordHeader header{.id = event.post.value,
                            .unix_ms = parts_of(event.post.value).unix_ms,
                            .account = event.author,
                            .key = wanted.key,
                            .fingerprint = wanted.fingerprint,
                            .kind = EventKind::publish_post};
  // The completion owns `done` only once the journal has taken the record: until then the caller
  // answers itself.
  auto shared = std::make_shared<Completion<Published>>();
  auto completion = [this, key = wanted.key, post = to_post(wanted, event.post),
                     shared](const Result<Position>& position) {
    // After a failed write the record may still come back with the next start: the key stays taken.
    if (!position.ok()) return (*shared)(position.error());
    if (key) parts_.keys.made(post.author.id, key, post.id);
    (*shared)(
        Published{.kind = Published::Kind::published, .post = post, .position = position.value()});
  };
  const std::string payload = encode(event);
  // An executor may run the completion before append() returns.
  std::swap(*shared, done);
  const Result<void> taken =
      parts_.writer.append(header, as_bytes(payload), executor, std::move(completion));
  if (!taken.ok()) std::swap(*shared, done);
  return taken;
}

// `finish` gets the id of the change and where its record stands, or why there is none.
template <class Event, class Finish>
void Timeline::append_change(Event event, io::Executor& executor, Finish finish) {
  const EventKind kind = kind_of(event);
  const auto id = [&]() -> Result<std::uint64_t> {
    TRY(parts_.stream.admit(kind));
    return parts_.ids.next();
  }();
  if (!id.ok()) return finish(0, id.error());
  const RecordHeader header{.id = id.value(),
                            .unix_ms = parts_of(id.value()).unix_ms,
                            .account = event.author,
                            .kind = kind};
  const std::string payload = encode(event);
  auto shared = std::make_shared<Finish>(std::move(finish));
  const Result<void> taken = parts_.writer.append(
      header, as_bytes(payload), executor,
      [shared, id = id.value()](Result<Position> position) { (*shared)(id, std::move(position)); });
  if (!taken.ok()) (*shared)(0, taken.error());
}

void Timeline::edit(Post current, const PostChange& change, AccountId account,
                    io::Executor& executor, Completion<Edited> done) {
  const auto checked = [&]() -> Result<void> {
    if (current.author.id != account) return Error(Code::denied, "this is somebody else's post");
    if (parts_.clock.unix_ms() - current.created_unix_ms > edit_window_ms)
      return Error(Code::denied, "a post can be edited for 30 minutes");
    if (!change.text && !change.feeling && !change.spoiler && !change.tag)
      return Error(Code::invalid, "nothing is to be changed");
    if (change.text) {
      current.text = *change.text;
      if (!current.text.empty()) {
        TRY_ASSIGN(current.text, clean_post_text(current.text));
      }
      TRY_ASSIGN(const CommunityRule rule, rule_of(parts_.rules, current.community));
      TRY(check_kinds(rule, !current.text.empty(), current.drawn));
    }
    if (change.tag) {
      TRY_ASSIGN(current.tag, clean_tag(*change.tag));
    }
    TRY(check_feeling(change.feeling.value_or(0)));
    if (change.feeling) current.feeling = static_cast<std::uint8_t>(*change.feeling);
    if (change.spoiler) current.spoiler = *change.spoiler;
    return {};
  }();
  if (!checked.ok()) return done(checked.error());
  EditPost event{.post = current.id,
                 .community = current.community,
                 .author = account,
                 .parent = current.parent,
                 .text = current.text,
                 .feeling = current.feeling,
                 .spoiler = current.spoiler,
                 .tag = current.tag};
  append_change(std::move(event), executor,
                [current = std::move(current), done = std::move(done)](
                    std::uint64_t id, Result<Position> position) mutable {
                  if (!position.ok()) return done(position.error());
                  current.edited_unix_ms = parts_of(id).unix_ms;
                  done(Edited{.post = std::move(current), .position = position.value()});
                });
}

void Timeline::remove(const Post& current, AccountId account, io::Executor& executor,
                      Completion<Position> done) {
  if (current.author.id != account)
    return done(Error(Code::denied, "this is somebody else's post"));
  append_change(DeletePost{.post = current.id,
                           .community = current.community,
                           .author = account,
                           .parent = current.parent},
                executor,
                [done = std::move(done)](std::uint64_t, Result<Position> position) mutable {
                  done(std::move(position));
                });
}

}  // namespace matsuri::timeline
