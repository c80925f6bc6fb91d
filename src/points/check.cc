#include "points/check.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/sentence.h"
#include "json/value.h"
#include "sequencer/slots.h"

namespace matsuri::points {
namespace {

constexpr std::size_t page_count = 1000;

Error corrupt(const sequencer::StoredCommand& command, std::string_view what) {
  return Error(Code::corrupt, sentence("points: the command at place ", command.seq, " ", what));
}

Result<sequencer::Entity> read_fields(const json::Object& fields, sequencer::KindIndex kind) {
  sequencer::Entity state;
  for (const json::Field& field : fields) {
    const auto index = points_schema().kinds[kind].find(field.key);
    if (!index) return Error(Code::corrupt, "has a field that no such thing has");
    TRY_ASSIGN(const std::int64_t value, field.value.integer());
    state.set(*index, value);
  }
  return state;
}

Result<Left> read_left(const json::Value& value) {
  TRY_ASSIGN(const json::Object one, value.object());
  TRY_ASSIGN(const std::string_view kind_name, one.string("kind"));
  const auto kind = points_schema().find(kind_name);
  if (!kind) return Error(Code::corrupt, "names a kind that there is not");
  TRY_ASSIGN(const std::string_view id, one.string("id"));
  TRY_ASSIGN(const std::uint64_t version, one.unsigned_integer("version"));
  TRY_ASSIGN(const json::Object fields, one.object("fields"));
  TRY_ASSIGN(sequencer::Entity state, read_fields(fields, *kind));
  state.version = version;
  return Left{.name = {*kind, std::string(id)}, .state = std::move(state)};
}

Result<std::vector<Left>> read_all(const std::string& outcome) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(outcome));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY_ASSIGN(const json::Array entities, object.array("entities"));
  std::vector<Left> all;
  for (const json::Value& value : entities) {
    TRY_ASSIGN(Left left, read_left(value));
    all.push_back(std::move(left));
  }
  return all;
}

// Wraps around where numbers are too damaged to be added.
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t held_of(const Left& left) {
  const auto field = held_field(left.name.first);
  return field ? left.state.get(*field) : 0;
}

}  // namespace

std::string to_string(const PurseName& name) {
  return points_schema().kinds[name.first].name + ':' + name.second;
}

std::string_view name_of(Fault::What what) {
  constexpr std::array<std::string_view, 4> names = {"sum", "fold", "held", "order"};
  return names[static_cast<std::size_t>(what)];
}

Result<sequencer::Changes> read_ledger(sql::Connection& connection, std::uint64_t after) {
  sequencer::SlotSet slots;
  slots.set(points_slot);
  std::vector<std::uint64_t> places(sequencer::slot_count, 0);
  places[points_slot] = after;
  return sequencer::read_changes(connection, {.title = points_title,
                                              .arena = std::string(points_arena),
                                              .slots = slots,
                                              .after = places,
                                              .count_max = page_count});
}

Result<Posted> parse_posted(sequencer::StoredCommand command) {
  auto left = read_all(command.outcome);
  if (!left.ok()) return corrupt(command, left.error().message());
  return Posted{.command = std::move(command), .left = std::move(*left)};
}

Result<sequencer::Entity> parse_state(std::string_view fields, sequencer::KindIndex kind) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(fields));
  TRY_ASSIGN(const json::Object object, document.object());
  return read_fields(object, kind);
}

std::vector<Fault> post(const Posted& posted, Purses& purses) {
  std::vector<Fault> faults;
  const std::string at = sentence("place ", posted.command.seq, ": ");
  std::int64_t sum = 0, held_sum = 0;
  for (const Left& left : posted.left) {
    if (!left.is_purse()) continue;
    PurseState& before = purses[left.name];
    const std::string name = to_string(left.name);
    sum = plus(sum, left.posting());
    held_sum = plus(held_sum, minus(held_of(left), before.held));
    if (left.name.first == hold_kind) held_sum = minus(held_sum, left.posting());
    if (left.state.version != before.version + 1)
      faults.push_back({Fault::What::order, sentence(at, name, " has version ", left.state.version,
                                                     " behind version ", before.version)});
    if (left.balance() != plus(before.balance, left.posting()))
      faults.push_back(
          {Fault::What::fold, sentence(at, name, " has ", left.balance(), ", and ", left.posting(),
                                       " was posted to ", before.balance)});
    before = {.version = left.state.version, .balance = left.balance(), .held = held_of(left)};
  }
  if (sum != 0)
    faults.push_back({Fault::What::sum, sentence(at, "postings are ", sum, " in all, not 0")});
  if (held_sum != 0)
    faults.push_back({Fault::What::held,
                      sentence(at, "purses have ", held_sum, " more held than their holds got")});
  return faults;
}

