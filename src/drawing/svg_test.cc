#include "drawing/svg.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "drawing/testing/made.h"

namespace matsuri::drawing {
namespace {

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }

// Whether `text` is one XML element of the small kind that we write: tags that match, attributes
// in double quotes and none twice, no text between tags, no entities.
bool is_well_formed(std::string_view text) {
  std::vector<std::string_view> open;
  const auto take = [&](char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  };
  const auto name = [&] {
    std::size_t size = 0;
    while (size < text.size() && is_name(text[size])) ++size;
    const std::string_view found = text.substr(0, size);
    text.remove_prefix(size);
    return found;
  };
  if (!text.ends_with("\n")) return false;
  text.remove_suffix(1);
  do {
    if (!take('<')) return false;
    if (take('/')) {
      if (open.empty() || name() != open.back() || !take('>')) return false;
      open.pop_back();
      continue;
    }
    const std::string_view element = name();
    if (element.empty()) return false;
    std::set<std::string_view> attributes;
    while (take(' ')) {
      const std::string_view attribute = name();
      if (attribute.empty() || !attributes.insert(attribute).second || !take('=') || !take('"'))
        return false;
      const std::size_t end = text.find('"');
      if (end == text.npos || text.substr(0, end).find_first_of("<&") != text.npos) return false;
      text.remove_prefix(end + 1);
    }
    if (take('/')) {
      if (!take('>')) return false;
    } else {
      if (!take('>')) return false;
      open.push_back(element);
    }
  } while (!open.empty());
  return text.empty();
}

// The strokes that the paths show: pens, erasers and places, without times, without points that
// stay where the last one was.
std::vector<Stroke> strokes_of(const std::string& svg) {
  std::vector<Stroke> strokes;
  for (std::size_t at = svg.find("<path "); at != svg.npos; at = svg.find("<path ", at + 1)) {
    const std::string path = svg.substr(at, svg.find("/>", at) - at);
    const int width = std::atoi(path.c_str() + path.find("stroke-width=\"") + 14);
    const Stroke common{.pen = width == 2   ? 1
                               : width == 4 ? 2
                                            : 3,
                        .eraser = path.find(R"( stroke="#000")") != path.npos,
                        .points = {}};
    const char* next = path.c_str() + path.find(" d=\"") + 4;
    const auto number = [&] {
      char* end = nullptr;
      const double value = std::strtod(next, &end);
      EXPECT_NE(next, end);
      next = end;
      return static_cast<std::int32_t>(value * 4);
    };
    while (*next != '"') {
      if (*next == 'M') {
        ++next;
        strokes.push_back(common);
        const std::int32_t x = number(), y = number();
        strokes.back().points.push_back({.x = x, .y = y});
        continue;
      }
      if (*next == 'l') ++next;
      const Point last = strokes.back().points.back();
      const std::int32_t dx = number(), dy = number();
      if (dx != 0 || dy != 0) strokes.back().points.push_back({.x = last.x + dx, .y = last.y + dy});
    }
  }
  return strokes;
}

constexpr std::string_view opening =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 120" width="320" height="120">)";
constexpr std::string_view round_lines =
    R"(<g fill="none" stroke-linecap="round" stroke-linejoin="round" stroke=)";

TEST(Svg, ShowsStrokes) {
  const Drawing drawing = {
      {{.pen = 1,
        .points = {{.x = 5, .y = 0}, {.x = 4, .y = 2}, {.x = 4, .y = 2}, {.x = 4, .y = 9}}},
       {.pen = 1, .points = {{.x = 1280, .y = 480}}},
       {.pen = 3, .points = {{.x = 3, .y = 3}, {.x = 43, .y = 2}}}}};
  EXPECT_EQ(to_svg(drawing),
            std::string(opening).append(round_lines) +
                R"("#23233b">)"
                R"(<path stroke-width="2" d="M1.25 0l-.25 .5 0 1.75M320 120l0 0"/>)"
                R"(<path stroke-width="8" d="M.75 .75l10-.25"/></g></svg>)"
                "\n");
}

TEST(Svg, ErasesWithAMask) {
  const Drawing drawing = {{{.pen = 3, .points = {{.x = 40, .y = 40}, {.x = 80, .y = 40}}},
                            {.pen = 2, .eraser = true, .points = {{.x = 60, .y = 40}}},
                            {.pen = 1, .points = {{.x = 60, .y = 40}}}}};
  const std::string svg = to_svg(drawing);
  const std::string id = svg.substr(svg.find("id=\"") + 4, 9);
  EXPECT_EQ(svg, std::string(opening) + "<mask id=\"" + id +
                     R"(" maskUnits="userSpaceOnUse" x="0" y="0" width="320" height="120">)" +
                     std::string(round_lines) +
                     R"("#fff">)"
                     R"(<path stroke-width="8" d="M10 10l10 0"/>)"
                     R"(<path stroke-width="4" stroke="#000" d="M15 10l0 0"/>)"
                     R"(<path stroke-width="2" d="M15 10l0 0"/></g></mask>)"
                     R"(<rect width="320" height="120" fill="#23233b" mask="url(#)" +
                     id + ")\"/></svg>\n");
}

TEST(Svg, IsWellFormedAndHasEveryStroke) {
  ASSERT_FALSE(is_well_formed("<a><b></a></b>\n"));
  ASSERT_FALSE(is_well_formed("<a b=\"1\" b=\"2\"/>\n"));
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Drawing drawing = clean(testing::made({.seed = seed, .erases = seed % 2 == 0})).value();
    const std::string svg = to_svg(drawing);
    ASSERT_TRUE(is_well_formed(svg)) << svg;
    std::vector<Stroke> expected;
    for (const Stroke& stroke : drawing.strokes) {
      expected.push_back({.pen = stroke.pen, .eraser = stroke.eraser, .points = {}});
      for (const Point& point : stroke.points) {
        const Point place{.x = point.x, .y = point.y};
        std::vector<Point>& points = expected.back().points;
        if (points.empty() || points.back() != place) points.push_back(place);
      }
    }
    EXPECT_EQ(strokes_of(svg), expected);
  }
}

// Goal: two drawings in one page keep their own masks; the same drawing twice may share it.
TEST(Svg, HasAnIdOfItsOwn) {
  const auto id = [](std::uint64_t seed) {
    const std::string svg = to_svg(clean(testing::made({.seed = seed})).value());
    return svg.substr(svg.find("id=\""), 13);
  };
  EXPECT_EQ(id(1), id(1));
  EXPECT_NE(id(1), id(2));
}

}  // namespace
}  // namespace matsuri::drawing
