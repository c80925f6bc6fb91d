// Following, whom one follows, and the timeline that comes of it.
#include <optional>
#include <string>

#include "http/page.h"
#include "json/writer.h"
#include "sql/call.h"
#include "timeline/follow_query.h"
#include "timeline/internal/routing.h"

namespace matsuri::timeline::internal {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

// Answers when the record is durable.
void set_follow(const PartsPtr& parts, const RequestPtr& request, const SetFollow& wanted,
                Responder respond) {
  parts->follows.set(wanted, *request->executor,
                     [followed = wanted.followed,
                      respond = std::move(respond)](Result<Position> position) mutable {
                       if (!position.ok()) return respond.send(http::problem(position.error()));
                       Response response;
                       json::Writer writer(response.body);
                       writer.begin_object()
                           .field("followed", followed)
                           .field("durability", "local")
                           .field("position", position.value().to_string())
                           .end_object();
                       response.position.raise(position.value());
                       respond.send(std::move(response));
                     });
}

// PUT and DELETE /v1/accounts/me/follows/{handle}. Errors: not_found (handle), and to follow:
// invalid (oneself), denied (a block between the two), exhausted (5000 people).
template <bool followed>
void follow_person(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  sql::read_value<AccountId>(
      parts->db, *request->executor,
      [request](sql::Connection& connection) {
        return find_person_to_follow(connection, request->path_parameter("handle"),
                                     request->caller.account, followed);
      },
      [parts, request, respond = std::move(respond)](Result<AccountId> target) mutable {
        if (!target.ok()) return respond.send(http::problem(target.error()));
        set_follow(parts, request,
                   {.account = request->caller.account,
                    .kind = FollowKind::person,
                    .target = target.value().value,
                    .followed = followed},
                   std::move(respond));
      });
}

// PUT and DELETE /v1/communities/{community}/follow. Errors: not_found (community), and to follow:
// exhausted (500 communities).
template <bool followed>
void follow_community(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto community = community_of(*parts, *request);
  if (!community.ok()) return respond.send(http::problem(community.error()));
  const SetFollow wanted{.account = request->caller.account,
                         .kind = FollowKind::community,
                         .target = community.value().value,
                         .followed = followed};
  if (!followed) return set_follow(parts, request, wanted, std::move(respond));
  struct Checked {};
  sql::read_value<Checked>(
      parts->db, *request->executor,
      [wanted](sql::Connection& connection) -> Result<Checked> {
        TRY(check_room(connection, wanted.account, wanted.kind, wanted.target));
        return Checked{};
      },
      [parts, request, wanted, respond = std::move(respond)](Result<Checked> checked) mutable {
        if (!checked.ok()) return respond.send(http::problem(checked.error()));
        set_follow(parts, request, wanted, std::move(respond));
      });
}

// GET /v1/accounts/{handle}/followers and /following. Errors: invalid, not_found (handle, or a
// block), denied (privacy).
template <PeopleQuery::Which which>
void list_people(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto query = [&]() -> Result<PeopleQuery> {
    PeopleQuery wanted{.which = which,
                       .handle = std::string(request->path_parameter("handle")),
                       .viewer = request->caller.account};
    TRY_ASSIGN(const http::CursorPageParameters page,
               http::cursor_page_of(*request, feed_count_default, feed_count_max));
    wanted.before = page.before;
    wanted.count_max = page.count_max;
    return wanted;
  }();
  if (!query.ok()) return respond.send(http::problem(query.error()));
  sql::read_value<PeoplePage>(
      parts->db, *request->executor,
      [query = query.value()](sql::Connection& connection) {
        return read_people(connection, query);
      },
      [respond = std::move(respond)](Result<PeoplePage> page) mutable {
        if (!page.ok()) return respond.send(http::problem(page.error()));
        Response response;
        json::Writer writer(response.body);
        writer.begin_object().key("people").begin_array();
        for (const Author& author : page.value().people) write_author(writer, author);
        writer.end_array();
        if (page.value().next)
          writer.field("next", page.value().next->to_string());
        else
          writer.field_null("next");
        writer.end_object();
        respond.send(std::move(response));
      });
}

// GET /v1/accounts/{handle}/relation. Errors: not_found (handle, or a block).
void get_relation(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  sql::read_value<Relation>(
      parts->db, *request->executor,
      [request](sql::Connection& connection) {
        return read_relation(connection, request->path_parameter("handle"),
                             request->caller.account);
      },
      [respond = std::move(respond)](Result<Relation> got) mutable {
        if (!got.ok()) return respond.send(http::problem(got.error()));
        const Relation& relation = got.value();
        Response response;
        json::Writer writer(response.body);
        writer.begin_object()
            .field("post_count", relation.post_count)
            .field("follower_count", relation.follower_count)
            .field("following_count", relation.following_count)
            .field("followed", relation.followed)
            .field("follows_me", relation.follows_viewer)
            .end_object();
        respond.send(std::move(response));
      });
}

// GET /v1/communities/{community}/relation. Errors: not_found.
void get_community_relation(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto community = community_of(*parts, *request);
  if (!community.ok()) return respond.send(http::problem(community.error()));
  sql::read_value<CommunityRelation>(
      parts->db, *request->executor,
      [community = community.value(),
       viewer = request->caller.account](sql::Connection& connection) {
        return read_community_relation(connection, community, viewer);
      },
      [respond = std::move(respond)](Result<CommunityRelation> got) mutable {
        if (!got.ok()) return respond.send(http::problem(got.error()));
        Response response;
        json::Writer writer(response.body);
        writer.begin_object()
            .field("post_count", got.value().post_count)
            .field("follower_count", got.value().follower_count)
            .field("followed", got.value().followed)
            .end_object();
        respond.send(std::move(response));
      });
}

// GET /v1/accounts/me/communities
void list_communities(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  sql::read_value<std::vector<CommunityId>>(
      parts->db, *request->executor,
      [account = request->caller.account](sql::Connection& connection) {
        return read_followed_communities(connection, account);
      },
      [respond = std::move(respond)](Result<std::vector<CommunityId>> got) mutable {
        if (!got.ok()) return respond.send(http::problem(got.error()));
        Response response;
        json::Writer writer(response.body);
        writer.begin_object().key("communities").begin_array();
        for (const CommunityId community : got.value()) writer.id(community.value);
        writer.end_array().end_object();
        respond.send(std::move(response));
      });
}

// GET /v1/timeline. Errors: invalid.
void get_timeline(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto query = [&]() -> Result<HomeQuery> {
    HomeQuery wanted{.viewer = request->caller.account};
    TRY_ASSIGN(wanted.count_max, limit_of(*request));
    TRY_ASSIGN(wanted.before, place_of(*request, "before"));
    return wanted;
  }();
  if (!query.ok()) return respond.send(http::problem(query.error()));
  sql::read_value<FeedPage>(
      parts->db, *request->executor,
      [parts, now = parts->home.now(), query = query.value()](sql::Connection& connection) {
        return parts->home.read(connection, now, query);
      },
      [parts, request, respond = std::move(respond)](Result<FeedPage> page) mutable {
        if (!page.ok()) return respond.send(http::problem(page.error()));
        FeedPage& got = page.value();
        send_page(parts, request, std::move(got.posts), got.next ? got.next.to_string() : "",
                  std::move(respond));
      });
}

}  // namespace

