// A small node for the tests of this module: a data folder with people and posts, without HTTP.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "account/apply.h"
#include "account/exec.h"
#include "io/thread_pool.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "ops/backup.h"
#include "ops/doctor.h"
#include "sql/testing/engines.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/apply.h"

namespace matsuri::ops::testing {

// Where a world lies; it can be opened again there, as after a restart.
struct Place {
  std::string data;
  sql::DbOptions main;
  sql::DbOptions timeline;
  Node node{1};
};

// An open one. Any failure ends the test program: what is tested is what is done to it.
class World {
 public:
  explicit World(const Place& place);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  AccountId person(const std::string& handle);
  // Durable when it returns; applied some time later.
  struct Posted {
    PostId post;
    Position position;
  };
  Posted post(AccountId author, const std::string& text, std::uint64_t key = 0);
  // A stored record that is not what it says it is: poison.
  Position post_poison(AccountId author);

  // Records wait from now on, or are applied. A new world applies.
  void set_applying(bool applying);
  void drain();
  bool has_passed(const Position& position) const;

  std::vector<std::string> texts();  // of all posts, sorted

  const Place place;
  std::unique_ptr<sql::Db> main_db;
  std::unique_ptr<sql::Db> timeline_db;
  std::unique_ptr<stream::Outbox> main_outbox;
  std::unique_ptr<stream::Outbox> timeline_outbox;
  std::unique_ptr<journal::IdMaker> ids;
  std::unique_ptr<journal::Writer> journal;
  io::ThreadPool hashers;
  account::Standings standings;
  std::unique_ptr<account::Accounts> accounts;
  timeline::TimelineView view;
  std::unique_ptr<stream::Stream> stream;
};

class WorldTest : public sql::ForEachEngine {
 protected:
  // A place where nothing is yet.
  Place fresh_place(const std::string& name);

  BackupSummary back_up(World& world, const std::string& to);
  // From `from` into a fresh place; `node` as the command's --node.
  Place restore(const std::string& from, const std::string& name,
                std::optional<Node> node = std::nullopt);
  // What the doctor says of a place that nobody has open, or that somebody has.
  static std::vector<std::string> findings(const Place& place);
};

}  // namespace matsuri::ops::testing
