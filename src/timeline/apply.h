// Posts, and what the facts of others say of their authors, communities and empathies, written into
// the timeline database.
#pragma once

#include <string>
#include <string_view>

#include "stream/view.h"
#include "timeline/home.h"

namespace matsuri::timeline {

class Plaza;

// The view "timeline". What must hold for ever is decided here: one post per idempotency key, one
// per imported source id, the duplicate guard, the last edit of a post, that deleted is deleted,
// and counts that equal the sets they count. The rows do not depend on the order in which origins
// come.
class TimelineView final : public stream::View {
 public:
  // `home` and `plaza`, where there are any, hear of everything that is committed.
  explicit TimelineView(Home* home = nullptr, Plaza* plaza = nullptr)
      : home_(home), plaza_(plaza) {}

  std::string_view name() const override { return "timeline"; }
  bool wants(EventKind kind) const override;
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override;
  void committed(std::span<const stream::Record> records,
                 const stream::BatchResult& result) override;

 private:
  Home* home_;
  Plaza* plaza_;
};

// Forgets idempotency keys that are older than idempotency_age_ms, at most 10 000 at a time, so
// that the applier never waits long. Gives how many it was.
Result<std::uint64_t> forget_old_keys(sql::Connection& connection, std::int64_t now_unix_ms);

// The idempotency table's key: the account (8 bytes, little-endian) and the client's key.
std::string account_key(AccountId account, const IdempotencyKey& key);

// The key of table imported_post. A post and a comment may have the same id where they come from;
// no source holds ':' or '/'.
std::string source_key(std::string_view source, std::string_view source_id, bool is_comment);

}  // namespace matsuri::timeline
