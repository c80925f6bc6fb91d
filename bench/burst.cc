// Pages while a burst runs: `matsuri serve` with the people and the days before some news, its
// hours replayed by 64 connections as fast as the server takes them, and 200 pages a second read
// meanwhile, whether or not the one before was answered. Quiet and burst take turns.
//
//   reads-during     99th percentile of a page's time, from when it was due, beside that of the
//                    quiet time before
//   reads-middle     the median of the same
//   burst-commands   posts, comments, follows and empathies a second, up to when every view has
//                    applied them
//
// Everybody acts under their own name, by a token signed with the key of the data folder. Rates are
// not limited: the crowd's hours are told in a minute. At the end the databases are opened again,
// and hold the posts, the pairs and the counts that follow from the data.
//
// Starts: matsuri
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "account/credential.h"
#include "base/time.h"
#include "bench/copied_rows.h"
#include "bench/exchange.h"
#include "bench/higgs.h"
#include "bench/program.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "bench/serve.h"
#include "io/file.h"
#include "io/random.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t writer_count = 64;
constexpr double reads_per_second = 200;
constexpr double again_seconds = 0.02;

using Ids = std::unordered_map<std::string, std::uint64_t>;

// What the import has made of the collection's ids.
Ids ids_of(Sqlite& node, const std::string& select) {
  Ids ids;
  sqlite3_stmt* const query = node.prepare(select);
  while (sqlite3_step(query) == SQLITE_ROW)
    ids.emplace(reinterpret_cast<const char*>(sqlite3_column_text(query, 0)),
                static_cast<std::uint64_t>(sqlite3_column_int64(query, 1)));
  sqlite3_finalize(query);
  return ids;
}

// Who acts, and how they say who they are.
class Names {
 public:
  Names(const std::string& data, const Ids& people) : people_(people) {
    signer_ = must(account::Signer::open(io::posix_files(), data + "/keys", io::system_random()));
  }
  std::string head(const std::string& method, const std::string& path,
                   const std::string& account) const {
    const account::Credential credential{.kind = account::Credential::Kind::token,
                                         .account = AccountId{people_.at(account)},
                                         .id = 1};
    return method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer mt_" +
           signer_->sign(credential) + "\r\n";
  }

 private:
  const Ids& people_;
  std::unique_ptr<account::Signer> signer_;
};

// Replays commands in their order, but that whoever speaks of a post waits until it has been
// answered. What the server is too busy for comes again.
class Crowd {
 public:
  Crowd(std::uint16_t port, const Names& names, const std::vector<Command>& commands,
        const std::string& community, Ids& posts)
      : exchange_(port, writer_count),
        names_(names),
        commands_(commands),
        community_(community),
        posts_(posts) {}

  // Returns when the commands before `end` are answered.
  void replay_until(std::size_t end) {
    while (done_count_ < end) {
      while (exchange_.has_room()) {
        const Command* const command = next(end);
        if (command == nullptr) break;
        send(*command);
      }
      exchange_.poll(again_.empty() ? 1 : again_.front().first - seconds_now());
    }
  }
  std::uint64_t again_count() const { return again_count_; }

 private:
  // What may be sent now; null where everything waits for an answer.
  const Command* next(std::size_t end) {
    if (!again_.empty() && again_.front().first <= seconds_now()) {
      const Command* const command = again_.front().second;
      again_.pop_front();
      return command;
    }
    if (!ready_.empty()) {
      const Command* const command = ready_.front();
      ready_.pop_front();
      return command;
    }
    while (taken_count_ < end) {
      const Command& command = commands_[taken_count_++];
      const bool names_post =
          command.kind == Command::Kind::comment || command.kind == Command::Kind::empathy;
      if (!names_post || posts_.contains(command.target)) return &command;
      waiting_[command.target].push_back(&command);
    }
    return nullptr;
  }

