#include "program/find.h"

#include <cstring>

namespace matsuri::program {

Result<Lines> find_show(Bytes file) {
  // Copied, because a file in memory need not lie at a multiple of 64.
  Lines lines(file.size() / alignment);
  if (!lines.empty()) std::memcpy(lines.data(), file.data(), lines.size() * alignment);
  const Bytes all = bytes_of(lines);
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const Bytes rest = all.subspan(at * alignment);
    const auto size = Show::size_at(rest);
    if (!size.ok()) continue;
    const auto show = Show::open(rest.first(*size));
    if (!show.ok() || !show->check().ok()) continue;
    const auto first = lines.begin() + static_cast<std::ptrdiff_t>(at);
    return Lines(first, first + static_cast<std::ptrdiff_t>(*size / alignment));
  }
  return Error(Code::corrupt, "has no programme in it that is whole");
}

}  // namespace matsuri::program
