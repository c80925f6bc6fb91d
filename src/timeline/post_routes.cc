// One post: written, commented, edited, deleted, read, and its drawing.
#include <memory>
#include <string>

#include "drawing/json.h"
#include "drawing/png.h"
#include "drawing/svg.h"
#include "json/value.h"
#include "json/writer.h"
#include "sql/call.h"
#include "timeline/internal/routing.h"
#include "timeline/query.h"

namespace matsuri::timeline::internal {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

Result<std::uint32_t> feeling_of(std::int64_t number) {
  if (number < 0 || number > feeling_max)
    return Error(Code::invalid, "feeling: a number from 0 to 5 is taken");
  return static_cast<std::uint32_t>(number);
}

// The body of a new post or comment; its drawing is not looked at yet.
Result<NewPost> new_post_of(const http::Request& request) {
  NewPost post{.role = request.caller.role,
               .key = request.idempotency_key,
               .fingerprint = request.fingerprint};
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"text", "drawing", "feeling", "spoiler", "tag", "language"}));
  TRY_ASSIGN(const auto text, object.optional_string("text"));
  post.text = text.value_or("");
  if (const auto drawn = object.find("drawing"); drawn && !drawn->is_null()) {
    TRY_ASSIGN(const json::Object strokes, drawn->object("drawing"));
    TRY_ASSIGN(post.drawing, drawing::from_json(strokes));
  }
  if (post.text.empty() && !post.drawing)
    return Error(Code::invalid, "a text or a drawing is needed");
  TRY_ASSIGN(const auto feeling, object.optional_integer("feeling"));
  TRY_ASSIGN(post.feeling, feeling_of(feeling.value_or(0)));
  TRY_ASSIGN(const auto spoiler, object.optional_boolean("spoiler"));
  post.spoiler = spoiler.value_or(false);
  TRY_ASSIGN(const auto tag, object.optional_string("tag"));
  if (tag && tag->empty()) return Error(Code::invalid, "tag: 1 to 50 code points are taken");
  post.tag = tag.value_or("");
  TRY_ASSIGN(const auto language, object.optional_string("language"));
  if (language && language->empty())
    return Error(Code::invalid, "language: a BCP 47 tag like \"ja\" or \"en-GB\" is taken");
  post.language = language.value_or("");
  return post;
}

// A post on its way through what has to be known before it can be published.
struct Posting {
  PartsPtr parts;
  RequestPtr request;
  Responder respond;
  NewPost wanted;
  PostId parent;

  void refuse(const Error& error) { respond.send(http::problem(error)); }
};
using PostingPtr = std::shared_ptr<Posting>;

Response render(const Published& published) {
  if (published.kind == Published::Kind::key_reused)
    return http::problem(422, name_of(Code::invalid),
                         "this Idempotency-Key was used for another request");
  Response response{.status = 201};
  json::Writer writer(response.body);
  writer.begin_object();
  write_post_fields(writer, published.post, {.mine = true});
  writer.field("durability", "local");
  if (published.position.offset != 0) {
    writer.field("position", published.position.to_string());
    response.position.raise(published.position);
  }
  writer.end_object();
  response.headers.emplace_back("Location", "/v1/posts/" + published.post.id.to_string());
  return response;
}

void publish(const PostingPtr& posting) {
  posting->parts->timeline.publish(std::move(posting->wanted), *posting->request->executor,
                                   [posting](const Result<Published>& published) {
                                     if (!published.ok()) return posting->refuse(published.error());
                                     posting->respond.send(render(published.value()));
                                   });
}

// What a comment is on has to be there, and visible to who comments.
void find_parent(const PostingPtr& posting) {
  if (!posting->parent) return publish(posting);
  sql::read_value<Post>(
      posting->parts->db, *posting->request->executor,
      [posting](sql::Connection& connection) {
        return read_post(connection, posting->parent, posting->request->caller.account);
      },
      [posting](Result<Post> parent) {
        if (!parent.ok()) return posting->refuse(parent.error());
        posting->wanted.parent = std::move(parent).value();
        publish(posting);
      });
}

void find_author(const PostingPtr& posting) {
  posting->parts->directory.resolve(
      posting->request->caller.account, *posting->request->executor,
      [posting](Result<account::Account> author) {
        if (!author.ok()) {
          // The credential is of a time that a restore took back.
          const bool is_gone = author.error().code() == Code::not_found;
          return posting->refuse(
              is_gone ? Error(Code::unauthenticated, "your account is not here any more")
                      : author.error());
        }
        posting->wanted.author = {.id = author.value().id,
                                  .handle = std::move(author.value().handle),
                                  .name = std::move(author.value().name),
                                  .face = author.value().face.bits};
        find_parent(posting);
      });
}

