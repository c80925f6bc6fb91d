// `matsuri import`: the files through the importer, with what a person at a terminal wants to see.
#include <cinttypes>
#include <cstdio>
#include <string>

#include "commands.h"
#include "import/importer.h"
#include "io/clock.h"
#include "io/process.h"
#include "io/progress_bar.h"

namespace matsuri {
namespace {

constexpr int status_refused = 3;  // docs/formats/import.md

class Console final : public imports::Observer {
 public:
  explicit Console(io::Clock& clock) : bar_(clock) {}

  void refused(const std::string& file, std::uint64_t line,
               const imports::Refusal& refusal) override {
    clear();
    std::fprintf(stderr, "%s:%" PRIu64 ": %s: %s\n", file.c_str(), line,
                 std::string(name_of(refusal.code)).c_str(), refusal.detail.c_str());
  }

  void progressed(const imports::Progress& progress) override {
    if (!bar_.is_due()) return;
    const double part = progress.size_total == 0 ? 1
                                                 : static_cast<double>(progress.size_done) /
                                                       static_cast<double>(progress.size_total);
    bar_.show(part, describe(progress, part));
  }

  bool wants_stop() override { return io::was_interrupted(); }

  void clear() const { bar_.clear(); }

 private:
  std::string describe(const imports::Progress& progress, double part) const {
    const double seconds = bar_.seconds();
    const auto lines = static_cast<double>(progress.summary.line_count);
    char text[256];
    int size = std::snprintf(text, sizeof text, "%.0f lines, %.0f/s", lines,
                             seconds > 0 ? lines / seconds : 0);
    std::string all(text, static_cast<std::size_t>(size));
    if (progress.stage == imports::Stage::reading && part > 0 && part < 1) {
      size = std::snprintf(text, sizeof text, ", %.0f s left", bar_.seconds_left(part));
      all.append(text, static_cast<std::size_t>(size));
    } else if (progress.stage != imports::Stage::reading) {
      all += ", " + std::to_string(progress.lag_count) + " to apply";
    }
    if (!progress.trouble.empty()) all += " (waiting: " + progress.trouble + ')';
    return all;
  }

  io::ProgressBar bar_;
};

// "12 people, 3 titles": what there is none of is not said.
std::string taken_of(const imports::Summary& summary) {
  const std::pair<std::uint64_t, const char*> counts[] = {
      {summary.user_count, "people"},           {summary.title_count, "titles"},
      {summary.community_count, "communities"}, {summary.post_count, "posts"},
      {summary.comment_count, "comments"},      {summary.follow_count, "follows"},
      {summary.empathy_count, "empathies"}};
  std::string text;
  for (const auto& [count, name] : counts) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + name;
  }
  return text.empty() ? "nothing" : text;
}

void print(const imports::Summary& summary) {
  std::printf("%" PRIu64 " lines: %s taken, %" PRIu64 " known already, %" PRIu64 " refused\n",
              summary.line_count, taken_of(summary).c_str(), summary.known_count,
              summary.refused_count());
  if (summary.made_handle_count > 0)
    std::printf("%" PRIu64 " people got a made handle\n", summary.made_handle_count);
  for (std::size_t code = 0; code < imports::refusal_code_count; ++code)
    if (summary.refused[code] > 0)
      std::printf("  %s: %" PRIu64 "\n",
                  std::string(name_of(static_cast<imports::RefusalCode>(code))).c_str(),
                  summary.refused[code]);
  if (summary.quarantined_count > 0)
    std::printf("%" PRIu64 " records are in quarantine: `matsuri requeue` lists them\n",
                summary.quarantined_count);
}

}  // namespace

Result<int> run_import(const Config& config, const std::vector<std::string>& files) {
  io::ask_on_signals();  // it ends where what is under way is durable
  TRY_ASSIGN(const std::unique_ptr<ServerNode> node, ServerNode::open(config, NodeUse::import));
  // What journals hold is applied by the importer, which shows it and hears a signal meanwhile.
  TRY(node->stream->start());
  Console console(io::system_clock());
  imports::Importer importer({.accounts = *node->accounts,
                              .standings = *node->standings,
                              .communities = *node->communities,
                              .directory = node->community_directory,
                              .main_db = *node->main_db,
                              .timeline_db = *node->timeline_db,
                              .empathy_db = *node->empathy_db,
                              .journal = *node->import_journal,
                              .stream = *node->stream,
                              .clock = io::system_clock(),
                              .region = config.region});
  const auto summary = importer.run(files, console);
  console.clear();
  node->stop();
  if (!summary.ok()) return summary.error();
  print(summary.value());
  if (!summary.value().is_complete)
    return Error(Code::busy,
                 "stopped before the end: the same command goes on where this one stopped");
  const bool is_whole =
      summary.value().refused_count() == 0 && summary.value().quarantined_count == 0;
  return is_whole ? 0 : status_refused;
}

}  // namespace matsuri
