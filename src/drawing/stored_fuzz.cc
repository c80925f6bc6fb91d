// Bytes from a disk that lies, and what is made of those that are valid.
#include <cstdlib>

#include "base/bytes.h"
#include "drawing/png.h"
#include "drawing/svg.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  const Result<drawing::Drawing> read = drawing::decode(bytes);
  if (!read.ok()) {
    if (read.error().code() != Code::corrupt) std::abort();
    return 0;
  }
  // One drawing has one form.
  if (drawing::encode(*read) != as_text(bytes)) std::abort();
  const drawing::Bitmap bitmap = drawing::rasterise(*read);
  drawing::perceptual_hash(bitmap);
  if (drawing::to_png(bitmap).empty() || drawing::to_svg(*read).empty()) std::abort();
  // It had been cleaned, or is refused for its pixels alone.
  const bool is_plain =
      bitmap.ink_count() == 0 || bitmap.ink_count() == drawing::width_px * drawing::height_px;
  const Result<drawing::Drawing> cleaned = drawing::clean(*read);
  if (cleaned.ok() == is_plain || (cleaned.ok() && *cleaned != *read)) std::abort();
  return 0;
}
