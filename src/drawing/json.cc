#include "drawing/json.h"

#include <algorithm>
#include <string>

namespace matsuri::drawing {
namespace {

Result<std::vector<Point>> points_from(const json::Array& array) {
  std::vector<Point> points;
  std::int32_t numbers[3] = {};
  std::size_t index = 0;
  for (const json::Value value : array) {
    const auto number = value.integer();
    if (!number.ok())
      return Error(Code::invalid, array.path_of(index) + ": " + number.error().message());
    constexpr std::int64_t far = 1 << 30;
    numbers[index % 3] = static_cast<std::int32_t>(std::clamp(number.value(), -far, far));
    if (++index % 3 == 0) points.push_back({.x = numbers[0], .y = numbers[1], .t = numbers[2]});
  }
  if (index % 3 != 0)
    return Error(Code::invalid,
                 array.path_of(index) + ": points are x, y and t, one after the other");
  return points;
}

Result<Stroke> stroke_from(const json::Object& object) {
  TRY(object.only({"pen", "eraser", "points"}));
  TRY_ASSIGN(const std::int64_t pen, object.integer("pen"));
  TRY_ASSIGN(const auto eraser, object.optional_boolean("eraser"));
  TRY_ASSIGN(const json::Array points, object.array("points"));
  Stroke stroke{.pen = static_cast<std::int32_t>(std::clamp<std::int64_t>(pen, 0, 100)),
                .eraser = eraser.value_or(false),
                .points = {}};
  TRY_ASSIGN(stroke.points, points_from(points));
  return stroke;
}

}  // namespace

Result<Drawing> from_json(const json::Object& object) {
  TRY(object.only({"strokes"}));
  TRY_ASSIGN(const json::Array strokes, object.array("strokes"));
  Drawing drawing;
  std::size_t index = 0;
  for (const json::Value value : strokes) {
    const std::string place = strokes.path_of(index++);
    const auto inner = value.object(place);
    if (!inner.ok()) return Error(Code::invalid, place + ": " + inner.error().message());
    TRY_ASSIGN(Stroke stroke, stroke_from(inner.value()));
    drawing.strokes.push_back(std::move(stroke));
  }
  return drawing;
}

void write_json(json::Writer& writer, const Drawing& drawing) {
  writer.begin_object().key("strokes").begin_array();
  for (const Stroke& stroke : drawing.strokes) {
    writer.begin_object()
        .field("pen", stroke.pen)
        .field("eraser", stroke.eraser)
        .key("points")
        .begin_array();
    for (const Point& point : stroke.points)
      writer.integer(point.x).integer(point.y).integer(point.t);
    writer.end_array().end_object();
  }
  writer.end_array().end_object();
}

}  // namespace matsuri::drawing