void begin(const PostingPtr& posting) {
  if (!posting->wanted.drawing) return find_author(posting);
  const Result<void> queued = posting->parts->drawers.submit([posting] {
    auto cleaned = drawing::clean(std::move(*posting->wanted.drawing));
    posting->request->executor->post([posting, cleaned = std::move(cleaned)]() mutable {
      if (!cleaned.ok())
        return posting->refuse(
            Error(cleaned.error().code(), "drawing: " + cleaned.error().message()));
      posting->wanted.drawing = std::move(cleaned).value();
      find_author(posting);
    });
  });
  if (!queued.ok()) posting->refuse(queued.error());
}

// POST /v1/communities/{community}/posts
//
// 201 with the post, once its record is durable. Errors: invalid, denied (the community does not
// take it), not_found (community), conflict (duplicate, or key in flight), 422 (key reused), busy.
void create_post(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto community = community_of(*parts, *request);
  if (!community.ok()) return respond.send(http::problem(community.error()));
  auto wanted = new_post_of(*request);
  if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
  wanted.value().community = community.value();
  begin(std::make_shared<Posting>(
      Posting{parts, request, std::move(respond), std::move(wanted).value(), PostId{}}));
}

// POST /v1/posts/{post}/comments: as create_post(). Errors: not_found (the post is not there, or
// the caller may not know of it).
void create_comment(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto parent = post_of(*request);
  if (!parent.ok()) return respond.send(http::problem(parent.error()));
  auto wanted = new_post_of(*request);
  if (!wanted.ok()) return respond.send(http::problem(wanted.error()));
  begin(std::make_shared<Posting>(
      Posting{parts, request, std::move(respond), std::move(wanted).value(), parent.value()}));
}

// Reads the post of the path as the caller sees it; answers what goes wrong.
template <class Use>
void with_post(const PartsPtr& parts, const RequestPtr& request, Responder respond, Use use) {
  const auto id = post_of(*request);
  if (!id.ok()) return respond.send(http::problem(id.error()));
  sql::read_value<Post>(
      parts->db, *request->executor,
      [id = id.value(), viewer = request->caller.account](sql::Connection& connection) {
        return read_post(connection, id, viewer);
      },
      [respond = std::move(respond), use = std::move(use)](Result<Post> post) mutable {
        if (!post.ok()) return respond.send(http::problem(post.error()));
        use(std::move(post).value(), std::move(respond));
      });
}

Result<PostChange> change_of(const http::Request& request) {
  PostChange change;
  TRY_ASSIGN(const json::Document document, json::Document::parse(request.body));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"text", "feeling", "spoiler", "tag"}));
  TRY_ASSIGN(change.text, object.optional_string("text"));
  TRY_ASSIGN(const auto feeling, object.optional_integer("feeling"));
  if (feeling) {
    TRY_ASSIGN(change.feeling, feeling_of(*feeling));
  }
  TRY_ASSIGN(change.spoiler, object.optional_boolean("spoiler"));
  TRY_ASSIGN(change.tag, object.optional_string("tag"));
  if (change.tag && change.tag->empty())
    return Error(Code::invalid, "tag: 1 to 50 code points are taken, or null for none");
  if (const auto tag = object.find("tag"); tag && tag->is_null()) change.tag = "";
  if (!change.text && !change.feeling && !change.spoiler && !change.tag)
    return Error(Code::invalid, "one of text, feeling, spoiler and tag is needed");
  return change;
}

// PATCH /v1/posts/{post}
//
// 200 with the post as it is then. Errors: invalid, denied (somebody else's, too old), not_found.
void edit_post(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  auto change = change_of(*request);
  if (!change.ok()) return respond.send(http::problem(change.error()));
  with_post(parts, request, std::move(respond),
            [parts, request, change = std::move(change).value()](Post post, Responder to) {
              parts->timeline.edit(std::move(post), change, request->caller.account,
                                   *request->executor,
                                   [to = std::move(to)](Result<Edited> edited) mutable {
                                     if (!edited.ok())
                                       return to.send(http::problem(edited.error()));
                                     Response response;
                                     json::Writer writer(response.body);
                                     writer.begin_object();
                                     write_post_fields(writer, edited.value().post, {.mine = true});
                                     writer.field("durability", "local")
                                         .field("position", edited.value().position.to_string())
                                         .end_object();
                                     response.position.raise(edited.value().position);
                                     to.send(std::move(response));
                                   });
            });
}

