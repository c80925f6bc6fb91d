// One node: every part of the system, put together over one data folder. No rules of the domain.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "account/apply.h"
#include "account/credential.h"
#include "account/directory.h"
#include "account/exec.h"
#include "base/metrics.h"
#include "base/result.h"
#include "board/boards.h"
#include "board/definitions.h"
#include "checkin.h"
#include "checkin/apply.h"
#include "checkin/clock_watch.h"
#include "community/directory.h"
#include "community/exec.h"
#include "config.h"
#include "empathy/apply.h"
#include "empathy/exec.h"
#include "game/commands.h"
#include "game/directory.h"
#include "game/exec.h"
#include "game/feed.h"
#include "game/history.h"
#include "game/log_views.h"
#include "game/replicas.h"
#include "game/trades.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/thread_pool.h"
#include "journal/agent.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "notification/apply.h"
#include "notification/exec.h"
#include "points/dues.h"
#include "points/keeper.h"
#include "points/ledger.h"
#include "points/settler.h"
#include "replicas.h"
#include "sequencer/sequencer.h"
#include "sql/db.h"
#include "stream/jobs.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/apply.h"
#include "timeline/exec.h"
#include "timeline/follow.h"
#include "timeline/home.h"
#include "timeline/live.h"
#include "timeline/plaza.h"
#include "timeline/ranking.h"
#include "timeline/recent.h"
#include "timeline/render.h"
#include "timeline/rules.h"

namespace matsuri {

// Where things lie in a data folder.
struct DataFolder {
  std::string path;

  std::string lock() const { return path + "/LOCK"; }
  std::string keys() const { return path + "/keys"; }
  std::string databases() const { return path + "/db"; }
  std::string snapshots() const { return path + "/snapshots"; }
  std::string programmes() const { return path + "/programmes"; }
  std::string certificate() const { return path + "/tls/self-signed.pem"; }
  std::string ids() const { return path + "/ids"; }
  std::string journal() const { return path + "/journal/main"; }
  std::string inbox_quarantine() const { return path + "/inbox-quarantine"; }
  std::string import_journal() const { return path + "/journal/import"; }
};

// What a process wants of a node. Every use but `peek` holds the data folder's lock.
enum class NodeUse : std::uint8_t {
  serve,   // all of it
  import,  // the import's journal is open for writing
  peek,    // the databases only, beside a running server
};

// Tells timeline the rules of community.
class CommunityRules final : public timeline::CommunityRules {
 public:
  explicit CommunityRules(const community::CommunityDirectory& directory) : directory_(directory) {}
  std::optional<timeline::CommunityRule> find(CommunityId community) const override {
    const auto rules = directory_.find(community);
    if (!rules) return std::nullopt;
    return timeline::CommunityRule{.post_kinds = rules->post_kinds,
                                   .who_posts = rules->who_posts,
                                   .owner = rules->owner,
                                   .plaza_title = plaza_title_of(*rules)};
  }

 private:
  // A kind that is not for everybody has no place on the plaza.
  static TitleId plaza_title_of(const community::Rules& rules) {
    switch (rules.kind) {
      case CommunityKind::main:
      case CommunityKind::official:
      case CommunityKind::user:
      case CommunityKind::announcement:
        return rules.title;
    }
    return {};
  }

  const community::CommunityDirectory& directory_;
};

// Where a test puts something between the parts; what it puts there outlives the node. Empty: the
// parts themselves.
struct NodeSeams {
  // Gets each database as it was opened, and gives the one that is used.
  std::function<std::unique_ptr<sql::Db>(std::unique_ptr<sql::Db>)> database;
  // Gets each view, and gives the one that the stream applies.
  std::function<stream::View&(stream::View&)> view;
  // How long an applier waits at most before it tries again.
  std::int64_t retry_ms_max = stream::StreamOptions{}.retry_ms_max;
};

// A database of game state. Its outbox tells nothing so far: it has the incarnation.
struct GameShard {
  std::unique_ptr<sql::Db> db;
  std::unique_ptr<stream::Outbox> outbox;
};

class ServerNode {
 public:
  // Code::busy where another process works on the folder.
  static Result<std::unique_ptr<ServerNode>> open(const Config& config, NodeUse use,
                                                  const NodeSeams& seams = {});
  ~ServerNode();
  ServerNode(const ServerNode&) = delete;
  ServerNode& operator=(const ServerNode&) = delete;

  // Starts the appliers, and waits until they have what the journals hold: from then on exec knows
  // all idempotency keys. Logs how far they are. False where `is_ending` became true before.
  Result<bool> start(const std::function<bool()>& is_ending = [] { return false; });
  // Is it in the catalogue?
  bool has_title(TitleId title) const {
    return title != points::points_title && community_directory.find_title(title).has_value();
  }
  // Of game state, in the order of their numbers.
  std::vector<sql::Db*> shard_dbs() const;
  // What was committed up to then can be read of the log.
  std::int64_t log_as_of_ms() const;
  // Stops workers and appliers, after what was accepted is applied as far as a second allows.
  void stop();

