// A programme's data into a program that serves it, by the tools of binutils: no compiler is asked
// for, so that a broadcaster needs none.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace matsuri::program_builder {

// Makes the executable `out` of the prebuilt object `closure` and the data, which lies in .rodata
// between matsuri_show_begin and matsuri_show_end, 64-byte aligned. The same bytes for the same
// input. Code::not_found where there is no closure, Code::invalid where as or ld are missing
// or refuse, with what they say; Code::io.
Result<void> link_closure(const std::string& closure, Bytes data, const std::string& out);

}  // namespace matsuri::program_builder
