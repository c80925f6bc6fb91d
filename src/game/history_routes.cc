#include "game/history_routes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "account/staff.h"
#include "game/history_json.h"
#include "http/message.h"
#include "http/page.h"

namespace matsuri::game {
namespace {

using http::RequestPtr;
using http::Responder;
using http::Response;

TitleId title_of(const http::Request& request) {
  return parse_id_as<TitleId>(request.path_parameter("title")).value_or(TitleId{});
}

// ARENA/KIND/ID. An arena or an id may have a slash in it: the first part that is a kind divides
// them.
Result<EntityQuery> entity_of(const std::string& text, const TitleSchema& schema) {
  const Error refused(Code::invalid, "entity: ARENA/KIND/ID is taken, with a kind of the title");
  for (std::size_t begin = text.find('/'); begin != std::string::npos;
       begin = text.find('/', begin + 1)) {
    const std::size_t end = text.find('/', begin + 1);
    if (end == std::string::npos) break;
    EntityQuery entity{.arena = text.substr(0, begin),
                       .kind = text.substr(begin + 1, end - begin - 1),
                       .id = text.substr(end + 1)};
    if (!schema.schema.find(entity.kind)) continue;
    if (entity.arena.empty() || entity.arena.size() > sequencer::arena_size_max ||
        entity.id.empty() || entity.id.size() > sequencer::entity_id_size_max)
      return refused;
    return entity;
  }
  return refused;
}

class HistoryRoutes {
 public:
  explicit HistoryRoutes(HistoryRouteParts parts) : parts_(parts) {}

  void get_history(const RequestPtr& request, Responder respond) const {
    auto query = history_query_of(*request);
    if (!query.ok()) return respond.send(http::problem(query.error()));
    log_look(*request, query->entity ? parse_id_as<AccountId>(query->entity->id) : query->player,
             "history");
    parts_.history.read(*query, *request->executor,
                        [request, query = *query,
                         respond = std::move(respond)](const Result<HistoryPage>& page) mutable {
                          if (!page.ok()) return respond.send(http::problem(page.error()));
                          send(render(*page, query), respond);
                        });
  }

  void get_entities(const RequestPtr& request, Responder respond) const {
    const auto allowed = check_asker(*request);
    if (!allowed.ok()) return respond.send(http::problem(allowed.error()));
    const auto player = parse_id_as<AccountId>(request->path_parameter("account"));
    if (!player)
      return respond.send(http::problem(Error(Code::not_found, "there is no such account")));
    const auto limit = http::limit_of(*request, history_count_default, history_count_max);
    if (!limit.ok()) return respond.send(http::problem(limit.error()));
    auto after = after_of(*request);
    if (!after.ok()) return respond.send(http::problem(after.error()));
    log_look(*request, player, "entities");
    parts_.history.read_entities(
        title_of(*request), *player, std::move(*after), *limit, *request->executor,
        [request, respond = std::move(respond)](const Result<EntitiesPage>& page) mutable {
          if (!page.ok()) return respond.send(http::problem(page.error()));
          send(render(*page), respond);
        });
  }

 private:
  // Where somebody of the staff looks at what is, or may be, a player's.
  static void log_look(const http::Request& request, std::optional<AccountId> player,
                       std::string_view what) {
    if (request.caller && player) account::log_look(request.caller.account, *player, what);
  }

  static void send(Result<std::string> body, Responder& respond) {
    if (!body.ok()) return respond.send(http::problem(body.error()));
    respond.send(Response{.body = std::move(*body), .headers = {{"Cache-Control", "no-store"}}});
  }

  // A server of the title, or somebody of support.
  Result<void> check_asker(const http::Request& request) const {
    const TitleId title = title_of(request);
    if (!request.caller)
      return parts_.gate.check_server(title, request.header("authorization"),
                                      request.header("matsuri-player"));
    TRY(account::check_support(request.caller.role));
    if (!parts_.titles.has(title)) return Error(Code::not_found, "there is no such title");
    return {};
  }

  Result<HistoryQuery> history_query_of(const http::Request& request) const {
    TRY(check_asker(request));
    HistoryQuery query{.title = title_of(request)};
    const auto schema = parts_.directory.schema_of(query.title);
    if (schema == nullptr) return Error(Code::not_found, "the title has no schema: put one first");
    TRY_ASSIGN(query.count_max, http::limit_of(request, history_count_default, history_count_max));
    TRY_ASSIGN(const auto before, request.query_parameter("before"));
    if (before) {
      TRY_ASSIGN(query.cursor, within("before", HistoryCursor::from_token(*before)));
    }
    TRY_ASSIGN(const auto entity, request.query_parameter("entity"));
    TRY_ASSIGN(const auto player, request.query_parameter("player"));
    if (entity.has_value() == player.has_value())
      return Error(Code::invalid, "entity or player: one of them is taken");
    if (entity) {
      TRY_ASSIGN(query.entity, entity_of(*entity, *schema));
      return query;
    }
    const auto account = parse_id_as<AccountId>(*player);
    if (!account) return Error(Code::invalid, "player: the id of an account is taken");
    query.player = *account;
    return query;
  }

  static Result<EntitiesCursor> after_of(const http::Request& request) {
    TRY_ASSIGN(const auto after, request.query_parameter("after"));
    if (!after) return EntitiesCursor{};
    return within("after", EntitiesCursor::from_token(*after));
  }

  HistoryRouteParts parts_;
};

}  // namespace

void add_history_routes(http::Router& router, HistoryRouteParts parts) {
  const auto routes = std::make_shared<const HistoryRoutes>(parts);
  const http::MemberRoutes add(router, "/v1/game/{title}", routes);
  add(http::Method::get, "/history", {}, &HistoryRoutes::get_history);
  add(http::Method::get, "/players/{account}/entities", {}, &HistoryRoutes::get_entities);
}

}  // namespace matsuri::game
