// Lists of posts: feeds, comments, profiles.
#include <charconv>
#include <optional>
#include <string>

#include "base/time.h"
#include "json/writer.h"
#include "sql/call.h"
#include "timeline/internal/routing.h"
#include "timeline/query.h"

namespace matsuri::timeline::internal {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

Result<CommunityId> community_of(const Parts& parts, const http::Request& request) {
  const auto community = parse_id_as<CommunityId>(request.path_parameter("community"));
  if (!community || !parts.rules.find(*community))
    return Error(Code::not_found, "there is no such community");
  return *community;
}

Result<PostId> post_of(const http::Request& request) {
  const auto id = parse_id_as<PostId>(request.path_parameter("post"));
  if (!id) return Error(Code::not_found, "there is no such post");
  return *id;
}

Result<std::size_t> limit_of(const http::Request& request, const Limit& limit) {
  TRY_ASSIGN(const auto text, request.query_parameter("limit"));
  if (!text) return limit.standard;
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc() || end != text->data() + text->size() || count < 1 || count > limit.max)
    return Error(Code::invalid,
                 "limit: a number from 1 to " + std::to_string(limit.max) + " is taken");
  return count;
}

Result<PostId> place_of(const http::Request& request, std::string_view name) {
  TRY_ASSIGN(const auto place, request.query_parameter(name));
  if (!place) return PostId{};
  const auto id = parse_id_as<PostId>(*place);
  if (!id) return Error(Code::invalid, std::string(name) + ": the `next` of another page is taken");
  return *id;
}

Reader Shown::reader_of(const Post& post) const {
  return {.empathized = empathized.contains(post.id), .mine = viewer && post.author.id == viewer};
}

void show(const PartsPtr& parts, const RequestPtr& request, std::vector<Post> posts,
          std::move_only_function<void(Result<Shown>)> done) {
  Shown shown{.posts = std::move(posts), .viewer = request->caller.account, .empathized = {}};
  if (!shown.viewer || shown.posts.empty() || parts->empathies == nullptr)
    return done(std::move(shown));
  std::vector<PostId> ids;
  for (const Post& post : shown.posts)
    if (post.empathy_count > 0) ids.push_back(post.id);
  if (ids.empty()) return done(std::move(shown));
  const AccountId viewer = shown.viewer;
  parts->empathies->find(
      viewer, std::move(ids), *request->executor,
      [shown = std::move(shown), done = std::move(done)](Result<std::vector<PostId>> felt) mutable {
        if (!felt.ok()) return done(felt.error());
        shown.empathized.insert(felt.value().begin(), felt.value().end());
        done(std::move(shown));
      });
}

namespace {

// "2026-11-21"
std::string date_of(std::int64_t day) { return to_rfc3339(day * 24 * 3600 * 1000).substr(0, 10); }

void write_days(json::Writer& writer, const RankedDays& days) {
  writer.field("day", date_of(days.day));
  const auto write = [&](std::string_view name, const std::optional<std::int64_t>& day) {
    if (day)
      writer.field(name, date_of(*day));
    else
      writer.field_null(name);
  };
  write("day_before", days.before);
  write("day_after", days.after);
}

}  // namespace

void send_page(const PartsPtr& parts, const RequestPtr& request, std::vector<Post> posts,
               std::string next, Responder respond, const std::optional<RankedDays>& days) {
  show(parts, request, std::move(posts),
       [next = std::move(next), days, respond = std::move(respond)](Result<Shown> shown) mutable {
         if (!shown.ok()) return respond.send(http::problem(shown.error()));
         Response response;
         json::Writer writer(response.body);
         writer.begin_object().key("posts").begin_array();
         for (const Post& post : shown.value().posts)
           write_post(writer, post, shown.value().reader_of(post));
         writer.end_array();
         if (next.empty())
           writer.field_null("next");
         else
           writer.field("next", next);
         if (days) write_days(writer, *days);
         writer.end_object();
         respond.send(std::move(response));
       });
}

