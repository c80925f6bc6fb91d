#include "game/trade_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/sentence.h"
#include "json/value.h"
#include "json/writer.h"
#include "sequencer/decide.h"

namespace matsuri::game {
namespace {

using sequencer::Compare;
using sequencer::Verdict;

constexpr std::array<std::string_view, 5> part_names = {"none", "guard", "take", "give", "points"};
constexpr std::string_view expired = "expired";

Error invalid(std::string message) { return {Code::invalid, std::move(message)}; }

bool is_plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

// Reads one leg of entities.
class LegReader {
 public:
  explicit LegReader(const TitleSchema& schema) : schema_(schema.schema) {}

  Result<Leg> read(const json::Object& object) {
    TRY(object.only({"arena", "entities", "guards", "take", "give"}));
    TRY_ASSIGN(const std::string_view arena, object.string("arena"));
    if (arena.empty() || arena.size() > sequencer::arena_size_max || !is_plain(arena))
      return invalid("arena: 1 to 64 bytes without control characters are taken");
    leg_.arena = arena;
    TRY(each(object, "entities", leg_entity_count_max,
             [&](const json::Object& one) { return read_entity(one); }));
    const std::size_t named = leg_.entities.size();
    TRY(each(object, "guards", leg_guard_count_max,
             [&](const json::Object& one) { return read_guard(one, named); }));
    TRY(each(object, "take", move_count_max,
             [&](const json::Object& one) { return read_move(one, leg_.take); }));
    TRY(each(object, "give", move_count_max,
             [&](const json::Object& one) { return read_move(one, leg_.give); }));
    if (leg_.guards.empty() && leg_.take.empty() && leg_.give.empty())
      return invalid("a leg takes something, gives something, or has a guard");
    return std::move(leg_);
  }

 private:
  template <class Read>
  Result<void> each(const json::Object& object, std::string_view key, std::size_t count_max,
                    Read read) {
    if (!object.find(key)) return {};
    TRY_ASSIGN(const json::Array array, object.array(key));
    std::size_t index = 0;
    for (const json::Value value : array) {
      if (index == count_max) return invalid(sentence(key, ": at most ", count_max, " are taken"));
      TRY_ASSIGN(const json::Object one, within(array.path_of(index), value.object()));
      TRY(within(array.path_of(index), read(one)));
      ++index;
    }
    return {};
  }

  // The index of an entity in the leg, which may be a new one.
  Result<std::uint8_t> entity_in(const json::Object& object) {
    TRY_ASSIGN(const std::string_view kind_name, object.string("kind"));
    TRY_ASSIGN(const std::string_view id, object.string("id"));
    const auto kind = schema_.find(kind_name);
    if (!kind) return invalid("kind: the title has none of that name");
    if (id.empty() || id.size() > sequencer::entity_id_size_max || !is_plain(id))
      return invalid("id: 1 to 64 bytes without control characters are taken");
    for (std::size_t i = 0; i < leg_.entities.size(); ++i)
      if (leg_.entities[i].first == *kind && leg_.entities[i].second == id)
        return static_cast<std::uint8_t>(i);
    if (leg_.entities.size() == leg_entity_count_max)
      return invalid(sentence("a leg names at most ", leg_entity_count_max, " entities in all"));
    leg_.entities.emplace_back(*kind, id);
    return static_cast<std::uint8_t>(leg_.entities.size() - 1);
  }

  Result<void> read_entity(const json::Object& object) {
    TRY(object.only({"kind", "id"}));
    const std::size_t before = leg_.entities.size();
    TRY(entity_in(object));
    if (leg_.entities.size() == before) return invalid("stands twice");
    return {};
  }

  Result<sequencer::FieldIndex> field_in(const json::Object& object, std::uint8_t entity) {
    TRY_ASSIGN(const std::string_view name, object.string("field"));
    const sequencer::Kind& kind = schema_.kinds[leg_.entities[entity].first];
    const auto field = kind.find(name);
    if (!field) return invalid(sentence("field: ", kind.name, " has none of that name"));
    return *field;
  }

  Result<void> read_guard(const json::Object& object, std::size_t named) {
    TRY(object.only({"entity", "field", "is", "value"}));
    sequencer::Guard guard;
    TRY_ASSIGN(const std::string_view is, object.string("is"));
    const auto compare = parse_compare(is);
    if (!compare) return invalid("is: is none that is known here");
    guard.compare = *compare;
    if (guard.compare == Compare::now_before) {
      if (object.find("entity") || object.find("field"))
        return invalid("now< has no entity and no field");
    } else {
      TRY_ASSIGN(const std::int64_t entity, object.integer("entity"));
      if (entity < 0 || static_cast<std::size_t>(entity) >= named)
        return invalid("entity: there is no such entity");
      guard.entity = static_cast<std::uint8_t>(entity);
      if (object.find("field")) {
        TRY_ASSIGN(guard.field, field_in(object, guard.entity));
      }
    }
    if (guard.compare < Compare::equal) {
      if (object.find("value")) return invalid("value: exists and absent have none");
    } else {
      TRY_ASSIGN(guard.value, object.integer("value"));
    }
    leg_.guards.push_back(guard);
    return {};
  }

