#include "face/routes.h"

#include <optional>
#include <string>

#include "face/face.h"

namespace matsuri::face {
namespace {

struct Wanted {
  int feeling;
  Ground ground;
};

// What "3.svg" or "3-figure.svg" asks for.
std::optional<Wanted> wanted_of(std::string_view name) {
  if (name.empty()) return std::nullopt;
  const int feeling = name.front() - '0';
  if (feeling < 0 || feeling >= feeling_count) return std::nullopt;
  name.remove_prefix(1);
  if (name == ".svg") return Wanted{feeling, Ground::paper};
  if (name == "-figure.svg") return Wanted{feeling, Ground::none};
  return std::nullopt;
}

}  // namespace

void add_routes(http::Router& router) {
  router.add(
      http::Method::get, "/faces/{genome}/{feeling}", {.cost = http::Cost::picture},
      [](const http::RequestPtr& request, http::Responder respond) {
        const auto genome = parse_genome(request->path_parameter("genome"));
        const auto wanted = wanted_of(request->path_parameter("feeling"));
        if (!genome.ok() || !wanted)
          return respond.send(http::problem(Error(Code::not_found, "there is no such face")));
        http::Response response{.content_type = "image/svg+xml",
                                .body = to_svg(genome.value(), wanted->feeling, wanted->ground)};
        response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
        respond.send(std::move(response));
      });
}

}  // namespace matsuri::face
