#include "drawing/svg.h"

#include <algorithm>
#include <array>

#include "base/crc32c.h"
#include "drawing/raster.h"

namespace matsuri::drawing {
namespace {

// Quarters of a pixel as the shortest decimal: 5 is 1.25, -2 is -.5.
void add_quarters(std::string& out, std::int32_t quarters) {
  static constexpr std::array<std::string_view, 4> fractions = {"", ".25", ".5", ".75"};
  if (quarters < 0) out += '-';
  const auto size = static_cast<std::uint32_t>(std::abs(quarters));
  if (size < 4 && size != 0) {
    out += fractions[size];
    return;
  }
  out += std::to_string(size / 4);
  out += fractions[size % 4];
}

// One subpath. A stroke that never moves has length 0, which round caps make a dot.
void add_stroke(std::string& out, const Stroke& stroke) {
  const Point* last = nullptr;
  bool moved = false;
  for (const Point& point : stroke.points) {
    if (last == nullptr) {
      out += 'M';
      add_quarters(out, point.x);
      out += ' ';
      add_quarters(out, point.y);
    } else if (point.x != last->x || point.y != last->y) {
      out += moved ? ' ' : 'l';
      add_quarters(out, point.x - last->x);
      if (point.y >= last->y) out += ' ';  // a minus divides as well
      add_quarters(out, point.y - last->y);
      moved = true;
    }
    last = &point;
  }
  if (!moved) out += "l0 0";
}

// A path for each run of strokes of one pen, in their order.
void add_paths(std::string& out, const Drawing& drawing) {
  const Stroke* last = nullptr;
  for (const Stroke& stroke : drawing.strokes) {
    if (last == nullptr || last->pen != stroke.pen || last->eraser != stroke.eraser) {
      if (last != nullptr) out += "\"/>";
      out += "<path stroke-width=\"";
      add_quarters(out, 2 * pen_radius(stroke.pen));
      out += stroke.eraser ? "\" stroke=\"#000\" d=\"" : "\" d=\"";
    }
    add_stroke(out, stroke);
    last = &stroke;
  }
  if (last != nullptr) out += "\"/>";
}

}  // namespace

std::string to_svg(const Drawing& drawing) {
  constexpr std::string_view pen =
      R"(<g fill="none" stroke-linecap="round" stroke-linejoin="round" stroke=")";
  constexpr std::string_view area = R"(width="320" height="120")";
  static_assert(width_px == 320 && height_px == 120);

  std::string out = R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 120" )";
  out.append(area).append(">");
  if (std::ranges::none_of(drawing.strokes, &Stroke::eraser)) {
    out.append(pen).append(ink_colour).append("\">");
    add_paths(out, drawing);
    return out.append("</g></svg>\n");
  }
  // One mask in which ink is white and an eraser black shows what is left of the ink: an area of
  // its colour. So it costs the same however often somebody erases, and nothing is nested.
  const std::uint32_t checksum = crc32c(as_bytes(encode(drawing)));
  const std::string id = "d" + to_hex(std::as_bytes(std::span(&checksum, 1)));
  out.append("<mask id=\"").append(id);
  out.append(R"(" maskUnits="userSpaceOnUse" x="0" y="0" )").append(area).append(">");
  out.append(pen).append("#fff\">");
  add_paths(out, drawing);
  out.append("</g></mask><rect ").append(area);
  out.append(" fill=\"").append(ink_colour).append("\" mask=\"url(#").append(id);
  return out.append(")\"/></svg>\n");
}

}  // namespace matsuri::drawing
