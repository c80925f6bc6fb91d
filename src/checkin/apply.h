// Attempts to check in, and what the ledger made of them: written into the checkin database.
#pragma once

#include "stream/view.h"

namespace matsuri::checkin {

// The view "checkin".
//
// A person has one check-in of a window, whatever number of attempts were ok: the first that is
// read makes it. It is void from the start where its ticket has had more than attempt_count_max
// attempts by then, or its account more than ticket_count_max tickets for the programme. Else
// GrantDue is told, and it is pending. Attempts are read from several journals, and may come late:
// where one brings a ticket or an account over its bound, pending check-ins of it are taken back by
// a second GrantDue. What is final is the answer of points, GrantSettled: what was granted before
// the late attempt was read stays granted.
//
// So over the bound nothing more becomes due, what is due becomes void unless the ledger was
// faster, and every check-in ends as the one thing that the ledger says.
class CheckinView final : public stream::View {
 public:
  std::string_view name() const override { return "checkin"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::checkin_attempted || kind == EventKind::inbox_read ||
           kind == EventKind::grant_settled;
  }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override;
};

}  // namespace matsuri::checkin
