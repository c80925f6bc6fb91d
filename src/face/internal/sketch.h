// One face while it is drawn: what its parts are measured from, and the paths that they are made
// of.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "face/face.h"

namespace matsuri::face::internal {

// `form` with a number in the place of each '%': one decimal at most, halves away from zero.
std::string d(std::string_view form, std::initializer_list<double> values);
std::string attribute(std::string_view name, std::string_view value);
std::string fill(std::string_view path, std::string_view colour, std::string_view more = "");
std::string line(std::string_view path, std::string_view colour, double width);
std::string circle(double x, double y, double radius, std::string_view colour);
std::string oval(double x, double y, double rx, double ry, std::string_view colour);
// `part` of the way from one colour to another.
std::string mix(std::string_view from, std::string_view to, double part);

struct Spot {
  double x, y;
};

// The genes by name, each below two to the power of its bits.
struct Genes {
  unsigned skin, head, hair, hair_colour, eyes, eye_gap, eye_y, eye_size, brows, brow_y, nose,
      mouth, mouth_y, glasses, glass_colour, cheeks, freckles, beard, robe, collar, pattern, extra,
      extra_colour, spare;
};
static_assert(sizeof(Genes) == genes.size() * sizeof(unsigned));

Genes genes_of(Genome genome);

// Hair lies behind, before, and above the head.
struct Hair {
  std::string back, front, top;
};

// What all parts are measured from, in units of which the picture has 100.
class Sketch {
 public:
  // REQUIRES: 0 <= feeling < feeling_count.
  Sketch(Genome genome, int feeling);

  std::string draw() const;

 private:
  // The outside of a head of hair: e beyond the skull, down to yb on both sides.
  std::string shell(double e, double yb) const;
  Hair hairdo() const;
  Hair short_hair() const;
  Hair long_hair() const;
  Hair curls() const;
  std::string braids() const;
  std::string skull() const;
  std::string body() const;
  std::string ears() const;
  std::string eye(double x) const;
  std::string closed_eye(double x) const;
  std::string eyes() const;
  std::string brow(double x, double side, double up, double tilt) const;
  std::string brows() const;
  std::string nose() const;
  std::string smile(double half, double depth) const;
  std::string open_mouth(double half, double depth) const;
  std::string mouth() const;
  std::string cheeks() const;
  std::string beard() const;
  std::string glasses() const;
  std::string extra() const;

  const Genes g;
  const int feeling_;
  const std::string_view skin;
  const std::string shade;
  const std::string_view hair;
  const std::string hair2;
  const std::string_view ink, robe, trim;
  const std::string robe2;
  const std::string_view accent;
  const double w, h, jaw;
  const double cy = 45, t = cy - h, l = 50 - w, r = 50 + w;
  const double hairline = t + h * .46;
  const double gap = 9.4 + g.eye_gap * 1.25;
  const double ey = cy + 2.5 + g.eye_y * 1.3;
  const double k = .86 + g.eye_size * .12;  // how large the eyes are
  const double my = cy + h * .62 + g.mouth_y * .9;
  const std::array<double, 2> eye_x = {50 - gap, 50 + gap};
};

}  // namespace matsuri::face::internal
