#include "points/routes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "account/model.h"
#include "account/staff.h"
#include "http/page.h"
#include "points/forms.h"
#include "sql/call.h"

namespace matsuri::points {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::size_t posting_count_default = 50;
constexpr std::size_t posting_count_max = 200;
constexpr std::size_t purse_count_max = 100;
// What was answered is shown within that, or the page says that it is not.
constexpr std::int64_t shown_wait_ms = 300;

// Sends what `render` makes of a result, or its error.
template <class T, class Render>
auto answer(const RequestPtr& request, Responder respond, const Render& render) {
  return [request, respond = std::move(respond), render](Result<T> result) mutable {
    if (!result.ok()) return respond.send(http::problem(result.error()));
    respond.send(render(*result));
  };
}

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(std::move(parts)) {}

  void create_campaign(const RequestPtr& request, Responder respond) const {
    const auto form = new_purse_of(*request, true);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    parts_.ledger.create_campaign(
        asked_by(*request, form->key), form->name, form->title, form->budget, *request->executor,
        answer<Done>(request, std::move(respond), [form = *form](const Done&) {
          Response response =
              render_campaign({.name = form.name, .title = form.title, .balance = form.budget});
          response.status = 201;
          return response;
        }));
  }

  void create_sink(const RequestPtr& request, Responder respond) const {
    const auto form = new_purse_of(*request, false);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    parts_.ledger.create_sink(
        asked_by(*request, form->key), form->name, form->title, *request->executor,
        answer<Done>(request, std::move(respond), [form = *form](const Done&) {
          Response response = render_sink({.name = form.name, .title = form.title});
          response.status = 201;
          return response;
        }));
  }

  void top_up(const RequestPtr& request, Responder respond) const {
    const auto form = parse_top_up(request->body);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    if (const auto may = account::check_admin(request->caller.role); !may.ok())
      return respond.send(http::problem(may.error()));
    const std::string campaign(request->path_parameter("campaign"));
    if (!check_purse_name(campaign).ok())
      return respond.send(http::problem(Error(Code::not_found, "there is no such campaign")));
    parts_.ledger.top_up(asked_by(*request, form->key), campaign, form->amount, *request->executor,
                         answer<Ledger::Budget>(request, std::move(respond), render_budget));
  }

  void list_campaigns(const RequestPtr& request, Responder respond) const {
    list(request, std::move(respond), campaign_kind);
  }
  void list_sinks(const RequestPtr& request, Responder respond) const {
    list(request, std::move(respond), sink_kind);
  }

  void grant(const RequestPtr& request, Responder respond) const {
    const auto form = parse_grant(request->body);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    const auto asker = granter_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    parts_.ledger.grant(
        *asker, form->grant, form->reason, *request->executor,
        answer<Granted>(request, std::move(respond), [grant = form->grant](const Granted& granted) {
          return render(granted, grant);
        }));
  }

  void spend(const RequestPtr& request, Responder respond) const {
    auto form = parse_spend(request->body, false);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    const auto asker = player_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    form->spend.account = asker->account;
    parts_.ledger.spend(asked_by(*asker, *form), form->spend, *request->executor,
                        answer<Spent>(request, std::move(respond), render_spent));
  }

  void place(const RequestPtr& request, Responder respond) const {
    auto form = parse_spend(request->body, true);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    const auto asker = player_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    form->spend.account = asker->account;
    parts_.ledger.place(asked_by(*asker, *form), form->spend, form->hold_ms, *request->executor,
                        answer<Placed>(request, std::move(respond),
                                       [](const Placed& placed) { return render(placed); }));
  }

  void get_hold(const RequestPtr& request, Responder respond) const {
    const auto asker = asker_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    const auto id = hold_of(*request);
    if (!id.ok()) return respond.send(http::problem(id.error()));
    parts_.ledger.find(
        *asker, *id, *request->executor,
        answer<Hold>(request, std::move(respond), [](const Hold& hold) { return render(hold); }));
  }

  void commit(const RequestPtr& request, Responder respond) const {
    end(request, std::move(respond), HoldState::committed);
  }
  void undo(const RequestPtr& request, Responder respond) const {
    end(request, std::move(respond), HoldState::voided);
  }

