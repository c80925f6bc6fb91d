// A machine with a disk that forgets, and a node of Matsuri on it: the production objects, put
// together as apps/matsuri/node.cc does, with the disk as their file system.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "account/apply.h"
#include "account/credential.h"
#include "account/exec.h"
#include "faults.h"
#include "io/clock.h"
#include "io/sim_disk.h"
#include "io/thread_pool.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "sql/db.h"
#include "sql/testing/sim_vfs.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/apply.h"
#include "timeline/exec.h"
#include "timeline/recent.h"
#include "timeline/rules.h"

namespace matsuri::powercut {

struct Machine {
  // `name` is of SQLite's view of the disk: another one for each machine of the process.
  Machine(const std::string& name, const Plants& planted);

  const Plants plants;
  io::SimDisk disk;
  ForgetfulFiles journal_files;  // the disk, as the journal sees it
  sql::SimVfs vfs;
  std::string vfs_name;
  io::ManualClock clock{1'700'000'000'000};
};

// The community that is there from the beginning: the crowd posts in no other.
class PlazaRules final : public timeline::CommunityRules {
 public:
  std::optional<timeline::CommunityRule> find(CommunityId community) const override {
    if (community != common_ground) return std::nullopt;
    return timeline::CommunityRule{.post_kinds = post_kind_text | post_kind_drawing};
  }
};

// One life of the node. Everything closes with it, however far it came.
class Node {
 public:
  explicit Node(Machine& machine) : machine_(machine) {}
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Opens all of it, and waits until the views have what the journal and the outboxes hold.
  Result<void> start();
  // Code::io where the power fails meanwhile.
  Result<void> drain();
  // What ops::Upkeep does: a snapshot, and dropping what it and the views make needless.
  Result<void> take_retention();

  static constexpr const char* journal_folder = "/data/journal/main";

  std::unique_ptr<account::Signer> signer;
  std::unique_ptr<sql::Db> main_db, timeline_db;
  std::unique_ptr<stream::Outbox> main_outbox, timeline_outbox;
  std::unique_ptr<journal::IdMaker> ids;
  std::unique_ptr<journal::Writer> journal;
  std::unique_ptr<io::ThreadPool> hashers;
  std::unique_ptr<account::Standings> standings;
  std::unique_ptr<account::Accounts> accounts;
  timeline::RecentKeys recent_keys;
  std::unique_ptr<stream::Stream> stream;
  std::unique_ptr<timeline::Timeline> timeline;

 private:
  Result<void> open_databases();
  Result<void> open_journal();
  Result<void> open_stream();

  Machine& machine_;
  PlazaRules rules_;
  timeline::TimelineView timeline_view_;
  std::unique_ptr<FaultyView> view_;
};

}  // namespace matsuri::powercut
