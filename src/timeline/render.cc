#include "timeline/render.h"

#include "base/time.h"
#include "face/face.h"

namespace matsuri::timeline {
namespace {

void write_or_null(json::Writer& writer, std::string_view name, std::string_view text) {
  if (text.empty())
    writer.field_null(name);
  else
    writer.field(name, text);
}

void write_shared_fields(json::Writer& writer, const Post& post) {
  writer.field_id("id", post.id.value).field_id("community", post.community.value);
  if (post.parent)
    writer.field_id("parent", post.parent.value);
  else
    writer.field_null("parent");
  writer.key("author");
  write_author(writer, post.author);
  writer.field("text", post.text);
  if (post.drawn) {
    const std::string address = "/v1/posts/" + post.id.to_string() + "/drawing";
    writer.key("drawing")
        .begin_object()
        .field("svg", address + ".svg")
        .field("png", address + ".png")
        .field("strokes", address)
        .end_object();
  } else {
    writer.field_null("drawing");
  }
  writer.field("feeling", std::uint32_t{post.feeling}).field("spoiler", post.spoiler);
  write_or_null(writer, "tag", post.tag);
  write_or_null(writer, "language", post.language);
  writer.field("created_at", to_rfc3339(post.created_unix_ms));
  write_or_null(writer, "edited_at",
                post.edited_unix_ms == 0 ? std::string() : to_rfc3339(post.edited_unix_ms));
  writer.field("comment_count", post.comment_count).field("empathy_count", post.empathy_count);
}

// Follows render_row().
std::string_view end_for(const Reader& reader) {
  if (reader.mine)
    return reader.empathized ? R"(,"empathized":true,"mine":true})"
                             : R"(,"empathized":false,"mine":true})";
  return reader.empathized ? R"(,"empathized":true,"mine":false})"
                           : R"(,"empathized":false,"mine":false})";
}

}  // namespace

void write_author(json::Writer& writer, const Author& author) {
  writer.begin_object()
      .field_id("id", author.id.value)
      .field("handle", author.handle)
      .field("name", author.name)
      .field("face", face::to_string(face::chosen_or_own(author.face, author.id.value)))
      .end_object();
}

std::string render_row(const Post& post) {
  std::string text;
  text.reserve(512);
  json::Writer writer(text);
  writer.begin_object();
  write_shared_fields(writer, post);
  text.shrink_to_fit();
  return text;
}

void append_row(std::string& out, const Row& row, const Reader& reader) {
  out.append(row.rendered).append(end_for(reader));
}

void write_post_fields(json::Writer& writer, const Post& post, const Reader& reader) {
  write_shared_fields(writer, post);
  writer.field("empathized", reader.empathized).field("mine", reader.mine);
}

void write_post(json::Writer& writer, const Post& post, const Reader& reader) {
  writer.raw(to_json(post, reader));
}

std::string to_json(const Post& post, const Reader& reader) {
  return render_row(post).append(end_for(reader));
}

}  // namespace matsuri::timeline
