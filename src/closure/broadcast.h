// When a viewer sees what: the programme runs from the studio's start on, and each way to the
// viewer's TV takes its time. Both are told when a closure starts, and may change while it runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace matsuri::closure {

enum class Path : std::uint8_t { terrestrial, cable, stream };
inline constexpr std::size_t path_count = 3;

constexpr std::array<std::string_view, path_count> path_names = {"terrestrial", "cable", "stream"};
constexpr std::string_view name_of(Path path) { return path_names[static_cast<std::size_t>(path)]; }

constexpr std::optional<Path> parse_path(std::string_view name) {
  for (std::size_t i = 0; i < path_count; ++i)
    if (path_names[i] == name) return static_cast<Path>(i);
  return std::nullopt;
}

inline constexpr std::int64_t delay_ms_max = 120'000;

struct Broadcast {
  std::int64_t start_unix_ms = 0;
  std::array<std::int64_t, path_count> delay_ms{};  // 0 to delay_ms_max

  // The programme's time that a viewer on that path sees at a moment; negative before its start.
  std::int64_t time_ms(Path path, std::int64_t unix_ms) const {
    return unix_ms - start_unix_ms - delay_ms[static_cast<std::size_t>(path)];
  }
};

}  // namespace matsuri::closure