  Result<void> read_move(const json::Object& object, std::vector<Move>& moves) {
    TRY(object.only({"kind", "id", "field", "value"}));
    Move move;
    TRY_ASSIGN(move.entity, entity_in(object));
    if (leg_.entities[move.entity].first == hold_kind) return invalid("only trades change a hold");
    TRY_ASSIGN(move.field, field_in(object, move.entity));
    TRY_ASSIGN(move.value, object.integer("value"));
    if (move.value < 1) return invalid("value: is above 0");
    for (const std::vector<Move>* one : {&leg_.take, &leg_.give})
      for (const Move& other : *one)
        if (other.entity == move.entity && other.field == move.field)
          return invalid("a leg takes from a field, or gives to it, once");
    moves.push_back(move);
    return {};
  }

  const sequencer::Schema& schema_;
  Leg leg_;
};

Result<Leg> read_points(const json::Object& object, const Trade& trade,
                        const MakePointsLeg& make_points) {
  TRY(object.only({"points"}));
  TRY_ASSIGN(const json::Array array, object.array("points"));
  if (array.size() < 1 || array.size() > points_move_count_max)
    return invalid(sentence("points: 1 to ", points_move_count_max, " are taken"));
  std::vector<PointsMove> moves;
  for (const json::Value value : array) {
    TRY_ASSIGN(const json::Object one, within(array.path_of(moves.size()), value.object()));
    TRY(one.only({"from", "to", "amount"}));
    TRY_ASSIGN(const std::string_view from, one.string("from"));
    TRY_ASSIGN(const std::string_view to, one.string("to"));
    TRY_ASSIGN(const std::int64_t amount, one.integer("amount"));
    moves.push_back({.from = std::string(from), .to = std::string(to), .amount = amount});
  }
  Leg leg;
  TRY_ASSIGN(leg.points, make_points(trade, std::move(moves)));
  return leg;
}

// Reason and legs.
Result<void> read_content(const json::Object& object, const TitleSchema& schema,
                          const MakePointsLeg& make_points, Trade& trade) {
  TRY_ASSIGN(const auto reason, object.optional_string("reason"));
  trade.reason = reason.value_or("");
  if (trade.reason.size() > sequencer::reason_size_max || !is_plain(trade.reason))
    return invalid("reason: at most 64 bytes without control characters are taken");
  TRY_ASSIGN(const json::Array array, object.array("legs"));
  if (array.size() < leg_count_min || array.size() > leg_count_max)
    return invalid(sentence("legs: ", leg_count_min, " to ", leg_count_max, " are taken"));
  for (const json::Value value : array) {
    const std::string path = array.path_of(trade.legs.size());
    TRY_ASSIGN(const json::Object one, within(path, value.object()));
    TRY_ASSIGN(Leg leg, within(path, one.find("points") ? read_points(one, trade, make_points)
                                                        : LegReader(schema).read(one)));
    // All points are in one arena, which is no title's: theirs is empty.
    for (const Leg& other : trade.legs)
      if (other.arena == leg.arena) return invalid(path + ": each leg has an arena of its own");
    trade.legs.push_back(std::move(leg));
    if (trade.legs.back().points) continue;
    // The hold has all that the other commands of a leg have.
    const auto checked =
        sequencer::check(hold_command(trade, trade.legs.size() - 1), schema.schema);
    if (!checked.ok()) return invalid(path + ": " + checked.error().message());
  }
  return {};
}

void write_moves(json::Writer& writer, std::string_view name, const std::vector<Move>& moves,
                 const Leg& leg, const sequencer::Schema& schema) {
  writer.key(name).begin_array();
  for (const Move& move : moves) {
    const auto& [kind, id] = leg.entities[move.entity];
    writer.begin_object()
        .field("kind", schema.kinds[kind].name)
        .field("id", id)
        .field("field", schema.kinds[kind].fields[move.field].name)
        .field("value", move.value)
        .end_object();
  }
  writer.end_array();
}

void write_points(json::Writer& writer, const PointsLeg& leg) {
  writer.begin_object().key("points").begin_array();
  for (const PointsMove& move : leg.moves)
    writer.begin_object()
        .field("from", move.from)
        .field("to", move.to)
        .field("amount", move.amount)
        .end_object();
  writer.end_array().end_object();
}

void write_leg(json::Writer& writer, const Leg& leg, const sequencer::Schema& schema) {
  if (leg.points) return write_points(writer, *leg.points);
  writer.begin_object().field("arena", leg.arena).key("entities").begin_array();
  for (const auto& [kind, id] : leg.entities)
    writer.begin_object().field("kind", schema.kinds[kind].name).field("id", id).end_object();
  writer.end_array().key("guards").begin_array();
  for (const sequencer::Guard& guard : leg.guards) {
    writer.begin_object();
    if (guard.compare != Compare::now_before) writer.field("entity", guard.entity);
    if (guard.field)
      writer.field("field",
                   schema.kinds[leg.entities[guard.entity].first].fields[*guard.field].name);
    writer.field("is", name_of(guard.compare));
    if (guard.compare >= Compare::equal) writer.field("value", guard.value);
    writer.end_object();
  }
  writer.end_array();
  write_moves(writer, "take", leg.take, leg, schema);
  write_moves(writer, "give", leg.give, leg, schema);
  writer.end_object();
}

void write_refusal(json::Writer& writer, const Refusal& refusal) {
  if (refusal.leg) writer.field("leg", *refusal.leg);
  if (refusal.part != Refusal::Part::none)
    writer.field(part_names[static_cast<std::size_t>(refusal.part)], refusal.index);
  writer.field("message", refusal.message);
}

std::string_view name_of_refusal(const Refusal& refusal) {
  return refusal.verdict == Verdict::overloaded ? expired : name_of(refusal.verdict);
}

Result<Refusal> read_refusal(std::string_view text) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(text));
  TRY_ASSIGN(const json::Object object, document.object());
  Refusal refusal;
  TRY_ASSIGN(const std::string_view outcome, object.string("outcome"));
  refusal.verdict = Verdict::unknown;
  for (const Verdict verdict : {Verdict::rejected, Verdict::version_mismatch, Verdict::invalid})
    if (name_of(verdict) == outcome) refusal.verdict = verdict;
  if (outcome == expired) refusal.verdict = Verdict::overloaded;
  if (refusal.verdict == Verdict::unknown) return invalid("outcome: is not known here");
  TRY_ASSIGN(const auto leg, object.optional_integer("leg"));
  if (leg) refusal.leg = static_cast<std::uint8_t>(*leg);
  for (std::size_t part = 1; part < part_names.size(); ++part) {
    TRY_ASSIGN(const auto index, object.optional_integer(part_names[part]));
    if (!index) continue;
    refusal.part = static_cast<Refusal::Part>(part);
    refusal.index = static_cast<std::uint8_t>(*index);
  }
  TRY_ASSIGN(const std::string_view message, object.string("message"));
  refusal.message = message;
  return refusal;
}

