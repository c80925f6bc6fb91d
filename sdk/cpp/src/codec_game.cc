// Commands, outcomes, entities, changes and trades as JSON.
#include <algorithm>
#include <utility>

#include "codec.h"
#include "json.h"

namespace matsuri {
namespace {

Error unreadable(const char* what) {
  return Error{Code::corrupt, std::string("the answer is no ") + what, 0, 0};
}

// The entities of a command, each once, as the steps and guards name them.
class Names {
 public:
  std::size_t index_of(const EntityName& name) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
    names_.push_back(name);
    return names_.size() - 1;
  }
  Json to_json() const {
    Json json = Json::array();
    for (const EntityName& name : names_)
      json.push_back(Json{{"kind", name.kind}, {"id", name.id}});
    return json;
  }

 private:
  std::vector<EntityName> names_;
};

Json to_json(const Guard& guard, Names& names) {
  Json json{{"is", guard.is}};
  if (guard.entity) json["entity"] = names.index_of(*guard.entity);
  if (!guard.field.empty()) json["field"] = guard.field;
  if (guard.value) json["value"] = *guard.value;
  return json;
}

Json to_json(const Step& step, Names& names) {
  Json json{{"entity", names.index_of(step.entity)}, {"do", step.does}};
  if (!step.field.empty()) json["field"] = step.field;
  if (step.value) json["value"] = *step.value;
  if (step.bound) json["bound"] = *step.bound;
  if (!step.bound_field.empty()) json["bound_field"] = step.bound_field;
  return json;
}

std::optional<Entity> read_entity(const Json& json) {
  Reader from(json);
  Entity entity;
  entity.name = EntityName{from.text("kind"), from.text("id")};
  entity.version = from.number("version");
  for (const auto& [name, value] : from.object("fields").items()) {
    if (!Reader::is_number(value)) return std::nullopt;
    entity.fields[name] = Reader::to_number(value);
  }
  if (!from.ok()) return std::nullopt;
  return entity;
}

std::optional<std::vector<Entity>> read_entities(const Json& json) {
  std::vector<Entity> entities;
  for (const Json& one : json) {
    std::optional<Entity> entity = read_entity(one);
    if (!entity) return std::nullopt;
    entities.push_back(std::move(*entity));
  }
  return entities;
}

// What `outcome` says, or nothing where it is a word that this library does not know.
bool set_verdict(const std::string& word, WireOutcome& to) {
  for (const Verdict verdict :
       {Verdict::applied, Verdict::rejected, Verdict::version_mismatch, Verdict::linked_failed,
        Verdict::invalid, Verdict::key_reuse, Verdict::key_too_old}) {
    if (word == name_of(verdict)) {
      to.outcome.verdict = verdict;
      return true;
    }
  }
  if (word == "overloaded" || word == "not_owner" || word == "busy")
    to.again = WireOutcome::Again::later;
  else if (word == "unknown")
    to.again = WireOutcome::Again::look_up;
  else if (word == "key_from_future")
    to.again = WireOutcome::Again::another_key;
  else
    return false;
  return true;
}

std::optional<WireOutcome> read_outcome(const Json& json) {
  Reader from(json);
  WireOutcome read;
  Outcome& outcome = read.outcome;
  const bool known = set_verdict(from.text("outcome"), read);
  outcome.key = from.text_if("key");
  outcome.duplicate = from.flag_if("duplicate");
  outcome.seq = from.number_if("seq");
  outcome.time_ms = from.number_if("time_ms");
  outcome.guard = static_cast<std::size_t>(from.number_if("guard"));
  outcome.linked = static_cast<std::size_t>(from.number_if("linked"));
  outcome.message = from.text_if("message");
  std::optional<std::vector<Entity>> entities = read_entities(from.array_if("entities"));
  if (!from.ok() || !known || !entities) return std::nullopt;
  outcome.entities = std::move(*entities);
  return read;
}

Json to_json(const std::vector<TradeLeg::Move>& moves) {
  Json json = Json::array();
  for (const TradeLeg::Move& move : moves)
    json.push_back(Json{{"kind", move.entity.kind},
                        {"id", move.entity.id},
                        {"field", move.field},
                        {"value", move.value}});
  return json;
}

Json to_json(const TradeLeg& leg) {
  Names names;
  Json guards = Json::array();
  for (const Guard& guard : leg.guards()) guards.push_back(to_json(guard, names));
  return Json{{"arena", leg.arena()},
              {"entities", names.to_json()},
              {"guards", std::move(guards)},
              {"take", to_json(leg.takes())},
              {"give", to_json(leg.gives())}};
}

std::optional<Change> read_change(const Json& json) {
  Reader from(json);
  Change change;
  change.arena = from.text("arena");
  change.seq = from.number("seq");
  change.key = from.text("key");
  change.actor = from.text_if("actor");
  change.reason = from.text_if("reason");
  change.time_ms = from.number("time_ms");
  std::optional<std::vector<Entity>> entities = read_entities(from.array("entities"));
  if (!from.ok() || !entities) return std::nullopt;
  change.entities = std::move(*entities);
  return change;
}

}  // namespace

