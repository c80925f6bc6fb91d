// Goal: each check decides what it is there for, at its limit and one past, and an earlier one
// before a later one.
// Method: a film that is drawn by arithmetic, a burst of it that is right in everything, and faults
// that are put into it: each alone, and every two of them.
#include "closure/admit.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "closure/testing/film.h"

namespace matsuri::closure {
namespace {

constexpr std::int64_t start = 1'796'126'400'000;
constexpr std::uint64_t programme = 7;

bool is_eligible(std::uint32_t row) { return row < 300 || row >= 400; }

const program::Show& film() {
  static const program::Lines lines = film_show(
      {.about =
           {.programme = programme,
            .title = "Waves",
            .start_unix_ms = start,
            .windows =
                {{.id = 1, .start_ms = 5'000, .end_ms = 40'000, .points = 5, .campaign = "waves"},
                 {.id = 2, .start_ms = 45'000, .end_ms = 59'000, .points = 5, .campaign = "more"}}},
       .is_eligible = is_eligible});
  static const program::Show show = program::Show::open(program::bytes_of(lines)).value();
  return show;
}

ticket::Keys keys() {
  return ticket::Keys::parse(ticket::Keys::line_of(3, ticket::Secret{})).value();
}

match::Seed seed_of(const ticket::Ticket& ticket) {
  const ticket::Digest digest = ticket::seed_of(keys(), ticket);
  match::Seed seed;
  std::memcpy(seed.data(), digest.data(), seed.size());
  return seed;
}

// Somebody who does everything right: gets a ticket, begins 1 s later, and sends at once.
struct Viewer {
  ticket::Ticket ticket{.key = 3,
                        .account = AccountId{42},
                        .programme = ticket::ProgrammeId{programme},
                        .issued_unix_ms = start + 20'000};
  BurstOptions burst{.start_ms = 21'000};
  Broadcast broadcast{.start_unix_ms = start, .delay_ms = {0, 2'000, 30'000}};
  Path path = Path::terrestrial;
  std::int64_t dt_ms = 1'020;  // half of the way to the server and back lies before the ticket
  std::int64_t rtt_ms = 40;
  std::int64_t age_ms = 4'000;
  bool is_forged = false;
  std::size_t descriptor_cut = 0;

  // Puts the burst, and the ticket a second before it, there in the programme.
  void move_to(std::int64_t time_ms) {
    burst.start_ms = time_ms;
    ticket.issued_unix_ms = start + time_ms - 1'000;
  }

  Result<Verdict> admit() const {
    std::string text = ticket::seal(keys(), ticket);
    if (is_forged) text[70] = text[70] == 'A' ? 'B' : 'A';
    const std::string wire = film_burst(seed_of(ticket), burst);
    return closure::admit({.show = film(), .keys = keys(), .broadcast = broadcast},
                          {.ticket = text,
                           .path = path,
                           .dt_ms = dt_ms,
                           .rtt_ms = rtt_ms,
                           .descriptor = as_bytes(wire).first(wire.size() - descriptor_cut)},
                          ticket.issued_unix_ms + age_ms);
  }
};

void expect_verdict(const Viewer& viewer, CheckinResult result, Hint hint = Hint::none) {
  const auto verdict = viewer.admit();
  ASSERT_TRUE(verdict.ok()) << verdict.error().message();
  EXPECT_EQ(verdict->result, result) << "score " << verdict->score;
  EXPECT_EQ(verdict->hint, hint);
}

void expect_error(const Viewer& viewer, Code code) {
  const auto verdict = viewer.admit();
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error().code(), code);
}

TEST(Admit, TakesWhatWasFilmedInTime) {
  const auto verdict = Viewer{}.admit();
  ASSERT_TRUE(verdict.ok()) << verdict.error().message();
  EXPECT_EQ(verdict->result, CheckinResult::ok);
  EXPECT_GT(verdict->score, 0.9F);
  EXPECT_EQ(verdict->ticket, Viewer{}.ticket);
  EXPECT_EQ(verdict->window->id, 1U);
  EXPECT_EQ(verdict->frame_count, 24U);
}

// What is wrong, in the order in which it has to be found.
struct Fault {
  const char* name;
  std::function<void(Viewer&)> put;
  std::function<void(const Viewer&)> expect;
};

std::vector<Fault> faults() {
  const auto error = [](Code code) {
    return [code](const Viewer& viewer) { expect_error(viewer, code); };
  };
  const auto verdict = [](CheckinResult result, Hint hint) {
    return [=](const Viewer& viewer) { expect_verdict(viewer, result, hint); };
  };
  return {
      {"form", [](Viewer& v) { v.descriptor_cut = 1; }, error(Code::invalid)},
      {"mac", [](Viewer& v) { v.is_forged = true; }, error(Code::unauthenticated)},
      {"programme", [](Viewer& v) { v.ticket.programme.value = 8; }, error(Code::denied)},
      {"age", [](Viewer& v) { v.age_ms = 15'001; },
       verdict(CheckinResult::too_late, Hint::new_ticket)},
      {"energy", [](Viewer& v) { v.burst.contrast = 0; },
       verdict(CheckinResult::flat, Hint::more_light)},
      {"window", [](Viewer& v) { v.broadcast.start_unix_ms += 3'600'000; },
       verdict(CheckinResult::no_window, Hint::none)},
      {"eligible", [](Viewer& v) { v.move_to(35'000); },
       verdict(CheckinResult::not_eligible, Hint::wait)},
      {"tau", [](Viewer& v) { v.burst.number = 2; },
       verdict(CheckinResult::no_match, Hint::step_closer)},
  };
}

TEST(Admit, AnEarlierCheckDecidesBeforeALaterOne) {
  const std::vector<Fault> all = faults();
  for (std::size_t first = 0; first < all.size(); ++first) {
    for (std::size_t second = first; second < all.size(); ++second) {
      SCOPED_TRACE(std::string(all[first].name) + " and " + all[second].name);
      Viewer viewer;
      all[second].put(viewer);
      all[first].put(viewer);
      all[first].expect(viewer);
    }
  }
}

TEST(Admit, ABurstIsNotOlderThanItsTicketAndComesSoon) {
  Viewer viewer;
  viewer.dt_ms = 20;
  viewer.burst.start_ms = 20'000;
  viewer.age_ms = 23 * 125;
  expect_verdict(viewer, CheckinResult::ok);
  viewer.age_ms -= 1;
  expect_verdict(viewer, CheckinResult::malformed, Hint::new_ticket);
  viewer.age_ms = 15'000;
  expect_verdict(viewer, CheckinResult::ok);
  viewer.age_ms = 15'001;
  expect_verdict(viewer, CheckinResult::too_late, Hint::new_ticket);
}

TEST(Admit, WhatAClientSaysOfTimesHasLimits) {
  for (std::int64_t Viewer::* const claim : {&Viewer::dt_ms, &Viewer::rtt_ms}) {
    Viewer viewer;
    viewer.*claim = -1;
    expect_error(viewer, Code::invalid);
    viewer.*claim = 60'001;
    expect_error(viewer, Code::invalid);
    viewer.*claim = 60'000;
    EXPECT_TRUE(viewer.admit().ok());
  }
}

// A recording of a minute ago is of no use, whatever the client says of its times: they move what
// is searched only between the ticket and now.
TEST(Admit, TimesAreHeldBetweenTheTicketAndNow) {
  Viewer viewer;
  viewer.burst.start_ms = 14'000;  // 6 s before the ticket
  for (const std::int64_t dt_ms : {0, 1'000, 60'000}) {
    viewer.dt_ms = dt_ms;
    expect_verdict(viewer, CheckinResult::no_match, Hint::step_closer);
  }
  viewer.burst.start_ms = 26'000;  // after now, which is 24 s
  viewer.dt_ms = 60'000;
  expect_verdict(viewer, CheckinResult::no_match, Hint::step_closer);
}

TEST(Admit, SearchesThreeSecondsToBothSides) {
  for (const std::int64_t off_ms : {-3'000, 3'000}) {
    Viewer viewer;
    viewer.burst.start_ms += off_ms;
    expect_verdict(viewer, CheckinResult::ok);
    viewer.burst.start_ms += off_ms / 3;
    expect_verdict(viewer, CheckinResult::no_match, Hint::step_closer);
  }
}

TEST(Admit, EachPathHasItsDelay) {
  Viewer viewer;
  viewer.ticket.issued_unix_ms += 30'000;
  expect_verdict(viewer, CheckinResult::no_match, Hint::step_closer);
  viewer.path = Path::stream;
  expect_verdict(viewer, CheckinResult::ok);
}

TEST(Admit, HalfOfTheWayBackLiesBeforeTheTicket) {
  Viewer viewer;
  viewer.age_ms = 14'000;
  viewer.dt_ms = 5'000;
  viewer.burst.start_ms = 21'000;
  expect_verdict(viewer, CheckinResult::no_match, Hint::step_closer);
  viewer.rtt_ms = 8'000;
  expect_verdict(viewer, CheckinResult::ok);
}

TEST(Admit, ATicketOfAWindowCountsWhereTheWindowClosesBeforeTheBurst) {
  Viewer viewer;
  viewer.move_to(59'000 - 3'000);
  expect_verdict(viewer, CheckinResult::ok);
  EXPECT_EQ(viewer.admit()->window->id, 2U);
  viewer.move_to(40'500);  // the ticket was given at 39.5 s, in the first window
  const auto verdict = viewer.admit();
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->result, CheckinResult::ok);
  EXPECT_EQ(verdict->window->id, 1U);
  viewer.move_to(42'000);
  expect_verdict(viewer, CheckinResult::no_window);
  viewer.move_to(3'000);
  expect_verdict(viewer, CheckinResult::no_window);
}

TEST(Admit, SaysHoldStillWhereFramesAreMissing) {
  Viewer viewer;
  viewer.burst.number = 2;
  viewer.burst.frame_count = 18;
  expect_verdict(viewer, CheckinResult::no_match, Hint::step_closer);
  viewer.burst.frame_count = 17;
  expect_verdict(viewer, CheckinResult::no_match, Hint::hold_still);
}

// Checkin.md, section 5: another's or yesterday's descriptor says nothing under a new seed.
TEST(Admit, ADescriptorOfAnotherTicketIsNoUse) {
  const Viewer viewer;
  ticket::Ticket other = viewer.ticket;
  for (std::uint8_t i = 0; i < 50; ++i) {
    other.nonce[0] = std::byte{i};
    other.account.value = 43;
    const std::string text = ticket::seal(keys(), other);
    const std::string wire = film_burst(seed_of(viewer.ticket), viewer.burst);
    const auto verdict =
        admit({.show = film(), .keys = keys(), .broadcast = viewer.broadcast},
              {.ticket = text, .dt_ms = 1'020, .rtt_ms = 40, .descriptor = as_bytes(wire)},
              other.issued_unix_ms + 4'000);
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict->result, CheckinResult::no_match);
    EXPECT_LT(verdict->score, 0.3F);
  }
}

}  // namespace
}  // namespace matsuri::closure
