// The messages of deferred commands.
#include "events.pb.h"
#include "model/internal/stored.h"

namespace matsuri::internal {

const events::PublishPost& stored(const PublishPost& from) {
  auto& message = scratch<events::PublishPost>();
  message.set_post(from.post.value);
  message.set_community(from.community.value);
  message.set_author(from.author.value);
  message.set_text(from.text);
  message.set_language(from.language);
  message.set_import_source(from.import_source);
  message.set_import_source_id(from.import_source_id);
  message.set_parent(from.parent.value);
  message.set_parent_author(from.parent_author.value);
  message.set_feeling(from.feeling);
  message.set_spoiler(from.spoiler);
  message.set_tag(from.tag);
  message.set_drawing(from.drawing);
  return message;
}

const events::EditPost& stored(const EditPost& from) {
  auto& message = scratch<events::EditPost>();
  message.set_post(from.post.value);
  message.set_community(from.community.value);
  message.set_author(from.author.value);
  message.set_parent(from.parent.value);
  message.set_text(from.text);
  message.set_feeling(from.feeling);
  message.set_spoiler(from.spoiler);
  message.set_tag(from.tag);
  return message;
}

const events::DeletePost& stored(const DeletePost& from) {
  auto& message = scratch<events::DeletePost>();
  message.set_post(from.post.value);
  message.set_community(from.community.value);
  message.set_author(from.author.value);
  message.set_parent(from.parent.value);
  return message;
}

const events::SetFollow& stored(const SetFollow& from) {
  auto& message = scratch<events::SetFollow>();
  message.set_account(from.account.value);
  message.set_kind(static_cast<std::uint32_t>(from.kind));
  message.set_target(from.target);
  message.set_followed(from.followed);
  return message;
}

const events::SetEmpathy& stored(const SetEmpathy& from) {
  auto& message = scratch<events::SetEmpathy>();
  message.set_post(from.post.value);
  message.set_post_author(from.post_author.value);
  message.set_community(from.community.value);
  message.set_account(from.account.value);
  message.set_given(from.given);
  return message;
}

const events::MarkNotificationsRead& stored(const MarkNotificationsRead& from) {
  auto& message = scratch<events::MarkNotificationsRead>();
  message.set_account(from.account.value);
  message.set_up_to(from.up_to);
  return message;
}

Result<Event> plain(const events::PublishPost& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::publish_post, "lacks an id");
  if (!is_id_or_none(from.parent()) || !is_id_or_none(from.parent_author()))
    return damaged(EventKind::publish_post, "has an impossible id");
  if (from.feeling() > 5) return damaged(EventKind::publish_post, "has an unknown feeling");
  return PublishPost{.post = {from.post()},
                     .community = {from.community()},
                     .author = {from.author()},
                     .text = from.text(),
                     .language = from.language(),
                     .import_source = from.import_source(),
                     .import_source_id = from.import_source_id(),
                     .parent = {from.parent()},
                     .parent_author = {from.parent_author()},
                     .feeling = static_cast<std::uint8_t>(from.feeling()),
                     .spoiler = from.spoiler(),
                     .tag = from.tag(),
                     .drawing = from.drawing()};
}

Result<Event> plain(const events::EditPost& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::edit_post, "lacks an id");
  if (!is_id_or_none(from.parent())) return damaged(EventKind::edit_post, "has an impossible id");
  if (from.feeling() > 5) return damaged(EventKind::edit_post, "has an unknown feeling");
  return EditPost{.post = {from.post()},
                  .community = {from.community()},
                  .author = {from.author()},
                  .parent = {from.parent()},
                  .text = from.text(),
                  .feeling = static_cast<std::uint8_t>(from.feeling()),
                  .spoiler = from.spoiler(),
                  .tag = from.tag()};
}

Result<Event> plain(const events::DeletePost& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::delete_post, "lacks an id");
  if (!is_id_or_none(from.parent())) return damaged(EventKind::delete_post, "has an impossible id");
  return DeletePost{.post = {from.post()},
                    .community = {from.community()},
                    .author = {from.author()},
                    .parent = {from.parent()}};
}

Result<Event> plain(const events::SetFollow& from) {
  if (!is_id(from.account()) || !is_id(from.target()))
    return damaged(EventKind::set_follow, "lacks an id");
  if (from.kind() == 0 || from.kind() > static_cast<std::uint32_t>(FollowKind::community))
    return damaged(EventKind::set_follow, "has an unknown kind");
  return SetFollow{.account = {from.account()},
                   .kind = static_cast<FollowKind>(from.kind()),
                   .target = from.target(),
                   .followed = from.followed()};
}

Result<Event> plain(const events::SetEmpathy& from) {
  if (!is_id(from.post()) || !is_id(from.post_author()) || !is_id(from.community()) ||
      !is_id(from.account()))
    return damaged(EventKind::set_empathy, "lacks an id");
  return SetEmpathy{.post = {from.post()},
                    .post_author = {from.post_author()},
                    .community = {from.community()},
                    .account = {from.account()},
                    .given = from.given()};
}

Result<Event> plain(const events::MarkNotificationsRead& from) {
  if (!is_id(from.account())) return damaged(EventKind::mark_notifications_read, "lacks an id");
  return MarkNotificationsRead{.account = {from.account()}, .up_to = from.up_to()};
}

}  // namespace matsuri::internal
