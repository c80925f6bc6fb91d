#include "serve.h"

#include <signal.h>

#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "closure/routes.h"
#include "http/server.h"
#include "io/process.h"

namespace matsuri {
namespace {

void log_settings(const char* message, const closure::Settings& settings) {
  const auto& delay_ms = settings.broadcast.delay_ms;
  log::info("closure", message,
            {{"start", to_rfc3339(settings.broadcast.start_unix_ms)},
             {"delay_terrestrial_ms", delay_ms[0]},
             {"delay_cable_ms", delay_ms[1]},
             {"delay_stream_ms", delay_ms[2]},
             {"signing_key", settings.keys.signing_id()}});
}

// Until a signal ends it.
void follow_signals(const sigset_t& signals, closure::Service& service,
                    const std::function<Result<closure::Settings>()>& read_again) {
  for (;;) {
    int number = 0;
    MATSURI_ASSERT(sigwait(&signals, &number) == 0);
    if (number != SIGHUP) return;
    Result<closure::Settings> settings = read_again();
    if (!settings.ok()) {
      log::error("closure", "the settings are left as they were",
                 {{"error", settings.error().to_string()}});
      continue;
    }
    log_settings("settings changed", *settings);
    service.change(std::move(settings).value());
  }
}

}  // namespace

Result<void> serve(const Options& options, const program::Show& show, closure::Settings settings,
                   const std::function<Result<closure::Settings>()>& read_again) {
  const sigset_t signals = io::block_signals({SIGINT, SIGTERM, SIGHUP});
  io::raise_file_limit();
  metrics::Registry metrics;
  TRY(io::posix_files().make_folders(options.data));
  TRY_ASSIGN(const auto journal,
             journal::Writer::open({.folder = options.data + "/journal",
                                    .region = static_cast<Region>(options.region),
                                    .node = static_cast<Node>(options.node),
                                    .metrics = &metrics}));
  TRY_ASSIGN(const auto ids, journal::IdMaker::open({.path = options.data + "/ids",
                                                     .region = static_cast<Region>(options.region),
                                                     .node = static_cast<Node>(options.node)}));
  log_settings("settings", settings);
  closure::Service service({.show = show}, std::move(settings));
  http::Router router;
  closure::add_routes(router,
                      {.service = service, .journal = *journal, .ids = *ids, .metrics = metrics});
  TRY_ASSIGN(const http::Address address, http::parse_address(options.listen));
  TRY_ASSIGN(const auto server, http::Server::listen({.host = address.host,
                                                      .port = address.port,
                                                      .thread_count = options.thread_count,
                                                      .metrics = &metrics},
                                                     router));
  server->start();
  log::info("closure", "serving",
            {{"programme", show.about().programme}, {"port", server->port()}});
  follow_signals(signals, service, read_again);
  log::info("closure", "stopping");
  server->stop();
  return {};
}

}  // namespace matsuri
