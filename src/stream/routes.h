// The HTTP half of stream: what became of a deferred command.
#pragma once

#include <string_view>
#include <vector>

#include "http/router.h"
#include "stream/outbox.h"
#include "stream/stream.h"

namespace matsuri::stream {

// A view, and the outbox of the database that its rows and refusals are in.
struct CommandView {
  std::string_view name;
  const Outbox& outbox;
};

// Adds /v1/commands/{position}, which asks all `views` of the stream: a position does not tell
// whose command it is. Stream and outboxes must stay.
void add_routes(http::Router& router, const Stream& stream, std::vector<CommandView> views);

}  // namespace matsuri::stream
