// Reads of check-ins, on a reader's connection, off the I/O threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "checkin/model.h"
#include "journal/inbox.h"
#include "sql/db.h"

namespace matsuri::checkin {

struct OwnQuery {
  AccountId account;
  std::uint64_t before = 0;  // an id; 0: from the newest on
  std::size_t count_max = page_count_default;
};
Result<CheckinPage> read_own(sql::Connection& connection, const OwnQuery& query);

struct AttendanceQuery {
  std::string programme;
  std::int64_t from_s = 0;  // Unix time
  std::int64_t step_s = 1;
  std::size_t step_count = 0;
};
// Attempts by when closures answered them; check-ins whenever they were.
Result<Attendance> read_attendance(sql::Connection& connection, const AttendanceQuery& query);

// Up to where an inbox is in the journal; 0 where nothing is known of it.
Result<std::uint64_t> read_place(sql::Connection& connection, const journal::InboxFileId& file);

}  // namespace matsuri::checkin