template <class T>
Result<T> corrupt(Result<T> read) {
  if (read.ok()) return read;
  return Error(Code::corrupt, "a stored trade: " + read.error().message());
}

}  // namespace

Result<Trade> parse_trade(std::string_view body, TitleId title, const TitleSchema& schema,
                          const MakePointsLeg& make_points, AccountId player) {
  TRY_ASSIGN(const json::Document document,
             json::Document::parse(body, {.size_max = trade_size_max}));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"key", "reason", "legs"}));
  Trade trade{.title = title, .player = player};
  TRY_ASSIGN(const std::string_view key, object.string("key"));
  const auto parsed = parse_key(key);
  if (!parsed || !parsed->is_uuid_v7()) return invalid("key: is not a UUIDv7");
  trade.key = *parsed;
  TRY(read_content(object, schema, make_points, trade));
  const auto is_paying = [](const Leg& leg) { return leg.points && leg.points->takes_from_player; };
  if (player && std::ranges::none_of(trade.legs, is_paying))
    return Error(Code::denied, "a player has a part in a trade only where their points are taken");
  return trade;
}

std::string to_text(const Trade& trade, const TitleSchema& schema) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().field("reason", trade.reason);
  if (trade.player) writer.field_id("player", trade.player.value);
  writer.key("legs").begin_array();
  for (const Leg& leg : trade.legs) write_leg(writer, leg, schema.schema);
  writer.end_array().end_object();
  return text;
}

Result<Trade> parse_stored_trade(std::string_view text, TitleId title, const sequencer::Key& key,
                                 const TitleSchema& schema, const MakePointsLeg& make_points) {
  const auto read = [&]() -> Result<Trade> {
    TRY_ASSIGN(const json::Document document, json::Document::parse(text));
    TRY_ASSIGN(const json::Object object, document.object());
    Trade trade{.title = title, .key = key};
    TRY_ASSIGN(const auto player, object.optional_id("player"));
    trade.player = AccountId{player.value_or(0)};
    TRY(read_content(object, schema, make_points, trade));
    return trade;
  };
  return corrupt(read());
}

std::string to_text(const Refusal& refusal) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().field("outcome", name_of_refusal(refusal));
  write_refusal(writer, refusal);
  writer.end_object();
  return text;
}

Result<Refusal> parse_refusal(std::string_view text) { return corrupt(read_refusal(text)); }

std::string_view outcome_of(const TradeTold& told) {
  if (told.refused) return name_of(*told.refused);
  switch (told.standing.state) {
    case TradeState::pending:
      return "pending";
    case TradeState::committed:
      return name_of(Verdict::applied);
    case TradeState::voided:
      break;
  }
  return told.standing.why ? name_of_refusal(*told.standing.why) : expired;
}

std::string render(const TradeTold& told) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object().field("key", to_string(told.key)).field("outcome", outcome_of(told));
  if (told.refused) {
    writer.field("message", told.message);
  } else {
    writer.field("duplicate", told.is_duplicate).field("settled", told.is_settled);
    if (told.standing.why) write_refusal(writer, *told.standing.why);
  }
  writer.end_object();
  return body;
}

}  // namespace matsuri::game
