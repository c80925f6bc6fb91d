#include "account/routes.h"

#include <algorithm>
#include <string>

#include "account/model.h"
#include "account/query.h"
#include "base/time.h"
#include "json/value.h"
#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::account {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::string_view secure_cookie = "__Host-matsuri";
constexpr std::string_view plain_cookie = "matsuri_session";

// The value of a cookie in a Cookie header; empty where it is not there.
std::string_view cookie_value(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::string set_cookie(std::string_view value, std::int64_t age_s, bool behind_tls) {
  std::string cookie(behind_tls ? secure_cookie : plain_cookie);
  cookie += '=';
  cookie += value;
  cookie += "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(age_s);
  if (behind_tls) cookie += "; Secure";
  return cookie;
}

// Leaves the object open for more fields.
void write_account_fields(json::Writer& writer, const Account& account) {
  writer.field_id("id", account.id.value)
      .field("handle", account.handle)
      .field("name", account.name)
      .field("role", name_of(account.role))
      .field("created_at", to_rfc3339(account.created_unix_ms))
      .field("bio", account.bio)
      .field("face", face::to_string(account.face));
}

Response account_response(const Account& account) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object();
  write_account_fields(writer, account);
  writer.end_object();
  return response;
}

// One's own account says more.
Response me_response(int status, const Account& me) {
  Response response{.status = status};
  json::Writer writer(response.body);
  writer.begin_object();
  write_account_fields(writer, me);
  writer.key("privacy")
      .begin_object()
      .field("follows", name_of(me.follows_shown_to))
      .field("empathies", name_of(me.empathies_shown_to))
      .end_object()
      .end_object();
  return response;
}

Response accounts_response(std::string_view key, const std::vector<Account>& accounts) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key(key).begin_array();
  for (const Account& account : accounts) {
    writer.begin_object();
    write_account_fields(writer, account);
    writer.end_object();
  }
  writer.end_array().end_object();
  return response;
}

constexpr std::size_t people_count_max = 50;

// "7,12,9": each once.
Result<std::vector<AccountId>> people_of(const http::Request& request) {
  TRY_ASSIGN(const auto text, request.query_parameter("id"));
  const Error wrong(Code::invalid, "id: 1 to 50 ids with commas between them are taken");
  if (!text) return wrong;
  std::vector<AccountId> ids;
  for (std::string_view rest = *text;;) {
    const std::size_t end = rest.find(',');
    const auto id = parse_id_as<AccountId>(rest.substr(0, end));
    if (!id || ids.size() == people_count_max) return wrong;
    if (std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
    if (end == std::string_view::npos) return ids;
    rest.remove_prefix(end + 1);
  }
}

Response people_response(const std::vector<Account>& people) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("people").begin_array();
  for (const Account& person : people)
    writer.begin_object()
        .field_id("id", person.id.value)
        .field("handle", person.handle)
        .field("name", person.name)
        .field("face", face::to_string(person.face))
        .end_object();
  writer.end_array().end_object();
  return response;
}

// What is not there stays; null is no value of these.
Result<std::optional<std::string_view>> string_or_absent(const json::Object& object,
                                                         std::string_view key) {
  if (!object.find(key)) return std::optional<std::string_view>();
  TRY_ASSIGN(const std::string_view value, object.string(key));
  return std::optional(value);
}

Result<ProfileChange> profile_change_of(const http::Request& request) {
  ProfileChange change;
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"name", "bio", "face", "privacy"}));
  TRY_ASSIGN(change.name, string_or_absent(object, "name"));
  TRY_ASSIGN(change.bio, string_or_absent(object, "bio"));
  TRY_ASSIGN(const auto face, string_or_absent(object, "face"));
  if (face) {
    TRY_ASSIGN(change.face, within("face", face::parse_genome(*face)));
  }
  if (!object.find("privacy")) return change;
  TRY_ASSIGN(const json::Object privacy, object.object("privacy"));
  TRY(privacy.only({"follows", "empathies"}));
  TRY_ASSIGN(const auto follows, string_or_absent(privacy, "follows"));
  if (follows) {
    TRY_ASSIGN(change.follows_shown_to, within("privacy.follows", parse_audience(*follows)));
  }
  TRY_ASSIGN(const auto empathies, string_or_absent(privacy, "empathies"));
  if (empathies) {
    TRY_ASSIGN(change.empathies_shown_to, within("privacy.empathies", parse_audience(*empathies)));
  }
  return change;
}

