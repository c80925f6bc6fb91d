// Viewers of a programme who check in, each at the moment that was planned for them, whatever
// becomes of those before: an open loop. Who is answered late has waited from the planned moment
// on, so a server that stalls can't hide it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/ids.h"
#include "ticket/keys.h"
#include "traffic/bursts.h"
#include "traffic/client.h"
#include "traffic/shape.h"
#include "traffic/tally.h"

namespace matsuri::traffic {

struct Shares {
  double other_channel = 0;
  double replayed = 0;
  double forged = 0;
};

struct CrowdOptions {
  ClientOptions server;
  std::uint64_t programme = 0;
  std::int64_t shown_unix_ms = 0;  // when the programme began on the viewers' TVs ("terrestrial")
  Shape shape;
  double seconds = 60;
  std::uint64_t viewer_count = 1000;
  Shares shares;
  // Who hears that the server is busy comes again so often, as our client does: after the time that
  // the answer names, and not before 1, 2, 4 and then 8 s; or up to twice that.
  unsigned again_count = 0;
  std::uint32_t seed = 1;
};

struct CrowdParts {
  const Bursts& programme;
  const Bursts& other_channel;
  // The header line that says who the viewer is.
  std::function<std::string(std::uint64_t viewer)> identity;
  // Where given, tickets are signed with these and not asked for, so a viewer sends one request.
  const ticket::Keys* signing = nullptr;
  std::function<AccountId(std::uint64_t viewer)> account;  // beside `signing`
  // Hears of each check-in that was ok.
  std::function<void(std::uint64_t viewer, std::uint32_t window)> on_ok = nullptr;
};

// Returns when everybody has an answer. Code::invalid where the host is no address.
Result<Tally> run_crowd(const CrowdOptions& options, const CrowdParts& parts);

}  // namespace matsuri::traffic
