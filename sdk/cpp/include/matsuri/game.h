// Game state: commands that say what must hold and what then happens, and what becomes of them.
//
//   const EntityRef boss("boss", "b1"), me("tally", player);
//   const Command attack = Command("raid-7", "raid.attack")
//                              .when(boss["hp"] > 0)
//                              .then(boss["hp"].sub_clamp(10))
//                              .then(me["damage"].add(10));
//
// All values are 64-bit integers, exactly.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace matsuri {

struct EntityName {
  std::string kind;
  std::string id;

  bool operator==(const EntityName& other) const { return kind == other.kind && id == other.id; }
};

// What must hold. Made by the operators of Field and EntityRef.
struct Guard {
  std::optional<EntityName> entity;  // none for before()
  std::string field;                 // empty: the entity itself
  std::string is;
  std::optional<std::int64_t> value;
};

// What then happens. Made by the methods of Field and EntityRef.
struct Step {
  EntityName entity;
  std::string field;
  std::string does;
  std::optional<std::int64_t> value;
  std::optional<std::int64_t> bound;
  std::string bound_field;
};

// A field of an entity. A comparison with a field that is not there never holds; for add, sub and
// the clamps such a field counts as 0.
class Field {
 public:
  Field(EntityName entity, std::string name) : entity_(std::move(entity)), name_(std::move(name)) {}

  Guard operator==(std::int64_t value) const { return guard("==", value); }
  Guard operator!=(std::int64_t value) const { return guard("!=", value); }
  Guard operator<(std::int64_t value) const { return guard("<", value); }
  Guard operator<=(std::int64_t value) const { return guard("<=", value); }
  Guard operator>(std::int64_t value) const { return guard(">", value); }
  Guard operator>=(std::int64_t value) const { return guard(">=", value); }
  Guard exists() const { return guard("exists", {}); }
  Guard absent() const { return guard("absent", {}); }

  // Leaving the field's bounds, or 64 bits, makes the command Verdict::invalid.
  Step add(std::int64_t value) const { return step("add", value); }
  Step sub(std::int64_t value) const { return step("sub", value); }
  // Not above, or below, the bound: a number, another field of the same entity, or the field's own
  // bound of the schema. A value that is past it already stays.
  Step add_clamp(std::int64_t value) const { return step("add_clamp", value); }
  Step add_clamp(std::int64_t value, std::int64_t bound) const;
  Step add_clamp(std::int64_t value, const Field& bound) const;
  Step sub_clamp(std::int64_t value) const { return step("sub_clamp", value); }
  Step sub_clamp(std::int64_t value, std::int64_t bound) const;
  Step sub_clamp(std::int64_t value, const Field& bound) const;
  Step set(std::int64_t value) const { return step("set", value); }
  Step set_if_absent(std::int64_t value) const { return step("set_if_absent", value); }
  Step max(std::int64_t value) const { return step("max", value); }  // the larger of the two
  Step min(std::int64_t value) const { return step("min", value); }
  Step remove() const { return step("remove", {}); }

 private:
  Guard guard(const char* is, std::optional<std::int64_t> value) const;
  Step step(const char* does, std::optional<std::int64_t> value) const;

  EntityName entity_;
  std::string name_;
};

// An entity of the command's arena.
class EntityRef {
 public:
  EntityRef(std::string kind, std::string id) : name_{std::move(kind), std::move(id)} {}

  Field operator[](std::string field) const { return Field(name_, std::move(field)); }
  Guard exists() const { return Guard{name_, {}, "exists", {}}; }
  Guard absent() const { return Guard{name_, {}, "absent", {}}; }
  Guard version_is(std::int64_t version) const { return Guard{name_, {}, "version", version}; }
  Step remove() const { return Step{name_, {}, "remove", {}, {}, {}}; }
  const EntityName& name() const { return name_; }

 private:
  EntityName name_;
};

// Holds until this moment of the server's clock (Client::server_time_ms()). It is looked at where
// the command is decided, so it also bounds a command that waited in the offline queue.
Guard before(std::int64_t server_time_ms);

