// An evening: `matsuri serve` with a programme, and all its viewers in a fraction of the time: 80 %
// of them in the first sixth, at most 18 times as many as on average. Each asks for a ticket, films
// with a simulated phone, and sends what it has filmed; who is told that the server is busy comes
// again. The whole way is there: server, closure, journals, appliers, ledger.
//
//   offered    requests that were sent
//   admitted   tickets and check-ins that were answered ok, in the second with the most of them
//   busy       share of the requests that were refused as busy
//   refused    99th percentile of the time in which they were
//   driver     99th percentile of the time by which requests were made too late: where it is long,
//              the driver had no more to give, and the server was offered less than the curve says
//   answers    median, 99th and 99.9th percentile of the time of a check-in, from when it was due
//   tickets    99th percentile of the time of a ticket
//   backlog    records that waited for the databases, when they were the most
//   drain      seconds from the last answer until everything is settled; a minute is allowed
//   lost       check-ins that were answered ok, and are not there as one thing: granted once, void
//              or out of budget; and those that were granted twice
//
// The driver goes before the server where both want a processor, so that it is on time, and the
// server has what is left: on a machine of its own it would answer more.
//
// At the end the databases are opened: each ok is a check-in that is settled, each granted one has
// one posting in the ledger, the campaign has what it was given less what it granted, and there is
// no check-in of whom nobody answered. Beside FILE.json goes FILE.svg, a picture of the evening.
//
// Starts: matsuri closure_object
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "account/credential.h"
#include "base/sentence.h"
#include "base/time.h"
#include "bench/client.h"
#include "bench/copied_rows.h"
#include "bench/program.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "bench/serve.h"
#include "closure/testing/film.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/process.h"
#include "io/random.h"
#include "program_builder/link.h"
#include "traffic/crowd.h"

namespace matsuri::bench {
namespace {

constexpr std::uint64_t programme_id = 7;
constexpr std::uint32_t window_count = 5;
constexpr std::uint32_t points = 10;
constexpr std::int64_t lead_ms = 3'000;    // of the programme, before the first viewer
constexpr std::int64_t after_ms = 60'000;  // behind the last one, for those who come again
constexpr double drain_seconds_allowed = 60;
constexpr double drain_seconds_max = 120;  // what is not there by then is lost

struct Evening {
  double seconds = 1020;
  std::uint64_t viewer_count = 1'500'000;  // of two requests each, and more of those who come again
  std::uint64_t account_count = 500'000;
  unsigned again_count = 3;
  std::size_t connection_count = 14'000;  // the server takes 15 000

  std::uint32_t duration_ms() const {
    return static_cast<std::uint32_t>(lead_ms + static_cast<std::int64_t>(seconds * 1000) +
                                      after_ms);
  }
  // Less than everybody is worth who comes once, so that the end of it is seen, too.
  std::uint64_t budget() const { return account_count * points * 3 / 4; }
};

void run_command(const Folder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), our_program("matsuri"));
  words.insert(words.end(), {"--data", folder.path() + "/data"});
  Program program(words, folder.path() + "/command.log");
  if (program.wait().status != 0) give_up(words[1] + " failed: " + program.said());
}

program::Lines make_show(const Evening& evening) {
  closure::FilmOptions film{.duration_ms = evening.duration_ms()};
  film.about = {.programme = programme_id, .title = "An evening"};
  for (std::uint32_t i = 0; i < window_count; ++i)
    film.about.windows.push_back({.id = i + 1,
                                  .start_ms = film.duration_ms / window_count * i,
                                  .end_ms = film.duration_ms / window_count * (i + 1),
                                  .points = points,
                                  .campaign = "evening"});
  return closure::film_show(film);
}

// People and the programme, in a data folder that nobody serves yet.
void prepare(const Folder& folder, const Evening& evening, const program::Lines& show) {
  const std::string people = folder.path() + "/people.ndjson";
  {
    std::ofstream file(people);
    const char* const common = R"(","created_at":"2020-01-01T00:00:00Z","name":")";
    file << R"({"kind":"user","source":"evening","id":"studio)" << common
         << "Studio\",\"handle\":\"evening_studio\"}\n";
    for (std::uint64_t i = 0; i < evening.account_count; ++i)
      file << R"({"kind":"user","source":"evening","id":")" << i << common << "Viewer " << i
           << "\"}\n";
  }
  run_command(folder, {"import", people});
  run_command(folder, {"account", "role", "evening_studio", "admin"});
  const std::string closure = folder.path() + "/show.checkin";
  must(program_builder::link_closure(our_program("closure.o"), program::bytes_of(show), closure));
  run_command(folder, {"program", "add", closure});
}

