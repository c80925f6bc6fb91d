// How far a command is, for whoever waits at a terminal: a bar that is written over; where standard
// error is no terminal, a line every few seconds.
#pragma once

#include <cstdint>
#include <string_view>

#include "io/clock.h"

namespace matsuri::io {

// Writes to standard error. Not thread-safe.
class ProgressBar {
 public:
  explicit ProgressBar(Clock& clock);

  // Is it time to show something? Asked as often as one likes; true at most ten times a second.
  bool is_due();
  // "[######........] 42 %  " and the text. REQUIRES: part within [0, 1].
  void show(double part, std::string_view text) const;
  // Takes the bar away, so that lines may be written.
  void clear() const;

  double seconds() const;  // since the begin
  // What is left of a thing that began with the bar and goes on as it did.
  double seconds_left(double part) const;

 private:
  Clock& clock_;
  const std::int64_t begin_us_;
  const bool is_terminal_;
  std::int64_t next_us_ = 0;
};

}  // namespace matsuri::io
