#include "net.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "codec.h"

namespace matsuri {
namespace {

bool same_name(const std::string& name, std::string_view lower) {
  return name.size() == lower.size() &&
         std::equal(name.begin(), name.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// The first header of this name, given in lower case; empty where there is none.
std::string header(const HttpResponse& response, std::string_view lower) {
  for (const auto& [name, value] : response.headers)
    if (same_name(name, lower)) return value;
  return {};
}

int retry_after_s(const HttpResponse& response) {
  const std::string value = header(response, "retry-after");
  if (value.empty() || value.size() > 6) return 0;
  return std::max(0, std::atoi(value.c_str()));
}

// Answers that say that nothing happened, and that it may be otherwise later.
bool is_not_now(int status) { return status == 429 || status == 503; }

// No answer, or one that leaves open whether anything happened.
bool is_unclear(int status) {
  return status == 0 || status == 408 || (status >= 500 && status != 501 && status != 503);
}

}  // namespace

struct Net::Running {
  Call call;
  std::string position;  // that was sent
  Answer answer;
};

Net::Net(NetOptions options, std::unique_ptr<Transport> transport, std::unique_ptr<Clock> clock,
         Random random)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      random_(std::move(random)),
      transport_(std::move(transport)) {}

void Net::call(Call call) {
  auto running = std::make_shared<Running>();
  running->call = std::move(call);
  send(running);
}

void Net::after(std::int64_t ms, std::function<void()> what) {
  timers_.emplace(now_ms() + ms, std::move(what));
}

void Net::poll() {
  transport_->poll();
  // What these set is for the next time.
  const auto due = timers_.upper_bound(now_ms());
  std::vector<std::function<void()>> ready;
  for (auto timer = timers_.begin(); timer != due; ++timer)
    ready.push_back(std::move(timer->second));
  timers_.erase(timers_.begin(), due);
  for (const std::function<void()>& what : ready) what();
}

std::int64_t Net::backoff_ms(int tries, int retry_after_s) {
  const int doublings = std::min(std::max(tries - 1, 0), 20);
  const std::int64_t most = std::min(options_.backoff_ms_max, options_.backoff_ms_min << doublings);
  const auto part = [this](std::int64_t of) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(of + 1));
  };
  const std::int64_t asked_ms = std::int64_t{1000} * retry_after_s;
  return std::max(most / 2 + part(most / 2), asked_ms == 0 ? 0 : asked_ms + part(asked_ms / 4));
}

void Net::send(const std::shared_ptr<Running>& running) {
  const Call& call = running->call;
  HttpRequest request;
  request.method = call.method;
  request.url = options_.server + call.path;
  request.body = call.body;
  request.timeout_ms = call.timeout_ms > 0 ? call.timeout_ms : options_.request_timeout_ms;
  request.headers.emplace_back("Accept", "application/json, application/problem+json");
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!call.idempotency_key.empty())
    request.headers.emplace_back("Idempotency-Key", call.idempotency_key);
  running->position = call.position == Call::Position::none ? std::string() : position_;
  if (!running->position.empty())
    request.headers.emplace_back("Matsuri-Position", running->position);
  if (call.authorize) call.authorize(request);
  ++running->answer.tries;
  running->answer.sent_ms = now_ms();
  transport_->start(std::move(request), [this, running](HttpResponse response) {
    answered(running, std::move(response));
  });
}

bool Net::tries_again(const Running& running, const HttpResponse& response, bool unclear) {
  const Call& call = running.call;
  if (unclear ? !call.again_if_unclear : !is_not_now(response.status)) return false;
  return call.tries_max == 0 || running.answer.tries < call.tries_max;
}

void Net::answered(const std::shared_ptr<Running>& running, HttpResponse response) {
  const Call& call = running->call;
  Answer& answer = running->answer;
  const bool unclear = is_unclear(response.status);
  online_ = response.status != 0;
  if (unclear) ++answer.unclear;
  if (tries_again(*running, response, unclear)) {
    const std::int64_t wait_ms = backoff_ms(answer.tries, retry_after_s(response));
    if (call.until_ms == 0 || now_ms() + wait_ms < call.until_ms)
      return after(wait_ms, [this, running] { send(running); });
  }
  if (response.status == 0) {
    answer.error = Error{Code::unreachable, std::move(response.failure), 0, 0};
  } else if (response.status < 200 || response.status > 299) {
    answer.error = parse_problem(response.status, response.body);
    answer.error->retry_after_s = retry_after_s(response);
  } else {
    keep_position(*running, response);
    answer.stale = !header(response, "matsuri-stale").empty();
    const std::string cookie = header(response, "set-cookie");
    answer.cookie = cookie.substr(0, cookie.find(';'));
    answer.body = std::move(response.body);
  }
  call.done(std::move(answer));
}

// Tokens are opaque, so two of them cannot be merged here. A command sends the one that is held,
// and the server merges it into the answer: exact, as commands go one after the other. A read's
// token may only replace the one that it was sent with.
void Net::keep_position(const Running& running, const HttpResponse& response) {
  const std::string position = header(response, "matsuri-position");
  if (position.empty() || running.call.position == Call::Position::none) return;
  if (running.call.position == Call::Position::command || running.position == position_)
    position_ = position;
}

}  // namespace matsuri
