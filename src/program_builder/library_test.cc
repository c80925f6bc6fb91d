#include "program_builder/library.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "program_builder/testing/videos.h"

namespace matsuri::program_builder {
namespace {

using testing::Videos;
using testing::wandering_rows;

std::string show_of(std::uint64_t programme) {
  const auto lines = program::make_show({.programme = programme,
                                         .title = "Week " + std::to_string(programme),
                                         .start_unix_ms = 0,
                                         .duration_ms = 1'000,
                                         .windows = {}},
                                        wandering_rows(programme, 10), std::vector<std::byte>(2));
  return std::string(as_text(program::bytes_of(lines.value())));
}

TEST(Library, IsEveryOtherProgrammeOfAFolderOnce) {
  const Videos folder;
  for (const char* name : {"lib", "lib/week2", "lib/week1"})
    std::filesystem::create_directory(folder.path(name));
  folder.write("lib/week1/show.checkin", std::string(128, 'e') + show_of(1) + "tail");
  folder.write("lib/week1/show.data", show_of(1));
  folder.write("lib/week2/show.data", show_of(2));
  folder.write("lib/own.data", show_of(9));
  folder.write("lib/report.html", "not looked at");
  const auto library = read_library(io::posix_files(), folder.path("lib"), 9);
  ASSERT_TRUE(library.ok()) << library.error().to_string();
  ASSERT_EQ(library->size(), 2U);
  EXPECT_EQ((*library)[0].show().about().title, "Week 1");
  EXPECT_EQ((*library)[1].show().about().title, "Week 2");
}

TEST(Library, SaysWhichFileIsNotWhole) {
  const Videos folder;
  std::filesystem::create_directory(folder.path("lib"));
  folder.write("lib/a.data", show_of(1));
  const std::string broken = folder.write("lib/b.checkin", show_of(2).substr(0, 2000));
  const auto library = read_library(io::posix_files(), folder.path("lib"), 9);
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code(), Code::corrupt);
  EXPECT_TRUE(library.error().message().starts_with(broken)) << library.error().message();
}

}  // namespace
}  // namespace matsuri::program_builder
