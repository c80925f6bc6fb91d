// The body of a check-in comes from strangers, and is read by a parser of our own. Whatever it is,
// it is read within its bytes or refused as invalid; and what was read reads again the same from
// the plain form of it.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/sentence.h"
#include "closure/request.h"
#include "model/base64url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const auto read = closure::parse_attempt({reinterpret_cast<const char*>(data), size});
  if (!read.ok()) {
    if (read.error().code() != Code::invalid) std::abort();
    return 0;
  }
  const auto again = closure::parse_attempt(
      sentence(R"({"ticket":")", read->ticket, R"(","path":")", closure::name_of(read->path),
               R"(","dt_ms":)", read->dt_ms, R"(,"rtt_ms":)", read->rtt_ms, R"(,"descriptor":")",
               to_base64url(as_bytes(read->descriptor)), R"("})"));
  if (!again.ok() || again->ticket != read->ticket || again->path != read->path ||
      again->dt_ms != read->dt_ms || again->rtt_ms != read->rtt_ms ||
      again->descriptor != read->descriptor)
    std::abort();
  return 0;
}
