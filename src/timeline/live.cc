#include "timeline/live.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <variant>

#include "base/log.h"
#include "json/writer.h"
#include "sql/call.h"
#include "timeline/follow_query.h"
#include "timeline/render.h"

namespace matsuri::timeline {
namespace {

// A fact of main that names an author may be a moment behind the author's first post.
constexpr int name_attempts = 20;
constexpr std::chrono::milliseconds name_pause{50};

std::unordered_map<AccountId, Author> names_of(sql::Db& db, std::vector<AccountId> ids) {
  std::unordered_map<AccountId, Author> names;
  for (int attempt = 0; attempt < name_attempts && !ids.empty(); ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(name_pause);
    const Result<void> read = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(const std::vector<Author> authors, read_authors(connection, ids));
      for (const Author& author : authors) names[author.id] = author;
      return {};
    });
    if (!read.ok()) log::warn("timeline", "names not read", {{"error", read.error().to_string()}});
    std::erase_if(ids, [&](AccountId id) { return names.contains(id); });
  }
  return names;
}

// Posts that were edited, as everybody sees them now.
std::unordered_map<PostId, Post> posts_of(sql::Db& db, const std::vector<PostId>& ids) {
  std::unordered_map<PostId, Post> posts;
  if (ids.empty()) return posts;
  const Result<void> read = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(std::vector<Post> found, read_posts(connection, ids, {}));
    for (Post& post : found) posts[post.id] = std::move(post);
    return {};
  });
  if (!read.ok()) log::warn("timeline", "posts not read", {{"error", read.error().to_string()}});
  return posts;
}

// Who wrote the posts that comments are on.
std::unordered_map<PostId, AccountId> authors_of(sql::Db& db, const std::vector<PostId>& ids) {
  std::unordered_map<PostId, AccountId> authors;
  if (ids.empty()) return authors;
  const Result<void> read = db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(authors, read_authors_of(connection, ids));
    return {};
  });
  if (!read.ok()) log::warn("timeline", "authors not read", {{"error", read.error().to_string()}});
  return authors;
}

Post to_post(const PostPublished& fact, const Author& author) {
  return {.id = fact.post,
          .community = fact.community,
          .parent = fact.parent,
          .author = author,
          .text = fact.text,
          .drawn = fact.drawn,
          .feeling = fact.feeling,
          .spoiler = fact.spoiler,
          .tag = fact.tag,
          .language = fact.language,
          .created_unix_ms = parts_of(fact.post.value).unix_ms};
}

// On the plaza, a post says of which title it is.
std::string with_title(const std::string& data, TitleId title) {
  return R"({"title":")" + title.to_string() + R"(",)" + data.substr(1);
}

// A post is rendered once for everybody; its author gets it as theirs.
std::string as_own(const std::string& data) {
  constexpr std::string_view others = R"("mine":false})";
  if (!data.ends_with(others)) return data;
  return data.substr(0, data.size() - others.size()) + R"("mine":true})";
}

std::string counts_json(const Counts& counts) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object()
      .field_id("post", counts.post.value)
      .field("empathy_count", counts.empathy_count)
      .field("comment_count", counts.comment_count)
      .end_object();
  return text;
}

std::string refusal_json(const CommandRefused& refused) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object()
      .field("position", refused.position)
      .field_id("post", refused.resource_id)
      .field("code", name_of(refused.code))
      .field("reason", refused.reason)
      .end_object();
  return text;
}

// A post of the past is no news: imports fill the feed, not the streams.
const PostPublished* news_in(const stream::Record& record) {
  const auto* post = std::get_if<PostPublished>(&record.event);
  return post != nullptr && parts_of(post->post.value).node != import_node ? post : nullptr;
}

}  // namespace

Live::Live(sql::Db& db, const CommunityRules& rules, const Position& from,
           metrics::Registry& metrics, LiveOptions options)
    : db_(db),
      rules_(rules),
      outbox_(from.origin),
      options_(options),
      listener_count_(metrics.gauge("matsuri_live_listeners", "Open event streams.")),
      event_count_(metrics.counter("matsuri_live_events_total", "Events sent to listeners.")),
      kept_after_(from.offset),
      end_offset_(from.offset),
      counts_thread_([this] { run_counts(); }) {}

Live::~Live() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_moved_.notify_all();
  counts_thread_.join();
}

