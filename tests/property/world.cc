#include "world.h"

#include <cstdio>
#include <cstdlib>

#include "base/assert.h"
#include "io/file.h"
#include "matsuri/commands.h"
#include "matsuri/databases.h"
#include "stream/rebuild.h"

namespace matsuri::property {
namespace {

using stream::testing::FaultyDb;

constexpr int rest_tries = 600;
constexpr std::int64_t rest_try_ms = 100;

template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::vector<std::string> views() {
  std::vector<std::string> names;
  for (const DatabaseKind& kind : database_kinds())
    if (kind.view != nullptr) names.emplace_back(kind.name);
  return names;
}

const DatabaseKind& kind_named(std::string_view name) {
  for (const DatabaseKind& kind : database_kinds())
    if (kind.name == name) return kind;
  MATSURI_ASSERT(false, "no such database");
}

}  // namespace

World::World(WorldOptions options) : options_(std::move(options)) {
  config_ = config_in(options_.folder + "/data");
  open(false, std::nullopt);
}

World::~World() { close(); }

Config World::config_in(const std::string& folder) {
  Config config;
  set_data(config, folder);
  config.journal_segment_size = std::uint64_t{8} << 20;
  if (options_.fresh_mariadb)
    for (const DatabaseKind& kind : database_kinds())
      config.*kind.options = options_.fresh_mariadb(std::string(kind.name));
  return config;
}

void World::open(bool forgets, const std::optional<Death>& death) {
  NodeSeams seams;
  seams.retry_ms_max = 50;
  seams.database = [&](std::unique_ptr<sql::Db> real) -> std::unique_ptr<sql::Db> {
    auto faulty = std::make_unique<FaultyDb>(*real);
    if (death && death->database == real->name()) faulty->die(death->when, death->index);
    if (options_.plant != nullptr && options_.plant->positions_apart)
      faulty->move_positions_apart();
    faulty_[real->name()] = faulty.get();
    real_.push_back(std::move(real));
    return faulty;
  };
  seams.view = [&](stream::View& view) -> stream::View& {
    if (options_.plant == nullptr || options_.plant->view != view.name()) return view;
    return *planted_.emplace_back(std::make_unique<PlantedView>(view, *options_.plant));
  };
  node_ = must(ServerNode::open(config_, NodeUse::serve, seams));
  knows_keys_ = !forgets;
  if (forgets)
    must(node_->stream->start());
  else
    MATSURI_ASSERT(must(node_->start()));
  ++life_;
}

void World::close() {
  if (node_ == nullptr) return;
  node_->stream->stop();  // in the middle of whatever it does: nothing is waited for
  node_.reset();
  faulty_.clear();
  planted_.clear();
  real_.clear();
}

void World::crash(bool forgets, std::mt19937_64& random) {
  close();
  std::optional<Death> death;
  // start() would wait for ever for a view whose database is dead.
  if (forgets && random() % 2 == 0)
    death = {.database = any_view(random),
             .when = random() % 2 == 0 ? FaultyDb::Death::before : FaultyDb::Death::after,
             .index = random() % 80};
  open(forgets, death);
}

const std::string& World::any_view(std::mt19937_64& random) {
  static const std::vector<std::string> names = views();
  return names[random() % names.size()];
}

void World::toggle_away(std::mt19937_64& random) {
  faulty_.at(any_view(random))->be_away(random() % 3 != 0);
}

void World::let_back() {
  for (const auto& [name, database] : faulty_) database->be_away(false);
}

void World::take_snapshot(std::mt19937_64& random) {
  const std::string& view = any_view(random);
  stream::Outbox& outbox = *((*node_).*kind_named(view).outbox);
  Snapshot snapshot{.epoch = model_.epoch(), .settings = {}};
  for (const auto& [id, person] : model_.people) snapshot.settings[id] = model_.settings(id);
  must(stream::take_snapshot(outbox, {.folder = node_->folder.snapshots()}));
  snapshots_[view] = snapshot;
}

void World::rebuild(std::mt19937_64& random) {
  const std::string& view = any_view(random);
  close();
  const Config before = config_;
  // On MariaDB an empty schema is the operator's part, and what people had chosen is in the old
  // one.
  if (options_.fresh_mariadb) config_.*kind_named(view).options = options_.fresh_mariadb(view);
  const auto snapshot = snapshots_.find(view);
  const bool has_snapshot = snapshot != snapshots_.end();
  const Result<int> rebuilt = run_rebuild(config_, view);
  const bool is_refused = !rebuilt.ok() && rebuilt.error().code() == Code::conflict;
  if (is_refused && !has_snapshot && restore_count_ > 1) {
    config_ = before;  // a backup leaves out what is applied: nothing is there to build from
  } else {
    must(rebuilt);
    std::optional<unsigned> from;
    if (has_snapshot) from = snapshot->second.epoch;
    model_.rebuild(view, from);
    if (options_.fresh_mariadb && view == "notification")
      for (const auto& [id, person] : model_.people)
        model_.set_settings(
            id, has_snapshot ? snapshot->second.settings[id] : notification::Settings{});
  }
  open(false, std::nullopt);
}

void World::restore() {
  const std::string backup = options_.folder + "/backup" + std::to_string(++restore_count_);
  must(run_backup(config_, backup));
  close();
  config_ = config_in(options_.folder + "/data" + std::to_string(restore_count_));
  must(run_restore(config_, backup, -1));
  snapshots_.clear();
  open(false, std::nullopt);
}

Result<void> World::rest() {
  let_back();
  for (int count = 0; count < rest_tries; ++count) {
    bool is_dead = false;
    for (const auto& [name, database] : faulty_) is_dead = is_dead || database->is_dead();
    if (is_dead) {
      close();
      open(false, std::nullopt);
    }
    if (node_->stream->drain(rest_try_ms)) return {};
  }
  std::string troubles;
  for (const stream::ApplierStatus& status : node_->stream->status())
    if (!status.trouble.empty()) troubles += "; " + status.view + ": " + status.trouble;
  return Error(Code::busy, "the views do not come to rest" + troubles);
}

std::string World::broken_identity() {
  for (const stream::ApplierStatus& status : node_->stream->status()) {
    const std::uint64_t sum = status.done + status.duplicate + status.refused + status.not_mine +
                              status.quarantined + status.in_flight;
    if (sum != status.read)
      return "of " + std::to_string(status.read) + " records that " + status.view + " has read, " +
             std::to_string(sum) + " are accounted for";
    if (status.quarantined != 0) return "a record is in quarantine of " + status.view;
  }
  return "";
}

}  // namespace matsuri::property