// Who comes, and how they say who they are.
struct People {
  std::string studio;                // a token
  std::vector<std::string> viewers;  // tokens
  std::vector<std::uint64_t> ids;
};

People people_of(const Folder& folder, const Evening& evening) {
  const std::string data = folder.path() + "/data";
  const auto signer =
      must(account::Signer::open(io::posix_files(), data + "/keys", io::system_random()));
  const auto token = [&](std::uint64_t id) {
    return signer->sign(
        {.kind = account::Credential::Kind::token, .account = AccountId{id}, .id = 1});
  };
  People people;
  const auto node = open_node(data);
  sqlite3_stmt* const query = node->prepare("SELECT source_id, account FROM imported_account");
  while (sqlite3_step(query) == SQLITE_ROW) {
    const std::string name = reinterpret_cast<const char*>(sqlite3_column_text(query, 0));
    const auto id = static_cast<std::uint64_t>(sqlite3_column_int64(query, 1));
    if (name == "studio") {
      people.studio = token(id);
      continue;
    }
    people.ids.push_back(id);
    people.viewers.push_back(token(id));
  }
  sqlite3_finalize(query);
  if (people.ids.size() != evening.account_count || people.studio.empty())
    give_up("not everybody was imported");
  return people;
}

// A UUID of version 7, of now.
std::string new_key() {
  std::uint64_t random[2] = {io::system_random().next_u64(), io::system_random().next_u64()};
  char text[40];
  const auto now = static_cast<std::uint64_t>(io::system_clock().unix_ms());
  std::snprintf(text, sizeof text, "%08llx-%04llx-7%03llx-8%03llx-%012llx",
                static_cast<unsigned long long>(now >> 16),
                static_cast<unsigned long long>(now & 0xffff),
                static_cast<unsigned long long>(random[0] & 0xfff),
                static_cast<unsigned long long>(random[0] >> 52),
                static_cast<unsigned long long>(random[1] >> 16));
  return text;
}

// What the studio does before the evening.
class Studio {
 public:
  Studio(std::uint16_t port, const std::string& token)
      : client_(port), header_("Authorization: Bearer mt_" + token + "\r\n") {}

  void make_campaign(std::uint64_t budget) {
    const std::string title = sentence(number_behind(
        ask("POST", "/v1/titles", R"({"names":{"en":"Evening"}})", 201), R"("id":")"));
    ask("POST", "/v1/points/campaigns",
        sentence(R"({"key":")", new_key(), R"(","name":"evening","title":")", title,
                 R"(","budget":)", budget, "}"),
        201);
  }

  void wait_until_served() {
    for (int i = 0; i < 3000; ++i) {
      if (ask("GET", "/v1/checkin/programmes", {}, 200).find(R"("state":"serving")") !=
          std::string::npos)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    give_up("the closure does not start");
  }

  void begin_broadcast(std::int64_t unix_ms) {
    ask("PUT", sentence("/v1/checkin/programmes/", programme_id),
        sentence(R"({"starts_at":")", to_rfc3339(unix_ms),
                 R"(","delay_ms":{"terrestrial":0,"cable":0,"stream":0}})"),
        200);
  }

  std::uint64_t left_in_campaign() {
    return number_behind(ask("GET", "/v1/points/campaigns", {}, 200), R"("left":)");
  }

 private:
  std::string ask(std::string_view method, const std::string& path, const std::string& body,
                  int status) {
    const auto answer = client_.ask(method, path, header_, body);
    if (answer.status != status) give_up(sentence(path, ": ", answer.status, " ", answer.body));
    return std::string(answer.body);
  }

  HttpClient client_;
  const std::string header_;
};

using Window = std::pair<std::uint64_t, std::uint32_t>;  // of an account

// The databases beside the server that writes them.
class Books {
 public:
  explicit Books(const std::string& data) : node_(open_node(data)) {
    node_->execute("ATTACH '" + data + "/db/checkin.sqlite' AS checkin");
    node_->execute("ATTACH '" + data + "/db/grants.sqlite' AS grants");
  }

  // Whether so many check-ins have come, and all have become what they are to be.
  bool are_settled(std::size_t count) {
    return node_->integer("SELECT COUNT(*) FROM checkin.checkin") >=
               static_cast<std::int64_t>(count) &&
           node_->integer("SELECT COUNT(*) FROM checkin.checkin WHERE status = 1 OR id = 0") == 0 &&
           node_->integer("SELECT COUNT(*) FROM grants.grant_due") == 0 &&
           node_->integer("SELECT COUNT(*) FROM checkin.checkin WHERE status = 2") ==
               node_->integer("SELECT COUNT(*) FROM points_posting WHERE amount > 0");
  }

