// What strangers post as a burst. What is read must be written again as the same bytes, and be safe
// to search with.
#include <cstdlib>
#include <vector>

#include "match/match.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  using namespace matsuri::match;
  const Bytes wire = std::as_bytes(std::span(data, size));
  const Result<Descriptor> read = parse(wire);
  if (!read.ok()) {
    if (read.error().code() != Code::invalid) std::abort();
    return 0;
  }
  if (pack(*read) != as_text(wire)) std::abort();
  is_flat(*read);

  static const Patterns patterns = Patterns::expand({1, 2, 3});
  static const std::vector<std::int8_t> rows = [] {
    std::vector<std::int8_t> made(100 * cell_count);
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::int8_t>(i * i / 7);
    return made;
  }();
  static const std::vector<std::byte> eligible(13, std::byte{0xff});
  const Match match = best(patterns, *read, {.rows = rows, .eligible = eligible, .row_count = 100},
                           {.from_row = -1, .to_row = 62});
  if (!(match.score >= -1 && match.score <= 1)) std::abort();
  return 0;
}
