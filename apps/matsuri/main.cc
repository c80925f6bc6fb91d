// The one binary: the server and every operator's command. Only the command line is read here.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "commands.h"
#include "config.h"
#include "io/process.h"
#include "serve.h"

namespace matsuri {
namespace {

// Exit statuses: 0 done, 1 failed, 2 wrong usage or configuration; commands may add their own.
int report(const Result<int>& result) {
  if (result.ok()) return result.value();
  std::fprintf(stderr, "matsuri: %s\n", result.error().message().c_str());
  return result.error().code() == Code::invalid ? 2 : 1;
}

// What the command line says, before the configuration file fills in the rest.
struct Arguments {
  std::string config;
  std::string data;
  std::string listen;
  std::string to, from, view, handle, role, position, slots, shard, day, closure;
  int node = -1;
  bool all = false, again = false, tls_self_signed = false;
  std::vector<std::string> files;
};

Result<Config> configure(const Arguments& arguments) {
  TRY_ASSIGN(Config config, read_config(arguments.config));
  set_data(config, arguments.data.empty() ? config.data : arguments.data);
  if (!arguments.listen.empty()) TRY(set_listen(config, arguments.listen));
  config.tls_self_signed = arguments.tls_self_signed;
  config.behind_tls = config.behind_tls || config.tls_self_signed;
  log::configure(config.log_level, config.log_format);
  return config;
}

using Command = Result<int> (*)(const Config&, const Arguments&);

// Adds a subcommand that every data folder has in common.
CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
              Arguments& arguments, Command command, Command& chosen) {
  CLI::App* const app = parent.add_subcommand(name, help);
  app->add_option("--data", arguments.data, "Folder with everything that is kept (default: data)")
      ->envname("MATSURI_DATA");
  app->add_option("--config", arguments.config, "TOML file; see docs/operations/run.md");
  app->callback([&chosen, command] { chosen = command; });
  return app;
}

void add_account(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* const account = app.add_subcommand("account", "Change accounts");
  account->require_subcommand(1);
  CLI::App* const role = add(
      *account, "role", "Give somebody a role, also beside a running server", arguments,
      [](const Config& config, const Arguments& given) {
        return run_account_role(config, given.handle, given.role);
      },
      chosen);
  role->add_option("NAME", arguments.handle, "The account's handle")->required();
  role->add_option("ROLE", arguments.role, "user, moderator, support or admin")->required();
}

void add_commands(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* const serving = add(
      app, "serve", "Serve until SIGINT or SIGTERM", arguments,
      [](const Config& config, const Arguments&) -> Result<int> {
        TRY(serve(config));
        return 0;
      },
      chosen);
  serving->add_option("--listen", arguments.listen, "HOST:PORT (default: 127.0.0.1:8080)")
      ->envname("MATSURI_LISTEN");
  serving->add_flag(
      "--tls-self-signed", arguments.tls_self_signed,
      "Speak https with a certificate of our own: for a trial, such as with a camera");

  add(
      app, "import", "Bring people and posts from files (docs/formats/import.md)", arguments,
      [](const Config& config, const Arguments& given) { return run_import(config, given.files); },
      chosen)
      ->add_option("FILE", arguments.files, "Newline-delimited JSON")
      ->required()
      ->check(CLI::ExistingFile);

  add_account(app, arguments, chosen);

  add(
      app, "raid", "Make the example game that /play shows, also beside a running server",
      arguments, [](const Config& config, const Arguments&) { return run_raid(config); }, chosen);

  add(
      app, "backup", "Copy everything, also beside a running server", arguments,
      [](const Config& config, const Arguments& given) { return run_backup(config, given.to); },
      chosen)
      ->add_option("--to", arguments.to, "Folder to make")
      ->required();

  CLI::App* const restore = add(
      app, "restore", "Make a data folder from a backup", arguments,
      [](const Config& config, const Arguments& given) {
        return run_restore(config, given.from, given.node);
      },
      chosen);
  restore->add_option("--from", arguments.from, "Folder that backup made")->required();
  restore->add_option("--node", arguments.node, "Node number, where the original goes on as well")
      ->check(CLI::Range(0, 254));

  add(
      app, "rebuild", "Make a view's database again, from snapshot and journal", arguments,
      [](const Config& config, const Arguments& given) { return run_rebuild(config, given.view); },
      chosen)
      ->add_option("VIEW", arguments.view, "timeline")
      ->required();

  CLI::App* const requeue = add(
      app, "requeue", "List quarantined records, or apply them again", arguments,
      [](const Config& config, const Arguments& given) {
        return run_requeue(config, given.position, given.all);
      },
      chosen);
  requeue->add_option("POSITION", arguments.position, "Of the record, as the list names it");
  requeue->add_flag("--all", arguments.all, "Every quarantined record");

  add(
      app, "doctor", "Check everything that is kept, and change nothing", arguments,
      [](const Config& config, const Arguments&) { return run_doctor(config); }, chosen);
}

void add_analytics(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* const analytics = add(
      app, "analytics", "Count what games did since the last run, also beside a running server",
      arguments,
      [](const Config& config, const Arguments& given) {
        return run_analytics(config, given.day, given.again);
      },
      chosen);
  analytics->add_option("--day", arguments.day, "Print this day, like 2026-11-26");
  analytics->add_flag("--again", arguments.again, "Count everything, from the first command on");
}

void add_shards(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* const shards = app.add_subcommand("shards", "Which shard of game state has what");
  shards->require_subcommand(1);
  add(
      *shards, "show", "Print the shards, the shard map, and what is wished of it", arguments,
      [](const Config& config, const Arguments&) { return run_shards_show(config); }, chosen);
  CLI::App* const move = add(
      *shards, "move", "Move slots to a shard, while a server runs", arguments,
      [](const Config& config, const Arguments& given) {
        return run_shards_move(config, given.slots, given.shard);
      },
      chosen);
  move->add_option("SLOTS", arguments.slots, "One, or the first and the last: 17 or 17-40")
      ->required();
  move->add_option("SHARD", arguments.shard, "Its number")->required();
  add(
      *shards, "drain", "Move all slots of a shard to the others, while a server runs", arguments,
      [](const Config& config, const Arguments& given) {
        return run_shards_drain(config, given.shard);
      },
      chosen)
      ->add_option("SHARD", arguments.shard, "Its number")
      ->required();
}

void add_program(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* const program = app.add_subcommand("program", "Programmes that viewers check in to");
  program->require_subcommand(1);
  // For the help alone: build_program() takes it before anything else is read.
  program->add_subcommand("build", "Make a programme's closure from its video");
  CLI::App* const added = add(
      *program, "add", "Have a programme served, also beside a running server", arguments,
      [](const Config& config, const Arguments& given) {
        return run_program_add(config, given.closure);
      },
      chosen);
  added->add_option("CLOSURE", arguments.closure, "The show.checkin that build made")
      ->required()
      ->check(CLI::ExistingFile);
}

// Programmes are built by a program of their own, which lies beside this one: it has the decoders
// of all videos in it, and a server must not.
int build_program(char** argv) {
  const std::string builder = io::own_path() + "-program";
  execv(builder.c_str(), argv + 1);
  return report(Error(Code::io, builder + " can't be started: " + std::strerror(errno)));
}

int run(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "program" && std::string_view(argv[2]) == "build")
    return build_program(argv);
  CLI::App app("Matsuri: a backend for crowds that arrive all at once", "matsuri");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("matsuri ") + MATSURI_VERSION);
  Arguments arguments;
  Command chosen = nullptr;
  add_commands(app, arguments, chosen);
  add_shards(app, arguments, chosen);
  add_analytics(app, arguments, chosen);
  add_program(app, arguments, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  }
  const Result<Config> config = configure(arguments);
  if (!config.ok()) return report(config.error());
  return report(chosen(config.value(), arguments));
}

}  // namespace
}  // namespace matsuri

int main(int argc, char** argv) { return matsuri::run(argc, argv); }
