#include "analytics/routes.h"
#include "account/staff.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "analytics/query.h"
#include "http/message.h"
#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::analytics {
namespace {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

Error no_title() { return {Code::not_found, "there is no such title"}; }

// REQUIRES: somebody is signed in.
Result<void> check_staff(const http::Request& request) {
  if (!account::is_support(request.caller.role))
    return Error(Code::denied, "only support and admins see this");
  return {};
}

struct Range {
  Day first = 0;
  Day last = 0;
};

Result<std::optional<Day>> day_in(const http::Request& request, std::string_view name) {
  TRY_ASSIGN(const auto text, request.query_parameter(name));
  if (!text) return std::optional<Day>();
  const auto day = parse_date(*text);
  if (!day) return Error(Code::invalid, std::string(name) + ": a day like 2026-11-26 is taken");
  return day;
}

// Both ends are in it. Without `to` it ends today, without `from` it has four weeks.
Result<Range> range_in(const http::Request& request, Day today) {
  TRY_ASSIGN(const auto from, day_in(request, "from"));
  TRY_ASSIGN(const auto to, day_in(request, "to"));
  Range range;
  range.last = to.value_or(from ? std::max(*from, today) : today);
  range.first = from.value_or(range.last - report_day_count_default + 1);
  if (range.first > range.last) return Error(Code::invalid, "from: is behind to");
  if (range.last - range.first >= report_day_count_max)
    return Error(Code::invalid,
                 "from, to: at most " + std::to_string(report_day_count_max) + " days are taken");
  return range;
}

void write_time(json::Writer& writer, std::string_view name, std::int64_t unix_ms) {
  if (unix_ms == 0) {
    writer.field_null(name);
    return;
  }
  writer.field(name, unix_ms);
}

void write_reason(json::Writer& writer, const std::optional<std::string>& reason) {
  if (reason)
    writer.field("reason", *reason);
  else
    writer.field_null("reason");
}

void write_counts(json::Writer& writer, const Counts& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) writer.field(verdict_names[i], counts[i]);
}

void write_flow(json::Writer& writer, const Flow& flow) {
  writer.field("in", flow.amount_in).field("out", flow.amount_out);
}

void write_days(json::Writer& writer, const Report& report, Day first) {
  writer.key("days").begin_array();
  for (std::size_t i = 0; i < report.days.size(); ++i) {
    const DayRow& day = report.days[i];
    writer.begin_object()
        .field("day", to_date(first + static_cast<Day>(i)))
        .field("active", day.active)
        .field("first_time", day.first_time)
        .field("raids", day.raids)
        .key("commands")
        .begin_object();
    write_counts(writer, day.commands);
    writer.end_object().end_object();
  }
  writer.end_array();
}

void write_retention(json::Writer& writer, const Report& report) {
  const auto write = [&](std::string_view name, const std::optional<std::uint64_t>& count) {
    if (count)
      writer.field(name, *count);
    else
      writer.field_null(name);
  };
  writer.key("retention").begin_array();
  for (const CohortRow& cohort : report.cohorts) {
    writer.begin_object().field("cohort", to_date(cohort.day)).field("accounts", cohort.accounts);
    write("day_1", cohort.day_1);
    write("day_7", cohort.day_7);
    write("day_30", cohort.day_30);
    writer.end_object();
  }
  writer.end_array();
}

void write_economy(json::Writer& writer, const Report& report) {
  writer.key("economy").begin_array();
  for (const FieldRow& field : report.fields) {
    writer.begin_object().field("kind", field.kind).field("field", field.field);
    write_flow(writer, field.total);
    writer.key("days").begin_array();
    for (const Flow& day : field.days) {
      writer.begin_object();
      write_flow(writer, day);
      writer.end_object();
    }
    writer.end_array().key("reasons").begin_array();
    for (const FlowRow& row : field.reasons) {
      writer.begin_object();
      write_reason(writer, row.reason);
      write_flow(writer, row.flow);
      writer.end_object();
    }
    writer.end_array().end_object();
  }
  writer.end_array().field("economy_left_out", report.fields_left_out);
}

void write_raids(json::Writer& writer, const Report& report) {
  writer.key("raids").begin_array();
  for (const RaidRow& raid : report.raids)
    writer.begin_object()
        .field("arena", raid.arena)
        .field("started_ms", raid.span.first_ms)
        .field("ended_ms", raid.span.last_ms)
        .field("participants", raid.participants)
        .field("applied", raid.applied)
        .field("refused", raid.refused)
        .end_object();
  writer.end_array();
}

Response render(const Report& report, TitleId title, const Range& range, const Zone& zone) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object()
      .field_id("title", title.value)
      .field("from", to_date(range.first))
      .field("to", to_date(range.last))
      .field("zone", zone.name());
  write_time(writer, "as_of_ms", report.as_of_ms);
  write_days(writer, report, range.first);
  write_retention(writer, report);
  writer.key("reasons").begin_array();
  for (const ReasonRow& row : report.reasons) {
    writer.begin_object();
    write_reason(writer, row.reason);
    write_counts(writer, row.commands);
    writer.end_object();
  }
  writer.end_array();
  write_economy(writer, report);
  write_raids(writer, report);
  writer.end_object();
  return response;
}

