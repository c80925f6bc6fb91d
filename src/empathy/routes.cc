#include "empathy/routes.h"

#include <memory>
#include <string>
#include <utility>

#include "empathy/query.h"
#include "http/page.h"
#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::empathy {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

Result<PostId> post_of(const http::Request& request) {
  const auto post = parse_id_as<PostId>(request.path_parameter("post"));
  if (!post) return Error(Code::not_found, "there is no such post");
  return *post;
}

void write_next(json::Writer& writer, const std::optional<Cursor>& next) {
  if (next)
    writer.field("next", next->to_string());
  else
    writer.field_null("next");
}

// PUT and DELETE /v1/posts/{post}/empathy
//
// 200 once the record is durable, also where nothing changes by it. Errors: denied (one's own),
// not_found, busy.
void set_empathy(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto post = post_of(*request);
  if (!post.ok()) return respond.send(http::problem(post.error()));
  const auto answer = [](Responder to, const Wanted& wanted, const Result<Position>& position) {
    if (!position.ok()) return to.send(http::problem(position.error()));
    Response response;
    json::Writer(response.body)
        .begin_object()
        .field_id("post", wanted.post.value)
        .field("empathized", wanted.given)
        .field("durability", "local")
        .field("position", position.value().to_string())
        .end_object();
    response.position.raise(position.value());
    to.send(std::move(response));
  };
  parts.posts.find(post.value(), request->caller.account, *request->executor,
                   [&parts, request, post = post.value(), answer,
                    respond = std::move(respond)](Result<PostLookup::Known> known) mutable {
                     if (!known.ok()) return respond.send(http::problem(known.error()));
                     const Wanted wanted{.post = post,
                                         .post_author = known.value().author,
                                         .community = known.value().community,
                                         .account = request->caller.account,
                                         .given = request->method == Method::put};
                     parts.empathies.set(wanted, *request->executor,
                                         [wanted, answer, respond = std::move(respond)](
                                             Result<Position> position) mutable {
                                           answer(std::move(respond), wanted, position);
                                         });
                   });
}

Response render(const PeoplePage& page) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("people").begin_array();
  for (const people::Person& person : page.people) people::write_author(writer, person);
  writer.end_array();
  write_next(writer, page.next);
  writer.end_object();
  return response;
}

// GET /v1/posts/{post}/empathies: who feels empathy with a post that the caller may read.
void list_people(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto wanted = [&]() -> Result<PeopleQuery> {
    TRY_ASSIGN(const PostId post, post_of(*request));
    TRY_ASSIGN(const http::CursorPageParameters page,
               http::cursor_page_of(*request, page_count_default, page_count_max));
    return PeopleQuery{.post = post,
                       .viewer = request->caller.account,
                       .before = page.before,
                       .count_max = page.count_max};
  }();
  if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
  parts.posts.find(
      wanted.value().post, request->caller.account, *request->executor,
      [&parts, request, query = wanted.value(),
       respond = std::move(respond)](Result<PostLookup::Known> known) mutable {
        if (!known.ok()) return respond.send(http::problem(known.error()));
        query.post_author = known.value().author;
        sql::read_value<PeoplePage>(
            parts.db, *request->executor,
            [query](sql::Connection& connection) { return read_people(connection, query); },
            [respond = std::move(respond)](Result<PeoplePage> page) mutable {
              respond.send(page.ok() ? render(page.value()) : http::problem(page.error()));
            });
      });
}

// GET /v1/accounts/{handle}/empathies: the posts with which somebody feels empathy, as far as the
// caller may read them.
void list_posts(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto page = http::cursor_page_of(*request, page_count_default, page_count_max);
  if (!page.ok()) return respond.send(http::problem(page.error()));
  PostsQuery query{.handle = std::string(request->path_parameter("handle")),
                   .viewer = request->caller.account,
                   .before = page.value().before,
                   .count_max = page.value().count_max};
  sql::read_value<PostsPage>(
      parts.db, *request->executor,
      [query = std::move(query)](sql::Connection& connection) {
        return read_posts(connection, query);
      },
      [&parts, request, respond = std::move(respond)](Result<PostsPage> found) mutable {
        if (!found.ok()) return respond.send(http::problem(found.error()));
        parts.posts.render(
            std::move(found.value().posts), request->caller.account, *request->executor,
            [next = found.value().next,
             respond = std::move(respond)](Result<std::vector<std::string>> posts) mutable {
              if (!posts.ok()) return respond.send(http::problem(posts.error()));
              Response response;
              json::Writer writer(response.body);
              writer.begin_object().key("posts").begin_array();
              for (const std::string& post : posts.value()) writer.raw(post);
              writer.end_array();
              write_next(writer, next);
              writer.end_object();
              respond.send(std::move(response));
            });
      });
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
  // Waits too: a post of a moment ago is known by then.
  const http::RouteOptions write{
      .cost = Cost::write, .needs_account = true, .waits_for_position = true};
  add(Method::put, "/v1/posts/{post}/empathy", write, set_empathy);
  add(Method::del, "/v1/posts/{post}/empathy", write, set_empathy);
  add(Method::get, "/v1/posts/{post}/empathies", {.waits_for_position = true}, list_people);
  add(Method::get, "/v1/accounts/{handle}/empathies", {.waits_for_position = true}, list_posts);
}

}  // namespace matsuri::empathy
