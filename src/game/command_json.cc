// A command is read in two turns: its fields by name, in whatever order they come, and then what is
// in them, entities first, because guards and steps speak of those.
#include "game/command_json.h"

#include <simdjson.h>

#include <array>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/sentence.h"
#include "game/internal/command_builder.h"

namespace matsuri::game {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t depth_max = 16;

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
  bool integer(std::size_t place, std::optional<std::int64_t>& value, std::string& wrong) const {
    if (!found_[place]) return true;
    const auto error = found_[place]->get(value.emplace());
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
  bool string(std::size_t place, std::optional<std::string_view>& value, std::string& wrong) const {
    return !found_[place] || needed_string(place, value.emplace(), wrong);
  }
  bool needed_string(std::size_t place, std::string_view& value, std::string& wrong) const {
    if (found_[place] && found_[place]->get(value) == simdjson::SUCCESS) return true;
    wrong = sentence(names_[place], found_[place] ? ": expected a string" : ": is missing");
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
      : sent_(sent), wrong_(sent.wrong), builder_(sender, schema, sent) {}

  void read(dom::element from) {
    Fields fields(command_names);
    const bool has_fields = fields.read(from, wrong_);
    // Whatever is wrong, the answer says whose key it is, if that can be read.
    std::optional<std::string_view> key;
    std::string ignored;
    if (fields.string(command_field::key, key, ignored) && key) {
      const auto parsed = parse_key(*key);
      sent_.has_key = parsed.has_value();
      if (parsed) sent_.command.key = *parsed;
    }
    if (!has_fields || !fields.boolean(command_field::linked, sent_.is_linked, wrong_)) return;
    if (read_head(fields) && read_lists(fields)) builder_.finish();
  }

 private:
  bool read_head(const Fields<8>& fields) {
    WrittenHead head{.has_key = fields[command_field::key].has_value()};
    std::optional<std::string_view> reason;
    if (!fields.string(command_field::arena, head.arena, wrong_) ||
        !fields.string(command_field::reason, reason, wrong_) ||
        !fields.integer(command_field::deadline_ms, head.deadline_ms, wrong_))
      return false;
    head.reason = reason.value_or("");
    return builder_.head(head);
  }

  bool read_lists(const Fields<8>& fields) {
    return read_list(fields, command_field::entities, command_entity_count_max,
                     [&](dom::element one) { return read_entity(one); }) &&
           read_list(fields, command_field::guards, command_guard_count_max,
                     [&](dom::element one) { return read_guard(one); }) &&
           read_list(fields, command_field::steps, command_step_count_max,
                     [&](dom::element one) { return read_step(one); });
  }

  template <class Read>
  bool read_list(const Fields<8>& fields, std::size_t place, std::size_t count_max, Read read) {
    if (!fields[place]) return true;
    dom::array array;
    return fields.array(place, array, wrong_) &&
           builder_.each(command_names[place], array, count_max, read);
  }

  bool read_entity(dom::element from) {
    Fields fields(entity_names);
    WrittenEntity entity;
    return fields.read(from, wrong_) &&
           fields.needed_string(entity_field::kind, entity.kind, wrong_) &&
           fields.needed_string(entity_field::id, entity.id, wrong_) && builder_.entity(entity);
  }

  bool read_guard(dom::element from) {
    Fields fields(guard_names);
    WrittenGuard guard;
    std::string_view is;
    if (!fields.read(from, wrong_) || !fields.needed_string(guard_field::is, is, wrong_) ||
        !fields.integer(guard_field::entity, guard.entity, wrong_) ||
        !fields.string(guard_field::field, guard.field, wrong_) ||
        !fields.integer(guard_field::value, guard.value, wrong_))
      return false;
    guard.is = parse_compare(is);
    return builder_.guard(guard);
  }

  bool read_step(dom::element from) {
    Fields fields(step_names);
    WrittenStep step;
    std::string_view name;
    if (!fields.read(from, wrong_) || !fields.needed_string(step_field::operation, name, wrong_) ||
        !fields.integer(step_field::entity, step.entity, wrong_) ||
        !fields.string(step_field::field, step.field, wrong_) ||
        !fields.integer(step_field::value, step.value, wrong_) ||
        !fields.integer(step_field::bound, step.bound, wrong_) ||
        !fields.string(step_field::bound_field, step.bound_field, wrong_))
      return false;
    step.operation = parse_operation(name);
    return builder_.step(step);
  }

  SentCommand& sent_;
  std::string& wrong_;
  CommandBuilder builder_;
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
