// Times come with imports, written by whoever wrote them.
#include <cstdlib>

#include "base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const auto parsed = parse_rfc3339({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  // An offset may lead out of the years that have four digits, where nothing can be written.
  constexpr std::int64_t year_0000_ms = -62'167'219'200'000, year_10000_ms = 253'402'300'800'000;
  if (*parsed < year_0000_ms || *parsed >= year_10000_ms) return 0;
  if (parse_rfc3339(to_rfc3339(*parsed)) != parsed) std::abort();
  return 0;
}
