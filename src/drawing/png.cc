#include "drawing/png.h"

#include <spng.h>

#include <bit>
#include <cstdlib>
#include <memory>

#include "base/assert.h"

namespace matsuri::drawing {
namespace {

// Our input is always the same shape, so that only a lack of memory can make libspng fail, and that
// ends the process everywhere else too.
void must(int code) { MATSURI_ASSERT(code == 0, spng_strerror(code)); }

}  // namespace

std::string to_png(const Bitmap& bitmap) {
  // Black is 0 in a file, ink is 1 here. The leftmost pixel is in the highest bit on both sides.
  std::array<BitmapRow, height_px> pixels;
  for (std::size_t y = 0; y < height_px; ++y)
    for (std::size_t i = 0; i < words_per_row; ++i)
      pixels[y][i] = std::byteswap(~bitmap.rows[y][i]);

  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> context(spng_ctx_new(SPNG_CTX_ENCODER),
                                                                    spng_ctx_free);
  MATSURI_ASSERT(context != nullptr);
  spng_ihdr header{};
  header.width = width_px;
  header.height = height_px;
  header.bit_depth = 1;
  header.color_type = SPNG_COLOR_TYPE_GRAYSCALE;
  must(spng_set_ihdr(context.get(), &header));
  must(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  // All pixels fit a window of 8 kB, and filters help no picture of one bit.
  must(spng_set_option(context.get(), SPNG_IMG_WINDOW_BITS, 13));
  must(spng_set_option(context.get(), SPNG_FILTER_CHOICE, SPNG_DISABLE_FILTERING));
  must(spng_encode_image(context.get(), pixels.data(), sizeof pixels, SPNG_FMT_PNG,
                         SPNG_ENCODE_FINALIZE));
  std::size_t size = 0;
  int code = 0;
  const std::unique_ptr<void, decltype(&std::free)> file(
      spng_get_png_buffer(context.get(), &size, &code), std::free);
  must(code);
  return {static_cast<const char*>(file.get()), size};
}

}  // namespace matsuri::drawing
