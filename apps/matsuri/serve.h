// `matsuri serve`: the node behind its HTTP server, until a signal ends it.
#pragma once

#include "base/result.h"
#include "config.h"

namespace matsuri {

// Blocks until SIGINT or SIGTERM, then finishes what runs, flushes, and returns within 10 s.
Result<void> serve(const Config& config);

}  // namespace matsuri
