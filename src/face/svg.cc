// The pictures are data more than code: each part is a few paths, measured from the skull.
#include <bit>
#include <cmath>

#include "base/assert.h"
#include "face/internal/sketch.h"

namespace matsuri::face {
namespace internal {
namespace {

using Colours8 = std::array<std::string_view, 8>;
using Colours16 = std::array<std::string_view, 16>;

constexpr Colours8 skins = {"#fbe6d4", "#f7d7b9", "#efc49b", "#e2ad80",
                            "#cb9065", "#a97049", "#835334", "#6d4731"};
constexpr Colours16 hairs = {"#1f1c2a", "#2e2430", "#3d2a27", "#5b3927", "#7f5233", "#a8743f",
                             "#cc9f5e", "#8f342c", "#46506c", "#2f5c61", "#6a4b7c", "#b7b1b5",
                             "#e5ddcf", "#bd563c", "#d48d9e", "#27345a"};
constexpr Colours16 robes = {"#35538a", "#2a3970", "#c8452f", "#e0a637", "#4f9b7a", "#439aa6",
                             "#8d7cc0", "#e3a2aa", "#d96c31", "#5b7540", "#454552", "#eadfc6",
                             "#9f3340", "#a0a653", "#2d62ad", "#7d3e4a"};
constexpr std::array<std::string_view, 4> accents = {"#d8432f", "#f2c14e", "#fff3dc", "#3f97a3"};
constexpr std::array<std::string_view, 4> rims = {"#2a2336", "#9f3340", "#2f5c8a", "#b98a3a"};
constexpr std::string_view dark_ink = "#2a2336";
constexpr std::string_view white = "#fffaf0";
constexpr std::string_view red = "#d8432f";
constexpr std::string_view gold = "#f2c14e";
constexpr std::string_view inside_mouth = "#7c2630";

// One decimal at most, halves away from zero.
std::string number(double value) {
  // Ten times a double is exact in a long double, so that the half is met where it is one.
  const auto tenths =
      static_cast<long long>(std::floor(std::abs(static_cast<long double>(value)) * 10 + 0.5L));
  std::string text = value < 0 && tenths != 0 ? "-" : "";
  text += std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += '.' + std::to_string(tenths % 10);
  return text;
}

unsigned channel(std::string_view colour, std::size_t index) {
  return static_cast<unsigned>(
      std::stoul(std::string(colour.substr(1 + 2 * index, 2)), nullptr, 16));
}

}  // namespace

std::string d(std::string_view form, std::initializer_list<double> values) {
  std::string text;
  const double* value = values.begin();
  for (const char one : form) {
    if (one == '%')
      text += number(*value++);
    else
      text += one;
  }
  MATSURI_ASSERT(value == values.end());
  return text;
}

std::string mix(std::string_view from, std::string_view to, double part) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string mixed = "#";
  for (std::size_t index = 0; index < 3; ++index) {
    const double a = channel(from, index), b = channel(to, index);
    const auto value = static_cast<unsigned>(std::floor(a + (b - a) * part + 0.5));
    mixed += digits[value / 16];
    mixed += digits[value % 16];
  }
  return mixed;
}

std::string attribute(std::string_view name, std::string_view value) {
  return ' ' + std::string(name) + "=\"" + std::string(value) + '"';
}

std::string fill(std::string_view path, std::string_view colour, std::string_view more) {
  return "<path" + attribute("d", path) + attribute("fill", colour) + std::string(more) + "/>";
}

std::string line(std::string_view path, std::string_view colour, double width) {
  return "<path" + attribute("d", path) + " fill=\"none\"" + attribute("stroke", colour) +
         attribute("stroke-width", number(width)) +
         " stroke-linecap=\"round\" stroke-linejoin=\"round\"/>";
}

std::string circle(double x, double y, double radius, std::string_view colour) {
  return d("<circle cx=\"%\" cy=\"%\" r=\"%\"", {x, y, radius}) + attribute("fill", colour) + "/>";
}

std::string oval(double x, double y, double rx, double ry, std::string_view colour) {
  return d("<ellipse cx=\"%\" cy=\"%\" rx=\"%\" ry=\"%\"", {x, y, rx, ry}) +
         attribute("fill", colour) + "/>";
}

Genes genes_of(Genome genome) {
  std::array<unsigned, genes.size()> values;
  std::uint64_t bits = genome.bits;
  for (std::size_t index = 0; index < genes.size(); ++index) {
    values[index] = static_cast<unsigned>(bits & ((1U << genes[index].bit_count) - 1));
    bits >>= genes[index].bit_count;
  }
  return std::bit_cast<Genes>(values);
}

Sketch::Sketch(Genome genome, int feeling)
    : g(genes_of(genome)),
      feeling_(feeling),
      skin(skins[g.skin]),
      shade(mix(skins[g.skin], "#8a3d2c", .22)),
      hair(hairs[g.hair_colour]),
      hair2(mix(hairs[g.hair_colour], "#ffffff", .16)),
      ink(g.skin > 5 ? "#1b1220" : dark_ink),
      robe(robes[g.robe]),
      trim(robes[(g.robe + 3 + g.collar * 2) % 16]),
      robe2(mix(robes[g.robe], g.robe == 11 ? "#8a7450" : "#ffffff", .24)),
      accent(accents[g.extra_colour]),
      w(std::array{25., 26.5, 24., 27.5, 25.5, 24.5, 26., 28.}[g.head]),
      h(std::array{27., 26., 28.5, 26., 27.5, 28., 29., 25.5}[g.head]),
      jaw(std::array{.55, .62, .46, .66, .72, .4, .58, .6}[g.head]) {}

std::string Sketch::draw() const {
  const Hair all = hairdo();
  return all.back + body() + ears() + skull() + cheeks() + beard() + nose() + mouth() + eyes() +
         brows() + all.front + all.top + glasses() + extra();
}

std::string Sketch::skull() const {
  return fill(d("M% %C% % % % 50 %C% % % % % %C% % % % 50 %C% % % % % %Z", {l,
                                                                            cy,
                                                                            l,
                                                                            cy - h * .72,
                                                                            50 - w * .62,
                                                                            t,
                                                                            t,
                                                                            50 + w * .62,
                                                                            t,
                                                                            r,
                                                                            cy - h * .72,
                                                                            r,
                                                                            cy,
                                                                            r,
                                                                            cy + h * .62,
                                                                            50 + w * jaw,
                                                                            cy + h,
                                                                            cy + h,
                                                                            50 - w * jaw,
                                                                            cy + h,
                                                                            l,
                                                                            cy + h * .62,
                                                                            l,
                                                                            cy}),
              skin);
}

// Shoulders: a happi; the collar crosses as it should, the wearer's left over right.
std::string Sketch::body() const {
  std::string all = fill("M6 104C7 86 20 79 40 75L50 84L60 75C80 79 93 86 94 104Z", robe);
  if (g.pattern == 1) all += line("M20 84V104M30 80V104M70 80V104M80 84V104", robe2, 2.2);
  if (g.pattern == 2)
    for (const Spot at : {Spot{18, 90}, {28, 96}, {24, 84}, {76, 84}, {82, 91}, {72, 96}})
      all += circle(at.x, at.y, 2.4, robe2);
  if (g.pattern == 3) all += line("M10 96q5-7 10 0q5-7 10 0M70 96q5-7 10 0q5-7 10 0", robe2, 1.8);
  return all + fill("M42 66h16v13L50 92L42 79Z", shade) + line("M39 76L57 101", trim, 5) +
         line("M61 76L44 103", white, 2) + line("M62.5 76L44 106", trim, 5);
}

std::string Sketch::ears() const {
  return oval(l + .5, cy + 4, 4.2, 5.6, skin) + oval(r - .5, cy + 4, 4.2, 5.6, skin) +
         line(d("M% %q2 1 1.4 4M% %q-2 1-1.4 4", {l - 1, cy + 3, r + 1, cy + 3}), shade, 1.2);
}

std::string Sketch::eye(double x) const {
  switch (g.eyes) {
    case 1:
      return oval(x, ey, 2.2 * k, 4 * k, ink) + circle(x + .8, ey - 1.6 * k, .8, white);
    case 3:
      return circle(x, ey, 4.7 * k, white) + circle(x, ey, 2.7 * k, ink) +
             circle(x + .9, ey - .9, .8, white);
    case 4:
      return oval(x, ey + .6, 2.7 * k, 2.5 * k, ink) +
             line(d("M% %h%", {x - 4.3 * k, ey - 1.4, 8.6 * k}), ink, 2);
    case 5:
      return oval(x, ey, 2.7 * k, 3.1 * k, ink) +
             line(d("M% %Q% % % %", {x - 4.4, ey - .6, x, ey - 5, x + 4.6, ey - 1.2}), ink, 1.6) +
             circle(x + .8, ey - 1, .8, white);
    case 6:
      return line(d("M% %Q% % % %", {x - 4, ey, x, ey + 1.6, x + 4, ey}), ink, 2.4);
    case 7:
      return oval(x, ey, 3.5 * k, 4.4 * k, ink) + circle(x + 1.1, ey - 1.6, 1.3, white) +
             circle(x - 1.1, ey + 1.6, .7, white);
    default:
      return oval(x, ey, 2.3 * k, 2.9 * k, ink);
  }
}

std::string Sketch::closed_eye(double x) const {
  return line(d("M% %Q% % % %", {x - 4.4, ey + 1.4, x, ey - 4.6, x + 4.4, ey + 1.4}), ink, 2.3);
}

std::string Sketch::eyes() const {
  const auto [left, right] = eye_x;
  const auto wide = [this](double x) {
    return circle(x, ey, 5.4, white) + circle(x, ey, 2.2, ink);
  };
  switch (feeling_) {
    case 1:
      return closed_eye(left) + closed_eye(right);
    case 2:
      return closed_eye(left) + eye(right);
    case 3:
      return wide(left) + wide(right);
    case 4:
      return line(
          d("M% %l6.4 3l-6.4 3M% %l-6.4 3l6.4 3", {left - 3.6, ey - 3, right + 3.6, ey - 3}), ink,
          2.3);
    default:
      return eye(left) + eye(right);
  }
}

std::string Sketch::brow(double x, double side, double up, double tilt) const {
  const double by = ey - 8.2 - g.brow_y * .8;
  const double width = std::array{1.6, 2.2, 3., 2.2, 1.4, 2.6, 2., 3.4}[g.brows];
  const double bend = std::array{2., 1.4, 2., 0., 3., .6, 2.4, 1.}[g.brows];
  return line(d("M% %Q% % % %", {x - 4.8, by - up + side * tilt, x, by - up - bend, x + 4.8,
                                 by - up - side * tilt}),
              hair == skin ? ink : hair, width);
}

std::string Sketch::brows() const {
  const auto [left, right] = eye_x;
  if (feeling_ == 5) return brow(left, 1, -1, -1.4) + brow(right, -1, 3, 1);
  const double up = feeling_ == 3 ? 3.5 : 0;
  const double tilt = feeling_ == 4 ? -2.4 : std::array{0., .6, 0., -1., .4, 1.2, -.6, 0.}[g.brows];
  return brow(left, 1, up, tilt) + brow(right, -1, up, tilt);
}

std::string Sketch::nose() const {
  const double ny = cy + 10;
  switch (g.nose) {
    case 0:
      return line(d("M50 %q2.6 2.4-.4 3.2", {ny}), shade, 2);
    case 1:
      return line(d("M48 %q2 1.8 4 0", {ny + 2}), shade, 2.2);
    case 2:
      return circle(50, ny + 1.5, 2, shade);
    default:
      return "";
  }
}

std::string Sketch::smile(double half, double depth) const {
  return line(d("M% %Q50 % % %", {50 - half, my, my + depth, 50 + half, my}), ink, 2.2);
}

std::string Sketch::open_mouth(double half, double depth) const {
  return fill(d("M% %Q50 % % %Q% % 50 %Q% % % %Z",
                {50 - half, my - 1, my + .6, 50 + half, my - 1, 50 + half * .7, my + depth,
                 my + depth, 50 - half * .7, my + depth, 50 - half, my - 1}),
              inside_mouth);
}

std::string Sketch::mouth() const {
  if (feeling_ == 1) return open_mouth(8, 9);
  if (feeling_ == 2) return smile(7, 7);
  if (feeling_ == 3) return oval(50, my + 1.5, 3.4, 4.6, inside_mouth);
  if (feeling_ == 4) return line(d("M44.5 %q2.6-3.4 5.5-.6q3 2.6 5.5-.8", {my + 2}), ink, 2.3);
  if (feeling_ == 5) return line(d("M46 %Q50 % 55 %", {my + 1.6, my - 1.6, my - .6}), ink, 2.2);
  switch (g.mouth) {
    case 0:
      return smile(5, 4);
    case 1:
      return smile(6.5, 5);
    case 2:
      return smile(3.5, 1);
    case 3:
      return open_mouth(6, 6);
    case 4:
      return line(d("M45.5 %h9", {my}), ink, 2.2);
    case 5:
      return line(d("M45 %q2.5 3 5 0q2.5 3 5 0", {my}), ink, 2);
    case 6:
      return line(d("M46 %Q51 % 56 %", {my + .6, my + 3, my - 1}), ink, 2.2);
    default:
      return smile(4.2, 5);
  }
}

// Rosy cheeks and freckles.
std::string Sketch::cheeks() const {
  std::string all;
  if (g.cheeks == 3 || feeling_ == 1 || feeling_ == 2) {
    const std::string rose = mix(skin, "#e0503f", .34);
    all = oval(50 - gap - 6, ey + 8, 4.6, 3, rose) + oval(50 + gap + 6, ey + 8, 4.6, 3, rose);
  }
  if (g.freckles == 3)
    for (const Spot at : {Spot{-14, 8}, {-11, 10}, {-16, 11}, {14, 8}, {11, 10}, {16, 11}})
      all += circle(50 + at.x, cy + at.y, .9, shade);
  return all;
}

std::string Sketch::beard() const {
  if (g.beard == 6)
    return fill(d("M% %C% % % % 50 %C% % % % % %C% % 58 % 50 %C42 % % % % %Z",
                  {l + 3,      cy + 10,     l + 4,      cy + h, 50 - w * .5, cy + h + 5,
                   cy + h + 5, 50 + w * .5, cy + h + 5, r - 4,  cy + h,      r - 3,
                   cy + 10,    r - 8,       my - 3,     my - 6, my - 5,      my - 6,
                   l + 8,      my - 3,      l + 3,      cy + 10}),
                hair) +
           oval(50, my + 1, 6, 3.4, skin);
  if (g.beard == 7)
    return fill(d("M50 %C45 % 41 % 38 %C42 % 47 % 50 %C53 % 58 % 62 %C59 % 55 % 50 %Z",
                  {my - 4, my - 6, my - 3, my - .5, my + .8, my, my - 1.4, my, my + .8, my - .5,
                   my - 3, my - 6, my - 4}),
                hair);
  return "";
}

std::string Sketch::glasses() const {
  if (g.glasses <= 4) return "";
  const std::string_view rim = rims[g.glass_colour];
  const auto glass = [rim](std::string_view opacity, std::string_view width) {
    return attribute("fill", white) + attribute("fill-opacity", opacity) +
           attribute("stroke", rim) + attribute("stroke-width", width);
  };
  const auto lens = [&](double x) {
    if (g.glasses == 5)
      return d("<circle cx=\"%\" cy=\"%\" r=\"7.4\"", {x, ey}) + glass(".22", "1.9") + "/>";
    if (g.glasses == 6)
      return d("<rect x=\"%\" y=\"%\" width=\"16\" height=\"11.6\" rx=\"3.4\"", {x - 8, ey - 5.6}) +
             glass(".22", "1.9") + "/>";
    return d("<path d=\"M% %h16q0 11-8 11.4q-8-.4-8-11.4Z\"", {x - 8, ey - 5}) + glass(".2", "2") +
           " stroke-linejoin=\"round\"/>";
  };
  return lens(eye_x[0]) + lens(eye_x[1]) +
         line(d("M% %Q50 % % %M% %L% %M% %L% %",
                {50 - gap + 7.6, ey - 1, ey - 3, 50 + gap - 7.6, ey - 1, 50 - gap - 7.6, ey - 1, l,
                 ey - 2, 50 + gap + 7.6, ey - 1, r, ey - 2}),
              rim, 1.7);
}

// A headband, a fox mask pushed aside, or a flower.
std::string Sketch::extra() const {
  if (g.extra == 4)
    return fill(d("M% %Q50 % % %L% %Q50 % % %Z",
                  {l - 3, t + 16, t + 8, r + 3, t + 16, r + 2.5, t + 21, t + 13, l - 2.5, t + 21}),
                accent) +
           fill(d("M% %l9-6l-1 8l6 2l-9 5Z", {r - 1, t + 16}), accent);
  if (g.extra == 5)
    return d("<g transform=\"translate(% %) rotate(24)\">", {r - 7, t + 1}) +
           fill("M-11-11L-4-5Q0-6 4-5L11-11Q13 2 9 8Q4 15 0 15Q-4 15-9 8Q-13 2-11-11Z", white) +
           fill("M-9-7l4 3l-3 3ZM9-7l-4 3l3 3Z", red) +
           line("M-6 3q2-2 4 0M2 3q2-2 4 0M-2 10q2 1.6 4 0", dark_ink, 1.5) +
           line("M-9 8l5 0M9 8l-5 0", red, 1.3) + "</g>";
  if (g.extra != 6) return "";
  std::string flower = d("<g transform=\"translate(% %)\">", {l + 6, t + 9});
  for (const double angle : {0., 72., 144., 216., 288.})
    flower += "<ellipse cx=\"0\" cy=\"-5\" rx=\"3.6\" ry=\"4.6\"" + attribute("fill", accent) +
              d(" transform=\"rotate(%)\"/>", {angle});
  return flower + circle(0, 0, 2.6, gold) + "</g>";
}

}  // namespace internal

std::string to_svg(Genome genome, int feeling, Ground ground) {
  MATSURI_ASSERT(feeling >= 0 && feeling < feeling_count);
  std::string before = "100\">";
  if (ground == Ground::paper) {
    const std::string_view robe = internal::robes[(internal::genes_of(genome).robe + 7) % 16];
    before += "<rect width=\"100\" height=\"100\"" +
              internal::attribute("fill", internal::mix(robe, "#fff3dc", .56)) + "/>";
  } else {
    before = "107\">";
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 " + before +
         "<g transform=\"translate(0 7)\">" + internal::Sketch(genome, feeling).draw() +
         "</g></svg>";
}

}  // namespace matsuri::face
