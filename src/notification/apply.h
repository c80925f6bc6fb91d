// What happened to somebody, grouped: other domains' facts, written into the notification database.
#pragma once

#include <cstdint>

#include "people/apply.h"
#include "stream/view.h"

namespace matsuri::notification {

// The view "notification". Whoever feels empathy with a post, comments on it, comments where one
// has commented, or follows one is put into a notice; taking it back, or deleting the comment,
// takes them out again. Times are those of the facts.
//
// Imported history (ids of import_node) makes none, and nothing that is older than what upkeep has
// forgotten does. Facts that come again change nothing. Says NotificationChanged for each recipient
// that a batch has touched.
class NotificationView final : public stream::View {
 public:
  std::string_view name() const override { return "notification"; }
  bool wants(EventKind kind) const override;
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override;
};

// Forgets what is older than age_ms_max, some thousands at a time. Gives how many it was.
Result<std::uint64_t> forget_old(sql::Connection& connection, std::int64_t now_unix_ms);

}  // namespace matsuri::notification
