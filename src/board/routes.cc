#include "board/routes.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "account/query.h"
#include "face/face.h"
#include "game/places.h"
#include "http/page.h"
#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::board {
namespace {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

Error no_board() { return {Code::not_found, "the title has no such board"}; }

TitleId title_of(const http::Request& request) {
  return parse_id_as<TitleId>(request.path_parameter("title")).value_or(TitleId{});
}

// Who asks, and for whom people are shown.
struct Asker {
  bool is_player = false;
  AccountId account;
};

struct PageForm {
  std::size_t after = 0;
  std::size_t count_max = page_count_default;
  game::Places token;
  std::string id;  // of who is in the middle; empty: none
};

Result<PageForm> page_form_of(const http::Request& request, bool is_around) {
  PageForm form;
  if (is_around) form.id = request.path_parameter("id");
  TRY_ASSIGN(const http::PageParameters page,
             http::page_of(request, is_around ? around_count_default : page_count_default,
                           page_count_max));
  form.count_max = page.count_max;
  if (!is_around) {
    TRY_ASSIGN(const std::int64_t after,
               http::number_of(request, "after", 0, 0, std::int64_t{board_size_max}));
    form.after = static_cast<std::size_t>(after);
  }
  TRY_ASSIGN(const auto token, request.query_parameter("token"));
  if (token) {
    TRY_ASSIGN(form.token, within("token", game::Places::from_token(*token)));
  }
  return form;
}

using People = std::unordered_map<AccountId, account::Account>;

std::vector<AccountId> accounts_on(const Page& page) {
  std::vector<AccountId> accounts;
  for (const Row& row : page.rows)
    if (const auto account = parse_id_as<AccountId>(row.id)) accounts.push_back(*account);
  return accounts;
}

void write_person(json::Writer& writer, const Row& row, const People& people) {
  const auto account = parse_id_as<AccountId>(row.id);
  const auto found = account ? people.find(*account) : people.end();
  if (found == people.end()) {
    writer.field_null("person");
    return;
  }
  const account::Account& person = found->second;
  writer.key("person")
      .begin_object()
      .field_id("id", person.id.value)
      .field("handle", person.handle)
      .field("name", person.name)
      .field("face", face::to_string(person.face))
      .end_object();
}

Response render(const Page& page, const Board& board, const People& people, bool is_stale) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("entries").begin_array();
  for (const Row& row : page.rows) {
    writer.begin_object()
        .field("rank", std::uint64_t{row.rank})
        .field("id", row.id)
        .field("value", row.value);
    if (board.accounts) write_person(writer, row, people);
    writer.end_object();
  }
  writer.end_array()
      .field("index", std::uint64_t{page.index})
      .field("count", std::uint64_t{page.count})
      .field("as_of", page.as_of.to_token())
      .field("stale", is_stale)
      .end_object();
  return response;
}

