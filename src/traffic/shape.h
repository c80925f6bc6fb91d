// How a crowd comes over time: a curve of which only the form counts. Who runs it says how many
// come and how long it takes.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace matsuri::traffic {

// Immutable.
class Shape {
 public:
  // Of a programme's viewers: 80 % in the first sixth of the time, and in its first minute 18 times
  // as many as on average.
  static Shape broadcast();
  // The same from beginning to end but for the middle third, in which ten times as many come.
  static Shape step();
  // As many as each line's number says, a line a second. Seconds of nobody are left out: they are
  // where nobody counted. Code::invalid names the line that is no number, or says that all are 0.
  static Result<Shape> trace(std::string_view text);

  // By which share of the time this part of all have come. REQUIRES: 0 <= part < 1.
  double time_of(double part) const;

 private:
  explicit Shape(std::vector<double> weights);
  std::vector<double> sums_;  // up to the end of each slot of time; the last is 1
};

}  // namespace matsuri::traffic