bool Live::wants(EventKind kind) const {
  switch (kind) {
    case EventKind::post_published:
    case EventKind::post_edited:
    case EventKind::post_deleted:
    case EventKind::command_refused:
    case EventKind::follow_changed:
    case EventKind::block_changed:
    case EventKind::mute_changed:
    case EventKind::empathy_changed:
    case EventKind::notification_changed:
      return true;
    default:
      return false;
  }
}

// What the database says of the posts and people in a batch, read once for all of it.
struct Live::Known {
  std::unordered_map<AccountId, Author> names;
  std::unordered_map<PostId, Post> posts;
  std::unordered_map<PostId, AccountId> parent_authors;

  AccountId parent_author_of(PostId parent) const {
    const auto found = parent_authors.find(parent);
    return found == parent_authors.end() ? AccountId{} : found->second;
  }
};

std::vector<Live::Event> Live::render(std::span<const stream::Record> records) const {
  std::vector<AccountId> authors;
  std::vector<PostId> edited, parents;
  for (const stream::Record& record : records) {
    if (const auto* post = news_in(record)) authors.push_back(post->author);
    if (const auto* edit = std::get_if<PostEdited>(&record.event)) {
      edited.push_back(edit->post);
      if (edit->parent) parents.push_back(edit->parent);
    }
    if (const auto* deleted = std::get_if<PostDeleted>(&record.event))
      if (deleted->parent) parents.push_back(deleted->parent);
  }
  std::ranges::sort(authors);
  authors.erase(std::ranges::unique(authors).begin(), authors.end());
  const Known known{.names = names_of(db_, std::move(authors)),
                    .posts = posts_of(db_, edited),
                    .parent_authors = authors_of(db_, parents)};
  std::vector<Event> events;
  for (const stream::Record& record : records) {
    auto event = event_of(record, known);
    if (!event) continue;
    event->offset = record.position.offset;
    events.push_back(*std::move(event));
  }
  return events;
}

std::optional<Live::Event> Live::event_of(const stream::Record& record, const Known& known) const {
  if (const auto* post = news_in(record)) {
    const auto author = known.names.find(post->author);
    if (author == known.names.end()) return {};  // the feed shows it as soon as the name is there
    const bool is_shown = !post->parent && !post->spoiler;
    return Event{.community = post->community,
                 .account = post->author,
                 .parent_author = post->parent_author,
                 .name = "post",
                 .data = to_json(to_post(*post, author->second), {}),
                 .is_comment = bool(post->parent),
                 .title = is_shown ? plaza_title_of(post->community) : TitleId{}};
  }
  if (const auto* edit = std::get_if<PostEdited>(&record.event)) {
    const auto found = known.posts.find(edit->post);
    if (found == known.posts.end()) return {};  // deleted since
    return Event{.community = edit->community,
                 .account = edit->author,
                 .parent_author = known.parent_author_of(edit->parent),
                 .name = "post_changed",
                 .data = to_json(found->second, {}),
                 .is_comment = bool(edit->parent),
                 .title = plaza_title_of(edit->community)};
  }
  if (const auto* deleted = std::get_if<PostDeleted>(&record.event))
    return Event{.community = deleted->community,
                 .account = deleted->author,
                 .parent_author = known.parent_author_of(deleted->parent),
                 .name = "post_deleted",
                 .data = R"({"post":")" + deleted->post.to_string() + R"("})",
                 .is_comment = bool(deleted->parent),
                 .title = plaza_title_of(deleted->community)};
  if (const auto* refused = std::get_if<CommandRefused>(&record.event))
    return Event{.account = refused->account, .name = "refused", .data = refusal_json(*refused)};
  // What one follows was there before one followed it: the list has it, no event does.
  if (const auto* follow = std::get_if<FollowChanged>(&record.event);
      follow != nullptr && parts_of(follow->rev).node != import_node)
    return Event{.account = follow->account, .name = "reset", .data = "{}"};
  return {};
}

TitleId Live::plaza_title_of(CommunityId community) const {
  const auto rule = rules_.find(community);
  return rule ? rule->plaza_title : TitleId{};
}

