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
    const auto asker = server_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    const auto schema = parts_.directory.schema_of(asker->title);
    if (schema == nullptr)
      return respond.send(
          http::problem(Error(Code::not_found, "the title has no schema: put one first")));
    auto trade =
        parse_trade(request->body, asker->title, *schema, parts_.make_points, asker->player);
    if (!trade.ok()) return respond.send(http::problem(trade.error()));
    std::vector<AccountId> paid;
    for (const Leg& leg : trade->legs)
      if (leg.points) paid = leg.points->paid;
    run_when_there(request, std::move(*trade), std::move(paid), std::move(respond));
  }

  void get_trade(const RequestPtr& request, Responder respond) const {
    const auto asker = server_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    if (asker->player) return respond.send(http::problem(only_servers()));
    const Error missing(Code::not_found, "there is no trade with this key");
    const auto key = parse_key(request->path_parameter("key"));
    if (!key) return respond.send(http::problem(missing));
    parts_.trades.find(asker->title, *key, *request->executor,
                       [request, missing, respond = std::move(respond)](
                           Result<std::optional<TradeTold>> found) mutable {
                         if (!found.ok()) return respond.send(http::problem(found.error()));
                         if (!*found) return respond.send(http::problem(missing));
                         respond.send(Response{.body = render(**found)});
                       });
  }

 private:
  static Error only_servers() { return {Code::denied, "only the title's own servers trade"}; }

  // A server of the title; with a player whose token it shows.
  Result<Asker> server_of(const http::Request& request) const {
    const TitleId title = parse_id_as<TitleId>(request.path_parameter("title")).value_or(TitleId{});
    TRY_ASSIGN(const Asker asker, parts_.gate.check(title, request.header("authorization"),
                                                    request.header("matsuri-player")));
    if (asker.kind != KeyKind::server) return only_servers();
    return asker;
  }

  // Points that nobody can ever have would be lost: first all of `paid` are looked up.
  void run_when_there(const RequestPtr& request, Trade trade, std::vector<AccountId> paid,
                      Responder respond) const {
    if (paid.empty()) return run(request, std::move(trade), std::move(respond));
    const AccountId next = paid.back();
    paid.pop_back();
    parts_.people.resolve(
        next, *request->executor,
        [this, request, trade = std::move(trade), paid = std::move(paid),
         respond = std::move(respond)](const Result<account::Account>& is) mutable {
          if (!is.ok()) return respond.send(http::problem(is.error()));
          run_when_there(request, std::move(trade), std::move(paid), std::move(respond));
        });
  }

  void run(const RequestPtr& request, Trade trade, Responder respond) const {
    parts_.trades.run(std::move(trade), *request->executor,
                      [request, respond = std::move(respond)](Result<TradeTold> told) mutable {
                        if (!told.ok()) return respond.send(http::problem(told.error()));
                        respond.send(Response{.body = render(*told)});
                      });
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