  void send(const Command& command) {
    std::string request;
    std::string body;
    switch (command.kind) {
      case Command::Kind::post:
        request = names_.head("POST", "/v1/communities/" + community_ + "/posts", command.account);
        break;
      case Command::Kind::comment:
        request = names_.head("POST", path_of_post(command) + "/comments", command.account);
        break;
      case Command::Kind::follow:
        request =
            names_.head("PUT", "/v1/accounts/me/follows/higgs_" + command.target, command.account);
        break;
      case Command::Kind::empathy:
        request = names_.head("PUT", path_of_post(command) + "/empathy", command.account);
    }
    if (command.kind == Command::Kind::post || command.kind == Command::Kind::comment) {
      body = R"({"text":"Have you heard? )" + command.id + "\"}";
      request += "Content-Type: application/json\r\n";
    }
    const auto token = tokens_.find(command.target);
    if (token != tokens_.end()) request += "Matsuri-Position: " + token->second + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    exchange_.ask(request, [this, &command](const Answer& answer) { take(command, answer); });
  }

  std::string path_of_post(const Command& command) const {
    return "/v1/posts/" + std::to_string(posts_.at(command.target));
  }

  void take(const Command& command, const Answer& answer) {
    // 404: the view has not come so far within the time that a request waits for it.
    if (answer.status == 503 || answer.status == 429 ||
        (answer.status == 404 && tokens_.contains(command.target))) {
      ++again_count_;
      again_.emplace_back(seconds_now() + again_seconds, &command);
      return;
    }
    if (answer.status != 200 && answer.status != 201)
      give_up("a command was refused: " + std::string(answer.head) + std::string(answer.body));
    ++done_count_;
    if (command.kind != Command::Kind::post) return;
    posts_[command.id] = number_behind(answer.header("location"), "/v1/posts/");
    tokens_[command.id] = answer.header("matsuri-position");
    const auto waiting = waiting_.find(command.id);
    if (waiting == waiting_.end()) return;
    ready_.insert(ready_.end(), waiting->second.begin(), waiting->second.end());
    waiting_.erase(waiting);
  }

  Exchange exchange_;
  const Names& names_;
  const std::vector<Command>& commands_;
  const std::string community_;
  Ids& posts_;
  std::unordered_map<std::string, std::string> tokens_;  // of posts: how far a reader must be
  std::unordered_map<std::string, std::vector<const Command*>> waiting_;  // by the post
  std::deque<const Command*> ready_;
  std::deque<std::pair<double, const Command*>> again_;  // with the time from which on
  std::size_t taken_count_ = 0;
  std::size_t done_count_ = 0;
  std::uint64_t again_count_ = 0;
};

// Reads pages at a fixed rate on a thread of its own.
class Reader {
 public:
  Reader(std::uint16_t port, std::vector<std::string> requests)
      : requests_(std::move(requests)), exchange_(port, 32), thread_([this] { run(); }) {}
  ~Reader() { stop(); }

  // From now on times are kept apart; the milliseconds of the ones before.
  std::vector<double> begin_phase() {
    const std::lock_guard lock(mutex_);
    ++phase_;
    return std::exchange(times_, {});
  }
  // False where a page was not what it should be.
  bool stop() {
    stops_ = true;
    if (thread_.joinable()) thread_.join();
    return is_good_;
  }

 private:
  void run() {
    double due = seconds_now();
    for (std::size_t index = 0; !stops_ || !exchange_.is_idle();) {
      const double now = seconds_now();
      if (!stops_ && now >= due && exchange_.has_room()) {
        ask(requests_[index++ % requests_.size()], due);
        due += 1 / reads_per_second;
        continue;
      }
      exchange_.poll(exchange_.has_room() && !stops_ ? due - now : 0.01);
    }
  }
  void ask(const std::string& request, double due) {
    std::uint64_t phase = 0;
    {
      const std::lock_guard lock(mutex_);
      phase = phase_;
    }
    exchange_.ask(request, [this, due, phase](const Answer& answer) {
      const bool is_page = answer.status == 200 && answer.body.starts_with(R"({"posts":[{"id":)");
      if (!is_page && is_good_) say("no page: " + std::string(answer.head));
      is_good_ = is_good_ && is_page;
      const std::lock_guard lock(mutex_);
      if (phase == phase_) times_.push_back((seconds_now() - due) * 1e3);
    });
  }

