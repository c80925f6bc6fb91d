// A drawing as pixels, for those who can't show SVG.
#pragma once

#include <string>

#include "drawing/raster.h"

namespace matsuri::drawing {

// A PNG file of one bit a pixel, black ink on white; a few hundred bytes, at most about 5 kB.
std::string to_png(const Bitmap& bitmap);

}  // namespace matsuri::drawing
