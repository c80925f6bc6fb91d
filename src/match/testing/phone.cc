#include "match/testing/phone.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace matsuri::match::testing {
namespace {

constexpr std::size_t camera_width = 480, camera_height = 270;
constexpr double degrees = std::numbers::pi / 180;

double uniform(std::mt19937& random, double from, double to) {
  return from + (to - from) * (static_cast<double>(random()) / 4294967296.0);
}

bool chance(std::mt19937& random, double share) { return uniform(random, 0, 1) < share; }

double normal(std::mt19937& random) {
  // Box and Muller's: the same everywhere, unlike std::normal_distribution.
  const double radius = std::sqrt(-2 * std::log(uniform(random, 1e-9, 1)));
  return radius * std::cos(2 * std::numbers::pi * uniform(random, 0, 1));
}

// From the unit square to a quad: (0, 0) to its first corner, (1, 0) to its second.
struct Homography {
  std::array<double, 9> m;

  explicit Homography(const Quad& q) {
    const double dx1 = q[1].x - q[2].x, dx2 = q[3].x - q[2].x, dy1 = q[1].y - q[2].y,
                 dy2 = q[3].y - q[2].y;
    const double dx3 = q[0].x - q[1].x + q[2].x - q[3].x, dy3 = q[0].y - q[1].y + q[2].y - q[3].y;
    const double area = dx1 * dy2 - dx2 * dy1;
    const double g = (dx3 * dy2 - dx2 * dy3) / area, h = (dx1 * dy3 - dx3 * dy1) / area;
    m = {q[1].x - q[0].x + g * q[1].x,
         q[3].x - q[0].x + h * q[3].x,
         q[0].x,
         q[1].y - q[0].y + g * q[1].y,
         q[3].y - q[0].y + h * q[3].y,
         q[0].y,
         g,
         h,
         1};
  }

  Point map(Point p) const {
    const double z = m[6] * p.x + m[7] * p.y + m[8];
    return {.x = (m[0] * p.x + m[1] * p.y + m[2]) / z, .y = (m[3] * p.x + m[4] * p.y + m[5]) / z};
  }

  // Back, up to a factor that map() does not see.
  Homography inverse() const {
    Homography out = *this;
    out.m = {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
             m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
             m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]};
    return out;
  }
};

double squared_distance(Point a, Point b) {
  return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
}

// Where the TV is in the camera's picture: turned, and as large as fits.
Quad place_tv(std::mt19937& random) {
  const double width = uniform(random, .55, .92) * camera_width, height = width * 9 / 16;
  const double yaw = uniform(random, -25, 25) * degrees, pitch = uniform(random, -12, 12) * degrees,
               roll = uniform(random, -5, 5) * degrees, focus = 1.3 * camera_width;
  Quad quad = {Point{-width / 2, -height / 2}, Point{width / 2, -height / 2},
               Point{width / 2, height / 2}, Point{-width / 2, height / 2}};
  double reach_x = 0, reach_y = 0;
  for (Point& corner : quad) {
    const double depth = corner.x * std::sin(yaw);
    const double x = corner.x * std::cos(yaw);
    const double y = corner.y * std::cos(pitch) - depth * std::sin(pitch);
    const double z = corner.y * std::sin(pitch) + depth * std::cos(pitch);
    const double scale = focus / (focus + z);
    corner = {.x = (x * std::cos(roll) - y * std::sin(roll)) * scale,
              .y = (x * std::sin(roll) + y * std::cos(roll)) * scale};
    reach_x = std::max(reach_x, std::abs(corner.x));
    reach_y = std::max(reach_y, std::abs(corner.y));
  }
  const double fit = std::min({1.0, .47 * camera_width / reach_x, .47 * camera_height / reach_y});
  const double shift_x = uniform(random, -.02, .02), shift_y = uniform(random, -.02, .02);
  for (Point& corner : quad) {
    corner = {.x = corner.x * fit + (.5 + shift_x) * camera_width,
              .y = corner.y * fit + (.5 + shift_y) * camera_height};
  }
  return quad;
}

