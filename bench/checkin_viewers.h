// A programme that is on the air, and viewers in front of it: what they send while they check in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "closure/service.h"
#include "closure/testing/film.h"
#include "io/random.h"
#include "match/descriptor.h"
#include "program/show.h"
#include "ticket/keys.h"
#include "ticket/ticket.h"

namespace matsuri::bench {

// A drawn film of half an hour, one window over all of it. Viewers are those of one moment: that is
// when they come in thousands. All are other accounts with other tickets, each signed with the
// programme's key and each with patterns of its own.
class Viewers {
 public:
  explicit Viewers(bool quick);

  const program::Lines& bytes() const { return bytes_; }
  const program::Show& show() const { return show_; }
  const std::string& keys_line() const { return keys_line_; }
  // The film is on since 20 s.
  std::int64_t start_unix_ms() const { return start_unix_ms_; }
  closure::Settings settings() const;

  // Requests of viewers who asked for tickets at one moment and have filmed what was on, by clocks
  // that are off by up to 1.5 s. Returns when the last picture is taken: an answer is `ok` for the
  // next ten seconds.
  std::vector<std::string> check_ins(std::size_t count);
  // Requests that are refused and recorded, by a closure whose programme begins in an hour: a third
  // each that is too late, of a flat picture, and outside of all windows. Good for ten seconds.
  std::vector<std::string> refusals(std::size_t count);
  // Requests for tickets, for all of the programme.
  std::vector<std::string> ticket_requests(std::size_t count) const;

 private:
  ticket::Ticket new_ticket(std::int64_t issued_unix_ms);
  std::string request_of(const ticket::Ticket& ticket, const match::Descriptor& descriptor) const;

  const program::Lines bytes_;
  const program::Show show_;
  const std::string keys_line_;
  const ticket::Keys keys_;
  const std::int64_t start_unix_ms_;
  io::SeededRandom random_{1};
  std::uint64_t account_count_ = 0;
  double viewer_ms_ = 1;  // that it takes to make one's request
};

}  // namespace matsuri::bench
