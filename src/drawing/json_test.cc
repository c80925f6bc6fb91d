// Goal: strokes come back as they were written, and what is no drawing is refused with its place.
#include "drawing/json.h"

#include <gtest/gtest.h>

#include <string>

namespace matsuri::drawing {
namespace {

Result<Drawing> parse(std::string_view text) {
  const auto document = json::Document::parse(text);
  if (!document.ok()) return document.error();
  TRY_ASSIGN(const json::Object object, document.value().object());
  return from_json(object);
}

TEST(DrawingJson, ComesBackAsItWasWritten) {
  const Drawing drawing{{{.pen = 2, .eraser = false, .points = {{1, 2, 0}, {1280, 480, 60'000}}},
                         {.pen = 3, .eraser = true, .points = {{0, 0, 5}}}}};
  std::string text;
  json::Writer writer(text);
  write_json(writer, drawing);
  EXPECT_EQ(text, R"({"strokes":[{"pen":2,"eraser":false,"points":[1,2,0,1280,480,60000]},)"
                  R"({"pen":3,"eraser":true,"points":[0,0,5]}]})");
  EXPECT_EQ(parse(text).value(), drawing);
}

TEST(DrawingJson, NumbersThatAreFarOutsideStayOutside) {
  const Drawing got =
      parse(R"({"strokes":[{"pen":1,"points":[-9000000000,9000000000,1]}]})").value();
  ASSERT_EQ(got.strokes.size(), 1u);
  EXPECT_LT(got.strokes[0].points[0].x, -1'000'000);
  EXPECT_GT(got.strokes[0].points[0].y, 1'000'000);
  EXPECT_FALSE(got.strokes[0].eraser);
}

TEST(DrawingJson, RefusesWhatHasAnotherForm) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({})", "strokes"},
      {R"({"strokes":{}})", "strokes"},
      {R"({"strokes":[],"x":1})", "x"},
      {R"({"strokes":[5]})", "strokes[0]"},
      {R"({"strokes":[{"pen":1,"points":[1,2]}]})", "strokes[0].points[2]"},
      {R"({"strokes":[{"pen":1,"points":[1,2,0.5]}]})", "strokes[0].points[2]"},
      {R"({"strokes":[{"pen":1,"points":[1,2,"3"]}]})", "strokes[0].points[2]"},
      {R"({"strokes":[{"points":[1,2,3]}]})", "pen"},
      {R"({"strokes":[{"pen":1}]})", "points"},
      {R"({"strokes":[{"pen":1,"points":[],"colour":2}]})", "colour"}};
  for (const auto& [text, place] : cases) {
    const auto got = parse(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.error().code(), Code::invalid);
    EXPECT_NE(got.error().message().find(place), std::string::npos) << got.error().message();
  }
  // The rest is for clean() to refuse.
  EXPECT_FALSE(clean(parse(R"({"strokes":[{"pen":9999999999,"points":[1,2,3]}]})").value()).ok());
}

}  // namespace
}  // namespace matsuri::drawing