// DELETE /v1/posts/{post}. Errors: denied (somebody else's), not_found.
void delete_post(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  with_post(parts, request, std::move(respond), [parts, request](const Post& post, Responder to) {
    parts->timeline.remove(post, request->caller.account, *request->executor,
                           [to = std::move(to), id = post.id](Result<Position> position) mutable {
                             if (!position.ok()) return to.send(http::problem(position.error()));
                             Response response;
                             json::Writer writer(response.body);
                             writer.begin_object()
                                 .field_id("post", id.value)
                                 .field("durability", "local")
                                 .field("position", position.value().to_string())
                                 .end_object();
                             response.position.raise(position.value());
                             to.send(std::move(response));
                           });
  });
}

void get_post(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto id = post_of(*request);
  if (!id.ok()) return respond.send(http::problem(id.error()));
  read_and_use<std::vector<RowPtr>>(
      parts, request, std::move(respond),
      [parts, id = id.value(), viewer = request->caller.account](const Home::Access& access) {
        return parts->home.read_posts(access, {&id, 1}, viewer);
      },
      [parts, request](std::vector<RowPtr> posts, Responder respond_to) {
        if (posts.empty())
          return respond_to.send(http::problem(Error(Code::not_found, "there is no such post")));
        const RowPtr row = std::move(posts.front());
        std::vector<PostId> felt;
        if (row->post.empathy_count > 0) felt.push_back(row->post.id);
        find_marks(parts, request, std::move(felt),
                   [row, to = std::move(respond_to)](Result<Marks> marks) mutable {
                     if (!marks.ok()) return to.send(http::problem(marks.error()));
                     Response response;
                     append_row(response.body, *row, marks.value().reader_of(row->post));
                     to.send(std::move(response));
                   });
      });
}

enum class Form : std::uint8_t { strokes, svg, png };

// A drawing may be kept by whoever carries it, for ten minutes: what is deleted or hidden goes.
template <Form form>
void get_drawing(const PartsPtr& parts, const RequestPtr& request, Responder respond) {
  const auto id = post_of(*request);
  if (!id.ok()) return respond.send(http::problem(id.error()));
  sql::read_value<std::string>(
      parts->db, *request->executor,
      [id = id.value(),
       viewer = request->caller.account](sql::Connection& connection) -> Result<std::string> {
        TRY_ASSIGN(const std::string stored, read_drawing(connection, id, viewer));
        TRY_ASSIGN(const drawing::Drawing drawn, drawing::decode(as_bytes(stored)));
        if constexpr (form == Form::svg) return drawing::to_svg(drawn);
        if constexpr (form == Form::png) return drawing::to_png(drawing::rasterise(drawn));
        std::string text;
        json::Writer writer(text);
        drawing::write_json(writer, drawn);
        return text;
      },
      [respond = std::move(respond)](Result<std::string> body) mutable {
        if (!body.ok()) return respond.send(http::problem(body.error()));
        Response response{.body = std::move(body).value()};
        if constexpr (form == Form::svg) response.content_type = "image/svg+xml";
        if constexpr (form == Form::png) response.content_type = "image/png";
        response.headers.emplace_back("Cache-Control", "public, max-age=600");
        respond.send(std::move(response));
      });
}

}  // namespace

void add_post_routes(http::Router& router, const PartsPtr& parts) {
  // Posting waits too: somebody who has just signed up is known to the timeline by then.
  const http::RouteOptions posting{.cost = Cost::write,
                                   .body_size_max = post_body_size_max,
                                   .needs_account = true,
                                   .json_body = true,
                                   .waits_for_position = true};
  add_route(router, parts, Method::post, "/v1/communities/{community}/posts", posting, create_post);
  add_route(router, parts, Method::post, "/v1/posts/{post}/comments", posting, create_comment);
  add_route(
      router, parts, Method::patch, "/v1/posts/{post}",
      {.cost = Cost::write, .needs_account = true, .json_body = true, .waits_for_position = true},
      edit_post);
  add_route(router, parts, Method::del, "/v1/posts/{post}",
            {.cost = Cost::write, .needs_account = true, .waits_for_position = true}, delete_post);
  const http::RouteOptions reading{.waits_for_position = true};
  add_route(router, parts, Method::get, "/v1/posts/{post}", reading, get_post);
  add_route(router, parts, Method::get, "/v1/posts/{post}/drawing", reading,
            get_drawing<Form::strokes>);
  add_route(router, parts, Method::get, "/v1/posts/{post}/drawing.svg", reading,
            get_drawing<Form::svg>);
  add_route(router, parts, Method::get, "/v1/posts/{post}/drawing.png", reading,
            get_drawing<Form::png>);
}

}  // namespace matsuri::timeline::internal