// The caller's own account is missing: the credential is of a time that a restore took back.
Error as_caller(const Error& error) {
  if (error.code() != Code::not_found) return error;
  return {Code::unauthenticated, "your account is not here any more: sign up again"};
}

Response no_content() { return {.status = 204, .content_type = ""}; }

template <class T>
void raise_position(Response& response, const Committed<T>& committed) {
  if (committed.position.offset != 0) response.position.raise(committed.position);
}

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(parts) {}

  void sign_up(const RequestPtr& request, Responder respond) const {
    const auto wanted = [&]() -> Result<Accounts::SignUp> {
      TRY_ASSIGN(const json::Document document, json::Document::parse(request->body));
      TRY_ASSIGN(const json::Object object, document.object());
      TRY(object.only({"handle", "name", "password"}));
      TRY_ASSIGN(const std::string_view handle, object.string("handle"));
      TRY_ASSIGN(const std::string_view name, object.string("name"));
      TRY_ASSIGN(const std::string_view password, object.string("password"));
      return Accounts::SignUp{.handle = std::string(handle),
                              .name = std::string(name),
                              .password = std::string(password),
                              .user_agent = std::string(request->header("user-agent"))};
    }();
    if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
    parts_.accounts.sign_up(wanted.value(), *request->executor, signed_in(std::move(respond)));
  }

  void log_in(const RequestPtr& request, Responder respond) const {
    const auto wanted = [&]() -> Result<Accounts::LogIn> {
      TRY_ASSIGN(const json::Document document, json::Document::parse(request->body));
      TRY_ASSIGN(const json::Object object, document.object());
      TRY(object.only({"handle", "password"}));
      TRY_ASSIGN(const std::string_view handle, object.string("handle"));
      TRY_ASSIGN(const std::string_view password, object.string("password"));
      return Accounts::LogIn{.handle = std::string(handle),
                             .password = std::string(password),
                             .user_agent = std::string(request->header("user-agent"))};
    }();
    if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
    parts_.accounts.log_in(wanted.value(), *request->executor, signed_in(std::move(respond)));
  }

  void get_me(const RequestPtr& request, Responder respond) const {
    read<AccountRow>(
        request, std::move(respond),
        [id = request->caller.account](sql::Connection& connection) -> Result<AccountRow> {
          auto row = account_of(connection, id);
          if (!row.ok()) return as_caller(row.error());
          return row;
        },
        [](const AccountRow& row) { return me_response(200, row.account); });
  }

  void get_account(const RequestPtr& request, Responder respond) const {
    read<AccountRow>(
        request, std::move(respond),
        [handle = std::string(request->path_parameter("handle")),
         caller = request->caller.account](sql::Connection& connection) -> Result<AccountRow> {
          TRY_ASSIGN(AccountRow row, account_named(connection, handle));
          // Whom the caller blocks is shown, so that it can be undone.
          TRY_ASSIGN(const bool blocks, is_blocking(connection, row.account.id, caller));
          if (blocks) return Error(Code::not_found, "there is no such account");
          return row;
        },
        [](const AccountRow& row) { return account_response(row.account); });
  }

  void list_people(const RequestPtr& request, Responder respond) const {
    auto ids = people_of(*request);
    if (!ids.ok()) return respond.send(http::problem(ids.error()));
    read<std::vector<Account>>(
        request, std::move(respond),
        [viewer = request->caller.account, ids = std::move(ids).value()](
            sql::Connection& connection) { return accounts_among(connection, viewer, ids); },
        people_response);
  }

  void change_profile(const RequestPtr& request, Responder respond) const {
    auto change = profile_change_of(*request);
    if (!change.ok()) return respond.send(http::problem(change.error()));
    parts_.accounts.change_profile(
        request->caller.account, std::move(change).value(), *request->executor,
        [respond = std::move(respond)](Result<Committed<Account>> result) mutable {
          if (!result.ok()) return respond.send(http::problem(as_caller(result.error())));
          Response response = me_response(200, result.value().value);
          raise_position(response, result.value());
          respond.send(std::move(response));
        });
  }

  void set_role(const RequestPtr& request, Responder respond) const {
    const auto role = [&]() -> Result<Role> {
      if (request->caller.role != Role::admin) return Error(Code::denied, "only admins give roles");
      TRY_ASSIGN(const std::string name, string_field(*request, "role"));
      return parse_role(name);
    }();
    if (!role.ok()) return respond.send(http::problem(role.error()));
    parts_.accounts.set_role(std::string(request->path_parameter("handle")), role.value(),
                             *request->executor, renders_account(std::move(respond)));
  }

  void list_sessions(const RequestPtr& request, Responder respond) const {
    read<std::vector<Session>>(
        request, std::move(respond),
        [id = request->caller.account, now_ms = parts_.clock.unix_ms()](
            sql::Connection& connection) { return sessions_of(connection, id, now_ms); },
        [current = request->caller.session](const std::vector<Session>& sessions) {
          Response response;
          json::Writer writer(response.body);
          writer.begin_object().key("sessions").begin_array();
          for (const Session& session : sessions)
            writer.begin_object()
                .field_id("id", session.id.value)
                .field("created_at", to_rfc3339(session.created_unix_ms))
                .field("last_seen_at", to_rfc3339(session.seen_unix_ms))
                .field("user_agent", session.user_agent)
                .field("current", session.id == current)
                .end_object();
          writer.end_array().end_object();
          return response;
        });
  }

  void close_sessions(const RequestPtr& request, Responder respond) const {
    parts_.accounts.close_sessions(request->caller.account, *request->executor,
                                   logged_out(std::move(respond)));
  }

  void close_current_session(const RequestPtr& request, Responder respond) const {
    if (!request->caller.session)
      return respond.send(http::problem(Error(Code::not_found, "a bearer token has no session")));
    parts_.accounts.close_session(request->caller.account, request->caller.session,
                                  *request->executor, logged_out(std::move(respond)));
  }

  void close_session(const RequestPtr& request, Responder respond) const {
    const auto session = parse_id_as<SessionId>(request->path_parameter("session"));
    if (!session)
      return respond.send(http::problem(Error(Code::not_found, "there is no such open session")));
    parts_.accounts.close_session(request->caller.account, *session, *request->executor,
                                  *session == request->caller.session
                                      ? logged_out(std::move(respond))
                                      : renders_nothing(std::move(respond)));
  }

  void create_token(const RequestPtr& request, Responder respond) const {
    const auto label = string_field(*request, "label");
    if (!label.ok()) return respond.send(http::problem(label.error()));
    parts_.accounts.create_token(
        request->caller.account, label.value(), *request->executor,
        [this, respond = std::move(respond)](Result<Committed<CreatedToken>> created) mutable {
          if (!created.ok()) return respond.send(http::problem(created.error()));
          const auto& [token, credential] = created.value().value;
          Response response{.status = 201};
          json::Writer writer(response.body);
          writer.begin_object()
              .field_id("id", token.id.value)
              .field("label", token.label)
              .field("created_at", to_rfc3339(token.created_unix_ms))
              .field("token", "mt_" + parts_.signer.sign(credential))
              .end_object();
          respond.send(std::move(response));
        });
  }

  void list_tokens(const RequestPtr& request, Responder respond) const {
    read<std::vector<Token>>(
        request, std::move(respond),
        [id = request->caller.account](sql::Connection& connection) {
          return tokens_of(connection, id);
        },
        [](const std::vector<Token>& tokens) {
          Response response;
          json::Writer writer(response.body);
          writer.begin_object().key("tokens").begin_array();
          for (const Token& token : tokens)
            writer.begin_object()
                .field_id("id", token.id.value)
                .field("label", token.label)
                .field("created_at", to_rfc3339(token.created_unix_ms))
                .end_object();
          writer.end_array().end_object();
          return response;
        });
  }

  void close_token(const RequestPtr& request, Responder respond) const {
    const auto token = parse_id_as<TokenId>(request->path_parameter("token"));
    if (!token)
      return respond.send(http::problem(Error(Code::not_found, "there is no such open token")));
    parts_.accounts.close_token(request->caller.account, *token, *request->executor,
                                renders_nothing(std::move(respond)));
  }

  void list_blocks(const RequestPtr& request, Responder respond) const {
    read<std::vector<Account>>(
        request, std::move(respond),
        [id = request->caller.account](sql::Connection& connection) {
          return blocks_of(connection, id);
        },
        [](const std::vector<Account>& blocks) { return accounts_response("blocks", blocks); });
  }

  void list_mutes(const RequestPtr& request, Responder respond) const {
    read<std::vector<Account>>(
        request, std::move(respond),
        [id = request->caller.account](sql::Connection& connection) {
          return mutes_of(connection, id);
        },
        [](const std::vector<Account>& mutes) { return accounts_response("mutes", mutes); });
  }

  void set_block(const RequestPtr& request, Responder respond, bool blocked) const {
    parts_.accounts.set_block(request->caller.account,
                              std::string(request->path_parameter("handle")), blocked,
                              *request->executor, renders_nothing(std::move(respond)));
  }

  void set_mute(const RequestPtr& request, Responder respond, bool muted) const {
    parts_.accounts.set_mute(request->caller.account,
                             std::string(request->path_parameter("handle")), muted,
                             *request->executor, renders_nothing(std::move(respond)));
  }

 private:
  static Result<std::string> string_field(const http::Request& request, std::string_view name) {
    TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
    TRY_ASSIGN(const json::Object object, document.object());
    TRY(object.only({name}));
    TRY_ASSIGN(const std::string_view value, object.string(name));
    return std::string(value);
  }

  template <class T, class Body, class Render>
  void read(const RequestPtr& request, Responder respond, Body body, Render render) const {
    sql::read_value<T>(
        parts_.db, *request->executor, std::move(body),
        [request, render, respond = std::move(respond)](Result<T> result) mutable {
          respond.send(result.ok() ? render(result.value()) : http::problem(result.error()));
        });
  }

  Completion<Committed<SignedIn>> signed_in(Responder respond) const {
    return [this, respond = std::move(respond)](Result<Committed<SignedIn>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      const SignedIn& in = result.value().value;
      Response response = me_response(201, in.account);
      response.headers.emplace_back(
          "Set-Cookie", set_cookie(parts_.signer.sign(in.credential), session_age_ms_max / 1000,
                                   parts_.behind_tls));
      raise_position(response, result.value());
      respond.send(std::move(response));
    };
  }

  Completion<Committed<Nothing>> logged_out(Responder respond) const {
    return [this, respond = std::move(respond)](Result<Committed<Nothing>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      Response response = no_content();
      response.headers.emplace_back("Set-Cookie", set_cookie("", 0, parts_.behind_tls));
      raise_position(response, result.value());
      respond.send(std::move(response));
    };
  }

  static Completion<Committed<Nothing>> renders_nothing(Responder respond) {
    return [respond = std::move(respond)](Result<Committed<Nothing>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      Response response = no_content();
      raise_position(response, result.value());
      respond.send(std::move(response));
    };
  }

  static Completion<Committed<Account>> renders_account(Responder respond) {
    return [respond = std::move(respond)](Result<Committed<Account>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      Response response = account_response(result.value().value);
      raise_position(response, result.value());
      respond.send(std::move(response));
    };
  }

  RouteParts parts_;
};

}  // namespace

