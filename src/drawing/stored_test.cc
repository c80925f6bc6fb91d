// The stored form: what was written once is read for ever, and nothing that is not valid is read.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "drawing/drawing.h"
#include "drawing/testing/made.h"

namespace matsuri::drawing {
namespace {

using namespace std::string_literals;

const std::string golden_folder = "tests/golden/drawing/";  // from the repository's root

// The drawing of the worked example in docs/formats/drawing.md.
const Drawing example = {
    .strokes = {{.pen = 2,
                 .eraser = false,
                 .points = {{.x = 400, .y = 240, .t = 0}, {.x = 402, .y = 200, .t = 16}}},
                {.pen = 1, .eraser = true, .points = {{.x = 402, .y = 216, .t = 1500}}}}};
const std::string example_bytes =
    "MD1"
    "\x02"
    "\x02\x02\xa0\x06\xe0\x03\x00\x04\x4f\x10"
    "\x05\x01\x00\x20\xdc\x0b"s;

struct Sample {
  const char* name;
  Drawing drawing;
};

// What the golden files hold. Add, never change.
std::vector<Sample> samples() {
  return {
      {"example", example},
      {"smallest", {.strokes = {{.pen = 1, .points = {{.x = 0, .y = 0, .t = 0}}}}}},
      {"corners",
       {.strokes = {{.pen = 3,
                     .points = {{.x = 1280, .y = 480, .t = 60'000},
                                {.x = 0, .y = 0, .t = 60'000},
                                {.x = 1280, .y = 0, .t = 127},
                                {.x = 0, .y = 480, .t = 128}}},
                    {.pen = 3, .eraser = true, .points = {{.x = 1280, .y = 0, .t = 16'384}}}}}},
      {"scribbles", clean(testing::made({.seed = 7})).value()},
  };
}

Result<Drawing> decoded(std::string_view bytes) { return decode(as_bytes(bytes)); }

void expect_corrupt(std::string_view bytes, std::string_view why) {
  const auto got = decoded(bytes);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), Code::corrupt);
  EXPECT_EQ(got.error().message(), "a stored drawing " + std::string(why));
}

TEST(Stored, IsTheWorkedExample) {
  EXPECT_EQ(to_hex(as_bytes(encode(example))), to_hex(as_bytes(example_bytes)));
  EXPECT_EQ(decoded(example_bytes).value(), example);
}

// Method: MATSURI_WRITE_GOLDEN=1 writes the files that are missing, and none over.
TEST(Stored, ReadsAndWritesTheGoldenFiles) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const std::string path = golden_folder + sample.name + ".md1";
    if (std::getenv("MATSURI_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path))
      std::ofstream(path, std::ios::binary) << encode(sample.drawing);
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file.is_open()) << path;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto back = decoded(bytes);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(*back, sample.drawing);
    EXPECT_EQ(encode(*back), bytes);
  }
}

TEST(Stored, ComesBackTheSame) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const Drawing drawing = clean(testing::made({.seed = seed})).value();
    const std::string bytes = encode(drawing);
    EXPECT_EQ(bytes.size(), encoded_size(drawing));
    EXPECT_EQ(decoded(bytes).value(), drawing);
  }
}

TEST(Stored, CallsEveryCutCorrupt) {
  for (const Sample& sample : samples()) {
    const std::string bytes = encode(sample.drawing);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto got = decoded(std::string(bytes.data(), length));
      ASSERT_FALSE(got.ok()) << sample.name << ' ' << length;
      ASSERT_EQ(got.error().code(), Code::corrupt);
    }
    EXPECT_EQ(decoded(bytes + '\0').error().message(), "a stored drawing has bytes after its end");
  }
}

// Goal: a damaged byte is found, or makes another drawing that is valid: then it is the one form of
// that drawing. Method: every byte takes every other value.
TEST(Stored, ReadsADamagedByteAsCorruptOrAsAnotherDrawing) {
  for (const Sample& sample : samples()) {
    const std::string bytes = encode(sample.drawing);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int flip = 1; flip < 256; ++flip) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const auto got = decoded(damaged);
        if (got.ok()) {
          ASSERT_EQ(encode(*got), damaged) << sample.name << ' ' << at << ' ' << flip;
        } else {
          ASSERT_EQ(got.error().code(), Code::corrupt);
        }
      }
    }
  }
}

TEST(Stored, RefusesWhatNoDrawingHas) {
  expect_corrupt("", "does not begin with MD1");
  expect_corrupt("MD2\x01\x01\x01\x00\x00\x00"s, "does not begin with MD1");
  expect_corrupt("MD1\x00\x01\x01\x00\x00\x00"s, "has no strokes");
  expect_corrupt("MD1\x01\x01\x00\x00\x00\x00"s, "has a stroke without points");
  for (const char head : "\x00\x04\x08\x09\x7f"s)
    expect_corrupt("MD1\x01"s + head + "\x01\x00\x00\x00"s, "has a pen unknown here");
  for (const char head : "\x01\x02\x03\x05\x06\x07"s)
    EXPECT_TRUE(decoded("MD1\x01"s + head + "\x01\x00\x00\x00"s).ok());
}

TEST(Stored, TakesNumbersInTheirShortestFormOnly) {
  expect_corrupt("MD1\x81\x00\x01\x01\x00\x00\x00"s,
                 "is cut short, or has a number of wrong length");
  expect_corrupt("MD1\x01\x01\x01\x80\x00\x00\x00"s,
                 "is cut short, or has a number of wrong length");
  // Four bytes, where no number needs more than three.
  expect_corrupt("MD1\x01\x01\x01\x80\x80\x80\x01\x00\x00"s,
                 "is cut short, or has a number of wrong length");
}

TEST(Stored, StaysWithinTheCanvas) {
  const auto at = [](std::int32_t x, std::int32_t y) {
    return encode({.strokes = {{.pen = 1, .points = {{.x = x, .y = y, .t = 0}}}}});
  };
  EXPECT_TRUE(decoded(at(1280, 480)).ok());
  EXPECT_TRUE(decoded(at(0, 0)).ok());
  expect_corrupt(at(1281, 480), "leaves the canvas");
  expect_corrupt(at(1280, 481), "leaves the canvas");
  expect_corrupt(at(-1, 0), "leaves the canvas");
  expect_corrupt(at(0, -1), "leaves the canvas");
  expect_corrupt(encode({.strokes = {{.pen = 1, .points = {{.x = 5, .y = 5, .t = 60'001}}}}}),
                 "has too long a pause");
}

// Goal: a few bytes that promise a great deal cost nothing.
TEST(Stored, BelievesNoCountThatTheBytesCannotHold) {
  const std::string largest = "\xff\xff\x7f";
  expect_corrupt("MD1"s + largest + "\x01\x01\x00\x00\x00"s,
                 "counts more strokes than it has bytes for");
  expect_corrupt("MD1\x01\x01"s + largest + "\x00\x00\x00"s,
                 "counts more points than it has bytes for");
  expect_corrupt("MD1\x02\x01\x01\x00\x00\x00"s, "counts more strokes than it has bytes for");
  expect_corrupt("MD1\x01\x01\x02\x00\x00\x00\x00\x00"s,
                 "counts more points than it has bytes for");
}

TEST(Stored, ReadsAtMost64KiB) {
  expect_corrupt("MD1" + std::string(stored_size_max - 3, '\0'), "has no strokes");
  expect_corrupt("MD1" + std::string(stored_size_max - 2, '\0'), "is over its largest size");
}

}  // namespace
}  // namespace matsuri::drawing
