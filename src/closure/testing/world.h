// A closure's service of a drawn film with a clock that stands, and a viewer in front of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/assert.h"
#include "base/sentence.h"
#include "closure/service.h"
#include "closure/testing/film.h"
#include "json/value.h"
#include "model/base64url.h"
#include "ticket/pass.h"

namespace matsuri::closure {

inline constexpr std::int64_t world_start = 1'796'126'400'000;

// Eligible but for 20 s to 35 s.
inline program::Lines world_lines() {
  return film_show({.about = {.programme = 7,
                              .title = "Waves",
                              .start_unix_ms = world_start,
                              .windows = {{.id = 1,
                                           .start_ms = 5'000,
                                           .end_ms = 58'000,
                                           .points = 5,
                                           .campaign = "waves"}}},
                    .is_eligible = [](std::uint32_t row) { return row < 200 || row >= 350; }});
}

inline ticket::Keys world_keys(std::uint8_t id = 1) {
  return ticket::Keys::parse(ticket::Keys::line_of(id, ticket::Secret{})).value();
}

struct World {
  program::Lines bytes = world_lines();
  program::Show show = program::Show::open(program::bytes_of(bytes)).value();
  io::ManualClock clock{world_start + 10'000};
  io::SeededRandom random{1};
  Service service{{.show = show, .clock = clock, .random = random},
                  {.keys = world_keys(), .broadcast = {.start_unix_ms = world_start}}};

  std::string pass(std::int64_t until_ms = 3'600'000, std::uint64_t programme = 7) const {
    return ticket::seal(world_keys(), {.account = AccountId{42},
                                       .programme = ticket::ProgrammeId{programme},
                                       .expires_unix_ms = world_start + until_ms});
  }
  std::string ticket_answer() {
    const auto answer = service.give_ticket("7", pass(), std::nullopt);
    return answer.ok() ? answer->body : answer.error().to_string();
  }
  // What a viewer posts who got that answer, waits as it says, and films `number`.
  std::string body_for(const std::string& ticket_answer, std::uint64_t number = 1) {
    const json::Document document = json::Document::parse(ticket_answer).value();
    const json::Object object = document.object().value();
    match::Seed seed;
    MATSURI_ASSERT(
        from_base64url(object.string("seed").value(), std::as_writable_bytes(std::span(seed))));
    const std::int64_t wait_ms = object.integer("start_delay_ms").value();
    clock.advance_ms(wait_ms);
    const std::string wire =
        film_burst(seed, {.number = number, .start_ms = clock.unix_ms() - world_start});
    clock.advance_ms(3'000);
    return sentence(R"({"ticket":")", object.string("ticket").value(),
                    R"(","path":"terrestrial","dt_ms":)", wait_ms, R"(,"rtt_ms":0,"descriptor":")",
                    to_base64url(as_bytes(wire)), R"("})");
  }
};

}  // namespace matsuri::closure
