// A title's schema as the API takes and gives it; the main database keeps the same text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "game/model.h"
#include "json/writer.h"

namespace matsuri::game {

// Checked. Code::invalid names what is wrong.
Result<TitleSchema> parse_schema(std::string_view text);

void write_schema(json::Writer& writer, const TitleSchema& schema);
std::string to_text(const TitleSchema& schema);

}  // namespace matsuri::game
