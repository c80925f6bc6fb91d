#include "points/model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "base/sentence.h"
#include "game/model.h"
#include "game/trade.h"
#include "sequencer/days.h"

namespace matsuri::points {
namespace {

using sequencer::Kind;

static_assert(points_title == sequencer::kept_title);  // the ledger is never dropped
static_assert(hold_kind == game::hold_kind);
static_assert(hold_state_field == game::hold_state);
static_assert(static_cast<std::int64_t>(HoldState::held) == game::state_held);
static_assert(static_cast<std::int64_t>(HoldState::voided) == game::state_void);
static_assert(static_cast<std::int64_t>(HoldState::committed) == game::state_committed);

constexpr char hold_id_separator = '.';
constexpr char trade_hold_separator = '@';
constexpr std::size_t key_text_size = 36;
static_assert(key_text_size + 1 + purse_name_size_max <= sequencer::entity_id_size_max);
static_assert(purse_name_size_max + 1 + event_size_max <= sequencer::entity_id_size_max);

Kind purse_kind(std::string name, std::int64_t min, std::int64_t max) {
  return {.name = std::move(name),
          .fields = {{.name = "balance", .min = min, .max = max}, {.name = "posting"}}};
}

sequencer::Schema make_schema() {
  Kind hold = game::hold_kind_of_all();
  MATSURI_ASSERT(hold.fields.size() == hold_posting);
  for (const char* name : {"posting", "account", "title", "until_ms", "held"})
    hold.fields.push_back({.name = name});
  Kind account = purse_kind("account", 0, issue_max);
  account.fields.push_back({.name = "held", .min = 0});
  Kind campaign = purse_kind("campaign", 0, issue_max);
  campaign.fields.push_back({.name = "title"});
  campaign.fields.push_back({.name = "held", .min = 0});
  Kind sink = purse_kind("spend", 0, issue_max);
  sink.fields.push_back({.name = "title"});
  Kind grant{.name = "grant", .fields = {{.name = "account"}, {.name = "amount"}}};
  sequencer::Schema schema{.kinds = {std::move(hold), std::move(account), std::move(campaign),
                                     purse_kind("source", -issue_max, 0), std::move(sink),
                                     std::move(grant)}};
  MATSURI_ASSERT(schema.kinds.size() == points_kind_count && sequencer::check(schema).ok());
  return schema;
}

bool is_small(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

sequencer::FieldIndex balance_field(sequencer::KindIndex kind) {
  return kind == hold_kind ? hold_state_field + 1 : 0;
}

sequencer::FieldIndex posting_field(sequencer::KindIndex kind) {
  return kind == hold_kind ? hold_posting : 1;
}

std::optional<sequencer::FieldIndex> held_field(sequencer::KindIndex kind) {
  if (kind == account_kind) return account_held;
  if (kind == campaign_kind) return campaign_held;
  return std::nullopt;
}

std::string_view name_of(HoldState state) {
  constexpr std::array<std::string_view, 4> names = {"", "held", "void", "committed"};
  return names[static_cast<std::size_t>(state)];
}

const sequencer::Schema& points_schema() {
  static const sequencer::Schema schema = make_schema();
  return schema;
}

sequencer::Schemas with_points(sequencer::Schemas others) {
  const auto schema = std::make_shared<const sequencer::Schema>(points_schema());
  return [schema, others = std::move(others)](TitleId title) {
    return title == points_title ? schema : others(title);
  };
}

sequencer::EntityName purse(sequencer::KindIndex kind, std::string_view id) {
  return {.title = points_title,
          .arena = std::string(points_arena),
          .kind = kind,
          .id = std::string(id)};
}

Result<void> check_purse_name(std::string_view name) {
  const auto is_fine = [](char c) { return is_small(c) || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= purse_name_size_max && std::ranges::all_of(name, is_fine))
    return {};
  return Error(Code::invalid,
               sentence("1 to ", purse_name_size_max, " small letters, digits, - and _ are taken"));
}

Result<void> check_event(std::string_view event) {
  const auto is_fine = [](char c) {
    return is_small(c) || (c >= 'A' && c <= 'Z') || std::string_view("._:-").contains(c);
  };
  if (!event.empty() && event.size() <= event_size_max && std::ranges::all_of(event, is_fine))
    return {};
  return Error(Code::invalid,
               sentence("1 to ", event_size_max, " letters, digits and . _ : - are taken"));
}

Result<void> check_amount(std::int64_t amount, std::int64_t max) {
  if (amount >= 1 && amount <= max) return {};
  return Error(Code::invalid, sentence("a number from 1 to ", max, " is taken"));
}

Result<void> check_reason(std::string_view reason) {
  const auto is_plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
  if (reason.size() <= sequencer::reason_size_max && std::ranges::all_of(reason, is_plain))
    return {};
  return Error(Code::invalid, sentence("at most ", sequencer::reason_size_max,
                                       " bytes without control characters are taken"));
}

std::string HoldId::to_string() const { return game::to_string(key) + hold_id_separator + sink; }

std::optional<HoldId> HoldId::parse(std::string_view text) {
  if (text.size() <= key_text_size || text[key_text_size] != hold_id_separator) return std::nullopt;
  const auto key = game::parse_key(text.substr(0, key_text_size));
  const std::string_view sink = text.substr(key_text_size + 1);
  if (!key || !check_purse_name(sink).ok()) return std::nullopt;
  return HoldId{.key = *key, .sink = std::string(sink)};
}

std::string trade_hold_id(TitleId title, const sequencer::Key& trade) {
  return game::to_string(trade) + trade_hold_separator + std::to_string(title.value);
}

bool is_trade_hold(std::string_view hold_id) {
  return hold_id.size() > key_text_size && hold_id[key_text_size] == trade_hold_separator;
}

}  // namespace matsuri::points
