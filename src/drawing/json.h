// Drawings as JSON: {"strokes": [{"pen": 2, "eraser": false, "points": [x, y, t, …]}]}, the same in
// the API and in files that are imported.
#pragma once

#include "base/result.h"
#include "drawing/drawing.h"
#include "json/value.h"
#include "json/writer.h"

namespace matsuri::drawing {

// The form alone; clean() says whether it is a drawing. `eraser` may be left out. Code::invalid
// names the place of a wrong field.
Result<Drawing> read_drawing(const json::Object& object);

void write_drawing(json::Writer& writer, const Drawing& drawing);

}  // namespace matsuri::drawing
