// Plain structs to Protocol Buffers messages, and back, for each kind of event; codec.cc has the
// frame around them.
#pragma once

#include "model/event.h"

// Of events.pb.h, which whoever calls these includes.
namespace matsuri::events {
class PublishPost;
class EditPost;
class DeletePost;
class SetFollow;
class SetEmpathy;
class MarkNotificationsRead;
class AccountChanged;
class BlockChanged;
class CredentialClosed;
class MuteChanged;
class TitleChanged;
class CommunityChanged;
class PostPublished;
class CommandRefused;
class PostEdited;
class PostDeleted;
class FollowChanged;
class EmpathyChanged;
class NotificationChanged;
class CheckinAttempted;
class InboxRead;
class GrantSettled;
class GrantDue;
}  // namespace matsuri::events

namespace matsuri::internal {

// The thread's own message of a type, used again and again: a oneof would give its message back to
// the heap each time. Holds what was in it last, with the memory for it.
template <class Message>
Message& scratch() {
  thread_local Message message;
  return message;
}

Error damaged(EventKind kind, const char* why);

inline bool is_id(std::uint64_t value) { return value != 0 && value >> 63 == 0; }
inline bool is_id_or_none(std::uint64_t value) { return value >> 63 == 0; }

// The stored form: in scratch<>(), until the next one of its type.
const events::PublishPost& stored(const PublishPost& from);
const events::EditPost& stored(const EditPost& from);
const events::DeletePost& stored(const DeletePost& from);
const events::SetFollow& stored(const SetFollow& from);
const events::SetEmpathy& stored(const SetEmpathy& from);
const events::MarkNotificationsRead& stored(const MarkNotificationsRead& from);
const events::AccountChanged& stored(const AccountChanged& from);
const events::BlockChanged& stored(const BlockChanged& from);
const events::CredentialClosed& stored(const CredentialClosed& from);
const events::MuteChanged& stored(const MuteChanged& from);
const events::TitleChanged& stored(const TitleChanged& from);
const events::CommunityChanged& stored(const CommunityChanged& from);
const events::PostPublished& stored(const PostPublished& from);
const events::CommandRefused& stored(const CommandRefused& from);
const events::PostEdited& stored(const PostEdited& from);
const events::PostDeleted& stored(const PostDeleted& from);
const events::FollowChanged& stored(const FollowChanged& from);
const events::EmpathyChanged& stored(const EmpathyChanged& from);
const events::NotificationChanged& stored(const NotificationChanged& from);
const events::CheckinAttempted& stored(const CheckinAttempted& from);
const events::InboxRead& stored(const InboxRead& from);
const events::GrantSettled& stored(const GrantSettled& from);
const events::GrantDue& stored(const GrantDue& from);

// Code::corrupt where the message holds what no version ever stored.
Result<Event> plain(const events::PublishPost& from);
Result<Event> plain(const events::EditPost& from);
Result<Event> plain(const events::DeletePost& from);
Result<Event> plain(const events::SetFollow& from);
Result<Event> plain(const events::SetEmpathy& from);
Result<Event> plain(const events::MarkNotificationsRead& from);
Result<Event> plain(const events::AccountChanged& from);
Result<Event> plain(const events::BlockChanged& from);
Result<Event> plain(const events::CredentialClosed& from);
Result<Event> plain(const events::MuteChanged& from);
Result<Event> plain(const events::TitleChanged& from);
Result<Event> plain(const events::CommunityChanged& from);
Result<Event> plain(const events::PostPublished& from);
Result<Event> plain(const events::CommandRefused& from);
Result<Event> plain(const events::PostEdited& from);
Result<Event> plain(const events::PostDeleted& from);
Result<Event> plain(const events::FollowChanged& from);
Result<Event> plain(const events::EmpathyChanged& from);
Result<Event> plain(const events::NotificationChanged& from);
Result<Event> plain(const events::CheckinAttempted& from);
Result<Event> plain(const events::InboxRead& from);
Result<Event> plain(const events::GrantSettled& from);
Result<Event> plain(const events::GrantDue& from);

}  // namespace matsuri::internal
