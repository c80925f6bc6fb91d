#include "sequencer/shard_map.h"

#include <algorithm>
#include <optional>

#include "sequencer/internal/slot_rows.h"

namespace matsuri::sequencer {

Result<std::vector<Slots>> read_map(std::span<sql::Db* const> shards) {
  std::vector<Slots> all;
  for (sql::Db* db : shards) {
    Slots slots(slot_count);
    TRY(within(db->name(), db->read_and_wait([&](sql::Connection& connection) {
      return read_slots(connection, slots);
    })));
    if (std::ranges::all_of(slots, [](const SlotRow& row) { return row == SlotRow{}; })) {
      // A shard that was added later has rows, of state none.
      std::optional<std::int64_t> origin;
      TRY(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(origin, connection.integer("SELECT id FROM shard_origin"));
        return {};
      }));
      if (!origin) return Error(Code::invalid, db->name() + ": is no shard yet");
    }
    all.push_back(std::move(slots));
  }
  return all;
}

Result<void> wish(sql::Db& first, std::span<const Wish> wishes) {
  return first.write_and_wait([&](sql::Connection& connection) {
    std::vector<sql::Value> values;
    for (const Wish& one : wishes) values.insert(values.end(), {one.slot, one.shard});
    return connection.insert_rows("INSERT INTO slot_wish (slot, shard)",
                                  "ON CONFLICT (slot) DO UPDATE SET shard = excluded.shard", 2,
                                  values);
  });
}

Result<std::vector<Wish>> read_wishes(sql::Db& first) {
  std::vector<Wish> wishes;
  TRY(first.read_and_wait([&](sql::Connection& connection) {
    wishes.clear();
    return connection.query("SELECT slot, shard FROM slot_wish ORDER BY slot", {},
                            [&](const sql::Row& row) {
                              wishes.push_back({.slot = static_cast<std::uint32_t>(row.id(0)),
                                                .shard = static_cast<std::uint32_t>(row.id(1))});
                            });
  }));
  return wishes;
}

Result<void> fulfilled(sql::Db& first, const Wish& wish) {
  return first.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(connection.execute("DELETE FROM slot_wish WHERE slot = ? AND shard = ?",
                           {wish.slot, wish.shard}));
    return {};
  });
}

std::vector<Wish> drain(std::span<const Slots> shards, std::uint32_t shard) {
  const std::vector<std::uint32_t> map = map_of(shards);
  std::vector<std::size_t> counts(shards.size());
  for (const std::uint32_t owner : map) ++counts.at(owner);
  std::vector<Wish> wishes;
  for (std::uint32_t slot = 0; slot < slot_count && shards.size() > 1; ++slot) {
    if (map[slot] != shard) continue;
    std::uint32_t best = shard == 0 ? 1 : 0;
    for (std::uint32_t other = 0; other < counts.size(); ++other)
      if (other != shard && counts[other] < counts[best]) best = other;
    ++counts[best];
    wishes.push_back({.slot = slot, .shard = best});
  }
  return wishes;
}

}  // namespace matsuri::sequencer
