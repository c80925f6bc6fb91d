#include "support/routes.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "account/staff.h"
#include "base/log.h"
#include "base/time.h"
#include "face/face.h"
#include "http/page.h"
#include "json/writer.h"
#include "sql/call.h"
#include "support/query.h"
#include "timeline/query.h"

namespace matsuri::support {
namespace {

using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::size_t post_count_default = 50;
constexpr std::size_t post_count_max = 100;

void write_text_or_null(json::Writer& writer, std::string_view name, std::string_view text) {
  if (text.empty())
    writer.field_null(name);
  else
    writer.field(name, text);
}

void write_account(json::Writer& writer, const account::Account& account) {
  writer.begin_object()
      .field_id("id", account.id.value)
      .field("handle", account.handle)
      .field("name", account.name)
      .field("role", account::name_of(account.role))
      .field("created_at", to_rfc3339(account.created_unix_ms))
      .field("bio", account.bio)
      .field("face", face::to_string(account.face))
      .end_object();
}

void write_sessions(json::Writer& writer, const std::vector<account::Session>& sessions) {
  writer.begin_array();
  for (const account::Session& session : sessions)
    writer.begin_object()
        .field("created_at", to_rfc3339(session.created_unix_ms))
        .field("last_seen_at", to_rfc3339(session.seen_unix_ms))
        .field("user_agent", session.user_agent)
        .end_object();
  writer.end_array();
}

void write_written(json::Writer& writer, const timeline::Written& written) {
  const timeline::Post& post = written.post;
  writer.begin_object().field_id("id", post.id.value).field_id("community", post.community.value);
  if (post.parent)
    writer.field_id("parent", post.parent.value);
  else
    writer.field_null("parent");
  writer.field("text", post.text).field("drawn", post.drawn).field("spoiler", post.spoiler);
  write_text_or_null(writer, "tag", post.tag);
  write_text_or_null(writer, "language", post.language);
  writer.field("created_at", to_rfc3339(post.created_unix_ms));
  write_text_or_null(writer, "edited_at",
                     post.edited_unix_ms == 0 ? "" : to_rfc3339(post.edited_unix_ms));
  writer.field("deleted", written.deleted).end_object();
}

Response render(const timeline::WrittenPage& page) {
  Response response{.headers = {{"Cache-Control", "no-store"}}};
  json::Writer writer(response.body);
  writer.begin_object().key("posts").begin_array();
  for (const timeline::Written& written : page.posts) write_written(writer, written);
  writer.end_array();
  if (page.next)
    writer.field_id("next", page.next.value);
  else
    writer.field_null("next");
  writer.end_object();
  return response;
}

// What the answer about a player is made of, while the logs of all shards are asked at once. Only
// the request's own I/O thread touches it.
struct Looking {
  RequestPtr request;
  Responder respond;
  Player player;
  Touched touched;
  std::size_t waits_for = 0;
  bool has_failed = false;  // a log could not be read
};

class Routes {
 public:
  explicit Routes(RouteParts parts) : parts_(std::move(parts)) {}

  // GET /v1/support/players/{player}
  void get_player(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = account::check_support(request->caller.role); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    sql::read_value<Player>(
        parts_.main, *request->executor,
        [who = std::string(request->path_parameter("player")), now_ms = parts_.clock.unix_ms()](
            sql::Connection& connection) { return read_player(connection, who, now_ms); },
        [this, request, respond = std::move(respond)](Result<Player> player) mutable {
          if (!player.ok()) return respond.send(http::problem(player.error()));
          account::log_look(request->caller.account, player->account.id, "account");
          ask_logs(std::make_shared<Looking>(
              Looking{request, std::move(respond), std::move(player).value(), {}}));
        });
  }

  // GET /v1/support/players/{player}/posts
  void list_posts(const RequestPtr& request, Responder respond) const {
    if (const auto allowed = account::check_support(request->caller.role); !allowed.ok())
      return respond.send(http::problem(allowed.error()));
    const auto page = http::page_of(*request, post_count_default, post_count_max);
    if (!page.ok()) return respond.send(http::problem(page.error()));
    const auto player = parse_id_as<AccountId>(request->path_parameter("player"));
    if (!player)
      return respond.send(http::problem(Error(Code::not_found, "there is no such account")));
    account::log_look(request->caller.account, *player, "posts");
    const timeline::WrittenQuery query{
        .author = *player, .before = PostId{page->before}, .count_max = page->count_max};
    sql::read_value<timeline::WrittenPage>(
        parts_.timeline, *request->executor,
        [query](sql::Connection& connection) { return timeline::read_written(connection, query); },
        [request, respond = std::move(respond)](Result<timeline::WrittenPage> found) mutable {
          respond.send(found.ok() ? render(*found) : http::problem(found.error()));
        });
  }

 private:
  void ask_logs(const std::shared_ptr<Looking>& looking) const {
    looking->waits_for = parts_.logs.shards.size();
    if (looking->waits_for == 0) return answer(*looking);
    for (sql::Db* log : parts_.logs.shards)
      sql::read_value<Touched>(
          *log, *looking->request->executor,
          [account = looking->player.account.id](sql::Connection& connection) {
            return read_touched(connection, account);
          },
          [this, looking](Result<Touched> of_shard) {
            if (of_shard.ok()) {
              looking->touched.add(*of_shard);
            } else {
              log::warn("support", "a log can't be read",
                        {{"error", of_shard.error().to_string()}});
              looking->has_failed = true;
            }
            if (--looking->waits_for == 0) answer(*looking);
          });
  }

  void answer(Looking& looking) const {
    Response response{.headers = {{"Cache-Control", "no-store"}}};
    json::Writer writer(response.body);
    writer.begin_object().key("account");
    write_account(writer, looking.player.account);
    writer.field("has_password", looking.player.has_password).key("sessions");
    write_sessions(writer, looking.player.sessions);
    if (looking.has_failed)
      writer.field_null("titles");
    else
      write_titles(writer, looking.touched.titles);
    writer.field("titles_whole", looking.touched.is_whole && !looking.has_failed).end_object();
    looking.respond.send(std::move(response));
  }

  // The newest title first.
  void write_titles(json::Writer& writer, std::vector<TitleId>& titles) const {
    std::ranges::sort(titles, std::ranges::greater());
    writer.key("titles").begin_array();
    for (const TitleId title : titles) {
      writer.begin_object().field_id("id", title.value);
      if (const auto shown = parts_.title_json(title))
        writer.key("title").raw(*shown);
      else
        writer.field_null("title");
      writer.end_object();
    }
    writer.end_array();
  }

  RouteParts parts_;
};

}  // namespace

void add_routes(http::Router& router, RouteParts parts) {
  const auto routes = std::make_shared<const Routes>(std::move(parts));
  const http::MemberRoutes add(router, "/v1/support/players/{player}", routes);
  const http::RouteOptions staff{.cost = http::Cost::read, .needs_account = true};
  add(http::Method::get, "", staff, &Routes::get_player);
  add(http::Method::get, "/posts", staff, &Routes::list_posts);
}

}  // namespace matsuri::support
