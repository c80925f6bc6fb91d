// One drawing to PNG, in process beside a process for each: the CPU that the server spends on it,
// and what one `convert` (ImageMagick) spends that reads the same drawing's SVG.
//
// Ours begins with the stored strokes and ends with the file in memory. ImageMagick is told to use
// its own SVG renderer (MSVG) and one thread, which is its cheapest way; what starting it costs us
// is not counted. The drawings are those of Quick, Draw!, scaled to the canvas, where they are
// there.
//
// Pixels are compared. ImageMagick calls a pixel ink that is covered by half, we one whose centre
// is covered; so both must be the same except at an edge of the ink, and there at most in
// differing_share_max of the ink's pixels. For MSVG the centres of pixels lie at whole numbers,
// half a pixel from where SVG has them: ours is rastered there for the comparison. Nor does it know
// masks. So all drawings, and others with erasers, are also compared with librsvg's pictures.
#include <spawn.h>
#include <spng.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include "bench/report.h"
#include "bench/scratch.h"
#include "drawing/png.h"
#include "drawing/svg.h"
#include "drawing/testing/made.h"
#include "json/value.h"

namespace matsuri::bench {
namespace {

using drawing::Bitmap;
using drawing::Drawing;

constexpr double differing_share_max = 0.05;
constexpr std::size_t line_count_of_collection = 7645;

// ------------------------------------------------------------------------------- the drawings

// Strokes as [[xs],[ys],[times]], in any unit and place.
Result<Drawing> parse_quickdraw(std::string_view line) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(line));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY_ASSIGN(const json::Array strokes, object.array("drawing"));
  struct Place {
    double x = 0, y = 0, t = 0;
  };
  std::vector<std::vector<Place>> places;
  Place low{.x = 1e9, .y = 1e9}, high{.x = -1e9, .y = -1e9};
  for (const json::Value stroke : strokes) {
    std::vector<Place>& ours = places.emplace_back();
    TRY_ASSIGN(const json::Array axes, stroke.array("stroke"));
    double Place::* const members[] = {&Place::x, &Place::y, &Place::t};
    std::size_t axis = 0;
    for (const json::Value values : axes) {
      if (axis == std::size(members)) break;
      TRY_ASSIGN(const json::Array numbers, values.array("values"));
      ours.resize(std::max(ours.size(), numbers.size()));
      std::size_t index = 0;
      for (const json::Value number : numbers) {
        TRY_ASSIGN(ours[index++].*members[axis], number.number());
      }
      ++axis;
    }
    for (const Place& place : ours) {
      low = {.x = std::min(low.x, place.x), .y = std::min(low.y, place.y)};
      high = {.x = std::max(high.x, place.x), .y = std::max(high.y, place.y)};
    }
  }
  // As large as it fits, in the middle, with 8 pixels around it.
  const double margin = 8 * drawing::quarters_per_px;
  const double scale = std::min((drawing::x_max - 2 * margin) / std::max(1.0, high.x - low.x),
                                (drawing::y_max - 2 * margin) / std::max(1.0, high.y - low.y));
  const auto scaled = [&](double at, double from, double to, std::int32_t size) {
    return static_cast<std::int32_t>(std::lround((at - (from + to) / 2) * scale + size / 2.0));
  };
  Drawing drawing;
  double last_t = 0;
  for (const std::vector<Place>& stroke : places) {
    drawing::Stroke& ours = drawing.strokes.emplace_back();
    ours.pen = 1 + static_cast<std::int32_t>(stroke.size() % drawing::pen_count);
    for (const Place& place : stroke) {
      ours.points.push_back({.x = scaled(place.x, low.x, high.x, drawing::x_max),
                             .y = scaled(place.y, low.y, high.y, drawing::y_max),
                             .t = static_cast<std::int32_t>(
                                 std::clamp(place.t - last_t, 0.0, double{drawing::t_ms_max}))});
      last_t = place.t;
    }
  }
  return drawing::clean(std::move(drawing));
}

