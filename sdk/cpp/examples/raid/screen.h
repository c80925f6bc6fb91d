// The raid on a terminal: ANSI sequences, and keys as they are pressed.
#pragma once

#include <string>

#include "raid.h"

namespace raid {

// The terminal without its own echo and lines, for as long as this lives.
class Keyboard {
 public:
  Keyboard();
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  // The bytes that were typed since the last call; waits at most that long.
  std::string read(int wait_ms);

 private:
  struct Settings;
  Settings* before_;
};

// Reads a line that is not shown.
std::string ask_secretly(const char* question);

// The whole screen as text. `typed` is the message being written, if one is.
std::string picture(const Raid& raid, const matsuri::Status& status, const std::string* typed);

// Plays until q is pressed.
void play(matsuri::Client& client, Raid& raid);

}  // namespace raid