  // Members are in the order of their construction; later ones use earlier ones.
  Config config;
  DataFolder folder;
  metrics::Registry metrics;
  std::unique_ptr<io::FileLock> lock;
  std::unique_ptr<account::Signer> signer;
  std::unique_ptr<sql::Db> main_db;
  std::unique_ptr<sql::Db> timeline_db;
  std::unique_ptr<sql::Db> empathy_db;
  std::unique_ptr<sql::Db> notification_db;
  std::unique_ptr<sql::Db> checkin_db;
  std::unique_ptr<sql::Db> grants_db;
  std::unique_ptr<stream::Outbox> main_outbox;
  std::unique_ptr<stream::Outbox> timeline_outbox;
  std::unique_ptr<stream::Outbox> empathy_outbox;
  std::unique_ptr<stream::Outbox> notification_outbox;
  std::unique_ptr<stream::Outbox> checkin_outbox;
  std::unique_ptr<stream::Outbox> grants_outbox;
  std::unique_ptr<journal::IdMaker> ids;
  std::unique_ptr<journal::Writer> journal;
  std::unique_ptr<journal::Writer> import_journal;  // only with NodeUse::import
  std::unique_ptr<io::ThreadPool> hashers;
  std::unique_ptr<io::ThreadPool> drawers;
  std::unique_ptr<account::Standings> standings;
  std::unique_ptr<account::Directory> directory;
  std::unique_ptr<account::Accounts> accounts;
  community::CommunityDirectory community_directory;
  std::unique_ptr<community::Communities> communities;
  CommunityRules community_rules{community_directory};
  timeline::Home home{timeline::render_row, {}, &metrics};
  timeline::Plaza plaza{community_rules, io::system_clock()};
  timeline::TimelineView timeline_view{&home, &plaza};
  empathy::EmpathyView empathy_view;
  notification::NotificationView notification_view;
  checkin::CheckinView checkin_view;
  checkin::ClockWatch clock_watch{io::system_clock(), metrics};
  points::DuesView dues_view{[this] {
    if (settler != nullptr) settler->wake();
  }};
  timeline::RecentKeys recent_keys;
  timeline::Rankings rankings{home, io::system_clock(), io::system_random()};
  std::unique_ptr<timeline::Live> live;
  std::unique_ptr<stream::Stream> stream;
  std::unique_ptr<timeline::Timeline> timeline;
  std::unique_ptr<empathy::Empathies> empathies;
  std::unique_ptr<notification::Notifications> notifications;
  std::unique_ptr<timeline::Follows> follows;
  // Game state; but for the directory only with NodeUse::serve.
  game::Directory game_directory;
  std::unique_ptr<game::Gate> game_gate;
  std::unique_ptr<game::Titles> game_titles;
  std::vector<GameShard> shards;
  ShardDbs shard_replicas, shard_log_replicas;
  // How far they are; null where none are configured.
  std::unique_ptr<game::Replicas> replicas, log_replicas;
  // Up to when analytics have counted everything: days of commands go no sooner.
  std::atomic<std::int64_t> analysed_to_ms = 0;
  std::unique_ptr<sequencer::Sequencer> sequencer;
  std::unique_ptr<game::Feed> feed;
  std::unique_ptr<sql::Db> board_db;
  std::unique_ptr<board::Definitions> board_definitions;
  std::unique_ptr<board::Boards> boards;
  std::unique_ptr<game::Commands> commands;
  std::unique_ptr<game::Trades> trades;
  LogReader log_reader;
  std::unique_ptr<game::History> history;
  std::unique_ptr<game::LogViews> log_views;  // null without a log replica
  std::unique_ptr<points::Ledger> ledger;
  std::unique_ptr<points::Keeper> points_keeper;
  std::unique_ptr<points::Settler> settler;   // stays until the views are gone, which wake it
  std::unique_ptr<journal::Agent> agent;      // null without inboxes
  std::unique_ptr<JournalFollower> follower;  // null without closures' journals

 private:
  explicit ServerNode(const Config& config);
  Result<void> open_databases(const NodeSeams& seams);
  Result<void> open_journals(NodeUse use);
  Result<void> open_domains();
  Result<void> open_game();
  Result<void> open_history();
  std::unique_ptr<game::Replicas> watch(const std::string& role, const ShardDbs& dbs);
  void open_points();
  void open_agent();
  Result<void> open_boards(const std::vector<game::ShardDb>& dbs);
  Result<void> open_stream(NodeUse use, const NodeSeams& seams);
};

}  // namespace matsuri
