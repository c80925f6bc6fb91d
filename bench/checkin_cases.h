// The cases of bench checkin; checkin.cc says what they are.
#pragma once

#include "bench/report.h"

namespace matsuri::bench {

void measure_requests(const Options& options, Report& report);  // over HTTP
void measure_appliers(const Options& options, Report& report);
void measure_shipping(const Options& options, Report& report);

}  // namespace matsuri::bench