// The newest first, and none that is like the last ones: so that the plaza shows what is said now,
// in as many places as there are.
void Live::pick(std::vector<Event>& events) {
  const auto now = std::chrono::steady_clock::now();
  const auto pause = std::chrono::milliseconds(options_.plaza_pause_ms);
  while (!picks_.empty() && now - picks_.front().time >= pause) picks_.pop_front();
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (picks_.size() >= live_plaza_count) return;
    if (event->name != "post" || !event->title) continue;
    if (std::ranges::find(picks_, event->title, &Pick::title) != picks_.end()) continue;
    event->is_picked = true;
    picks_.push_back({now, event->title});
  }
}

void Live::consume(std::span<const stream::Record> records) {
  if (records.empty()) return;
  if (records.front().position.origin != outbox_) return take_others(records);
  // Of a crowd's backlog only what is kept is worth rendering.
  const auto kept = records.last(std::min(records.size(), live_event_count_max));
  std::vector<Event> events = render(kept);

  const std::lock_guard lock(mutex_);
  if (kept.size() < records.size()) {
    events_.clear();
    kept_after_ = kept.front().position.offset - 1;
  }
  pick(events);
  for (Event& event : events) events_.push_back(std::move(event));
  for (; events_.size() > live_event_count_max; events_.pop_front())
    kept_after_ = events_.front().offset;
  end_offset_ = records.back().position.offset;
  follow(records);
  for (const stream::Record& record : kept) {
    const auto* post = std::get_if<PostPublished>(&record.event);
    if (post != nullptr && post->parent) move(post->parent, {});
    const auto* deleted = std::get_if<PostDeleted>(&record.event);
    if (deleted != nullptr && deleted->parent) move(deleted->parent, {});
  }
  std::erase_if(subscribers_, [&](const std::shared_ptr<Subscriber>& subscriber) {
    if (subscriber->is_ready) pump(*subscriber);
    return !subscriber->stream->is_open();
  });
  listener_count_.set(static_cast<std::int64_t>(subscribers_.size()));
}

void Live::take_others(std::span<const stream::Record> records) {
  const auto relation_in = [](const stream::Record& record) -> std::optional<Relation> {
    if (const auto* block = std::get_if<BlockChanged>(&record.event))
      return Relation{block->account, block->target, false, block->blocked};
    if (const auto* mute = std::get_if<MuteChanged>(&record.event))
      return Relation{mute->account, mute->target, true, mute->muted};
    return std::nullopt;
  };
  const std::lock_guard lock(mutex_);
  for (const stream::Record& record : records) {
    if (const auto relation = relation_in(record)) {
      relations_.push_back(*relation);
      if (relations_.size() > live_event_count_max) relations_.pop_front();
      for (const auto& subscriber : subscribers_) hide(*subscriber, *relation);
    } else if (const auto* empathy = std::get_if<EmpathyChanged>(&record.event)) {
      move(empathy->post, {.empathy_count = empathy->count, .empathy_rev = empathy->count_rev});
    } else if (const auto* notice = std::get_if<NotificationChanged>(&record.event)) {
      const std::string data = R"({"unread_count":)" + std::to_string(notice->unread_count) + '}';
      for (const auto& subscriber : subscribers_)
        if (subscriber->is_ready && subscriber->listener.viewer == notice->account)
          subscriber->stream->send({.id = {}, .name = "notification", .data = data});
    }
  }
}

void Live::move(PostId post, const Moved& moved) {
  if (subscribers_.empty()) return;
  const auto [entry, is_new] = moved_.try_emplace(post, moved);
  if (!is_new) {
    if (moved.empathy_rev > entry->second.empathy_rev) entry->second = moved;
    return;
  }
  moved_order_.push_back(post);
  if (moved_order_.size() > live_counts_waiting_max) {
    moved_.erase(moved_order_.front());
    moved_order_.pop_front();
  }
  has_moved_.notify_one();
}

void Live::run_counts() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_moved_.wait(lock, [this] { return is_ending_ || !moved_order_.empty(); });
    if (is_ending_) return;
    std::vector<std::pair<PostId, Moved>> posts;
    for (; !moved_order_.empty() && posts.size() < live_counts_at_once; moved_order_.pop_front()) {
      const auto moved = moved_.extract(moved_order_.front());
      posts.emplace_back(moved.key(), moved.mapped());
    }
    lock.unlock();
    send_counts(posts);
    lock.lock();
    has_moved_.wait_for(lock, std::chrono::milliseconds(options_.counts_pause_ms),
                        [this] { return is_ending_; });
  }
}

