// Drawings as JSON: {"strokes": [{"pen": 1, "eraser": false, "points": [x, y, t, …]}]}.
#pragma once

#include "base/result.h"
#include "drawing/drawing.h"
#include "json/value.h"
#include "json/writer.h"

namespace matsuri::drawing {

// Reads an object as above; `eraser` may be left out. What comes back still goes to clean():
// coordinates that are far outside are only moved to where numbers end. Code::invalid for what has
// another form, with the place in front.
Result<Drawing> from_json(const json::Object& object);

// Writes the object.
void write_json(json::Writer& writer, const Drawing& drawing);

}  // namespace matsuri::drawing
