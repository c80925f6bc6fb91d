// What an applier writes beside the view's own rows, in the same transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "journal/reader.h"
#include "model/position.h"
#include "sql/db.h"
#include "stream/outbox.h"
#include "stream/view.h"

namespace matsuri::stream::internal {

// Moves the view's position by compare-and-set; `from` is nullopt where there was none. False where
// the position is not what we believe: somebody else applies this view.
Result<bool> move_position(sql::Connection& connection, std::string_view view, const Origin& origin,
                           std::optional<std::uint64_t> from, std::uint64_t to);

// Stores what became of `records` and the facts that follow, which it takes out of `result`. Gives
// the position of the last fact, if any.
Result<std::optional<Position>> store_result(sql::Connection& connection, std::string_view view,
                                             Outbox& outbox, std::span<const Record> records,
                                             BatchResult& result);

Result<void> store_quarantine(sql::Connection& connection, std::string_view view,
                              const Origin& origin, const journal::StoredRecord& record,
                              std::string_view reason);

}  // namespace matsuri::stream::internal