  const std::vector<std::string> requests_;
  Exchange exchange_;
  std::mutex mutex_;
  std::uint64_t phase_ = 0;
  std::vector<double> times_;
  std::atomic<bool> stops_ = false;
  std::atomic<bool> is_good_ = true;
  std::thread thread_;
};

// What people look at when there is news: the community three ways, what they follow, hot posts'
// comments, and who wrote them.
std::vector<std::string> pages_of(Sqlite& node, const Names& names, const std::string& community) {
  const auto texts = [&](const std::string& select) {
    std::vector<std::string> found;
    for (const auto& [text, id] : ids_of(node, select)) found.push_back(text);
    if (found.empty()) give_up("nothing came of " + select);
    return found;
  };
  const auto viewers = texts(
      "SELECT source_id, account FROM main.imported_account WHERE account IN (SELECT account FROM "
      "timeline.follow GROUP BY account ORDER BY COUNT(*) DESC LIMIT 40)");
  const auto posts = texts(
      "SELECT CAST(parent AS TEXT), parent FROM timeline.post WHERE is_comment = 1 GROUP BY parent "
      "ORDER BY COUNT(*) DESC LIMIT 40");
  const auto authors = texts(
      "SELECT handle, id FROM timeline.author WHERE id IN (SELECT author FROM timeline.post WHERE "
      "is_comment = 0 GROUP BY author ORDER BY COUNT(*) DESC LIMIT 40)");
  const std::int64_t days =
      node.integer("SELECT day FROM timeline.heat GROUP BY day ORDER BY COUNT(*) DESC LIMIT 1");
  const std::string day = to_rfc3339(days * 86'400'000).substr(0, 10);
  const std::string feed = "/v1/communities/" + community + "/posts?limit=50";
  std::vector<std::string> requests;
  for (std::size_t index = 0; index < 120; ++index) {
    const std::string& viewer = viewers[index % viewers.size()];
    const std::string paths[] = {feed,
                                 "/v1/timeline?limit=50",
                                 feed + "&sort=hot",
                                 "/v1/posts/" + posts[index % posts.size()] + "/comments?limit=50",
                                 feed + "&sort=popular&day=" + day,
                                 "/v1/accounts/" + authors[index % authors.size()] + "/posts"};
    requests.push_back(names.head("GET", paths[index % std::size(paths)], viewer) + "\r\n");
  }
  return requests;
}

using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Pairs pairs_of(Sqlite& node, const std::string& select) {
  Pairs pairs;
  sqlite3_stmt* const query = node.prepare(select);
  while (sqlite3_step(query) == SQLITE_ROW)
    pairs.emplace_back(sqlite3_column_int64(query, 0), sqlite3_column_int64(query, 1));
  sqlite3_finalize(query);
  std::ranges::sort(pairs);
  return pairs;
}

// Whether the databases hold what the data says, and nothing else.
bool holds(const std::string& data, const Higgs& higgs, const Ids& people, const Ids& posts) {
  const auto node = open_node(data);
  Pairs empathies, follows, comments, counts;
  for (const auto& [post, account] : higgs.empathies) {
    empathies.emplace_back(posts.at(post), people.at(account));
    if (counts.empty() || counts.back().first != posts.at(post))
      counts.emplace_back(posts.at(post), 0);
    ++counts.back().second;  // of one post they stand together
  }
  for (const auto& [account, person] : higgs.follows)
    follows.emplace_back(people.at(account), people.at(person));
  for (const auto& [post, count] : higgs.comments) comments.emplace_back(posts.at(post), count);
  for (Pairs* pairs : {&empathies, &follows, &comments, &counts}) std::ranges::sort(*pairs);
  const auto same = [&](const Pairs& wanted, const std::string& select) {
    if (pairs_of(*node, select) == wanted) return true;
    say("not as the data says: " + select);
    return false;
  };
  bool checked = node->integer("SELECT COUNT(*) FROM timeline.post WHERE is_comment = 0") ==
                 static_cast<std::int64_t>(higgs.posts.size());
  checked &= same(empathies, "SELECT post, account FROM empathy.empathy WHERE given = 1");
  checked &= same(counts, "SELECT id, amount FROM empathy.post WHERE amount > 0");
  checked &= same(counts, "SELECT post, empathy_count FROM timeline.heat WHERE empathy_count > 0");
  checked &= same(
      comments, "SELECT parent, COUNT(*) FROM timeline.post WHERE is_comment = 1 GROUP BY parent");
  checked &=
      same(comments, "SELECT post, comment_count FROM timeline.heat WHERE comment_count > 0");
  checked &= same(follows, "SELECT account, target FROM timeline.follow WHERE followed = 1");
  return checked;
}

