#include "timeline/routes.h"

#include <memory>
#include <string>

#include "json/writer.h"
#include "sql/call.h"
#include "stream/stream.h"
#include "timeline/internal/routing.h"

namespace matsuri::timeline {
namespace {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;
using internal::PartsPtr;

constexpr std::string_view command_state_names[] = {"pending", "applied", "duplicate", "refused",
                                                    "quarantined"};

// GET /v1/commands/{position}: what became of one of the caller's own commands.
void get_command(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const Error missing(Code::not_found, "there is no such command of yours");
  const auto position = Position::parse(request->path_parameter("position"));
  if (!position.ok()) return respond.send(http::problem(missing));
  sql::read_value<stream::CommandStatus>(
      parts->db, *request->executor,
      [position = position.value()](sql::Connection& connection) {
        return stream::command_status(connection, "timeline", position);
      },
      [missing, caller = request->caller.account,
       respond = std::move(respond)](Result<stream::CommandStatus> status) mutable {
        if (!status.ok()) return respond.send(http::problem(status.error()));
        const stream::CommandStatus& found = status.value();
        if (found.account && found.account != caller) return respond.send(http::problem(missing));
        Response response;
        json::Writer writer(response.body);
        writer.begin_object().field("status",
                                    command_state_names[static_cast<std::size_t>(found.state)]);
        if (found.state == stream::CommandState::refused)
          writer.field("code", name_of(found.code)).field("reason", found.reason);
        writer.end_object();
        respond.send(std::move(response));
      });
}

Result<void> open_stream(const internal::Parts& parts, const RequestPtr& request,
                         std::shared_ptr<http::EventStream> stream) {
  TRY_ASSIGN(const auto community, request->query_parameter("community"));
  TRY_ASSIGN(const auto topic, request->query_parameter("topic"));
  Live::Listener listener{.community = {}, .viewer = request->caller.account};
  if (topic) {
    if (community) return Error(Code::invalid, "community, topic: one of the two is taken");
    listener.is_on_plaza = *topic == "plaza";
    listener.is_timeline = *topic == "timeline";
    if (!listener.is_on_plaza && !listener.is_timeline)
      return Error(Code::invalid, "topic: timeline or plaza is taken");
    if (listener.is_timeline && !listener.viewer)
      return Error(Code::unauthenticated, "topic: sign in to follow your timeline");
  }
  if (community) {
    const auto id = parse_id_as<CommunityId>(*community);
    if (!id) return Error(Code::invalid, "community: the id of a community is taken");
    if (!parts.rules.find(*id)) return Error(Code::not_found, "there is no such community");
    listener.community = *id;
  }
  parts.live.listen(listener, std::move(stream), *request->executor);
  return {};
}

}  // namespace

void add_routes(http::Router& router, RouteParts route_parts) {
  const auto parts = std::make_shared<const internal::Parts>(route_parts);
  internal::add_feed_routes(router, parts);
  internal::add_post_routes(router, parts);
  internal::add_follow_routes(router, parts);
  internal::add_plaza_routes(router, parts);
  internal::add_route(router, parts, Method::get, "/v1/commands/{position}",
                      {.needs_account = true, .waits_for_position = true}, get_command);
  router.add_stream("/v1/stream", {},
                    [parts](RequestPtr request, std::shared_ptr<http::EventStream> stream) {
                      return open_stream(*parts, request, std::move(stream));
                    });
}

}  // namespace matsuri::timeline
