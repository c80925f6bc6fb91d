#include "drawing/drawing.h"

#include <gtest/gtest.h>

#include "drawing/raster.h"
#include "drawing/testing/made.h"

namespace matsuri::drawing {
namespace {

Drawing one_stroke(std::vector<Point> points) {
  return {.strokes = {{.pen = 1, .eraser = false, .points = std::move(points)}}};
}

// Expects that clean() refuses, and says why.
void expect_refused(Drawing drawing, std::string_view why) {
  const auto got = clean(std::move(drawing));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), Code::invalid);
  EXPECT_EQ(got.error().message(), why);
}

// Every pixel is ink.
Drawing black() {
  Drawing drawing;
  for (std::int32_t y = 0; y <= y_max; y += 16)
    drawing.strokes.push_back({.pen = 3, .points = {{.x = 0, .y = y}, {.x = x_max, .y = y}}});
  return drawing;
}

TEST(Clean, KeepsADrawingThatIsFine) {
  const Drawing drawing = one_stroke({{.x = 4, .y = 4, .t = 0}, {.x = 40, .y = 90, .t = 60'000}});
  EXPECT_EQ(clean(drawing).value(), drawing);
}

TEST(Clean, MovesPointsOutsideOfTheCanvasToItsEdge) {
  const std::int32_t far = 2'147'483'647;
  const Drawing cleaned = clean(one_stroke({{.x = -1, .y = -1},
                                            {.x = 0, .y = 0},
                                            {.x = 1280, .y = 480},
                                            {.x = 1281, .y = 481},
                                            {.x = -far - 1, .y = far},
                                            {.x = far, .y = -far - 1}}))
                              .value();
  EXPECT_EQ(cleaned, one_stroke({{.x = 0, .y = 0},
                                 {.x = 0, .y = 0},
                                 {.x = 1280, .y = 480},
                                 {.x = 1280, .y = 480},
                                 {.x = 0, .y = 480},
                                 {.x = 1280, .y = 0}}));
}

TEST(Clean, KeepsAStrokeThatWasWhollyOutside) {
  EXPECT_EQ(clean(one_stroke({{.x = -900, .y = 20}})).value(), one_stroke({{.x = 0, .y = 20}}));
}

TEST(Clean, RefusesNothingDrawn) {
  expect_refused({}, "a drawing needs at least one stroke");
  expect_refused(one_stroke({}), "stroke 1: it has no points");
}

TEST(Clean, TakesThreePens) {
  for (std::int32_t pen = 1; pen <= 3; ++pen) {
    Drawing drawing = one_stroke({{.x = 100, .y = 100}});
    drawing.strokes[0].pen = pen;
    EXPECT_TRUE(clean(drawing).ok()) << pen;
  }
  Drawing drawing = one_stroke({{.x = 100, .y = 100}});
  drawing.strokes.push_back({.pen = 0, .points = {{.x = 1, .y = 1}}});
  expect_refused(drawing, "stroke 2: pen is 0, must be 1 to 3");
  drawing.strokes[1].pen = 4;
  expect_refused(drawing, "stroke 2: pen is 4, must be 1 to 3");
}

TEST(Clean, TakesTimesUpToAMinute) {
  EXPECT_TRUE(clean(one_stroke({{.x = 8, .y = 8, .t = 60'000}})).ok());
  expect_refused(one_stroke({{.x = 8, .y = 8, .t = 60'001}}),
                 "stroke 1: point 1: the time is 60001 ms, must be 0 to 60000");
  expect_refused(one_stroke({{.x = 8, .y = 8}, {.x = 9, .y = 9, .t = -1}}),
                 "stroke 1: point 2: the time is -1 ms, must be 0 to 60000");
}

TEST(Clean, TakesAStoredSizeUpTo64KiB) {
  // Three bytes a point; a longer pause makes a byte more.
  std::vector<Point> points((stored_size_max - 8) / 3, {.x = 0, .y = 0, .t = 1});
  Drawing drawing = one_stroke(points);
  for (std::size_t i = 0; encoded_size(drawing) < stored_size_max; ++i)
    drawing.strokes[0].points[i].t = 128;
  ASSERT_EQ(encoded_size(drawing), 65'536U);
  const auto got = clean(drawing);
  ASSERT_TRUE(got.ok()) << got.error().message();
  EXPECT_EQ(encode(*got).size(), 65'536U);
  EXPECT_EQ(decode(as_bytes(encode(*got))).value(), drawing);

  drawing.strokes[0].points.back().t = 128;
  ASSERT_EQ(encoded_size(drawing), 65'537U);
  expect_refused(drawing,
                 "the drawing takes 65537 bytes, must be at most 65536: use fewer strokes");
}

TEST(Clean, RefusesABlankDrawing) {
  Drawing drawing = one_stroke({{.x = 100, .y = 100}, {.x = 200, .y = 120}});
  drawing.strokes[0].eraser = true;
  expect_refused(drawing, "the drawing is blank");
  // Ink, all of which is erased.
  drawing.strokes.push_back({.pen = 1, .points = drawing.strokes[0].points});
  EXPECT_TRUE(clean(drawing).ok());
  drawing.strokes.push_back({.pen = 2, .eraser = true, .points = drawing.strokes[0].points});
  expect_refused(drawing, "the drawing is blank");
}

TEST(Clean, TakesASinglePixelOfInk) {
  // In the corner a dot of the thinnest pen is one pixel.
  const Drawing drawing = one_stroke({{.x = 0, .y = 0}});
  EXPECT_EQ(rasterise(drawing).ink_count(), 1);
  EXPECT_TRUE(clean(drawing).ok());
}

TEST(Clean, RefusesADrawingThatIsBlackAllOver) {
  Drawing drawing = black();
  ASSERT_EQ(rasterise(drawing).ink_count(), width_px * height_px);
  expect_refused(drawing, "the drawing is black all over");
  drawing.strokes.push_back({.pen = 1, .eraser = true, .points = {{.x = 0, .y = 0}}});
  EXPECT_EQ(rasterise(drawing).ink_count(), width_px * height_px - 1);
  EXPECT_TRUE(clean(drawing).ok());
}

TEST(Clean, IsDoneOnce) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto once = clean(testing::made({.seed = seed}));
    ASSERT_TRUE(once.ok()) << once.error().message();
    EXPECT_EQ(clean(*once).value(), *once);
  }
}

}  // namespace
}  // namespace matsuri::drawing
