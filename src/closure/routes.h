// A closure as a resident server: the same two answers over the project's own HTTP server. A record
// is durable in the process's own journal, many with one sync, before its check-in is answered.
#pragma once

#include <functional>

#include "base/metrics.h"
#include "closure/queue.h"
#include "closure/service.h"
#include "http/router.h"
#include "journal/id_maker.h"
#include "journal/writer.h"

namespace matsuri::closure {

struct RouteParts {
  const Service& service;
  journal::Writer& journal;
  journal::IdMaker& ids;
  metrics::Registry& metrics;
  QueueOptions queue;
};

// Attempts wait in a bounded line and are judged in their order; past it they are *busy* at once,
// and past its half so are tickets. GET /v1/checkin/{programme}/ticket, POST
// /v1/checkin/{programme}, GET /readyz, GET /metrics. What the parts refer to outlives the router.
void add_routes(http::Router& router, const RouteParts& parts);

}  // namespace matsuri::closure
