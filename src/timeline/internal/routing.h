// What the files of routes share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "http/router.h"
#include "timeline/model.h"
#include "timeline/render.h"
#include "timeline/routes.h"

namespace matsuri::timeline::internal {

using Parts = RouteParts;
using PartsPtr = std::shared_ptr<const Parts>;

Result<CommunityId> community_of(const Parts& parts, const http::Request& request);
Result<PostId> post_of(const http::Request& request);
// How many are asked for, by `limit`.
struct Limit {
  std::size_t standard = 0;
  std::size_t max = 0;
};
inline constexpr Limit feed_limit{feed_count_default, feed_count_max};
inline constexpr Limit plaza_limit{plaza_title_count_default, plaza_title_count_max};
Result<std::size_t> limit_of(const http::Request& request, const Limit& limit = feed_limit);
// The post that a query parameter names; none where it is left out.
Result<PostId> place_of(const http::Request& request, std::string_view name);

// Posts as one viewer sees them.
struct Shown {
  std::vector<Post> posts;
  AccountId viewer;
  std::unordered_set<PostId> empathized;

  Reader reader_of(const Post& post) const;
};

// Asks for the viewer's empathies, then calls `done`.
void show(const PartsPtr& parts, const http::RequestPtr& request, std::vector<Post> posts,
          std::move_only_function<void(Result<Shown>)> done);
// Answers with a page: {"posts": […], "next": …}; `next` empty for null. With `days`, they are
// told too.
void send_page(const PartsPtr& parts, const http::RequestPtr& request, std::vector<Post> posts,
               std::string next, http::Responder respond,
               const std::optional<RankedDays>& days = std::nullopt);

void add_feed_routes(http::Router& router, const PartsPtr& parts);
void add_post_routes(http::Router& router, const PartsPtr& parts);
void add_follow_routes(http::Router& router, const PartsPtr& parts);
void add_plaza_routes(http::Router& router, const PartsPtr& parts);

using Function = void (*)(const PartsPtr&, const http::RequestPtr&, http::Responder);
inline void add_route(http::Router& router, const PartsPtr& parts, http::Method method,
                      std::string_view pattern, http::RouteOptions options, Function function) {
  router.add(method, pattern, options,
             [parts, function](http::RequestPtr request, http::Responder respond) {
               function(parts, request, std::move(respond));
             });
}

}  // namespace matsuri::timeline::internal