  struct Found {
    std::set<Window> granted, voided, exhausted;
    std::map<std::uint64_t, std::uint64_t> postings;  // how many each account has
    std::uint64_t posted_points = 0;
  };
  Found find() {
    Found found;
    each("SELECT account, window_id, status FROM checkin.checkin", [&](sqlite3_stmt* row) {
      const Window window{sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1)};
      const std::int64_t status = sqlite3_column_int64(row, 2);
      if (status == 2) found.granted.insert(window);
      if (status == 3) found.voided.insert(window);
      if (status == 4) found.exhausted.insert(window);
    });
    each("SELECT account, COUNT(*), SUM(amount) FROM points_posting GROUP BY account",
         [&](sqlite3_stmt* row) {
           found.postings[static_cast<std::uint64_t>(sqlite3_column_int64(row, 0))] =
               static_cast<std::uint64_t>(sqlite3_column_int64(row, 1));
           found.posted_points += static_cast<std::uint64_t>(sqlite3_column_int64(row, 2));
         });
    return found;
  }

 private:
  template <class Take>
  void each(const std::string& select, const Take& take) {
    sqlite3_stmt* const query = node_->prepare(select);
    while (sqlite3_step(query) == SQLITE_ROW) take(query);
    sqlite3_finalize(query);
  }

  std::unique_ptr<Sqlite> node_;
};

struct Checked {
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  bool is_whole = false;  // some came, nobody else is there, and the ledger adds up
};

Checked check(const Books::Found& found, const std::set<Window>& oks, std::uint64_t unheard_count,
              const Evening& evening, std::uint64_t left) {
  Checked checked;
  for (const Window& ok : oks)
    if (!found.granted.contains(ok) && !found.voided.contains(ok) && !found.exhausted.contains(ok))
      ++checked.lost;
  std::map<std::uint64_t, std::uint64_t> granted;
  for (const Window& window : found.granted) ++granted[window.first];
  for (const auto& [account, count] : found.postings)
    if (count > granted[account]) checked.doubled += count - granted[account];
  for (const auto& [account, count] : granted) {
    const auto posted = found.postings.find(account);
    if (posted == found.postings.end() || posted->second < count) ++checked.lost;
  }
  // Of some no answer came, and they may be there all the same.
  const std::size_t there = found.granted.size() + found.voided.size() + found.exhausted.size();
  const std::size_t strangers = there - std::min(there, oks.size() - checked.lost);
  checked.is_whole = !oks.empty() && strangers <= unheard_count &&
                     found.posted_points == found.granted.size() * points &&
                     found.posted_points + left == evening.budget();
  say(sentence(oks.size(), " check-ins were ok: ", found.granted.size(), " granted, ",
               found.voided.size(), " void, ", found.exhausted.size(), " out of budget; ",
               strangers, " of whom no answer came"));
  return checked;
}

