#include "timeline/routes.h"

#include <charconv>
#include <memory>
#include <string>

#include "json/value.h"
#include "json/writer.h"
#include "sql/call.h"
#include "stream/stream.h"
#include "timeline/query.h"
#include "timeline/render.h"

namespace matsuri::timeline {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::string_view command_state_names[] = {"pending", "applied", "duplicate", "refused",
                                                    "quarantined"};

Result<CommunityId> community_of(const http::Request& request) {
  const auto community = parse_id_as<CommunityId>(request.path_parameter("community"));
  if (!community || *community != plaza_community)
    return Error(Code::not_found, "there is no such community");
  return *community;
}

Result<FeedQuery> feed_query_of(const http::Request& request) {
  FeedQuery query{.viewer = request.caller.account};
  TRY_ASSIGN(query.community, community_of(request));
  TRY_ASSIGN(const auto limit, request.query_parameter("limit"));
  if (limit) {
    const auto [end, error] =
        std::from_chars(limit->data(), limit->data() + limit->size(), query.count_max);
    if (error != std::errc() || end != limit->data() + limit->size() || query.count_max < 1 ||
        query.count_max > feed_count_max)
      return Error(Code::invalid, "limit: a number from 1 to 100 is taken");
  }
  TRY_ASSIGN(const auto before, request.query_parameter("before"));
  if (before) {
    const auto id = parse_id_as<PostId>(*before);
    if (!id) return Error(Code::invalid, "before: the `next` of another page is taken");
    query.before = *id;
  }
  return query;
}

Result<NewPost> new_post_of(const http::Request& request) {
  NewPost post{.key = request.idempotency_key, .fingerprint = request.fingerprint};
  TRY_ASSIGN(post.community, community_of(request));
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"text", "language"}));
  TRY_ASSIGN(const std::string_view text, object.string("text"));
  TRY_ASSIGN(const auto language, object.optional_string("language"));
  post.text = text;
  if (language) {
    if (language->empty())
      return Error(Code::invalid, "language: a BCP 47 tag like \"ja\" or \"en-GB\" is taken");
    post.language = *language;
  }
  return post;
}

Response render(const Published& published) {
  if (published.kind == Published::Kind::key_reused)
    return http::problem(422, name_of(Code::invalid),
                         "this Idempotency-Key was used for another request");
  Response response{.status = 201};
  json::Writer writer(response.body);
  writer.begin_object();
  write_post_fields(writer, published.post);
  writer.field("durability", "local");
  if (published.position.offset != 0) {
    writer.field("position", published.position.to_string());
    response.position.raise(published.position);
  }
  writer.end_object();
  response.headers.emplace_back("Location", "/v1/posts/" + published.post.id.to_string());
  return response;
}

// POST /v1/communities/{community}/posts
//
// 201 with the post, once its record is durable. Errors: invalid, not_found (community), conflict
// (duplicate, or key in flight), 422 (key reused), busy.
void create_post(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  auto wanted = new_post_of(*request);
  if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
  parts.directory.resolve(
      request->caller.account, *request->executor,
      [&parts, request, wanted = std::move(wanted).value(),
       respond = std::move(respond)](Result<account::Account> author) mutable {
        if (!author.ok()) {
          // The credential is of a time that a restore took back.
          const bool is_gone = author.error().code() == Code::not_found;
          return respond.send(http::problem(
              is_gone ? Error(Code::unauthenticated, "your account is not here any more")
                      : author.error()));
        }
        wanted.author = {.id = author.value().id,
                         .handle = std::move(author.value().handle),
                         .name = std::move(author.value().name)};
        parts.timeline.publish(std::move(wanted), *request->executor,
                               [respond = std::move(respond)](Result<Published> published) mutable {
                                 respond.send(published.ok() ? render(published.value())
                                                             : http::problem(published.error()));
                               });
      });
}

void list_posts(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto query = feed_query_of(*request);
  if (!query.ok()) return respond.send(http::problem(query.error()));
  sql::read_value<FeedPage>(
      parts.db, *request->executor,
      [query = query.value()](sql::Connection& connection) { return read_feed(connection, query); },
      [respond = std::move(respond)](Result<FeedPage> page) mutable {
        if (!page.ok()) return respond.send(http::problem(page.error()));
        Response response;
        json::Writer writer(response.body);
        writer.begin_object().key("posts").begin_array();
        for (const Post& post : page.value().posts) {
          writer.begin_object();
          write_post_fields(writer, post);
          writer.end_object();
        }
        writer.end_array();
        if (page.value().next)
          writer.field_id("next", page.value().next.value);
        else
          writer.field_null("next");
        writer.end_object();
        respond.send(std::move(response));
      });
}

void get_post(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto id = parse_id_as<PostId>(request->path_parameter("post"));
  if (!id) return respond.send(http::problem(Error(Code::not_found, "there is no such post")));
  sql::read_value<Post>(
      parts.db, *request->executor,
      [id = *id, viewer = request->caller.account](sql::Connection& connection) {
        return read_post(connection, id, viewer);
      },
      [respond = std::move(respond)](Result<Post> post) mutable {
        if (!post.ok()) return respond.send(http::problem(post.error()));
        respond.send(Response{.body = to_json(post.value())});
      });
}

// GET /v1/commands/{position}: what became of one of the caller's own commands.
void get_command(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const Error missing(Code::not_found, "there is no such command of yours");
  const auto position = Position::parse(request->path_parameter("position"));
  if (!position.ok()) return respond.send(http::problem(missing));
  sql::read_value<stream::CommandStatus>(
      parts.db, *request->executor,
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

Result<void> open_stream(const RouteParts& parts, const RequestPtr& request,
                         std::shared_ptr<http::EventStream> stream) {
  TRY_ASSIGN(const auto community, request->query_parameter("community"));
  const auto id = parse_id_as<CommunityId>(community.value_or(plaza_community.to_string()));
  if (!id) return Error(Code::invalid, "community: the id of a community is taken");
  if (*id != plaza_community) return Error(Code::not_found, "there is no such community");
  parts.live.listen({.community = *id, .viewer = request->caller.account}, std::move(stream),
                    *request->executor);
  return {};
}

}  // namespace

void add_routes(http::Router& router, RouteParts route_parts) {
  const auto parts = std::make_shared<const RouteParts>(route_parts);
  using Function = void (*)(const RouteParts&, const RequestPtr&, Responder);
  const auto add = [&](Method method, std::string_view pattern, http::RouteOptions options,
                       Function function) {
    router.add(method, pattern, options, [parts, function](RequestPtr request, Responder respond) {
      function(*parts, request, std::move(respond));
    });
  };
  // Posting waits too: somebody who has just signed up is known to the timeline by then.
  add(Method::post, "/v1/communities/{community}/posts",
      {.cost = Cost::write, .needs_account = true, .json_body = true, .waits_for_position = true},
      create_post);
  add(Method::get, "/v1/communities/{community}/posts", {.waits_for_position = true}, list_posts);
  add(Method::get, "/v1/posts/{post}", {.waits_for_position = true}, get_post);
  add(Method::get, "/v1/commands/{position}", {.needs_account = true, .waits_for_position = true},
      get_command);
  router.add_stream("/v1/stream", {},
                    [parts](RequestPtr request, std::shared_ptr<http::EventStream> stream) {
                      return open_stream(*parts, request, std::move(stream));
                    });
}

}  // namespace matsuri::timeline