std::vector<float> blurred(const std::vector<float>& from, double sigma) {
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(2.5 * sigma));
  std::vector<float> weights;
  float sum = 0;
  for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
    weights.push_back(
        static_cast<float>(std::exp(-static_cast<double>(i * i) / (2 * sigma * sigma))));
    sum += weights.back();
  }
  for (float& weight : weights) weight /= sum;
  constexpr auto width = static_cast<std::ptrdiff_t>(camera_width);
  constexpr auto height = static_cast<std::ptrdiff_t>(camera_height);
  std::vector<float> across(from.size()), out(from.size());
  std::vector<float> padded(static_cast<std::size_t>(width + 2 * reach));
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    const float* const row = &from[static_cast<std::size_t>(y * width)];
    for (std::ptrdiff_t x = -reach; x < width + reach; ++x)
      padded[static_cast<std::size_t>(x + reach)] =
          row[std::clamp<std::ptrdiff_t>(x, 0, width - 1)];
    float* const to = &across[static_cast<std::size_t>(y * width)];
    for (std::size_t i = 0; i < weights.size(); ++i)
      for (std::size_t x = 0; x < camera_width; ++x) to[x] += weights[i] * padded[i + x];
  }
  for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
    const float weight = weights[static_cast<std::size_t>(i + reach)];
    for (std::ptrdiff_t y = 0; y < height; ++y) {
      const std::ptrdiff_t v = std::clamp<std::ptrdiff_t>(y + i, 0, height - 1);
      const float* const row = &across[static_cast<std::size_t>(v * width)];
      float* const to = &out[static_cast<std::size_t>(y * width)];
      for (std::ptrdiff_t x = 0; x < width; ++x) to[x] += weight * row[x];
    }
  }
  return out;
}

// What stays the same for a burst: where all stands, and what light and camera do.
class Shot {
 public:
  Shot(std::mt19937& random, double crop_error)
      : random_(random),
        tv_(place_tv(random)),
        width_(std::sqrt(squared_distance(tv_[0], tv_[1]))),
        severity_(uniform(random, 0, 1)),
        room_(5, 4) {
    for (std::size_t i = 0; i < 4; ++i) {
      const double angle = uniform(random, 0, 2 * std::numbers::pi);
      const double error = crop_error * uniform(random, .3, 1) * width_;
      crop_[i] = {.x = tv_[i].x + error * std::cos(angle), .y = tv_[i].y + error * std::sin(angle)};
    }
    for (float& luma : room_.luma) luma = static_cast<float>(uniform(random, 10, 190));
    set_light();
  }

  const Quad& crop() const { return crop_; }

  // What the camera sees at `t` seconds of the burst while the TV shows `shown`.
  Picture see(Picture shown, double t) {
    if (has_mark_) draw_mark(shown);
    for (float& luma : shown.luma) {
      const double value = 255 * std::pow(luma / 255.0, gamma_) * gain_ * (1 + drift_ * t) + veil_;
      luma = static_cast<float>(std::clamp(value, 0.0, 255.0));
    }
    const double reach = jitter_ * width_;
    const Point shift{.x = hand_.x * reach * t / 3 + normal(random_) * reach / 4,
                      .y = hand_.y * reach * t / 3 + normal(random_) * reach / 4};
    Quad quad = tv_;
    for (Point& corner : quad) corner = {.x = corner.x + shift.x, .y = corner.y + shift.y};
    Picture out(camera_width, camera_height);
    project(shown, Homography(quad).inverse(), t, out);
    out.luma = blurred(out.luma, blur_);
    expose(t, out);
    return out;
  }

  double frames_per_second() const { return frames_per_second_; }

