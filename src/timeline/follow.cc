#include "timeline/follow.h"

#include <memory>
#include <string>
#include <utility>

namespace matsuri::timeline {

void Follows::set(const SetFollow& wanted, io::Executor& executor, Completion done) {
  if (wanted.kind == FollowKind::person && wanted.target == wanted.account.value)
    return done(Error(Code::invalid, "nobody follows themselves"));
  const auto id = [&]() -> Result<std::uint64_t> {
    TRY(stream_.admit(EventKind::set_follow));
    return ids_.next();
  }();
  if (!id.ok()) return done(id.error());
  const RecordHeader header{.id = id.value(),
                            .unix_ms = parts_of(id.value()).unix_ms,
                            .account = wanted.account,
                            .key = {},
                            .fingerprint = 0,
                            .kind = EventKind::set_follow};
  const std::string payload = encode(wanted);
  // The completion owns `done` only once the journal has taken the record.
  auto shared = std::make_shared<Completion>(std::move(done));
  const Result<void> taken =
      writer_.append(header, as_bytes(payload), executor,
                     [shared](const Result<Position>& position) { (*shared)(position); });
  if (!taken.ok()) (*shared)(taken.error());
}

}  // namespace matsuri::timeline
