// Commands as tests make them: one title, two kinds, a few entities that everybody fights over.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "sequencer/command.h"
#include "sequencer/schema.h"
#include "sequencer/shard.h"
#include "sql/db.h"

namespace matsuri::sequencer {

inline constexpr TitleId test_title{4711};
inline constexpr KindIndex player = 0;
inline constexpr KindIndex boss = 1;
inline constexpr FieldIndex hp = 0;
inline constexpr FieldIndex max_hp = 1;
inline constexpr FieldIndex gold = 2;

Schema test_schema();
// Knows test_title and no other.
Schemas test_schemas();

// Makes keys of a moment. Not thread-safe.
class Keys {
 public:
  explicit Keys(std::uint64_t seed) : random_(seed) {}
  Key make(std::int64_t unix_ms);

 private:
  std::mt19937_64 random_;
};

EntityName name_of(const std::string& arena, KindIndex kind, const std::string& id);
// Of the command's content, so that the same command has the same one.
std::uint64_t fingerprint_of(const Command& command);

// attack: guard hp > 0, sub_clamp; heal: guard hp > 0, add_clamp up to max_hp.
Command attack(const Key& key, const EntityName& target, std::int64_t amount);
Command heal(const Key& key, const EntityName& target, std::int64_t amount);
Command born(const Key& key, const EntityName& name, std::int64_t hit_points);
// Whatever check() lets through: any guard and step, values near every border.
Command any_command(std::mt19937_64& random, const Key& key, const std::string& arena,
                    std::int64_t now_ms);

// Drops the days of all commands that there are, as if it were three weeks later.
Result<void> drop_days_until_now(sql::Db& shard);

}  // namespace matsuri::sequencer
