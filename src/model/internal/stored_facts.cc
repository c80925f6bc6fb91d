// The messages of facts.
#include "events.pb.h"
#include "model/internal/stored.h"

namespace matsuri::internal {
namespace {

using Names = google::protobuf::RepeatedPtrField<events::LocalName>;

void store(const std::vector<LocalName>& from, Names& names) {
  names.Clear();
  for (const LocalName& one : from) {
    events::LocalName& name = *names.Add();
    name.set_language(one.language);
    name.set_text(one.text);
  }
}

std::vector<LocalName> names_of(const Names& from) {
  std::vector<LocalName> names;
  for (const events::LocalName& name : from)
    names.push_back({.language = name.language(), .text = name.text()});
  return names;
}

}  // namespace

const events::AccountChanged& stored(const AccountChanged& from) {
  auto& message = scratch<events::AccountChanged>();
  message.set_account(from.account.value);
  message.set_rev(from.rev);
  message.set_handle(from.handle);
  message.set_name(from.name);
  message.set_role(static_cast<std::uint32_t>(from.role));
  message.set_epoch(from.epoch);
  message.set_created_unix_ms(from.created_unix_ms);
  message.set_face(from.face);
  message.set_bio(from.bio);
  message.set_follows_shown_to(static_cast<std::uint32_t>(from.follows_shown_to));
  message.set_empathies_shown_to(static_cast<std::uint32_t>(from.empathies_shown_to));
  return message;
}

const events::BlockChanged& stored(const BlockChanged& from) {
  auto& message = scratch<events::BlockChanged>();
  message.set_account(from.account.value);
  message.set_target(from.target.value);
  message.set_rev(from.rev);
  message.set_blocked(from.blocked);
  return message;
}

const events::CredentialClosed& stored(const CredentialClosed& from) {
  auto& message = scratch<events::CredentialClosed>();
  message.set_account(from.account.value);
  message.set_credential(from.credential);
  return message;
}

const events::MuteChanged& stored(const MuteChanged& from) {
  auto& message = scratch<events::MuteChanged>();
  message.set_account(from.account.value);
  message.set_target(from.target.value);
  message.set_rev(from.rev);
  message.set_muted(from.muted);
  return message;
}

const events::TitleChanged& stored(const TitleChanged& from) {
  auto& message = scratch<events::TitleChanged>();
  message.set_title(from.title.value);
  message.set_rev(from.rev);
  store(from.names, *message.mutable_names());
  message.mutable_platforms()->Assign(from.platforms.begin(), from.platforms.end());
  message.set_publisher(from.publisher);
  message.set_crest(from.crest);
  message.set_main_community(from.main_community.value);
  message.set_created_unix_ms(from.created_unix_ms);
  return message;
}

const events::CommunityChanged& stored(const CommunityChanged& from) {
  auto& message = scratch<events::CommunityChanged>();
  message.set_community(from.community.value);
  message.set_rev(from.rev);
  message.set_title(from.title.value);
  message.set_kind(static_cast<std::uint32_t>(from.kind));
  message.set_owner(from.owner.value);
  store(from.names, *message.mutable_names());
  message.set_description(from.description);
  message.set_post_kinds(from.post_kinds);
  message.set_who_posts(static_cast<std::uint32_t>(from.who_posts));
  message.set_created_unix_ms(from.created_unix_ms);
  return message;
}

const events::PostPublished& stored(const PostPublished& from) {
  auto& message = scratch<events::PostPublished>();
  message.set_post(from.post.value);
  message.set_rev(from.rev);
  message.set_community(from.community.value);
  message.set_author(from.author.value);
  message.set_text(from.text);
  message.set_language(from.language);
  message.set_parent(from.parent.value);
  message.set_parent_author(from.parent_author.value);
  message.set_feeling(from.feeling);
  message.set_spoiler(from.spoiler);
  message.set_tag(from.tag);
  message.set_drawn(from.drawn);
  return message;
}

const events::CommandRefused& stored(const CommandRefused& from) {
  auto& message = scratch<events::CommandRefused>();
  message.set_account(from.account.value);
  message.set_position(from.position);
  message.set_resource_id(from.resource_id);
  message.set_code(static_cast<std::uint32_t>(from.code));
  message.set_reason(from.reason);
  return message;
}

const events::PostEdited& stored(const PostEdited& from) {
  auto& message = scratch<events::PostEdited>();
  message.set_post(from.post.value);
  message.set_rev(from.rev);
  message.set_community(from.community.value);
  message.set_author(from.author.value);
  message.set_parent(from.parent.value);
  message.set_text(from.text);
  message.set_feeling(from.feeling);
  message.set_spoiler(from.spoiler);
  message.set_tag(from.tag);
  return message;
}

const events::PostDeleted& stored(const PostDeleted& from) {
  auto& message = scratch<events::PostDeleted>();
  message.set_post(from.post.value);
  message.set_community(from.community.value);
  message.set_author(from.author.value);
  message.set_parent(from.parent.value);
  return message;
}

const events::FollowChanged& stored(const FollowChanged& from) {
  auto& message = scratch<events::FollowChanged>();
  message.set_account(from.account.value);
  message.set_kind(static_cast<std::uint32_t>(from.kind));
  message.set_target(from.target);
  message.set_rev(from.rev);
  message.set_followed(from.followed);
  return message;
}

const events::EmpathyChanged& stored(const EmpathyChanged& from) {
  auto& message = scratch<events::EmpathyChanged>();
  message.set_post(from.post.value);
  message.set_post_author(from.post_author.value);
  message.set_community(from.community.value);
  message.set_account(from.account.value);
  message.set_rev(from.rev);
  message.set_given(from.given);
  message.set_count(from.count);
  message.set_count_rev(from.count_rev);
  return message;
}

const events::NotificationChanged& stored(const NotificationChanged& from) {
  auto& message = scratch<events::NotificationChanged>();
  message.set_account(from.account.value);
  message.set_rev(from.rev);
  message.set_unread_count(from.unread_count);
  return message;
}

Result<Event> plain(const events::AccountChanged& from) {
  if (!is_id(from.account())) return damaged(EventKind::account_changed, "lacks an id");
  if (from.role() > static_cast<std::uint32_t>(Role::admin))
    return damaged(EventKind::account_changed, "has an unknown role");
  if (from.follows_shown_to() > static_cast<std::uint32_t>(Audience::nobody))
    return damaged(EventKind::account_changed, "has an unknown audience");
  if (from.empathies_shown_to() > static_cast<std::uint32_t>(Audience::nobody))
    return damaged(EventKind::account_changed, "has an unknown audience");
  return AccountChanged{.account = {from.account()},
                        .rev = from.rev(),
                        .handle = from.handle(),
                        .name = from.name(),
                        .role = static_cast<Role>(from.role()),
                        .epoch = from.epoch(),
                        .created_unix_ms = from.created_unix_ms(),
                        .face = from.face(),
                        .bio = from.bio(),
                        .follows_shown_to = static_cast<Audience>(from.follows_shown_to()),
                        .empathies_shown_to = static_cast<Audience>(from.empathies_shown_to())};
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

Result<Event> plain(const events::MuteChanged& from) {
  if (!is_id(from.account()) || !is_id(from.target()))
    return damaged(EventKind::mute_changed, "lacks an id");
  return MuteChanged{.account = {from.account()},
                     .target = {from.target()},
                     .rev = from.rev(),
                     .muted = from.muted()};
}

Result<Event> plain(const events::TitleChanged& from) {
  if (!is_id(from.title()) || !is_id(from.main_community()))
    return damaged(EventKind::title_changed, "lacks an id");
  return TitleChanged{.title = {from.title()},
                      .rev = from.rev(),
                      .names = names_of(from.names()),
                      .platforms = {from.platforms().begin(), from.platforms().end()},
                      .publisher = from.publisher(),
                      .crest = from.crest(),
                      .main_community = {from.main_community()},
                      .created_unix_ms = from.created_unix_ms()};
}

Result<Event> plain(const events::CommunityChanged& from) {
  if (!is_id(from.community())) return damaged(EventKind::community_changed, "lacks an id");
  if (!is_id_or_none(from.title()) || !is_id_or_none(from.owner()))
    return damaged(EventKind::community_changed, "has an impossible id");
  if (from.kind() > static_cast<std::uint32_t>(CommunityKind::announcement))
    return damaged(EventKind::community_changed, "has an unknown kind");
  if (from.post_kinds() > 3)
    return damaged(EventKind::community_changed, "has an unknown post kind");
  if (from.who_posts() > static_cast<std::uint32_t>(Posters::owner))
    return damaged(EventKind::community_changed, "has an unknown rule");
  return CommunityChanged{.community = {from.community()},
                          .rev = from.rev(),
                          .title = {from.title()},
                          .kind = static_cast<CommunityKind>(from.kind()),
                          .owner = {from.owner()},
                          .names = names_of(from.names()),
                          .description = from.description(),
                          .post_kinds = static_cast<std::uint8_t>(from.post_kinds()),
                          .who_posts = static_cast<Posters>(from.who_posts()),
                          .created_unix_ms = from.created_unix_ms()};
}

Result<Event> plain(const events::PostPublished& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::post_published, "lacks an id");
  if (!is_id_or_none(from.parent()) || !is_id_or_none(from.parent_author()))
    return damaged(EventKind::post_published, "has an impossible id");
  if (from.feeling() > 5) return damaged(EventKind::post_published, "has an unknown feeling");
  return PostPublished{.post = {from.post()},
                       .rev = from.rev(),
                       .community = {from.community()},
                       .author = {from.author()},
                       .text = from.text(),
                       .language = from.language(),
                       .parent = {from.parent()},
                       .parent_author = {from.parent_author()},
                       .feeling = static_cast<std::uint8_t>(from.feeling()),
                       .spoiler = from.spoiler(),
                       .tag = from.tag(),
                       .drawn = from.drawn()};
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

Result<Event> plain(const events::PostEdited& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::post_edited, "lacks an id");
  if (!is_id_or_none(from.parent())) return damaged(EventKind::post_edited, "has an impossible id");
  if (from.feeling() > 5) return damaged(EventKind::post_edited, "has an unknown feeling");
  return PostEdited{.post = {from.post()},
                    .rev = from.rev(),
                    .community = {from.community()},
                    .author = {from.author()},
                    .parent = {from.parent()},
                    .text = from.text(),
                    .feeling = static_cast<std::uint8_t>(from.feeling()),
                    .spoiler = from.spoiler(),
                    .tag = from.tag()};
}

Result<Event> plain(const events::PostDeleted& from) {
  if (!is_id(from.post()) || !is_id(from.community()) || !is_id(from.author()))
    return damaged(EventKind::post_deleted, "lacks an id");
  if (!is_id_or_none(from.parent()))
    return damaged(EventKind::post_deleted, "has an impossible id");
  return PostDeleted{.post = {from.post()},
                     .community = {from.community()},
                     .author = {from.author()},
                     .parent = {from.parent()}};
}

Result<Event> plain(const events::FollowChanged& from) {
  if (!is_id(from.account()) || !is_id(from.target()))
    return damaged(EventKind::follow_changed, "lacks an id");
  if (from.kind() == 0 || from.kind() > static_cast<std::uint32_t>(FollowKind::community))
    return damaged(EventKind::follow_changed, "has an unknown kind");
  return FollowChanged{.account = {from.account()},
                       .kind = static_cast<FollowKind>(from.kind()),
                       .target = from.target(),
                       .rev = from.rev(),
                       .followed = from.followed()};
}

Result<Event> plain(const events::EmpathyChanged& from) {
  if (!is_id(from.post()) || !is_id(from.post_author()) || !is_id(from.community()) ||
      !is_id(from.account()))
    return damaged(EventKind::empathy_changed, "lacks an id");
  return EmpathyChanged{.post = {from.post()},
                        .post_author = {from.post_author()},
                        .community = {from.community()},
                        .account = {from.account()},
                        .rev = from.rev(),
                        .given = from.given(),
                        .count = from.count(),
                        .count_rev = from.count_rev()};
}

Result<Event> plain(const events::NotificationChanged& from) {
  if (!is_id(from.account())) return damaged(EventKind::notification_changed, "lacks an id");
  return NotificationChanged{
      .account = {from.account()}, .rev = from.rev(), .unread_count = from.unread_count()};
}

}  // namespace matsuri::internal
