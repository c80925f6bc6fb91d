#include "drawing/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace matsuri::drawing {
namespace {

using ::testing::HasSubstr;

Result<Drawing> read(const std::string& text) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(text));
  TRY_ASSIGN(const json::Object object, document.object());
  return read_drawing(object);
}

TEST(DrawingJson, ReadsWhatItWrote) {
  const Drawing drawing{
      .strokes = {{.pen = 2, .eraser = false, .points = {{.x = -5, .y = 0, .t = 0}}},
                  {.pen = 3, .eraser = true, .points = {{1, 2, 3}, {1280, 480, 60'000}}},
                  {.pen = 7, .eraser = false, .points = {}}}};
  std::string text;
  json::Writer writer(text);
  write_drawing(writer, drawing);
  EXPECT_EQ(read(text).value(), drawing) << "the form is read; clean() judges";
}

TEST(DrawingJson, MayLeaveTheEraserOut) {
  EXPECT_EQ(read(R"({"strokes":[{"pen":1,"points":[1,2,3]}]})").value(),
            (Drawing{.strokes = {{.pen = 1, .points = {{1, 2, 3}}}}}));
}

TEST(DrawingJson, NamesThePlaceOfAWrongField) {
  const auto complaint = [](const std::string& text) {
    const auto drawing = read(text);
    return drawing.ok() ? "taken" : drawing.error().message();
  };
  EXPECT_THAT(complaint(R"({})"), HasSubstr("strokes"));
  EXPECT_THAT(complaint(R"({"strokes":[],"colour":1})"), HasSubstr("colour"));
  EXPECT_THAT(complaint(R"({"strokes":[1]})"), HasSubstr("object"));
  EXPECT_THAT(complaint(R"({"strokes":[{"points":[]}]})"), HasSubstr("pen"));
  EXPECT_THAT(complaint(R"({"strokes":[{"pen":1.5,"points":[]}]})"), HasSubstr("pen"));
  EXPECT_THAT(complaint(R"({"strokes":[{"pen":1,"eraser":null,"points":[]}]})"),
              HasSubstr("eraser"));
  EXPECT_THAT(complaint(R"({"strokes":[{"pen":1,"points":[1,2]}]})"), HasSubstr("points"));
  EXPECT_THAT(complaint(R"({"strokes":[{"pen":1,"points":[1,2,"3"]}]})"), HasSubstr("points"));
  EXPECT_THAT(complaint(R"({"strokes":[{"pen":1,"points":[1,2,2147483648]}]})"),
              HasSubstr("32 bits"));
}

}  // namespace
}  // namespace matsuri::drawing
