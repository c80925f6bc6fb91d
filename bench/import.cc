// Imports by `matsuri import` with all views applied, beside raw SQLite that writes the same rows:
//
//   texts             people and posts of real texts
//   world             everything that people do in ten collections of real data, 3.1 million lines
//   *-cpu             CPU a line
//   world-rss         the most memory that the import had, beside 700 MB
//   world-people, …   lines of one kind a second: each kind is a file of its own, and an import
//
// The baseline has the rows of the first import ready in memory, in the order in which they were
// written. It checks nothing, and writes them with the settings of our databases: a transaction of
// full durability for as many lines as the importer takes together, in each database. Our side
// starts a process, reads and checks the files, makes ids, and goes through accounts, journal and
// stream. Both end with all files closed.
//
// Where the real data is not there, made lines stand for it, and say less.
//
// Starts: matsuri
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/copied_rows.h"
#include "bench/program.h"
#include "bench/report.h"
#include "bench/scratch.h"

namespace matsuri::bench {
namespace {

// Lines that the importer takes together.
constexpr std::size_t batch_count = 8192;

// In the order in which files of one kind each can be imported: a line names only what is above it.
struct Kind {
  std::string_view name;  // in a line
  std::string_view shown;
};
constexpr std::array<Kind, 7> kinds = {{{"user", "people"},
                                        {"title", "titles"},
                                        {"community", "communities"},
                                        {"post", "posts"},
                                        {"comment", "comments"},
                                        {"follow", "follows"},
                                        {"empathy", "empathies"}}};
using Counts = std::array<std::int64_t, kinds.size()>;

// Files of the import format.
struct Lines {
  std::vector<std::string> files;
  Counts counts{};
  std::string made;  // ", made" where nobody's

  std::int64_t count() const {
    std::int64_t sum = 0;
    for (const std::int64_t one : counts) sum += one;
    return sum;
  }
};

std::size_t kind_of(std::string_view line) {
  constexpr std::string_view head = R"({"kind":")";
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    if (line.starts_with(head) && line.substr(head.size()).starts_with(kinds[kind].name))
      return kind;
  give_up("a line of no known kind: " + std::string(line.substr(0, 80)));
}

template <class Take>
void for_each_line(const std::vector<std::string>& files, Take take) {
  for (const std::string& path : files) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) take(line);
  }
}

Lines count_lines(std::vector<std::string> files, std::string made = {}) {
  Lines lines{.files = std::move(files), .made = std::move(made)};
  for_each_line(lines.files, [&](std::string_view line) { ++lines.counts[kind_of(line)]; });
  return lines;
}

// People who post, and with `is_world` follow, comment and feel empathy. Words without meaning.
Lines make_lines(const std::string& path, std::int64_t count, bool is_world) {
  std::ofstream out(path);
  std::uint64_t state = 1;
  const auto random = [&](std::int64_t bound) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int64_t>((state >> 33) % static_cast<std::uint64_t>(bound));
  };
  const auto begin = [&](std::string_view kind, std::int64_t id, std::int64_t minute) {
    out << R"({"kind":")" << kind << R"(","source":"made","id":")" << id << R"(","created_at":)"
        << 1'500'000'000'000 + minute * 60'000;
  };
  for (std::int64_t id = 1; id <= count; ++id) {
    begin("user", id, id);
    out << R"(,"handle":"made_)" << id << R"(","name":"Player )" << id << "\"}\n";
    begin("post", id, id);
    out << R"(,"author":")" << id << R"(","community":"1","language":"en","text":")" << id;
    for (std::int64_t word = 5 + random(30); word > 0; --word)
      out << ' '
          << std::string(static_cast<std::size_t>(2 + random(6)),
                         static_cast<char>('a' + random(26)));
    out << "\"}\n";
    if (!is_world || id == 1) continue;
    const std::int64_t other = 1 + random(id - 1);
    begin("comment", id, id);
    out << R"(,"author":")" << id << R"(","post":")" << other << R"(","text":"So it is."})" << '\n';
    begin("follow", id, id);
    out << R"(,"account":")" << id << R"(","target":")" << other << "\"}\n";
    begin("empathy", id, id);
    out << R"(,"account":")" << id << R"(","post":")" << other << "\"}\n";
  }
  out.close();
  return count_lines({path}, ", made");
}

std::string data_folder() {
  const char* shared = std::getenv("MATSURI_SHARED");
  return std::string(shared == nullptr ? "../shared" : shared) + "/data";
}

bool is_there(const std::string& path) {
  if (std::filesystem::exists(path)) return true;
  say("bench import: " + path +
      " is not there: made lines instead (MATSURI_SHARED names the "
      "folder)");
  return false;
}

