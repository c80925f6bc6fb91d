// Position tokens and command positions come back from clients, as they like.
#include <cstdlib>

#include "model/position.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<PositionSet> set = PositionSet::from_token(text);
  if (set.ok()) {
    if (set->to_token() != text) std::abort();
    if (set->positions().size() > position_origin_count_max) std::abort();
    PositionSet again;
    again.raise(*set);
    if (again.positions() != set->positions()) std::abort();
  } else if (set.error().code() != Code::invalid) {
    std::abort();
  }
  const Result<Position> position = Position::parse(text);
  if (position.ok() ? position->to_string() != text : position.error().code() != Code::invalid)
    std::abort();
  return 0;
}
