// A command is read in two turns: its fields by name, in whatever order they come, and then what is
// in them, entities first, because guards and steps speak of those.
#include "game/command_json.h"

#include <simdjson.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/sentence.h"
#include "game/trade.h"
#include "sequencer/decide.h"

namespace matsuri::game {
namespace {

namespace dom = simdjson::dom;

using sequencer::Command;
using sequencer::EntityName;
using sequencer::FieldIndex;
using sequencer::Guard;
using sequencer::Kind;
using sequencer::Step;

constexpr std::size_t depth_max = 16;

// Of all that the sender said but the deadline. Stored with the key: never changed.
class Fingerprint {
 public:
  void add(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15U;
    hash_ ^= hash_ >> 32;
  }
  void add(std::string_view text) {
    add(text.size());
    for (; text.size() >= 8; text.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      add(word);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    add(word);
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

std::uint64_t number_of(std::optional<FieldIndex> field) { return field ? *field + 1U : 0U; }

std::uint64_t fingerprint_of(const Command& command, const Sender& sender, bool is_linked) {
  Fingerprint print;
  print.add(sender.title.value);
  print.add(sender.player.value);
  print.add(command.entities.front().arena);
  print.add(command.reason);
  print.add(command.entities.size() << 1 | (is_linked ? 1U : 0U));
  for (const EntityName& name : command.entities) {
    print.add(name.kind);
    print.add(name.id);
  }
  print.add(command.guards.size());
  for (const Guard& guard : command.guards) {
    print.add(guard.entity | number_of(guard.field) << 8 |
              static_cast<std::uint64_t>(guard.compare) << 16);
    print.add(static_cast<std::uint64_t>(guard.value));
  }
  for (const Step& step : command.steps) {
    print.add(step.entity | number_of(step.field) << 8 |
              static_cast<std::uint64_t>(step.operation) << 16 | number_of(step.bound_field) << 24 |
              (step.bound ? 1U : 0U) << 31);
    print.add(static_cast<std::uint64_t>(step.value));
    print.add(static_cast<std::uint64_t>(step.bound.value_or(0)));
  }
  return print.value();
}

bool is_plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

// The fields of one object, by the place of their names in a list. False where one is not in it, or
// stands twice; then `wrong` says so.
template <std::size_t count>
class Fields {
 public:
  explicit Fields(const std::array<std::string_view, count>& names) : names_(names) {}

  bool read(dom::element from, std::string& wrong) {
    dom::object object;
    if (from.get(object) != simdjson::SUCCESS) {
      wrong = "expected an object";
      return false;
    }
    for (const auto field : object) {
      std::size_t place = 0;
      while (place < count && names_[place] != field.key) ++place;
      if (place == count) {
        wrong = sentence("\"", field.key.substr(0, 32), "\" is not known here");
        if (field.key.size() > 32) wrong = "a name of more than 32 bytes is not known here";
        return false;
      }
      if (found_[place]) {
        wrong = sentence(names_[place], ": stands twice");
        return false;
      }
      if (!field.value.is_null()) found_[place] = field.value;
    }
    return true;
  }

  const std::optional<dom::element>& operator[](std::size_t place) const { return found_[place]; }

  // Where it is there; else `value` stays as it is.
  bool integer(std::size_t place, std::int64_t& value, std::string& wrong) const {
    if (!found_[place]) return true;
    const auto error = found_[place]->get(value);
    if (error == simdjson::SUCCESS) return true;
    wrong = sentence(names_[place], error == simdjson::NUMBER_OUT_OF_RANGE
                                        ? ": is out of range"
                                        : ": expected a whole number");
    return false;
  }
  bool boolean(std::size_t place, bool& value, std::string& wrong) const {
    if (!found_[place] || found_[place]->get(value) == simdjson::SUCCESS) return true;
    wrong = sentence(names_[place], ": expected true or false");
    return false;
  }
  bool string(std::size_t place, std::string_view& value, std::string& wrong) const {
    if (!found_[place] || found_[place]->get(value) == simdjson::SUCCESS) return true;
    wrong = sentence(names_[place], ": expected a string");
    return false;
  }
  bool needed_string(std::size_t place, std::string_view& value, std::string& wrong) const {
    if (found_[place]) return string(place, value, wrong);
    wrong = sentence(names_[place], ": is missing");
    return false;
  }
  bool array(std::size_t place, dom::array& value, std::string& wrong) const {
    if (found_[place]->get(value) == simdjson::SUCCESS) return true;
    wrong = sentence(names_[place], ": expected an array");
    return false;
  }

 private:
  const std::array<std::string_view, count>& names_;
  std::array<std::optional<dom::element>, count> found_;
};

constexpr std::array<std::string_view, 1> top_names = {"commands"};
namespace command_field {
enum : std::size_t { key, arena, reason, entities, guards, steps, linked, deadline_ms };
}
constexpr std::array<std::string_view, 8> command_names = {
    "key", "arena", "reason", "entities", "guards", "steps", "linked", "deadline_ms"};
namespace entity_field {
enum : std::size_t { kind, id };
}
constexpr std::array<std::string_view, 2> entity_names = {"kind", "id"};
namespace guard_field {
enum : std::size_t { entity, field, is, value };
}
constexpr std::array<std::string_view, 4> guard_names = {"entity", "field", "is", "value"};
namespace step_field {
enum : std::size_t { entity, field, operation, value, bound, bound_field };
}
constexpr std::array<std::string_view, 6> step_names = {"entity", "field", "do",
                                                        "value",  "bound", "bound_field"};

// Reads one command.
class CommandReader {
 public:
  CommandReader(const Sender& sender, const TitleSchema& schema, SentCommand& sent)
      : sender_(sender), schema_(schema), sent_(sent), wrong_(sent.wrong) {}

  void read(dom::element from) {
    Fields fields(command_names);
    const bool has_fields = fields.read(from, wrong_);
    // Whatever is wrong, the answer says whose key it is, if that can be read.
    std::string_view key;
    std::string ignored;
    if (fields.string(command_field::key, key, ignored)) {
      const auto parsed = parse_key(key);
      sent_.has_key = parsed.has_value();
      if (parsed) sent_.command.key = *parsed;
    }
    if (!has_fields || !fields.boolean(command_field::linked, sent_.is_linked, wrong_)) return;
    if (!sent_.has_key) {
      wrong_ = fields[command_field::key] ? "key: is not a UUID" : "key: is missing";
      return;
    }
    if (!read_parts(fields)) return;
    Command& command = sent_.command;
    if (const Result<void> checked = sequencer::check(command, schema_.schema); !checked.ok()) {
      wrong_ = checked.error().message();
      return;
    }
    if (sender_.player) {
      if (const Result<void> checked = check_player(command, schema_, sender_.player);
          !checked.ok()) {
        wrong_ = checked.error().message();
        return;
      }
    }
    command.actor = sender_.player;
    command.fingerprint = fingerprint_of(command, sender_, sent_.is_linked);
  }

 private:
  bool read_parts(const Fields<8>& fields) {
    std::string_view arena, reason;
    if (!fields.needed_string(command_field::arena, arena, wrong_)) return false;
    if (!is_plain(arena)) return fail("arena: control characters are not taken");
    if (!fields.string(command_field::reason, reason, wrong_)) return false;
    if (!is_plain(reason)) return fail("reason: control characters are not taken");
    sent_.command.reason = reason;
    if (!fields.integer(command_field::deadline_ms, sent_.deadline_ms, wrong_)) return false;
    if (fields[command_field::deadline_ms] &&
        (sent_.deadline_ms < 1 || sent_.deadline_ms > deadline_ms_max))
      return fail(sentence("deadline_ms: 1 to ", deadline_ms_max, " is taken"));
    return each(fields, command_field::entities, command_entity_count_max,
                [&](dom::element one) { return read_entity(one, arena); }) &&
           each(fields, command_field::guards, command_guard_count_max,
                [&](dom::element one) { return read_guard(one); }) &&
           each(fields, command_field::steps, command_step_count_max,
                [&](dom::element one) { return read_step(one); });
  }

  // Calls `read` for each element of a list; what it says is wrong gets the element's name.
  template <class Read>
  bool each(const Fields<8>& fields, std::size_t place, std::size_t count_max, Read read) {
    if (!fields[place]) return true;
    dom::array array;
    if (!fields.array(place, array, wrong_)) return false;
    std::size_t index = 0;
    for (const dom::element one : array) {
      if (index == count_max)
        return fail(sentence(command_names[place], ": at most ", count_max, " are taken"));
      if (!read(one)) {
        wrong_ = sentence(command_names[place], "[", index, "]: ", wrong_);
        return false;
      }
      ++index;
    }
    return true;
  }

  bool read_entity(dom::element from, std::string_view arena) {
    Fields fields(entity_names);
    std::string_view kind_name, id;
    if (!fields.read(from, wrong_) ||
        !fields.needed_string(entity_field::kind, kind_name, wrong_) ||
        !fields.needed_string(entity_field::id, id, wrong_))
      return false;
    if (!is_plain(id)) return fail("id: control characters are not taken");
    const auto kind = schema_.schema.find(kind_name);
    if (!kind) return fail("kind: the title has none of that name");
    sent_.command.entities.push_back({.title = sender_.title,
                                      .arena = std::string(arena),
                                      .kind = *kind,
                                      .id = std::string(id)});
    return true;
  }

  // The kind that an entity's index means; null, and `wrong_` says why, where it means none.
  template <std::size_t count>
  const Kind* read_index(const Fields<count>& fields, std::uint8_t& entity) {
    std::int64_t index = -1;
    if (!fields.integer(0, index, wrong_)) return nullptr;
    if (!fields[0]) {
      wrong_ = "entity: is missing";
    } else if (index < 0 || static_cast<std::size_t>(index) >= sent_.command.entities.size()) {
      wrong_ = "entity: there is no such entity";
    } else {
      entity = static_cast<std::uint8_t>(index);
      return &schema_.schema.kinds[sent_.command.entities[entity].kind];
    }
    return nullptr;
  }

  template <std::size_t count>
  bool read_field(const Fields<count>& fields, std::size_t place, const Kind& kind,
                  std::optional<FieldIndex>& index) {
    if (!fields[place]) return true;
    std::string_view name;
    if (!fields.string(place, name, wrong_)) return false;
    index = kind.find(name);
    return index || fail(sentence("field: ", kind.name, " has none of that name"));
  }

  bool read_guard(dom::element from) {
    Fields fields(guard_names);
    std::string_view is;
    if (!fields.read(from, wrong_) || !fields.needed_string(guard_field::is, is, wrong_))
      return false;
    const auto compare = parse_compare(is);
    if (!compare) return fail("is: is none that is known here");
    Guard& guard = sent_.command.guards.emplace_back();
    guard.compare = *compare;
    if (guard.compare == sequencer::Compare::now_before) {
      if (fields[guard_field::entity] || fields[guard_field::field])
        return fail("now< has no entity and no field");
    } else {
      const Kind* const kind = read_index(fields, guard.entity);
      if (kind == nullptr || !read_field(fields, guard_field::field, *kind, guard.field))
        return false;
    }
    const bool has_value = fields[guard_field::value].has_value();
    if (guard.compare < sequencer::Compare::equal)
      return !has_value || fail("value: exists and absent have none");
    if (!has_value) return fail("value: is missing");
    return fields.integer(guard_field::value, guard.value, wrong_);
  }

  bool read_step(dom::element from) {
    Fields fields(step_names);
    std::string_view name;
    if (!fields.read(from, wrong_) || !fields.needed_string(step_field::operation, name, wrong_))
      return false;
    const auto operation = parse_operation(name);
    if (!operation) return fail("do: is none that is known here");
    Step& step = sent_.command.steps.emplace_back();
    step.operation = *operation;
    const Kind* const kind = read_index(fields, step.entity);
    if (kind != nullptr && sent_.command.entities[step.entity].kind == hold_kind)
      return fail("only trades change a hold");
    if (kind == nullptr || !read_field(fields, step_field::field, *kind, step.field) ||
        !read_field(fields, step_field::bound_field, *kind, step.bound_field))
      return false;
    if (fields[step_field::bound]) {
      step.bound = 0;
      if (!fields.integer(step_field::bound, *step.bound, wrong_)) return false;
    }
    const bool has_value = fields[step_field::value].has_value();
    if (step.operation == sequencer::Operation::remove)
      return !has_value || fail("value: remove has none");
    if (!has_value) return fail("value: is missing");
    return fields.integer(step_field::value, step.value, wrong_);
  }

  bool fail(std::string message) {
    wrong_ = std::move(message);
    return false;
  }

  const Sender& sender_;
  const TitleSchema& schema_;
  SentCommand& sent_;
  std::string& wrong_;
};

Error not_json(simdjson::error_code code) {
  return {Code::invalid, std::string("is not JSON: ") + simdjson::error_message(code)};
}

}  // namespace

Result<std::vector<SentCommand>> parse_commands(std::string_view body, const Sender& sender,
                                                const TitleSchema& schema) {
  if (body.size() > commands_size_max)
    return Error(Code::invalid, sentence("a request has at most ", commands_size_max, " bytes"));
  if (body.empty()) return Error(Code::invalid, "is empty, JSON was expected");
  // Keeps its memory for the next request: 4 MiB at most a thread that asks.
  thread_local dom::parser parser;
  if (parser.max_depth() != depth_max) {
    const auto error = parser.allocate(commands_size_max, depth_max);
    MATSURI_ASSERT(error == simdjson::SUCCESS, "out of memory");
  }
  dom::element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root); error)
    return not_json(error);

  Fields top(top_names);
  std::string wrong;
  if (!top.read(root, wrong)) return Error(Code::invalid, std::move(wrong));
  if (!top[0]) return Error(Code::invalid, "commands: is missing");
  dom::array array;
  if (!top.array(0, array, wrong)) return Error(Code::invalid, std::move(wrong));
  const std::size_t count = array.size();  // saturates far above what we take
  if (count < 1 || count > command_count_max)
    return Error(Code::invalid,
                 sentence("commands: 1 to ", command_count_max, " are taken at once"));
  std::vector<SentCommand> sent;
  sent.reserve(count);
  for (const dom::element one : array) CommandReader(sender, schema, sent.emplace_back()).read(one);
  return sent;
}

}  // namespace matsuri::game
