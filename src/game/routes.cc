#include "game/routes.h"

#include <memory>
#include <string>
#include <utility>

#include "account/staff.h"
#include "base/time.h"
#include "game/command_json.h"
#include "game/query.h"
#include "game/render.h"
#include "game/schema_json.h"
#include "http/page.h"
#include "http/sse.h"
#include "json/value.h"
#include "sql/call.h"

namespace matsuri::game {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::string_view from_now = "now";
// What one turn puts on a stream at most.
constexpr std::size_t stream_count_max = 100;

Error no_title() { return {Code::not_found, "there is no such title"}; }
Error no_schema() { return {Code::not_found, "the title has no schema: put one first"}; }

TitleId title_of(const http::Request& request) {
  return parse_id_as<TitleId>(request.path_parameter("title")).value_or(TitleId{});
}

Result<std::string> arena_in(const http::Request& request) {
  TRY_ASSIGN(const auto arena, request.query_parameter("arena"));
  if (!arena) return std::string();
  if (arena->empty() || arena->size() > sequencer::arena_size_max)
    return Error(Code::invalid, "arena: 1 to 64 bytes are taken");
  return *arena;
}

struct NewKeyForm {
  KeyKind kind = KeyKind::client;
  std::string name;
};
Result<NewKeyForm> key_form_of(const http::Request& request) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"kind", "name"}));
  NewKeyForm form;
  TRY_ASSIGN(const std::string_view kind, object.string("kind"));
  TRY_ASSIGN(form.kind, parse_key_kind(kind));
  TRY_ASSIGN(const std::string_view name, object.string("name"));
  TRY_ASSIGN(form.name, clean_key_name(name));
  return form;
}

Result<std::string> key_of_session(const http::Request& request) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"title_key"}));
  TRY_ASSIGN(const std::string_view key, object.string("title_key"));
  return std::string(key);
}

struct ChangesForm {
  FeedQuery query;
  bool from_now = false;
  std::int64_t wait_ms = 0;
};
Result<ChangesForm> changes_form_of(const http::Request& request, const Cursor& start,
                                    std::string_view last_event_id) {
  ChangesForm form;
  form.query.after = start;
  form.query.title = title_of(request);
  TRY_ASSIGN(form.query.arena, arena_in(request));
  TRY_ASSIGN(const std::int64_t limit, http::number_of(request, "limit", change_count_default, 1,
                                                       std::int64_t{change_count_max}));
  form.query.count_max = static_cast<std::size_t>(limit);
  TRY_ASSIGN(form.wait_ms, http::number_of(request, "wait_ms", 0, 0, change_wait_ms_max));
  TRY_ASSIGN(const auto given, request.query_parameter("after"));
  const std::string after = last_event_id.empty() ? given.value_or("") : std::string(last_event_id);
  form.from_now = after == from_now;
  if (!form.from_now && !after.empty()) {
    TRY_ASSIGN(form.query.after, within("after", Cursor::from_token(after)));
  }
  return form;
}

void write_key(json::Writer& writer, const TitleKey& key, const std::string& text) {
  writer.begin_object()
      .field_id("id", key.id.value)
      .field("kind", name_of(key.kind))
      .field("name", key.name)
      .field("created_at", to_rfc3339(key.created_unix_ms));
  if (!text.empty()) writer.field("key", text);
  writer.end_object();
}

Response render(const TitleSchema& schema) {
  return {.body = to_text(schema), .headers = {}, .position = {}};
}