void add_follow_routes(http::Router& router, const PartsPtr& parts) {
  const http::RouteOptions open{.waits_for_position = true};
  const http::RouteOptions own{.needs_account = true, .waits_for_position = true};
  const http::RouteOptions write{
      .cost = Cost::write, .needs_account = true, .waits_for_position = true};
  using Which = PeopleQuery::Which;
  constexpr std::string_view person = "/v1/accounts/me/follows/{handle}";
  constexpr std::string_view community = "/v1/communities/{community}/follow";
  add_route(router, parts, Method::put, person, write, follow_person<true>);
  add_route(router, parts, Method::del, person, write, follow_person<false>);
  add_route(router, parts, Method::put, community, write, follow_community<true>);
  add_route(router, parts, Method::del, community, write, follow_community<false>);
  add_route(router, parts, Method::get, "/v1/accounts/me/communities", own, list_communities);
  add_route(router, parts, Method::get, "/v1/accounts/{handle}/followers", open,
            list_people<Which::followers>);
  add_route(router, parts, Method::get, "/v1/accounts/{handle}/following", open,
            list_people<Which::following>);
  add_route(router, parts, Method::get, "/v1/accounts/{handle}/relation", open, get_relation);
  add_route(router, parts, Method::get, "/v1/communities/{community}/relation", open,
            get_community_relation);
  add_route(router, parts, Method::get, "/v1/timeline", own, get_timeline);
}

}  // namespace matsuri::timeline::internal
