#include "drawing/png.h"

#include <gtest/gtest.h>
#include <spng.h>

#include <memory>

#include "drawing/testing/made.h"

namespace matsuri::drawing {
namespace {

// Reads a PNG of our kind back; sets `header` as well.
Bitmap read_png(const std::string& file, spng_ihdr& header) {
  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> context(spng_ctx_new(0), spng_ctx_free);
  EXPECT_EQ(spng_set_png_buffer(context.get(), file.data(), file.size()), 0);
  EXPECT_EQ(spng_get_ihdr(context.get(), &header), 0);
  std::size_t size = 0;
  EXPECT_EQ(spng_decoded_image_size(context.get(), SPNG_FMT_RGB8, &size), 0);
  std::vector<unsigned char> pixels(size);
  EXPECT_EQ(spng_decode_image(context.get(), pixels.data(), size, SPNG_FMT_RGB8, 0), 0);
  Bitmap bitmap;
  if (size != std::size_t{3} * width_px * height_px) return bitmap;
  for (std::size_t i = 0; i < size; i += 3) {
    const std::size_t pixel = i / 3, x = pixel % width_px;
    EXPECT_TRUE(pixels[i] == 0 || pixels[i] == 255);
    if (pixels[i] == 0) bitmap.rows[pixel / width_px][x / 64] |= std::uint64_t{1} << (63 - x % 64);
  }
  return bitmap;
}

void expect_same(const Bitmap& bitmap) {
  spng_ihdr header{};
  const std::string file = to_png(bitmap);
  EXPECT_EQ(read_png(file, header), bitmap);
  EXPECT_EQ(header.width, 320U);
  EXPECT_EQ(header.height, 120U);
  EXPECT_EQ(header.bit_depth, 1);
  EXPECT_EQ(header.color_type, SPNG_COLOR_TYPE_GRAYSCALE);
}

TEST(Png, ReadsBackAsTheBitmap) {
  expect_same(Bitmap{});
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    expect_same(rasterise(clean(testing::made({.seed = seed})).value()));
}

TEST(Png, IsSmallWhateverItShows) {
  testing::Dice dice(1);
  Bitmap noise;
  for (BitmapRow& row : noise.rows)
    for (std::uint64_t& word : row)
      for (int i = 0; i < 64; ++i) word = word << 1 | static_cast<std::uint64_t>(dice.next(2));
  expect_same(noise);
  EXPECT_LE(to_png(noise).size(), 5'120U);
  EXPECT_LE(to_png(Bitmap{}).size(), 200U);
}

}  // namespace
}  // namespace matsuri::drawing
