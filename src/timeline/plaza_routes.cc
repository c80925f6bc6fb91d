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

Response render(const Parts& parts, const PlazaPage& page, const Marks& marks) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object()
      .field("as_of", to_rfc3339(page.as_of_unix_ms))
      .field("people_count", page.people_count)
      .field("titles_count", page.title_count)
      .key("titles")
      .begin_array();
  for (const PlazaTitle& title : page.titles) {
    const auto known = parts.titles.find(title.title);
    if (!known) continue;
    writer.begin_object()
        .key("title")
        .raw(known->json)
        .field_id("community", known->main_community.value)
        .field("people_count", title.people_count)
        .key("people")
        .begin_array();
    for (const Author& person : title.people) write_author(writer, person);
    writer.end_array().key("posts").begin_array();
    for (const Post& post : title.posts) write_post(writer, post, marks.reader_of(post));
    writer.end_array().end_object();
  }
  writer.end_array().end_object();
  return response;
}

void send(const PartsPtr& parts, const RequestPtr& request, PlazaPage page, Responder respond) {
  std::vector<PostId> felt;
  for (const PlazaTitle& title : page.titles)
    for (const Post& post : title.posts)
      if (post.empathy_count > 0) felt.push_back(post.id);
  find_marks(
      parts, request, std::move(felt),
      [parts, page = std::move(page), respond = std::move(respond)](Result<Marks> marks) mutable {
        if (!marks.ok()) return respond.send(http::problem(marks.error()));
        respond.send(render(*parts, page, marks.value()));
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
