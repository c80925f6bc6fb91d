// A drawing as a picture for browsers, sharp at every size.
#pragma once

#include <string>
#include <string_view>

#include "drawing/drawing.h"

namespace matsuri::drawing {

// Of the ink, on whatever paper lies below: the picture's own background is transparent.
inline constexpr std::string_view ink_colour = "#23233b";

// A whole SVG document, viewBox 0 0 320 120. What was erased is transparent, not painted over. It
// has no scripts and refers to nothing outside of itself; its only id is made from its content, so
// that several in one page do not take each other's.
// REQUIRES: clean() or decode() gave the drawing.
std::string to_svg(const Drawing& drawing);

}  // namespace matsuri::drawing
