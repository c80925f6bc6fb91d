#include "timeline/live.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <variant>

#include "base/log.h"
#include "json/writer.h"
#include "sql/call.h"
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

}  // namespace

Live::Live(sql::Db& db, const Position& from, metrics::Registry& metrics)
    : db_(db),
      outbox_(from.origin),
      listener_count_(metrics.gauge("matsuri_live_listeners", "Open event streams.")),
      event_count_(metrics.counter("matsuri_live_events_total", "Events sent to listeners.")),
      kept_after_(from.offset),
      end_offset_(from.offset) {}

std::vector<Live::Event> Live::render(std::span<const stream::Record> records) {
  // A post of the past is no news: imports fill the feed, not the streams.
  const auto news_in = [](const stream::Record& record) {
    const auto* post = std::get_if<PostPublished>(&record.event);
    return post != nullptr && parts_of(post->post.value).node != import_node ? post : nullptr;
  };
  std::vector<AccountId> authors;
  for (const stream::Record& record : records)
    if (const auto* post = news_in(record)) authors.push_back(post->author);
  std::ranges::sort(authors);
  authors.erase(std::ranges::unique(authors).begin(), authors.end());
  const std::unordered_map<AccountId, Author> names = names_of(db_, std::move(authors));

  std::vector<Event> events;
  for (const stream::Record& record : records) {
    const std::uint64_t offset = record.position.offset;
    if (const auto* post = news_in(record)) {
      const auto author = names.find(post->author);
      if (author == names.end()) continue;  // the feed shows it as soon as the name is there
      const Post shown{.id = post->post,
                       .community = post->community,
                       .author = author->second,
                       .text = post->text,
                       .language = post->language,
                       .created_unix_ms = parts_of(post->post.value).unix_ms};
      events.push_back({offset, post->community, post->author, "post", to_json(shown)});
    } else if (const auto* refused = std::get_if<CommandRefused>(&record.event)) {
      events.push_back({offset, {}, refused->account, "refused", refusal_json(*refused)});
    }
  }
  return events;
}

void Live::consume(std::span<const stream::Record> records) {
  if (records.empty()) return;
  if (records.front().position.origin != outbox_) {
    const std::lock_guard lock(mutex_);
    for (const stream::Record& record : records) {
      const auto* block = std::get_if<BlockChanged>(&record.event);
      if (block == nullptr) continue;
      blocks_.push_back(*block);
      if (blocks_.size() > live_event_count_max) blocks_.pop_front();
      for (const auto& subscriber : subscribers_) hide(*subscriber, *block);
    }
    return;
  }
  // Of a crowd's backlog only what is kept is worth rendering.
  const auto kept = records.last(std::min(records.size(), live_event_count_max));
  std::vector<Event> events = render(kept);

  const std::lock_guard lock(mutex_);
  if (kept.size() < records.size()) {
    events_.clear();
    kept_after_ = kept.front().position.offset - 1;
  }
  for (Event& event : events) events_.push_back(std::move(event));
  for (; events_.size() > live_event_count_max; events_.pop_front())
    kept_after_ = events_.front().offset;
  end_offset_ = records.back().position.offset;
  std::erase_if(subscribers_, [&](const std::shared_ptr<Subscriber>& subscriber) {
    if (subscriber->is_ready) pump(*subscriber);
    return !subscriber->stream->is_open();
  });
  listener_count_.set(static_cast<std::int64_t>(subscribers_.size()));
}

void Live::hide(Subscriber& subscriber, const BlockChanged& fact) {
  const AccountId viewer = subscriber.listener.viewer;
  if (!viewer) return;
  if (viewer == fact.account) subscriber.hidden[fact.target].by_viewer = fact.blocked;
  if (viewer == fact.target) subscriber.hidden[fact.account].by_them = fact.blocked;
}

void Live::pump(Subscriber& subscriber) {
  if (subscriber.needs_reset) {
    subscriber.needs_reset = false;
    subscriber.stream->send({.id = id_of(end_offset_), .name = "reset", .data = "{}"});
    subscriber.sent_offset = end_offset_;
  }
  const auto first = std::ranges::upper_bound(events_, subscriber.sent_offset, {}, &Event::offset);
  for (auto event = first; event != events_.end(); ++event) {
    const Listener& listener = subscriber.listener;
    const bool is_private = !event->community;
    const auto hidden = subscriber.hidden.find(event->account);
    const bool is_hidden =
        hidden != subscriber.hidden.end() && (hidden->second.by_viewer || hidden->second.by_them);
    const bool is_theirs = is_private ? event->account == listener.viewer
                                      : event->community == listener.community && !is_hidden;
    if (!is_theirs) continue;
    if (!subscriber.stream->send(
            {.id = id_of(event->offset), .name = event->name, .data = event->data}))
      return;
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
  if (!listener.viewer) return begin(subscriber, std::vector<Hidden>{});
  sql::read_value<std::vector<Hidden>>(
      db_, executor,
      [viewer = listener.viewer](sql::Connection& connection) {
        return read_hidden(connection, viewer);
      },
      [this, subscriber](Result<std::vector<Hidden>> hidden) {
        begin(subscriber, std::move(hidden));
      });
}

void Live::begin(const std::shared_ptr<Subscriber>& subscriber,
                 Result<std::vector<Hidden>> hidden) {
  const std::lock_guard lock(mutex_);
  if (!hidden.ok()) {
    // Without the blocks nothing may be shown: the client tries again.
    subscribers_.erase(subscriber);
    subscriber->stream->close();
    return;
  }
  subscriber->hidden.clear();
  for (const Hidden& one : hidden.value()) {
    Hidden& entry = subscriber->hidden[one.account];
    entry.by_viewer = entry.by_viewer || one.by_viewer;
    entry.by_them = entry.by_them || one.by_them;
  }
  // The newest facts may not be in the database yet. Where it is ahead of them, its own facts are
  // still to come here, so the last one of a pair always holds in the end.
  for (const BlockChanged& fact : blocks_) hide(*subscriber, fact);
  subscriber->is_ready = true;
  // So that a client that has seen no event yet can come back where it was.
  subscriber->stream->send({.id = id_of(subscriber->sent_offset), .name = "ready", .data = "{}"});
  pump(*subscriber);
}

}  // namespace matsuri::timeline
