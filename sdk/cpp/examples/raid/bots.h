// Players that play by themselves, and hold what they were told against what the server has.
#pragma once

#include <string>

#include "raid.h"

namespace raid {

struct BotOptions {
  std::string server;
  Options raid;
  int count = 1;
  int pace_ms = 600;      // between two moves of one bot
  int seconds_max = 300;  // then the raid is over, won or not
};

// Signs that many up, fights until the boss or all raiders are down, and counts. 0 where every sum
// is right.
int run_bots(const BotOptions& options);

}  // namespace raid
