// Whether a check-in counts: the checks of a viewer's burst, in their order, as one function
// without a clock, a file or a memory of its own. All that it goes by comes in as arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "closure/broadcast.h"
#include "closure/schedule.h"
#include "match/descriptor.h"
#include "model/event.h"
#include "program/show.h"
#include "ticket/ticket.h"

namespace matsuri::closure {

// A burst comes at most so long after its ticket: nobody has the time to let another film for them.
inline constexpr std::int64_t ticket_age_ms_max = 15'000;
// Ticket, wait, burst and the way back fit into that: a viewer waits at most so long to begin.
inline constexpr std::int64_t start_delay_ms_max = 8'000;
// How far clocks and delays may be off, in rows, to both sides.
inline constexpr std::int32_t search_row_radius = 30;
// What a client may say of times; one past is refused as no form that we know.
inline constexpr std::int64_t claimed_ms_max = 60'000;

// What a viewer sends.
struct Attempt {
  std::string_view ticket;
  Path path = Path::terrestrial;
  std::int64_t dt_ms = 0;   // from when the client asked for the ticket to its first frame
  std::int64_t rtt_ms = 0;  // from when it asked to when it had it
  Bytes descriptor;         // the wire form of match/descriptor.h
};

// What to do for the next attempt to be better.
enum class Hint : std::uint8_t {
  none,
  hold_still,   // few frames, or gaps between them
  more_light,   // too little is to be seen in the picture
  step_closer,  // nothing else is wrong: the picture is not the one that is on
  wait,         // this stretch can't be told from others: begin at the next one
  new_ticket,   // the burst does not fit the time of its ticket
};

struct Verdict {
  CheckinResult result = CheckinResult::no_match;
  Hint hint = Hint::none;
  ticket::Ticket ticket;                    // genuine, and of this programme
  const program::Window* window = nullptr;  // where it was found; belongs to the show
  float score = 0;                          // for the record alone
  std::size_t frame_count = 0;
};

// What an attempt is held against. References outlive the call.
struct Bench {
  const program::Show& show;
  const ticket::Keys& keys;
  const Broadcast& broadcast;
};

// Looks, in this order, at lengths and form, the ticket's mac and programme, its age, what there is
// to see, and when it was seen; then it searches the programme there, and compares with tau.
//
// An error is for who sent no attempt of anybody's: Code::invalid (form), Code::unauthenticated (no
// ticket of ours), Code::denied (of another programme). Every other attempt is somebody's, and has
// a verdict to be recorded.
Result<Verdict> admit(const Bench& bench, const Attempt& attempt, std::int64_t now_unix_ms);

}  // namespace matsuri::closure
