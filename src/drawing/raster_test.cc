#include "drawing/raster.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "drawing/testing/made.h"

namespace matsuri::drawing {
namespace {

// Whether a pixel's centre is at most half the pen's width from the line, as raster.h says it, and
// as a textbook measures it: in 64 bits, without a root or a division.
bool is_covered(std::int32_t column, std::int32_t row, Point a, Point b, std::int32_t pen) {
  const std::int64_t x = 4 * column + 2, y = 4 * row + 2;
  const std::int64_t radius_squared = std::int64_t{pen_radius(pen)} * pen_radius(pen);
  const auto squared = [](std::int64_t dx, std::int64_t dy) { return dx * dx + dy * dy; };
  const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
  const std::int64_t along = dx * (x - a.x) + dy * (y - a.y);
  if (along <= 0) return squared(x - a.x, y - a.y) <= radius_squared;
  if (along >= squared(dx, dy)) return squared(x - b.x, y - b.y) <= radius_squared;
  const std::int64_t cross = dx * (y - a.y) - dy * (x - a.x);
  return cross * cross <= radius_squared * squared(dx, dy);
}

void set(Bitmap& bitmap, std::int32_t x, std::int32_t y, bool ink) {
  std::uint64_t& word = bitmap.rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x / 64)];
  const std::uint64_t bit = std::uint64_t{1} << (63 - x % 64);
  word = ink ? word | bit : word & ~bit;
}

// Lays a line on a bitmap pixel by pixel; none further than a pen's width away is asked.
void reference_line(Bitmap& bitmap, Point a, Point b, const Stroke& stroke) {
  const auto low = [](std::int32_t p, std::int32_t q) {
    return std::max(0, std::min(p, q) / 4 - 5);
  };
  const auto high = [](std::int32_t p, std::int32_t q, std::int32_t size) {
    return std::min(size - 1, std::max(p, q) / 4 + 5);
  };
  for (std::int32_t y = low(a.y, b.y); y <= high(a.y, b.y, height_px); ++y)
    for (std::int32_t x = low(a.x, b.x); x <= high(a.x, b.x, width_px); ++x)
      if (is_covered(x, y, a, b, stroke.pen)) set(bitmap, x, y, !stroke.eraser);
}

Bitmap reference(const Drawing& drawing) {
  Bitmap bitmap;
  for (const Stroke& stroke : drawing.strokes)
    for (std::size_t i = 0; i < stroke.points.size(); ++i)
      reference_line(bitmap, stroke.points[i == 0 ? 0 : i - 1], stroke.points[i], stroke);
  return bitmap;
}

Drawing line(std::int32_t pen, Point a, Point b) { return {{{.pen = pen, .points = {a, b}}}}; }

std::string picture(const Bitmap& bitmap, std::int32_t width, std::int32_t height) {
  std::string text;
  for (std::int32_t y = 0; y < height; ++y) {
    for (std::int32_t x = 0; x < width; ++x) text += bitmap.is_ink(x, y) ? '#' : '.';
    text += '\n';
  }
  return text;
}

TEST(Raster, DrawsRoundDots) {
  EXPECT_EQ(picture(rasterise(line(1, {.x = 8, .y = 8}, {.x = 8, .y = 8})), 4, 4),
            "....\n.##.\n.##.\n....\n");
  EXPECT_EQ(picture(rasterise(line(2, {.x = 12, .y = 12}, {.x = 12, .y = 12})), 6, 6),
            "......\n..##..\n.####.\n.####.\n..##..\n......\n");
  EXPECT_EQ(picture(rasterise(line(3, {.x = 20, .y = 20}, {.x = 20, .y = 20})), 10, 10),
            "..........\n...####...\n..######..\n.########.\n.########.\n"
            ".########.\n.########.\n..######..\n...####...\n..........\n");
}

TEST(Raster, DrawsRoundEnds) {
  EXPECT_EQ(picture(rasterise(line(2, {.x = 12, .y = 12}, {.x = 28, .y = 12})), 10, 6),
            "..........\n..######..\n.########.\n.########.\n..######..\n..........\n");
}

// Goal: the spans are exactly the pixels of the rule. Method: all short lines in all directions from
// all places within a pixel, at the corners and within the canvas, against the distance of each
// pixel; none may differ.
TEST(Raster, AgreesWithTheDistancePixelByPixelForShortLines) {
  for (std::int32_t pen = 1; pen <= pen_count; ++pen) {
    for (std::int32_t place = 0; place < 16; ++place) {
      for (std::int32_t way = 0; way < 23 * 23; ++way) {
        const Point a{.x = 252 + place % 4, .y = 200 + place / 4};
        const Point b{.x = a.x + way % 23 - 11, .y = a.y + way / 23 - 11};
        const Drawing drawing = line(pen, a, b);
        ASSERT_EQ(rasterise(drawing), reference(drawing)) << pen << ' ' << place << ' ' << way;
      }
    }
  }
}

