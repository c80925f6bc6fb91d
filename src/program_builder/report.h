// What a broadcaster wants to know before the evening: where viewers can check in, where not, and
// why.
#pragma once

#include <string>

#include "program_builder/build.h"

namespace matsuri::program_builder {

// A page of HTML that needs nothing but itself.
std::string to_html(const Built& built);

// The same in a few lines, for a terminal.
std::string to_text(const Built& built);

}  // namespace matsuri::program_builder