 private:
  void set_light() {
    const auto within = [&](double from, double to) { return uniform(random_, from, to); };
    overscan_ = within(0, .03);
    gamma_ = within(1 - .35 * severity_, 1 + .45 * severity_);
    gain_ = within(1 - .45 * severity_, 1 + .6 * severity_);
    veil_ = within(0, 45 * severity_);
    drift_ = within(-.12, .12) * severity_ / 3;
    vignette_ = within(0, .5) * severity_;
    if (chance(random_, .6 * severity_ + .1)) moire_ = within(.02, .13) * severity_;
    moire_x_ = within(-.35, .35), moire_y_ = within(-.35, .35);
    if (chance(random_, .45 * severity_)) glare_ = within(60, 220);
    glare_at_ = {.x = tv_[0].x + (tv_[2].x - tv_[0].x) * within(0, 1),
                 .y = tv_[0].y + (tv_[2].y - tv_[0].y) * within(0, 1)};
    glare_size_ = within(.04, .14) * width_;
    if (chance(random_, .4 * severity_)) bands_ = within(0, .12) * severity_;
    band_rate_ = within(.02, .06), band_speed_ = within(-12, 12);
    noise_ = within(1, 5) + 10 * severity_ * within(0, 1);
    blur_ = within(.3, .6) + 1.6 * severity_ * within(0, 1);
    if (chance(random_, .35 * severity_)) {
      hidden_size_ = std::sqrt(within(.02, .15) * width_ * width_ * 9 / 16) * within(.5, .8);
      hidden_luma_ = within(0, 200);
    }
    hidden_at_ = tv_[random_() % 4];
    hidden_speed_ = within(-15, 15);
    has_mark_ = chance(random_, .5);
    mark_luma_ = within(120, 255);
    frames_per_second_ = within(5, 30);
    jitter_ = within(0, .012);
    hand_ = {.x = normal(random_), .y = normal(random_)};
  }

  // The station's name, which the master does not have.
  void draw_mark(Picture& shown) const {
    for (std::size_t letter = 0; letter < 4; ++letter)
      for (std::size_t y = 8; y < 18; ++y)
        for (std::size_t x = 0; x < 5; ++x)
          if ((x + y * letter) % 3 != 0)
            shown.at(204 + letter * 8 + x, y) = static_cast<float>(mark_luma_);
  }

  void project(const Picture& shown, const Homography& to_tv, double t, Picture& out) const {
    constexpr double bezel = .02;
    const double inner = 1 - 2 * overscan_;
    for (std::size_t y = 0; y < camera_height; ++y) {
      for (std::size_t x = 0; x < camera_width; ++x) {
        const Point at{.x = static_cast<double>(x) + .5, .y = static_cast<double>(y) + .5};
        const Point tv = to_tv.map(at);
        float& luma = out.at(x, y);
        if (hidden_size_ > 0 &&
            squared_distance(at, {hidden_at_.x + hidden_speed_ * t, hidden_at_.y}) <
                hidden_size_ * hidden_size_) {
          luma = static_cast<float>(hidden_luma_);
        } else if (tv.x >= 0 && tv.x <= 1 && tv.y >= 0 && tv.y <= 1) {
          luma = shown.between((overscan_ + tv.x * inner) * Film::width_px - .5,
                               (overscan_ + tv.y * inner) * Film::height_px - .5);
        } else if (tv.x >= -bezel && tv.x <= 1 + bezel && tv.y >= -2 * bezel &&
                   tv.y <= 1 + 2 * bezel) {
          luma = static_cast<float>(25 * gain_ + veil_);
        } else {
          luma = room_.between(at.x / camera_width * 4, at.y / camera_height * 3);
        }
      }
    }
  }

