#include "serve.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

#include "account/routes.h"
#include "analytics/routes.h"
#include "analytics/runs.h"
#include "base/assert.h"
#include "base/log.h"
#include "board/routes.h"
#include "broadcast/attendance_routes.h"
#include "broadcast/routes.h"
#include "checkin/routes.h"
#include "commands.h"
#include "community/routes.h"
#include "databases.h"
#include "empathy/routes.h"
#include "face/routes.h"
#include "game/history_routes.h"
#include "game/play_routes.h"
#include "game/routes.h"
#include "game/socket_routes.h"
#include "game/trade_routes.h"
#include "http/router.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/process.h"
#include "node.h"
#include "notification/routes.h"
#include "ops/routes.h"
#include "ops/upkeep.h"
#include "points/routes.h"
#include "points/trade_leg.h"
#include "posts.h"
#include "stream/routes.h"
#include "support/routes.h"
#include "timeline/routes.h"
#include "titles.h"
#include "tls/certificate.h"
#include "tls/front.h"
#include "web_assets.h"

namespace matsuri {
namespace {

// Lets http wait for positions without knowing the stream.
class StreamPositionWaiter final : public http::PositionWaiter {
 public:
  explicit StreamPositionWaiter(stream::Stream& stream) : stream_(stream) {}
  bool has_passed(const PositionSet& position) override { return stream_.has_passed(position); }
  void wait(const PositionSet& position, std::int64_t timeout_ms,
            std::move_only_function<void(bool)> done) override {
    stream_.when_passed(position, timeout_ms, std::move(done));
  }

 private:
  stream::Stream& stream_;
};

// Whether one of them has come and waits to be taken.
bool is_pending(const sigset_t& signals) {
  sigset_t pending;
  sigemptyset(&pending);
  MATSURI_ASSERT(sigpending(&pending) == 0);
  return (sigismember(&signals, SIGINT) == 1 && sigismember(&pending, SIGINT) == 1) ||
         (sigismember(&signals, SIGTERM) == 1 && sigismember(&pending, SIGTERM) == 1);
}

// Ends the process where stopping takes too long: a database that does not answer must not keep us
// from going. Nothing is lost by that: what was answered is durable, and the next start applies it.
class StopLimit {
 public:
  StopLimit() : thread_([this] { run(); }) {}
  ~StopLimit() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    over_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    if (over_.wait_for(lock, stop_limit, [this] { return is_over_; })) return;
    log::warn("matsuri", "stopped before all was applied: the next start goes on with it");
    std::fflush(nullptr);
    _exit(0);
  }

