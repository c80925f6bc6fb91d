#include "game/trade_routes.h"

#include <memory>
#include <optional>
#include <utility>

#include "game/trade_json.h"
#include "http/message.h"

namespace matsuri::game {
namespace {

using http::RequestPtr;
using http::Responder;
using http::Response;

class TradeRoutes {
 public:
  explicit TradeRoutes(TradeRouteParts parts) : parts_(parts) {}

  void run_trade(const RequestPtr& request, Responder respond) const {
    const auto title = server_title(*request);
    if (!title.ok()) return respond.send(http::problem(title.error()));
    const auto schema = parts_.directory.schema_of(*title);
    if (schema == nullptr)
      return respond.send(
          http::problem(Error(Code::not_found, "the title has no schema: put one first")));
    auto trade = parse_trade(request->body, *title, *schema);
    if (!trade.ok()) return respond.send(http::problem(trade.error()));
    parts_.trades.run(std::move(*trade), *request->executor,
                      [request, respond = std::move(respond)](Result<TradeTold> told) mutable {
                        if (!told.ok()) return respond.send(http::problem(told.error()));
                        respond.send(Response{.body = render(*told)});
                      });
  }

  void get_trade(const RequestPtr& request, Responder respond) const {
    const auto title = server_title(*request);
    if (!title.ok()) return respond.send(http::problem(title.error()));
    const Error missing(Code::not_found, "there is no trade with this key");
    const auto key = parse_key(request->path_parameter("key"));
    if (!key) return respond.send(http::problem(missing));
    parts_.trades.find(*title, *key, *request->executor,
                       [request, missing, respond = std::move(respond)](
                           Result<std::optional<TradeTold>> found) mutable {
                         if (!found.ok()) return respond.send(http::problem(found.error()));
                         if (!*found) return respond.send(http::problem(missing));
                         respond.send(Response{.body = render(**found)});
                       });
  }

 private:
  // The title that a server of it asks for.
  Result<TitleId> server_title(const http::Request& request) const {
    const TitleId title = parse_id_as<TitleId>(request.path_parameter("title")).value_or(TitleId{});
    TRY_ASSIGN(const Asker asker, parts_.gate.check(title, request.header("authorization"),
                                                    request.header("matsuri-player")));
    if (asker.player) return Error(Code::denied, "only the title's own servers trade");
    return title;
  }

  TradeRouteParts parts_;
};

}  // namespace

void add_trade_routes(http::Router& router, TradeRouteParts parts) {
  const auto routes = std::make_shared<const TradeRoutes>(parts);
  const http::MemberRoutes add(router, "/v1/game/{title}/trades", routes);
  add(http::Method::post, "",
      {.cost = http::Cost::game, .body_size_max = trade_size_max, .json_body = true},
      &TradeRoutes::run_trade);
  add(http::Method::get, "/{key}", {.cost = http::Cost::game}, &TradeRoutes::get_trade);
}

}  // namespace matsuri::game
