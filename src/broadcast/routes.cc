#include "broadcast/routes.h"

#include <memory>
#include <string>
#include <utility>

#include "account/staff.h"
#include "base/time.h"
#include "http/page.h"
#include "json/value.h"
#include "json/writer.h"

namespace matsuri::broadcast {
namespace {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

// Longer than a ticket's whole life; the next request brings another.
constexpr std::int64_t pass_ms = 60'000;
constexpr std::size_t attempt_size_max = 2048;

ProgrammeId programme_of(const http::Request& request) {
  return parse_id_as<ProgrammeId>(request.path_parameter("programme")).value_or(ProgrammeId{});
}

void write_programme(json::Writer& writer, const Programme& programme) {
  const program::About& about = programme.about;
  const std::int64_t start_ms = programme.broadcast.start_unix_ms;
  writer.begin_object()
      .field_id("id", about.programme)
      .field("title", about.title)
      .field("starts_at", to_rfc3339(start_ms))
      .field("ends_at", to_rfc3339(start_ms + about.duration_ms))
      .key("delay_ms")
      .begin_object();
  for (std::size_t i = 0; i < closure::path_count; ++i)
    writer.field(closure::path_names[i], programme.broadcast.delay_ms[i]);
  writer.end_object()
      .field("state", programme.is_serving ? "serving" : "away")
      .key("windows")
      .begin_array();
  for (const program::Window& window : about.windows)
    writer.begin_object()
        .field("window", window.id)
        .field("starts_at", to_rfc3339(start_ms + window.start_ms))
        .field("ends_at", to_rfc3339(start_ms + window.end_ms))
        .field("campaign", window.campaign)
        .field("points", window.points)
        .end_object();
  writer.end_array().end_object();
}

Response programme_response(const Programme& programme) {
  Response response;
  json::Writer writer(response.body);
  write_programme(writer, programme);
  return response;
}

Result<closure::Broadcast> broadcast_in(std::string_view body) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"starts_at", "delay_ms"}));
  closure::Broadcast broadcast;
  TRY_ASSIGN(const std::string_view starts_at, object.string("starts_at"));
  const auto start = parse_rfc3339(starts_at);
  if (!start) return Error(Code::invalid, "starts_at: expected a time as 2026-12-01T12:00:00.000Z");
  broadcast.start_unix_ms = *start;
  TRY_ASSIGN(const json::Object delays, object.object("delay_ms"));
  TRY(delays.only({closure::path_names[0], closure::path_names[1], closure::path_names[2]}));
  for (std::size_t i = 0; i < closure::path_count; ++i) {
    TRY_ASSIGN(broadcast.delay_ms[i], delays.integer(closure::path_names[i]));
    if (broadcast.delay_ms[i] < 0 || broadcast.delay_ms[i] > closure::delay_ms_max)
      return Error(Code::invalid,
                   "delay_ms." + std::string(closure::path_names[i]) + ": 0 to 120000 is taken");
  }
  return broadcast;
}

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  Routes(Programmes& programmes, io::Clock& clock) : programmes_(programmes), clock_(clock) {}

  void list(const RequestPtr&, Responder respond) const {
    Response response;
    json::Writer writer(response.body);
    writer.begin_object().key("programmes").begin_array();
    for (const Programme& programme : programmes_.list()) write_programme(writer, programme);
    writer.end_array().end_object();
    respond.send(std::move(response));
  }

  void set_broadcast(const RequestPtr& request, Responder respond) const {
    const Result<closure::Broadcast> broadcast = [&]() -> Result<closure::Broadcast> {
      TRY(account::check_admin(request->caller.role));
      TRY(programmes_.find(programme_of(*request)));
      return broadcast_in(request->body);
    }();
    if (!broadcast.ok()) return respond.send(broadcast.error());
    programmes_.set_broadcast(
        programme_of(*request), *broadcast,
        [respond = std::move(respond)](const Result<Programme>& changed) mutable {
          respond.send(changed.ok() ? Result<Response>(programme_response(*changed))
                                    : changed.error());
        });
  }

  // The closure gives tickets to whoever shows a pass; ours says who is logged in here. Whoever
  // gets no ticket has not filmed in vain, so tickets yield to check-ins.
  void give_ticket(const RequestPtr& request, Responder respond) const {
    const Result<closure::Path> path = path_in(*request);
    if (!path.ok()) return respond.send(path.error());
    const ProgrammeId programme = programme_of(*request);
    std::string pass =
        ticket::seal(programmes_.keys(), {.account = request->caller.account,
                                          .programme = programme,
                                          .expires_unix_ms = clock_.unix_ms() + pass_ms});
    pass_on(programme,
            {.target = request->path + "?path=" + std::string(closure::name_of(*path)),
             .headers = {{"Matsuri-Pass", std::move(pass)}},
             .yields = true},
            std::move(respond));
  }

  void check_in(const RequestPtr& request, Responder respond) const {
    pass_on(programme_of(*request),
            {.method = Method::post,
             .target = request->path,
             .headers = {{"Content-Type", "application/json"}},
             .body = request->body},
            std::move(respond));
  }

 private:
  static Result<closure::Path> path_in(const http::Request& request) {
    TRY_ASSIGN(const auto name, request.query_parameter("path"));
    const auto path = closure::parse_path(name.value_or("terrestrial"));
    if (!path) return Error(Code::invalid, "path: terrestrial, cable or stream is taken");
    return *path;
  }

  // REQUIRES: the request's path is plain: its one parameter is a number, or no programme is found.
  void pass_on(ProgrammeId programme, http::Forwarded request, Responder respond) const {
    programmes_.forward(programme, std::move(request),
                        [respond = std::move(respond)](Response response) mutable {
                          respond.send(std::move(response));
                        });
  }

  Programmes& programmes_;
  io::Clock& clock_;
};

}  // namespace

void add_routes(http::Router& router, Programmes& programmes, io::Clock& clock) {
  const http::MemberRoutes add(router, "/v1/checkin",
                               std::make_shared<const Routes>(programmes, clock));
  add(Method::get, "/programmes", {}, &Routes::list);
  add(Method::put, "/programmes/{programme}",
      {.cost = http::Cost::write, .needs_account = true, .json_body = true},
      &Routes::set_broadcast);
  add(Method::get, "/{programme}/ticket", {.needs_account = true}, &Routes::give_ticket);
  add(Method::post, "/{programme}",
      {.cost = http::Cost::write,
       .body_size_max = attempt_size_max,
       .needs_account = true,
       .json_body = true},
      &Routes::check_in);
}

}  // namespace matsuri::broadcast
