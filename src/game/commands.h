// Commands, look-ups and reads of entities: from parsed requests through the sequencer to outcomes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "game/command_json.h"
#include "game/directory.h"
#include "game/exec.h"
#include "game/places.h"
#include "game/replicas.h"
#include "io/clock.h"
#include "io/executor.h"
#include "sequencer/history.h"
#include "sequencer/sequencer.h"
#include "sql/db.h"

namespace matsuri::game {

// One shard's database, as readers use it.
struct ShardDb {
  sql::Db* db = nullptr;
  std::uint64_t incarnation = 0;
};

// What became of one command of a request.
struct Told {
  std::optional<sequencer::Key> key;  // none where it could not be read
  // Kind and id of each of its entities; outcomes name them by index.
  std::vector<std::pair<sequencer::KindIndex, std::string>> entities;
  sequencer::Outcome outcome;
};
struct ToldAll {
  std::vector<Told> outcomes;  // in the order of the request
  Places token;                // whoever reads at least this sees what was applied
};

struct EntityQuery {
  std::string arena;
  std::string kind;
  std::string id;
};
// How fresh a read is.
enum class Consistency : std::uint8_t { linearizable, at_least, any };
struct ReadEntity {
  std::uint64_t version = 0;
  std::string fields;  // a JSON object; empty where the entity has none
  Places token;
  bool is_stale = false;  // there may be newer
};

struct CommandsParts {
  sequencer::Sequencer& sequencer;
  const Directory& directory;
  std::vector<ShardDb> shards;  // in the order of their numbers
  io::Clock& clock;
  Replicas* replicas = nullptr;  // of the shards; null: there are none
  // Hears from which place on a shard has something new; any thread, be quick.
  std::function<void(std::size_t shard, std::uint64_t seq)> on_applied;
  metrics::Registry* metrics = nullptr;
};

// Thread-safe.
class Commands {
 public:
  explicit Commands(CommandsParts parts);

  // `done` runs through `executor` when all have an outcome. Commands of one arena are decided in
  // their order.
  void run(TitleId title, std::vector<SentCommand> sent, io::Executor& executor,
           std::move_only_function<void(ToldAll)> done);

  // The answer to commands that are not even looked at now.
  ToldAll overloaded(const std::vector<SentCommand>& sent);

  // What became of a key, so far: nullopt where it was not executed, or is another's. Code::busy
  // where nobody can say now.
  void look_up(const Asker& asker, const std::string& arena, const sequencer::Key& key,
               io::Executor& executor, Completion<std::optional<sequencer::StoredCommand>> done);

  // Code::not_found where the schema has no such kind, Code::denied where players may not see it.
  void read(const Asker& asker, const EntityQuery& query, Consistency consistency,
            const Places& token, io::Executor& executor, Completion<ReadEntity> done);

  const std::vector<ShardDb>& shards() const { return parts_.shards; }
  std::size_t shard_of(TitleId title, const std::string& arena) const {
    return parts_.sequencer.shard_of(title, arena);
  }

 private:
  class Run;
  struct Reading;
  // Who tells what an entity is.
  enum class From : std::uint8_t { order, primary, replica };
  void read_from(From from, Reading reading);
  void read_in_order(Reading reading);
  void count(const ToldAll& told);
  void count(Consistency consistency, From from);

  CommandsParts parts_;
  std::vector<metrics::Counter*> counters_;  // by Verdict; empty without a registry
  std::array<std::array<metrics::Counter*, 3>, 3> read_counters_{};  // by Consistency and From
};

}  // namespace matsuri::game