  void get_own(const RequestPtr& request, Responder respond) const {
    send_balance(request->caller.account, request, std::move(respond));
  }
  void list_own(const RequestPtr& request, Responder respond) const {
    send_postings(request->caller.account, request, std::move(respond));
  }
  void get_account(const RequestPtr& request, Responder respond) const {
    with_account(request, std::move(respond), &Routes::send_balance);
  }
  void list_account(const RequestPtr& request, Responder respond) const {
    with_account(request, std::move(respond), &Routes::send_postings);
  }

 private:
  // Who asks: an account by its own credential, or whoever shows a title key.
  Result<Asker> asker_of(const http::Request& request) const {
    if (request.caller)
      return Asker{.account = request.caller.account,
                   .is_staff = account::is_support(request.caller.role)};
    TRY_ASSIGN(const game::Asker asker, parts_.gate.check(request.header("authorization"),
                                                          request.header("matsuri-player")));
    return Asker{.account = asker.player, .title = asker.title};
  }

  Result<Asker> granter_of(const http::Request& request) const {
    TRY_ASSIGN(const Asker asker, asker_of(request));
    if (asker.account && !asker.is_staff)
      return Error(Code::denied, "only servers of the campaign's title, support and admins grant");
    return asker;
  }

  Result<Asker> player_of(const http::Request& request) const {
    TRY_ASSIGN(const Asker asker, asker_of(request));
    if (!asker.account)
      return Error(Code::denied,
                   "points are their account's: show its player token beside the key");
    return asker;
  }

  static Asked asked_by(const http::Request& request, const sequencer::Key& key) {
    return {.key = key, .by = request.caller.account, .title = {}, .reason = {}};
  }
  static Asked asked_by(const Asker& asker, const SpendForm& form) {
    return {.key = form.key, .by = asker.account, .title = asker.title, .reason = form.reason};
  }

  Result<NewPurseForm> new_purse_of(const http::Request& request, bool is_campaign) const {
    TRY_ASSIGN(NewPurseForm form, parse_new_purse(request.body, is_campaign));
    TRY(account::check_admin(request.caller.role));
    if (!parts_.has_title(form.title)) return Error(Code::not_found, "there is no such title");
    return form;
  }

  static Response render_budget(const Ledger::Budget& budget) {
    return {.body = "{\"left\":" + std::to_string(budget.left) + '}'};
  }

  static Result<HoldId> hold_of(const http::Request& request) {
    auto id = HoldId::parse(request.path_parameter("hold"));
    if (!id) return Error(Code::not_found, "there is no such hold");
    return std::move(*id);
  }

  void end(const RequestPtr& request, Responder respond, HoldState state) const {
    const auto asker = asker_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    const auto id = hold_of(*request);
    if (!id.ok()) return respond.send(http::problem(id.error()));
    parts_.ledger.end(*asker, *id, state, *request->executor,
                      answer<Ended>(request, std::move(respond),
                                    [state](const Ended& ended) { return render(ended, state); }));
  }

  // Of all titles for staff, of its own for a server.
  void list(const RequestPtr& request, Responder respond, sequencer::KindIndex kind) const {
    const auto asker = granter_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    const auto query = list_query_of(*request, *asker, kind);
    if (!query.ok()) return respond.send(http::problem(query.error()));
    const std::size_t shard = parts_.sequencer.shard_of(points_title, points_arena);
    sql::read_value<std::vector<NamedPurse>>(
        *parts_.shards[shard], *request->executor,
        [query = *query](sql::Connection& connection) { return read_named(connection, query); },
        answer<std::vector<NamedPurse>>(
            request, std::move(respond),
            [kind, count_max = query->count_max - 1](std::vector<NamedPurse>& purses) {
              return render_list(std::move(purses), kind, count_max);
            }));
  }

  static Result<PurseQuery> list_query_of(const http::Request& request, const Asker& asker,
                                          sequencer::KindIndex kind) {
    TRY_ASSIGN(const auto after, request.query_parameter("after"));
    if (after) TRY(within("after", check_purse_name(*after)));
    TRY_ASSIGN(const std::size_t count_max,
               http::limit_of(request, purse_count_max, purse_count_max));
    return PurseQuery{.kind = kind,
                      .title = asker.is_staff ? TitleId{} : asker.title,
                      .after = after.value_or(std::string()),
                      .count_max = count_max + 1};
  }

