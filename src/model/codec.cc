// The only place that knows Protocol Buffers: plain structs to stored bytes, and back.
//
// Messages live in an arena of the thread, whose one block is used again for every event, so that a
// post costs no allocation beyond the strings that it keeps.
#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>

#include "events.pb.h"
#include "model/event.h"

namespace matsuri {
namespace {

namespace pb = google::protobuf;

// Lends the thread's arena for one message.
class Scratch {
 public:
  Scratch() : message_(pb::Arena::CreateMessage<events::Event>(&block().arena)) {}
  ~Scratch() { block().arena.Reset(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  events::Event& message() { return *message_; }

 private:
  struct Block {
    static pb::ArenaOptions options(char* bytes, std::size_t size) {
      pb::ArenaOptions options;
      options.initial_block = bytes;
      options.initial_block_size = size;
      return options;
    }
    alignas(8) char bytes[2048];
    pb::Arena arena{options(bytes, sizeof bytes)};
  };
  static Block& block() {
    thread_local Block instance;
    return instance;
  }

  events::Event* message_;
};

void fill(const PublishPost& from, events::Event& to) {
  events::PublishPost& post = *to.mutable_publish_post();
  post.set_post(from.post.value);
  post.set_community(from.community.value);
  post.set_author(from.author.value);
  post.set_text(from.text);
  post.set_language(from.language);
  post.set_import_source(from.import_source);
  post.set_import_source_id(from.import_source_id);
}

void fill(const AccountChanged& from, events::Event& to) {
  events::AccountChanged& account = *to.mutable_account_changed();
  account.set_account(from.account.value);
  account.set_rev(from.rev);
  account.set_handle(from.handle);
  account.set_name(from.name);
  account.set_role(static_cast<std::uint32_t>(from.role));
  account.set_epoch(from.epoch);
  account.set_created_unix_ms(from.created_unix_ms);
}

void fill(const BlockChanged& from, events::Event& to) {
  events::BlockChanged& block = *to.mutable_block_changed();
  block.set_account(from.account.value);
  block.set_target(from.target.value);
  block.set_rev(from.rev);
  block.set_blocked(from.blocked);
}

void fill(const CredentialClosed& from, events::Event& to) {
  events::CredentialClosed& closed = *to.mutable_credential_closed();
  closed.set_account(from.account.value);
  closed.set_credential(from.credential);
}

void fill(const PostPublished& from, events::Event& to) {
  events::PostPublished& post = *to.mutable_post_published();
  post.set_post(from.post.value);
  post.set_rev(from.rev);
  post.set_community(from.community.value);
  post.set_author(from.author.value);
  post.set_text(from.text);
  post.set_language(from.language);
}

void fill(const CommandRefused& from, events::Event& to) {
  events::CommandRefused& refused = *to.mutable_command_refused();
  refused.set_account(from.account.value);
  refused.set_position(from.position);
  refused.set_resource_id(from.resource_id);
  refused.set_code(static_cast<std::uint32_t>(from.code));
  refused.set_reason(from.reason);
}

bool is_id(std::uint64_t value) { return value != 0 && value >> 63 == 0; }
bool is_id_or_none(std::uint64_t value) { return value >> 63 == 0; }

Error damaged(EventKind kind, const char* why) {
  return {Code::corrupt, "a stored " + std::string(name_of(kind)) + ' ' + why};
}

Result<Event> take(events::PublishPost& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::publish_post, "lacks an id");
  return PublishPost{.post = {from.post()},
                     .community = {from.community()},
                     .author = {from.author()},
                     .text = std::move(*from.mutable_text()),
                     .language = std::move(*from.mutable_language()),
                     .import_source = std::move(*from.mutable_import_source()),
                     .import_source_id = std::move(*from.mutable_import_source_id())};
}

Result<Event> take(events::AccountChanged& from) {
  if (!is_id(from.account())) return damaged(EventKind::account_changed, "lacks an id");
  if (from.role() > static_cast<std::uint32_t>(Role::admin))
    return damaged(EventKind::account_changed, "has an unknown role");
  return AccountChanged{.account = {from.account()},
                        .rev = from.rev(),
                        .handle = std::move(*from.mutable_handle()),
                        .name = std::move(*from.mutable_name()),
                        .role = static_cast<Role>(from.role()),
                        .epoch = from.epoch(),
                        .created_unix_ms = from.created_unix_ms()};
}

Result<Event> take(events::BlockChanged& from) {
  if (!is_id(from.account()) || !is_id(from.target()))
    return damaged(EventKind::block_changed, "lacks an id");
  return BlockChanged{.account = {from.account()},
                      .target = {from.target()},
                      .rev = from.rev(),
                      .blocked = from.blocked()};
}

Result<Event> take(events::CredentialClosed& from) {
  if (!is_id(from.account()) || !is_id(from.credential()))
    return damaged(EventKind::credential_closed, "lacks an id");
  return CredentialClosed{.account = {from.account()}, .credential = from.credential()};
}

Result<Event> take(events::PostPublished& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::post_published, "lacks an id");
  return PostPublished{.post = {from.post()},
                       .rev = from.rev(),
                       .community = {from.community()},
                       .author = {from.author()},
                       .text = std::move(*from.mutable_text()),
                       .language = std::move(*from.mutable_language())};
}

Result<Event> take(events::CommandRefused& from) {
  if (!is_id_or_none(from.account()) || !is_id_or_none(from.resource_id()))
    return damaged(EventKind::command_refused, "has an impossible id");
  if (from.code() < static_cast<std::uint32_t>(Code::invalid) ||
      from.code() > static_cast<std::uint32_t>(Code::unauthenticated))
    return damaged(EventKind::command_refused, "has an unknown code");
  return CommandRefused{.account = {from.account()},
                        .position = std::move(*from.mutable_position()),
                        .resource_id = from.resource_id(),
                        .code = static_cast<Code>(from.code()),
                        .reason = std::move(*from.mutable_reason())};
}

// The library prints invalid UTF-8 to standard error; decode() returns it instead.
void silence_library() {
  static const bool once = [] {
    pb::SetLogHandler([](pb::LogLevel level, const char* file, int line, const std::string& text) {
      if (level == pb::LOGLEVEL_FATAL)
        std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
    });
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

void encode_to(const Event& event, std::string& out) {
  silence_library();
  Scratch scratch;
  std::visit([&](const auto& plain) { fill(plain, scratch.message()); }, event);
  scratch.message().AppendToString(&out);
}

std::string encode(const Event& event) {
  std::string out;
  encode_to(event, out);
  return out;
}

Result<Event> decode(EventKind kind, Bytes bytes) {
  if (name_of(kind) == "unknown")
    return Error(Code::not_found, "event kind " + std::to_string(static_cast<unsigned>(kind)) +
                                      " is of a newer version");
  silence_library();
  Scratch scratch;
  events::Event& message = scratch.message();
  if (bytes.size() > 0x7fffffff ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return damaged(kind, "can't be parsed");
  if (static_cast<unsigned>(message.event_case()) != static_cast<unsigned>(kind))
    return damaged(kind, "holds an event of another kind");
  switch (kind) {
    case EventKind::publish_post:
      return take(*message.mutable_publish_post());
    case EventKind::account_changed:
      return take(*message.mutable_account_changed());
    case EventKind::block_changed:
      return take(*message.mutable_block_changed());
    case EventKind::credential_closed:
      return take(*message.mutable_credential_closed());
    case EventKind::post_published:
      return take(*message.mutable_post_published());
    case EventKind::command_refused:
      return take(*message.mutable_command_refused());
  }
  return damaged(kind, "has no form");
}

}  // namespace matsuri
