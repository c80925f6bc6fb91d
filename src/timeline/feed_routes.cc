// Lists of posts: feeds, comments, profiles.
#include <optional>
#include <string>

#include "base/time.h"
#include "http/page.h"
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
  return http::limit_of(request, limit.standard, limit.max);
}

Result<PostId> place_of(const http::Request& request, std::string_view name) {
  TRY_ASSIGN(const auto place, request.query_parameter(name));
  if (!place) return PostId{};
  const auto id = parse_id_as<PostId>(*place);
  if (!id) return Error(Code::invalid, std::string(name) + ": the `next` of another page is taken");
  return *id;
}

Reader Marks::reader_of(const Post& post) const {
  return {.empathized = empathized.contains(post.id), .mine = viewer && post.author.id == viewer};
}

void find_marks(const PartsPtr& parts, const RequestPtr& request, std::vector<PostId> posts,
                std::move_only_function<void(Result<Marks>)> done) {
  Marks marks{.viewer = request->caller.account, .empathized = {}};
  if (!marks.viewer || posts.empty() || parts->empathies == nullptr) return done(std::move(marks));
  const AccountId viewer = marks.viewer;
  parts->empathies->find(
      viewer, std::move(posts), *request->executor,
      [marks = std::move(marks), done = std::move(done)](Result<std::vector<PostId>> felt) mutable {
        if (!felt.ok()) return done(felt.error());
        marks.empathized.insert(felt.value().begin(), felt.value().end());
        done(std::move(marks));
      });
}

namespace {

// "2026-11-21"
std::string date_of(std::int64_t day) { return to_rfc3339(day * 24 * 3600 * 1000).substr(0, 10); }

void append_days(std::string& body, const RankedDays& days) {
  const auto append = [&](std::string_view name, const std::optional<std::int64_t>& day) {
    body.append(",\"").append(name).append("\":");
    body += day ? '"' + date_of(*day) + '"' : "null";
  };
  append("day", days.day);
  append("day_before", days.before);
  append("day_after", days.after);
}

}  // namespace

void send_page(const PartsPtr& parts, const RequestPtr& request, std::vector<RowPtr> posts,
               const std::string& next, Responder respond, const std::optional<RankedDays>& days) {
  std::vector<PostId> felt;
  for (const RowPtr& row : posts)
    if (row->post.empathy_count > 0) felt.push_back(row->post.id);
  find_marks(parts, request, std::move(felt),
             [posts = std::move(posts), next, days,
              respond = std::move(respond)](Result<Marks> marks) mutable {
               if (!marks.ok()) return respond.send(http::problem(marks.error()));
               constexpr std::size_t around = 64;  // a post's own end, or that of the page
               std::size_t size = around;
               for (const RowPtr& row : posts) size += row->rendered.size() + around;
               Response response;
               std::string& body = response.body;
               body.reserve(size);
               body = R"({"posts":[)";
               for (const RowPtr& row : posts) {
                 if (row != posts.front()) body += ',';
                 append_row(body, *row, marks.value().reader_of(row->post));
               }
               body += R"(],"next":)";
               body += next.empty() ? "null" : '"' + next + '"';
               if (days) append_days(body, *days);
               body += '}';
               respond.send(std::move(response));
             });
}

namespace {

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

// GET /v1/communities/{community}/posts
//
// The newest first, or the hottest, or the most popular of a day. Errors: invalid, not_found
// (community), conflict (a page of hot or popular ones that is not kept any more).
void list_posts(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  auto ranked = [&]() -> Result<std::optional<RankedQuery>> {
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
  if (ranked.value())
    return read_and_send<RankedPage>(
        parts, request, std::move(respond),
        [parts, query = std::move(*ranked.value())](const Home::Access& access) {
          return parts->rankings.read(access, query);
        });

  const auto query = [&]() -> Result<HomeQuery> {
    HomeQuery wanted{.viewer = request->caller.account};
    TRY_ASSIGN(const CommunityId community, community_of(*parts, *request));
    wanted.source = Source::of(community);
    TRY_ASSIGN(wanted.count_max, limit_of(*request));
    TRY_ASSIGN(wanted.before, place_of(*request, "before"));
    return wanted;
  }();
  if (!query.ok()) return respond.send(http::problem(query.error()));
  read_and_send<FeedPage>(parts, request, std::move(respond),
                          [parts, query = query.value()](const Home::Access& access) {
                            return parts->home.read(access, query);
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
  read_and_send<FeedPage>(parts, request, std::move(respond),
                          [parts, query = query.value()](const Home::Access& access) {
                            return read_comments(parts->home, access, query);
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
  read_and_send<FeedPage>(parts, request, std::move(respond),
                          [parts, query = query.value()](const Home::Access& access) {
                            return read_profile(parts->home, access, query);
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
