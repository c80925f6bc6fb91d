#include "notification/exec.h"

#include <memory>
#include <string>
#include <utility>

#include "model/event.h"
#include "notification/query.h"
#include "sql/call.h"

namespace matsuri::notification {

void Notifications::mark_read(AccountId account, std::uint64_t up_to, io::Executor& executor,
                              Completion done) {
  // A mark beyond what is there would hide what is still to come.
  sql::read_value<std::uint64_t>(
      db_, executor,
      [account](sql::Connection& connection) { return newest_sequence(connection, account); },
      [this, account, up_to, &executor,
       done = std::move(done)](const Result<std::uint64_t>& newest) mutable {
        if (!newest.ok()) return done(newest.error());
        if (up_to == 0 || up_to > newest.value())
          return done(Error(Code::invalid, "up_to: the id of a notification of yours is taken"));
        append(account, up_to, executor, std::move(done));
      });
}

void Notifications::append(AccountId account, std::uint64_t up_to, io::Executor& executor,
                           Completion done) {
  // The completion owns `done` only once the journal has taken the record: until then we answer
  // ourselves. An executor may run it before append() returns.
  auto shared = std::make_shared<Completion>(std::move(done));
  const Result<void> appended = [&]() -> Result<void> {
    TRY(stream_.admit(EventKind::mark_notifications_read));
    TRY_ASSIGN(const std::uint64_t id, ids_.next());
    const RecordHeader header{.id = id,
                              .unix_ms = parts_of(id).unix_ms,
                              .account = account,
                              .kind = EventKind::mark_notifications_read};
    const std::string payload = encode(MarkNotificationsRead{.account = account, .up_to = up_to});
    return writer_.append(header, as_bytes(payload), executor,
                          [shared](const Result<Position>& position) { (*shared)(position); });
  }();
  if (!appended.ok()) (*shared)(appended.error());
}

void Notifications::set_settings(AccountId account, const Settings& settings,
                                 io::Executor& executor,
                                 std::move_only_function<void(Result<void>)> done) {
  auto shared = std::make_shared<std::move_only_function<void(Result<void>)>>(std::move(done));
  const Result<void> queued = db_.write(
      [account, settings](sql::Connection& connection) {
        const ChosenSettings chosen[] = {{.account = account, .settings = settings}};
        return write_settings(connection, chosen);
      },
      executor, [shared](const Result<void>& result) { (*shared)(result); });
  if (!queued.ok()) (*shared)(queued);
}

}  // namespace matsuri::notification
