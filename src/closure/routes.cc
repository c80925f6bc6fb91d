#include "closure/routes.h"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "closure/queue.h"
#include "closure/request.h"

namespace matsuri::closure {
namespace {

using http::Cost;
using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

constexpr std::string_view name_of(CheckinResult result) {
  switch (result) {
    case CheckinResult::ok:
      return "ok";
    case CheckinResult::no_match:
      return "no_match";
    case CheckinResult::flat:
      return "flat";
    case CheckinResult::not_eligible:
      return "not_eligible";
    case CheckinResult::no_window:
      return "no_window";
    case CheckinResult::too_late:
      return "too_late";
    case CheckinResult::malformed:
      return "malformed";
  }
  return "unknown";
}

// An attempt in the line, and who hears what comes of it.
struct Waiting {
  RequestPtr request;
  Responder respond;
};

// What somebody hears once their record is kept.
struct Judgement {
  Responder respond;
  Response response;
  metrics::Counter* counted;
};

class Routes {
 public:
  explicit Routes(const RouteParts& parts)
      : parts_(parts), queue_(parts.queue, [this](io::Executor& executor, std::span<Waiting> part) {
          judge(executor, part);
        }) {
    for (std::size_t i = 1; i < results_.size(); ++i)
      results_[i] = &parts_.metrics.counter(
          "matsuri_checkin_attempts_total", "Attempts with a ticket of ours, by what came of them",
          {{"result", std::string(name_of(static_cast<CheckinResult>(i)))}});
    refused_ = &parts_.metrics.counter("matsuri_checkin_refused_total",
                                       "Check-ins that were nobody's attempt: no record is kept");
    busy_ = &parts_.metrics.counter("matsuri_checkin_busy_total",
                                    "Attempts that were not taken, or not kept");
    tickets_busy_ = &parts_.metrics.counter("matsuri_checkin_tickets_busy_total",
                                            "Tickets that were not given, so many attempts wait");
  }

  // Whoever gets no ticket has not filmed in vain: attempts go before tickets.
  void give_ticket(const RequestPtr& request, Responder respond) const {
    if (queue_.is_long(*request->executor)) {
      tickets_busy_->add();
      return respond.send(too_many());
    }
    respond.send([&]() -> Result<Response> {
      TRY_ASSIGN(const std::optional<std::string> path, request->query_parameter("path"));
      return parts_.service.give_ticket(request->path_parameter("programme"),
                                        request->header("matsuri-pass"), path);
    }());
  }

  void check_in(const RequestPtr& request, Responder respond) const {
    Waiting waiting{.request = request, .respond = std::move(respond)};
    if (queue_.put(*request->executor, std::move(waiting))) return;
    busy_->add();
    waiting.respond.send(too_many());
  }

  void ready(const RequestPtr&, Responder respond) const {
    const bool is_good = parts_.journal.health() == journal::Health::good;
    respond.send(is_good ? Response{.content_type = "text/plain", .body = "ready\n"}
                         : http::problem(Error(Code::busy, "the journal takes nothing just now")));
  }

  void show_metrics(const RequestPtr&, Responder respond) const {
    respond.send(
        Response{.content_type = "text/plain; version=0.0.4", .body = parts_.metrics.to_text()});
  }

 private:
  using Records = std::vector<journal::Writer::Entry>;
  using Judgements = std::vector<Judgement>;

  static Error too_many() { return {Code::busy, "too many check in just now: try again soon"}; }

  void judge(io::Executor& executor, std::span<Waiting> part) const {
    Records records;
    Judgements judgements;
    records.reserve(part.size());
    judgements.reserve(part.size());
    for (Waiting& one : part) {
      Result<Judged> judged =
          parts_.service.check_in(one.request->path_parameter("programme"), one.request->body);
      if (judged.ok()) {
        records.push_back({.header = judged->header, .payload = encode(judged->event)});
        judgements.push_back({.respond = std::move(one.respond),
                              .response = std::move(judged->response),
                              .counted = results_[static_cast<std::size_t>(judged->event.result)]});
      } else {
        refused_->add();
        one.respond.send(judged.error());
      }
    }
    if (!records.empty()) keep(executor, std::move(records), std::move(judgements));
  }

  // Answers once the records are durable, all with one sync: a match takes a part of the time of a
  // sync, so that one by one they would be synced by a few at once. Where they can't be kept, all
  // hear that error instead.
  void keep(io::Executor& executor, Records records, Judgements judgements) const {
    // The completion owns them only once the journal has taken the records.
    auto waiting = std::make_shared<Judgements>(std::move(judgements));
    const auto answer = [waiting, busy = busy_](const Result<void>& kept) {
      for (Judgement& one : *waiting) {
        (kept.ok() ? one.counted : busy)->add();
        if (kept.ok())
          one.respond.send(std::move(one.response));
        else
          one.respond.send(kept.error());
      }
    };
    const Result<void> appended = [&]() -> Result<void> {
      for (journal::Writer::Entry& record : records) {
        TRY_ASSIGN(record.header.id, parts_.ids.next());
      }
      return parts_.journal.append_all(records, executor, [answer](const Result<Position>& kept) {
        answer(kept.ok() ? Result<void>() : kept.error());
      });
    }();
    if (!appended.ok()) answer(appended);
  }

  RouteParts parts_;
  mutable Queue<Waiting> queue_;  // handlers are const; it is of their threads
  std::array<metrics::Counter*, static_cast<std::size_t>(CheckinResult::malformed) + 1> results_{};
  metrics::Counter* refused_ = nullptr;
  metrics::Counter* busy_ = nullptr;
  metrics::Counter* tickets_busy_ = nullptr;
};

}  // namespace

// Passes and tickets bound what one account can do, and the proxy in front what an address can.
void add_routes(http::Router& router, const RouteParts& parts) {
  const http::MemberRoutes add(router, "", std::make_shared<const Routes>(parts));
  add(Method::get, "/v1/checkin/{programme}/ticket", {.cost = Cost::none}, &Routes::give_ticket);
  add(Method::post, "/v1/checkin/{programme}",
      {.cost = Cost::none, .body_size_max = body_size_max, .json_body = true}, &Routes::check_in);
  add(Method::get, "/readyz", {.cost = Cost::none}, &Routes::ready);
  add(Method::get, "/metrics", {.cost = Cost::none}, &Routes::show_metrics);
}

}  // namespace matsuri::closure
