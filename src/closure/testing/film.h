// A film that is drawn by arithmetic, as a programme and as what a phone makes of it: for tests of
// closures, without any video.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "match/descriptor.h"
#include "match/features.h"
#include "match/patterns.h"
#include "program/show.h"

namespace matsuri::closure {

struct FilmOptions {
  std::uint64_t number = 1;  // another one is another film
  std::uint32_t duration_ms = 60'000;
  program::About about;  // its duration is set
  // Which rows a burst may begin at; all of them unless told.
  std::function<bool(std::uint32_t row)> is_eligible = [](std::uint32_t) { return true; };
};

// Waves that change every 4 s, and move meanwhile.
match::Luma film_picture(std::uint64_t number, std::int64_t time_ms);

// The film as the builder would have made it.
program::Lines film_show(FilmOptions options);

// "Waves": a film with one window, which is open from its beginning to its end, and of the campaign
// "waves" for 5 points.
program::Lines film_waves(std::uint64_t programme, std::uint32_t duration_ms);

struct BurstOptions {
  std::uint64_t number = 1;
  std::int64_t start_ms = 0;  // of the programme
  std::size_t frame_count = 24;
  std::uint16_t period_ms = 125;
  double contrast = 1;  // 0: a flat picture
};

// What a phone would send that filmed it without any fault.
std::string film_burst(const match::Seed& seed, const BurstOptions& options);

}  // namespace matsuri::closure
