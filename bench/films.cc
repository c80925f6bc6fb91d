#include "bench/films.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "bench/program.h"
#include "bench/scratch.h"

namespace matsuri::bench {
namespace {

enum class Kind : std::uint8_t {
  fills,    // a video that is cut to 16:9
  pillars,  // one with black at its sides
  pans,     // a picture that the view wanders over
  talk,     // a picture that stands, with subtitles
  logo,
  credits,
  black,
};

struct Clip {
  Kind kind;
  double seconds;
  std::string_view source = "";  // a file below /usr/share, or a text
};

// Hard ones are among them: flat drawings with much text, a camera that hangs still, a logo twice.
constexpr Clip broadcast_clips[] = {
    {Kind::logo, 5, "STATION A"},
    {Kind::fills, 6.5, "planetblupi/movie/play101.mkv"},
    {Kind::fills, 12, "planetblupi/movie/play103.mkv"},
    {Kind::fills, 8.9, "planetblupi/movie/play105.mkv"},
    {Kind::fills, 7.5, "planetblupi/movie/play107.mkv"},
    {Kind::pillars, 6.9, "planetblupi/movie/play108.mkv"},
    {Kind::pillars, 8.5, "planetblupi/movie/play110.mkv"},
    {Kind::fills, 180, "openboard/library/videos/wannaworktogether.mp4"},
    {Kind::black, 4},
    {Kind::fills, 13, "planetblupi/movie/win129.mkv"},
    {Kind::fills, 40, "doc/opencv-doc/examples/data/vtest.avi"},
    {Kind::talk, 12, "games/renpy/demo/game/images/bg washington.jpg"},
    {Kind::credits, 12, "Lantern Blossom Harbour Melody Parade Sparrow Thunder Velvet"},
    {Kind::logo, 5, "STATION A"},
};

constexpr Clip other_clips[] = {
    {Kind::fills, 7, "lebiniou/vue/media/lebiniou-2021-06-10_12-17-47.mp4"},
    {Kind::fills, 8.9, "lebiniou/vue/media/lebiniou-2021-06-10_12-19-19.mp4"},
    {Kind::fills, 10.5, "lebiniou/vue/media/lebiniou-2021-06-10_12-19-53.mp4"},
    {Kind::fills, 9.4, "lebiniou/vue/media/lebiniou-2021-06-10_12-23-00.mp4"},
    {Kind::fills, 9.1, "lebiniou/vue/media/lebiniou-2021-06-10_12-23-40.mp4"},
    {Kind::fills, 8.5, "lebiniou/vue/media/lebiniou-2021-06-10_12-24-29.mp4"},
    {Kind::fills, 29.5, "doc/opencv-doc/examples/data/tree.avi"},
    {Kind::fills, 11.2, "doc/opencv-doc/examples/data/Megamind.avi"},
    {Kind::fills, 8.3, "forensics-samples/original-files/movie2/movie-hello.mp4"},
    {Kind::fills, 8, "games/renpy/demo/game/oa4_launch.webm"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/baboon.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/fruits.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/butterfly.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/building.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/home.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/messi5.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/board.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/aloeL.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/leuvenA.jpg"},
    {Kind::pans, 4, "doc/opencv-doc/examples/data/apple.jpg"},
    {Kind::pans, 4, "games/renpy/demo/game/images/concert1.png"},
    {Kind::black, 2},
    {Kind::logo, 5, "STATION B"},
    {Kind::credits, 10, "Anchor Bonfire Copper Drizzle Ember Flicker Garland Hollow"},
    {Kind::talk, 10, "games/renpy/demo/game/images/bg whitehouse.jpg"},
};

constexpr std::string_view cut = "crop='min(iw,ih*16/9)':'min(ih,iw*9/16)'";
constexpr std::string_view even = ",setsar=1,fps=30,format=yuv420p";

// Packages that are installed lie below /, those that ./dev unpacked below build/tools.
std::string file_of(std::string_view name) {
  for (const char* root : {"/usr/share/", "build/tools/usr/share/"}) {
    const std::string path = root + std::string(name);
    if (std::filesystem::exists(path)) return path;
  }
  give_up(std::string(name) + " is not there; ./dev bench attacks fetches what is missing");
}

std::string font() { return file_of("fonts/truetype/dejavu/DejaVuSans.ttf"); }

void run_ffmpeg(std::vector<std::string> arguments, const std::string& log) {
  arguments.insert(arguments.begin(), {"/usr/bin/ffmpeg", "-nostdin", "-v", "error", "-y"});
  Program ffmpeg(std::move(arguments), log);
  if (ffmpeg.wait().status != 0) give_up("ffmpeg: " + ffmpeg.said());
}

std::string draw(const std::string& what, const std::string& more) {
  return "drawtext=fontfile=" + font() + ":fontcolor=white:" + what + ":" + more;
}

std::string seconds_text(double seconds) {
  char text[20];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

struct Source {
  std::vector<std::string> input;
  std::string filter;
};

Source plain(std::string_view colour) {
  return {{"-f", "lavfi", "-i", "color=c=" + std::string(colour) + ":s=512x288:r=30"}, ""};
}

Source source_of(const Clip& clip, const std::string& texts) {
  const std::string cut_to_size = std::string(cut) + ",scale=512:288";
  switch (clip.kind) {
    case Kind::fills:
      return {{"-i", file_of(clip.source)}, cut_to_size};
    case Kind::pillars:
      return {{"-i", file_of(clip.source)},
              "scale=512:288:force_original_aspect_ratio=decrease,pad=512:288:-1:-1"};
    case Kind::pans:
      return {{"-i", file_of(clip.source)},
              std::string(cut) +
                  ",scale=1536:864,zoompan=z='1.1+on*.003':x='on*1.2':y='on*.6':"
                  "d=120:s=512x288:fps=30"};
    case Kind::talk:
      return {{"-loop", "1", "-framerate", "30", "-i", file_of(clip.source)},
              cut_to_size + "," +
                  draw("text='So what did you see there?'",
                       "fontsize=24:x=(w-tw)/2:y=h-50:enable='lt(mod(t,6),3)'") +
                  "," +
                  draw("text='Nothing that I would call new.'",
                       "fontsize=24:x=(w-tw)/2:y=h-50:enable='gte(mod(t,6),3)'")};
    case Kind::logo: {
      Source source = plain("0x203050");
      source.filter =
          draw("text='\u25cf'", "fontsize=190:x=(w-tw)/2:y=20:alpha='min(1,t/2)'") + "," +
          draw("text='" + std::string(clip.source) + "'", "fontsize=40:x=(w-tw)/2:y=h-70");
      return source;
    }
    case Kind::credits: {
      std::string lines(clip.source);
      std::ranges::replace(lines, ' ', '\n');
      std::ofstream(texts) << lines << '\n' << lines << '\n' << lines << '\n';
      Source source = plain("black");
      source.filter = draw("textfile=" + texts, "fontsize=26:x=(w-tw)/2:y=h-50*t");
      return source;
    }
    case Kind::black:
      return plain("black");
  }
  give_up("no such kind of clip");
}

std::span<const Clip> clips_of(Channel channel) {
  if (channel == Channel::broadcast) return broadcast_clips;
  return other_clips;
}

}  // namespace

std::string make_video(Channel channel, const std::string& folder) {
  const std::string base = folder + (channel == Channel::broadcast ? "/broadcast" : "/other");
  const std::string list = base + ".txt", log = base + ".log", out = base + ".mkv";
  std::ofstream listed(list);
  std::size_t number = 0;
  for (const Clip& clip : clips_of(channel)) {
    const std::string path = base + std::to_string(number++) + ".mkv";
    const Source source = source_of(clip, path + ".txt");
    std::vector<std::string> arguments = source.input;
    const std::string filter = source.filter.empty() ? "null" : source.filter;
    for (const std::string& argument :
         {std::string("-t"), seconds_text(clip.seconds), std::string("-an"), std::string("-vf"),
          filter + std::string(even), std::string("-c:v"), std::string("libx264"),
          std::string("-preset"), std::string("ultrafast"), std::string("-crf"), std::string("16"),
          path})
      arguments.push_back(argument);
    run_ffmpeg(std::move(arguments), log);
    listed << "file '" << path << "'\n";
  }
  listed.close();
  run_ffmpeg({"-f", "concat", "-safe", "0", "-i", list, "-c", "copy", out}, log);
  return out;
}

std::string_view clip_at(Channel channel, double at_s) {
  for (const Clip& clip : clips_of(channel)) {
    if (at_s < clip.seconds) return clip.kind == Kind::black ? "black" : clip.source;
    at_s -= clip.seconds;
  }
  return "the end";
}

bool shows_titles(double from_s, double to_s) {
  double begin_s = 0;
  for (const Clip& clip : other_clips) {
    const double end_s = begin_s + clip.seconds;
    if ((clip.kind == Kind::logo || clip.kind == Kind::credits) && from_s < end_s && to_s > begin_s)
      return true;
    begin_s = end_s;
  }
  return false;
}

Video::Video(const std::string& path, const std::string& folder) {
  const std::string raw = folder + path.substr(path.rfind('/')) + ".luma";
  run_ffmpeg({"-i", path, "-an", "-vf",
              "fps=30,scale=" + std::to_string(width_px) + ":" + std::to_string(height_px) +
                  ":flags=area,format=gray",
              "-f", "rawvideo", raw},
             folder + "/luma.log");
  frame_count_ = std::filesystem::file_size(raw) / frame_size;
  if (frame_count_ == 0) give_up(path + " has no frames");
  const int file = ::open(raw.c_str(), O_RDONLY | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, frame_count_ * frame_size, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) give_up("cannot map " + raw);
  frames_ = static_cast<const std::uint8_t*>(mapped);
}

Video::~Video() { ::munmap(const_cast<std::uint8_t*>(frames_), frame_count_ * frame_size); }

double Video::seconds() const { return static_cast<double>(frame_count_) / frames_per_second; }

match::testing::Picture Video::at(double at_s) const {
  const auto index = std::min(static_cast<std::size_t>(std::floor(at_s * frames_per_second + 1e-6)),
                              frame_count_ - 1);
  match::testing::Picture out(width_px, height_px);
  std::copy_n(&frames_[index * frame_size], frame_size, out.luma.begin());
  return out;
}

}  // namespace matsuri::bench
