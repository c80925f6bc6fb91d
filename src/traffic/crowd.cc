#include "traffic/crowd.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sentence.h"
#include "io/clock.h"
#include "io/random.h"
#include "match/descriptor.h"
#include "model/base64url.h"
#include "ticket/ticket.h"

namespace matsuri::traffic {
namespace {

constexpr std::int64_t begin_after_us = 100'000;
constexpr std::int64_t wait_us_max = 100'000;
// Requests that are sent before answers are looked for again.
constexpr int sent_at_once = 256;
// A signed ticket is older than its burst by so much.
constexpr std::int64_t ticket_before_ms = 200;
constexpr std::size_t mac_letter = 70;  // of a ticket's text: within its mac

// What stands behind a mark in JSON that a server of ours wrote, up to a quote.
std::string_view text_behind(std::string_view json, std::string_view mark) {
  const std::size_t at = json.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = json.substr(at + mark.size());
  return rest.substr(0, rest.find('"'));
}

std::int64_t number_behind(std::string_view json, std::string_view mark) {
  const std::size_t at = json.find(mark);
  std::int64_t number = 0;
  if (at != std::string_view::npos)
    std::from_chars(json.data() + at + mark.size(), json.data() + json.size(), number);
  return number;
}

Outcome outcome_of(const Answer& answer) {
  if (answer.status == 503 || answer.status == 429) return Outcome::busy;
  if (answer.status >= 400 && answer.status < 500) return Outcome::refused;
  if (answer.status != 200) return Outcome::failed;
  const std::string_view said = text_behind(answer.body, R"("answer":")");
  if (said == "ok" || said == "ticket") return Outcome::ok;
  if (said == "retry") return Outcome::retry;
  return said == "not_now" ? Outcome::not_now : Outcome::failed;
}

// A request of one viewer, with the moment at which it is to be sent.
struct Request {
  std::int64_t at_us = 0;
  std::uint64_t viewer = 0;
  Kind kind = Kind::valid;
  unsigned try_count = 0;
  std::string attempt;  // the body; empty: a ticket is asked for
};

class Crowd {
 public:
  Crowd(const CrowdOptions& options, const CrowdParts& parts, Client& client)
      : options_(options), parts_(parts), client_(client), random_(options.seed) {}

  Tally run() {
    begin_us_ = now_us() + begin_after_us;
    plan_next();
    while (!planned_.empty() || client_.pending_count() > 0) {
      for (int i = 0; i < sent_at_once && !planned_.empty() && planned_.front().at_us <= now_us();
           ++i)
        begin(take_first());
      const std::int64_t left_us =
          planned_.empty() ? wait_us_max : planned_.front().at_us - now_us();
      client_.poll(std::clamp<std::int64_t>(left_us, 0, wait_us_max));
    }
    return std::move(tally_);
  }

 private:
  static std::int64_t now_us() { return io::system_clock().monotonic_us(); }
  static std::int64_t unix_ms() { return io::system_clock().unix_ms(); }
  double share() { return static_cast<double>(random_()) / 4294967296.0; }

  void plan(Request request) {
    planned_.push_back(std::move(request));
    std::ranges::push_heap(planned_, std::greater(), &Request::at_us);
  }
  Request take_first() {
    std::ranges::pop_heap(planned_, std::greater(), &Request::at_us);
    Request first = std::move(planned_.back());
    planned_.pop_back();
    return first;
  }

  // Viewers come in their order, so one of them is planned at a time.
  void plan_next() {
    if (arrived_count_ == options_.viewer_count) return;
    const double part = (static_cast<double>(arrived_count_) + share()) /
                        static_cast<double>(options_.viewer_count);
    const double seconds = options_.seconds * options_.shape.time_of(std::min(part, 1 - 1e-12));
    plan({.at_us = begin_us_ + static_cast<std::int64_t>(seconds * 1e6),
          .viewer = arrived_count_++,
          .kind = any_kind(),
          .attempt = {}});
  }

  Kind any_kind() {
    double left = share();
    if ((left -= options_.shares.other_channel) < 0) return Kind::other_channel;
    if ((left -= options_.shares.replayed) < 0) return Kind::replayed;
    if ((left -= options_.shares.forged) < 0) return Kind::forged;
    return Kind::valid;
  }

  void begin(Request request) {
    const bool has_come = request.attempt.empty() && request.try_count == 0;
    if (has_come) plan_next();
    if (has_come && parts_.signing != nullptr) request.attempt = signed_attempt(request);
    send(std::move(request));
  }

  void send(Request request) {
    const std::int64_t sent_us = now_us();
    tally_.late_us.record(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, sent_us - request.at_us)));
    ++second_of(sent_us).offered;
    std::string text = text_of(request);
    client_.ask(std::move(text),
                [this, sent_us, request = std::move(request)](const Answer& answer) mutable {
                  take(std::move(request), sent_us, answer);
                });
  }

  std::string text_of(const Request& request) const {
    const std::string path = sentence("/v1/checkin/", options_.programme);
    const std::string identity = parts_.identity(request.viewer);
    if (request.attempt.empty())
      return sentence("GET ", path, "/ticket?path=terrestrial HTTP/1.1\r\nHost: localhost\r\n",
                      identity, "\r\n\r\n");
    return sentence("POST ", path, " HTTP/1.1\r\nHost: localhost\r\n", identity,
                    "\r\nContent-Type: application/json\r\nContent-Length: ",
                    request.attempt.size(), "\r\n\r\n", request.attempt);
  }

