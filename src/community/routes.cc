#include "community/routes.h"

#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "account/query.h"
#include "base/time.h"
#include "community/query.h"
#include "face/face.h"
#include "http/page.h"
#include "json/value.h"
#include "sql/call.h"

namespace matsuri::community {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

// A community with who owns it, as far as that account is known.
struct Shown {
  Community community;
  std::optional<account::Account> owner;
};

struct ShownPage {
  std::vector<Shown> communities;
  CommunityId next;
};

// Parsing.

Error no_title() { return {Code::not_found, "there is no such title"}; }
Error no_community() { return {Code::not_found, "there is no such community"}; }

Actor actor_of(const http::Request& request) {
  return {.account = request.caller.account, .role = request.caller.role};
}

Retry retry_of(const http::Request& request) {
  return {.key = request.idempotency_key, .fingerprint = request.fingerprint};
}

// {"en": "…", "ja": "…"}
Result<std::vector<LocalName>> names_of(const json::Object& object, std::string_view key) {
  TRY_ASSIGN(const json::Object names, object.object(key));
  std::vector<LocalName> found;
  for (const json::Field field : names) {
    const auto name = field.value.string();
    if (!name.ok())
      return Error(Code::invalid, std::string(key) + ": each language has one name, a string");
    found.push_back({.language = std::string(field.key), .text = std::string(name.value())});
  }
  return found;
}

Result<std::vector<std::string>> strings_of(const json::Object& object, std::string_view key) {
  TRY_ASSIGN(const json::Array array, object.array(key));
  std::vector<std::string> found;
  for (const json::Value value : array) {
    const auto text = value.string();
    if (!text.ok()) return Error(Code::invalid, std::string(key) + ": a list of strings is taken");
    found.emplace_back(text.value());
  }
  return found;
}

bool has(const json::Object& object, std::string_view key) {
  const auto value = object.find(key);
  return value && !value->is_null();
}

Result<TitleChange> title_fields_of(const json::Object& object) {
  TRY(object.only({"names", "platforms", "publisher", "crest"}));
  TitleChange said;
  if (has(object, "names")) {
    TRY_ASSIGN(said.names, names_of(object, "names"));
  }
  if (has(object, "platforms")) {
    TRY_ASSIGN(said.platforms, strings_of(object, "platforms"));
  }
  TRY_ASSIGN(const auto publisher, object.optional_string("publisher"));
  TRY_ASSIGN(const auto crest, object.optional_string("crest"));
  if (publisher) said.publisher = std::string(*publisher);
  if (crest) said.crest = std::string(*crest);
  return said;
}

Result<NewTitle> new_title_of(const http::Request& request) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY_ASSIGN(TitleChange said, title_fields_of(object));
  if (!said.names) return Error(Code::invalid, "names: is missing");
  return NewTitle{.names = std::move(*said.names),
                  .platforms = std::move(said.platforms).value_or(std::vector<std::string>{}),
                  .publisher = std::move(said.publisher).value_or(""),
                  .crest = std::move(said.crest).value_or("")};
}

Result<TitleChange> title_change_of(const http::Request& request) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  return title_fields_of(object);
}

// What a new community and a change of one have in common. `name` is short for one name whose
// language nobody said.
Result<CommunityChange> community_fields_of(const json::Object& object) {
  CommunityChange said;
  TRY_ASSIGN(const auto name, object.optional_string("name"));
  if (name)
    said.names = {{.language = std::string(undetermined_language), .text = std::string(*name)}};
  if (has(object, "names")) {
    if (name) return Error(Code::invalid, "name, names: one of the two is taken");
    TRY_ASSIGN(said.names, names_of(object, "names"));
  }
  TRY_ASSIGN(const auto description, object.optional_string("description"));
  if (description) said.description = std::string(*description);
  if (has(object, "post_kinds")) {
    TRY_ASSIGN(const auto kinds, strings_of(object, "post_kinds"));
    TRY_ASSIGN(said.post_kinds, parse_post_kinds(kinds));
  }
  TRY_ASSIGN(const auto who_posts, object.optional_string("who_posts"));
  if (who_posts) {
    TRY_ASSIGN(said.who_posts, parse_posters(*who_posts));
  }
  return said;
}