void write_run(json::Writer& writer, const RunRow& run) {
  writer.begin_object()
      .field_id("id", run.id)
      .field("state", run.state)
      .field("asked_by", run.asked_by)
      .field("started_ms", run.started_ms);
  write_time(writer, "ended_ms", run.ended_ms);
  writer.field("done", run.done_count)
      .field("total", run.total_count)
      .field("commands", run.command_count);
  if (run.error.empty())
    writer.field_null("error");
  else
    writer.field("error", run.error);
  writer.end_object();
}

struct RunsPage {
  std::vector<RunRow> runs;
  std::int64_t as_of_ms = 0;
};

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(std::move(parts)) {}

  void list_titles(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_staff(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    sql::read_value<std::vector<TitleRow>>(parts_.db, *request->executor, read_titles,
                                           [this, request, respond = std::move(respond)](
                                               Result<std::vector<TitleRow>> titles) mutable {
                                             if (!titles.ok())
                                               return respond.send(http::problem(titles.error()));
                                             Response response;
                                             json::Writer writer(response.body);
                                             writer.begin_object().key("titles").begin_array();
                                             for (const TitleRow& row : *titles) {
                                               const auto title = parts_.title_json(row.title);
                                               if (!title) continue;
                                               writer.begin_object()
                                                   .key("title")
                                                   .raw(*title)
                                                   .field("last_day", to_date(row.last_day))
                                                   .field("commands", row.command_count)
                                                   .end_object();
                                             }
                                             writer.end_array().end_object();
                                             respond.send(std::move(response));
                                           });
  }

  void get_report(const RequestPtr& request, Responder respond) const {
    const TitleId title =
        parse_id_as<TitleId>(request->path_parameter("title")).value_or(TitleId{});
    if (const auto allowed = check_reader(*request, title); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    const auto range = range_in(*request, parts_.zone.day_of(parts_.clock.unix_ms()));
    if (!range.ok()) return respond.send(http::problem(range.error()));
    sql::read_value<Report>(
        parts_.db, *request->executor,
        [title, range = *range](sql::Connection& connection) {
          return read_report(connection, title, range.first, range.last);
        },
        [this, request, title, range = *range,
         respond = std::move(respond)](const Result<Report>& report) mutable {
          respond.send(report.ok() ? render(*report, title, range, parts_.zone)
                                   : http::problem(report.error()));
        });
  }

  void list_runs(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_staff(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    // Asked before the rows are read: where it says no, they have the last run's end.
    const bool is_busy = parts_.runs.is_busy();
    sql::read_value<RunsPage>(
        parts_.db, *request->executor,
        [](sql::Connection& connection) -> Result<RunsPage> {
          RunsPage page;
          TRY_ASSIGN(page.runs, read_runs(connection));
          TRY_ASSIGN(page.as_of_ms, read_as_of(connection));
          return page;
        },
        [this, request, is_busy,
         respond = std::move(respond)](const Result<RunsPage>& page) mutable {
          if (!page.ok()) return respond.send(http::problem(page.error()));
          Response response;
          json::Writer writer(response.body);
          writer.begin_object().key("runs").begin_array();
          for (const RunRow& run : page->runs) write_run(writer, run);
          writer.end_array().field("busy", is_busy);
          write_time(writer, "as_of_ms", page->as_of_ms);
          write_time(writer, "next_ms", parts_.runs.next_ms().value_or(0));
          writer.field("zone", parts_.zone.name()).end_object();
          respond.send(std::move(response));
        });
  }

  void ask_for_run(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = account::check_admin(request->caller.role); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    parts_.runs.ask();
    Response response{.status = 202};
    json::Writer(response.body).begin_object().field("busy", true).end_object();
    respond.send(std::move(response));
  }

 private:
  // Staff, or a server of the title.
  Result<void> check_reader(const http::Request& request, TitleId title) const {
    if (request.caller) {
      TRY(check_staff(request));
      if (!parts_.title_json(title)) return no_title();
      return {};
    }
    return parts_.gate.check_server(title, request.header("authorization"),
                                    request.header("matsuri-player"));
  }

  RouteParts parts_;
};

}  // namespace

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(std::move(parts));
  const http::MemberRoutes add(router, "/v1/analytics", routes);
  const http::RouteOptions read{.cost = http::Cost::read, .needs_account = true};
  const http::RouteOptions write{.cost = http::Cost::write, .needs_account = true};
  add(Method::get, "/titles", read, &Routes::list_titles);
  add(Method::get, "/titles/{title}", {.cost = http::Cost::read}, &Routes::get_report);
  add(Method::get, "/runs", read, &Routes::list_runs);
  add(Method::post, "/runs", write, &Routes::ask_for_run);
}

}  // namespace matsuri::analytics
