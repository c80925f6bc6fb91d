// The only place that knows Protocol Buffers: plain structs to stored bytes, and back.
//
// The frame of an event (matsuri.events.Event, a oneof) is read and written here field by field,
// and what it holds by a message of the thread, used again and again: a oneof would give its
// message back to the heap each time. A post so costs no allocation beyond what the caller keeps.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdio>

#include "events.pb.h"
#include "model/event.h"

namespace matsuri {
namespace {

namespace pb = google::protobuf;
using Wire = pb::internal::WireFormatLite;
using Output = pb::io::CodedOutputStream;

// The thread's own message of a type. Holds what was in it last, with the memory for it.
template <class Message>
Message& scratch() {
  thread_local Message message;
  return message;
}

const events::PublishPost& stored(const PublishPost& from) {
  auto& post = scratch<events::PublishPost>();
  post.set_post(from.post.value);
  post.set_community(from.community.value);
  post.set_author(from.author.value);
  post.set_text(from.text);
  post.set_language(from.language);
  post.set_import_source(from.import_source);
  post.set_import_source_id(from.import_source_id);
  return post;
}

const events::AccountChanged& stored(const AccountChanged& from) {
  auto& account = scratch<events::AccountChanged>();
  account.set_account(from.account.value);
  account.set_rev(from.rev);
  account.set_handle(from.handle);
  account.set_name(from.name);
  account.set_role(static_cast<std::uint32_t>(from.role));
  account.set_epoch(from.epoch);
  account.set_created_unix_ms(from.created_unix_ms);
  return account;
}

const events::BlockChanged& stored(const BlockChanged& from) {
  auto& block = scratch<events::BlockChanged>();
  block.set_account(from.account.value);
  block.set_target(from.target.value);
  block.set_rev(from.rev);
  block.set_blocked(from.blocked);
  return block;
}

const events::CredentialClosed& stored(const CredentialClosed& from) {
  auto& closed = scratch<events::CredentialClosed>();
  closed.set_account(from.account.value);
  closed.set_credential(from.credential);
  return closed;
}

const events::PostPublished& stored(const PostPublished& from) {
  auto& post = scratch<events::PostPublished>();
  post.set_post(from.post.value);
  post.set_rev(from.rev);
  post.set_community(from.community.value);
  post.set_author(from.author.value);
  post.set_text(from.text);
  post.set_language(from.language);
  return post;
}

const events::CommandRefused& stored(const CommandRefused& from) {
  auto& refused = scratch<events::CommandRefused>();
  refused.set_account(from.account.value);
  refused.set_position(from.position);
  refused.set_resource_id(from.resource_id);
  refused.set_code(static_cast<std::uint32_t>(from.code));
  refused.set_reason(from.reason);
  return refused;
}

bool is_id(std::uint64_t value) { return value != 0 && value >> 63 == 0; }
bool is_id_or_none(std::uint64_t value) { return value >> 63 == 0; }

Error damaged(EventKind kind, const char* why) {
  return {Code::corrupt, "a stored " + std::string(name_of(kind)) + ' ' + why};
}

Result<Event> plain(const events::PublishPost& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::publish_post, "lacks an id");
  return PublishPost{.post = {from.post()},
                     .community = {from.community()},
                     .author = {from.author()},
                     .text = from.text(),
                     .language = from.language(),
                     .import_source = from.import_source(),
                     .import_source_id = from.import_source_id()};
}

Result<Event> plain(const events::AccountChanged& from) {
  if (!is_id(from.account())) return damaged(EventKind::account_changed, "lacks an id");
  if (from.role() > static_cast<std::uint32_t>(Role::admin))
    return damaged(EventKind::account_changed, "has an unknown role");
  return AccountChanged{.account = {from.account()},
                        .rev = from.rev(),
                        .handle = from.handle(),
                        .name = from.name(),
                        .role = static_cast<Role>(from.role()),
                        .epoch = from.epoch(),
                        .created_unix_ms = from.created_unix_ms()};
}

Result<Event> plain(const events::BlockChanged& from) {
  if (!is_id(from.account()) || !is_id(from.target()))
    return damaged(EventKind::block_changed, "lacks an id");
  return BlockChanged{.account = {from.account()},
                      .target = {from.target()},
                      .rev = from.rev(),
                      .blocked = from.blocked()};
}

Result<Event> plain(const events::CredentialClosed& from) {
  if (!is_id(from.account()) || !is_id(from.credential()))
    return damaged(EventKind::credential_closed, "lacks an id");
  return CredentialClosed{.account = {from.account()}, .credential = from.credential()};
}

Result<Event> plain(const events::PostPublished& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::post_published, "lacks an id");
  return PostPublished{.post = {from.post()},
                       .rev = from.rev(),
                       .community = {from.community()},
                       .author = {from.author()},
                       .text = from.text(),
                       .language = from.language()};
}

