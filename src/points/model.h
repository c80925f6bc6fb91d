// What points are made of: a title of its own in the sequencer, with a schema that is fixed here,
// and the words that everybody uses for it.
//
// Points lie in entities that are *purses*: players' accounts, campaigns, sinks, holds, and the one
// source that all points come from. A transfer takes from one purse what it gives to another, in
// one command; nothing else changes a balance. So the sum of all balances is 0 for ever, and the
// order of the commands is the ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "sequencer/command.h"
#include "sequencer/schema.h"
#include "sequencer/shard.h"

namespace matsuri::points {

// No title of the catalogue can have it: their ids begin with the milliseconds since 2010.
inline constexpr TitleId points_title{1};
// All purses are in one arena: so one shard has them all, and a transfer is one command.
inline constexpr std::string_view points_arena = "points";
// What operators name to `matsuri shards move`.
inline constexpr std::uint32_t points_slot = 284;

// The kinds, by their place in the schema. `hold` is the first, as it is of every title.
inline constexpr sequencer::KindIndex hold_kind = 0;
inline constexpr sequencer::KindIndex account_kind = 1;   // id: the account's number
inline constexpr sequencer::KindIndex campaign_kind = 2;  // id: its name. What it may grant
inline constexpr sequencer::KindIndex source_kind = 3;    // below 0 by all that was issued
inline constexpr sequencer::KindIndex sink_kind = 4;      // id: its name. What was spent for it
// No purse: that something was granted, for ever. id: CAMPAIGN/EVENT
inline constexpr sequencer::KindIndex grant_kind = 5;
inline constexpr std::size_t points_kind_count = 6;
inline constexpr std::string_view source_id = "issue";

// Fields. Every purse has a balance, and the posting of the last command that touched it: by how
// much the balance changed.
sequencer::FieldIndex balance_field(sequencer::KindIndex kind);
sequencer::FieldIndex posting_field(sequencer::KindIndex kind);
inline constexpr sequencer::FieldIndex account_held = 2;   // the sum of the account's open holds
inline constexpr sequencer::FieldIndex owner_title = 2;    // of campaigns and sinks
inline constexpr sequencer::FieldIndex campaign_held = 3;  // the sum of what trades hold of it
// Of accounts and campaigns.
std::optional<sequencer::FieldIndex> held_field(sequencer::KindIndex kind);
inline constexpr sequencer::FieldIndex grant_account = 0;
inline constexpr sequencer::FieldIndex grant_amount = 1;
inline constexpr sequencer::FieldIndex hold_state_field = 0;
inline constexpr sequencer::FieldIndex hold_posting =
    9;  // behind those that all titles' holds have
inline constexpr sequencer::FieldIndex hold_account = 10;
inline constexpr sequencer::FieldIndex hold_title = 11;  // whose servers may end it
inline constexpr sequencer::FieldIndex hold_until_ms = 12;
inline constexpr sequencer::FieldIndex hold_amount = 13;  // that was held

inline constexpr std::int64_t amount_max = 1'000'000'000'000;      // of one transfer
inline constexpr std::int64_t budget_max = 1'000'000'000'000'000;  // given to a campaign at once
// All that may ever be issued: JavaScript's numbers end a little above. So no purse can be too full
// for what comes to it.
inline constexpr std::int64_t issue_max = 9'000'000'000'000'000;
inline constexpr std::size_t purse_name_size_max = 23;  // bytes, of campaigns and sinks
inline constexpr std::size_t event_size_max = 40;       // bytes
inline constexpr std::int64_t hold_ms_max = std::int64_t{7} * 24 * 3600 * 1000;
inline constexpr std::int64_t hold_ms_default = std::int64_t{15} * 60 * 1000;

enum class HoldState : std::uint8_t { held = 1, voided = 2, committed = 3 };
std::string_view name_of(HoldState state);

const sequencer::Schema& points_schema();
// Points' schema for points' title, and `others` for all others.
sequencer::Schemas with_points(sequencer::Schemas others);
sequencer::EntityName purse(sequencer::KindIndex kind, std::string_view id);

// 1 to 23 of [a-z0-9_-]. Code::invalid.
Result<void> check_purse_name(std::string_view name);
// 1 to 40 of [A-Za-z0-9._:-]. Code::invalid.
Result<void> check_event(std::string_view event);
// From 1 to `max`. Code::invalid.
Result<void> check_amount(std::int64_t amount, std::int64_t max = amount_max);
// At most 64 bytes without control characters. Code::invalid.
Result<void> check_reason(std::string_view reason);

// A hold's name is the key that it was placed with, and the sink that it is for.
struct HoldId {
  sequencer::Key key;
  std::string sink;

  std::string to_string() const;
  static std::optional<HoldId> parse(std::string_view text);
};

// The name of what a title's trade holds. Never that of another hold, and nobody but the trade ends
// it.
std::string trade_hold_id(TitleId title, const sequencer::Key& trade);
bool is_trade_hold(std::string_view hold_id);

struct Hold {
  HoldId id;
  AccountId account;
  TitleId title;
  std::int64_t amount = 0;
  std::int64_t until_ms = 0;  // then it can only be voided
  HoldState state = HoldState::held;
};

}  // namespace matsuri::points