// `count` drawings from all over the collection; none where it is not there.
std::vector<Drawing> real_drawings(std::size_t count) {
  const char* shared = std::getenv("MATSURI_SHARED");
  const std::string path = std::string(shared == nullptr ? "../shared" : shared) +
                           "/data/drawings_quickdraw/quickdraw_raw_dev.ndjson.zst";
  std::vector<Drawing> drawings;
  if (!std::filesystem::exists(path)) {
    say("bench drawing: " + path +
        " is not there: generated drawings instead, which say less (MATSURI_SHARED names the "
        "folder)");
    return drawings;
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> lines(
      ::popen(("zstd -dc '" + path + "'").c_str(), "r"), ::pclose);
  if (lines == nullptr) give_up("cannot start zstd");
  char* line = nullptr;
  std::size_t capacity = 0;
  for (std::size_t number = 0;; ++number) {
    const ::ssize_t size = ::getline(&line, &capacity, lines.get());
    if (size <= 0) break;
    if (number % (line_count_of_collection / count) != 0 || drawings.size() == count) continue;
    drawings.push_back(must(parse_quickdraw({line, static_cast<std::size_t>(size)})));
  }
  std::free(line);
  if (drawings.empty()) give_up("no drawings in " + path);
  return drawings;
}

std::vector<Drawing> made_drawings(std::size_t count, bool erases) {
  std::vector<Drawing> drawings;
  for (std::size_t i = 0; i < count; ++i)
    drawings.push_back(must(drawing::clean(drawing::testing::made(
        {.seed = i, .stroke_count = 6, .point_count = 27, .erases = erases}))));
  return drawings;
}

// ----------------------------------------------------------------------------------- pictures

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a PNG shows: ink is what is dark, and not transparent. A file of another size ends the
// bench.
Bitmap read_png(const std::string& file) {
  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> context(spng_ctx_new(0), spng_ctx_free);
  std::vector<unsigned char> pixels(std::size_t{4} * drawing::width_px * drawing::height_px);
  spng_ihdr header{};
  if (spng_set_png_buffer(context.get(), file.data(), file.size()) != 0 ||
      spng_get_ihdr(context.get(), &header) != 0 || header.width != drawing::width_px ||
      header.height != drawing::height_px ||
      spng_decode_image(context.get(), pixels.data(), pixels.size(), SPNG_FMT_RGBA8,
                        SPNG_DECODE_TRNS) != 0)
    give_up("a picture is no PNG of 320x120");
  Bitmap bitmap;
  for (std::size_t pixel = 0; pixel * 4 < pixels.size(); ++pixel) {
    const std::size_t x = pixel % drawing::width_px;
    if (pixels[pixel * 4] < 128 && pixels[pixel * 4 + 3] >= 128)
      bitmap.rows[pixel / drawing::width_px][x / 64] |= std::uint64_t{1} << (63 - x % 64);
  }
  return bitmap;
}

// What it would be with centres of pixels at whole numbers.
Bitmap rasterise_as_msvg(Drawing drawing) {
  for (drawing::Stroke& stroke : drawing.strokes) {
    for (drawing::Point& point : stroke.points) {
      point.x += drawing::quarters_per_px / 2;
      point.y += drawing::quarters_per_px / 2;
    }
  }
  return drawing::rasterise(must(drawing::clean(std::move(drawing))));
}

// Whether ink and paper meet at a pixel or next to it.
bool is_edge(const Bitmap& bitmap, std::int32_t x, std::int32_t y) {
  for (std::int32_t v = std::max(0, y - 1); v <= std::min(drawing::height_px - 1, y + 1); ++v)
    for (std::int32_t u = std::max(0, x - 1); u <= std::min(drawing::width_px - 1, x + 1); ++u)
      if (bitmap.is_ink(u, v) != bitmap.is_ink(x, y)) return true;
  return false;
}

// Compares pictures of several drawings with ours, and says what it found.
class Comparison {
 public:
  explicit Comparison(std::string other) : other_(std::move(other)) {}

  void add(const Bitmap& ours, const Bitmap& theirs) {
    ink_count_ += ours.ink_count();
    for (std::int32_t y = 0; y < drawing::height_px; ++y) {
      for (std::int32_t x = 0; x < drawing::width_px; ++x) {
        if (ours.is_ink(x, y) == theirs.is_ink(x, y)) continue;
        ++differing_count_;
        if (!is_edge(ours, x, y)) ++misplaced_count_;
      }
    }
  }

  bool holds() const {
    const double share = static_cast<double>(differing_count_) / static_cast<double>(ink_count_);
    char text[200];
    std::snprintf(text, sizeof text,
                  "bench drawing: beside %s %.2f %% of the ink differs, %lld pixels of it not at "
                  "an edge",
                  other_.c_str(), share * 100, static_cast<long long>(misplaced_count_));
    say(text);
    return misplaced_count_ == 0 && share <= differing_share_max;
  }

 private:
  std::string other_;
  std::int64_t ink_count_ = 0, differing_count_ = 0, misplaced_count_ = 0;
};

// Runs a program to its end, and returns the CPU seconds that it took.
double run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char one_thread[] = "OMP_NUM_THREADS=1";
  char path[] = "PATH=/usr/bin:/bin";
  char* environment[] = {one_thread, path, nullptr};
  ::pid_t pid = 0;
  if (::posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environment) != 0)
    give_up("cannot start " + words[0]);
  int status = 0;
  rusage usage{};
  if (::wait4(pid, &status, 0, &usage) != pid || status != 0) give_up(words[0] + " failed");
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// ----------------------------------------------------------------------------------- the bench

