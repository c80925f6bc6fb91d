#include "checkin/routes.h"

#include <utility>

#include "checkin/query.h"
#include "http/page.h"
#include "json/writer.h"
#include "sql/call.h"

namespace matsuri::checkin {
namespace {

using http::RequestPtr;
using http::Responder;
using http::Response;

Response render(const CheckinPage& page) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("checkins").begin_array();
  for (const Checkin& one : page.checkins) {
    writer.begin_object()
        .field_id("id", one.id)
        .field("programme", one.programme)
        .field("window", std::int64_t{one.window})
        .field("time_ms", one.unix_ms)
        .field("status", name_of(one.status))
        .field("points", one.points);
    // Beside "pending" it is on its way, and not decided.
    if (one.status != Status::pending && one.reason != GrantReason::none)
      writer.field("reason", name_of(one.reason));
    else
      writer.field_null("reason");
    writer.end_object();
  }
  writer.end_array();
  if (page.next)
    writer.field_id("next", *page.next);
  else
    writer.field_null("next");
  writer.end_object();
  return response;
}

// GET /v1/checkin/me: the caller's own, the newest first.
void list_own(sql::Db& db, const RequestPtr& request, Responder respond) {
  const auto page = http::page_of(*request, page_count_default, page_count_max);
  if (!page.ok()) return respond.send(http::problem(page.error()));
  const OwnQuery query{
      .account = request->caller.account, .before = page->before, .count_max = page->count_max};
  sql::read_value<CheckinPage>(
      db, *request->executor,
      [query](sql::Connection& connection) { return read_own(connection, query); },
      [respond = std::move(respond)](Result<CheckinPage> found) mutable {
        respond.send(found.ok() ? render(*found) : http::problem(found.error()));
      });
}

}  // namespace

void add_routes(http::Router& router, sql::Db& db) {
  router.add(
      http::Method::get, "/v1/checkin/me", {.needs_account = true, .waits_for_position = true},
      [&db](RequestPtr request, Responder respond) { list_own(db, request, std::move(respond)); });
}

}  // namespace matsuri::checkin
