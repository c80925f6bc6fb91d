// Programmes within files that were made of them.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "program/show.h"

namespace matsuri::program {

// The programme's data within the bytes of a file: it lies at a multiple of 64, as linkers put it
// in an executable. A copy, wholly checked. Code::corrupt where there is none that is whole.
Result<Lines> find_show(Bytes file);

}  // namespace matsuri::program
