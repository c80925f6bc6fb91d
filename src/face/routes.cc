#include "face/routes.h"

#include <optional>
#include <string>

#include "face/face.h"

namespace matsuri::face {
namespace {

constexpr std::string_view suffix = ".svg";

// The feeling of "3.svg".
std::optional<int> feeling_of(std::string_view name) {
  if (name.size() != 1 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const int feeling = name.front() - '0';
  if (feeling < 0 || feeling >= feeling_count) return std::nullopt;
  return feeling;
}

}  // namespace

void add_routes(http::Router& router) {
  router.add(
      http::Method::get, "/faces/{genome}/{feeling}", {.cost = http::Cost::picture},
      [](const http::RequestPtr& request, http::Responder respond) {
        const auto genome = parse_genome(request->path_parameter("genome"));
        const auto feeling = feeling_of(request->path_parameter("feeling"));
        if (!genome.ok() || !feeling)
          return respond.send(http::problem(Error(Code::not_found, "there is no such face")));
        http::Response response{.content_type = "image/svg+xml",
                                .body = to_svg(genome.value(), *feeling)};
        response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
        respond.send(std::move(response));
      });
}

}  // namespace matsuri::face
