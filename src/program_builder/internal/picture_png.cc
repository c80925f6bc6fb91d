#include "program_builder/internal/picture_png.h"

#include <sodium.h>
#include <spng.h>

#include <cstdlib>
#include <memory>

#include "base/assert.h"

namespace matsuri::program_builder {
namespace {

// What is encoded always has the same shape, so that only a lack of memory can fail.
void must(int code) { MATSURI_ASSERT(code == 0, spng_strerror(code)); }

}  // namespace

std::string to_png(const Picture& picture) {
  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> context(spng_ctx_new(SPNG_CTX_ENCODER),
                                                                    spng_ctx_free);
  MATSURI_ASSERT(context != nullptr);
  spng_ihdr header{};
  header.width = picture_width;
  header.height = picture_height;
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  must(spng_set_ihdr(context.get(), &header));
  must(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  must(spng_encode_image(context.get(), picture.rgb.data(), picture.rgb.size(), SPNG_FMT_PNG,
                         SPNG_ENCODE_FINALIZE));
  std::size_t size = 0;
  int code = 0;
  const std::unique_ptr<void, decltype(&std::free)> file(
      spng_get_png_buffer(context.get(), &size, &code), std::free);
  must(code);
  return {static_cast<const char*>(file.get()), size};
}

std::string to_base64(std::string_view bytes) {
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  text.pop_back();  // the zero that C wants
  return text;
}

}  // namespace matsuri::program_builder