void convert(const std::string& arguments) {
  const std::string command = "python3 tools/datasets/convert.py " + arguments;
  if (std::system(command.c_str()) != 0) give_up("failed: " + command);
}

Lines prepare_texts(const std::string& folder, bool quick) {
  constexpr std::pair<const char*, const char*> collections[] = {
      {"ja-tweets", "texts_ja_tweets/koume_tweets_dev.ndjson.zst"},
      {"steam-multilang", "texts_steam_multilang/steam_reviews_dev.ndjson.zst"},
      {"steam-en", "texts_steam_en/steam_reviews_en.ndjson.zst"},
  };
  std::vector<std::string> files;
  for (const auto& [collection, place] : collections) {
    if (quick && files.size() == 2) break;
    const std::string path = data_folder() + '/' + place;
    if (!is_there(path)) return make_lines(folder + "/made.ndjson", quick ? 4000 : 32'000, false);
    files.push_back(folder + '/' + collection + ".ndjson");
    convert(std::string(collection) + " '" + path + "' > '" + files.back() + "'");
  }
  return count_lines(std::move(files));
}

Lines prepare_world(const std::string& folder, bool quick) {
  if (!is_there(data_folder()))
    return make_lines(folder + "/made.ndjson", quick ? 2000 : 200'000, true);
  convert("world '" + data_folder() + "' '" + folder + "/world'" + (quick ? " --limit 400" : ""));
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/world"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return count_lines(std::move(files));
}

// What must be in the databases where all lines of a kind are in effect.
constexpr std::pair<std::size_t, const char*> totals[] = {
    {0, "SELECT COUNT(*) FROM main.account"},
    {0, "SELECT COUNT(*) FROM timeline.author"},
    {0, "SELECT COUNT(*) FROM empathy.person"},
    {0, "SELECT COUNT(*) FROM notification.person"},
    {1, "SELECT COUNT(*) FROM main.title"},
    // One is built in, and the timeline hears of the others.
    {2, "SELECT COUNT(*) - 1 FROM main.community"},
    {2, "SELECT COUNT(*) FROM timeline.community"},
    {3, "SELECT COUNT(*) FROM timeline.post WHERE is_comment = 0"},
    {3, "SELECT COALESCE(SUM(post_count), 0) FROM timeline.tally WHERE kind = 1"},
    {3, "SELECT COALESCE(SUM(post_count), 0) FROM timeline.tally WHERE kind = 2"},
    {4, "SELECT COUNT(*) FROM timeline.post WHERE is_comment = 1"},
    {4, "SELECT COALESCE(SUM(comment_count), 0) FROM timeline.heat"},
    {5, "SELECT COUNT(*) FROM timeline.follow WHERE followed = 1"},
    {5, "SELECT COALESCE(SUM(follower_count), 0) FROM timeline.tally"},
    {5, "SELECT COALESCE(SUM(people_count + community_count), 0) FROM timeline.tally"},
    {6, "SELECT COUNT(*) FROM empathy.empathy WHERE given = 1"},
    {6, "SELECT COALESCE(SUM(amount), 0) FROM empathy.post"},
    {6, "SELECT COALESCE(SUM(empathy_count), 0) FROM timeline.heat"},
};

bool holds(const std::string& folder, const Counts& counts) {
  const auto node = open_node(folder);
  return std::ranges::all_of(totals, [&](const auto& total) {
    const std::int64_t found = node->integer(total.second);
    if (found == counts[total.first]) return true;
    say(std::string(total.second) + ": " + std::to_string(found) + ", not " +
        std::to_string(counts[total.first]));
    return false;
  });
}

struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
  double memory_bytes = 0;
};

Cost import_into(const std::string& folder, const std::vector<std::string>& files) {
  std::vector<std::string> arguments = {our_program("matsuri"), "import", "--data", folder};
  arguments.insert(arguments.end(), files.begin(), files.end());
  const double begin = seconds_now();
  Program import(std::move(arguments), folder + ".log");
  const Program::End end = import.wait();
  const double seconds = seconds_now() - begin;
  if (end.status != 0) give_up("the import failed: " + import.said());
  return {.seconds = seconds, .cpu_seconds = end.cpu_seconds, .memory_bytes = end.memory_bytes};
}

class Bench {
 public:
  explicit Bench(Lines lines) : lines_(std::move(lines)) {}

  // Lines a second, CPU microseconds a line, and the most memory.
  std::vector<double> run_import() {
    auto folder = std::make_unique<Folder>();
    const std::string data = folder->path() + "/data";
    const Cost cost = import_into(data, lines_.files);
    checked_ = checked_ && holds(data, lines_.counts);
    if (rows_ == nullptr) {
      rows_ = std::make_unique<CopiedRows>(data, CopiedRows::Keep::rows);
      first_ = std::move(folder);
    } else {
      checked_ = checked_ && CopiedRows(data, CopiedRows::Keep::digests) == *rows_;
    }
    return figures_of(cost);
  }

  // REQUIRES: an import ran before.
  std::vector<double> run_baseline() {
    const Folder folder;
    const std::string data = folder.path() + "/data";
    const auto part_count =
        (static_cast<std::size_t>(lines_.count()) + batch_count - 1) / batch_count;
    const double cpu_begin = cpu_seconds(), begin = seconds_now();
    rows_->write(data, first_->path() + "/data", part_count);
    const Cost cost{.seconds = seconds_now() - begin, .cpu_seconds = cpu_seconds() - cpu_begin};
    checked_ = checked_ && CopiedRows(data, CopiedRows::Keep::digests) == *rows_;
    return figures_of(cost);
  }

  const Lines& lines() const { return lines_; }
  bool checked() const { return checked_; }

 private:
  std::vector<double> figures_of(const Cost& cost) const {
    const auto count = static_cast<double>(lines_.count());
    return {count / cost.seconds, cost.cpu_seconds * 1e6 / count, cost.memory_bytes};
  }

  const Lines lines_;
  std::unique_ptr<CopiedRows> rows_;  // of the first import
  std::unique_ptr<Folder> first_;     // where that went
  bool checked_ = true;
};

// The rates of each kind, of imports one behind the other into one data folder.
void bench_kinds(const Lines& lines, const Options& options, Report& report) {
  const auto case_of = [](const Kind& kind) { return "world-" + std::string(kind.shown); };
  if (std::ranges::none_of(kinds, [&](const Kind& kind) { return options.wants(case_of(kind)); }))
    return;
  const Folder folder;
  const auto file_of = [&](std::size_t kind) {
    return folder.path() + '/' + std::string(kinds[kind].name) + ".ndjson";
  };
  {
    std::vector<std::ofstream> files;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) files.emplace_back(file_of(kind));
    for_each_line(lines.files,
                  [&](std::string_view line) { files[kind_of(line)] << line << '\n'; });
  }
  std::array<double, kinds.size()> seconds{};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    if (lines.counts[kind] > 0)
      seconds[kind] = import_into(folder.path() + "/data", {file_of(kind)}).seconds;
  const bool checked = holds(folder.path() + "/data", lines.counts);
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    if (lines.counts[kind] == 0 || !options.wants(case_of(kinds[kind]))) continue;
    report.add({.name = case_of(kinds[kind]),
                .metric = std::string(kinds[kind].shown) + " alone" + lines.made,
                .figures = {.value = static_cast<double>(lines.counts[kind]) / seconds[kind],
                            .baseline_value = 0},
                .unit = "1/s",
                .baseline = {},
                .better = Better::larger,
                .checked = checked});
  }
}

