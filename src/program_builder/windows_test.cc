#include "program_builder/windows.h"

#include <gtest/gtest.h>

namespace matsuri::program_builder {
namespace {

TEST(Windows, AreReadAndPutInOrder) {
  const auto windows = parse_windows(R"(
[[window]]
start = "00:20:00"
end = "00:25:00.5"
campaign = "night-3"
points = 500

[[window]]   # of the first half
start = 300
end = 600.5
campaign = "summer"
points = 10
id = 1
)");
  ASSERT_TRUE(windows.ok()) << windows.error().to_string();
  const std::vector<program::Window> expected = {
      {.id = 1, .start_ms = 300'000, .end_ms = 600'500, .points = 10, .campaign = "summer"},
      {.id = 2, .start_ms = 1'200'000, .end_ms = 1'500'500, .points = 500, .campaign = "night-3"}};
  EXPECT_EQ(windows->windows, expected);
  EXPECT_EQ(windows->lines, (std::vector<std::uint32_t>{8, 2}));
  EXPECT_TRUE(windows->check_end(1'500'500).ok());
  const auto late = windows->check_end(1'500'499);
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.error().message().starts_with("line 2: ")) << late.error().message();
}

// Goal: whoever wrote the file learns the line, and what was expected there.
TEST(Windows, ErrorsNameTheirLine) {
  const std::pair<const char*, const char*> wrongs[] = {
      {"", "there is no [[window]]"},
      {"window = 3\n", "line 1: expected [[window]]"},
      {"window = [3]\n", "line 1: expected [[window]]"},
      {"[window]\nstart = 1\n", "line 1: expected [[window]]"},
      {"\nwindows = 3\n", "line 2: windows is not known"},
      {"[[window]]\nstart = \"1\"\n", "line 2: start: expected a time"},
      {"[[window]]\nstart = -1\n", "line 2: start: expected a time"},
      {"[[window]]\nstart = nan\n", "line 2: start: expected a time"},
      {"[[window]]\nstart = true\n", "line 2: start: expected a time"},
      {"[[window]]\nstart = 1\nend = 21600.1\n", "line 3: end: expected a time"},
      {"[[window]]\nstart = 1\nend = 2\n", "line 1: this window has no campaign"},
      {"[[window]]\nstart = 1\nend = 2\ncampaign = \"a\"\n", "line 1: this window has no points"},
      {"[[window]]\npoints = 0\n", "line 2: points: expected"},
      {"[[window]]\npoints = 4294967296\n", "line 2: points: expected"},
      {"[[window]]\nend = 2\ncampaign = \"a\"\n", "line 1: this window has no start"},
      {"[[window]]\nstart = 2\ncampaign = \"a\"\n", "line 1: this window has no end"},
      {"[[window]]\nstart = 2\nend = 2\npoints = 1\ncampaign = \"a\"\n",
       "line 1: this window ends before"},
      {"[[window]]\nstart = 1\nend = 2\ncampaign = \"A\"\n", "line 4: campaign: expected"},
      {"[[window]]\nstart = 1\nend = 2\ncampaign = 3\n", "line 4: campaign: expected"},
      {"[[window]]\nstart = 1\nid = 0\n", "line 3: id: expected"},
      {"[[window]]\nstart = 1\nid = 4294967296\n", "line 3: id: expected"},
      {"[[window]]\nstrat = 1\n", "line 2: strat is not known"},
      {"[[window]]\nstart = 1\nend = 3\ncampaign = \"a\"\npoints = 1\n[[window]]\nstart = 2\nend = "
       "4\n"
       "campaign = \"a\"\npoints = 1\n",
       "line 6: this window starts before that of line 1 ends"},
      {"[[window]]\nid = 7\nstart = 1\nend = 2\ncampaign = \"a\"\npoints = 1\n[[window]]\nid = 7\n"
       "start = 3\nend = 4\ncampaign = \"a\"\npoints = 1\n",
       "line 7: another window has the id 7"},
      {"[[window]]\nstart = \n", "line 2: "},
  };
  for (const auto& [text, message] : wrongs) {
    const auto windows = parse_windows(text);
    ASSERT_FALSE(windows.ok()) << text;
    EXPECT_EQ(windows.error().code(), Code::invalid);
    EXPECT_TRUE(windows.error().message().starts_with(message))
        << windows.error().message() << "\nfor\n"
        << text;
  }
}

TEST(Windows, AreAtMost256) {
  std::string text;
  for (int i = 0; i < 256; ++i)
    text += "[[window]]\nstart = " + std::to_string(i) + "\nend = " + std::to_string(i + 1) +
            "\ncampaign = \"a\"\npoints = 1\n";
  EXPECT_TRUE(parse_windows(text).ok());
  text += "[[window]]\nstart = 300\nend = 301\ncampaign = \"a\"\npoints = 1\n";
  const auto windows = parse_windows(text);
  ASSERT_FALSE(windows.ok());
  EXPECT_TRUE(windows.error().message().starts_with("line 1281: ")) << windows.error().message();
}

}  // namespace
}  // namespace matsuri::program_builder
