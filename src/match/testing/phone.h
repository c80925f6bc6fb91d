// A phone in front of a TV, as far as a computer can say what one sees: from an angle, by a hand
// that drifts, through glare, blur and noise, with corners that a finger set.
//
// The ranges are those that VCI-1 was measured with; only brightness is simulated, since nothing
// else counts, and no compression of the camera's pictures. How often a phone is recognised here is
// a rate of this simulator.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "match/testing/footage.h"

namespace matsuri::match::testing {

struct Point {
  double x = 0;
  double y = 0;
};

using Quad = std::array<Point, 4>;  // top left, top right, bottom right, bottom left

// The mean of 4x4 samples in each cell of a quad of the picture: what the client computes.
Luma sample_quad(const Picture& picture, const Quad& quad);

struct Filmed {
  double begin_s = 0;  // of the first frame, in the programme
  std::vector<std::uint16_t> t_ms;
  std::vector<Features> features;

  Descriptor describe(const Patterns& patterns) const;
};

// What a TV shows at a moment, in seconds; as large as Footage's pictures.
using Shown = std::function<Picture(double at_s)>;

// A burst that begins then. `crop_error` as below.
Filmed film(const Shown& shown, double begin_s, std::mt19937& random, double crop_error);

// A burst at a moment at random. `crop_error` is how far a corner is off, at most, as a share of
// the TV's width.
Filmed film(const Film& on_air, std::mt19937& random, double crop_error);

}  // namespace matsuri::match::testing
