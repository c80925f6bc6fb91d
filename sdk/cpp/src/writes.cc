#include "writes.h"

#include <utility>

#include "codec.h"
#include "json.h"

namespace matsuri {
namespace {

// The server forgets keys after seven days: whatever may have been sent with one is not sent again
// after six.
constexpr std::int64_t age_ms_max = std::int64_t{6} * 24 * 3600 * 1000;
// 409 for a repeated request: an earlier try is still under way, or the server's guard against
// saying the same twice met one of its own tries. Both pass within half a minute.
constexpr int conflicts_max = 6;

std::string payload_of(const Write& write) {
  return write_json(Json{{"write", write.what},
                         {"key", write.key},
                         {"method", write.method},
                         {"path", write.path},
                         {"body", write.body},
                         {"added_ms", write.added_unix_ms}});
}

Error too_old() {
  return Error{Code::unreachable, "it waited for six days: it may have been done, or not", 0, 0};
}

}  // namespace

bool Writes::recover(const Queue::Item& item) {
  const Json json = parse_json(item.payload);
  Reader from(json);
  Write write;
  write.id = item.id;
  write.what = from.text("write");
  write.key = from.text("key");
  write.method = from.text("method");
  write.path = from.text("path");
  write.body = from.text("body");
  write.added_unix_ms = from.number("added_ms");
  if (!from.ok()) return false;
  waiting_.push_back(std::move(write));
  return true;
}

std::string Writes::add(Write write) {
  write.key = core_.make_key();
  write.added_unix_ms = core_.net.unix_ms();
  const Result<std::uint64_t> id = core_.queue->add(payload_of(write));
  if (!id) {
    Answer answer;
    answer.error = id.error();
    write.then(answer);
    return write.key;
  }
  write.id = *id;
  std::string key = write.key;
  waiting_.push_back(std::move(write));
  return key;
}

void Writes::tick() {
  if (under_way_ || waiting_.empty() || core_.who.account.empty()) return;
  if (core_.who.generation == refused_generation_) return;
  if (core_.queue->owner() != core_.who.account) return;
  send(waiting_.front());
}

void Writes::send(Write& write) {
  const std::int64_t left_ms = write.added_unix_ms + age_ms_max - core_.net.unix_ms();
  if (left_ms <= 0) {
    Answer answer;
    answer.error = too_old();
    return finish(answer);
  }
  under_way_ = true;
  Call call;
  call.method = write.method;
  call.path = write.path;
  call.body = write.body;
  if (write.method == "POST") call.idempotency_key = write.key;
  call.authorize = [this](HttpRequest& request) { core_.authorize(request); };
  call.position = Call::Position::command;
  call.until_ms = core_.net.now_ms() + left_ms;
  call.done = [this](Answer answer) { answered(std::move(answer)); };
  core_.net.call(std::move(call));
}

void Writes::answered(Answer answer) {
  Write& write = waiting_.front();
  if (answer.error && answer.error->code == Code::unauthenticated) {
    under_way_ = false;
    refused_generation_ = core_.who.generation;
    return core_.notice(*answer.error);
  }
  // A repeated request hears "conflict" for what the first one of it did, or is doing.
  const bool repeated = answer.tries > 1 || write.conflicts > 0 || !write.then;
  if (answer.error && answer.error->code == Code::conflict && repeated &&
      write.conflicts < conflicts_max) {
    ++write.conflicts;
    // Still under way for tick(), until then.
    core_.net.after(core_.net.backoff_ms(write.conflicts + 3), [this] { under_way_ = false; });
    return;
  }
  if (answer.error && answer.error->code == Code::not_found && write.method == "DELETE" && repeated)
    answer.error.reset();
  if (answer.error && answer.error->code == Code::unreachable) answer.error = too_old();
  under_way_ = false;
  finish(answer);
}

void Writes::finish(const Answer& answer) {
  const Write write = std::move(waiting_.front());
  waiting_.pop_front();
  core_.queue->remove(write.id);
  if (write.then) return write.then(answer);
  if (!core_.on_recovered) return;
  Recovered recovered;
  recovered.key = write.key;
  recovered.what = write.what;
  recovered.error = answer.error;
  if (!answer.error && (write.what == "post" || write.what == "comment")) {
    Result<Post> post = parse_post(answer.body);
    if (post)
      recovered.post = *post;
    else
      recovered.error = post.error();
  }
  core_.ready.push_back([heard = core_.on_recovered, recovered] { heard(recovered); });
}

}  // namespace matsuri
