#include "drawing/json.h"

#include <limits>
#include <string>
#include <utility>

namespace matsuri::drawing {
namespace {

Result<std::int32_t> number_of(json::Value value) {
  TRY_ASSIGN(const std::int64_t number, value.integer());
  if (number < std::numeric_limits<std::int32_t>::min() ||
      number > std::numeric_limits<std::int32_t>::max())
    return Error(Code::invalid, "expected an integer of 32 bits");
  return static_cast<std::int32_t>(number);
}

Result<std::vector<Point>> points_of(const json::Array& array) {
  std::vector<Point> points;
  std::int32_t part[3] = {};
  std::size_t index = 0;
  for (const json::Value value : array) {
    TRY_ASSIGN(part[index % 3], within(array.path_of(index), number_of(value)));
    if (++index % 3 == 0) points.push_back({.x = part[0], .y = part[1], .t = part[2]});
  }
  if (index % 3 != 0) return Error(Code::invalid, "points: expected x, y and t of each point");
  return points;
}

Result<Stroke> stroke_of(const json::Object& object) {
  Stroke stroke;
  TRY(object.only({"pen", "eraser", "points"}));
  TRY_ASSIGN(const json::Value pen, object.value("pen"));
  TRY_ASSIGN(stroke.pen, within("pen", number_of(pen)));
  if (object.find("eraser")) {
    TRY_ASSIGN(stroke.eraser, object.boolean("eraser"));
  }
  TRY_ASSIGN(const json::Array points, object.array("points"));
  TRY_ASSIGN(stroke.points, points_of(points));
  return stroke;
}

}  // namespace

Result<Drawing> read_drawing(const json::Object& object) {
  TRY(object.only({"strokes"}));
  TRY_ASSIGN(const json::Array strokes, object.array("strokes"));
  Drawing drawing;
  std::size_t index = 0;
  for (const json::Value value : strokes) {
    const std::string path = strokes.path_of(index++);
    TRY_ASSIGN(const json::Object one, value.object(path));
    TRY_ASSIGN(Stroke stroke, stroke_of(one));
    drawing.strokes.push_back(std::move(stroke));
  }
  return drawing;
}

void write_drawing(json::Writer& writer, const Drawing& drawing) {
  writer.begin_object().key("strokes").begin_array();
  for (const Stroke& stroke : drawing.strokes) {
    writer.begin_object().field("pen", stroke.pen).field("eraser", stroke.eraser);
    writer.key("points").begin_array();
    for (const Point& point : stroke.points)
      writer.integer(point.x).integer(point.y).integer(point.t);
    writer.end_array().end_object();
  }
  writer.end_array().end_object();
}

}  // namespace matsuri::drawing
