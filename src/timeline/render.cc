#include "timeline/render.h"

#include "base/time.h"

namespace matsuri::timeline {

void write_post_fields(json::Writer& writer, const Post& post) {
  writer.field_id("id", post.id.value)
      .field_id("community", post.community.value)
      .key("author")
      .begin_object()
      .field_id("id", post.author.id.value)
      .field("handle", post.author.handle)
      .field("name", post.author.name)
      .end_object()
      .field("text", post.text);
  if (post.language.empty())
    writer.field_null("language");
  else
    writer.field("language", post.language);
  writer.field("created_at", to_rfc3339(post.created_unix_ms));
}

std::string to_json(const Post& post) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  write_post_fields(writer, post);
  writer.end_object();
  return text;
}

}  // namespace matsuri::timeline