namespace {

// Reads a page on a reader's thread, and sends it.
template <class Read>
void read_and_send(const PartsPtr& parts, const RequestPtr& request, Responder respond, Read read) {
  sql::read_value<FeedPage>(
      parts->db, *request->executor, std::move(read),
      [parts, request, respond = std::move(respond)](Result<FeedPage> page) mutable {
        if (!page.ok()) return respond.send(http::problem(page.error()));
        FeedPage& got = page.value();
        send_page(parts, request, std::move(got.posts), got.next ? got.next.to_string() : "",
                  std::move(respond));
      });
}

enum class Sort : std::uint8_t { newest, hot, popular };

Result<Sort> sort_of(const http::Request& request) {
  TRY_ASSIGN(const auto sort, request.query_parameter("sort"));
  if (!sort || *sort == "new") return Sort::newest;
  if (*sort == "hot") return Sort::hot;
  if (*sort == "popular") return Sort::popular;
  return Error(Code::invalid, "sort: new, hot or popular is taken");
}

// "2026-11-21", as Unix days.
Result<std::optional<std::int64_t>> day_parameter(const http::Request& request, Sort sort) {
  TRY_ASSIGN(const auto text, request.query_parameter("day"));
  if (!text) return std::optional<std::int64_t>();
  const auto unix_ms =
      text->size() == 10 ? parse_rfc3339(*text + "T00:00:00Z") : std::optional<std::int64_t>();
  if (!unix_ms || *unix_ms < 0)
    return Error(Code::invalid, "day: a date like 2026-11-21 is taken, from 1970 on");
  if (sort != Sort::popular) return Error(Code::invalid, "day: only with sort=popular");
  return std::optional(day_of(*unix_ms));
}

void list_ranked(const PartsPtr& parts, const RequestPtr& request, RankedQuery query,
                 Responder respond) {
  sql::read_value<RankedPage>(
      parts->db, *request->executor,
      [parts, query = std::move(query)](sql::Connection& connection) {
        return parts->rankings.read(connection, query);
      },
      [parts, request, respond = std::move(respond)](Result<RankedPage> page) mutable {
        if (!page.ok()) return respond.send(http::problem(page.error()));
        RankedPage& got = page.value();
        send_page(parts, request, std::move(got.posts), std::move(got.next), std::move(respond),
                  got.days);
      });
}

// GET /v1/communities/{community}/posts
//
// The newest first, or the hottest, or the most popular of a day. Errors: invalid, not_found
// (community), conflict (a page of hot or popular ones that is not kept any more).
void list_posts(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto ranked = [&]() -> Result<std::optional<RankedQuery>> {
    TRY_ASSIGN(const CommunityId community, community_of(*parts, *request));
    TRY_ASSIGN(const std::size_t count_max, limit_of(*request));
    TRY_ASSIGN(const Sort sort, sort_of(*request));
    TRY_ASSIGN(const auto day, day_parameter(*request, sort));
    if (sort == Sort::newest) return std::optional<RankedQuery>();
    TRY_ASSIGN(const auto cursor, request->query_parameter("before"));
    if (cursor && cursor->empty())
      return Error(Code::invalid, "before: the `next` of another page is taken");
    return std::optional(RankedQuery{.community = community,
                                     .ranked = sort == Sort::hot ? Ranked::hot : Ranked::popular,
                                     .day = day,
                                     .viewer = request->caller.account,
                                     .cursor = cursor.value_or(""),
                                     .count_max = count_max});
  }();
  if (!ranked.ok()) return respond.send(http::problem(ranked.error()));
  if (ranked.value()) return list_ranked(parts, request, *ranked.value(), std::move(respond));

  const auto query = [&]() -> Result<FeedQuery> {
    FeedQuery wanted{.viewer = request->caller.account};
    TRY_ASSIGN(wanted.community, community_of(*parts, *request));
    TRY_ASSIGN(wanted.count_max, limit_of(*request));
    TRY_ASSIGN(wanted.before, place_of(*request, "before"));
    return wanted;
  }();
  if (!query.ok()) return respond.send(http::problem(query.error()));
  read_and_send(parts, request, std::move(respond),
                [query = query.value()](sql::Connection& connection) {
                  return read_feed(connection, query);
                });
}

// GET /v1/posts/{post}/comments, the oldest first. Errors: invalid, not_found (post).
void list_comments(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto query = [&]() -> Result<CommentQuery> {
    CommentQuery wanted{.viewer = request->caller.account};
    TRY_ASSIGN(wanted.post, post_of(*request));
    TRY_ASSIGN(wanted.count_max, limit_of(*request));
    TRY_ASSIGN(wanted.after, place_of(*request, "after"));
    return wanted;
  }();
  if (!query.ok()) return respond.send(http::problem(query.error()));
  read_and_send(parts, request, std::move(respond),
                [query = query.value()](sql::Connection& connection) {
                  return read_comments(connection, query);
                });
}

// GET /v1/accounts/{handle}/posts, the newest first. Errors: invalid, not_found (handle).
void list_profile(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto query = [&]() -> Result<ProfileQuery> {
    ProfileQuery wanted{.handle = std::string(request->path_parameter("handle")),
                        .viewer = request->caller.account};
    TRY_ASSIGN(wanted.count_max, limit_of(*request));
    TRY_ASSIGN(wanted.before, place_of(*request, "before"));
    TRY_ASSIGN(const auto kind, request->query_parameter("kind"));
    if (kind && *kind != "all" && *kind != "drawing")
      return Error(Code::invalid, "kind: all or drawing is taken");
    wanted.drawings_only = kind == "drawing";
    return wanted;
  }();
  if (!query.ok()) return respond.send(http::problem(query.error()));
  read_and_send(parts, request, std::move(respond),
                [query = query.value()](sql::Connection& connection) {
                  return read_profile(connection, query);
                });
}

}  // namespace

void add_feed_routes(http::Router& router, const PartsPtr& parts) {
  const http::RouteOptions options{.waits_for_position = true};
  add_route(router, parts, Method::get, "/v1/communities/{community}/posts", options, list_posts);
  add_route(router, parts, Method::get, "/v1/posts/{post}/comments", options, list_comments);
  add_route(router, parts, Method::get, "/v1/accounts/{handle}/posts", options, list_profile);
}

}  // namespace matsuri::timeline::internal
