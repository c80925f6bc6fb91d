#include "ops/routes.h"

#include <string>
#include <utility>

namespace matsuri::ops {
namespace {

using http::Method;
using http::RequestPtr;
using http::Responder;
using http::Response;

http::Response text(std::string body) {
  return {.status = 200, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

// The first thing that keeps us from serving; Result<void> of nothing where all is well.
Result<void> check_ready(const RouteParts& parts) {
  switch (parts.readiness.state()) {
    case Readiness::State::starting:
      return Error(Code::busy, "starting");
    case Readiness::State::draining:
      return Error(Code::busy, "shutting down");
    case Readiness::State::serving:
      break;
  }
  switch (parts.journal.health()) {
    case journal::Health::good:
      break;
    case journal::Health::slow_sync:
      return Error(Code::busy, "the journal's disk takes more than two seconds to sync");
    case journal::Health::disk_full:
      return Error(Code::busy, "the journal's disk is full: make room, it goes on by itself");
    case journal::Health::failed:
      return Error(Code::busy,
                   "the journal could not be written: look at the log, mend the disk, restart");
  }
  // An id is cheap, and the one thing besides the journal that a post needs of the disk.
  const auto id = parts.ids.next();
  if (!id.ok()) return Error(Code::busy, "no ids can be reserved: look whether the disk is full");
  return {};
}

}  // namespace

void add_routes(http::Router& router, RouteParts parts) {
  router.add(Method::get, "/livez", {.cost = http::Cost::none},
             [](const RequestPtr&, Responder respond) { respond.send(text("alive\n")); });
  router.add(Method::get, "/readyz", {.cost = http::Cost::none},
             [parts](const RequestPtr&, Responder respond) {
               const Result<void> ready = check_ready(parts);
               if (!ready.ok()) return respond.send(http::problem(ready.error()));
               std::string body = "ready\n";
               if (parts.remarks)
                 for (const std::string& remark : parts.remarks()) body += remark + '\n';
               respond.send(text(std::move(body)));
             });
  router.add(Method::get, "/metrics", {.cost = http::Cost::none},
             [parts](const RequestPtr&, Responder respond) {
               Response response = text(parts.metrics.to_text());
               response.content_type = "text/plain; version=0.0.4; charset=utf-8";
               respond.send(std::move(response));
             });
}

}  // namespace matsuri::ops