void Live::send_counts(const std::vector<std::pair<PostId, Moved>>& posts) {
  std::vector<PostId> ids;
  for (const auto& [post, moved] : posts) ids.push_back(post);
  std::vector<Counts> counts;
  const Result<void> read = db_.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(counts, read_counts(connection, ids));
    return {};
  });
  if (!read.ok())
    return log::warn("timeline", "counts not read", {{"error", read.error().to_string()}});
  const std::unordered_map<PostId, Moved> told(posts.begin(), posts.end());
  const std::lock_guard lock(mutex_);
  for (Counts& one : counts) {
    const Moved& moved = told.at(one.post);
    if (moved.empathy_rev > one.empathy_rev) one.empathy_count = moved.empathy_count;
    const std::string data = counts_json(one);
    for (const auto& subscriber : subscribers_) {
      if (!subscriber->is_ready || subscriber->listener.is_on_plaza ||
          !subscriber->may_see(one.community, one.author, one.parent_author))
        continue;
      if (subscriber->stream->send({.id = {}, .name = "counts", .data = data})) event_count_.add();
    }
  }
}

void Live::hide(Subscriber& subscriber, const Relation& relation) {
  const AccountId viewer = subscriber.listener.viewer;
  if (!viewer) return;
  if (viewer == relation.account) {
    Hidden& hidden = subscriber.hidden[relation.target];
    (relation.is_mute ? hidden.muted : hidden.by_viewer) = relation.holds;
  }
  if (viewer == relation.target && !relation.is_mute)
    subscriber.hidden[relation.account].by_them = relation.holds;
}

void Live::follow(std::span<const stream::Record> records) {
  std::unordered_map<AccountId, std::vector<const FollowChanged*>> changes;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<FollowChanged>(&record.event);
    if (fact == nullptr) continue;
    changes[fact->account].push_back(fact);
    follows_.push_back(*fact);
    if (follows_.size() > live_event_count_max) follows_.pop_front();
  }
  if (changes.empty()) return;
  for (const auto& subscriber : subscribers_) {
    if (!subscriber->listener.is_timeline) continue;
    const auto found = changes.find(subscriber->listener.viewer);
    if (found == changes.end()) continue;
    for (const FollowChanged* fact : found->second) follow(*subscriber, *fact);
  }
}

void Live::follow(Subscriber& subscriber, const FollowChanged& fact) {
  std::vector<Source>& sources = subscriber.sources;
  const Source source = Source::of(fact.kind, fact.target);
  const auto at = std::ranges::lower_bound(sources, source);
  const bool is_there = at != sources.end() && *at == source;
  if (fact.followed && !is_there) sources.insert(at, source);
  if (!fact.followed && is_there) sources.erase(at);
}

bool Live::Subscriber::follows(Source source) const {
  return std::ranges::binary_search(sources, source);
}

bool Live::Subscriber::may_see(CommunityId community, AccountId author,
                               AccountId parent_author) const {
  if (listener.is_timeline && !follows(Source::of(community)) && !follows(Source::of(author)))
    return false;
  if (listener.community && listener.community != community) return false;
  const auto hides = [this](AccountId account) {
    const auto found = hidden.find(account);
    return found != hidden.end() && found->second.is_hidden();
  };
  return !hides(author) && (!hides(parent_author) || author == listener.viewer);
}

bool Live::Subscriber::wants(const Event& event) const {
  if (!event.community)
    return event.account == listener.viewer && (event.name != "reset" || listener.is_timeline);
  if (listener.is_timeline && event.is_comment) return false;
  if (listener.is_on_plaza && (!event.title || (event.name == "post" && !event.is_picked)))
    return false;
  return may_see(event.community, event.account, event.parent_author);
}

