// The HTTP half of check-in that reads: what a viewer has checked in to.
#pragma once

#include "http/router.h"
#include "sql/db.h"

namespace matsuri::checkin {

// Adds GET /v1/checkin/me. `db` is check-in's.
void add_routes(http::Router& router, sql::Db& db);

}  // namespace matsuri::checkin
