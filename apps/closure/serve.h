// The closure as a resident server.
#pragma once

#include <functional>

#include "base/result.h"
#include "closure/service.h"
#include "options.h"
#include "program/show.h"

namespace matsuri {

// Until SIGINT or SIGTERM. SIGHUP asks `read_again` for the settings from then on; what is wrong
// there is logged, and changes nothing.
Result<void> serve(const Options& options, const program::Show& show, closure::Settings settings,
                   const std::function<Result<closure::Settings>()>& read_again);

}  // namespace matsuri