void bench_lines(const std::string& name, Bench& bench, int pair_count, const Options& options,
                 Report& report) {
  constexpr double memory_bytes_max = 700e6;
  const std::string baseline = "SQLite WAL FULL, the same rows";
  const auto figures =
      compare(pair_count, [&] { return bench.run_import(); }, [&] { return bench.run_baseline(); });
  const auto add = [&](const std::string& which, const std::string& metric, Compared compared,
                       const char* unit, const std::string& beside, Better better) {
    if (options.wants(which))
      report.add({.name = which,
                  .metric = metric + bench.lines().made,
                  .figures = compared,
                  .unit = unit,
                  .baseline = beside,
                  .better = better,
                  .checked = bench.checked()});
  };
  add(name, "lines imported", figures[0], "1/s", baseline, Better::larger);
  add(name + "-cpu", "CPU a line", figures[1], "us", baseline, Better::smaller);
  add(name + "-rss", "memory at most",
      {.value = figures[2].value, .baseline_value = memory_bytes_max}, "bytes", "700 MB",
      Better::smaller);
}

int run(const Options& options) {
  Report report("import", options);
  const auto wants = [&](std::string_view prefix) {
    return options.cases.empty() || std::ranges::any_of(options.cases, [&](const std::string& one) {
             return one.starts_with(prefix);
           });
  };
  const Folder folder;
  if (wants("texts")) {
    Bench bench(prepare_texts(folder.path(), options.quick));
    bench_lines("texts", bench, options.quick ? 1 : 5, options, report);
  }
  if (wants("world")) {
    const Lines world = prepare_world(folder.path(), options.quick);
    {
      Bench bench(world);
      bench_lines("world", bench, 1, options, report);
    }
    bench_kinds(world, options, report);
  }
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(parse_options(argc, argv,
                           "bench_import [--out FILE] [--quick] "
                           "[--case texts|texts-cpu|world|world-rss|world-follows|…]..."));
}
