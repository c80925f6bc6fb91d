#include "node.h"

#include "base/log.h"
#include "board/schema.h"
#include "databases.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "ops/backup.h"
#include "points/trade_leg.h"
#include "replicas.h"
#include "stream/incarnation.h"
#include "stream/rebuild.h"

namespace matsuri {
namespace {

constexpr std::int64_t drain_wait_ms = 500;
constexpr std::int64_t drain_report_ms = 5'000;

}  // namespace

ServerNode::ServerNode(const Config& wanted) : config(wanted), folder{wanted.data} {}

ServerNode::~ServerNode() { stop(); }

Result<std::unique_ptr<ServerNode>> ServerNode::open(const Config& config, NodeUse use,
                                                     const NodeSeams& seams) {
  std::unique_ptr<ServerNode> node(new ServerNode(config));
  io::FileSystem& files = io::posix_files();
  TRY_ASSIGN(const bool restoring, ops::is_restoring(files, config.data));
  if (restoring)
    return Error(Code::corrupt,
                 "a restore into " + config.data +
                     " did not come to its end: empty the folder, and restore again");
  TRY(files.make_folders(node->folder.databases()));
  if (use != NodeUse::peek) {
    auto lock = files.lock(node->folder.lock());
    if (!lock.ok() && lock.error().code() == Code::busy)
      return Error(Code::busy, "another matsuri works on " + config.data + ": stop it first");
    TRY_ASSIGN(node->lock, std::move(lock));
  }
  TRY_ASSIGN(node->signer, account::Signer::open(files, node->folder.keys(), io::system_random()));
  TRY(node->open_databases(seams));
  TRY(node->open_journals(use));
  TRY(node->open_domains());
  if (use != NodeUse::peek) TRY(node->open_stream(use, seams));
  if (use == NodeUse::serve) {
    TRY(node->open_game());
    node->open_points();
  }
  return node;
}

Result<void> ServerNode::open_databases(const NodeSeams& seams) {
  for (const DatabaseKind& kind : database_kinds()) {
    std::unique_ptr<sql::Db>& db = this->*kind.db;
    sql::DbOptions options = config.*kind.options;
    options.metrics = &metrics;
    const std::string name = "database " + options.name;
    TRY_ASSIGN(db, within(name, sql::Db::open(options)));
    if (seams.database) db = seams.database(std::move(db));
    for (const Component& component : kind.components)
      TRY(within(name, db->migrate(component.name, component.migrations)));
    TRY_ASSIGN(this->*kind.outbox,
               stream::Outbox::open(*db, config.region, config.node, io::system_random()));
  }
  return {};
}

Result<void> ServerNode::open_journals(NodeUse use) {
  if (use == NodeUse::peek) return {};
  io::FileSystem& files = io::posix_files();
  TRY(files.make_folders(folder.ids()));
  TRY(files.make_folders(folder.journal()));
  TRY_ASSIGN(ids,
             journal::IdMaker::open(
                 {.path = folder.ids() + "/node", .region = config.region, .node = config.node}));
  TRY_ASSIGN(journal, journal::Writer::open({.folder = folder.journal(),
                                             .region = config.region,
                                             .node = config.node,
                                             .segment_size = config.journal_segment_size,
                                             .metrics = &metrics}));
  if (use != NodeUse::import) return {};
  TRY(files.make_folders(folder.import_journal()));
  TRY_ASSIGN(import_journal, journal::Writer::open({.folder = folder.import_journal(),
                                                    .region = config.region,
                                                    .node = import_node,
                                                    .segment_size = config.journal_segment_size}));
  return {};
}

Result<void> ServerNode::open_domains() {
  io::Clock& clock = io::system_clock();
  hashers = std::make_unique<io::ThreadPool>(
      io::ThreadPoolOptions{.name = "password", .thread_count = 2, .queue_count_max = 64});
  drawers = std::make_unique<io::ThreadPool>(
      io::ThreadPoolOptions{.name = "drawing", .thread_count = 1, .queue_count_max = 256});
  standings = std::make_unique<account::Standings>(clock);
  directory = std::make_unique<account::Directory>(*main_db);
  if (ids == nullptr) return {};
  accounts = std::make_unique<account::Accounts>(account::AccountsParts{.db = *main_db,
                                                                        .outbox = *main_outbox,
                                                                        .ids = *ids,
                                                                        .standings = *standings,
                                                                        .hashers = *hashers,
                                                                        .clock = clock});
  communities = std::make_unique<community::Communities>(
      community::CommunitiesParts{.db = *main_db,
                                  .outbox = *main_outbox,
                                  .ids = *ids,
                                  .directory = community_directory,
                                  .clock = clock});
  return {};
}

Result<void> ServerNode::open_game() {
  io::Clock& clock = io::system_clock();
  TRY(main_db->read_and_wait(
      [this](sql::Connection& connection) { return game_directory.load(connection); }));
  game_gate = std::make_unique<game::Gate>(game_directory, *signer, *standings, clock);
  game_titles = std::make_unique<game::Titles>(
      game::TitlesParts{.db = *main_db,
                        .ids = *ids,
                        .directory = game_directory,
                        .clock = clock,
                        .random = io::system_random(),
                        .has_title = [this](TitleId title) { return has_title(title); },
                        .on_schema =
                            [this] {
                              if (log_views != nullptr) log_views->wake();
                            }});
  sequencer::SequencerOptions options;
  options.owner.name = "node " + std::to_string(static_cast<int>(config.region)) + "." +
                       std::to_string(static_cast<int>(config.node));
  options.owner.metrics = &metrics;
  for (sql::DbOptions database : config.shards) {
    database.metrics = &metrics;
    TRY_ASSIGN(shards.emplace_back().db, sql::Db::open(database));
  }
  options.shards = shard_dbs();
  options.keep_days = config.game_keep_days;
  if (config.analytics_minute) options.read_to_ms = [this] { return analysed_to_ms.load(); };
  // Its tables first: a copy that has an outbox has a shard, too.
  TRY_ASSIGN(sequencer, sequencer::Sequencer::start(
                            options, points::with_points(game_directory.schemas()), clock));
  std::vector<game::ShardDb> dbs;
  for (GameShard& shard : shards) {
    TRY_ASSIGN(shard.outbox,
               stream::Outbox::open(*shard.db, config.region, config.node, io::system_random()));
    dbs.push_back({.db = shard.db.get(), .incarnation = shard.outbox->origin().incarnation});
  }
  shard_replicas = open_game_replicas(config, &metrics);
  replicas = watch("game", shard_replicas);
  feed = std::make_unique<game::Feed>(dbs, main_outbox->origin().incarnation, clock, &metrics);
  TRY(open_boards(dbs));
  const auto on_applied = [this](std::size_t shard, std::uint64_t seq) {
    feed->wake(shard, seq);
    boards->wake();
  };
  commands = std::make_unique<game::Commands>(game::CommandsParts{.sequencer = *sequencer,
                                                                  .directory = game_directory,
                                                                  .shards = dbs,
                                                                  .clock = clock,
                                                                  .replicas = replicas.get(),
                                                                  .on_applied = on_applied,
                                                                  .metrics = &metrics});
  trades = std::make_unique<game::Trades>(game::TradesParts{.db = *main_db,
                                                            .sequencer = *sequencer,
                                                            .directory = game_directory,
                                                            .clock = clock,
                                                            .random = io::system_random(),
                                                            .make_points = points::make_trade_leg,
                                                            .on_applied = on_applied,
                                                            .metrics = &metrics});
  return open_history();
}

Result<void> ServerNode::open_boards(const std::vector<game::ShardDb>& dbs) {
  sql::DbOptions database = config.board;
  database.metrics = &metrics;
  TRY_ASSIGN(board_db, within("database " + database.name, sql::Db::open(database)));
  TRY(within("database " + database.name, board_db->migrate("board", board::migrations())));
  board_definitions = std::make_unique<board::Definitions>(board::DefinitionsParts{
      .db = *main_db, .ids = *ids, .schemas = game_directory, .has_title = [this](TitleId title) {
        return game_titles->has(title);
      }});
  boards =
      std::make_unique<board::Boards>(board::BoardsParts{.db = *board_db,
                                                         .main = *main_db,
                                                         .shards = dbs,
                                                         .world = main_outbox->origin().incarnation,
                                                         .definitions = *board_definitions,
                                                         .clock = io::system_clock(),
                                                         .metrics = &metrics});
  return {};
}

Result<void> ServerNode::open_history() {
  TRY_ASSIGN(log_reader, open_log_reader(config, &metrics));
  shard_log_replicas = open_log_replicas(config, &metrics);
  log_replicas = watch("log", shard_log_replicas);
  game::LogDbs dbs = log_reader.dbs;
  for (std::size_t i = 0; i < shard_log_replicas.size(); ++i)
    dbs.shards[i] = shard_log_replicas[i].get();
  if (config.log_replica) {
    game::LogViewsParts parts{.dbs = log_reader.dbs,
                              .schema = config.log_views,
                              .shard_schemas = {},
                              .directory = game_directory};
    for (const sql::DbOptions& shard : config.shards)
      parts.shard_schemas.push_back(shard.mariadb_schema);
    log_views = std::make_unique<game::LogViews>(std::move(parts));
  }
  history = std::make_unique<game::History>(game::HistoryParts{
      .dbs = std::move(dbs),
      .shard_of = [this](TitleId title,
                         const std::string& arena) { return commands->shard_of(title, arena); },
      .as_of_ms = [this] { return log_as_of_ms(); }});
  return {};
}

std::int64_t ServerNode::log_as_of_ms() const {
  return log_replicas == nullptr ? io::system_clock().unix_ms() : log_replicas->as_of_ms();
}

std::unique_ptr<game::Replicas> ServerNode::watch(const std::string& role, const ShardDbs& dbs) {
  if (dbs.empty()) return nullptr;
  game::ReplicasParts parts{.role = role,
                            .shards = {},
                            .incarnation_of = stream::read_incarnation,
                            .clock = io::system_clock(),
                            .metrics = &metrics};
  for (std::size_t i = 0; i < dbs.size(); ++i)
    parts.shards.push_back({.written = shards[i].db.get(),
                            .replica = dbs[i].get(),
                            .incarnation = shards[i].outbox->origin().incarnation});
  return std::make_unique<game::Replicas>(std::move(parts));
}

void ServerNode::open_points() {
  ledger = std::make_unique<points::Ledger>(
      points::LedgerParts{.sequencer = *sequencer,
                          .people = *directory,
                          .clock = io::system_clock(),
                          .random = io::system_random(),
                          .on_applied =
                              [this](std::size_t shard, std::uint64_t seq) {
                                feed->wake(shard, seq);
                                points_keeper->wake();
                              },
                          .metrics = &metrics});
  points_keeper = std::make_unique<points::Keeper>(
      points::KeeperParts{.db = *main_db,
                          .world = main_outbox->origin().incarnation,
                          .shards = shard_dbs(),
                          .ledger = *ledger,
                          .metrics = &metrics});
  points_keeper->start();
  settler = std::make_unique<points::Settler>(points::SettlerParts{.outbox = *grants_outbox,
                                                                   .ledger = *ledger,
                                                                   .people = *directory,
                                                                   .clock = io::system_clock(),
                                                                   .metrics = &metrics});
}

void ServerNode::open_agent() {
  if (config.checkin_inboxes.empty()) return;
  agent = std::make_unique<journal::Agent>(journal::AgentOptions{
      .folders = config.checkin_inboxes,
      .quarantine_folder = folder.inbox_quarantine(),
      .kinds = {EventKind::checkin_attempted},
      .writer = journal.get(),
      .ids = ids.get(),
      .offset_of =
          [this](const journal::InboxFileId& file) { return place_of_inbox(*checkin_db, file); },
      .metrics = &metrics});
  agent->start();
}

std::vector<sql::Db*> ServerNode::shard_dbs() const {
  std::vector<sql::Db*> dbs;
  for (const GameShard& shard : shards) dbs.push_back(shard.db.get());
  return dbs;
}

Result<void> ServerNode::open_stream(NodeUse use, const NodeSeams& seams) {
  // An import has nobody who waits for an answer.
  stream = std::make_unique<stream::Stream>(stream::StreamOptions{
      .retry_ms_max = seams.retry_ms_max, .gives_way = use == NodeUse::serve, .metrics = &metrics});
  // Others than these two are what a restore under another node number has left to be read.
  TRY_ASSIGN(auto journals, ops::journal_folders(io::posix_files(), folder.path));
  for (const std::string& path : journals) {
    journal::Writer* writer = nullptr;
    if (path == folder.journal()) writer = journal.get();
    if (path == folder.import_journal()) writer = import_journal.get();
    TRY(stream->add_journal(path, writer));
  }
  const std::vector<std::string> closures = closure_journals(io::posix_files(), config);
  for (const std::string& path : closures) TRY(stream->add_journal(path, nullptr));
  journals.insert(journals.end(), closures.begin(), closures.end());
  for (const DatabaseKind& kind : database_kinds()) TRY(stream->add_outbox(*(this->*kind.outbox)));
  for (const DatabaseKind& kind : database_kinds()) {
    if (kind.view == nullptr) continue;
    stream::Outbox& outbox = *(this->*kind.outbox);
    if (kind.begins_with_kept) {
      TRY_ASSIGN(const bool begins_later,
                 stream::begin_with_kept(outbox, kind.name, io::posix_files(), journals));
      if (begins_later)
        log::warn("matsuri", "a new view begins with the oldest records that are kept",
                  {{"view", kind.name}});
    }
    stream::View& view = *kind.view(*this);
    TRY(stream->add_view(seams.view ? seams.view(view) : view, outbox));
  }

  // Positions are taken before the tables are read: what changes between comes twice, never not.
  TRY_ASSIGN(const std::uint64_t main_offset, main_outbox->end_offset());
  const Position main_end{main_outbox->origin(), main_offset};
  TRY(main_db->read_and_wait(
      [this](sql::Connection& connection) { return standings->load(connection); }));
  stream->add_memory_view(*standings, {main_end});
  stream->add_memory_view(*directory, {main_end});
  TRY(main_db->read_and_wait(
      [this](sql::Connection& connection) { return community_directory.load(connection); }));
  stream->add_memory_view(community_directory, {main_end});

  TRY_ASSIGN(const std::uint64_t timeline_offset, timeline_outbox->end_offset());
  const std::uint64_t kept = timeline::live_event_count_max;
  const Position live_from{timeline_outbox->origin(),
                           timeline_offset > kept ? timeline_offset - kept : 0};
  live = std::make_unique<timeline::Live>(*timeline_db, community_rules, live_from, metrics);
  // What is kept is read here and not by the stream, so that the first who comes back finds it.
  TRY_ASSIGN(const std::vector<stream::Record> kept_facts,
             timeline_outbox->read(live_from.offset, kept));
  live->consume(kept_facts);
  stream->add_memory_view(clock_watch, {});
  stream->add_memory_view(home, {Position{timeline_outbox->origin(), timeline_offset}});
  stream->add_memory_view(*live, {main_end, Position{timeline_outbox->origin(), timeline_offset}});
  timeline =
      std::make_unique<timeline::Timeline>(timeline::TimelineParts{.writer = *journal,
                                                                   .ids = *ids,
                                                                   .stream = *stream,
                                                                   .keys = recent_keys,
                                                                   .rules = community_rules,
                                                                   .clock = io::system_clock()});
  empathies = std::make_unique<empathy::Empathies>(*journal, *ids, *stream);
  notifications =
      std::make_unique<notification::Notifications>(*journal, *ids, *stream, *notification_db);
  follows = std::make_unique<timeline::Follows>(*journal, *ids, *stream);
  return {};
}

Result<bool> ServerNode::start(const std::function<bool()>& is_ending) {
  TRY(stream->start());
  for (std::int64_t waited_ms = 0; !stream->drain(drain_wait_ms);) {
    if (is_ending()) return false;
    waited_ms += drain_wait_ms;
    if (waited_ms % drain_report_ms != 0) continue;
    for (const stream::ApplierStatus& status : stream->status())
      log::info("matsuri", "applying what the journal holds",
                {{"view", status.view}, {"lag", status.lag}, {"trouble", status.trouble}});
  }
  TRY(timeline_db->read_and_wait(
      [this](sql::Connection& connection) { return recent_keys.load(connection); }));
  TRY(timeline_db->read_and_wait(
      [this](sql::Connection& connection) { return plaza.load(connection); }));
  if (settler == nullptr) return true;
  settler->start();
  // Where inboxes are is known when the journal is applied.
  open_agent();
  follower = std::make_unique<JournalFollower>(
      *stream, [this] { return closure_journals(io::posix_files(), config); });
  return true;
}

void ServerNode::stop() {
  follower.reset();
  agent.reset();
  if (settler != nullptr) settler->stop();
  // Before the feed, which hears of what it answers; and it answers on threads of the server's, and
  // to trades, which have to be quiet by then.
  if (trades != nullptr) trades->stop();
  history.reset();  // asks the sequencer where arenas are
  if (points_keeper != nullptr) points_keeper->stop();
  sequencer.reset();
  trades.reset();
  points_keeper.reset();
  ledger.reset();
  feed.reset();
  boards.reset();
  if (stream == nullptr) return;
  stream->drain(1'000);
  stream->stop();
  if (accounts != nullptr) {
    const Result<void> flushed = accounts->flush_seen();
    if (!flushed.ok())
      log::warn("matsuri", "last-seen times not written", {{"error", flushed.error().to_string()}});
  }
}

}  // namespace matsuri
