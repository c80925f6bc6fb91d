// Main's facts about people, written into the database of a view.
#pragma once

#include <span>

#include "base/result.h"
#include "model/event.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::people {

// The kinds that apply() makes something of; it leaves out all others.
constexpr bool is_wanted(EventKind kind) {
  return kind == EventKind::account_changed || kind == EventKind::block_changed ||
         kind == EventKind::mute_changed;
}

Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records);

}  // namespace matsuri::people
