#include "closure/service.h"

#include <utility>

#include "closure/request.h"
#include "json/writer.h"
#include "model/base64url.h"
#include "ticket/pass.h"

namespace matsuri::closure {
namespace {

// Whoever is told to wait asks again so long before it is time, and is told the rest then.
constexpr std::int64_t ask_again_before_ms = start_delay_ms_max / 2;

std::string_view name_of(Hint hint) {
  switch (hint) {
    case Hint::none:
      break;
    case Hint::hold_still:
      return "hold_still";
    case Hint::more_light:
      return "more_light";
    case Hint::step_closer:
      return "step_closer";
    case Hint::wait:
      return "wait";
    case Hint::new_ticket:
      return "new_ticket";
  }
  return "none";
}

CheckinAttempted event_of(const program::Show& show, const Attempt& attempt,
                          const Verdict& verdict) {
  CheckinAttempted event{.programme = std::to_string(show.about().programme),
                         .nonce = std::string(as_text(verdict.ticket.nonce)),
                         .ticket_unix_ms = verdict.ticket.issued_unix_ms,
                         .result = verdict.result,
                         .path = std::string(name_of(attempt.path)),
                         .score_permille = static_cast<std::int32_t>(verdict.score * 1000),
                         .frame_count = static_cast<std::uint32_t>(verdict.frame_count)};
  if (verdict.window != nullptr) {
    event.window = verdict.window->id;
    event.campaign = verdict.window->campaign;
    event.points = verdict.window->points;
  }
  return event;
}

}  // namespace

Service::Service(ServiceParts parts, Settings settings)
    : parts_(parts),
      schedule_(parts.show),
      settings_(std::make_shared<const Settings>(std::move(settings))) {}

void Service::change(Settings settings) {
  auto changed = std::make_shared<const Settings>(std::move(settings));
  const std::lock_guard lock(mutex_);
  settings_.swap(changed);
}

std::shared_ptr<const Settings> Service::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Result<void> Service::check_programme(std::string_view programme) const {
  if (programme != std::to_string(parts_.show.about().programme))
    return Error(Code::not_found, "there is no such programme here");
  return {};
}

bool Service::is_open_at(std::int64_t time_ms) const {
  return time_ms >= 0 && time_ms < parts_.show.about().duration_ms &&
         parts_.show.window_at(static_cast<std::uint32_t>(time_ms)) != nullptr;
}

// When to ask for a ticket again, so that it is young when it is time to begin.
void Service::add_retry(json::Writer& writer, std::int64_t time_ms) const {
  const auto start_ms = schedule_.next_start_ms(time_ms);
  if (!start_ms)
    writer.field_null("retry_in_ms");
  else if (*start_ms - time_ms <= start_delay_ms_max)
    writer.field("retry_in_ms", 0);
  else
    writer.field("retry_in_ms", *start_ms - time_ms - ask_again_before_ms);
}

// Nobody gets a ticket that would be too old by the time to use it.
http::Response Service::no_ticket(std::int64_t time_ms) const {
  http::Response response;
  json::Writer writer(response.body);
  writer.begin_object();
  if (is_open_at(time_ms) && schedule_.next_start_ms(time_ms))
    writer.field("answer", "retry").field("hint", name_of(Hint::wait));
  else
    writer.field("answer", "not_now");
  add_retry(writer, time_ms);
  writer.end_object();
  return response;
}

Result<http::Response> Service::give_ticket(std::string_view programme, std::string_view pass_text,
                                            std::optional<std::string_view> path_name) const {
  TRY(check_programme(programme));
  const auto path = parse_path(path_name.value_or(name_of(Path::terrestrial)));
  if (!path) return Error(Code::invalid, "path: terrestrial, cable or stream are known");
  const auto settings = this->settings();
  const std::int64_t now = parts_.clock.unix_ms();
  TRY_ASSIGN(const ticket::ViewerPass pass, ticket::open_pass(settings->keys, pass_text));
  TRY(ticket::can_use(pass, ticket::ProgrammeId{parts_.show.about().programme}, now));

  const std::int64_t time_ms = settings->broadcast.time_ms(*path, now);
  const auto start_ms = schedule_.next_start_ms(time_ms);
  if (!start_ms || *start_ms - time_ms > start_delay_ms_max) return no_ticket(time_ms);

  ticket::Ticket ticket{.key = settings->keys.signing_id(),
                        .account = pass.account,
                        .programme = pass.programme,
                        .issued_unix_ms = now};
  parts_.random.fill(ticket.nonce);
  http::Response response;
  json::Writer(response.body)
      .begin_object()
      .field("answer", "ticket")
      .field("ticket", ticket::seal(settings->keys, ticket))
      .field("seed", to_base64url(ticket::seed_of(settings->keys, ticket)))
      .field("start_delay_ms", *start_ms - time_ms)
      .field("slots", match::frame_count_max)
      .field("period_ms", match::slot_ms)
      .field("age_ms_max", ticket_age_ms_max)
      .end_object();
  return response;
}

http::Response Service::answer_of(const Verdict& verdict, std::int64_t time_ms) const {
  http::Response response;
  json::Writer writer(response.body);
  writer.begin_object();
  if (verdict.result == CheckinResult::ok) {
    writer.field("answer", "ok")
        .field("window", verdict.window->id)
        .field("campaign", verdict.window->campaign)
        .field("points", verdict.window->points);
  } else {
    if (verdict.result == CheckinResult::no_window)
      writer.field("answer", "not_now");
    else
      writer.field("answer", "retry").field("hint", name_of(verdict.hint));
    add_retry(writer, time_ms);
  }
  writer.end_object();
  return response;
}

Result<Judged> Service::check_in(std::string_view programme, std::string_view body) const {
  TRY(check_programme(programme));
  TRY_ASSIGN(const ParsedAttempt parsed, parse_attempt(body));
  const Attempt attempt = parsed.view();
  const auto settings = this->settings();
  const std::int64_t now = parts_.clock.unix_ms();
  TRY_ASSIGN(const Verdict verdict,
             admit({.show = parts_.show, .keys = settings->keys, .broadcast = settings->broadcast},
                   attempt, now));
  return Judged{.response = answer_of(verdict, settings->broadcast.time_ms(attempt.path, now)),
                .header = {.unix_ms = now,
                           .account = verdict.ticket.account,
                           .kind = EventKind::checkin_attempted},
                .event = event_of(parts_.show, attempt, verdict)};
}

}  // namespace matsuri::closure