Result<Response> render(const FeedPage& page, const TitleSchema& schema, AccountId player) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("changes").begin_array();
  for (const FeedPage::Part& part : page.parts)
    for (const sequencer::StoredCommand& command : part.commands)
      TRY(write_change(writer, command, schema, player));
  writer.end_array().field("next", page.next.to_token()).end_object();
  return response;
}

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(parts) {}

  void list_keys(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_title(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    sql::read_value<std::vector<TitleKey>>(
        parts_.db, *request->executor,
        [title = title_of(*request)](sql::Connection& connection) {
          return keys_of(connection, title);
        },
        [request, respond = std::move(respond)](Result<std::vector<TitleKey>> keys) mutable {
          if (!keys.ok()) return respond.send(http::problem(keys.error()));
          Response response;
          json::Writer writer(response.body);
          writer.begin_object().key("keys").begin_array();
          for (const TitleKey& key : *keys) write_key(writer, key, {});
          writer.end_array().end_object();
          respond.send(std::move(response));
        });
  }

  void create_key(const RequestPtr& request, Responder respond) const {
    auto form = key_form_of(*request);
    if (!form.ok()) return respond.send(http::problem(form.error()));
    if (const auto allowed = check_title(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    parts_.titles.create_key(
        title_of(*request), form->kind, std::move(form->name), *request->executor,
        [request, respond = std::move(respond)](Result<NewKey> made) mutable {
          if (!made.ok()) return respond.send(http::problem(made.error()));
          Response response{.status = 201, .headers = {{"Cache-Control", "no-store"}}};
          json::Writer writer(response.body);
          write_key(writer, made->key, made->text);
          respond.send(std::move(response));
        });
  }

  void revoke_key(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_title(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    const auto key = parse_id_as<TitleKeyId>(request->path_parameter("key"));
    if (!key)
      return respond.send(http::problem(Error(Code::not_found, "the title has no such key")));
    parts_.titles.revoke_key(title_of(*request), *key, *request->executor,
                             [request, respond = std::move(respond)](Result<Nothing> done) mutable {
                               if (!done.ok()) return respond.send(http::problem(done.error()));
                               respond.send(Response{.status = 204, .content_type = ""});
                             });
  }

  void get_schema(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_reader(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    const auto schema = parts_.directory.schema_of(title_of(*request));
    if (schema == nullptr) return respond.send(http::problem(no_schema()));
    respond.send(render(*schema));
  }

  void put_schema(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = check_writer(*request); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    auto schema = parse_schema(request->body);
    if (!schema.ok()) return respond.send(http::problem(schema.error()));
    parts_.titles.put_schema(title_of(*request), std::move(*schema), *request->executor,
                             [request, respond = std::move(respond)](
                                 Result<std::shared_ptr<const TitleSchema>> put) mutable {
                               respond.send(put.ok() ? render(**put) : http::problem(put.error()));
                             });
  }

  void open_session(const RequestPtr& request, Responder respond) const {
    const auto key = key_of_session(*request);
    if (!key.ok()) return respond.send(http::problem(key.error()));
    const auto kept = parts_.gate.check_key(title_of(*request), *key);
    if (!kept.ok()) return respond.send(http::problem(kept.error()));
    const std::int64_t now_ms = parts_.clock.unix_ms();
    const AccountId account = request->caller.account;
    const PlayerToken token{.title = title_of(*request),
                            .account = account,
                            .key = kept->key.id,
                            .epoch = parts_.standings.standing(account).epoch,
                            .expires_unix_ms = now_ms + player_token_ms_max};
    Response response{.status = 201, .headers = {{"Cache-Control", "no-store"}}};
    json::Writer(response.body)
        .begin_object()
        .field("player_token", seal(parts_.signer, token))
        .field_id("player", account.value)
        .field("expires_at", to_rfc3339(token.expires_unix_ms))
        .field("server_time_ms", now_ms)
        .end_object();
    respond.send(std::move(response));
  }

  void run_commands(const RequestPtr& request, Responder respond) const {
    const auto asker = asker_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    auto schema = parts_.directory.schema_of(asker->title);
    if (schema == nullptr) return respond.send(http::problem(no_schema()));
    auto sent =
        parse_commands(request->body, {.title = asker->title, .player = asker->player}, *schema);
    if (!sent.ok()) return respond.send(http::problem(sent.error()));
    parts_.commands.run(asker->title, std::move(*sent), *request->executor,
                        [request, schema = std::move(schema),
                         respond = std::move(respond)](const ToldAll& told) mutable {
                          respond.send(Response{.body = render(told, schema->schema)});
                        });
  }

  void look_up(const RequestPtr& request, Responder respond) const {
    const auto asker = asker_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    auto arena = arena_in(*request);
    if (arena.ok() && arena->empty()) arena = Error(Code::invalid, "arena: is missing");
    if (!arena.ok()) return respond.send(http::problem(arena.error()));
    const auto key = parse_key(request->path_parameter("key"));
    const bool is_old = key && key->unix_ms() < parts_.clock.unix_ms() - sequencer::key_kept_ms;
    const Error missing(Code::not_found,
                        is_old ? "key: is older than keys are kept (key_too_old); whether it was "
                                 "executed is not known any more"
                               : "no command with this key was executed so far");
    if (!key) return respond.send(http::problem(missing));
    parts_.commands.look_up(*asker, *arena, *key, *request->executor,
                            [request, missing, respond = std::move(respond)](
                                Result<std::optional<sequencer::StoredCommand>> found) mutable {
                              if (!found.ok()) return respond.send(http::problem(found.error()));
                              if (!*found) return respond.send(http::problem(missing));
                              Response response;
                              json::Writer writer(response.body);
                              writer.begin_object().key("outcome");
                              const Result<void> written = write_outcome(writer, **found);
                              if (!written.ok())
                                return respond.send(http::problem(written.error()));
                              writer.end_object();
                              respond.send(std::move(response));
                            });
  }

  void get_entity(const RequestPtr& request, Responder respond) const {
    const auto asker = asker_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    const EntityQuery query{.arena = std::string(request->path_parameter("arena")),
                            .kind = std::string(request->path_parameter("kind")),
                            .id = std::string(request->path_parameter("id"))};
    Places token;
    const auto consistency = consistency_of(*request, token);
    if (!consistency.ok()) return respond.send(http::problem(consistency.error()));
    const Error missing(Code::not_found, "there is no such entity");
    if (query.arena.size() > sequencer::arena_size_max ||
        query.id.size() > sequencer::entity_id_size_max)
      return respond.send(http::problem(missing));
    parts_.commands.read(
        *asker, query, *consistency, token, *request->executor,
        [request, query, missing, respond = std::move(respond)](Result<ReadEntity> read) mutable {
          if (!read.ok()) return respond.send(http::problem(read.error()));
          if (read->fields.empty()) return respond.send(http::problem(missing));
          Response response;
          json::Writer(response.body)
              .begin_object()
              .key("entity")
              .begin_object()
              .field("kind", query.kind)
              .field("id", query.id)
              .field("version", read->version)
              .key("fields")
              .raw(read->fields)
              .end_object()
              .field("token", read->token.to_token())
              .field("stale", read->is_stale)
              .end_object();
          respond.send(std::move(response));
        });
  }

  void get_changes(const RequestPtr& request, Responder respond) const {
    const auto asker = asker_of(*request);
    if (!asker.ok()) return respond.send(http::problem(asker.error()));
    auto form = changes_form_of(*request, parts_.feed.start(), {});
    if (!form.ok()) return respond.send(http::problem(form.error()));
    if (parts_.directory.schema_of(asker->title) == nullptr)
      return respond.send(http::problem(no_schema()));
    parts_.feed.read(std::move(form->query), form->from_now, form->wait_ms, *request->executor,
                     [this, request, asker = *asker,
                      respond = std::move(respond)](const Result<FeedPage>& page) mutable {
                       if (!page.ok()) return respond.send(http::problem(page.error()));
                       const auto schema = parts_.directory.schema_of(asker.title);
                       respond.send(render(*page, *schema, asker.player));
                     });
  }

  Result<void> follow_changes(const RequestPtr& request,
                              const std::shared_ptr<http::EventStream>& stream) const {
    TRY_ASSIGN(const Asker asker, asker_of(*request));
    TRY_ASSIGN(ChangesForm form,
               changes_form_of(*request, parts_.feed.start(), stream->last_event_id()));
    if (parts_.directory.schema_of(asker.title) == nullptr) return no_schema();
    form.query.count_max = stream_count_max;
    return parts_.feed.follow(
        std::move(form.query), form.from_now,
        [this, asker, request, stream, is_ready = false](const FeedPage& page) mutable {
          if (page.is_gone) {
            (void)stream->send({.id = {}, .name = "reset", .data = "{}"});
            stream->close();
            return false;
          }
          if (!send(asker, *request, page, *stream)) return false;
          if (std::exchange(is_ready, true)) return true;
          return stream->send({.id = page.next.to_token(), .name = "ready", .data = "{}"});
        });
  }

 private:
  // Sends a page, as far as the stream takes it; false where it has ended.
  bool send(const Asker& asker, const http::Request& request, const FeedPage& page,
            http::EventStream& stream) const {
    if (!stream.is_open()) return false;
    // What opened the stream may count no longer.
    if (!asker_of(request).ok()) {
      stream.close();
      return false;
    }
    const auto schema = parts_.directory.schema_of(asker.title);
    Cursor place = page.start;
    for (const FeedPage::Part& part : page.parts) {
      for (const sequencer::StoredCommand& command : part.commands) {
        std::string data;
        json::Writer writer(data);
        const auto is_visible = write_change(writer, command, *schema, asker.player);
        if (!is_visible.ok()) {
          stream.close();
          return false;
        }
        place.raise(part.slots, command.seq);
        if (*is_visible &&
            !stream.send({.id = place.to_token(), .name = "change", .data = std::move(data)}))
          return false;
      }
    }
    return true;
  }

  Result<Asker> asker_of(const http::Request& request) const {
    return parts_.gate.check(title_of(request), request.header("authorization"),
                             request.header("matsuri-player"));
  }

  // Of admins' requests alone.
  Result<void> check_title(const http::Request& request) const {
    TRY(account::check_admin(request.caller.role));
    if (!parts_.titles.has(title_of(request))) return no_title();
    return {};
  }

  // An admin, or a server of the title.
  Result<void> check_writer(const http::Request& request) const {
    if (request.caller) return check_title(request);
    return parts_.gate.check_server(title_of(request), request.header("authorization"),
                                    request.header("matsuri-player"));
  }

  // An admin, support, or whoever plays the title.
  Result<void> check_reader(const http::Request& request) const {
    if (!request.caller) {
      TRY(asker_of(request));
      return {};
    }
    TRY(account::check_support(request.caller.role));
    if (!parts_.titles.has(title_of(request))) return no_title();
    return {};
  }

  static Result<Consistency> consistency_of(const http::Request& request, Places& token) {
    TRY_ASSIGN(const auto name, request.query_parameter("consistency"));
    TRY_ASSIGN(const auto text, request.query_parameter("token"));
    if (text) {
      TRY_ASSIGN(token, within("token", Places::from_token(*text)));
    }
    if (!name || *name == "linearizable") return Consistency::linearizable;
    if (*name == "any") return Consistency::any;
    if (*name != "at_least")
      return Error(Code::invalid, "consistency: linearizable, at_least or any is taken");
    if (!text) return Error(Code::invalid, "token: at_least needs one");
    return Consistency::at_least;
  }

  RouteParts parts_;
};

}  // namespace

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(parts);
  const http::MemberRoutes add(router, "/v1/game/{title}", routes);
  const http::RouteOptions own_read{.cost = Cost::read, .needs_account = true};
  const http::RouteOptions own_write{.cost = Cost::write, .needs_account = true};
  const http::RouteOptions own_json{.cost = Cost::write, .needs_account = true, .json_body = true};
  const http::RouteOptions game{.cost = Cost::game};

  add(Method::get, "/keys", own_read, &Routes::list_keys);
  add(Method::post, "/keys", own_json, &Routes::create_key);
  add(Method::del, "/keys/{key}", own_write, &Routes::revoke_key);
  add(Method::get, "/schema", {}, &Routes::get_schema);
  add(Method::put, "/schema",
      {.cost = Cost::write, .body_size_max = schema_size_max, .json_body = true},
      &Routes::put_schema);
  add(Method::post, "/sessions", own_json, &Routes::open_session);
  add(Method::post, "/commands",
      {.cost = Cost::game, .body_size_max = commands_size_max, .json_body = true},
      &Routes::run_commands);
  add(Method::get, "/commands/{key}", game, &Routes::look_up);
  add(Method::get, "/entities/{arena}/{kind}/{id}", game, &Routes::get_entity);
  router.add_with_stream(
      "/v1/game/{title}/changes", game, add.handler(&Routes::get_changes),
      [routes](const RequestPtr& request, const std::shared_ptr<http::EventStream>& stream) {
        return routes->follow_changes(request, stream);
      });
}

}  // namespace matsuri::game
