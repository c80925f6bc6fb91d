#include "timeline/routes.h"

#include <memory>
#include <string>

#include "timeline/internal/routing.h"

namespace matsuri::timeline {
namespace {

using http::RequestPtr;

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
  router.add_stream("/v1/stream", {},
                    [parts](RequestPtr request, std::shared_ptr<http::EventStream> stream) {
                      return open_stream(*parts, request, std::move(stream));
                    });
}

}  // namespace matsuri::timeline
