// One answer of three sources: check-in's database, the ledger's campaigns, and how far behind the
// stream is. Where the ledger can't tell, the others are shown all the same: an evening goes on.
#include "broadcast/attendance_routes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "account/staff.h"
#include "base/time.h"
#include "checkin/query.h"
#include "http/page.h"
#include "json/writer.h"
#include "points/model.h"
#include "points/query.h"
#include "sql/call.h"

namespace matsuri::broadcast {
namespace {

using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::int64_t step_s_default = 10;
constexpr std::int64_t step_s_max = 600;
// Viewers of the slowest path see the end later, and may still be on their way then.
constexpr std::int64_t tail_ms = closure::delay_ms_max + 60'000;

struct Budgets {
  bool is_known = false;  // else the ledger could not tell
  std::vector<points::NamedPurse> campaigns;
};

struct Shown {
  Programme programme;
  std::int64_t now_ms = 0;
  checkin::AttendanceQuery query;
  checkin::Attendance attendance;
};

// The steps that have begun by now.
checkin::AttendanceQuery query_of(const Programme& programme, std::int64_t now_ms,
                                  std::int64_t step_s) {
  const std::int64_t start_ms = programme.broadcast.start_unix_ms;
  const std::int64_t end_ms = start_ms + programme.about.duration_ms + tail_ms;
  const std::int64_t seconds = (std::min(now_ms, end_ms) - start_ms + 999) / 1000;
  return {.programme = std::to_string(programme.about.programme),
          .from_s = start_ms / 1000,
          .step_s = step_s,
          .step_count =
              static_cast<std::size_t>(std::max<std::int64_t>(0, (seconds + step_s - 1) / step_s))};
}

// Of its windows, and of check-ins that earlier builds of it had.
std::vector<std::string> campaigns_of(const Shown& shown) {
  std::vector<std::string> names;
  for (const program::Window& window : shown.programme.about.windows)
    names.push_back(window.campaign);
  for (const checkin::CheckinCount& count : shown.attendance.checkins)
    if (points::check_purse_name(count.of.campaign).ok()) names.push_back(count.of.campaign);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

void write_attempts(json::Writer& writer, const checkin::Attendance& attendance) {
  writer.key("attempts").begin_object();
  for (std::size_t answer = 0; answer < checkin::answer_count; ++answer) {
    writer.key(name_of(static_cast<checkin::Answer>(answer))).begin_array();
    for (const auto& step : attendance.steps) writer.unsigned_integer(step[answer]);
    writer.end_array();
  }
  writer.end_object().key("results").begin_object();
  for (std::size_t i = 0; i < checkin::result_count; ++i)
    writer.field(checkin::name_of(static_cast<CheckinResult>(i + 1)), attendance.results[i]);
  writer.end_object();
}

void write_checkins(json::Writer& writer, const checkin::Attendance& attendance) {
  writer.key("checkins").begin_array();
  for (const checkin::CheckinCount& count : attendance.checkins) {
    writer.begin_object()
        .field("window", std::int64_t{count.of.window})
        .field("campaign", count.of.campaign)
        .field("status", name_of(count.of.status));
    if (count.of.reason == GrantReason::none)
      writer.field_null("reason");
    else
      writer.field("reason", checkin::name_of(count.of.reason));
    writer.field("count", count.checkins).field("points", count.points).end_object();
  }
  writer.end_array();
}

void write_campaigns(json::Writer& writer, const std::vector<std::string>& names,
                     const Budgets& budgets) {
  writer.key("campaigns").begin_array();
  for (const std::string& name : names) {
    const auto found = std::ranges::find(budgets.campaigns, name, &points::NamedPurse::name);
    writer.begin_object().field("name", name);
    if (found != budgets.campaigns.end())
      writer.field("state", "open").field("left", found->balance);
    else
      writer.field("state", budgets.is_known ? "missing" : "unknown").field_null("left");
    writer.end_object();
  }
  writer.end_array();
}

// What closures and inboxes have brought and check-in's tables do not show yet.
void write_backlog(json::Writer& writer, const stream::Stream& stream) {
  const auto all = stream.status();
  const auto view = std::ranges::find(all, "checkin", &stream::ApplierStatus::view);
  writer.key("backlog").begin_object();
  writer.field("records", view == all.end() ? 0 : view->lag + view->in_flight);
  if (view == all.end() || view->trouble.empty())
    writer.field_null("trouble");
  else
    writer.field("trouble", view->trouble);
  writer.end_object();
}

class Routes {
 public:
  explicit Routes(AttendanceParts parts) : parts_(std::move(parts)) {}

  void get(const RequestPtr& request, Responder respond) const {
    auto shown = wanted(*request);
    if (!shown.ok()) return respond.send(shown.error());
    sql::read_value<checkin::Attendance>(
        parts_.checkin, *request->executor,
        [query = shown->query](sql::Connection& connection) {
          return checkin::read_attendance(connection, query);
        },
        [this, request, shown = std::move(*shown),
         respond = std::move(respond)](Result<checkin::Attendance> found) mutable {
          if (!found.ok()) return respond.send(found.error());
          shown.attendance = std::move(*found);
          add_budgets(request, std::move(shown), std::move(respond));
        });
  }

 private:
  Result<Shown> wanted(const http::Request& request) const {
    TRY(account::check_support(request.caller.role));
    const auto id = parse_id_as<ProgrammeId>(request.path_parameter("programme"));
    TRY_ASSIGN(const std::int64_t step_s,
               http::number_of(request, "step_s", step_s_default, 1, step_s_max));
    Shown shown{.now_ms = parts_.clock.unix_ms()};
    TRY_ASSIGN(shown.programme, parts_.programmes.find(id.value_or(ProgrammeId{})));
    shown.query = query_of(shown.programme, shown.now_ms, step_s);
    return shown;
  }

  void add_budgets(const RequestPtr& request, Shown shown, Responder respond) const {
    const std::size_t shard = parts_.sequencer.shard_of(points::points_title, points::points_arena);
    auto names = campaigns_of(shown);
    sql::read_value<std::vector<points::NamedPurse>>(
        *parts_.shards[shard], *request->executor,
        [names](sql::Connection& connection) { return points::read_campaigns(connection, names); },
        [this, names, shown = std::move(shown),
         respond = std::move(respond)](Result<std::vector<points::NamedPurse>> found) mutable {
          Budgets budgets{.is_known = found.ok()};
          if (found.ok()) budgets.campaigns = std::move(*found);
          respond.send(render(shown, names, budgets));
        });
  }

  Response render(const Shown& shown, const std::vector<std::string>& names,
                  const Budgets& budgets) const {
    Response response;
    response.headers.emplace_back("Cache-Control", "no-store");
    json::Writer writer(response.body);
    const std::int64_t start_ms = shown.programme.broadcast.start_unix_ms;
    writer.begin_object()
        .field_id("id", shown.programme.about.programme)
        .field("starts_at", to_rfc3339(start_ms))
        .field("ends_at", to_rfc3339(start_ms + shown.programme.about.duration_ms))
        .field("as_of", to_rfc3339(shown.now_ms))
        .field("step_s", shown.query.step_s);
    write_attempts(writer, shown.attendance);
    write_checkins(writer, shown.attendance);
    write_campaigns(writer, names, budgets);
    write_backlog(writer, parts_.stream);
    writer.end_object();
    return response;
  }

  AttendanceParts parts_;
};

}  // namespace

void add_attendance_route(http::Router& router, AttendanceParts parts) {
  const http::MemberRoutes add(router, "/v1/checkin/programmes",
                               std::make_shared<const Routes>(std::move(parts)));
  add(http::Method::get, "/{programme}/attendance", {.needs_account = true}, &Routes::get);
}

}  // namespace matsuri::broadcast
