// The rows of the shard map as they lie in a shard's database.
#pragma once

#include "base/result.h"
#include "sequencer/slots.h"
#include "sql/db.h"

namespace matsuri::sequencer {

// Fills in those that are there. REQUIRES: slot_count slots.
inline Result<void> read_slots(sql::Connection& connection, Slots& slots) {
  return connection.query("SELECT slot, state, version, peer FROM slot", {},
                          [&](const sql::Row& row) {
                            if (row.id(0) >= slot_count) return;
                            slots[row.id(0)] = {.state = static_cast<SlotState>(row.id(1)),
                                                .version = row.id(2),
                                                .peer = static_cast<std::uint32_t>(row.id(3))};
                          });
}

// Is the slot's row still in that state and version? Holds the row until the transaction ends, so
// that its owner cannot go on meanwhile. Code::conflict where it is not.
inline Result<void> hold_slot(sql::Connection& connection, std::uint32_t slot, SlotState state,
                              std::uint64_t version) {
  TRY_ASSIGN(const std::uint64_t count,
             connection.execute("UPDATE slot SET version = version WHERE slot = ? AND state = ?"
                                " AND version = ?",
                                {slot, std::uint32_t{static_cast<std::uint8_t>(state)}, version}));
  if (count == 1) return {};
  return Error(Code::conflict, "the slot went on without this move");
}

}  // namespace matsuri::sequencer
