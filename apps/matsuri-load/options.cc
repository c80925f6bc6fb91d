#include "options.h"

#include <CLI/CLI.hpp>

#include <charconv>

namespace matsuri {
namespace {

void add_crowd(CLI::App& app, Options& options) {
  app.add_option("--shape", options.shape,
                 "broadcast: 80 % in the first sixth; step: 10 times as "
                 "many in the middle third")
      ->capture_default_str()
      ->check(CLI::IsMember({"broadcast", "step"}));
  app.add_option("--trace", options.trace,
                 "Instead: a file with a number a line, how many come in each second; - is the "
                 "standard input")
      ->excludes("--shape");
  app.add_option("--seconds", options.seconds, "How long viewers come")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 86'400.0));
  app.add_option("--viewers", options.viewer_count, "How many come")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--other-channel", options.shares.other_channel,
                 "Share of those who film another channel")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--replayed", options.shares.replayed,
                 "Share of those who send what another viewer has filmed")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--forged", options.shares.forged, "Share of those who change their ticket")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--again", options.again_count,
                 "How often viewers come again who are told that the server is busy")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_option("--seed", options.seed, "Of chance: who comes when, and how phones are held")
      ->capture_default_str();
}

void add_server(CLI::App& app, Options& options) {
  app.add_option("--url", options.url, "http://ADDRESS:PORT of a server, or of a closure alone")
      ->capture_default_str();
  app.add_option("--programme", options.programme, "The closure, or its data: what viewers film")
      ->required();
  app.add_option("--start", options.start,
                 "When it began, like 2026-12-01T21:00:00+09:00 (default: what it was built with)");
  app.add_option("--delay", options.delay_ms, "Milliseconds from the studio to viewers' TVs")
      ->check(CLI::Range(0, 120'000));
  auto* const tokens = app.add_option("--tokens", options.tokens,
                                      "A file with a viewer's bearer token on each line");
  auto* const keys =
      app.add_option("--keys", options.keys, "Instead: check-in's keys, to sign viewer passes with")
          ->excludes(tokens);
  app.add_flag("--sign-tickets", options.signs_tickets,
               "Sign tickets too, instead of asking for them: a viewer sends one request")
      ->needs(keys);
  app.add_option("--connections", options.connection_count, "At most, at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 50'000));
  app.add_option("--out", options.out, "File for the figures as JSON rows (default: printed)");
  app.add_option("--svg", options.svg, "File for a picture of the seconds and of the times");
}

}  // namespace

Result<Options> read_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(
      "Viewers of a programme who check in, each at the moment that was planned, whatever becomes "
      "of those before. For servers of one's own.",
      "matsuri-load");
  add_server(app, options);
  add_crowd(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Error(app.exit(error) == 0 ? Code::not_found : Code::invalid, "");
  }
  return options;
}

Result<traffic::ClientOptions> server_of(const Options& options) {
  constexpr std::string_view scheme = "http://";
  traffic::ClientOptions server{.connection_count = options.connection_count};
  std::string_view rest = options.url;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  const Error wrong(Code::invalid, "url: http://ADDRESS:PORT is taken");
  if (!rest.starts_with(scheme) || colon < scheme.size()) return wrong;
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), server.port);
  if (fault != std::errc() || end != port.data() + port.size()) return wrong;
  server.host = rest.substr(scheme.size(), colon - scheme.size());
  return server;
}

}  // namespace matsuri
