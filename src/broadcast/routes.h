// The HTTP half: programmes, and the way of viewers to their closures.
#pragma once

#include "broadcast/programmes.h"
#include "http/router.h"
#include "io/clock.h"

namespace matsuri::broadcast {

// Adds /v1/checkin/programmes… and /v1/checkin/{programme}…. What it refers to outlives the router.
void add_routes(http::Router& router, Programmes& programmes, io::Clock& clock);

}  // namespace matsuri::broadcast