  static constexpr auto stop_limit = std::chrono::milliseconds(9'500);

  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

bool is_loopback(std::string_view host) {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options = config.limits;
  options.host = config.tls_self_signed ? "127.0.0.1" : config.host;
  options.port = config.tls_self_signed ? 0 : config.port;
  options.thread_count = config.thread_count;
  options.behind_tls = config.behind_tls;
  options.trusted_proxies = config.trusted_proxies;
  const WebAssets assets = web_assets();
  options.static_files.assign(assets.files.begin(), assets.files.end());
  options.page_routes.assign(assets.page_routes.begin(), assets.page_routes.end());
  return options;
}

std::vector<ops::UpkeepDatabase> upkeep_databases(ServerNode& node) {
  std::vector<ops::UpkeepDatabase> databases;
  for (const DatabaseKind& kind : database_kinds()) {
    ops::UpkeepDatabase database{.outbox = *(node.*kind.outbox), .has_view = kind.view != nullptr};
    if (kind.clean_up != nullptr)
      database.clean_up = [&node, clean_up = kind.clean_up](std::int64_t now_unix_ms) {
        return clean_up(node, now_unix_ms);
      };
    databases.push_back(std::move(database));
  }
  return databases;
}

std::vector<stream::CommandView> command_views(ServerNode& node) {
  std::vector<stream::CommandView> views;
  for (const DatabaseKind& kind : database_kinds())
    if (kind.view != nullptr)
      views.push_back({.name = kind.view(node)->name(), .outbox = *(node.*kind.outbox)});
  return views;
}

std::vector<std::string> remarks_of(const ServerNode& node) {
  std::vector<std::string> remarks = node.clock_watch.remarks();
  for (const auto* replicas : {node.replicas.get(), node.log_replicas.get()})
    if (replicas != nullptr) std::ranges::move(replicas->remarks(), std::back_inserter(remarks));
  return remarks;
}

// What clients connect to where the server is to speak TLS; null where it is not.
Result<std::unique_ptr<tls::Front>> open_front(const Config& config, const DataFolder& folder,
                                               std::uint16_t plain_port) {
  if (!config.tls_self_signed) return nullptr;
  TRY_ASSIGN(tls::Certificate certificate,
             tls::self_signed(io::posix_files(), folder.certificate(), tls::own_names(),
                              io::system_clock().unix_ms()));
  log::info("matsuri", "browsers ask whether this certificate is trusted",
            {{"sha256", certificate.fingerprint}});
  return tls::Front::listen({.host = config.host,
                             .port = config.port,
                             .plain_port = plain_port,
                             .pem = std::move(certificate.pem)});
}

void log_start(const Config& config, std::uint16_t port) {
  const std::string_view scheme = config.tls_self_signed ? "https://" : "http://";
  log::info("matsuri", "serving",
            {{"url", std::string(scheme) + config.host + ':' + std::to_string(port)},
             {"data", config.data}});
  if (!config.behind_tls && !is_loopback(config.host))
    log::warn(
        "matsuri",
        "plain HTTP on an address that others can reach: sessions can be read on the way. Put "
        "a proxy with TLS in front, and set behind_tls = true");
}

// A title as the API shows it.
std::function<std::optional<std::string>(TitleId)> title_json_of(const Titles& titles) {
  return [&titles](TitleId title) -> std::optional<std::string> {
    auto shown = titles.find(title);
    if (!shown) return std::nullopt;
    return std::move(shown->json);
  };
}

// All of them. What they refer to outlives the router.
void add_routes(http::Router& router, const Config& config, ServerNode& node, Posts& posts,
                Titles& titles, ops::Readiness& readiness) {
  account::add_routes(router, {.accounts = *node.accounts,
                               .db = *node.main_db,
                               .signer = *node.signer,
                               .clock = io::system_clock(),
                               .behind_tls = config.behind_tls});
  face::add_routes(router);
  community::add_routes(
      router, {.communities = *node.communities, .db = *node.main_db, .people = *node.directory});
  timeline::add_routes(router, {.timeline = *node.timeline,
                                .live = *node.live,
                                .db = *node.timeline_db,
                                .directory = *node.directory,
                                .rules = node.community_rules,
                                .rankings = node.rankings,
                                .follows = *node.follows,
                                .home = node.home,
                                .plaza = node.plaza,
                                .titles = titles,
                                .drawers = *node.drawers,
                                .empathies = &posts});
  empathy::add_routes(router,
                      {.empathies = *node.empathies, .posts = posts, .db = *node.empathy_db});
  notification::add_routes(
      router, {.notifications = *node.notifications, .posts = posts, .db = *node.notification_db});
  game::add_routes(router, {.titles = *node.game_titles,
                            .directory = node.game_directory,
                            .gate = *node.game_gate,
                            .commands = *node.commands,
                            .feed = *node.feed,
                            .db = *node.main_db,
                            .signer = *node.signer,
                            .standings = *node.standings,
                            .clock = io::system_clock()});
  game::add_socket_route(router, {.directory = node.game_directory,
                                  .gate = *node.game_gate,
                                  .commands = *node.commands,
                                  .clock = io::system_clock()});
  game::add_trade_routes(router, {.trades = *node.trades,
                                  .directory = node.game_directory,
                                  .gate = *node.game_gate,
                                  .people = *node.directory,
                                  .make_points = points::make_trade_leg});
  game::add_history_routes(router, {.history = *node.history,
                                    .titles = *node.game_titles,
                                    .directory = node.game_directory,
                                    .gate = *node.game_gate});
  board::add_routes(router,
                    {.definitions = *node.board_definitions,
                     .boards = *node.boards,
                     .gate = *node.game_gate,
                     .has_title = [&node](TitleId title) { return node.game_titles->has(title); },
                     .db = *node.main_db});
  game::add_play_route(
      router,
      {.db = *node.main_db, .directory = node.game_directory, .title_json = title_json_of(titles)});
  points::add_routes(router,
                     {.ledger = *node.ledger,
                      .keeper = *node.points_keeper,
                      .gate = *node.game_gate,
                      .people = *node.directory,
                      .sequencer = *node.sequencer,
                      .db = *node.main_db,
                      .shards = node.shard_dbs(),
                      .has_title = [&node](TitleId title) { return node.has_title(title); }});
  checkin::add_routes(router, *node.checkin_db);
  support::add_routes(router, {.main = *node.main_db,
                               .timeline = *node.timeline_db,
                               .logs = node.log_reader.dbs,
                               .clock = io::system_clock(),
                               .title_json = title_json_of(titles)});
  stream::add_routes(router, *node.stream, command_views(node));
  ops::add_routes(router, {.readiness = readiness,
                           .journal = *node.journal,
                           .ids = *node.ids,
                           .stream = *node.stream,
                           .metrics = node.metrics,
                           .remarks = [&node] { return remarks_of(node); }});
}

}  // namespace

Result<void> serve(const Config& config) {
  const sigset_t signals = io::block_signals({SIGINT, SIGTERM});
  io::raise_file_limit();
  std::optional<StopLimit> limit;  // Outlives the node: taking that apart counts as stopping.
  TRY_ASSIGN(const std::unique_ptr<ServerNode> node, ServerNode::open(config, NodeUse::serve));
  TRY_ASSIGN(const std::unique_ptr<sql::Db> analytics_db, open_analytics(config, &node->metrics));
  analytics::Runs runs(
      {.log = node->log_reader.dbs,
       .own = *analytics_db,
       .clock = io::system_clock(),
       .zone = config.analytics_zone,
       .minute_of_day = config.analytics_minute,
       .metrics = &node->metrics,
       .as_of_ms = [&node = *node] { return node.log_as_of_ms(); },
       .on_as_of_ms = [&node = *node](std::int64_t as_of_ms) { node.analysed_to_ms = as_of_ms; }});
  TRY_ASSIGN(const std::unique_ptr<broadcast::Programmes> programmes,
             broadcast::Programmes::open({.folder = node->folder.programmes(),
                                          .keys = node->folder.keys() + "/checkin.keys",
                                          .region = config.region}));
  ops::Readiness readiness;
  account::CredentialAuthenticator authenticator(*node->signer, *node->standings, *node->accounts,
                                                 config.behind_tls);
  StreamPositionWaiter waiter(*node->stream);

  Posts posts(*node->timeline_db, node->home, *node->empathy_db);
  Titles titles(node->community_directory);
  http::Router router;
  add_routes(router, config, *node, posts, titles, readiness);
  analytics::add_routes(router, {.runs = runs,
                                 .db = *analytics_db,
                                 .zone = config.analytics_zone,
                                 .gate = *node->game_gate,
                                 .clock = io::system_clock(),
                                 .title_json = title_json_of(titles)});

  broadcast::add_routes(router, *programmes, io::system_clock());
  broadcast::add_attendance_route(router, {.programmes = *programmes,
                                           .checkin = *node->checkin_db,
                                           .stream = *node->stream,
                                           .sequencer = *node->sequencer,
                                           .shards = node->shard_dbs(),
                                           .clock = io::system_clock()});

  http::ServerOptions options = server_options(config);
  options.authenticator = &authenticator;
  options.position_waiter = &waiter;
  options.metrics = &node->metrics;
  TRY_ASSIGN(const std::unique_ptr<http::Server> server,
             http::Server::listen(std::move(options), router));
  TRY_ASSIGN(const std::unique_ptr<tls::Front> front,
             open_front(config, node->folder, server->port()));
  const Result<bool> started = node->start([&] { return is_pending(signals); });
  if (!started.ok()) return started.error();
  if (!started.value()) {
    log::info("matsuri", "stopped while it started");
    limit.emplace();
    node->stop();
    return {};
  }
  ops::Upkeep upkeep({.accounts = *node->accounts,
                      .journal = *node->journal,
                      .stream = *node->stream,
                      .databases = upkeep_databases(*node),
                      .data = config.data,
                      .snapshot_folder = node->folder.snapshots(),
                      .journal_keep_size = config.journal_keep_size,
                      .clock = io::system_clock()});
  programmes->start();
  server->start();
  if (front) front->start();
  readiness.set(ops::Readiness::State::serving);
  log_start(config, front ? front->port() : server->port());

  int number = 0;
  MATSURI_ASSERT(sigwait(&signals, &number) == 0);
  log::info("matsuri", "stopping", {{"signal", number == SIGINT ? "SIGINT" : "SIGTERM"}});
  limit.emplace();
  readiness.set(ops::Readiness::State::draining);
  node->feed->drain();
  node->boards->drain();
  node->trades->drain();
  if (front) front->begin_stop();
  server->stop();
  programmes->stop();
  upkeep.stop();
  runs.stop();
  node->stop();
  log::info("matsuri", "stopped");
  return {};
}

}  // namespace matsuri
