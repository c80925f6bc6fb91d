// What load balancers and monitoring ask: /livez, /readyz, /metrics.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "http/router.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "ops/readiness.h"
#include "stream/stream.h"

namespace matsuri::ops {

struct RouteParts {
  const Readiness& readiness;
  const journal::Writer& journal;
  journal::IdMaker& ids;
  const stream::Stream& stream;
  const metrics::Registry& metrics;
  // What people should know, and keeps nobody from serving, a line each. May be empty.
  std::function<std::vector<std::string>()> remarks;
};

// Adds /livez (the process runs), /readyz (200 and remarks, or 503 with the reason) and /metrics.
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::ops
