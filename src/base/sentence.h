// Sentences for people, of words and numbers.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace matsuri {

template <class... Parts>
std::string sentence(const Parts&... parts) {
  std::string out;
  const auto append = [&out](const auto& part) {
    if constexpr (std::integral<std::remove_cvref_t<decltype(part)>>)
      out += std::to_string(part);
    else
      out += std::string_view(part);
  };
  (append(parts), ...);
  return out;
}

}  // namespace matsuri
