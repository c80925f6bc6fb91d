// See matsuri/game.h and matsuri/trade.h.
#include "matsuri/game.h"

#include "matsuri/trade.h"

namespace matsuri {

Guard Field::guard(const char* is, std::optional<std::int64_t> value) const {
  return Guard{entity_, name_, is, value};
}

Step Field::step(const char* does, std::optional<std::int64_t> value) const {
  return Step{entity_, name_, does, value, {}, {}};
}

Step Field::add_clamp(std::int64_t value, std::int64_t bound) const {
  return Step{entity_, name_, "add_clamp", value, bound, {}};
}

Step Field::add_clamp(std::int64_t value, const Field& bound) const {
  return Step{entity_, name_, "add_clamp", value, {}, bound.name_};
}

Step Field::sub_clamp(std::int64_t value, std::int64_t bound) const {
  return Step{entity_, name_, "sub_clamp", value, bound, {}};
}

Step Field::sub_clamp(std::int64_t value, const Field& bound) const {
  return Step{entity_, name_, "sub_clamp", value, {}, bound.name_};
}

Guard before(std::int64_t server_time_ms) { return Guard{{}, {}, "now<", server_time_ms}; }

std::int64_t Entity::get(const std::string& field, std::int64_t absent) const {
  const auto found = fields.find(field);
  return found == fields.end() ? absent : found->second;
}

const Entity* Outcome::find(const EntityRef& entity) const {
  for (const Entity& one : entities)
    if (one.name == entity.name()) return &one;
  return nullptr;
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::applied:
      return "applied";
    case Verdict::rejected:
      return "rejected";
    case Verdict::version_mismatch:
      return "version_mismatch";
    case Verdict::linked_failed:
      return "linked_failed";
    case Verdict::invalid:
      return "invalid";
    case Verdict::key_reuse:
      return "key_reuse";
    case Verdict::key_too_old:
      return "key_too_old";
  }
  return "";
}

const char* name_of(TradeVerdict verdict) {
  switch (verdict) {
    case TradeVerdict::applied:
      return "applied";
    case TradeVerdict::rejected:
      return "rejected";
    case TradeVerdict::version_mismatch:
      return "version_mismatch";
    case TradeVerdict::invalid:
      return "invalid";
    case TradeVerdict::expired:
      return "expired";
    case TradeVerdict::pending:
      return "pending";
    case TradeVerdict::key_reuse:
      return "key_reuse";
    case TradeVerdict::key_too_old:
      return "key_too_old";
    case TradeVerdict::key_from_future:
      return "key_from_future";
  }
  return "";
}

}  // namespace matsuri
