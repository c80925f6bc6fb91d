#include "timeline/apply.h"

#include <algorithm>
#include <cstring>

#include "timeline/follow.h"
#include "timeline/internal/apply_rooms.h"
#include "timeline/model.h"
#include "timeline/plaza.h"

namespace matsuri::timeline {

Result<std::uint64_t> forget_old_keys(sql::Connection& connection, std::int64_t now_unix_ms) {
  return connection.execute(
      "DELETE FROM idempotency WHERE unix_ms < ? ORDER BY unix_ms LIMIT 10000",
      {now_unix_ms - idempotency_age_ms});
}

std::string source_key(std::string_view source, std::string_view source_id, bool is_comment) {
  std::string key(source);
  key += is_comment ? '/' : ':';
  key += source_id;
  return key;
}

std::string account_key(AccountId account, const IdempotencyKey& key) {
  std::string joined(8, '\0');
  std::memcpy(joined.data(), &account.value, 8);
  joined += as_text(key.bytes);
  return joined;
}

bool TimelineView::wants(EventKind kind) const {
  switch (kind) {
    case EventKind::publish_post:
    case EventKind::edit_post:
    case EventKind::delete_post:
    case EventKind::set_follow:
    case EventKind::account_changed:
    case EventKind::block_changed:
    case EventKind::mute_changed:
    case EventKind::community_changed:
    case EventKind::empathy_changed:
      return true;
    default:
      return false;
  }
}

Result<void> TimelineView::apply(sql::Connection& connection,
                                 std::span<const stream::Record> records,
                                 stream::BatchResult& result) {
  // Records of one origin are either a journal's commands or a database's facts. Each room takes
  // what is its own: no row depends on the records of two.
  const auto is_command = [](const stream::Record& record) {
    return record.header.kind < EventKind::account_changed;
  };
  if (std::ranges::all_of(records, is_command)) {
    TRY(internal::apply_posts(connection, records, result));
    TRY(apply_follows(connection, records, result));
    return count_posts(connection, records, result);
  }
  if (std::ranges::any_of(records, is_command))
    return Error(Code::corrupt, "an origin gives both commands and facts");
  TRY(internal::apply_people(connection, records));
  return internal::apply_empathies(connection, records);
}

void TimelineView::committed(std::span<const stream::Record> records,
                             const stream::BatchResult& result) {
  if (home_ != nullptr) home_->committed(records, result);
  if (plaza_ != nullptr) plaza_->committed(result);
}

}  // namespace matsuri::timeline
