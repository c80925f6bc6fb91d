// What a control room looks at, counted as it is applied: in the transaction of the rows that are
// counted, so that each attempt and check-in counts once, and a rebuild counts the same.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/result.h"
#include "checkin/model.h"
#include "model/event.h"
#include "sql/db.h"

namespace matsuri::checkin {

// What of one batch is to be counted.
class Counts {
 public:
  // That closures answered, by their clock.
  void attempt(std::string_view programme, std::int64_t unix_ms, CheckinResult result);

  // A check-in is there now, or is no longer as it was.
  void come(const CountedCheckin& as, std::int64_t points) { change(as, 1, points); }
  void gone(const CountedCheckin& as, std::int64_t points) { change(as, -1, -points); }

  // Inside the batch's transaction.
  Result<void> write(sql::Connection& connection) const;

 private:
  struct Sum {
    std::int64_t checkins = 0;
    std::int64_t points = 0;
  };
  void change(const CountedCheckin& as, std::int64_t checkins, std::int64_t points);

  std::map<std::tuple<std::int64_t, std::string, CheckinResult>, std::int64_t> attempts_;
  std::map<CountedCheckin, Sum> checkins_;
};

}  // namespace matsuri::checkin