Result<NewCommunity> new_community_of(const http::Request& request) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"title", "kind", "name", "names", "description", "post_kinds", "who_posts"}));
  NewCommunity wanted;
  TRY_ASSIGN(wanted.title.value, object.id("title"));
  TRY_ASSIGN(const auto kind, object.optional_string("kind"));
  if (kind) {
    TRY_ASSIGN(wanted.kind, parse_kind(*kind));
  }
  TRY_ASSIGN(CommunityChange said, community_fields_of(object));
  if (!said.names) return Error(Code::invalid, "name: is missing");
  wanted.names = std::move(*said.names);
  wanted.description = std::move(said.description).value_or("");
  wanted.post_kinds = said.post_kinds.value_or(post_kinds_all);
  wanted.who_posts = said.who_posts;
  return wanted;
}

Result<CommunityChange> community_change_of(const http::Request& request) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"name", "names", "description", "post_kinds", "who_posts"}));
  return community_fields_of(object);
}

template <class AnyId>
Result<AnyId> before_of(const http::Request& request) {
  TRY_ASSIGN(const auto before, request.query_parameter("before"));
  if (!before) return AnyId{};
  const auto id = parse_id_as<AnyId>(*before);
  if (!id) return Error(Code::invalid, "before: the `next` of another page is taken");
  return *id;
}

Result<TitleQuery> title_query_of(const http::Request& request) {
  TitleQuery query;
  TRY_ASSIGN(query.count_max, http::limit_of(request, page_count_default, page_count_max));
  TRY_ASSIGN(query.before, before_of<TitleId>(request));
  return query;
}

Result<CommunityQuery> community_query_of(const http::Request& request) {
  CommunityQuery query;
  TRY_ASSIGN(query.count_max, http::limit_of(request, page_count_default, page_count_max));
  TRY_ASSIGN(query.before, before_of<CommunityId>(request));
  TRY_ASSIGN(const auto title, request.query_parameter("title"));
  if (title) {
    query.title = parse_id_as<TitleId>(*title);
    if (!query.title) return Error(Code::invalid, "title: the id of a title is taken");
  }
  TRY_ASSIGN(const auto kind, request.query_parameter("kind"));
  if (kind) {
    TRY_ASSIGN(query.kind, parse_kind(*kind));
  }
  return query;
}

// Rendering.

void write_names(json::Writer& writer, const std::vector<LocalName>& names) {
  writer.key("names").begin_object();
  for (const LocalName& name : names) writer.field(name.language, name.text);
  writer.end_object();
}

void write_community(json::Writer& writer, const Shown& shown) {
  const Community& community = shown.community;
  writer.begin_object().field_id("id", community.id.value);
  if (community.rules.title)
    writer.field_id("title", community.rules.title.value);
  else
    writer.field_null("title");
  writer.field("kind", name_of(community.rules.kind));
  if (shown.owner)
    writer.key("owner")
        .begin_object()
        .field_id("id", shown.owner->id.value)
        .field("handle", shown.owner->handle)
        .field("name", shown.owner->name)
        .field("face", face::to_string(shown.owner->face))
        .end_object();
  else
    writer.field_null("owner");
  write_names(writer, community.names);
  writer.field("description", community.description).key("post_kinds").begin_array();
  for (const std::string_view kind : names_of_post_kinds(community.rules.post_kinds))
    writer.string(kind);
  writer.end_array()
      .field("who_posts", name_of(community.rules.who_posts))
      .field("created_at", to_rfc3339(community.created_unix_ms))
      .end_object();
}

template <class AnyId>
void write_next(json::Writer& writer, AnyId next) {
  if (next)
    writer.field_id("next", next.value);
  else
    writer.field_null("next");
}

Response render(const Title& title) {
  Response response;
  json::Writer writer(response.body);
  write_title(writer, title);
  return response;
}

Response render(const Shown& shown) {
  Response response;
  json::Writer writer(response.body);
  write_community(writer, shown);
  return response;
}

Response render(const TitlePage& page) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("titles").begin_array();
  for (const Title& title : page.titles) write_title(writer, title);
  writer.end_array();
  write_next(writer, page.next);
  writer.end_object();
  return response;
}

Response render(const ShownPage& page) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("communities").begin_array();
  for (const Shown& shown : page.communities) write_community(writer, shown);
  writer.end_array();
  write_next(writer, page.next);
  writer.end_object();
  return response;
}