// Seconds until so many check-ins are settled. Where it takes too long, the books say what is lost.
double drain(Books& books, std::size_t count) {
  const double begin = seconds_now();
  for (;;) {
    const bool are_settled = books.are_settled(count);
    const double seconds = seconds_now() - begin;
    if (are_settled || seconds > drain_seconds_max) return seconds;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Looks each second how much waits for the databases, on a thread of its own.
class BacklogWatch {
 public:
  explicit BacklogWatch(const Server& server)
      : thread_([this, &server](const std::stop_token& stop) {
          for (const double begin = seconds_now(); !stop.stop_requested();) {
            const std::uint64_t count = server.lag();
            line_.points.emplace_back(seconds_now() - begin, static_cast<double>(count));
            std::this_thread::sleep_for(std::chrono::seconds(1));
          }
        }) {}
  traffic::Line end() {
    thread_.request_stop();
    thread_.join();
    return std::move(line_);
  }

 private:
  traffic::Line line_{.name = "records", .points = {}};
  std::jthread thread_;
};

double most_in(const traffic::Line& line) {
  double most = 0;
  for (const auto& [at, count] : line.points) most = std::max(most, count);
  return most;
}

double ms_of(std::uint64_t us) { return static_cast<double>(us) / 1000; }

void add_rows(Report& report, const Options& options, const traffic::Tally& tally,
              const traffic::Line& backlog, double drained_after, const Checked& checked) {
  const bool is_good = checked.lost + checked.doubled == 0 && checked.is_whole;
  const auto add = [&](const char* name, const char* metric, double value, const char* unit,
                       double allowed = 0) {
    if (options.wants(name))
      report.add({.name = name,
                  .metric = metric,
                  .figures = {.value = value, .baseline_value = allowed},
                  .unit = unit,
                  .baseline = allowed > 0 ? "what is allowed" : "",
                  .better = Better::smaller,
                  .checked = is_good});
  };
  std::uint32_t most = 0;
  for (const traffic::Second& second : tally.seconds)
    most = std::max(most, second.answered[static_cast<std::size_t>(traffic::Outcome::ok)]);
  add("offered", "requests", static_cast<double>(tally.request_count()), "requests");
  add("admitted", "answers ok in the best second", most, "1/s");
  add("busy", "share of requests that were busy", 100 * tally.busy_share(), "%");
  add("busy-p99", "p99 of a busy answer", ms_of(tally.busy_us.at(0.99)), "ms");
  add("answers-p50", "median of a check-in", ms_of(tally.attempt_us.at(0.5)), "ms");
  add("answers-p99", "p99 of a check-in", ms_of(tally.attempt_us.at(0.99)), "ms");
  add("answers-p999", "p99.9 of a check-in", ms_of(tally.attempt_us.at(0.999)), "ms");
  add("tickets-p99", "p99 of a ticket", ms_of(tally.ticket_us.at(0.99)), "ms");
  add("driver-p99", "p99 of what the driver was late", ms_of(tally.late_us.at(0.99)), "ms");
  add("backlog", "most that waited for the databases", most_in(backlog), "records");
  add("drain", "until all is settled", drained_after, "s", drain_seconds_allowed);
  add("lost", "ok and lost, or granted twice", static_cast<double>(checked.lost + checked.doubled),
      "check-ins");
}

void draw(const Options& options, const traffic::Tally& tally, const traffic::Line& backlog) {
  if (options.out.empty()) return;
  std::ofstream file(std::filesystem::path(options.out).replace_extension(".svg"));
  file << traffic::svg_of(tally, "An evening",
                          {{.title = "Records that wait for the databases",
                            .lines = {backlog},
                            .x_ticks = traffic::second_ticks(tally.seconds.size())}});
}

int run(const Options& options) {
  Evening evening;
  if (options.quick)
    evening = {.seconds = 8, .viewer_count = 2'000, .account_count = 700, .connection_count = 256};
  io::raise_file_limit();
  const Folder folder;
  const program::Lines lines = make_show(evening);
  const program::Show show = must(program::Show::open(program::bytes_of(lines)));
  say("bench evening: people and phones are made ready");
  prepare(folder, evening, lines);
  const People people = people_of(folder, evening);
  const auto bursts = traffic::Bursts::of_show(show, {.to_ms = evening.duration_ms() - 1});

  Server server(folder.path(), {"/usr/bin/nice", "-n", "15"});
  Studio studio(server.port(), people.studio);
  studio.make_campaign(evening.budget());
  studio.wait_until_served();
  const std::int64_t start_ms = io::system_clock().unix_ms() - lead_ms;
  studio.begin_broadcast(start_ms);
  std::set<Window> oks;
  const auto account_of = [&](std::uint64_t viewer) { return viewer % people.ids.size(); };
  const traffic::CrowdParts parts{
      .programme = bursts,
      .other_channel = bursts,
      .identity =
          [&](std::uint64_t viewer) {
            return "Authorization: Bearer mt_" + people.viewers[account_of(viewer)];
          },
      .account = {},
      .on_ok = [&](std::uint64_t viewer,
                   std::uint32_t window) { oks.emplace(people.ids[account_of(viewer)], window); }};
  say("bench evening: viewers come");
  BacklogWatch watch(server);
  const traffic::Tally tally = must(traffic::run_crowd(
      {.server = {.port = server.port(), .connection_count = evening.connection_count},
       .programme = programme_id,
       .shown_unix_ms = start_ms,
       .shape = traffic::Shape::broadcast(),
       .seconds = evening.seconds,
       .viewer_count = evening.viewer_count,
       .again_count = evening.again_count},
      parts));
  Books books(folder.path() + "/data");
  const double drained_after = drain(books, oks.size());
  const traffic::Line backlog = watch.end();
  Studio after(server.port(), people.studio);
  const std::uint64_t left = after.left_in_campaign();
  const std::uint64_t unheard_count =
      tally.count(traffic::Outcome::failed) + tally.count(traffic::Outcome::busy);
  const Checked checked = check(books.find(), oks, unheard_count, evening, left);
  if (!server.stop()) give_up("the server did not end well");

  Report report("evening", options);
  add_rows(report, options, tally, backlog, drained_after, checked);
  draw(options, tally, backlog);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(parse_options(argc, argv, "bench_evening [--out FILE] [--quick] [--case lost]..."));
}
