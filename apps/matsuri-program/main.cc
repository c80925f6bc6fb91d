// `matsuri program …`: the builder of programmes. A program of its own, started by `matsuri`,
// because a server must not have the decoders of all videos in its process.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/time.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/process.h"
#include "io/progress_bar.h"
#include "program_builder/build.h"
#include "program_builder/link.h"
#include "program_builder/report.h"

namespace matsuri {
namespace {

namespace builder = program_builder;

struct Arguments {
  std::string video, title, start, windows, library, out, cache, closure;
  int thread_count = 0;
  bool data_alone = false;
};

class Console final : public builder::Observer {
 public:
  void progressed(builder::Stage stage, double part) override {
    if (!bar_.is_due()) return;
    bar_.show(part, stage == builder::Stage::reading    ? "reading"
                    : stage == builder::Stage::decoding ? "decoding"
                                                        : "comparing");
  }
  bool wants_stop() override { return io::was_interrupted(); }
  void clear() { bar_.clear(); }

 private:
  io::ProgressBar bar_{io::system_clock()};
};

// Where results are kept unless told: as the XDG base directories have it. Empty: nowhere.
std::string usual_cache() {
  if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return std::string(cache) + "/matsuri/programs";
  const char* const home = std::getenv("HOME");
  return home == nullptr || *home != '/' ? "" : std::string(home) + "/.cache/matsuri/programs";
}

// The closure's object lies beside this program.
std::string usual_closure() { return io::folder_of(io::own_path()) + "/closure.o"; }

Result<int> build(const Arguments& arguments) {
  const auto start = parse_rfc3339(arguments.start);
  if (!start) return Error(Code::invalid, "--start: expected a time as 2026-12-01T21:00:00+09:00");
  io::FileSystem& files = io::posix_files();
  TRY_ASSIGN(const bool has_closure, files.exists(arguments.closure));
  if (!arguments.data_alone && !has_closure)
    return Error(Code::not_found, arguments.closure +
                                      " is not there: --closure says where it is, and --data asks "
                                      "for the programme's data alone");
  io::ask_on_signals();
  Console console;
  const auto built = builder::build({.video = arguments.video,
                                     .title = arguments.title,
                                     .start_unix_ms = *start,
                                     .windows = arguments.windows,
                                     .library = arguments.library,
                                     .cache = arguments.cache,
                                     .thread_count = arguments.thread_count},
                                    files, console);
  console.clear();
  if (!built.ok()) return built.error();

  std::string out = arguments.out;
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  TRY(files.make_folders(out));
  const std::string report = out + "/report.html";
  const Bytes data = program::bytes_of(built->data);
  const std::string show = out + (arguments.data_alone ? "/show.data" : "/show.checkin");
  if (arguments.data_alone)
    TRY(io::replace_file(files, show, data));
  else
    TRY(builder::link_closure(arguments.closure, data, show));
  TRY(io::replace_file(files, report, as_bytes(builder::to_html(*built))));
  std::fputs(builder::to_text(*built).c_str(), stdout);
  std::printf("%s\n%s\n", show.c_str(), report.c_str());
  return 0;
}

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("VIDEO", arguments.video, "The master: any container, any codec")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--title", arguments.title, "What people read")->required();
  app.add_option("--start", arguments.start,
                 "When it begins unless told otherwise: 2026-12-01T21:00:00+09:00")
      ->required();
  app.add_option("--windows", arguments.windows, "TOML file; see docs/formats/windows.md")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--library", arguments.library, "Folder of earlier programmes")
      ->check(CLI::ExistingDirectory);
  app.add_option("--out", arguments.out, "Folder for show.checkin and report.html")->required();
  app.add_option("--cache", arguments.cache, "Folder for what a later build needs not find again")
      ->default_val(usual_cache());
  app.add_option("--closure", arguments.closure, "The prebuilt object")
      ->default_val(usual_closure());
  app.add_flag("--data", arguments.data_alone,
               "Write show.data, the programme's data alone, and no closure");
  app.add_option("--threads", arguments.thread_count, "How many to use")
      ->default_val(std::max(1U, std::thread::hardware_concurrency()))
      ->check(CLI::Range(1, 64));
}

// Exit statuses as those of `matsuri`: 0 done, 1 failed, 2 wrong usage.
int run(int argc, char** argv) {
  CLI::App app("Programmes that viewers can check in to", "matsuri program");
  app.require_subcommand(1);
  Arguments arguments;
  add_options(*app.add_subcommand("build", "Make a programme's closure from its video"), arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  }
  const Result<int> result = build(arguments);
  if (result.ok()) return *result;
  std::fprintf(stderr, "matsuri: %s\n", result.error().message().c_str());
  return result.error().code() == Code::invalid ? 2 : 1;
}

}  // namespace
}  // namespace matsuri

int main(int argc, char** argv) { return matsuri::run(argc, argv); }
