// Posts as JSON, the same in answers and in live events.
#pragma once

#include <string>
#include <string_view>

#include "json/writer.h"
#include "timeline/model.h"
#include "timeline/rows.h"

namespace matsuri::timeline {

// What a post is to who reads it.
struct Reader {
  bool empathized = false;
  bool mine = false;
};

// What all who read a post get alike, for Rows: an object that is not closed yet. append_row()
// closes it.
std::string render_row(const Post& post);
void append_row(std::string& out, const Row& row, const Reader& reader);

void write_author(json::Writer& writer, const Author& author);
// Leaves the object open for more fields. `mine` is the last one.
void write_post_fields(json::Writer& writer, const Post& post, const Reader& reader);
void write_post(json::Writer& writer, const Post& post, const Reader& reader);
std::string to_json(const Post& post, const Reader& reader);

}  // namespace matsuri::timeline
