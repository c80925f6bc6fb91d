// Times of a programme as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace matsuri::program_builder {

// "01:02:03", with ".5" and the like only where it is no whole second.
std::string clock_text(std::uint32_t time_ms);

// Milliseconds of "01:02:03", "02:03" or either with a fraction of up to three digits; nullopt for
// all else.
std::optional<std::uint32_t> parse_clock(std::string_view text);

}  // namespace matsuri::program_builder
