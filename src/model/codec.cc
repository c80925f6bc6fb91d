// Plain structs to stored bytes, and back; only this and internal/ know Protocol Buffers.
//
// The frame of an event (matsuri.events.Event, a oneof) is read and written here field by field,
// and what it holds by a message of the thread (internal/stored.h). A post so costs no allocation
// beyond what the caller keeps.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdio>

#include "events.pb.h"
#include "model/internal/stored.h"

namespace matsuri {

Error internal::damaged(EventKind kind, const char* why) {
  return {Code::corrupt, "a stored " + std::string(name_of(kind)) + ' ' + why};
}

namespace {

using internal::damaged;

namespace pb = google::protobuf;
using Wire = pb::internal::WireFormatLite;
using Output = pb::io::CodedOutputStream;

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
  auto& message = internal::scratch<Message>();
  if (!message.ParseFromArray(content.data(), static_cast<int>(content.size())))
    return damaged(kind, "can't be parsed");
  return internal::plain(message);
}

}  // namespace

void encode_to(const Event& event, std::string& out) {
  silence_library();
  const auto tag = Wire::MakeTag(static_cast<int>(kind_of(event)), Wire::WIRETYPE_LENGTH_DELIMITED);
  const auto& message = std::visit(
      [](const auto& from) -> const pb::MessageLite& { return internal::stored(from); }, event);
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
    case EventKind::edit_post:
      return read<events::EditPost>(kind, content);
    case EventKind::delete_post:
      return read<events::DeletePost>(kind, content);
    case EventKind::set_follow:
      return read<events::SetFollow>(kind, content);
    case EventKind::set_empathy:
      return read<events::SetEmpathy>(kind, content);
    case EventKind::mark_notifications_read:
      return read<events::MarkNotificationsRead>(kind, content);
    case EventKind::account_changed:
      return read<events::AccountChanged>(kind, content);
    case EventKind::block_changed:
      return read<events::BlockChanged>(kind, content);
    case EventKind::credential_closed:
      return read<events::CredentialClosed>(kind, content);
    case EventKind::mute_changed:
      return read<events::MuteChanged>(kind, content);
    case EventKind::title_changed:
      return read<events::TitleChanged>(kind, content);
    case EventKind::community_changed:
      return read<events::CommunityChanged>(kind, content);
    case EventKind::post_published:
      return read<events::PostPublished>(kind, content);
    case EventKind::command_refused:
      return read<events::CommandRefused>(kind, content);
    case EventKind::post_edited:
      return read<events::PostEdited>(kind, content);
    case EventKind::post_deleted:
      return read<events::PostDeleted>(kind, content);
    case EventKind::follow_changed:
      return read<events::FollowChanged>(kind, content);
    case EventKind::empathy_changed:
      return read<events::EmpathyChanged>(kind, content);
    case EventKind::notification_changed:
      return read<events::NotificationChanged>(kind, content);
    case EventKind::checkin_attempted:
      return read<events::CheckinAttempted>(kind, content);
    case EventKind::inbox_read:
      return read<events::InboxRead>(kind, content);
    case EventKind::grant_settled:
      return read<events::GrantSettled>(kind, content);
    case EventKind::grant_due:
      return read<events::GrantDue>(kind, content);
  }
  return damaged(kind, "has no form");
}

}  // namespace matsuri
