#include "options.h"

#include <CLI/CLI.hpp>

#include "base/sentence.h"
#include "base/time.h"
#include "io/file.h"
#include "ticket/keys.h"

namespace matsuri {
namespace {

void add_broadcast(CLI::App& app, Options& options) {
  app.set_config("--settings", "", "File with options, as NAME = \"VALUE\"; SIGHUP reads it again")
      ->envname("MATSURI_CHECKIN_SETTINGS");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--keys", options.keys, "File with the keys of passes and tickets")
      ->envname("MATSURI_CHECKIN_KEYS");
  app.add_option("--start", options.start,
                 "When the programme begins in the studio, like 2026-12-01T21:00:00+09:00 "
                 "(default: what it was built with)")
      ->envname("MATSURI_CHECKIN_START");
  const char* const variables[closure::path_count] = {"MATSURI_CHECKIN_DELAY_TERRESTRIAL",
                                                      "MATSURI_CHECKIN_DELAY_CABLE",
                                                      "MATSURI_CHECKIN_DELAY_STREAM"};
  for (std::size_t i = 0; i < closure::path_count; ++i)
    app.add_option("--delay-" + std::string(closure::path_names[i]), options.delay_ms[i],
                   "Milliseconds from the studio to viewers on this path")
        ->envname(variables[i]);
  app.add_option("--inbox", options.inbox, "As CGI: the file that records are appended to")
      ->envname("MATSURI_CHECKIN_INBOX");
}

void add_commands(CLI::App& app, Options& options) {
  CLI::App* const serve = app.add_subcommand("serve", "Serve over HTTP until SIGINT or SIGTERM");
  serve->add_option("--data", options.data, "Folder for the journal of check-ins")->required();
  serve->add_option("--listen", options.listen, "HOST:PORT")->capture_default_str();
  serve->add_option("--threads", options.thread_count, "Event loops; 0: one a core");
  serve->add_option("--region", options.region, "Of the journal's ids")->check(CLI::Range(0, 7));
  serve
      ->add_option("--node", options.node,
                   "Of the journal's ids: no other closure or server has it in its region")
      ->capture_default_str()
      ->check(CLI::Range(0, 254));
  serve->callback([&options] { options.command = Command::serve; });
  app.add_subcommand("info", "Check the programme's data, and print what it holds")
      ->callback([&options] { options.command = Command::info; });
  CLI::App* const new_key = app.add_subcommand("new-key", "Print a new line for a keys file");
  new_key->add_option("ID", options.key_id, "1 to 255")->required()->check(CLI::Range(1, 255));
  new_key->callback([&options] { options.command = Command::new_key; });
  for (CLI::App* const command : app.get_subcommands({})) command->fallthrough();
  app.require_subcommand(1);
}

}  // namespace

Result<Options> read_options(int argc, const char* const* argv, bool is_cgi) {
  Options options;
  CLI::App app(
      "A programme that viewers check in to with a camera. As CGI it answers one request; the "
      "options then come from the environment.",
      "show.checkin");
  add_broadcast(app, options);
  if (!is_cgi) add_commands(app, options);
  try {
    // A server makes arguments of some queries (RFC 3875, 4.4): strangers wrote them.
    app.parse(is_cgi ? 1 : argc, argv);
    if (app.get_config_ptr()->count() > 0)
      options.settings = app.get_config_ptr()->results().front();
  } catch (const CLI::ParseError& error) {
    return Error(app.exit(error) == 0 ? Code::not_found : Code::invalid, "");
  }
  return options;
}

// CLI11 leaves out what the environment has wrong, files that are missing and numbers out of range:
// so these are looked at here.
Result<closure::Settings> read_settings(const Options& options, const program::Show& show) {
  if (!options.settings.empty())
    TRY(within("settings", io::posix_files().open(options.settings, io::OpenMode::read)));
  for (std::size_t i = 0; i < closure::path_count; ++i)
    if (options.delay_ms[i] < 0 || options.delay_ms[i] > closure::delay_ms_max)
      return Error(Code::invalid, sentence("--delay-", closure::path_names[i], ": 0 to ",
                                           closure::delay_ms_max, " milliseconds are taken"));
  if (options.keys.empty())
    return Error(Code::invalid, "a keys file is needed: --keys, or MATSURI_CHECKIN_KEYS");
  TRY_ASSIGN(const std::string text, within("keys", io::read_file(io::posix_files(), options.keys,
                                                                  ticket::keys_text_size_max)));
  TRY_ASSIGN(ticket::Keys keys, ticket::Keys::parse(text));
  closure::Broadcast broadcast{.start_unix_ms = show.about().start_unix_ms,
                               .delay_ms = options.delay_ms};
  if (!options.start.empty()) {
    const auto start = parse_rfc3339(options.start);
    if (!start)
      return Error(Code::invalid, "start: a time like 2026-12-01T21:00:00+09:00 is taken");
    broadcast.start_unix_ms = *start;
  }
  return closure::Settings{.keys = std::move(keys), .broadcast = broadcast};
}

}  // namespace matsuri
