// A backup's table of contents may be damaged, or made by somebody who wants to be restored
// elsewhere.
#include <cstdlib>

#include "ops/internal/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = ops::internal::decode_manifest(text);
  if (!manifest.ok()) {
    const Code code = manifest.error().code();
    if (code != Code::corrupt && code != Code::invalid) std::abort();
    return 0;
  }
  if (ops::internal::encode_manifest(manifest.value()) != text) std::abort();
  for (const auto& file : manifest->files)
    if (('/' + file.path + '/').find("/../") != std::string::npos || file.path.starts_with('/'))
      std::abort();
  return 0;
}