Result<Event> plain(const events::CommandRefused& from) {
  if (!is_id_or_none(from.account()) || !is_id_or_none(from.resource_id()))
    return damaged(EventKind::command_refused, "has an impossible id");
  if (from.code() < static_cast<std::uint32_t>(Code::invalid) ||
      from.code() > static_cast<std::uint32_t>(Code::unauthenticated))
    return damaged(EventKind::command_refused, "has an unknown code");
  return CommandRefused{.account = {from.account()},
                        .position = from.position(),
                        .resource_id = from.resource_id(),
                        .code = static_cast<Code>(from.code()),
                        .reason = from.reason()};
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

// What the field of `kind` holds. Fields that no version up to this one knows are passed over.
Result<Bytes> content_of(EventKind kind, Bytes bytes) {
  if (bytes.size() > 0x7fffffff) return damaged(kind, "is too long");
  const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
  pb::io::CodedInputStream input(begin, static_cast<int>(bytes.size()));
  Bytes content;
  bool is_found = false;
  while (const std::uint32_t tag = input.ReadTag()) {
    const int number = Wire::GetTagFieldNumber(tag);
    const auto field = static_cast<EventKind>(number);
    if (number > 0xffff || name_of(field) == "unknown") {
      if (!Wire::SkipField(&input, tag)) return damaged(kind, "can't be parsed");
      continue;
    }
    if (field != kind || is_found) return damaged(kind, "holds another event");
    int size = 0;
    if (Wire::GetTagWireType(tag) != Wire::WIRETYPE_LENGTH_DELIMITED ||
        !input.ReadVarintSizeAsInt(&size))
      return damaged(kind, "can't be parsed");
    const auto start = static_cast<std::size_t>(input.CurrentPosition());
    if (!input.Skip(size)) return damaged(kind, "is cut short");
    content = bytes.subspan(start, static_cast<std::size_t>(size));
    is_found = true;
  }
  if (!is_found || !input.ConsumedEntireMessage()) return damaged(kind, "can't be parsed");
  return content;
}

template <class Message>
Result<Event> read(EventKind kind, Bytes content) {
  auto& message = scratch<Message>();
  if (!message.ParseFromArray(content.data(), static_cast<int>(content.size())))
    return damaged(kind, "can't be parsed");
  return plain(message);
}

}  // namespace

void encode_to(const Event& event, std::string& out) {
  silence_library();
  const auto tag = Wire::MakeTag(static_cast<int>(kind_of(event)), Wire::WIRETYPE_LENGTH_DELIMITED);
  const auto& message =
      std::visit([](const auto& from) -> const pb::MessageLite& { return stored(from); }, event);
  const std::size_t content_size = message.ByteSizeLong();
  const auto size32 = static_cast<std::uint32_t>(content_size);
  const std::size_t before = out.size();
  out.resize(before + Output::VarintSize32(tag) + Output::VarintSize32(size32) + content_size);
  auto* at = reinterpret_cast<std::uint8_t*>(out.data() + before);
  at = Output::WriteVarint32ToArray(tag, at);
  at = Output::WriteVarint32ToArray(size32, at);
  message.SerializeWithCachedSizesToArray(at);
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
  TRY_ASSIGN(const Bytes content, content_of(kind, bytes));
  switch (kind) {
    case EventKind::publish_post:
      return read<events::PublishPost>(kind, content);
    case EventKind::account_changed:
      return read<events::AccountChanged>(kind, content);
    case EventKind::block_changed:
      return read<events::BlockChanged>(kind, content);
    case EventKind::credential_closed:
      return read<events::CredentialClosed>(kind, content);
    case EventKind::post_published:
      return read<events::PostPublished>(kind, content);
    case EventKind::command_refused:
      return read<events::CommandRefused>(kind, content);
  }
  return damaged(kind, "has no form");
}

}  // namespace matsuri
