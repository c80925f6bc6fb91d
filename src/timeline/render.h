// Posts as JSON, the same in answers and in live events.
#pragma once

#include <string>

#include "json/writer.h"
#include "timeline/model.h"

namespace matsuri::timeline {

// Leaves the object open for more fields.
void write_post_fields(json::Writer& writer, const Post& post);
std::string to_json(const Post& post);

}  // namespace matsuri::timeline