  void take(Request request, std::int64_t sent_us, const Answer& answer) {
    const std::int64_t answered_us = now_us();
    const bool is_ticket = request.attempt.empty();
    const Outcome outcome = outcome_of(answer);
    const auto index = static_cast<std::size_t>(outcome);
    ++second_of(answered_us).answered[index];
    ++(is_ticket ? tally_.tickets : tally_.attempts[static_cast<std::size_t>(request.kind)])[index];
    if (outcome != Outcome::failed) {
      Histogram& times = outcome == Outcome::busy ? tally_.busy_us
                         : is_ticket              ? tally_.ticket_us
                                                  : tally_.attempt_us;
      times.record(
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, answered_us - request.at_us)));
    }
    if (outcome == Outcome::busy) return come_again(std::move(request), answered_us, answer);
    if (outcome != Outcome::ok) return;
    if (is_ticket)
      film(std::move(request), sent_us, answered_us, answer.body);
    else if (parts_.on_ok)
      parts_.on_ok(request.viewer,
                   static_cast<std::uint32_t>(number_behind(answer.body, R"("window":)")));
  }

  void come_again(Request request, std::int64_t answered_us, const Answer& answer) {
    if (request.try_count == options_.again_count) return;
    const double pause = std::max<double>(
        answer.retry_after(), std::ldexp(1, static_cast<int>(std::min(request.try_count, 3U))));
    ++request.try_count;
    const double seconds = pause * (1 + share());
    request.at_us = answered_us + static_cast<std::int64_t>(seconds * 1e6);
    plan(std::move(request));
  }

  // The viewer has a ticket: films when it says so, and sends that.
  void film(Request request, std::int64_t sent_us, std::int64_t answered_us,
            std::string_view body) {
    match::Seed seed;
    const std::string_view text = text_behind(body, R"("seed":")");
    if (!from_base64url(text, std::as_writable_bytes(std::span(seed)))) return;
    const std::int64_t delay_ms = number_behind(body, R"("start_delay_ms":)");
    const std::int64_t rtt_ms = (answered_us - sent_us) / 1000;
    const Burst& burst = burst_of(request.kind, unix_ms() + delay_ms);
    request.attempt = attempt_of(request.kind, std::string(text_behind(body, R"("ticket":")")),
                                 seed, burst, rtt_ms + delay_ms, rtt_ms);
    request.try_count = 0;
    request.at_us = answered_us + (delay_ms + burst.length_ms()) * 1000;
    plan(std::move(request));
  }

  // As if the ticket had been asked for so long ago that the burst is just over.
  std::string signed_attempt(const Request& request) {
    const std::int64_t now_ms = unix_ms();
    const Burst& burst = burst_of(request.kind, now_ms - std::int64_t{match::burst_ms_max});
    ticket::Ticket ticket{.key = parts_.signing->signing_id(),
                          .account = parts_.account(request.viewer),
                          .programme = ticket::ProgrammeId{options_.programme},
                          .issued_unix_ms = now_ms - burst.length_ms() - ticket_before_ms};
    io::system_random().fill(ticket.nonce);
    const ticket::Digest digest = ticket::seed_of(*parts_.signing, ticket);
    match::Seed seed;
    static_assert(sizeof seed == sizeof digest);
    std::memcpy(seed.data(), digest.data(), seed.size());
    return attempt_of(request.kind, ticket::seal(*parts_.signing, ticket), seed, burst, 0, 0);
  }

  const Burst& burst_of(Kind kind, std::int64_t begin_unix_ms) {
    if (kind == Kind::other_channel) return parts_.other_channel.any(random_);
    return parts_.programme.near(begin_unix_ms - options_.shown_unix_ms);
  }

  std::string attempt_of(Kind kind, std::string ticket, const match::Seed& seed, const Burst& burst,
                         std::int64_t dt_ms, std::int64_t rtt_ms) {
    if (kind == Kind::forged && ticket.size() > mac_letter)
      ticket[mac_letter] = ticket[mac_letter] == 'A' ? 'B' : 'A';
    const std::string descriptor = burst.describe(kind == Kind::replayed ? other_seed_ : seed);
    other_seed_ = seed;
    return sentence(R"({"ticket":")", ticket, R"(","path":"terrestrial","dt_ms":)", dt_ms,
                    R"(,"rtt_ms":)", rtt_ms, R"(,"descriptor":")",
                    to_base64url(as_bytes(descriptor)), R"("})");
  }

  Second& second_of(std::int64_t at_us) {
    const auto index =
        static_cast<std::size_t>(std::max<std::int64_t>(0, at_us - begin_us_) / 1'000'000);
    if (index >= tally_.seconds.size()) tally_.seconds.resize(index + 1);
    return tally_.seconds[index];
  }

  const CrowdOptions& options_;
  const CrowdParts& parts_;
  Client& client_;
  std::mt19937 random_;
  std::int64_t begin_us_ = 0;
  std::uint64_t arrived_count_ = 0;
  std::vector<Request> planned_;  // a heap
  match::Seed other_seed_{};      // of the viewer before
  Tally tally_;
};

}  // namespace

Result<Tally> run_crowd(const CrowdOptions& options, const CrowdParts& parts) {
  TRY_ASSIGN(const std::unique_ptr<Client> client, Client::open(options.server));
  return Crowd(options, parts, *client).run();
}

}  // namespace matsuri::traffic
