// The plaza: titles with their crowds, and what is said there.
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "json/writer.h"
#include "sql/call.h"
#include "timeline/internal/routing.h"

namespace matsuri::timeline::internal {
namespace {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

Response render(const Parts& parts, const PlazaPage& page, const Shown& shown) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object()
      .field("as_of", to_rfc3339(page.as_of_unix_ms))
      .field("people_count", page.people_count)
      .field("titles_count", page.title_count)
      .key("titles")
      .begin_array();
  auto post = shown.posts.begin();
  for (const PlazaTitle& title : page.titles) {
    const auto end = post + static_cast<std::ptrdiff_t>(title.posts.size());
    const auto known = parts.titles.find(title.title);
    if (known) {
      writer.begin_object()
          .key("title")
          .raw(known->json)
          .field_id("community", known->main_community.value)
          .field("people_count", title.people_count)
          .key("people")
          .begin_array();
      for (const Author& person : title.people) write_author(writer, person);
      writer.end_array().key("posts").begin_array();
      for (; post != end; ++post) write_post(writer, *post, shown.reader_of(*post));
      writer.end_array().end_object();
    }
    post = end;
  }
  writer.end_array().end_object();
  return response;
}

void send(const PartsPtr& parts, const RequestPtr& request, PlazaPage page, Responder respond) {
  std::vector<Post> posts;
  for (const PlazaTitle& title : page.titles)
    posts.insert(posts.end(), title.posts.begin(), title.posts.end());
  show(parts, request, std::move(posts),
       [parts, page = std::move(page), respond = std::move(respond)](Result<Shown> shown) mutable {
         if (!shown.ok()) return respond.send(http::problem(shown.error()));
         respond.send(render(*parts, page, shown.value()));
       });
}

// GET /v1/plaza. Errors: invalid.
void get_plaza(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto count_max = limit_of(*request, plaza_limit);
  if (!count_max.ok()) return respond.send(http::problem(count_max.error()));
  const PlazaQuery query{.viewer = request->caller.account, .count_max = count_max.value()};
  if (!query.viewer) {
    if (auto page = parts->plaza.find(query.count_max))
      return send(parts, request, std::move(*page), std::move(respond));
  }
  sql::read_value<PlazaPage>(
      parts->db, *request->executor,
      [parts, now = parts->plaza.now(), query](sql::Connection& connection) {
        return parts->plaza.read(connection, now, query);
      },
      [parts, request, respond = std::move(respond)](Result<PlazaPage> page) mutable {
        if (!page.ok()) return respond.send(http::problem(page.error()));
        send(parts, request, std::move(page).value(), std::move(respond));
      });
}

}  // namespace

void add_plaza_routes(http::Router& router, const PartsPtr& parts) {
  add_route(router, parts, Method::get, "/v1/plaza", {.waits_for_position = true}, get_plaza);
}

}  // namespace matsuri::timeline::internal