void Live::pump(Subscriber& subscriber) {
  if (subscriber.needs_reset) {
    subscriber.needs_reset = false;
    subscriber.stream->send({.id = id_of(end_offset_), .name = "reset", .data = "{}"});
    subscriber.sent_offset = end_offset_;
  }
  const auto first = std::ranges::upper_bound(events_, subscriber.sent_offset, {}, &Event::offset);
  for (auto event = first; event != events_.end(); ++event) {
    if (!subscriber.wants(*event)) continue;
    const bool is_own = event->community && event->account == subscriber.listener.viewer;
    http::StreamEvent sent{.id = id_of(event->offset), .name = event->name, .data = event->data};
    if (is_own) sent.data = as_own(sent.data);
    if (subscriber.listener.is_on_plaza && event->name == "post") {
      sent.name = "plaza_post";
      sent.data = with_title(sent.data, event->title);
    }
    if (!subscriber.stream->send(sent)) return;
    event_count_.add();
  }
  subscriber.sent_offset = std::max(subscriber.sent_offset, end_offset_);
}

std::string Live::id_of(std::uint64_t offset) const {
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%016llx.%llu",
                                 static_cast<unsigned long long>(outbox_.incarnation),
                                 static_cast<unsigned long long>(offset));
  return {text, static_cast<std::size_t>(size)};
}

std::optional<std::uint64_t> Live::offset_of(std::string_view id) const {
  const std::size_t dot = id.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  // Takes what is a number to its last character, and nothing else.
  const auto number = [](std::string_view text, int base) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  if (number(id.substr(0, dot), 16) != outbox_.incarnation) return std::nullopt;
  return number(id.substr(dot + 1), 10);
}

void Live::listen(const Listener& listener, std::shared_ptr<http::EventStream> stream,
                  io::Executor& executor) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->listener = listener;
  subscriber->stream = std::move(stream);
  const std::string& last_id = subscriber->stream->last_event_id();
  {
    const std::lock_guard lock(mutex_);
    subscriber->sent_offset = end_offset_;
    if (!last_id.empty()) {
      const auto offset = offset_of(last_id);
      // A client may be ahead of a process that has just begun to read what is kept: the outbox
      // is durable, so what it saw is there.
      if (offset && *offset >= kept_after_ && *offset <= end_offset_ + live_event_count_max)
        subscriber->sent_offset = *offset;
      else
        subscriber->needs_reset = true;
    }
    subscribers_.insert(subscriber);
    listener_count_.set(static_cast<std::int64_t>(subscribers_.size()));
  }
  subscriber->stream->on_close([this, weak = std::weak_ptr(subscriber)] {
    const std::lock_guard lock(mutex_);
    if (const auto gone = weak.lock()) subscribers_.erase(gone);
    listener_count_.set(static_cast<std::int64_t>(subscribers_.size()));
  });
  if (!listener.viewer) return begin(subscriber, Sight{});
  sql::read_value<Sight>(
      db_, executor,
      [listener](sql::Connection& connection) -> Result<Sight> {
        Sight sight;
        TRY_ASSIGN(sight.hidden, read_hidden(connection, listener.viewer));
        if (listener.is_timeline) {
          TRY_ASSIGN(sight.sources, read_sources(connection, listener.viewer));
        }
        return sight;
      },
      [this, subscriber](Result<Sight> sight) { begin(subscriber, std::move(sight)); });
}

void Live::begin(const std::shared_ptr<Subscriber>& subscriber, Result<Sight> sight) {
  const std::lock_guard lock(mutex_);
  if (!sight.ok()) {
    // Without the blocks nothing may be shown: the client tries again.
    subscribers_.erase(subscriber);
    subscriber->stream->close();
    return;
  }
  subscriber->hidden.clear();
  for (const Hidden& one : sight.value().hidden) {
    Hidden& entry = subscriber->hidden[one.account];
    entry.by_viewer = entry.by_viewer || one.by_viewer;
    entry.by_them = entry.by_them || one.by_them;
    entry.muted = entry.muted || one.muted;
  }
  // The newest facts may not be in the database yet. Where it is ahead of them, its own facts are
  // still to come here, so the last one of a pair always holds in the end.
  for (const Relation& relation : relations_) hide(*subscriber, relation);
  subscriber->sources = std::move(sight.value().sources);
  if (subscriber->listener.is_timeline)
    for (const FollowChanged& fact : follows_)
      if (fact.account == subscriber->listener.viewer) follow(*subscriber, fact);
  subscriber->is_ready = true;
  // So that a client that has seen no event yet can come back where it was.
  subscriber->stream->send({.id = id_of(subscriber->sent_offset), .name = "ready", .data = "{}"});
  pump(*subscriber);
}

}  // namespace matsuri::timeline
