#include "closure/admit.h"

#include <algorithm>
#include <cstring>

#include "match/match.h"
#include "match/patterns.h"

namespace matsuri::closure {
namespace {

constexpr std::size_t frame_count_good = 18;
constexpr std::int64_t gap_ms_good = 400;

Result<void> check_times(const Attempt& attempt) {
  for (const std::int64_t ms : {attempt.dt_ms, attempt.rtt_ms})
    if (ms < 0 || ms > claimed_ms_max)
      return Error(Code::invalid, "dt_ms, rtt_ms: times are 0 to 60000");
  return {};
}

// The seed is derived again from the ticket: nobody had to remember it.
match::Patterns patterns_of(const ticket::Keys& keys, const ticket::Ticket& ticket) {
  const ticket::Digest digest = ticket::seed_of(keys, ticket);
  match::Seed seed;
  static_assert(sizeof seed == sizeof digest);
  std::memcpy(seed.data(), digest.data(), seed.size());
  return match::Patterns::expand(seed);
}

// When the viewer's first frame was shown to them, as the programme's time. The client's word moves
// it only between the ticket and the latest moment at which the burst can have begun.
std::int64_t first_frame_ms(const Broadcast& broadcast, const Attempt& attempt,
                            const ticket::Ticket& ticket, std::int64_t burst_ms,
                            std::int64_t now_unix_ms) {
  const std::int64_t claimed = ticket.issued_unix_ms + attempt.dt_ms - attempt.rtt_ms / 2;
  return broadcast.time_ms(attempt.path,
                           std::clamp(claimed, ticket.issued_unix_ms, now_unix_ms - burst_ms));
}

// Who was given a ticket in a window has it, even where the window closes before their burst.
const program::Window* window_of(const Bench& bench, const Attempt& attempt,
                                 const ticket::Ticket& ticket, std::int64_t first_ms) {
  for (const std::int64_t time_ms :
       {first_ms, bench.broadcast.time_ms(attempt.path, ticket.issued_unix_ms)}) {
    if (time_ms < 0 || time_ms >= bench.show.about().duration_ms) continue;
    const auto* window = bench.show.window_at(static_cast<std::uint32_t>(time_ms));
    if (window != nullptr) return window;
  }
  return nullptr;
}

bool has_gaps(const match::Descriptor& descriptor) {
  for (std::size_t i = 1; i < descriptor.frame_count; ++i)
    if (descriptor.frames[i].t_ms - descriptor.frames[i - 1].t_ms > gap_ms_good) return true;
  return false;
}

}  // namespace

Result<Verdict> admit(const Bench& bench, const Attempt& attempt, std::int64_t now_unix_ms) {
  // 1. Lengths and form.
  TRY(check_times(attempt));
  TRY_ASSIGN(const match::Descriptor descriptor, match::parse(attempt.descriptor));

  // 2. The mac, and that the ticket is for this programme.
  Verdict verdict{.frame_count = descriptor.frame_count};
  TRY_ASSIGN(verdict.ticket, ticket::open_ticket(bench.keys, attempt.ticket));
  if (verdict.ticket.programme.value != bench.show.about().programme)
    return Error(Code::denied, "the ticket is for another programme");
  const auto answer = [&](CheckinResult result, Hint hint) {
    verdict.result = result;
    verdict.hint = hint;
    return verdict;
  };

  // 3. Age: a burst is not older than its ticket, and comes soon after it.
  const auto burst_ms = static_cast<std::int64_t>(descriptor.burst_ms());
  const std::int64_t age_ms = now_unix_ms - verdict.ticket.issued_unix_ms;
  if (age_ms < burst_ms) return answer(CheckinResult::malformed, Hint::new_ticket);
  if (age_ms > ticket_age_ms_max) return answer(CheckinResult::too_late, Hint::new_ticket);

  // 4. Energy.
  if (match::is_flat(descriptor)) return answer(CheckinResult::flat, Hint::more_light);

  // 5. When it was seen, and whether one could check in then.
  const std::int64_t first_ms =
      first_frame_ms(bench.broadcast, attempt, verdict.ticket, burst_ms, now_unix_ms);
  verdict.window = window_of(bench, attempt, verdict.ticket, first_ms);
  if (verdict.window == nullptr) return answer(CheckinResult::no_window, Hint::none);

  // 6. The search, over eligible rows alone. The first frame lies in a window or a little behind
  // one, so the row fits.
  const auto row = static_cast<std::int32_t>(first_ms / program::ms_per_row);
  const match::Match found =
      match::best(patterns_of(bench.keys, verdict.ticket), descriptor, bench.show.reference(),
                  {.from_row = row - search_row_radius,
                   .to_row = row + search_row_radius,
                   .enough = match::tau(descriptor.frame_count)});
  if (found.row == match::no_row) return answer(CheckinResult::not_eligible, Hint::wait);
  verdict.score = found.score;

  // 7. Tau.
  if (found.score > match::tau(descriptor.frame_count))
    return answer(CheckinResult::ok, Hint::none);
  if (descriptor.frame_count < frame_count_good || has_gaps(descriptor))
    return answer(CheckinResult::no_match, Hint::hold_still);
  return answer(CheckinResult::no_match, Hint::step_closer);
}

}  // namespace matsuri::closure