  using Send = void (Routes::*)(AccountId, const RequestPtr&, Responder) const;
  void with_account(const RequestPtr& request, Responder respond, Send send) const {
    if (const auto may = account::check_support(request->caller.role); !may.ok())
      return respond.send(http::problem(may.error()));
    const auto account = parse_id_as<AccountId>(request->path_parameter("account"));
    if (!account)
      return respond.send(http::problem(Error(Code::not_found, "there is no such account")));
    parts_.people.resolve(*account, *request->executor,
                          [this, request, account = *account, send, respond = std::move(respond)](
                              const Result<account::Account>& found) mutable {
                            if (!found.ok()) return respond.send(http::problem(found.error()));
                            account::log_look(request->caller.account, account, "points");
                            (this->*send)(account, request, std::move(respond));
                          });
  }

  void send_balance(AccountId account, const RequestPtr& request, Responder respond) const {
    parts_.ledger.balance(account, *request->executor,
                          answer<Balance>(request, std::move(respond), [](const Balance& balance) {
                            Response response = render(balance);
                            response.headers.emplace_back("Cache-Control", "no-store");
                            return response;
                          }));
  }

  // First the order: what was answered before is shown, or the page says that it lags.
  void send_postings(AccountId account, const RequestPtr& request, Responder respond) const {
    const auto page = http::page_of(*request, posting_count_default, posting_count_max);
    if (!page.ok()) return respond.send(http::problem(page.error()));
    parts_.ledger.balance(
        account, *request->executor,
        [this, account, request, page = *page,
         respond = std::move(respond)](const Result<Balance>& now) mutable {
          if (!now.ok()) return respond.send(http::problem(now.error()));
          parts_.keeper.when_shown(
              now->seq, shown_wait_ms, *request->executor,
              [this, account, request, page, respond = std::move(respond)](bool is_shown) mutable {
                read_page(account, request, page, is_shown, std::move(respond));
              });
        });
  }

  void read_page(AccountId account, const RequestPtr& request, const http::PageParameters& page,
                 bool is_shown, Responder respond) const {
    sql::read_value<std::vector<Posting>>(
        parts_.db, *request->executor,
        [account, page](sql::Connection& connection) {
          return read_postings(connection, account, page.before, page.count_max + 1);
        },
        answer<std::vector<Posting>>(
            request, std::move(respond), [page, is_shown](std::vector<Posting>& postings) {
              Response response = render(std::move(postings), page.count_max);
              if (!is_shown) response.headers.emplace_back("Matsuri-Stale", "1");
              response.headers.emplace_back("Cache-Control", "no-store");
              return response;
            }));
  }

  RouteParts parts_;
};

}  // namespace

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(std::move(parts));
  const http::MemberRoutes add(router, "/v1/points", routes);
  const http::RouteOptions own_json{.cost = Cost::write, .needs_account = true, .json_body = true};
  const http::RouteOptions own_read{.cost = Cost::read, .needs_account = true};
  const http::RouteOptions game_json{.cost = Cost::game, .json_body = true};
  const http::RouteOptions game{.cost = Cost::game};

  add(Method::post, "/campaigns", own_json, &Routes::create_campaign);
  add(Method::get, "/campaigns", game, &Routes::list_campaigns);
  add(Method::post, "/campaigns/{campaign}/budget", own_json, &Routes::top_up);
  add(Method::post, "/sinks", own_json, &Routes::create_sink);
  add(Method::get, "/sinks", game, &Routes::list_sinks);
  add(Method::post, "/grants", game_json, &Routes::grant);
  add(Method::post, "/spends", game_json, &Routes::spend);
  add(Method::post, "/holds", game_json, &Routes::place);
  add(Method::get, "/holds/{hold}", game, &Routes::get_hold);
  add(Method::post, "/holds/{hold}/commit", game, &Routes::commit);
  add(Method::post, "/holds/{hold}/void", game, &Routes::undo);
  add(Method::get, "/me", own_read, &Routes::get_own);
  add(Method::get, "/me/postings", own_read, &Routes::list_own);
  add(Method::get, "/accounts/{account}", own_read, &Routes::get_account);
  add(Method::get, "/accounts/{account}/postings", own_read, &Routes::list_account);
}

}  // namespace matsuri::points
