// The WebSocket of a title's game state: parse, call once, render, many at a time.
#pragma once

#include "game/commands.h"
#include "game/directory.h"
#include "http/router.h"
#include "io/clock.h"

namespace matsuri::game {

struct SocketParts {
  const Directory& directory;
  const Gate& gate;
  Commands& commands;
  io::Clock& clock;
};

// Adds GET /v1/game/{title}/socket.
void add_socket_route(http::Router& router, SocketParts parts);

}  // namespace matsuri::game