void write_board(json::Writer& writer, const Board& board, const Status& status) {
  writer.begin_object().field("name", board.name);
  write_board_fields(writer, board);
  writer.field("state", status.state == State::ready ? "ready" : "filling")
      .field("filled", status.filled)
      .field("count", std::uint64_t{status.count})
      .end_object();
}

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(std::move(parts)) {}

  void list_boards(const RequestPtr& request, Responder respond) const {
    const auto asker = reader_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    Response response;
    json::Writer writer(response.body);
    writer.begin_object().key("boards").begin_array();
    for (const Board& board : parts_.definitions.of(title_of(*request)))
      if (!asker->is_player || board.players)
        write_board(writer, board, parts_.boards.status(board.id));
    writer.end_array().end_object();
    respond.send(std::move(response));
  }

  void put_board(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_writer(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    const std::string_view name = request->path_parameter("board");
    if (!is_board_name(name))
      return respond.send(http::problem(
          Error(Code::invalid, "name: 1 to 32 of a-z, 0-9 and _ are taken, and a letter begins")));
    auto board = parse_board(request->body);
    if (!board.ok()) return respond.send(http::problem(board.error()));
    board->title = title_of(*request);
    board->name = name;
    parts_.definitions.put(
        std::move(*board), *request->executor,
        [this, request, respond = std::move(respond)](Result<Board> put) mutable {
          if (!put.ok()) return respond.send(http::problem(put.error()));
          parts_.boards.wake();
          Response response;
          json::Writer writer(response.body);
          write_board(writer, *put, parts_.boards.status(put->id));
          respond.send(std::move(response));
        });
  }

  void drop_board(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_writer(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    parts_.definitions.drop(
        title_of(*request), std::string(request->path_parameter("board")), *request->executor,
        [this, request, respond = std::move(respond)](Result<game::Nothing> dropped) mutable {
          if (!dropped.ok()) return respond.send(http::problem(dropped.error()));
          parts_.boards.wake();
          respond.send(Response{.status = 204, .content_type = ""});
        });
  }

  void get_page(const RequestPtr& request, Responder respond) const {
    get(request, std::move(respond), false);
  }

  void get_around(const RequestPtr& request, Responder respond) const {
    get(request, std::move(respond), true);
  }

 private:
  void get(const RequestPtr& request, Responder respond, bool is_around) const {
    const auto asker = reader_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    auto form = page_form_of(*request, is_around);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    auto board = parts_.definitions.find(title_of(*request), request->path_parameter("board"));
    if (!board || (asker->is_player && !board->players))
      return respond.send(http::problem(no_board()));
    const game::Places token = form->token;
    parts_.boards.when_passed(
        token, *request->executor,
        [this, request, viewer = asker->account, form = std::move(*form), board = std::move(*board),
         respond = std::move(respond)](Result<bool> passed) mutable {
          if (!passed.ok()) return respond.send(http::problem(passed.error()));
          auto page = form.id.empty() ? parts_.boards.page(board.id, form.after, form.count_max)
                                      : parts_.boards.around(board.id, form.id, form.count_max);
          if (!page.ok()) return respond.send(http::problem(page.error()));
          send(request, std::move(respond), viewer, std::move(board), std::move(*page), !*passed);
        });
  }

  void send(const RequestPtr& request, Responder respond, AccountId viewer, Board board, Page page,
            bool is_stale) const {
    auto accounts = board.accounts ? accounts_on(page) : std::vector<AccountId>();
    if (accounts.empty()) return respond.send(render(page, board, {}, is_stale));
    sql::read_value<std::vector<account::Account>>(
        parts_.db, *request->executor,
        [viewer, accounts = std::move(accounts)](sql::Connection& connection) {
          return account::accounts_among(connection, viewer, accounts);
        },
        [request, board = std::move(board), page = std::move(page), is_stale,
         respond = std::move(respond)](Result<std::vector<account::Account>> found) mutable {
          if (!found.ok()) return respond.send(http::problem(found.error()));
          People people;
          for (account::Account& person : *found) people.emplace(person.id, std::move(person));
          respond.send(render(page, board, people, is_stale));
        });
  }

  // Whoever brings no title key is an admin.
  Result<Asker> reader_of(const http::Request& request) const {
    if (request.caller) {
      if (request.caller.role != Role::admin)
        return Error(Code::denied, "only admins, servers of the title and players may do this");
      if (!parts_.has_title(title_of(request)))
        return Error(Code::not_found, "there is no such title");
      return Asker{.is_player = false, .account = request.caller.account};
    }
    TRY_ASSIGN(const game::Asker asker,
               parts_.gate.check(title_of(request), request.header("authorization"),
                                 request.header("matsuri-player")));
    return Asker{.is_player = static_cast<bool>(asker.player), .account = asker.player};
  }

  Result<void> check_writer(const http::Request& request) const {
    TRY_ASSIGN(const Asker asker, reader_of(request));
    if (asker.is_player) return Error(Code::denied, "players may not do this");
    return {};
  }

  RouteParts parts_;
};

}  // namespace

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(std::move(parts));
  const http::MemberRoutes add(router, "/v1/game/{title}/boards", routes);
  const http::RouteOptions read{.cost = http::Cost::game};
  add(Method::get, "", read, &Routes::list_boards);
  add(Method::put, "/{board}", {.cost = http::Cost::write, .json_body = true}, &Routes::put_board);
  add(Method::del, "/{board}", {.cost = http::Cost::write}, &Routes::drop_board);
  add(Method::get, "/{board}", read, &Routes::get_page);
  add(Method::get, "/{board}/around/{id}", read, &Routes::get_around);
}

}  // namespace matsuri::board
