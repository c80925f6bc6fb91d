// What a server's page of metrics says of what waits to be applied.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>

namespace matsuri::bench {

// The first number behind `mark`.
inline std::uint64_t number_behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  std::uint64_t number = 0;
  if (at != std::string_view::npos)
    std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
  return number;
}

// Records that views know of and have not applied.
inline std::uint64_t lag_in(std::string_view metrics) {
  std::uint64_t sum = 0;
  for (const std::string_view name : {"\nmatsuri_applier_lag{", "\nmatsuri_applier_in_flight{"})
    for (std::size_t at = metrics.find(name); at != std::string_view::npos;
         at = metrics.find(name, at + 1))
      sum += number_behind(metrics.substr(at), "} ");
  return sum;
}

// Waits until `lag()`, looked at again and again, stays at nothing.
template <class Lag>
void drain(Lag lag) {
  for (int quiet_count = 0; quiet_count < 3;) {
    quiet_count = lag() == 0 ? quiet_count + 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
}

}  // namespace matsuri::bench