// What is to happen in one arena, whole or not at all. Limits of one: 16 entities, 16 guards, 32
// steps.
class Command {
 public:
  // The reason stands in the history: "raid.attack". Both have 1 to 64 bytes.
  Command(std::string arena, std::string reason)
      : arena_(std::move(arena)), reason_(std::move(reason)) {}

  // All guards are looked at before the first step, and all must hold.
  Command& when(Guard guard) { return guards_.push_back(std::move(guard)), *this; }
  // Steps are taken in their order.
  Command& then(Step step) { return steps_.push_back(std::move(step)), *this; }
  // Not executed where the server has not decided it this long after it came: it is busy, then.
  Command& deadline(std::int64_t ms) { return deadline_ms_ = ms, *this; }

  const std::string& arena() const { return arena_; }
  const std::string& reason() const { return reason_; }
  const std::vector<Guard>& guards() const { return guards_; }
  const std::vector<Step>& steps() const { return steps_; }
  std::int64_t deadline_ms() const { return deadline_ms_; }

 private:
  std::string arena_;
  std::string reason_;
  std::vector<Guard> guards_;
  std::vector<Step> steps_;
  std::int64_t deadline_ms_ = 0;
};

struct Entity {
  EntityName name;
  std::int64_t version = 0;
  std::map<std::string, std::int64_t> fields;

  // The field's value; `absent` where it is not there.
  std::int64_t get(const std::string& field, std::int64_t absent = 0) const;
};

// Closed. The client itself sends again what was not executed for want of time or an owner, and
// looks up what nobody knew; so a game hears only these.
enum class Verdict {
  applied,
  rejected,          // a guard did not hold
  version_mismatch,  // that guard was one of a version
  linked_failed,     // another command of the same chain failed
  invalid,      // not executed: it is wrong in itself, or would overflow, or the rules forbid it
  key_reuse,    // not executed: the key belongs to another command
  key_too_old,  // it waited for a week; if it was sent then, nobody knows any more
};

const char* name_of(Verdict verdict);

struct Outcome {
  std::string key;
  Verdict verdict = Verdict::invalid;
  bool duplicate = false;        // decided when the key came for the first time, and told again
  std::int64_t seq = 0;          // decided ones: its place in the one order
  std::int64_t time_ms = 0;      // decided ones: when, by the server's clock
  std::size_t guard = 0;         // rejected, version_mismatch: index of the first that did not hold
  std::size_t linked = 0;        // linked_failed: index of the command that failed
  std::vector<Entity> entities;  // applied: as it left them; rejected: what the guard saw
  std::string message;           // not executed: why

  bool applied() const { return verdict == Verdict::applied; }
  // The entity as the outcome tells it; nullptr where it does not.
  const Entity* find(const EntityRef& entity) const;
};

enum class Consistency {
  linearizable,  // the newest there is
  at_least,      // nothing older than one's own commands that were answered
  any,           // may be old, and says so
};

struct EntityRead {
  Entity entity;
  bool stale = false;
};

// A command that was applied, and its entities after it.
struct Change {
  std::string arena;
  std::int64_t seq = 0;
  std::string key;
  std::string actor;  // an account's id; empty for the title's own server
  std::string reason;
  std::int64_t time_ms = 0;
  std::vector<Entity> entities;
};

struct Changes {
  std::vector<Change> changes;  // in the order of seq
  std::string next;             // what `after` wants to go on from here
};

struct ChangesRequest {
  std::string arena;  // all of the title where empty
  std::string
      after;         // Changes::next; from the beginning where empty, "now": what comes from now on
  int limit = 1000;  // at most 1000
};

struct GameOptions {
  std::string title;
  // A key of the kind `client`: ships inside the game. The player is who signed in.
  std::string title_key;
  // In its place a key of the kind `server`: for the title's own servers, never inside a game.
  std::string server_key;
};

struct GameSession {
  std::string player;  // the account's id; empty with a server key
  std::int64_t server_time_ms = 0;
  // Says to the title's own server who plays, so that a trade may take this player's points.
  std::string player_token;
};

}  // namespace matsuri
