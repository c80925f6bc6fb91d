#include "program_builder/build.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "program_builder/report.h"
#include "program_builder/testing/videos.h"

namespace matsuri::program_builder {
namespace {

using testing::Silent;
using testing::Videos;

// Ten seconds of an opening, then something of its own, black, and a still.
std::string episode(const std::string& own) {
  return "-f lavfi -i mandelbrot=s=320x180:r=25:start_scale=1:end_scale=.02:end_pts=200 -f lavfi "
         "-i " +
         own +
         " -f lavfi -i color=black:s=320x180:r=25 -f lavfi -i testsrc=s=320x180:r=25 "
         "-filter_complex "
         "\"[0]trim=duration=10,setpts=PTS-STARTPTS[a];[1]trim=duration=20,setpts=PTS-STARTPTS[b];"
         "[2]trim=duration=6,setpts=PTS-STARTPTS[c];[3]trim=start_frame=7:end_frame=8,loop=149:1,"
         "setpts=N/25/TB[d];"
         "[a][b][c][d]concat=n=4,format=yuv420p\" -c:v libx264 -crf 18 -preset veryfast";
}
const std::string own =
    "life=s=160x90:r=10:mold=10:seed=7:ratio=.3:life_color=#C0F0FF:death_color=#204060,scale=320:"
    "180,fps=25";
const std::string other =
    "life=s=160x90:r=10:mold=10:seed=9:ratio=.3:life_color=#FFF0C0:death_color=#402010,scale=320:"
    "180,fps=25";

class Build : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    episodes_ = new Videos;
    episodes_->make("show.mp4", episode(own));
  }
  static void TearDownTestSuite() { delete episodes_; }

  void SetUp() override {
    options_.video = episodes_->path("show.mp4");
    options_.title = "Live & <b>";
    options_.start_unix_ms = 1'796'126'400'000;
    options_.windows =
        videos_.write("windows.toml",
                      "[[window]]\nstart = 9\nend = 30\ncampaign = \"summer\"\npoints = 10\n"
                      "[[window]]\nstart = 30\nend = 35\ncampaign = \"late\"\npoints = 20\n");
    options_.thread_count = 2;
  }

  Built built() {
    Silent silent;
    auto result = build(options_, io::posix_files(), silent);
    EXPECT_TRUE(result.ok()) << result.error().to_string();
    return result.ok() ? std::move(*result) : Built{};
  }
  Error failed() {
    Silent silent;
    const auto result = build(options_, io::posix_files(), silent);
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error(Code::io, "") : result.error();
  }
  // The reason that most rows of these seconds have.
  static Reason reason_at(const Built& built, std::size_t from_s, std::size_t to_s) {
    std::array<std::size_t, reason_count> counts{};
    for (std::size_t row = from_s * 10; row < to_s * 10; ++row)
      ++counts[static_cast<std::size_t>(reason_of(built.ratings[row]))];
    return static_cast<Reason>(std::ranges::max_element(counts) - counts.begin());
  }

  static Videos* episodes_;
  Videos videos_;
  BuildOptions options_;
};
Videos* Build::episodes_ = nullptr;

