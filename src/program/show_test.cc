#include "program/show.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "io/file.h"

namespace matsuri::program {
namespace {

About example() {
  return {.programme = 0x0123456789abcdef,
          .title = "夏祭り Live",
          .start_unix_ms = 1'796'126'400'000,
          .duration_ms = 1'250,
          .windows = {
              {.id = 1, .start_ms = 100, .end_ms = 600, .points = 10, .campaign = "summer"},
              {.id = 7, .start_ms = 600, .end_ms = 1'250, .points = 500, .campaign = "night-3"}}};
}

std::vector<match::Row> rows_of(std::uint32_t count) {
  std::vector<match::Row> rows(count);
  for (std::size_t row = 0; row < count; ++row)
    for (std::size_t cell = 0; cell < match::cell_count; ++cell) {
      const std::size_t value = (row * 31 + cell * 7) % 255;
      rows[row][cell] = static_cast<std::int8_t>(value == 128 ? 0 : value);
    }
  return rows;
}

// 13 rows: 0, 3 and 12 may be started at.
constexpr std::byte example_eligible[] = {std::byte{0x09}, std::byte{0x10}};

Lines example_show() {
  const auto lines = make_show(example(), rows_of(13), example_eligible);
  EXPECT_TRUE(lines.ok());
  return lines.value();
}

TEST(Show, GivesBackWhatWasMade) {
  const Lines lines = example_show();
  const auto show = Show::open(bytes_of(lines));
  ASSERT_TRUE(show.ok()) << show.error().to_string();
  EXPECT_TRUE(show->check().ok());
  EXPECT_EQ(show->about(), example());

  const match::Reference& reference = show->reference();
  ASSERT_EQ(reference.row_count, 13U);
  ASSERT_EQ(reference.rows.size(), 13 * match::cell_count);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(reference.rows.data()) % alignment, 0U);
  const auto rows = rows_of(13);
  EXPECT_EQ(std::memcmp(reference.rows.data(), rows.data(), reference.rows.size()), 0);
  for (std::uint32_t row = 0; row < 13; ++row)
    EXPECT_EQ(reference.is_eligible(row), row == 0 || row == 3 || row == 12) << row;
}

TEST(Show, KnowsTheWindowOfATime) {
  const Lines lines = example_show();
  const auto show = Show::open(bytes_of(lines));
  ASSERT_TRUE(show.ok());
  EXPECT_EQ(show->window_at(99), nullptr);
  ASSERT_NE(show->window_at(100), nullptr);
  EXPECT_EQ(show->window_at(599)->id, 1U);
  EXPECT_EQ(show->window_at(600)->id, 7U);
  EXPECT_EQ(show->window_at(1'249)->id, 7U);
  EXPECT_EQ(show->window_at(1'250), nullptr);
}

// Goal: what a closure was linked with years ago is read for ever. Method: bytes that were stored
// with the first version, whose parts docs/formats/show.md explains.
TEST(Show, WritesAndReadsTheGoldenBytes) {
  const auto golden =
      io::read_file(io::posix_files(), "tests/golden/program/example.show", 1 << 20);
  ASSERT_TRUE(golden.ok()) << golden.error().to_string();
  EXPECT_EQ(as_text(bytes_of(example_show())), golden.value());
}

// Goal: no damaged byte passes. Method: flip each bit pattern of each byte; open() must see it in
// the head, check() in the rest.
TEST(Show, SeesEveryFlippedByte) {
  Lines lines = example_show();
  const MutableBytes bytes = std::as_writable_bytes(std::span(lines));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const auto mask : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
      bytes[at] ^= mask;
      const auto show = Show::open(bytes_of(lines));
      const auto checked = show.ok() ? show->check() : Result<void>(show.error());
      ASSERT_FALSE(checked.ok()) << at;
      ASSERT_EQ(checked.error().code(), Code::corrupt) << at;
      bytes[at] ^= mask;
    }
  }
}

TEST(Show, SeesEveryCut) {
  const Lines lines = example_show();
  const Bytes bytes = bytes_of(lines);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto show = Show::open(bytes.first(size));
    ASSERT_FALSE(show.ok()) << size;
    ASSERT_EQ(show.error().code(), Code::corrupt) << size;
  }
}

TEST(Show, RefusesBytesThatAreNotAligned) {
  Lines lines = example_show();
  lines.emplace_back();
  const Bytes bytes = bytes_of(lines);
  const auto show = Show::open(bytes.subspan(8, bytes.size() - alignment));
  ASSERT_FALSE(show.ok());
  EXPECT_EQ(show.error().code(), Code::invalid);
}

struct Wrong {
  const char* what;
  void (*change)(About&);
};

// Goal: what must hold of a programme is refused one past its limit, and taken at it.
TEST(Show, RefusesWhatAClosureCouldNotServe) {
  const Wrong wrongs[] = {
      {"from 1 to", [](About& about) { about.programme = 0; }},
      {"from 1 to", [](About& about) { about.programme = std::uint64_t{1} << 63; }},
      {"one line", [](About& about) { about.title.clear(); }},
      {"one line", [](About& about) { about.title = "two\nlines"; }},
      {"one line", [](About& about) { about.title = std::string(title_size_max + 1, 'x'); }},
      {"window 1 has no id", [](About& about) { about.windows[0].id = 0; }},
      {"window 2 has the id of window 1", [](About& about) { about.windows[1].id = 1; }},
      {"window 1 ends before", [](About& about) { about.windows[0].end_ms = 100; }},
      {"window 2 starts before", [](About& about) { about.windows[1].start_ms = 599; }},
      {"window 2 ends after", [](About& about) { about.windows[1].end_ms = 1'251; }},
      {"window 1 is worth no points", [](About& about) { about.windows[0].points = 0; }},
      {"window 1 has no campaign", [](About& about) { about.windows[0].campaign = ""; }},
      {"window 2 has no campaign", [](About& about) { about.windows[1].campaign = "Night"; }},
      {"window 2 has no campaign",
       [](About& about) { about.windows[1].campaign = std::string(24, 'x'); }},
      {"at most 256", [](About& about) { about.windows.resize(257); }},
  };
  for (const Wrong& wrong : wrongs) {
    About about = example();
    wrong.change(about);
    const auto lines = make_show(about, rows_of(13), example_eligible);
    ASSERT_FALSE(lines.ok()) << wrong.what;
    EXPECT_EQ(lines.error().code(), Code::invalid);
    EXPECT_NE(lines.error().message().find(wrong.what), std::string::npos)
        << lines.error().message();
  }
}

TEST(Show, TakesEverythingAtItsLimit) {
  About about = example();
  about.programme = (std::uint64_t{1} << 63) - 1;
  about.title = std::string(title_size_max, 'x');
  about.windows.clear();
  for (std::uint32_t i = 0; i < window_count_max; ++i)
    about.windows.push_back({.id = i + 1,
                             .start_ms = i,
                             .end_ms = i + 1,
                             .points = ~std::uint32_t{0} - i,
                             .campaign = std::string(campaign_size_max, 'z')});
  const auto lines = make_show(about, rows_of(13), example_eligible);
  ASSERT_TRUE(lines.ok());
  const auto show = Show::open(bytes_of(*lines));
  ASSERT_TRUE(show.ok());
  EXPECT_EQ(show->about(), about);
}

}  // namespace
}  // namespace matsuri::program
