// A decoded frame of whatever form as the numbers that are wanted of it: brightness as VCI-1
// defines it, and small pictures for people.
#pragma once

extern "C" {
#include <libavutil/frame.h>
}

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "match/features.h"
#include "program_builder/internal/area.h"

struct SwsContext;

namespace matsuri::program_builder {

// How a frame is turned for being shown: steps of the picture on the screen, in steps of the frame.
struct Orientation {
  bool is_swapped = false;  // its rows become columns
  bool flips_x = false;     // the first sample of a shown row is the last in memory
  bool flips_y = false;
};

// Converts frames whose samples do not lie in bytes of their own. Not thread-safe.
class Converter {
 public:
  // The frame itself, or the same picture as RGB; valid until the next call.
  // Code::invalid for what can't be converted.
  Result<const AVFrame*> readable(const AVFrame& frame);

 private:
  struct Free {
    void operator()(SwsContext* context) const;
    void operator()(AVFrame* frame) const;
  };
  std::unique_ptr<SwsContext, Free> context_;
  std::unique_ptr<AVFrame, Free> rgb_;
};

// A view of a frame on a canvas of 16:9: what a television shows of it. The rest is black.
class FrameView {
 public:
  // REQUIRES: the frame is one that Converter::readable() gave.
  FrameView(const AVFrame& frame, AVRational sample_aspect, Orientation orientation);

  match::Luma luma() const;
  // columns * rows pixels of red, green and blue.
  std::vector<std::uint8_t> rgb(Grid grid) const;

 private:
  struct Component {
    Plane plane;
    Placement placement;
    double zero = 0;            // the sample that means none of it
    double scale = 1;           // of a sample, so that the range is 0 to 255
    std::uint32_t outside = 0;  // the sample of black
  };
  using Weights = std::array<double, 3>;

  void set_colours(const AVFrame& frame);
  // The mean of a component in each cell, scaled.
  std::vector<double> means(const Component& component, Grid grid) const;
  std::vector<double> mix(const Weights& weights, Grid grid) const;

  std::array<Component, 3> components_;
  std::size_t component_count_ = 0;
  Weights to_luma_{};
  std::array<Weights, 3> to_rgb_{};
};

}  // namespace matsuri::program_builder
