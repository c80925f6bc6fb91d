#include "empathy/exec.h"

#include <memory>
#include <string>
#include <utility>

#include "model/event.h"

namespace matsuri::empathy {

void Empathies::set(const Wanted& wanted, io::Executor& executor,
                    std::move_only_function<void(Result<Position>)> done) {
  if (wanted.account == wanted.post_author)
    return done(Error(Code::denied, "nobody feels empathy with a post of their own"));
  // The completion owns `done` only once the journal has taken the record: until then we answer
  // ourselves. An executor may run it before append() returns.
  auto shared = std::make_shared<std::move_only_function<void(Result<Position>)>>(std::move(done));
  const Result<void> appended = [&]() -> Result<void> {
    TRY(stream_.admit(EventKind::set_empathy));
    TRY_ASSIGN(const std::uint64_t id, ids_.next());
    const RecordHeader header{.id = id,
                              .unix_ms = parts_of(id).unix_ms,
                              .account = wanted.account,
                              .kind = EventKind::set_empathy};
    const std::string payload = encode(SetEmpathy{.post = wanted.post,
                                                  .post_author = wanted.post_author,
                                                  .community = wanted.community,
                                                  .account = wanted.account,
                                                  .given = wanted.given});
    return writer_.append(header, as_bytes(payload), executor,
                          [shared](const Result<Position>& position) { (*shared)(position); });
  }();
  if (!appended.ok()) (*shared)(appended.error());
}

}  // namespace matsuri::empathy
