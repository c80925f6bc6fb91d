// What a process that serves sets up for itself, before it makes any thread.
#pragma once

#include <signal.h>

#include <initializer_list>

namespace matsuri::io {

// Blocks these signals for all threads that are made from now on, so that sigwait() gets them. One
// that our parent ignored would never arrive, so it is set back. A peer that went away is no
// signal.
sigset_t block_signals(std::initializer_list<int> numbers);

// A socket each: as many as the system lets us have.
void raise_file_limit();

}  // namespace matsuri::io
