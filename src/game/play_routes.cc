#include "game/play_routes.h"

#include <memory>
#include <utility>

#include "game/play.h"
#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::game {
namespace {

using Rows = std::optional<PlayRows>;

http::Response render(const PlayRows& rows, const PlayRouteParts& parts) {
  const auto title = parts.title_json(rows.play.title);
  if (!title) return http::problem(Error(Code::not_found, "nothing is played here"));
  http::Response response;
  json::Writer(response.body)
      .begin_object()
      .key("title")
      .raw(*title)
      .field("title_key", rows.play.key)
      .end_object();
  return response;
}

}  // namespace

// 404 where `matsuri raid` has made nothing.
void add_play_route(http::Router& router, PlayRouteParts given) {
  const auto parts = std::make_shared<const PlayRouteParts>(std::move(given));
  router.add(http::Method::get, "/v1/play", {},
             [parts](const http::RequestPtr& request, http::Responder respond) {
               sql::read_value<Rows>(
                   parts->db, *request->executor, play_rows,
                   [parts, request, respond = std::move(respond)](Result<Rows> rows) mutable {
                     if (!rows.ok()) return respond.send(http::problem(rows.error()));
                     if (!*rows)
                       return respond.send(http::problem(
                           Error(Code::not_found, "nothing is played here: see matsuri raid")));
                     learn(parts->directory, **rows);
                     respond.send(render(**rows, *parts));
                   });
             });
}

}  // namespace matsuri::game
