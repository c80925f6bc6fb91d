// Goal: programmes are found in executables, wherever their linker put them, and nothing else is taken
// for one.
#include "program/find.h"

#include <gtest/gtest.h>

#include <string>

namespace matsuri::program {
namespace {

std::string example_show() {
  std::vector<match::Row> rows(10);
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (std::size_t cell = 0; cell < rows[row].size(); ++cell)
      rows[row][cell] = static_cast<std::int8_t>((row * 31 + cell * 7) % 200) - 100;
  const auto lines = make_show(
      {.programme = 3, .title = "Week 3", .start_unix_ms = 0, .duration_ms = 1'000, .windows = {}},
      rows, std::vector<std::byte>(2));
  return std::string(as_text(bytes_of(lines.value())));
}

// Among other bytes, some of which begin like one.
TEST(Find, FindsAProgrammeAmongOtherBytes) {
  const std::string show = example_show();
  for (const std::size_t lines_before : {0U, 1U, 5U, 64U}) {
    for (const std::size_t size_behind : {0U, 1U, 63U, 1000U}) {
      std::string file(lines_before * 64, 'x');
      if (lines_before > 1) file.replace(64, 64, show.substr(0, 64));
      file += show + std::string(size_behind, 'y');
      const auto found = find_show(as_bytes(file));
      ASSERT_TRUE(found.ok()) << lines_before;
      EXPECT_EQ(as_text(bytes_of(*found)), show);
    }
  }
}

TEST(Find, FindsNothingWhereNothingIsWhole) {
  const std::string show = example_show();
  for (std::size_t at = 0; at < show.size(); at += 41) {
    std::string damaged = show;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_FALSE(find_show(as_bytes(damaged)).ok()) << at;
    EXPECT_FALSE(find_show(as_bytes(show).first(at)).ok()) << at;
  }
  EXPECT_FALSE(find_show(as_bytes("x" + show)).ok());
}

}  // namespace
}  // namespace matsuri::program