// The routes of one server. Every handler parses, calls the domain once, and renders.
class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(parts) {}

  void list_titles(const RequestPtr& request, Responder respond) const {
    const auto query = title_query_of(*request);
    if (!query.ok()) return respond.send(http::problem(query.error()));
    read<TitlePage>(request, std::move(respond),
                    [query = query.value()](sql::Connection& connection) {
                      return read_titles(connection, query);
                    });
  }

  void get_title(const RequestPtr& request, Responder respond) const {
    const auto id = parse_id_as<TitleId>(request->path_parameter("title"));
    if (!id) return respond.send(http::problem(no_title()));
    read<Title>(request, std::move(respond),
                [id = *id](sql::Connection& connection) -> Result<Title> {
                  TRY_ASSIGN(TitleRow row, title_of(connection, id));
                  return std::move(row.title);
                });
  }

  void create_title(const RequestPtr& request, Responder respond) const {
    auto wanted = new_title_of(*request);
    if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
    parts_.communities.create_title(
        actor_of(*request), std::move(wanted).value(), retry_of(*request), *request->executor,
        renders_made<Title>(std::move(respond),
                            [](Responder last) { return renders_title(201, std::move(last)); }));
  }

  void change_title(const RequestPtr& request, Responder respond) const {
    const auto id = parse_id_as<TitleId>(request->path_parameter("title"));
    if (!id) return respond.send(http::problem(no_title()));
    auto change = title_change_of(*request);
    if (!change.ok()) return respond.send(http::problem(change.error()));
    parts_.communities.change_title(actor_of(*request), *id, std::move(change).value(),
                                    *request->executor, renders_title(200, std::move(respond)));
  }

  void list_communities(const RequestPtr& request, Responder respond) const {
    const auto query = community_query_of(*request);
    if (!query.ok()) return respond.send(http::problem(query.error()));
    read<ShownPage>(
        request, std::move(respond),
        [this, query = query.value(),
         viewer = request->caller.account](sql::Connection& connection) -> Result<ShownPage> {
          TRY_ASSIGN(CommunityPage page, read_communities(connection, query));
          TRY_ASSIGN(auto shown, shown_to(connection, viewer, std::move(page.communities)));
          return ShownPage{.communities = std::move(shown), .next = page.next};
        });
  }

  void get_community(const RequestPtr& request, Responder respond) const {
    const auto id = parse_id_as<CommunityId>(request->path_parameter("community"));
    if (!id) return respond.send(http::problem(no_community()));
    read<Shown>(request, std::move(respond),
                [this, id = *id,
                 viewer = request->caller.account](sql::Connection& connection) -> Result<Shown> {
                  TRY_ASSIGN(CommunityRow row, community_of(connection, id));
                  std::vector<Community> one;
                  one.push_back(std::move(row.community));
                  TRY_ASSIGN(auto shown, shown_to(connection, viewer, std::move(one)));
                  return std::move(shown.front());
                });
  }

  void create_community(const RequestPtr& request, Responder respond) const {
    auto wanted = new_community_of(*request);
    if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
    parts_.communities.create_community(
        actor_of(*request), std::move(wanted).value(), retry_of(*request), *request->executor,
        renders_made<Community>(std::move(respond), [this, request](Responder last) {
          return renders_community(201, request, std::move(last));
        }));
  }

  void change_community(const RequestPtr& request, Responder respond) const {
    const auto id = parse_id_as<CommunityId>(request->path_parameter("community"));
    if (!id) return respond.send(http::problem(no_community()));
    auto change = community_change_of(*request);
    if (!change.ok()) return respond.send(http::problem(change.error()));
    parts_.communities.change_community(actor_of(*request), *id, std::move(change).value(),
                                        *request->executor,
                                        renders_community(200, request, std::move(respond)));
  }

 private:
  template <class T, class Body>
  void read(const RequestPtr& request, Responder respond, Body body) const {
    sql::read_value<T>(
        parts_.db, *request->executor, std::move(body),
        [request, respond = std::move(respond)](Result<T> result) mutable {
          respond.send(result.ok() ? render(result.value()) : http::problem(result.error()));
        });
  }

  // From memory for those who are active. Nobody is no error: a restore may have taken them back.
  Result<std::optional<account::Account>> owner_of(sql::Connection& connection,
                                                   AccountId id) const {
    if (!id) return std::nullopt;
    if (auto known = parts_.people.find(id)) return known;
    auto row = account::account_of(connection, id);
    if (!row.ok() && row.error().code() == Code::not_found) return std::nullopt;
    TRY(row);
    return std::move(row.value().account);
  }

  // A place outlives a quarrel: across a block it is shown, and whose it is not.
  Result<std::vector<Shown>> shown_to(sql::Connection& connection, AccountId viewer,
                                      std::vector<Community> communities) const {
    std::vector<AccountId> owners;
    for (const Community& community : communities)
      if (community.rules.owner) owners.push_back(community.rules.owner);
    std::unordered_set<AccountId> blocked;
    if (viewer) {
      TRY_ASSIGN(blocked, account::blocked_among(connection, viewer, owners));
    }
    std::vector<Shown> shown;
    for (Community& community : communities) {
      std::optional<account::Account> owner;
      if (!blocked.contains(community.rules.owner)) {
        TRY_ASSIGN(owner, owner_of(connection, community.rules.owner));
      }
      shown.push_back({.community = std::move(community), .owner = std::move(owner)});
    }
    return shown;
  }

  // What is made by this request and what was made by an earlier one look the same. `render` gives
  // the completion that answers with it.
  template <class T, class Render>
  static Completion<Committed<Made<T>>> renders_made(Responder respond, Render render) {
    return [respond = std::move(respond), render](Result<Committed<Made<T>>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      auto& [made, position] = result.value();
      if (made.kind == Made<T>::Kind::key_reused)
        return respond.send(http::problem(422, name_of(Code::invalid),
                                          "this Idempotency-Key was used for another request"));
      render(std::move(respond))(Committed<T>{std::move(made.value), position});
    };
  }

  static void raise_position(Response& response, const Position& position) {
    if (position.offset != 0) response.position.raise(position);
  }

  static Completion<Committed<Title>> renders_title(int status, Responder respond) {
    return [status, respond = std::move(respond)](Result<Committed<Title>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      const auto& [title, position] = result.value();
      Response response = render(title);
      response.status = status;
      raise_position(response, position);
      if (status == 201)
        response.headers.emplace_back("Location", "/v1/titles/" + title.id.to_string());
      respond.send(std::move(response));
    };
  }

  Completion<Committed<Community>> renders_community(int status, const RequestPtr& request,
                                                     Responder respond) const {
    return [this, status, request,
            respond = std::move(respond)](Result<Committed<Community>> result) mutable {
      if (!result.ok()) return respond.send(http::problem(result.error()));
      const AccountId owner = result.value().value.rules.owner;
      auto send = [status, committed = std::move(result).value(),
                   respond = std::move(respond)](std::optional<account::Account> found) mutable {
        Response response = render(Shown{.community = committed.value, .owner = std::move(found)});
        response.status = status;
        raise_position(response, committed.position);
        if (status == 201)
          response.headers.emplace_back("Location",
                                        "/v1/communities/" + committed.value.id.to_string());
        respond.send(std::move(response));
      };
      if (!owner) return send(std::nullopt);
      // What has committed is answered as such, even where the name can't be read just now.
      parts_.people.resolve(
          owner, *request->executor,
          [send = std::move(send)](Result<account::Account> found) mutable {
            send(found.ok() ? std::optional(std::move(found).value()) : std::nullopt);
          });
    };
  }

  RouteParts parts_;
};

}  // namespace

