// What each kind of line is made of: its form, and the cleaning of what it says.
#pragma once

#include <optional>

#include "base/result.h"
#include "drawing/drawing.h"
#include "import/line.h"
#include "json/value.h"

namespace matsuri::imports::internal {

// A drawing as it stood in the line, if one did; drawing::clean() has not seen it.
using Drawn = std::optional<drawing::Drawing>;

// The fields, each of its form, and no others. Code::invalid names the one that is wrong.
Result<void> read_form(const json::Object& object, UserLine& line, Drawn& drawn);
Result<void> read_form(const json::Object& object, TitleLine& line, Drawn& drawn);
Result<void> read_form(const json::Object& object, CommunityLine& line, Drawn& drawn);
Result<void> read_form(const json::Object& object, PostLine& line, Drawn& drawn);
Result<void> read_form(const json::Object& object, FollowLine& line, Drawn& drawn);
Result<void> read_form(const json::Object& object, EmpathyLine& line, Drawn& drawn);

// Cleans what is text, in its place, as the API cleans it. Code::invalid names the text and says
// what is wrong with it.
Result<void> clean_texts(UserLine& line);
Result<void> clean_texts(TitleLine& line);
Result<void> clean_texts(CommunityLine& line);
Result<void> clean_texts(PostLine& line);
Result<void> clean_texts(FollowLine& line);
Result<void> clean_texts(EmpathyLine& line);

}  // namespace matsuri::imports::internal
