// What the files of routes share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/router.h"
#include "sql/call.h"
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

// What posts are to one viewer.
struct Marks {
  AccountId viewer;
  std::unordered_set<PostId> empathized;

  Reader reader_of(const Post& post) const;
};

// Asks with which of `posts` the viewer feels empathy, then calls `done`. Where empathy_count is 0
// nobody has to be asked: leave those out.
void find_marks(const PartsPtr& parts, const http::RequestPtr& request, std::vector<PostId> posts,
                std::move_only_function<void(Result<Marks>)> done);
// Answers with a page: {"posts": […], "next": …}; `next` empty for null. With `days`, they are
// told too.
void send_page(const PartsPtr& parts, const http::RequestPtr& request, std::vector<RowPtr> posts,
               const std::string& next, http::Responder respond,
               const std::optional<RankedDays>& days = std::nullopt);

// Gives `use` what `read` finds, and an answer to be sent: at once where all of it is in memory,
// else from a reader's thread. Answers what goes wrong. `read` is one of the reads through Home.
template <class Found, class Read, class Use>
void read_and_use(const PartsPtr& parts, const http::RequestPtr& request, http::Responder respond,
                  Read read, Use use) {
  Result<std::optional<Found>> known = read(Home::Access{});
  if (!known.ok()) return respond.send(http::problem(known.error()));
  if (known.value()) return use(std::move(*known.value()), std::move(respond));
  sql::read_value<Found>(
      parts->db, *request->executor,
      [read = std::move(read),
       moment = parts->home.now()](sql::Connection& connection) -> Result<Found> {
        TRY_ASSIGN(auto found, read(Home::Access{&connection, moment}));
        return std::move(*found);
      },
      [respond = std::move(respond), use = std::move(use)](Result<Found> found) mutable {
        if (!found.ok()) return respond.send(http::problem(found.error()));
        use(std::move(found).value(), std::move(respond));
      });
}

// The same for a page, which is sent.
template <class Page, class Read>
void read_and_send(const PartsPtr& parts, const http::RequestPtr& request, http::Responder respond,
                   Read read) {
  read_and_use<Page>(parts, request, std::move(respond), std::move(read),
                     [parts, request](Page page, http::Responder to) {
                       std::string next;
                       if constexpr (std::is_same_v<decltype(page.next), PostId>)
                         next = page.next ? page.next.to_string() : "";
                       else
                         next = std::move(page.next);
                       std::optional<RankedDays> days;
                       if constexpr (std::is_same_v<Page, RankedPage>) days = page.days;
                       send_page(parts, request, std::move(page.posts), next, std::move(to), days);
                     });
}

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
