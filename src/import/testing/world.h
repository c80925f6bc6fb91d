// What an import needs around it, over databases and a journal that stay when it goes: a World is
// one process's life.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "account/apply.h"
#include "account/exec.h"
#include "community/directory.h"
#include "community/exec.h"
#include "empathy/apply.h"
#include "import/importer.h"
#include "io/thread_pool.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "sql/db.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/apply.h"

namespace matsuri::imports::testing {

// Where a World lives.
struct Place {
  sql::DbOptions main;
  sql::DbOptions timeline;
  sql::DbOptions empathy;
  std::string folder;  // of journal and ids
};

// The moment of all imports of these tests.
inline constexpr std::int64_t now_unix_ms = 1'700'000'000'000;

struct WorldOptions {
  stream::View* view = nullptr;  // instead of timeline's own
  io::FileSystem* journal_files = &io::posix_files();
  std::uint64_t segment_size = std::uint64_t{2} << 20;
};

// Dies where a part can't be made.
class World {
 public:
  explicit World(const Place& place, const WorldOptions& options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Result<Summary> import(const std::vector<std::string>& files, Observer& observer,
                         const ImporterLimits& limits = {});

  sql::Db& main_db() { return *main_db_; }
  sql::Db& timeline_db() { return *timeline_db_; }
  sql::Db& empathy_db() { return *empathy_db_; }
  journal::Writer& journal() { return *journal_; }

 private:
  io::ManualClock clock_{now_unix_ms};
  std::unique_ptr<sql::Db> main_db_, timeline_db_, empathy_db_;
  std::unique_ptr<stream::Outbox> main_outbox_, timeline_outbox_, empathy_outbox_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<io::ThreadPool> hashers_;
  std::unique_ptr<account::Standings> standings_;
  std::unique_ptr<account::Accounts> accounts_;
  community::CommunityDirectory directory_;
  std::unique_ptr<community::Communities> communities_;
  timeline::TimelineView view_;
  empathy::EmpathyView empathy_view_;
  std::unique_ptr<stream::Stream> stream_;
};

// Keeps what it is told, as the program prints it: "FILE:LINE: code: detail", the file without
// folder.
class Listener final : public Observer {
 public:
  void refused(const std::string& file, std::uint64_t line, const Refusal& refusal) override;
  void progressed(const Progress& progress) override;
  bool wants_stop() override { return stop_after == 0; }

  std::vector<std::string> refusals;
  std::vector<Progress> progress;
  int stop_after = -1;  // calls of progressed(); never below 0
  std::function<void(const Progress&)> on_progress;
};

// The rows of a table, each as text of its columns, sorted.
std::vector<std::string> rows_of(sql::Db& db, const std::string& select, std::size_t column_count);

// Everything that an import makes, without the ids that it chose: who and what, when, in whose
// name, and how many facts tell of it.
std::vector<std::string> effect_of(World& world);

// Writes a file of lines; gives its path.
std::string write_lines(const std::string& path, const std::vector<std::string>& lines);

std::string user_line(const std::string& source, const std::string& id, std::int64_t unix_ms,
                      const std::string& more = "");
std::string post_line(const std::string& source, const std::string& id, std::int64_t unix_ms,
                      const std::string& author, const std::string& text);

}  // namespace matsuri::imports::testing
