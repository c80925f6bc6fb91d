// What the control room sees of a programme: who came when, what they were told, and what it gave.
#pragma once

#include <vector>

#include "broadcast/programmes.h"
#include "http/router.h"
#include "io/clock.h"
#include "sequencer/sequencer.h"
#include "sql/db.h"
#include "stream/stream.h"

namespace matsuri::broadcast {

struct AttendanceParts {
  const Programmes& programmes;
  sql::Db& checkin;              // check-in's database
  const stream::Stream& stream;  // that brings attempts there
  const sequencer::Sequencer& sequencer;
  std::vector<sql::Db*> shards;  // in the order of their numbers; one of them has the points
  io::Clock& clock;
};

// Adds GET /v1/checkin/programmes/{programme}/attendance. What it refers to outlives the router.
void add_attendance_route(http::Router& router, AttendanceParts parts);

}  // namespace matsuri::broadcast
