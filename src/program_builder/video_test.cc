#include "program_builder/video.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <tuple>

#include "program/show.h"
#include "program_builder/testing/videos.h"

namespace matsuri::program_builder {
namespace {

using testing::Silent;
using testing::Videos;

// A picture that moves, and has neither symmetry nor flat parts.
const std::string moving = "-f lavfi -i testsrc2=s=320x180:r=25:d=6 ";
const std::string lossless = "-c:v ffv1 -pix_fmt yuv420p ";

Result<Master> master_of(const std::string& path, int thread_count = 2) {
  Silent silent;
  return read_master(path, thread_count, silent);
}

Master whole(const std::string& path) {
  auto master = master_of(path);
  EXPECT_TRUE(master.ok()) << master.error().to_string();
  return master.ok() ? std::move(*master) : Master{};
}

// The mean difference of cells, in steps of a feature (of which there are 254).
double difference(const Master& a, const Master& b) {
  EXPECT_EQ(a.rows.size(), b.rows.size());
  if (a.rows.size() != b.rows.size() || a.rows.empty()) return 254;
  double sum = 0;
  for (std::size_t row = 0; row < a.rows.size(); ++row)
    for (std::size_t cell = 0; cell < match::cell_count; ++cell)
      sum += std::abs(a.rows[row][cell] - b.rows[row][cell]);
  return sum / static_cast<double>(a.rows.size() * match::cell_count);
}

TEST(Video, IsReadFromAnyContainer) {
  const Videos videos;
  const Master raw = whole(videos.make("raw.mkv", moving + lossless));
  EXPECT_EQ(raw.duration_ms, 6'000U);
  EXPECT_EQ(raw.rows.size(), 60U);
  EXPECT_EQ(raw.pictures.size(), 6U);
  for (const auto& [name, arguments] :
       {std::pair("h264.mp4", "-c:v libx264 -crf 12 -pix_fmt yuv420p"),
        {"h264.ts", "-c:v libx264 -crf 12 -pix_fmt yuv420p"},
        {"mpeg2.ts", "-c:v mpeg2video -q:v 1"},
        {"vp8.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 8M"},
        {"mjpeg.avi", "-c:v mjpeg -q:v 1 -pix_fmt yuvj420p"},
        {"sound.mov", "-f lavfi -i sine=d=6 -c:v libx264 -crf 12 -pix_fmt yuv420p"}})
    EXPECT_LT(difference(raw, whole(videos.make(name, moving + arguments))), 3) << name;
}

// Goal: the same picture gives the same rows, however its samples are stored.
TEST(Video, IsReadFromAnyFormOfPixels) {
  const Videos videos;
  // Grey, so that no conversion loses colour; of full range first.
  const std::string grey = "-f lavfi -i testsrc2=s=320x180:r=10:d=2,format=gray,format=";
  const Master raw = whole(videos.make("gray.mkv", grey + "gray -c:v ffv1"));
  for (const auto& [name, arguments] : {std::pair("limited.mkv", "yuv420p -c:v ffv1"),
                                        {"planar.mkv", "yuv444p -c:v ffv1"},
                                        {"full.avi", "yuvj420p -c:v mjpeg -q:v 1"},
                                        {"ten.mkv", "yuv420p10le -c:v ffv1"},
                                        {"rgb.mkv", "bgr0 -c:v ffv1"},
                                        {"rgb48.mkv", "gbrp10le -c:v ffv1"},
                                        {"packed.avi", "yuyv422 -c:v rawvideo"},
                                        {"semi.avi", "nv12 -c:v rawvideo"},
                                        {"palette.avi", "rgb24,format=pal8 -c:v rawvideo"},
                                        {"sixteen.nut", "rgb565le -c:v rawvideo"}})
    EXPECT_LT(difference(raw, whole(videos.make(name, grey + arguments))), 4) << name;
}

// Goal: brightness is BT.601's, whatever the video is coded with. Method: the same colours as RGB
// and as BT.709.
TEST(Video, KnowsItsColours) {
  const Videos videos;
  const Master rgb = whole(videos.make("rgb.mkv", moving + "-c:v ffv1 -pix_fmt bgr0"));
  const std::string to_709 =
      "-vf format=gbrp,scale=out_color_matrix=bt709,format=yuv444p -c:v ffv1 ";
  EXPECT_LT(difference(rgb, whole(videos.make("709.mkv", moving + to_709 + "-colorspace bt709"))),
            2);
  // As if it were BT.601: the test would see it.
  EXPECT_GT(
      difference(rgb, whole(videos.make("wrong.mkv", moving + to_709 + "-colorspace smpte170m"))),
      2);
}

// Goal: row r shows what is on the screen at r / 10 s, also where frames come at odd times.
// Method: brightness grows to the right in even seconds and to the left in odd ones; of 25 frames a
// second only every seventh is kept.
TEST(Video, ShowsEachFrameUntilTheNext) {
  const Videos videos;
  const std::string path = videos.make(
      "odd.mkv",
      "-f lavfi -i "
      "\"nullsrc=s=64x32:r=25:d=4,geq=lum='if(mod(floor(T),2),235-X*3,20+X*3)':cb=128:cr=128\" "
      "-vf \"select='not(mod(n,7))'\" -vsync vfr -c:v ffv1 -pix_fmt yuv444p");
  const Master master = whole(path);
  ASSERT_GE(master.rows.size(), 39U);
  for (std::size_t row = 0; row < master.rows.size(); ++row) {
    const auto frame = row * 25 / 10 / 7 * 7;  // the last that was kept by then
    const bool is_odd = frame / 25 % 2 == 1;
    const int left = master.rows[row][8 * 32 + 1], right = master.rows[row][8 * 32 + 30];
    EXPECT_EQ(right < left, is_odd) << row;
  }
}

TEST(Video, BeginsWithItsSound) {
  const Videos videos;
  const Master raw = whole(videos.make("raw.mkv", moving + lossless));
  const std::string sound = "-f lavfi -i sine=d=7 ";
  // All is one hour later.
  const Master late =
      whole(videos.make("late.ts", moving + "-f lavfi -i sine=d=6 -c:v libx264 -crf 12 "
                                            "-pix_fmt yuv420p -output_ts_offset 3600"));
  EXPECT_NEAR(static_cast<double>(late.rows.size()), 60, 1);
  // The picture is one second later than the sound, and its first frame is shown from the begin.
  const Master delayed = whole(videos.make(
      "delayed.mkv", sound + "-itsoffset 1 " + moving + "-map 0 -map 1 -c:a flac " + lossless));
  ASSERT_EQ(delayed.rows.size(), 70U);
  for (std::size_t row = 0; row < 60; ++row) EXPECT_EQ(delayed.rows[row + 10], raw.rows[row]);
  EXPECT_EQ(delayed.rows[0], raw.rows[0]);
}

// Goal: rows are of what a television shows: bars beside a narrow picture, samples that are not
// square, odd sizes, turned pictures.
TEST(Video, IsPutOntoAScreen) {
  const Videos videos;
  const std::string narrow = "-f lavfi -i testsrc2=s=240x180:r=10:d=2 ";
  EXPECT_LT(
      difference(whole(videos.make("narrow.mkv", narrow + lossless)),
                 whole(videos.make("padded.mkv", narrow + "-vf pad=320:180:40:0 " + lossless))),
      1);
  const std::string wide = "-f lavfi -i testsrc2=s=320x132:r=10:d=2 ";
  EXPECT_LT(difference(whole(videos.make("wide.mkv", wide + lossless)),
                       whole(videos.make("boxed.mkv", wide + "-vf pad=320:180:0:24 " + lossless))),
            1);
  const Master raw = whole(videos.make("raw.mkv", moving + lossless));
  EXPECT_LT(
      difference(raw, whole(videos.make("anamorphic.mkv",
                                        moving + "-vf scale=360:288,setsar=64/45 " + lossless))),
      4);
  EXPECT_LT(
      difference(raw, whole(videos.make("odd.mkv", moving + "-vf scale=427:239 " + lossless))), 4);
}

TEST(Video, IsTurnedAsItsFileAsks) {
  const Videos videos;
  const std::string encoded = "-c:v libx264 -qp 0 -pix_fmt yuv420p ";
  const std::string plain = videos.make("plain.mp4", moving + encoded);
  for (const auto& [degrees, filter] :
       {std::pair("90", "transpose=clock"), {"180", "hflip,vflip"}, {"270", "transpose=cclock"}}) {
    const Master turned = whole(
        videos.make("turned.mp4", "-i " + plain + " -c copy -metadata:s:v:0 rotate=" + degrees));
    const Master expected =
        whole(videos.make("expected.mp4", moving + "-vf " + filter + ' ' + encoded));
    // ffmpeg itself may turn the other way round between its versions: one of both it must be.
    const Master opposite =
        whole(videos.make("opposite.mp4", moving + "-vf " + filter + ",hflip,vflip " + encoded));
    EXPECT_LT(std::min(difference(turned, expected), difference(turned, opposite)), 1) << degrees;
    EXPECT_GT(difference(expected, whole(plain)), 5) << degrees;
  }
}

TEST(Video, IsTheSameWithAnyNumberOfThreads) {
  const Videos videos;
  const std::string path =
      videos.make("h264.mp4", moving + "-c:v libx264 -crf 30 -bf 3 -pix_fmt yuv420p");
  const auto one = master_of(path, 1), four = master_of(path, 4);
  ASSERT_TRUE(one.ok() && four.ok());
  EXPECT_EQ(one->rows, four->rows);
  ASSERT_EQ(one->pictures.size(), four->pictures.size());
  for (std::size_t i = 0; i < one->pictures.size(); ++i)
    EXPECT_EQ(one->pictures[i].rgb, four->pictures[i].rgb);
}

void expect_error(const std::string& path, Code code, std::string_view what) {
  const auto master = master_of(path);
  ASSERT_FALSE(master.ok()) << path;
  EXPECT_EQ(master.error().code(), code) << master.error().to_string();
  EXPECT_NE(master.error().message().find(what), std::string::npos) << master.error().to_string();
  EXPECT_TRUE(master.error().message().starts_with(path)) << master.error().to_string();
}

TEST(Video, SaysWhatIsWrongWithAFile) {
  const Videos videos;
  expect_error(videos.path("missing.mp4"), Code::not_found, "is not there");
  expect_error(videos.write("text.mp4", "no video at all"), Code::invalid, "is no video");
  expect_error(videos.write("empty.mp4", ""), Code::invalid, "is no video");
  expect_error(videos.make("sound.mp3", "-f lavfi -i sine=d=1"), Code::invalid, "has no video");
}

// Goal: a copy that broke off is refused, wherever that was, and not built as a shorter programme.
TEST(Video, SeesThatAFileWasCutShort) {
  const Videos videos;
  const std::string encoded = moving + "-c:v libx264 -g 25 -pix_fmt yuv420p ";
  for (const auto& [name, arguments] :
       {std::pair("end.mp4", ""), {"front.mp4", "-movflags +faststart"}, {"cut.mkv", ""}}) {
    const std::string content = videos.read(videos.make(name, encoded + arguments));
    for (const std::size_t tenth : {1U, 3U, 5U, 7U, 8U}) {
      const std::string path = videos.write(name, content.substr(0, content.size() * tenth / 10));
      const auto master = master_of(path);
      ASSERT_FALSE(master.ok()) << name << " cut at " << tenth << "/10";
      EXPECT_NE(master.error().message().find("cut short"), std::string::npos)
          << master.error().to_string();
    }
  }
}

// Goal: whatever a disk did to a file, it is an error or rows, never a crash or a hang.
TEST(Video, SurvivesDamage) {
  const Videos videos;
  // The last has no checksums: what is wrong in it looks like a picture.
  for (const auto& [name, codec, error_count_min] : {std::tuple("broken.mp4", "libx264", 10U),
                                                     {"broken.ts", "mpeg2video", 10U},
                                                     {"broken.mkv", "ffv1", 0U}}) {
    const std::string content =
        videos.read(videos.make(name, std::string("-f lavfi -i testsrc2=s=160x90:r=10:d=2 -c:v ") +
                                          codec + " -pix_fmt yuv420p"));
    std::size_t error_count = 0;
    for (int i = 1; i < 40; ++i) {
      std::string broken = content;
      for (std::size_t at = broken.size() * static_cast<std::size_t>(i) / 40, end = at + 64;
           at < end && at < broken.size(); ++at)
        broken[at] = static_cast<char>(~broken[at]);
      const auto master = master_of(videos.write(name, broken));
      if (master.ok())
        EXPECT_EQ(master->rows.size(), program::row_count_of(master->duration_ms));
      else
        ++error_count;
    }
    EXPECT_GE(error_count, error_count_min) << name;
  }
}

}  // namespace
}  // namespace matsuri::program_builder
