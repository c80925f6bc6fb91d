#include "program_builder/internal/frame_view.h"

extern "C" {
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace matsuri::program_builder {
namespace {

// BT.601, which VCI-1 measures brightness by, whatever the video is coded with.
constexpr double red_weight = 0.299, green_weight = 0.587, blue_weight = 0.114;

constexpr AVRational screen_aspect{16, 9};
constexpr double aspect_tolerance =
    0.01;                    // a picture that is nearly as wide as the screen fills it
constexpr int bar_step = 8;  // bars are as wide as fits subsampled components, too

// How much red and blue there is in the luma of a video.
struct Matrix {
  double red = red_weight;
  double blue = blue_weight;
};

Matrix matrix_of(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return {.red = 0.2126, .blue = 0.0722};
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return {.red = 0.2627, .blue = 0.0593};
    case AVCOL_SPC_SMPTE240M:
      return {.red = 0.212, .blue = 0.087};
    case AVCOL_SPC_FCC:
      return {.red = 0.30, .blue = 0.11};
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return {};
    default:
      break;
  }
  // Where a video does not say it, high definition is BT.709, as televisions take it.
  const bool is_high =
      std::max(frame.width, frame.height) >= 1280 || std::min(frame.width, frame.height) > 576;
  return is_high ? Matrix{.red = 0.2126, .blue = 0.0722} : Matrix{};
}

bool is_readable(const AVPixFmtDescriptor& format) {
  constexpr std::uint64_t never = AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                                  AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER |
                                  AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BE;
  if ((format.flags & never) != 0) return false;
  if (std::string_view(format.name).starts_with("xyz")) return false;
  const int colour_count = format.nb_components >= 3 ? 3 : 1;
  for (int i = 0; i < colour_count; ++i)
    if (format.comp[i].depth < 8 || format.comp[i].depth > 16) return false;
  return true;
}

bool is_full_range(const AVFrame& frame, const AVPixFmtDescriptor& format) {
  if ((format.flags & AV_PIX_FMT_FLAG_RGB) != 0) return true;
  if (frame.color_range != AVCOL_RANGE_UNSPECIFIED) return frame.color_range == AVCOL_RANGE_JPEG;
  return format.nb_components < 3 || std::string_view(format.name).starts_with("yuvj");
}

// The view of a component on the screen.
Plane plane_of(const AVFrame& frame, const AVPixFmtDescriptor& format, int index,
               Orientation orientation) {
  const AVComponentDescriptor& component = format.comp[index];
  const bool is_chroma = (index == 1 || index == 2) && (format.flags & AV_PIX_FMT_FLAG_RGB) == 0;
  const int width = is_chroma ? AV_CEIL_RSHIFT(frame.width, format.log2_chroma_w) : frame.width;
  const int height = is_chroma ? AV_CEIL_RSHIFT(frame.height, format.log2_chroma_h) : frame.height;
  std::ptrdiff_t along = component.step, down = frame.linesize[component.plane];
  const std::uint8_t* base = frame.data[component.plane] + component.offset;
  Plane plane{.base = base,
              .step_x = orientation.is_swapped ? down : along,
              .step_y = orientation.is_swapped ? along : down,
              .width = orientation.is_swapped ? height : width,
              .height = orientation.is_swapped ? width : height,
              .depth = component.depth,
              .shift = component.shift};
  if (orientation.flips_x) {
    plane.base += (plane.width - 1) * plane.step_x;
    plane.step_x = -plane.step_x;
  }
  if (orientation.flips_y) {
    plane.base += (plane.height - 1) * plane.step_y;
    plane.step_y = -plane.step_y;
  }
  return plane;
}

// Bars beside or above a picture of this size, whose samples are `sample_aspect` wide.
Placement placement_of(int width, int height, double sample_aspect) {
  Placement placement{.canvas_width = width, .canvas_height = height, .x = 0, .y = 0};
  const double wanted = av_q2d(screen_aspect);
  const double aspect = width * sample_aspect / height;
  const auto bars = [](double canvas, int size) {
    return static_cast<int>(std::lround((canvas - size) / bar_step)) * bar_step;
  };
  if (aspect < wanted / (1 + aspect_tolerance)) {
    const int extra = bars(height * wanted / sample_aspect, width);
    placement.canvas_width += extra;
    placement.x = extra / 2;
  } else if (aspect > wanted * (1 + aspect_tolerance)) {
    const int extra = bars(width * sample_aspect / wanted, height);
    placement.canvas_height += extra;
    placement.y = extra / 2;
  }
  return placement;
}

// The same bars in samples of a component of which there are fewer.
Placement scaled(const Placement& luma, const Plane& luma_plane, const Plane& plane) {
  const int step_x = (luma_plane.width + plane.width - 1) / plane.width;
  const int step_y = (luma_plane.height + plane.height - 1) / plane.height;
  return {.canvas_width = plane.width + (luma.canvas_width - luma_plane.width) / step_x,
          .canvas_height = plane.height + (luma.canvas_height - luma_plane.height) / step_y,
          .x = luma.x / step_x,
          .y = luma.y / step_y};
}

}  // namespace

void Converter::Free::operator()(SwsContext* context) const { sws_freeContext(context); }
void Converter::Free::operator()(AVFrame* frame) const { av_frame_free(&frame); }

Result<const AVFrame*> Converter::readable(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* const descriptor = av_pix_fmt_desc_get(format);
  if (descriptor != nullptr && is_readable(*descriptor)) return &frame;
  const Error error(Code::invalid, "its pixels have a form that can't be read");
  if (descriptor == nullptr || sws_isSupportedInput(format) == 0) return error;
  // Unlike sws_getContext(), the cached one takes a change of size within a video.
  context_.reset(sws_getCachedContext(
      context_.release(), frame.width, frame.height, format, frame.width, frame.height,
      AV_PIX_FMT_RGB24, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr, nullptr, nullptr));
  rgb_.reset(av_frame_alloc());
  if (context_ == nullptr || rgb_ == nullptr) return error;
  if (sws_scale_frame(context_.get(), rgb_.get(), &frame) < 0) return error;
  return static_cast<const AVFrame*>(rgb_.get());
}

FrameView::FrameView(const AVFrame& frame, AVRational sample_aspect, Orientation orientation) {
  const auto& format = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  MATSURI_ASSERT(is_readable(format));
  component_count_ = format.nb_components >= 3 ? 3 : 1;
  double wide = sample_aspect.num > 0 && sample_aspect.den > 0 ? av_q2d(sample_aspect) : 1;
  if (orientation.is_swapped) wide = 1 / wide;
  for (std::size_t i = 0; i < component_count_; ++i) {
    Component& component = components_[i];
    component.plane = plane_of(frame, format, static_cast<int>(i), orientation);
    component.placement =
        i == 0 ? placement_of(component.plane.width, component.plane.height, wide)
               : scaled(components_[0].placement, components_[0].plane, component.plane);
  }
  set_colours(frame);
}

void FrameView::set_colours(const AVFrame& frame) {
  const auto& format = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  const bool is_rgb = (format.flags & AV_PIX_FMT_FLAG_RGB) != 0;
  const bool is_full = is_full_range(frame, format);
  for (std::size_t i = 0; i < component_count_; ++i) {
    Component& component = components_[i];
    const int depth = component.plane.depth;
    const double one = 1 << (depth - 8);
    const double whole = is_full ? (1 << depth) - 1 : (i == 0 ? 219 : 224) * one;
    if (i > 0 && !is_rgb) component.zero = 128 * one;
    if (i == 0 && !is_full) component.zero = 16 * one;
    component.scale = 255 / whole;
    component.outside = static_cast<std::uint32_t>(component.zero);
  }
  if (is_rgb) {
    to_luma_ = {red_weight, green_weight, blue_weight};
    to_rgb_ = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    return;
  }
  const auto [red, blue] = matrix_of(frame);
  const double green = 1 - red - blue;
  const double u_of_blue = 2 * (1 - blue), v_of_red = 2 * (1 - red);
  to_rgb_ = {{{1, 0, v_of_red},
              {1, -u_of_blue * blue / green, -v_of_red * red / green},
              {1, u_of_blue, 0}}};
  // What is linear commutes with means: brightness is a sum of the means of the components.
  for (std::size_t i = 0; i < component_count_; ++i)
    to_luma_[i] =
        red_weight * to_rgb_[0][i] + green_weight * to_rgb_[1][i] + blue_weight * to_rgb_[2][i];
}

std::vector<double> FrameView::means(const Component& component, Grid grid) const {
  const auto cell_count = static_cast<std::size_t>(grid.columns * grid.rows);
  std::vector<std::uint64_t> sums(cell_count);
  area_sums(component.plane, component.placement, grid, component.outside, sums);
  const double whole =
      static_cast<double>(component.placement.canvas_width) * component.placement.canvas_height;
  std::vector<double> out(cell_count);
  for (std::size_t i = 0; i < cell_count; ++i)
    out[i] = (static_cast<double>(sums[i]) / whole - component.zero) * component.scale;
  return out;
}

std::vector<double> FrameView::mix(const Weights& weights, Grid grid) const {
  std::vector<double> out(static_cast<std::size_t>(grid.columns * grid.rows));
  for (std::size_t i = 0; i < component_count_; ++i) {
    if (std::abs(weights[i]) < 1e-6) continue;  // of BT.601, brightness is the first plane alone
    const std::vector<double> part = means(components_[i], grid);
    for (std::size_t cell = 0; cell < out.size(); ++cell) out[cell] += weights[i] * part[cell];
  }
  for (double& value : out) value = std::clamp(value, 0.0, 255.0);
  return out;
}

match::Luma FrameView::luma() const {
  const std::vector<double> cells =
      mix(to_luma_, {.columns = match::cells_wide, .rows = match::cells_high});
  match::Luma luma;
  std::ranges::copy(cells, luma.begin());
  return luma;
}

std::vector<std::uint8_t> FrameView::rgb(Grid grid) const {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(grid.columns * grid.rows) * 3);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const std::vector<double> cells = mix(to_rgb_[channel], grid);
    for (std::size_t i = 0; i < cells.size(); ++i)
      out[i * 3 + channel] = static_cast<std::uint8_t>(std::lround(cells[i]));
  }
  return out;
}

}  // namespace matsuri::program_builder