Result<http::Caller> CredentialAuthenticator::authenticate(const http::Request& request) {
  const std::string_view authorization = request.header("authorization");
  const bool by_token = !authorization.empty();
  std::string_view text = authorization;
  if (by_token) {
    constexpr std::string_view scheme = "Bearer mt_";
    if (!text.starts_with(scheme))
      return Error(Code::unauthenticated, "Authorization: \"Bearer mt_…\" is taken");
    text.remove_prefix(scheme.size());
  } else {
    text = cookie_value(request.header("cookie"), behind_tls_ ? secure_cookie : plain_cookie);
    if (text.empty()) return http::Caller{};
  }
  TRY_ASSIGN(const Credential credential, signer_.verify(text));
  if ((credential.kind == Credential::Kind::token) != by_token)
    return Error(Code::unauthenticated, "a token goes into Authorization, a session into a cookie");
  TRY_ASSIGN(const Standings::Standing standing, standings_.check(credential));
  http::Caller caller{
      .account = credential.account, .role = standing.role, .session = {}, .by_cookie = !by_token};
  if (!by_token) {
    caller.session = SessionId{credential.id};
    accounts_.seen(caller.session);
  }
  return caller;
}

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(parts);
  const http::MemberRoutes add(router, "", routes);
  const http::RouteOptions own_read{.cost = Cost::read, .needs_account = true};
  const http::RouteOptions own_write{.cost = Cost::write, .needs_account = true};
  const http::RouteOptions own_json{.cost = Cost::write, .needs_account = true, .json_body = true};

  const http::RouteOptions sign_in{.cost = Cost::sign_in, .json_body = true};
  add(Method::post, "/v1/accounts", sign_in, &Routes::sign_up);
  add(Method::get, "/v1/accounts/me", own_read, &Routes::get_me);
  add(Method::patch, "/v1/accounts/me", own_json, &Routes::change_profile);
  add(Method::get, "/v1/accounts/{handle}", {}, &Routes::get_account);
  add(Method::get, "/v1/people", {}, &Routes::list_people);
  add(Method::put, "/v1/accounts/{handle}/role", own_json, &Routes::set_role);
  add(Method::post, "/v1/sessions", sign_in, &Routes::log_in);
  add(Method::get, "/v1/sessions", own_read, &Routes::list_sessions);
  add(Method::del, "/v1/sessions", own_write, &Routes::close_sessions);
  add(Method::del, "/v1/sessions/current", own_write, &Routes::close_current_session);
  add(Method::del, "/v1/sessions/{session}", own_write, &Routes::close_session);
  add(Method::post, "/v1/tokens", own_json, &Routes::create_token);
  add(Method::get, "/v1/tokens", own_read, &Routes::list_tokens);
  add(Method::del, "/v1/tokens/{token}", own_write, &Routes::close_token);
  add(Method::get, "/v1/accounts/me/blocks", own_read, &Routes::list_blocks);
  add(Method::get, "/v1/accounts/me/mutes", own_read, &Routes::list_mutes);
  for (const bool wanted : {true, false}) {
    const Method method = wanted ? Method::put : Method::del;
    router.add(method, "/v1/accounts/me/blocks/{handle}", own_write,
               [routes, wanted](RequestPtr request, Responder respond) {
                 routes->set_block(request, std::move(respond), wanted);
               });
    router.add(method, "/v1/accounts/me/mutes/{handle}", own_write,
               [routes, wanted](RequestPtr request, Responder respond) {
                 routes->set_mute(request, std::move(respond), wanted);
               });
  }
}

}  // namespace matsuri::account
