// A handwritten post: what may be one, and the bytes in which it is kept.
//
// A drawing is kept as the strokes of the hand, with their times, so that it can be replayed as it
// was drawn. What it looks like follows from the strokes alone: raster.h says which pixels are ink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace matsuri::drawing {

// The canvas. Coordinates are quarters of a pixel from its upper left corner, both ends included.
inline constexpr std::int32_t width_px = 320;
inline constexpr std::int32_t height_px = 120;
inline constexpr std::int32_t quarters_per_px = 4;
inline constexpr std::int32_t x_max = width_px * quarters_per_px;
inline constexpr std::int32_t y_max = height_px * quarters_per_px;

inline constexpr std::int32_t pen_count = 3;
// Of the widest pause between two points.
inline constexpr std::int32_t t_ms_max = 60'000;
// Of encode()'s bytes. Nothing else bounds how many strokes and points there are: a stroke takes at
// least five bytes, a point at least three.
inline constexpr std::size_t stored_size_max = 65'536;

struct Point {
  std::int32_t x = 0;  // quarters of a pixel
  std::int32_t y = 0;
  std::int32_t t = 0;  // ms since the point before; a stroke's first: since the end of the last one

  bool operator==(const Point&) const = default;
};

struct Stroke {
  std::int32_t pen = 1;  // 1..3: 2, 4 and 8 pixels wide
  bool eraser = false;   // paper instead of ink
  std::vector<Point> points;

  bool operator==(const Stroke&) const = default;
};

struct Drawing {
  std::vector<Stroke> strokes;  // later ones cover earlier ones

  bool operator==(const Drawing&) const = default;
};

// The drawing as it is kept: points outside of the canvas are moved to its edge, each coordinate by
// itself, so that a stroke that leaves the canvas stays one.
//
// Errors: invalid where there is no stroke, a stroke has no point or no such pen, a time is below 0
// or over t_ms_max, the stored form would be over stored_size_max, or no pixel or every pixel would
// be ink. The message says which, and in which stroke; strokes and points are counted from 1.
Result<Drawing> clean(Drawing drawing);

// The stored form, docs/formats/drawing.md. One drawing has one form.
// REQUIRES: clean() or decode() gave the drawing.
std::string encode(const Drawing& drawing);

// How long encode()'s answer is, without making it. REQUIRES: points lie inside the canvas.
std::size_t encoded_size(const Drawing& drawing);

// Reads what encode() wrote. Its memory is bounded by a small multiple of bytes.size(), whatever
// the bytes say of themselves.
//
// Errors: corrupt where the bytes are not valid by docs/formats/drawing.md. Valid ones may still be
// blank or wholly black: only clean() looks at pixels.
Result<Drawing> decode(Bytes bytes);

}  // namespace matsuri::drawing
