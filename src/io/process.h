// What a process knows of itself and sets up for itself, before it makes any thread.
#pragma once

#include <signal.h>

#include <initializer_list>
#include <string>

namespace matsuri::io {

// Blocks these signals for all threads that are made from now on, so that sigwait() gets them. One
// that our parent ignored would never arrive, so it is set back. A peer that went away is no
// signal.
sigset_t block_signals(std::initializer_list<int> numbers);

// A socket each: as many as the system lets us have.
void raise_file_limit();

// From now on the first SIGINT or SIGTERM only asks: a command that works for long looks at
// was_interrupted(), and ends where it likes. The second one ends the process.
void ask_on_signals();
bool was_interrupted();

// Where the program that runs lies.
std::string own_path();

}  // namespace matsuri::io
