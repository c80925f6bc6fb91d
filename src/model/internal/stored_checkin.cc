// The messages of check-in: of its commands, and of the facts that go between it and points.
#include "events.pb.h"
#include "model/internal/stored.h"

namespace matsuri::internal {
namespace {

constexpr std::size_t name_size = 16;  // of a ticket's nonce, and of an inbox file

}  // namespace

const events::CheckinAttempted& stored(const CheckinAttempted& from) {
  auto& message = scratch<events::CheckinAttempted>();
  message.set_programme(from.programme);
  message.set_window(from.window);
  message.set_campaign(from.campaign);
  message.set_points(from.points);
  message.set_nonce(from.nonce);
  message.set_ticket_unix_ms(from.ticket_unix_ms);
  message.set_result(static_cast<std::uint32_t>(from.result));
  message.set_path(from.path);
  message.set_score_permille(from.score_permille);
  message.set_frame_count(from.frame_count);
  return message;
}

const events::InboxRead& stored(const InboxRead& from) {
  auto& message = scratch<events::InboxRead>();
  message.set_file(from.file);
  message.set_offset(from.offset);
  message.set_name(from.name);
  return message;
}

const events::GrantSettled& stored(const GrantSettled& from) {
  auto& message = scratch<events::GrantSettled>();
  message.set_account(from.account.value);
  message.set_programme(from.programme);
  message.set_window(from.window);
  message.set_event(from.event);
  message.set_outcome(static_cast<std::uint32_t>(from.outcome));
  message.set_reason(static_cast<std::uint32_t>(from.reason));
  message.set_points(from.points);
  return message;
}

const events::GrantDue& stored(const GrantDue& from) {
  auto& message = scratch<events::GrantDue>();
  message.set_account(from.account.value);
  message.set_programme(from.programme);
  message.set_window(from.window);
  message.set_rev(from.rev);
  message.set_event(from.event);
  message.set_campaign(from.campaign);
  message.set_points(from.points);
  message.set_void_reason(static_cast<std::uint32_t>(from.void_reason));
  return message;
}

Result<Event> plain(const events::CheckinAttempted& from) {
  if (from.nonce().size() != name_size)
    return damaged(EventKind::checkin_attempted, "lacks the ticket's nonce");
  if (from.result() < 1 || from.result() > 7)
    return damaged(EventKind::checkin_attempted, "has an unknown result");
  return CheckinAttempted{.programme = from.programme(),
                          .window = from.window(),
                          .campaign = from.campaign(),
                          .points = from.points(),
                          .nonce = from.nonce(),
                          .ticket_unix_ms = from.ticket_unix_ms(),
                          .result = static_cast<CheckinResult>(from.result()),
                          .path = from.path(),
                          .score_permille = from.score_permille(),
                          .frame_count = from.frame_count()};
}

Result<Event> plain(const events::InboxRead& from) {
  if (from.file().size() != name_size) return damaged(EventKind::inbox_read, "names no file");
  return InboxRead{.file = from.file(), .offset = from.offset(), .name = from.name()};
}

Result<Event> plain(const events::GrantSettled& from) {
  if (!is_id(from.account())) return damaged(EventKind::grant_settled, "lacks an id");
  if (from.outcome() < 1 || from.outcome() > 3 || from.reason() > 5)
    return damaged(EventKind::grant_settled, "has an unknown outcome");
  return GrantSettled{.account = {from.account()},
                      .programme = from.programme(),
                      .window = from.window(),
                      .event = from.event(),
                      .outcome = static_cast<GrantOutcome>(from.outcome()),
                      .reason = static_cast<GrantReason>(from.reason()),
                      .points = from.points()};
}

Result<Event> plain(const events::GrantDue& from) {
  if (!is_id(from.account())) return damaged(EventKind::grant_due, "lacks an id");
  if (from.void_reason() > 5) return damaged(EventKind::grant_due, "has an unknown reason");
  return GrantDue{.account = {from.account()},
                  .programme = from.programme(),
                  .window = from.window(),
                  .rev = from.rev(),
                  .event = from.event(),
                  .campaign = from.campaign(),
                  .points = from.points(),
                  .void_reason = static_cast<GrantReason>(from.void_reason())};
}

}  // namespace matsuri::internal