double percentile(std::vector<double> times, double part) {
  const auto at =
      times.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(times.size()) * part);
  std::ranges::nth_element(times, at);
  return *at;
}

int run(const Options& options) {
  const Folder folder;
  const std::string data = folder.path() + "/data";
  const Higgs higgs = load_higgs(folder.path(), options.quick ? 6'000 : 0);
  Program import({our_program("matsuri"), "import", "--data", data, higgs.history},
                 folder.path() + "/import.log");
  if (import.wait().status != 0) give_up("the import failed: " + import.said());
  auto node = open_node(data);
  const Ids people = ids_of(*node, "SELECT source_id, account FROM main.imported_account");
  // Keys of posts are "higgs:ID", of comments "higgs/ID".
  Ids posts = ids_of(*node,
                     "SELECT SUBSTR(source_key, 7), post FROM timeline.imported_post "
                     "WHERE source_key LIKE 'higgs:%'");
  const std::string community =
      std::to_string(node->integer("SELECT community FROM main.imported_community"));
  const Names names(data, people);
  std::vector<std::string> pages = pages_of(*node, names, community);
  node.reset();

  Server server(folder.path());
  Crowd crowd(server.port(), names, higgs.commands, community, posts);
  Reader reader(server.port(), std::move(pages));
  const auto rest = [&](double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  };
  const std::size_t round_count = options.quick ? 1 : 5;
  std::size_t round = 0;
  std::vector<double> rates;
  rest(options.quick ? 0.5 : 3);  // caches fill
  const auto figures_of = [](const std::vector<double>& times) {
    if (times.empty()) give_up("nothing was read");
    return std::vector<double>{percentile(times, 0.99), percentile(times, 0.5)};
  };
  // Both are of one round: the burst is what runs, the quiet time before it its baseline.
  const auto figures = compare(
      static_cast<int>(round_count),
      [&] {
        reader.begin_phase();
        const double begin = seconds_now();
        const std::size_t first = higgs.commands.size() * round / round_count;
        const std::size_t end = higgs.commands.size() * ++round / round_count;
        crowd.replay_until(end);
        server.drain();
        rates.push_back(static_cast<double>(end - first) / (seconds_now() - begin));
        return figures_of(reader.begin_phase());
      },
      [&] {
        rest(options.quick ? 0.2 : 1);
        reader.begin_phase();
        rest(options.quick ? 1.5 : 8);
        return figures_of(reader.begin_phase());
      });
  const bool is_good = reader.stop() && server.stop();
  const bool checked = is_good && holds(data, higgs, people, posts);
  say(std::to_string(higgs.commands.size()) + " commands, " + std::to_string(crowd.again_count()) +
      " of them sent again");

  Report report("burst", options);
  const std::string of = higgs.is_real ? "" : ", made";
  const auto add = [&](const std::string& name, const std::string& metric, Compared compared,
                       const char* unit, const std::string& baseline, Better better) {
    if (options.wants(name))
      report.add({.name = name,
                  .metric = metric + of,
                  .figures = compared,
                  .unit = unit,
                  .baseline = baseline,
                  .better = better,
                  .checked = checked});
  };
  const std::string beside = "the same pages, before the burst";
  add("reads-during", "p99 of pages in the burst", figures[0], "ms", beside, Better::smaller);
  add("reads-middle", "median of pages in the burst", figures[1], "ms", beside, Better::smaller);
  add("burst-commands", "commands applied", {.value = median(rates), .baseline_value = 0}, "1/s",
      {}, Better::larger);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) {
  using namespace matsuri::bench;
  return run(parse_options(argc, argv,
                           "bench_burst [--out FILE] [--quick] "
                           "[--case reads-during|reads-middle|burst-commands]..."));
}