TEST_F(Build, TellsWhereViewersCanCheckInAndWhyNot) {
  const Built show = built();
  EXPECT_NEAR(show.about.duration_ms, 42'000, 100);
  EXPECT_EQ(reason_at(show, 0, 6), Reason::none);
  EXPECT_EQ(reason_at(show, 12, 26), Reason::none);
  EXPECT_EQ(reason_at(show, 30, 33), Reason::flat);
  EXPECT_EQ(reason_at(show, 36, 39), Reason::still);

  const auto view = program::Show::open(program::bytes_of(show.data));
  ASSERT_TRUE(view.ok() && view->check().ok());
  EXPECT_EQ(view->about(), show.about);
  for (std::uint32_t row = 0; row < view->reference().row_count; ++row)
    ASSERT_EQ(view->reference().is_eligible(row), reason_of(show.ratings[row]) == Reason::none);

  const std::string text = to_text(show), page = to_html(show);
  EXPECT_NE(text.find("window 2, 00:00:30–00:00:35, late: WARNING: nobody can check in"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("window 1, 00:00:09–00:00:30, summer: open for"), std::string::npos) << text;
  EXPECT_NE(page.find("nobody can check in here"), std::string::npos);
  EXPECT_NE(page.find("Live &amp; &lt;b&gt;"), std::string::npos);
  EXPECT_EQ(page.find("<b>\""), std::string::npos);
  EXPECT_NE(page.find("data:image/png;base64,iVBOR"), std::string::npos);
  // Nothing of it is elsewhere.
  for (const char* outside : {"src=\"http", "href=\"http", "@import", "<script"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

// Goal: last week's opening lets nobody in this week. Method: another episode with the same one is
// put into the library as it was linked.
TEST_F(Build, KeepsViewersOutOfLastWeeksOpening) {
  const std::string library = videos_.path("library");
  std::filesystem::create_directories(library + "/week1");
  BuildOptions first = options_;
  first.title = "Week 1";
  first.video = videos_.make("week1.mp4", episode(other));
  Silent silent;
  const auto week1 = build(first, io::posix_files(), silent);
  ASSERT_TRUE(week1.ok());
  videos_.write("library/week1/show.checkin",
                std::string(4096, 'x') + std::string(as_text(program::bytes_of(week1->data))));

  options_.library = library;
  const Built show = built();
  EXPECT_EQ(reason_at(show, 0, 6), Reason::earlier);
  EXPECT_EQ(reason_at(show, 12, 26), Reason::none);
  ASSERT_EQ(show.library.size(), 1U);
  EXPECT_EQ(show.library[0].title, "Week 1");
  EXPECT_NE(to_html(show).find("of Week 1 ("), std::string::npos);
}

// Goal: the same bytes, whatever the cache holds and however many threads there are.
TEST_F(Build, IsTheSameEveryTime) {
  const Built plain = built();
  options_.thread_count = 1;
  const Built single = built();
  options_.cache = videos_.path("cache");
  const Built filling = built(), filled = built();
  for (const Built* one : {&single, &filling, &filled}) {
    EXPECT_EQ(as_text(program::bytes_of(one->data)), as_text(program::bytes_of(plain.data)));
    EXPECT_EQ(to_html(*one), to_html(plain));
  }
}

TEST_F(Build, SaysWhatIsWrong) {
  const BuildOptions right = options_;
  options_.windows =
      videos_.write("late.toml", "[[window]]\nstart = 1\nend = 50\ncampaign = \"a\"\npoints = 1\n");
  EXPECT_NE(failed().message().find("late.toml: line 1: this window ends at 00:00:50, after"),
            std::string::npos)
      << failed().message();
  options_ = right;
  options_.title = "";
  EXPECT_TRUE(failed().message().starts_with("title"));
  options_ = right;
  options_.library = videos_.path("nowhere");
  EXPECT_EQ(failed().code(), Code::not_found);
}

TEST(WindowSummary, CutsStretchesAtTheWindow) {
  const Stretch stretches[] = {{.first_row = 0, .row_count = 100, .reason = Reason::none},
                               {.first_row = 100, .row_count = 50, .reason = Reason::still},
                               {.first_row = 150, .row_count = 69, .reason = Reason::none},
                               {.first_row = 219, .row_count = 1, .reason = Reason::flat},
                               {.first_row = 220, .row_count = 70, .reason = Reason::none}};
  // 2 s to 40 s: the second stretch is a row too short, the last one just long enough.
  const WindowSummary summary = summarise(
      {.id = 1, .start_ms = 2'000, .end_ms = 40'000, .points = 1, .campaign = "a"}, stretches);
  ASSERT_EQ(summary.stretches.size(), 2U);
  EXPECT_EQ(summary.stretches[0].first_row, 20U);
  EXPECT_EQ(summary.stretches[0].row_count, 80U);
  EXPECT_EQ(summary.stretches[1].first_row, 220U);
  EXPECT_EQ(summary.eligible_ms, 15'000U);
  EXPECT_EQ(summary.wait_ms_max, 12'000U);

  const WindowSummary none = summarise(
      {.id = 2, .start_ms = 3'001, .end_ms = 10'000, .points = 1, .campaign = "a"}, stretches);
  EXPECT_TRUE(none.stretches.empty());
  EXPECT_EQ(none.wait_ms_max, 6'900U);
}

}  // namespace
}  // namespace matsuri::program_builder