std::string title_key_body(const std::string& title_key) {
  return write_json(Json{{"title_key", title_key}});
}

Result<std::string> to_wire(const Command& command) {
  if (command.arena().empty()) return Error{Code::invalid, "a command needs an arena", 0, 0};
  Names names;
  Json guards = Json::array();
  Json steps = Json::array();
  for (const Guard& guard : command.guards()) guards.push_back(to_json(guard, names));
  for (const Step& step : command.steps()) steps.push_back(to_json(step, names));
  Json json{{"arena", command.arena()},
            {"reason", command.reason()},
            {"entities", names.to_json()},
            {"guards", std::move(guards)},
            {"steps", std::move(steps)}};
  if (command.deadline_ms() > 0) json["deadline_ms"] = command.deadline_ms();
  const std::string text = write_json(json);
  return text.substr(1, text.size() - 2);
}

Result<SessionAnswer> parse_session(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  SessionAnswer answer{from.text("player_token"), from.text("player"),
                       from.number("server_time_ms")};
  if (!from.ok()) return unreadable("session of a game");
  return answer;
}

Result<OutcomesAnswer> parse_outcomes(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  OutcomesAnswer answer;
  answer.token = from.text_if("token");
  for (const Json& one : from.array("outcomes")) {
    std::optional<WireOutcome> outcome = read_outcome(one);
    if (!outcome) return unreadable("list of outcomes");
    answer.outcomes.push_back(std::move(*outcome));
  }
  if (!from.ok()) return unreadable("list of outcomes");
  return answer;
}

Result<WireOutcome> parse_looked_up(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  std::optional<WireOutcome> outcome = read_outcome(from.object("outcome"));
  if (!outcome) return unreadable("outcome");
  return std::move(*outcome);
}

Result<EntityAnswer> parse_entity(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  std::optional<Entity> entity = read_entity(from.object("entity"));
  EntityAnswer answer;
  answer.token = from.text_if("token");
  answer.read.stale = from.flag_if("stale");
  if (!from.ok() || !entity) return unreadable("entity");
  answer.read.entity = std::move(*entity);
  return answer;
}

Result<Changes> parse_changes(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  Changes read;
  read.next = from.text("next");
  for (const Json& one : from.array("changes")) {
    std::optional<Change> change = read_change(one);
    if (!change) return unreadable("list of changes");
    read.changes.push_back(std::move(*change));
  }
  if (!from.ok()) return unreadable("list of changes");
  return read;
}

std::string to_body(const Trade& trade, const std::string& key) {
  Json legs = Json::array();
  for (const TradeLeg& leg : trade.legs()) legs.push_back(to_json(leg));
  Json points = Json::array();
  for (const Trade::Payment& payment : trade.payments())
    points.push_back(Json{{"from", payment.from}, {"to", payment.to}, {"amount", payment.amount}});
  if (!points.empty()) legs.push_back(Json{{"points", std::move(points)}});
  return write_json(Json{{"key", key}, {"reason", trade.reason()}, {"legs", std::move(legs)}});
}

Result<TradeOutcome> parse_trade_outcome(const std::string& body) {
  const Json json = parse_json(body);
  Reader from(json);
  TradeOutcome outcome;
  const std::string word = from.text("outcome");
  bool is_known = false;
  for (const TradeVerdict verdict :
       {TradeVerdict::applied, TradeVerdict::rejected, TradeVerdict::version_mismatch,
        TradeVerdict::invalid, TradeVerdict::expired, TradeVerdict::pending,
        TradeVerdict::key_reuse, TradeVerdict::key_too_old, TradeVerdict::key_from_future}) {
    if (word != name_of(verdict)) continue;
    outcome.verdict = verdict;
    is_known = true;
  }
  outcome.key = from.text("key");
  outcome.duplicate = from.flag_if("duplicate");
  outcome.settled = from.flag_if("settled");
  if (from.has("leg")) outcome.leg = static_cast<std::size_t>(from.number("leg"));
  for (const char* part : {"guard", "take", "give", "points"}) {
    if (!from.has(part)) continue;
    outcome.part = part;
    outcome.index = static_cast<std::size_t>(from.number(part));
  }
  outcome.message = from.text_if("message");
  if (!from.ok() || !is_known) return unreadable("outcome of a trade");
  return outcome;
}

}  // namespace matsuri
