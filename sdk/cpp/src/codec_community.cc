// People, communities and posts as JSON.
#include <utility>

#include "codec.h"
#include "json.h"

namespace matsuri {
namespace {

Error unreadable(const char* what) {
  return Error{Code::corrupt, std::string("the answer is no ") + what, 0, 0};
}

Code code_of(const std::string& name, int status) {
  for (const Code code :
       {Code::invalid, Code::denied, Code::not_found, Code::conflict, Code::exhausted, Code::busy,
        Code::io, Code::corrupt, Code::unauthenticated})
    if (name == name_of(code)) return code;
  if (status == 401) return Code::unauthenticated;
  if (status == 403) return Code::denied;
  if (status == 404) return Code::not_found;
  if (status == 409) return Code::conflict;
  if (status == 429) return Code::exhausted;
  return status >= 500 ? Code::busy : Code::invalid;
}

Author read_author(Reader& from) {
  return Author{from.text("id"), from.text("handle"), from.text("name"), from.text("face")};
}

std::optional<Author> read_author(const Json& json) {
  Reader from(json);
  Author author = read_author(from);
  if (!from.ok()) return std::nullopt;
  return author;
}

std::optional<Post> read_post(const Json& json) {
  Reader from(json);
  Post post;
  post.id = from.text("id");
  post.community = from.text("community");
  post.parent = from.text_if("parent");
  const std::optional<Author> author = read_author(from.object("author"));
  post.text = from.text("text");
  post.has_drawing = from.has("drawing");
  post.feeling = static_cast<int>(from.number("feeling"));
  post.spoiler = from.flag("spoiler");
  post.tag = from.text_if("tag");
  post.language = from.text_if("language");
  post.created_at = from.text("created_at");
  post.comment_count = from.number("comment_count");
  post.empathy_count = from.number("empathy_count");
  post.empathized = from.flag("empathized");
  post.mine = from.flag("mine");
  post.position = from.text_if("position");
  if (!from.ok() || !author) return std::nullopt;
  post.author = *author;
  return post;
}

std::map<std::string, std::string> read_names(const Json& json) {
  std::map<std::string, std::string> names;
  for (const auto& [language, name] : json.items())
    if (name.is_string()) names[language] = name.get_ref<const std::string&>();
  return names;
}

Json to_json(const Drawing& drawing) {
  Json strokes = Json::array();
  for (const Stroke& stroke : drawing.strokes) {
    Json one{{"pen", stroke.pen}, {"points", stroke.points}};
    if (stroke.eraser) one["eraser"] = true;
    strokes.push_back(std::move(one));
  }
  return Json{{"strokes", std::move(strokes)}};
}

std::optional<Stroke> read_stroke(const Json& json) {
  Reader from(json);
  Stroke stroke;
  stroke.pen = static_cast<int>(from.number("pen"));
  stroke.eraser = from.flag_if("eraser");
  for (const Json& point : from.array("points")) {
    if (!Reader::is_number(point)) return std::nullopt;
    stroke.points.push_back(static_cast<int>(Reader::to_number(point)));
  }
  if (!from.ok()) return std::nullopt;
  return stroke;
}

}  // namespace

Error parse_problem(int status, const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  const std::string code = from.text_if("code");
  std::string detail = from.text_if("detail");
  if (detail.empty()) detail = "the server answered " + std::to_string(status);
  return Error{code_of(code, status), std::move(detail), status, 0};
}

std::string to_body(const NewAccount& account) {
  return write_json(
      Json{{"handle", account.handle}, {"name", account.name}, {"password", account.password}});
}

std::string to_body(const Credentials& credentials) {
  return write_json(Json{{"handle", credentials.handle}, {"password", credentials.password}});
}

std::string to_body(const NewPost& post) {
  Json json = Json::object();
  if (!post.text.empty() || !post.drawing) json["text"] = post.text;
  if (post.drawing) json["drawing"] = to_json(*post.drawing);
  if (post.feeling != 0) json["feeling"] = post.feeling;
  if (post.spoiler) json["spoiler"] = true;
  if (!post.tag.empty()) json["tag"] = post.tag;
  if (!post.language.empty()) json["language"] = post.language;
  return write_json(json);
}

std::string label_body(const std::string& label) { return write_json(Json{{"label", label}}); }

Result<Account> parse_account(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  Account account{from.text("id"), from.text("handle"), from.text("name"), from.text("role"),
                  from.text("face")};
  if (!from.ok()) return unreadable("account");
  return account;
}

Result<std::string> parse_token(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  std::string token = from.text("token");
  if (!from.ok()) return unreadable("token");
  return token;
}

Result<Title> parse_title(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  Title title{from.text("id"), read_names(from.object("names")), from.text("main_community")};
  if (!from.ok()) return unreadable("title");
  return title;
}

Result<CommunityPage> parse_communities(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  CommunityPage page;
  for (const Json& one : from.array("communities")) {
    Reader community(one);
    page.communities.push_back(Community{community.text("id"), community.text_if("title"),
                                         community.text("kind"),
                                         read_names(community.object("names"))});
    if (!community.ok()) return unreadable("page of communities");
  }
  page.next = from.text_if("next");
  if (!from.ok()) return unreadable("page of communities");
  return page;
}

Result<Post> parse_post(const std::string& body) {
  std::optional<Post> post = read_post(parse_json(body));
  if (!post) return unreadable("post");
  return std::move(*post);
}

Result<PostPage> parse_posts(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  PostPage page;
  for (const Json& one : from.array("posts")) {
    std::optional<Post> post = read_post(one);
    if (!post) return unreadable("page of posts");
    page.posts.push_back(std::move(*post));
  }
  page.next = from.text_if("next");
  if (!from.ok()) return unreadable("page of posts");
  return page;
}

Result<PeoplePage> parse_people(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  PeoplePage page;
  for (const Json& one : from.array("people")) {
    std::optional<Author> author = read_author(one);
    if (!author) return unreadable("page of people");
    page.people.push_back(std::move(*author));
  }
  page.next = from.text_if("next");
  if (!from.ok()) return unreadable("page of people");
  return page;
}

Result<Drawing> parse_drawing(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  Drawing drawing;
  for (const Json& one : from.array("strokes")) {
    std::optional<Stroke> stroke = read_stroke(one);
    if (!stroke) return unreadable("drawing");
    drawing.strokes.push_back(std::move(*stroke));
  }
  if (!from.ok()) return unreadable("drawing");
  return drawing;
}

Result<Fate> parse_fate(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  Fate fate{from.text("status"), from.text_if("reason")};
  if (!from.ok()) return unreadable("fate of a command");
  return fate;
}

}  // namespace matsuri
