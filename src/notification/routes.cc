#include "notification/routes.h"

#include <memory>
#include <string>
#include <utility>

#include "base/time.h"
#include "http/page.h"
#include "json/value.h"
#include "json/writer.h"
#include "notification/query.h"
#include "sql/call.h"

namespace matsuri::notification {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

void write_post(json::Writer& writer, const Notice& notice, const PostLookup::Found& posts) {
  const auto post = posts.find(notice.post);
  if (post == posts.end()) {
    writer.field_null("post");
    return;
  }
  writer.key("post")
      .begin_object()
      .field_id("id", notice.post.value)
      .field("text", excerpt_of(post->second.text))
      .field_id("community", post->second.community.value)
      .end_object();
}

Response render(const Page& page, const PostLookup::Found& posts) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("notifications").begin_array();
  for (const Notice& notice : page.notices) {
    writer.begin_object()
        .field_id("id", notice.sequence)
        .field("kind", name_of(notice.kind))
        .key("people")
        .begin_array();
    for (const people::Person& person : notice.people) people::write_author(writer, person);
    writer.end_array().field("people_count", notice.people_count);
    write_post(writer, notice, posts);
    writer.field("updated_at", to_rfc3339(notice.updated_unix_ms))
        .field("unread", notice.is_unread)
        .end_object();
  }
  writer.end_array();
  if (page.next != 0)
    writer.field_id("next", page.next);
  else
    writer.field_null("next");
  writer.field("unread_count", page.unread_count).end_object();
  return response;
}

// GET /v1/notifications
void list(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto page = http::page_of(*request, page_count_default, page_count_max);
  if (!page.ok()) return respond.send(http::problem(page.error()));
  const PageQuery query{.recipient = request->caller.account,
                        .before = page.value().before,
                        .count_max = page.value().count_max};
  sql::read_value<Page>(
      parts.db, *request->executor,
      [query](sql::Connection& connection) { return read_page(connection, query); },
      [&parts, request, respond = std::move(respond)](Result<Page> found) mutable {
        if (!found.ok()) return respond.send(http::problem(found.error()));
        std::vector<PostId> posts;
        for (const Notice& notice : found.value().notices)
          if (notice.post) posts.push_back(notice.post);
        parts.posts.find(
            std::move(posts), request->caller.account, *request->executor,
            [page = std::move(found).value(),
             respond = std::move(respond)](Result<PostLookup::Found> shown) mutable {
              respond.send(shown.ok() ? render(page, shown.value()) : http::problem(shown.error()));
            });
      });
}

// PUT /v1/notifications/read: 200 once the record is durable. Errors: invalid (no notification of
// the caller has that id yet), busy.
void mark_read(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto up_to = [&]() -> Result<std::uint64_t> {
    TRY_ASSIGN(const json::Document document, json::Document::parse(request->body));
    TRY_ASSIGN(const json::Object object, document.object());
    TRY(object.only({"up_to"}));
    return object.id("up_to");
  }();
  if (!up_to.ok()) return respond.send(http::problem(up_to.error()));
  parts.notifications.mark_read(
      request->caller.account, up_to.value(), *request->executor,
      [up_to = up_to.value(), respond = std::move(respond)](Result<Position> position) mutable {
        if (!position.ok()) return respond.send(http::problem(position.error()));
        Response response;
        json::Writer(response.body)
            .begin_object()
            .field_id("up_to", up_to)
            .field("durability", "local")
            .field("position", position.value().to_string())
            .end_object();
        response.position.raise(position.value());
        respond.send(std::move(response));
      });
}

Response render(const Settings& settings) {
  Response response;
  json::Writer(response.body)
      .begin_object()
      .field("empathy", settings.empathy)
      .field("comment", settings.comment)
      .field("thread", settings.thread)
      .field("follow", settings.follow)
      .end_object();
  return response;
}

void get_settings(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  sql::read_value<Settings>(
      parts.db, *request->executor,
      [account = request->caller.account](sql::Connection& connection) {
        return read_settings(connection, account);
      },
      [respond = std::move(respond)](Result<Settings> settings) mutable {
        respond.send(settings.ok() ? render(settings.value()) : http::problem(settings.error()));
      });
}

// PUT /v1/notifications/settings: all four, so that what is answered is what is kept.
void set_settings(const RouteParts& parts, const RequestPtr& request, Responder respond) {
  const auto settings = [&]() -> Result<Settings> {
    TRY_ASSIGN(const json::Document document, json::Document::parse(request->body));
    TRY_ASSIGN(const json::Object object, document.object());
    TRY(object.only({"empathy", "comment", "thread", "follow"}));
    Settings wanted;
    TRY_ASSIGN(wanted.empathy, object.boolean("empathy"));
    TRY_ASSIGN(wanted.comment, object.boolean("comment"));
    TRY_ASSIGN(wanted.thread, object.boolean("thread"));
    TRY_ASSIGN(wanted.follow, object.boolean("follow"));
    return wanted;
  }();
  if (!settings.ok()) return respond.send(http::problem(settings.error()));
  parts.notifications.set_settings(
      request->caller.account, settings.value(), *request->executor,
      [settings = settings.value(),
       respond = std::move(respond)](const Result<void>& done) mutable {
        respond.send(done.ok() ? render(settings) : http::problem(done.error()));
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
  const http::RouteOptions write{
      .cost = Cost::write, .needs_account = true, .json_body = true, .waits_for_position = true};
  const http::RouteOptions read{.needs_account = true, .waits_for_position = true};
  add(Method::get, "/v1/notifications", read, list);
  add(Method::put, "/v1/notifications/read", write, mark_read);
  add(Method::get, "/v1/notifications/settings", read, get_settings);
  add(Method::put, "/v1/notifications/settings", write, set_settings);
}

}  // namespace matsuri::notification