namespace {

// The ledger from its first command on, and then what there is beside it.
class Examination {
 public:
  Examination(sql::Connection& connection, std::size_t line_count_max)
      : connection_(connection), line_count_max_(line_count_max) {}

  Result<std::vector<std::string>> run() {
    TRY(read_all());
    TRY(read_entities());
    for (const auto& [name, state] : purses_)
      if (!seen_.contains(name))
        add(sentence(to_string(name), " is in the ledger, and nowhere else"));
    for (const auto& [id, account] : grants_)
      if (!seen_.contains({grant_kind, id}))
        add(sentence("grant ", id, " is in the ledger, and nowhere else"));
    if (sum_ != 0) add(sentence("balances are ", sum_, " in all, not 0"));
    return std::move(lines_);
  }

 private:
  void add(std::string line) {
    if (lines_.size() < line_count_max_) lines_.push_back("points: " + std::move(line));
  }

  Result<void> read_all() {
    std::uint64_t after = 0;
    for (bool is_end = false; !is_end;) {
      TRY_ASSIGN(sequencer::Changes changes, read_ledger(connection_, after));
      for (sequencer::StoredCommand& command : changes.commands) {
        auto posted = parse_posted(std::move(command));
        if (posted.ok())
          take(*posted);
        else
          add(posted.error().message());
      }
      after = changes.read_to;
      is_end = changes.is_end;
    }
    return {};
  }

  void take(const Posted& posted) {
    for (Fault& fault : post(posted, purses_)) add(std::move(fault.text));
    for (const Left& left : posted.left)
      if (!left.is_purse() && !grants_.emplace(left.name.second, left.state).second)
        add(sentence("place ", posted.command.seq, ": ", left.name.second, " was granted before"));
  }

  Result<void> read_entities() {
    return connection_.query("SELECT kind, id, version, fields FROM entity WHERE title = ?",
                             {points_title.value}, [&](const sql::Row& row) {
                               const auto kind = points_schema().find(row.text(0));
                               const std::string name = sentence(row.text(0), ":", row.text(1));
                               if (!kind) return add(name + " is of no kind that there is");
                               const auto state = parse_state(row.text(3), *kind);
                               if (!state.ok())
                                 return add(sentence(name, " ", state.error().message()));
                               compare({{*kind, std::string(row.text(1))}, *state}, row.id(2));
                             });
  }

  void compare(const Left& left, std::uint64_t version) {
    seen_.insert(left.name);
    const std::string name = to_string(left.name);
    if (!left.is_purse()) {
      const auto granted = grants_.find(left.name.second);
      if (granted == grants_.end() || !same_fields(granted->second, left.state))
        add(sentence(name, " is not what the ledger granted"));
      return;
    }
    sum_ = plus(sum_, left.balance());
    const auto found = purses_.find(left.name);
    if (found == purses_.end()) return add(name + " is nowhere in the ledger");
    const PurseState is{.version = version, .balance = left.balance(), .held = held_of(left)};
    if (is != found->second)
      add(sentence(name, " has ", is.balance, " and ", is.held, " held in version ", is.version,
                   ", and by its postings ", found->second.balance, " and ", found->second.held,
                   " held in version ", found->second.version));
    const sequencer::Field& field =
        points_schema().kinds[left.name.first].fields[balance_field(left.name.first)];
    if (is.balance < field.min || is.balance > field.max)
      add(sentence(name, " has ", is.balance, ", which is not within ", field.min, " and ",
                   field.max));
  }

  static bool same_fields(const sequencer::Entity& a, const sequencer::Entity& b) {
    return a.present == b.present && a.values == b.values;
  }

  sql::Connection& connection_;
  const std::size_t line_count_max_;
  Purses purses_;
  std::map<std::string, sequencer::Entity> grants_;
  std::set<PurseName> seen_;
  std::int64_t sum_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

Result<std::vector<std::string>> examine_shard(sql::Connection& connection,
                                               std::size_t line_count_max) {
  TRY_ASSIGN(const sequencer::SlotSet owned, sequencer::read_owned(connection));
  if (!owned[points_slot]) return std::vector<std::string>();
  return Examination(connection, line_count_max).run();
}

}  // namespace matsuri::points