TEST(Raster, AgreesWithTheDistanceAtTheEdges) {
  testing::Dice dice(1);
  for (std::int32_t i = 0; i < 3'000; ++i) {
    const auto point = [&] {
      const std::int32_t x = dice.next(2) == 0 ? dice.next(20) : x_max - dice.next(20);
      const std::int32_t y = dice.next(2) == 0 ? dice.next(20) : y_max - dice.next(20);
      return Point{.x = x, .y = y};
    };
    const Drawing drawing = line(1 + i % pen_count, point(), point());
    ASSERT_EQ(rasterise(drawing), reference(drawing)) << i;
  }
}

TEST(Raster, AgreesWithTheDistanceForLongLines) {
  testing::Dice dice(2);
  for (std::int32_t i = 0; i < 1'000; ++i) {
    const auto point = [&] {
      return Point{.x = dice.within(0, x_max), .y = dice.within(0, y_max)};
    };
    const Drawing drawing = line(1 + i % pen_count, point(), point());
    ASSERT_EQ(rasterise(drawing), reference(drawing)) << i;
  }
}

TEST(Raster, AgreesWithTheDistanceForWholeDrawings) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Drawing drawing = clean(testing::made({.seed = seed})).value();
    ASSERT_EQ(rasterise(drawing), reference(drawing)) << seed;
  }
}

TEST(Raster, ErasesWhatIsThereAndNoMore) {
  Drawing drawing = line(3, {.x = 100, .y = 100}, {.x = 300, .y = 100});
  const std::int32_t before = rasterise(drawing).ink_count();
  drawing.strokes.push_back({.pen = 1, .eraser = true, .points = {{.x = 200, .y = 100}}});
  EXPECT_EQ(rasterise(drawing).ink_count(), before - 4);
  drawing.strokes.push_back({.pen = 1, .eraser = false, .points = {{.x = 200, .y = 100}}});
  EXPECT_EQ(rasterise(drawing).ink_count(), before);
}

TEST(Raster, CountsInk) {
  EXPECT_EQ(Bitmap{}.ink_count(), 0);
  const Bitmap bitmap = rasterise(clean(testing::made({.seed = 3})).value());
  std::int32_t count = 0;
  for (std::int32_t y = 0; y < height_px; ++y)
    for (std::int32_t x = 0; x < width_px; ++x) count += bitmap.is_ink(x, y) ? 1 : 0;
  EXPECT_EQ(bitmap.ink_count(), count);
  EXPECT_GT(count, 0);
}

// Moves and scales a drawing; it must stay within the canvas.
Bitmap changed(Drawing drawing, std::int32_t percent, std::int32_t dx, std::int32_t dy) {
  for (Stroke& stroke : drawing.strokes)
    for (Point& point : stroke.points) {
      point.x = point.x * percent / 100 + dx;
      point.y = point.y * percent / 100 + dy;
    }
  return rasterise(clean(drawing).value());
}

int distance(const Bitmap& a, const Bitmap& b) {
  return std::popcount(perceptual_hash(a) ^ perceptual_hash(b));
}

// Goal: a picture that somebody posts again, changed a little, is known again, and others are not
// taken for it. Method: bits that differ, on average over drawings of five strokes.
TEST(PerceptualHash, KnowsAPictureAgain) {
  int moved = 0, scaled = 0, dotted = 0, others = 0;
  constexpr int count = 60;
  const auto source = [](std::uint64_t seed) {
    return clean(
               testing::made({.seed = seed, .stroke_count = 5, .point_count = 60, .erases = false}))
        .value();
  };
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const Bitmap original = changed(source(seed), 70, 0, 0);
    moved += distance(original, changed(source(seed), 70, 200, 77));
    scaled += distance(original, changed(source(seed), 90, 30, 20));
    Drawing with_dot = source(seed);
    with_dot.strokes.push_back({.pen = 1, .points = {{.x = x_max, .y = y_max}}});
    dotted += distance(rasterise(source(seed)), rasterise(with_dot));
    others += distance(original, changed(source(seed + 1'000), 70, 0, 0));
  }
  EXPECT_LE(moved, 4 * count);
  EXPECT_LE(scaled, 8 * count);
  EXPECT_LE(dotted, 1 * count);
  EXPECT_GE(others, 18 * count);
  std::printf("bits that differ: moved %d, scaled %d, dotted %d, others %d of %d drawings\n", moved,
              scaled, dotted, others, count);
}

TEST(PerceptualHash, TakesTheSmallestPictures) {
  EXPECT_EQ(perceptual_hash(Bitmap{}), 0U);
  for (const Point at : {Point{.x = 0, .y = 0}, Point{.x = x_max, .y = y_max},
                         Point{.x = x_max, .y = 0}, Point{.x = 640, .y = 240}}) {
    const Bitmap dot = rasterise(line(1, at, at));
    ASSERT_GT(dot.ink_count(), 0);
    EXPECT_EQ(perceptual_hash(dot), perceptual_hash(rasterise(line(1, at, at))));
  }
}

// Goal: every machine and version makes the same hash, for lists keep it.
TEST(PerceptualHash, StaysTheSameForEver) {
  EXPECT_EQ(perceptual_hash(rasterise(clean(testing::made({.seed = 7})).value())),
            0x8180810101111838U);
}

}  // namespace
}  // namespace matsuri::drawing
