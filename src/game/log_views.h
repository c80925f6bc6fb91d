// What a log replica of MariaDB has that those which are written have not: for analysts a view for
// each title and kind, with the fields as columns, made when a title's schema is registered, and
// made anew when that changes; and for histories the indexes of sequencer::log_indexes().
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "game/directory.h"
#include "game/log_reader.h"
#include "game/model.h"
#include "model/ids.h"
#include "sequencer/schema.h"
#include "sql/db.h"

namespace matsuri::game {

// "v_7_boss"
std::string view_name(TitleId title, const sequencer::Kind& kind);

struct LogViewsParts {
  LogDbs dbs;          // of the log replica
  std::string schema;  // that the views are made in; it is made itself
  std::vector<std::string> shard_schemas;
  const Directory& directory;
};

// CREATE OR REPLACE …: entities of the kind in all shards, as (arena, id, version, a column for
// each field; a field that is called like one of the first three has an underscore before its
// name).
std::string view_text(const LogViewsParts& parts, TitleId title, const sequencer::Kind& kind);

// Makes them, on a thread of its own: at the start, views also after wake(), and again every half
// minute as long as the replica is away or does not take a view. Thread-safe.
class LogViews {
 public:
  explicit LogViews(LogViewsParts parts);
  ~LogViews();
  LogViews(const LogViews&) = delete;
  LogViews& operator=(const LogViews&) = delete;

  // A schema was put into the directory.
  void wake();

 private:
  void loop();
  void make_indexes();
  // False where one could not be made.
  bool make_all();
  Result<void> make(TitleId title, const TitleSchema& schema);

  const LogViewsParts parts_;
  // As their views are.
  std::unordered_map<TitleId, std::shared_ptr<const TitleSchema>> made_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t indexed_count_ = 0;  // shards whose indexes were made, or could not be
  bool is_woken_ = true;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri::game
