#include "model/event.h"

namespace matsuri {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

EventKind kind_of(const Event& event) {
  return std::visit(
      Overloaded{[](const PublishPost&) { return EventKind::publish_post; },
                 [](const EditPost&) { return EventKind::edit_post; },
                 [](const DeletePost&) { return EventKind::delete_post; },
                 [](const SetFollow&) { return EventKind::set_follow; },
                 [](const SetEmpathy&) { return EventKind::set_empathy; },
                 [](const MarkNotificationsRead&) { return EventKind::mark_notifications_read; },
                 [](const AccountChanged&) { return EventKind::account_changed; },
                 [](const BlockChanged&) { return EventKind::block_changed; },
                 [](const CredentialClosed&) { return EventKind::credential_closed; },
                 [](const MuteChanged&) { return EventKind::mute_changed; },
                 [](const TitleChanged&) { return EventKind::title_changed; },
                 [](const CommunityChanged&) { return EventKind::community_changed; },
                 [](const PostPublished&) { return EventKind::post_published; },
                 [](const CommandRefused&) { return EventKind::command_refused; },
                 [](const PostEdited&) { return EventKind::post_edited; },
                 [](const PostDeleted&) { return EventKind::post_deleted; },
                 [](const FollowChanged&) { return EventKind::follow_changed; },
                 [](const EmpathyChanged&) { return EventKind::empathy_changed; },
                 [](const NotificationChanged&) { return EventKind::notification_changed; },
                 [](const CheckinAttempted&) { return EventKind::checkin_attempted; },
                 [](const InboxRead&) { return EventKind::inbox_read; },
                 [](const GrantSettled&) { return EventKind::grant_settled; },
                 [](const GrantDue&) { return EventKind::grant_due; }},
      event);
}

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::publish_post:
      return "publish_post";
    case EventKind::edit_post:
      return "edit_post";
    case EventKind::delete_post:
      return "delete_post";
    case EventKind::set_follow:
      return "set_follow";
    case EventKind::set_empathy:
      return "set_empathy";
    case EventKind::mark_notifications_read:
      return "mark_notifications_read";
    case EventKind::account_changed:
      return "account_changed";
    case EventKind::block_changed:
      return "block_changed";
    case EventKind::credential_closed:
      return "credential_closed";
    case EventKind::mute_changed:
      return "mute_changed";
    case EventKind::title_changed:
      return "title_changed";
    case EventKind::community_changed:
      return "community_changed";
    case EventKind::post_published:
      return "post_published";
    case EventKind::command_refused:
      return "command_refused";
    case EventKind::post_edited:
      return "post_edited";
    case EventKind::post_deleted:
      return "post_deleted";
    case EventKind::follow_changed:
      return "follow_changed";
    case EventKind::empathy_changed:
      return "empathy_changed";
    case EventKind::notification_changed:
      return "notification_changed";
    case EventKind::checkin_attempted:
      return "checkin_attempted";
    case EventKind::inbox_read:
      return "inbox_read";
    case EventKind::grant_settled:
      return "grant_settled";
    case EventKind::grant_due:
      return "grant_due";
  }
  return "unknown";
}

}  // namespace matsuri
