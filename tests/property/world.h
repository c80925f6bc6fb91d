// One node with all that it keeps, through everything that may happen to it: crashes, databases
// that are away or die in the middle of a transaction, views that are made again, backups that are
// restored.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "matsuri/node.h"
#include "model.h"
#include "plant.h"
#include "stream/testing/faulty_db.h"

namespace matsuri::property {

struct WorldOptions {
  std::string folder;
  // An empty database of MariaDB for a subsystem. Null: SQLite, in the data folder.
  std::function<sql::DbOptions(const std::string& name)> fresh_mariadb;
  const Plant* plant = nullptr;
};

// Dies where the node can't be opened. One thread.
class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ServerNode& node() { return *node_; }
  Model& model() { return model_; }
  // One more with every opening of the node.
  unsigned life() const { return life_; }
  // Whether exec knows the idempotency keys of earlier lives, as it does once start() has ended.
  bool knows_keys() const { return knows_keys_; }

  // The process dies, and comes back: with what it knew of keys or, as where exec has forgotten
  // them, without, and before the views have what the journal holds. Then a view's database may be
  // lined up to die at a call of its applier.
  void crash(bool forgets, std::mt19937_64& random);
  // From now on a view's database is away, or back.
  void toggle_away(std::mt19937_64& random);
  void take_snapshot(std::mt19937_64& random);
  void rebuild(std::mt19937_64& random);
  // A backup is taken beside the node that works, and becomes the node.
  void restore();

  // Brings every view to rest. The error where one does not get there.
  Result<void> rest();
  // What every view must be able to say at any moment; empty where it does.
  std::string broken_identity();

 private:
  struct Death {
    std::string database;
    stream::testing::FaultyDb::Death when{};
    std::uint64_t index = 0;
  };
  struct Snapshot {
    unsigned epoch = 0;
    std::map<AccountId, notification::Settings> settings;
  };

  Config config_in(const std::string& folder);
  void open(bool forgets, const std::optional<Death>& death);
  void close();
  void let_back();
  static const std::string& any_view(std::mt19937_64& random);

  const WorldOptions options_;
  Config config_;
  Model model_;
  unsigned life_ = 0;
  unsigned restore_count_ = 0;
  bool knows_keys_ = false;
  std::map<std::string, Snapshot> snapshots_;
  // In the order of their construction: what stands in the node goes after it.
  std::vector<std::unique_ptr<sql::Db>> real_;
  std::vector<std::unique_ptr<PlantedView>> planted_;
  std::map<std::string, stream::testing::FaultyDb*> faulty_;
  std::unique_ptr<ServerNode> node_;
};

}  // namespace matsuri::property
