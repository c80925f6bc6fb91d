// Posts as JSON, the same in answers and in live events.
#pragma once

#include <string>

#include "json/writer.h"
#include "timeline/model.h"

namespace matsuri::timeline {

// What a post is to who reads it.
struct Reader {
  bool empathized = false;
  bool mine = false;
};

void write_author(json::Writer& writer, const Author& author);
// Leaves the object open for more fields. `mine` is the last one.
void write_post_fields(json::Writer& writer, const Post& post, const Reader& reader);
void write_post(json::Writer& writer, const Post& post, const Reader& reader);
std::string to_json(const Post& post, const Reader& reader);

}  // namespace matsuri::timeline