void write_title(json::Writer& writer, const Title& title) {
  writer.begin_object().field_id("id", title.id.value);
  write_names(writer, title.names);
  writer.key("platforms").begin_array();
  for (const std::string& platform : title.platforms) writer.string(platform);
  writer.end_array()
      .field("publisher", title.publisher)
      .field("crest", title.crest)
      .field_id("main_community", title.main_community.value)
      .field("created_at", to_rfc3339(title.created_unix_ms))
      .end_object();
}

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(parts);
  const http::MemberRoutes add(router, "", routes);
  const http::RouteOptions own_json{.cost = Cost::write, .needs_account = true, .json_body = true};

  add(Method::get, "/v1/titles", {}, &Routes::list_titles);
  add(Method::post, "/v1/titles", own_json, &Routes::create_title);
  add(Method::get, "/v1/titles/{title}", {}, &Routes::get_title);
  add(Method::patch, "/v1/titles/{title}", own_json, &Routes::change_title);
  add(Method::get, "/v1/communities", {}, &Routes::list_communities);
  add(Method::post, "/v1/communities", own_json, &Routes::create_community);
  add(Method::get, "/v1/communities/{community}", {}, &Routes::get_community);
  add(Method::patch, "/v1/communities/{community}", own_json, &Routes::change_community);
}

}  // namespace matsuri::community
