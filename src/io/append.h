// One write at the end of a file that several processes append to, without locks.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace matsuri::io {

// Opens the file (made with mode 0640 where it is missing), appends `bytes` by one write, and
// closes it: what others append at the same moment stands before or behind, never between. Nothing
// is synced: it survives the end of the process, and not a power cut.
//
// Code::exhausted where the disk is full: a beginning of `bytes` may then stand in the file. Not
// for files on a network.
Result<void> append_once(const std::string& path, Bytes bytes);

}  // namespace matsuri::io
