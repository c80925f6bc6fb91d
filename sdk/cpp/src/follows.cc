#include "follows.h"

#include <utility>

#include "codec.h"
#include "url.h"

namespace matsuri {
namespace {

constexpr std::int64_t wait_ms = 20'000;        // of the server, for something to happen
constexpr std::int64_t answer_ms_max = 10'000;  // beyond that

}  // namespace

FollowId Follows::add(const ChangesRequest& request, Callback<Changes> then) {
  const FollowId id = ++id_last_;
  Follow& follow = follows_[id];
  follow.request = request;
  follow.then = std::move(then);
  poll(id);
  return id;
}

void Follows::remove(FollowId follow) {
  const auto found = follows_.find(follow);
  if (found == follows_.end()) return;
  *found->second.is_wanted = false;
  follows_.erase(found);
}

void Follows::poll(FollowId id) {
  const auto found = follows_.find(id);
  if (found == follows_.end()) return;
  const ChangesRequest& request = found->second.request;
  Call call;
  call.path = session_.path("/changes");
  add_query(call.path, "arena", request.arena);
  add_query(call.path, "after", request.after);
  add_query(call.path, "limit", std::to_string(request.limit));
  add_query(call.path, "wait_ms", std::to_string(wait_ms));
  call.timeout_ms = wait_ms + answer_ms_max;
  call.done = [this, id](const Answer& answer) { answered(id, answer); };
  session_.call(std::move(call));
}

void Follows::answered(FollowId id, const Answer& answer) {
  const auto found = follows_.find(id);
  if (found == follows_.end()) return;
  Follow& follow = found->second;
  Result<Changes> changes =
      answer.error ? Result<Changes>(*answer.error) : parse_changes(answer.body);
  if (!changes) {
    tell(follow, std::move(changes));
    follows_.erase(found);
    return;
  }
  follow.request.after = changes->next;
  if (!changes->changes.empty()) tell(follow, std::move(changes));
  // Not from here: a transport that answers at once would never come to an end.
  core_.net.after(0, [this, id] { poll(id); });
}

void Follows::tell(const Follow& follow, Result<Changes> changes) {
  if (!follow.then) return;
  core_.ready.push_back(
      [then = follow.then, wanted = follow.is_wanted, changes = std::move(changes)] {
        if (*wanted) then(changes);
      });
}

}  // namespace matsuri
