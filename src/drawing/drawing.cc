#include "drawing/drawing.h"

#include <algorithm>

#include "drawing/raster.h"

namespace matsuri::drawing {
namespace {

Error refused(std::string why) { return {Code::invalid, std::move(why)}; }

std::string range_text(std::int32_t first, std::int32_t last) {
  return "must be " + std::to_string(first) + " to " + std::to_string(last);
}

Result<void> clean_stroke(Stroke& stroke) {
  if (stroke.pen < 1 || stroke.pen > pen_count)
    return refused("pen is " + std::to_string(stroke.pen) + ", " + range_text(1, pen_count));
  if (stroke.points.empty()) return refused("it has no points");
  std::size_t number = 0;
  for (Point& point : stroke.points) {
    ++number;
    if (point.t < 0 || point.t > t_ms_max)
      return refused("point " + std::to_string(number) + ": the time is " +
                     std::to_string(point.t) + " ms, " + range_text(0, t_ms_max));
    point.x = std::clamp(point.x, 0, x_max);
    point.y = std::clamp(point.y, 0, y_max);
  }
  return {};
}

}  // namespace

Result<Drawing> clean(Drawing drawing) {
  if (drawing.strokes.empty()) return refused("a drawing needs at least one stroke");
  std::size_t number = 0;
  for (Stroke& stroke : drawing.strokes)
    TRY(within("stroke " + std::to_string(++number), clean_stroke(stroke)));
  const std::size_t size = encoded_size(drawing);
  if (size > stored_size_max)
    return refused("the drawing takes " + std::to_string(size) + " bytes, must be at most " +
                   std::to_string(stored_size_max) + ": use fewer strokes");
  const std::int32_t ink_count = rasterise(drawing).ink_count();
  if (ink_count == 0) return refused("the drawing is blank");
  if (ink_count == width_px * height_px) return refused("the drawing is black all over");
  return drawing;
}

}  // namespace matsuri::drawing