  void expose(double t, Picture& out) {
    static const std::vector<float> noise = [] {
      std::mt19937 random(99);
      std::vector<float> values(camera_width * camera_height + 65'536);
      for (float& value : values) value = static_cast<float>(normal(random));
      return values;
    }();
    const float* const grain = &noise[random_() % 65'536];
    for (std::size_t y = 0; y < camera_height; ++y) {
      const auto v = static_cast<double>(y);
      const double ny = v / camera_height * 2 - 1;
      const double band = 1 + bands_ * std::sin(v * band_rate_ + band_speed_ * t);
      for (std::size_t x = 0; x < camera_width; ++x) {
        const auto u = static_cast<double>(x);
        const double nx = u / camera_width * 2 - 1;
        double value = out.at(x, y) * (1 - vignette_ * (nx * nx + ny * ny) / 2) * band;
        if (moire_ > 0) value *= 1 + moire_ * std::sin(u * moire_x_ + v * moire_y_);
        if (glare_ > 0) {
          const double away = squared_distance({u, v}, glare_at_) / (glare_size_ * glare_size_);
          if (away < 16) value += glare_ * std::exp(-away / 2);
        }
        value += noise_ * grain[y * camera_width + x];
        out.at(x, y) = static_cast<float>(std::floor(std::clamp(value, 0.0, 255.0)));
      }
    }
  }

  std::mt19937& random_;
  Quad tv_;
  double width_;
  double severity_;  // of all that happens to the light
  Picture room_;
  Quad crop_;
  double overscan_ = 0, gamma_ = 1, gain_ = 1, veil_ = 0, drift_ = 0, vignette_ = 0, moire_ = 0,
         moire_x_ = 0, moire_y_ = 0, glare_ = 0, glare_size_ = 1, bands_ = 0, band_rate_ = 0,
         band_speed_ = 0, noise_ = 0, blur_ = 0, hidden_size_ = 0, hidden_luma_ = 0,
         hidden_speed_ = 0, mark_luma_ = 0, frames_per_second_ = 30, jitter_ = 0;
  bool has_mark_ = false;
  Point glare_at_, hidden_at_, hand_;
};

// When the frames come that the client takes: the first at or after each slot of 125 ms.
std::vector<double> times_of(std::mt19937& random, double frames_per_second) {
  std::vector<double> out;
  double t = 0;
  for (std::size_t slot = 0; slot < frame_count_max;) {
    if (t * 1000 >= static_cast<double>(slot * slot_ms)) {
      out.push_back(t);
      slot = static_cast<std::size_t>(t * 1000 / static_cast<double>(slot_ms)) + 1;
    }
    t += std::max(.02, (1 + .12 * normal(random)) / frames_per_second);
  }
  return out;
}

Filmed film_by(Shot& shot, const Shown& shown, double begin_s, std::mt19937& random) {
  Filmed out{.begin_s = begin_s, .t_ms = {}, .features = {}};
  for (const double t : times_of(random, shot.frames_per_second())) {
    Picture picture = shown(begin_s + t);
    if (chance(random, .6)) {  // exposed while the TV went on to its next frame
      const Picture next = shown(begin_s + t + 1 / Footage::frames_per_second);
      for (std::size_t i = 0; i < picture.luma.size(); ++i)
        picture.luma[i] = (picture.luma[i] + next.luma[i]) / 2;
    }
    const Picture seen = shot.see(std::move(picture), t);
    out.t_ms.push_back(static_cast<std::uint16_t>(t * 1000 + .5));
    out.features.push_back(match::features(sample_quad(seen, shot.crop())));
  }
  return out;
}

}  // namespace

Luma sample_quad(const Picture& picture, const Quad& quad) {
  constexpr std::size_t samples = 4;
  const Homography to_picture(quad);
  Luma out{};
  for (std::size_t y = 0; y < cells_high * samples; ++y) {
    for (std::size_t x = 0; x < cells_wide * samples; ++x) {
      const Point at =
          to_picture.map({.x = (static_cast<double>(x) + .5) / (cells_wide * samples),
                          .y = (static_cast<double>(y) + .5) / (cells_high * samples)});
      out[y / samples * cells_wide + x / samples] +=
          picture.between(at.x - .5, at.y - .5) / double{samples * samples};
    }
  }
  return out;
}

Descriptor Filmed::describe(const Patterns& patterns) const {
  Descriptor out{.frame_count = t_ms.size()};
  for (std::size_t f = 0; f < t_ms.size(); ++f)
    out.frames[f] = {.t_ms = t_ms[f], .values = project(patterns, f, features[f])};
  return out;
}

Filmed film(const Shown& shown, double begin_s, std::mt19937& random, double crop_error) {
  Shot shot(random, crop_error);
  return film_by(shot, shown, begin_s, random);
}

Filmed film(const Film& on_air, std::mt19937& random, double crop_error) {
  Shot shot(random, crop_error);
  const double begin_s = uniform(random, 0, on_air.seconds() - 3.7);
  return film_by(shot, [&](double at_s) { return on_air.at(at_s); }, begin_s, random);
}

}  // namespace matsuri::match::testing