class Bench {
 public:
  explicit Bench(bool quick)
      : drawings_(real_drawings(quick ? 6 : 64)), round_count_(quick ? 20 : 200) {
    is_real_ = !drawings_.empty();
    if (!is_real_) drawings_ = made_drawings(quick ? 6 : 64, false);
    for (const Drawing& drawing : drawings_) {
      stored_.push_back(drawing::encode(drawing));
      expected_.push_back(drawing::rasterise(drawing));
      write_svg(drawing, stored_.size() - 1);
    }
  }

  // Microseconds of CPU for each drawing.
  std::vector<double> run_ours() {
    std::vector<std::string> files(stored_.size());
    const double begin = cpu_seconds();
    for (int round = 0; round < round_count_; ++round)
      for (std::size_t i = 0; i < stored_.size(); ++i)
        files[i] = drawing::to_png(drawing::rasterise(must(drawing::decode(as_bytes(stored_[i])))));
    const double seconds = cpu_seconds() - begin;
    for (std::size_t i = 0; i < files.size(); ++i) checked_ &= read_png(files[i]) == expected_[i];
    return {seconds * 1e6 / (static_cast<double>(stored_.size()) * round_count_)};
  }

  std::vector<double> run_convert() {
    double seconds = 0;
    for (std::size_t i = 0; i < stored_.size(); ++i)
      seconds += run_program({"/usr/bin/convert", "-background", "none", "MSVG:" + svg_path(i),
                              "-alpha", "extract", "-threshold", "50%", "-negate", png_path(i)});
    Comparison comparison("ImageMagick");
    for (std::size_t i = 0; i < stored_.size(); ++i)
      comparison.add(rasterise_as_msvg(drawings_[i]), read_png(content_of(png_path(i))));
    checked_ &= comparison.holds();
    return {seconds * 1e6 / static_cast<double>(stored_.size())};
  }

  void check_with_librsvg() {
    Comparison plain("librsvg"), erased("librsvg, with erasers,");
    for (const Drawing& drawing : drawings_) add_librsvg(drawing, plain);
    for (const Drawing& drawing : made_drawings(drawings_.size(), true))
      add_librsvg(drawing, erased);
    checked_ &= plain.holds();
    checked_ &= erased.holds();
  }

  bool checked() const { return checked_; }
  bool is_real() const { return is_real_; }

 private:
  std::string svg_path(std::size_t i) { return folder_.path() + "/" + std::to_string(i) + ".svg"; }
  std::string png_path(std::size_t i) { return folder_.path() + "/" + std::to_string(i) + ".png"; }
  void write_svg(const Drawing& drawing, std::size_t i) {
    std::ofstream(svg_path(i)) << drawing::to_svg(drawing);
  }

  void add_librsvg(const Drawing& drawing, Comparison& comparison) {
    write_svg(drawing, 0);
    run_program({"/usr/bin/rsvg-convert", svg_path(0), "-o", png_path(0)});
    comparison.add(drawing::rasterise(drawing), read_png(content_of(png_path(0))));
  }

  Folder folder_;
  std::vector<Drawing> drawings_;
  int round_count_;
  bool is_real_ = false;
  std::vector<std::string> stored_;
  std::vector<Bitmap> expected_;
  bool checked_ = true;
};

int run(const Options& options) {
  Report report("drawing", options);
  if (!options.wants("png")) return report.finish();
  Bench bench(options.quick);
  const auto figures = compare(
      options.quick ? 1 : 5, [&] { return bench.run_ours(); }, [&] { return bench.run_convert(); });
  bench.check_with_librsvg();
  report.add({.name = "png",
              .metric = bench.is_real() ? "CPU per drawing" : "CPU per drawing, generated",
              .figures = figures[0],
              .unit = "us",
              .baseline = "convert (ImageMagick), a process each",
              .better = Better::smaller,
              .checked = bench.checked()});
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(parse_options(argc, argv, "bench_drawing [--out FILE] [--quick] [--case png]..."));
}
