// Pages of a community: its newest 50 posts, from `matsuri serve` as it is, beside nginx sending a
// file of the same size. A thousand communities, chosen by Zipf's law; real texts (the first
// world's where those are not there); 64 connections that ask again at once; 20 posts a second come
// meanwhile, each to a community chosen the same way.
//
//   visitor   who is not signed in
//   member    who is, blocks people, and felt empathy with some of the posts
//
// Starts: matsuri
//
// Afterwards pages are read back: they begin with the posts that came meanwhile, have nobody whom
// the member blocks, and the member's own marks are those that were given.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/client.h"
#include "bench/lag.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "bench/servers.h"
#include "json/value.h"

namespace matsuri::bench {
namespace {

constexpr std::size_t page_count = 50;
constexpr std::size_t connection_count = 64;
constexpr std::size_t client_thread_count = 2;
constexpr std::size_t people_count = 2000;
constexpr std::size_t blocked_count = 20;
constexpr double writes_per_second = 20;

// Strings as JSON has them, with their quotes.
using Texts = std::vector<std::string>;

// The texts of an import file.
void take_texts(const std::string& file, Texts& texts) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(R"({"kind":"post")")) continue;
    std::size_t begin = line.find(R"("text":")");
    if (begin == std::string::npos) continue;
    begin += 7;
    std::size_t end = begin + 1;
    while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
    texts.push_back(line.substr(begin, end + 1 - begin));
  }
}

struct Words {
  Texts texts;
  bool is_real = false;
};

Words read_words(const Folder& folder, std::size_t count) {
  constexpr std::array<std::pair<const char*, const char*>, 3> collections = {
      {{"ja-tweets", "texts_ja_tweets/koume_tweets_dev.ndjson.zst"},
       {"steam-multilang", "texts_steam_multilang/steam_reviews_dev.ndjson.zst"},
       {"steam-en", "texts_steam_en/steam_reviews_en.ndjson.zst"}}};
  const char* shared = std::getenv("MATSURI_SHARED");
  const std::string data = std::string(shared == nullptr ? "../shared" : shared) + "/data/";
  Words words;
  for (const auto& [name, path] : collections) {
    if (words.texts.size() >= count || !std::filesystem::exists(data + path)) continue;
    const std::string file = folder.path() + "/" + name;
    const std::string command = std::string("python3 tools/datasets/convert.py ") + name + " '" +
                                data + path + "' 2> " + file + ".log > " + file;
    if (std::system(command.c_str()) != 0) give_up("failed: " + command);
    take_texts(file, words.texts);
  }
  words.is_real = !words.texts.empty();
  if (!words.is_real) {
    say("bench pages: " + data + " has no texts (MATSURI_SHARED names the folder): the demo's");
    for (const auto& file : std::filesystem::directory_iterator("demo"))
      if (file.path().extension() == ".ndjson") take_texts(file.path(), words.texts);
  }
  if (words.texts.empty()) give_up("there are no texts");
  // Each collection is of one kind: a page has of all.
  std::ranges::shuffle(words.texts, std::mt19937_64(1));
  return words;
}

// Ranks by Zipf's law: the first twice as often as the second.
class Zipf {
 public:
  explicit Zipf(std::size_t count) {
    double sum = 0;
    for (std::size_t rank = 1; rank <= count; ++rank)
      sums_.push_back(sum += 1.0 / static_cast<double>(rank));
  }
  template <class Random>
  std::size_t operator()(Random& random) const {
    const double at = std::uniform_real_distribution<>(0, sums_.back())(random);
    const auto found = std::ranges::upper_bound(sums_, at);
    return std::min(static_cast<std::size_t>(found - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

// A file to import: a title with its community for each, people, and their posts; some have felt
// empathy with most of these.
void write_world(const std::string& path, const Texts& texts, std::size_t community_count) {
  std::ofstream out(path);
  std::mt19937_64 random(2);
  std::int64_t now_ms = 1'700'000'000'000;
  const auto line = [&](const char* kind, const std::string& id) -> std::ofstream& {
    out << R"({"source":"bench","kind":")" << kind << R"(","id":")" << id << R"(","created_at":)"
        << now_ms++;
    return out;
  };
  for (std::size_t number = 0; number < people_count; ++number)
    line("user", std::to_string(number))
        << R"(,"name":"Player )" << number << R"(","handle":"player_)" << number << "\"}\n";
  for (std::size_t number = 0; number < community_count; ++number) {
    const std::string id = std::to_string(number);
    const std::string names = R"(,"names":{"en":"Title )" + id + "\"}";
    line("title", id) << names << "}\n";
    line("community", id) << names << R"(,"community_kind":"main","title":")" << id << "\"}\n";
  }
  std::size_t next_text = 0;
  for (std::size_t round = 0; round < page_count + 10; ++round)
    for (std::size_t community = 0; community < community_count; ++community) {
      const std::string id = std::to_string(round * community_count + community);
      now_ms += 1000;
      const std::uint64_t author = random() % people_count;
      line("post", id) << R"(,"author":")" << author << R"(","in":")" << community << R"(","text":)"
                       << texts[next_text++ % texts.size()] << "}\n";
      for (std::uint64_t felt = random() % 4; felt > 0; --felt)
        line("empathy", "e") << R"(,"account":")" << (author + felt * 7) % people_count
                             << R"(","post":")" << id << "\"}\n";
    }
}

// The program beside which this one was built.
std::string matsuri_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "matsuri";
}

// `matsuri serve`, with limits too wide to refuse anything.
class Server {
 public:
  Server(const Folder& folder, const std::string& world) : port_(free_port()) {
    const std::string program = matsuri_program();
    const std::string data = folder.path() + "/data", log = folder.path() + "/log";
    const std::string command =
        program + " import --data '" + data + "' '" + world + "' > '" + log + "' 2>&1";
    if (std::system(command.c_str()) != 0) give_up("failed: " + command + ", see " + log);
    const std::string config = folder.path() + "/matsuri.toml";
    std::ofstream out(config);
    out << "data = \"" << data << "\"\nlisten = \"127.0.0.1:" << port_
        << "\"\n[log]\nlevel = \"warn\"\n";
    for (const char* who : {"account", "address"})
      for (const char* cost : {"read", "write", "sign_in"})
        out << "[limits." << who << '_' << cost << "]\nper_minute = 60000000\nburst = 1000000\n";
    out.close();
    child_ = std::make_unique<Child>([&] {
      ::execl(program.c_str(), program.c_str(), "serve", "--config", config.c_str(), nullptr);
    });
    wait_for_port(port_, program);
    HttpClient client(port_);
    for (int i = 0; i < 1500 && client.ask("GET", "/readyz").status != 200; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::uint16_t port() const { return port_; }

 private:
  const std::uint16_t port_;
  std::unique_ptr<Child> child_;
};

// Their paths, in the order of their rank.
std::vector<std::string> find_communities(std::uint16_t port) {
  HttpClient client(port);
  std::vector<std::string> paths;
  std::string before;
  do {
    const auto page =
        must(json::Document::parse(client.get("/v1/communities?kind=main&limit=100" + before)));
    const json::Object object = must(page.object());
    for (const json::Value one : must(object.array("communities"))) {
      const json::Object community = must(one.object());
      if (!must(community.optional_string("title"))) continue;  // the built-in one
      paths.push_back("/v1/communities/" + std::string(must(community.string("id"))) + "/posts");
    }
    const auto next = must(object.optional_string("next"));
    before = next ? "&before=" + std::string(*next) : "";
  } while (!before.empty());
  return paths;
}

struct PostOnPage {
  std::string id;
  std::string handle;
  bool empathized = false;
};

std::vector<PostOnPage> parse_page(std::string_view body) {
  std::vector<PostOnPage> posts;
  const auto document = must(json::Document::parse(body));
  for (const json::Value one : must(must(document.object()).array("posts"))) {
    const json::Object post = must(one.object());
    posts.push_back({.id = std::string(must(post.string("id"))),
                     .handle = std::string(must(must(post.object("author")).string("handle"))),
                     .empathized = must(post.boolean("empathized"))});
  }
  return posts;
}

// Somebody who is signed in.
struct Member {
  std::string cookie;  // with its lines of the header, as a browser sends it
  std::set<std::string> blocked;
  std::set<std::string> felt;  // ids of posts
};

Member sign_up(std::uint16_t port, std::size_t number) {
  HttpClient client(port);
  const std::string handle = "member_" + std::to_string(number);
  const auto answer =
      client.ask("POST", "/v1/accounts", {},
                 R"({"handle":")" + handle + R"(","name":"Member","password":"a long password"})");
  const std::size_t begin = answer.head.find("matsuri_session=");
  if (answer.status != 201 || begin == std::string_view::npos) give_up("nobody could sign up");
  Member member;
  member.cookie = "Sec-Fetch-Site: same-origin\r\nCookie: ";
  member.cookie.append(answer.head.substr(begin, answer.head.find(';', begin) - begin)) += "\r\n";
  return member;
}

// Blocks some people, and feels with every third post of the pages.
void settle_in(std::uint16_t port, std::size_t number, std::span<const std::string> paths,
               Member& member) {
  HttpClient client(port);
  for (std::size_t index = 0; index < blocked_count; ++index) {
    const std::string handle =
        "player_" + std::to_string((number * 97 + index * 13) % people_count);
    const auto answer = client.ask("PUT", "/v1/accounts/me/blocks/" + handle, member.cookie);
    if (answer.status != 204) give_up("a block was refused: " + std::string(answer.body));
    member.blocked.insert(handle);
  }
  for (const std::string& path : paths) {
    const auto posts = parse_page(client.get(path, member.cookie));
    for (std::size_t index = number % 3; index < posts.size(); index += 3) {
      if (member.blocked.contains(posts[index].handle)) continue;
      if (client.ask("PUT", "/v1/posts/" + posts[index].id + "/empathy", member.cookie).status !=
          200)
        give_up("an empathy was refused");
      member.felt.insert(posts[index].id);
    }
  }
}

// One of the connections of the crowd: asks, reads the whole answer, asks again.
class Asker {
 public:
  explicit Asker(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      give_up("cannot connect to the server");
  }
  ~Asker() { ::close(socket_); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  int socket() const { return socket_; }

  void ask(std::string_view request) {
    left_ = 0;
    head_.clear();
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      give_up("a request could not be sent");
  }
  // Reads what came. True where the answer is whole.
  bool take(std::span<char> buffer) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) give_up("the server closed a connection");
    auto size = static_cast<std::size_t>(got);
    if (left_ == 0) {
      head_.append(buffer.data(), std::min<std::size_t>(size, 4096));
      const std::size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      const std::size_t length = head_.find("ength: ");  // Content-Length, content-length
      if (!head_.starts_with("HTTP/1.1 200 ") || length > end)
        give_up("unexpected: " + head_.substr(0, end));
      body_size_ = std::strtoull(head_.c_str() + length + 7, nullptr, 10);
      // What came before this piece was less than the head.
      const std::size_t before = head_.size() - std::min<std::size_t>(size, 4096);
      size = before + size - (end + 4);
      left_ = body_size_;
    }
    left_ -= size;
    return left_ == 0;
  }
  std::size_t body_size() const { return body_size_; }

 private:
  int socket_;
  std::string head_;
  std::size_t body_size_ = 0;
  std::size_t left_ = 0;
};

struct Load {
  double per_second = 0;
  double body_size = 0;  // on average
};

// Asks over all connections for some seconds; `choose` gives the next request.
template <class Choose>
Load run_load(std::uint16_t port, double seconds, Choose choose) {
  std::atomic<std::uint64_t> count{0}, size{0};
  const double begin = seconds_now();
  const auto run = [&](std::size_t thread) {
    std::mt19937_64 random(thread + 3);
    std::vector<std::unique_ptr<Asker>> askers;
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t index = 0; index < connection_count / client_thread_count; ++index) {
      askers.push_back(std::make_unique<Asker>(port));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = askers.back().get()}};
      ::epoll_ctl(poll, EPOLL_CTL_ADD, askers.back()->socket(), &event);
      askers.back()->ask(choose(random));
    }
    std::vector<char> buffer(262'144);
    std::uint64_t own_count = 0, own_size = 0;
    std::size_t open = askers.size();
    while (open > 0) {
      epoll_event events[connection_count];
      const int ready = ::epoll_wait(poll, events, connection_count, 1000);
      const bool is_over = seconds_now() - begin > seconds;
      for (int index = 0; index < ready; ++index) {
        auto& asker = *static_cast<Asker*>(events[index].data.ptr);
        if (!asker.take(buffer)) continue;
        ++own_count;
        own_size += asker.body_size();
        if (is_over)
          --open;
        else
          asker.ask(choose(random));
      }
    }
    ::close(poll);
    count += own_count;
    size += own_size;
  };
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < client_thread_count; ++thread)
    threads.emplace_back(run, thread);
  for (std::thread& thread : threads) thread.join();
  const auto total = static_cast<double>(count);
  return {.per_second = total / (seconds_now() - begin),
          .body_size = static_cast<double>(size) / total};
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        community_count_(options.quick ? 30 : 1000),
        words_(read_words(folder_, community_count_ * (page_count + 10))),
        zipf_(community_count_) {
    const std::string world = folder_.path() + "/world.ndjson";
    write_world(world, words_.texts, community_count_);
    server_ = std::make_unique<Server>(folder_, world);
    paths_ = find_communities(server_->port());
    if (paths_.size() != community_count_)
      give_up("other communities are there: " + std::to_string(paths_.size()));
    members_.resize(options.quick ? 2 : 8);
    std::vector<std::thread> threads;
    const auto liked = std::span(paths_).first(options.quick ? 2 : 20);
    for (std::size_t number = 0; number < members_.size(); ++number) {
      members_[number] = sign_up(server_->port(), number);
      threads.emplace_back(
          [&, number] { settle_in(server_->port(), number, liked, members_[number]); });
    }
    for (std::thread& thread : threads) thread.join();
    writer_ = sign_up(server_->port(), 99);
  }

  void run(Report& report, const std::string& name, bool is_member) {
    std::vector<std::vector<std::string>> requests;
    for (const Member& member : is_member ? members_ : std::vector<Member>(1)) {
      requests.emplace_back();
      for (const std::string& path : paths_)
        requests.back().push_back("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
                                  member.cookie + "\r\n");
    }
    const auto ours = [&](double seconds) {
      const Writing writing(*this);
      return run_load(server_->port(), seconds, [&](auto& random) -> std::string_view {
        return requests[random() % requests.size()][zipf_(random)];
      });
    };
    const double seconds = options_.quick ? 0.5 : 4;
    const auto body_size = static_cast<std::size_t>(ours(seconds).body_size);
    const std::string file = folder_.path() + "/page-" + name + ".json";
    std::ofstream(file) << std::string(body_size, 'x');
    const Nginx nginx(static_cast<int>(std::thread::hardware_concurrency()),
                      "location = /page { alias " + file + "; }");
    const std::string fixed = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const auto theirs = [&](double time) {
      return run_load(nginx.port(), time, [&](auto&) -> std::string_view { return fixed; });
    };
    const auto figures = compare(
        options_.quick ? 1 : 7, [&] { return std::vector{ours(seconds).per_second}; },
        [&] { return std::vector{theirs(seconds).per_second}; });
    report.add({.name = name,
                .metric = "pages of 50 posts" + std::string(words_.is_real ? "" : ", demo") + ", " +
                          std::to_string(body_size) + " bytes, 64 connections",
                .figures = figures[0],
                .unit = "1/s",
                .baseline = "nginx, a file of as many bytes",
                .better = Better::larger,
                .checked = is_true()});
  }

 private:
  // Posts, as long as it is there.
  class Writing {
   public:
    explicit Writing(Bench& bench) : thread_([this, &bench] { run(bench); }) {}
    ~Writing() {
      is_over_ = true;
      thread_.join();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    void run(Bench& bench) const {
      HttpClient client(bench.server_->port());
      double next = seconds_now();
      while (!is_over_) {
        bench.write(client);
        next += 1 / writes_per_second;
        while (!is_over_ && seconds_now() < next)
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
    std::atomic<bool> is_over_{false};
    std::thread thread_;
  };

  void write(HttpClient& client) {
    const std::size_t community = zipf_(random_);
    const auto answer =
        client.ask("POST", paths_[community], writer_.cookie,
                   R"({"text":"News )" + std::to_string(++written_count_) + R"("})");
    if (answer.status != 201) give_up("a post was refused: " + std::string(answer.body));
    const auto document = must(json::Document::parse(answer.body));
    written_[community].insert(written_[community].begin(),
                               std::string(must(must(document.object()).string("id"))));
  }

  // Whether pages are what they have to be, once all is applied.
  bool is_true() {
    HttpClient client(server_->port());
    drain([&] { return lag_in(client.get("/metrics")); });
    bool is_right = written_count_ > 0;
    const auto check = [&](std::size_t community, const Member& member) {
      const auto posts = parse_page(client.get(paths_[community], member.cookie));
      is_right = is_right && posts.size() == page_count;
      const std::vector<std::string>& news = written_[community];
      for (std::size_t index = 0; index < posts.size(); ++index) {
        const PostOnPage& post = posts[index];
        if (index < news.size()) is_right = is_right && post.id == news[index];
        is_right = is_right && !member.blocked.contains(post.handle) &&
                   post.empathized == member.felt.contains(post.id);
      }
    };
    for (std::size_t community = 0; community < std::min<std::size_t>(paths_.size(), 100);
         ++community) {
      check(community, {});
      for (const Member& member : members_) check(community, member);
    }
    return is_right;
  }

  const Options& options_;
  const std::size_t community_count_;
  const Folder folder_;
  const Words words_;
  const Zipf zipf_;
  std::unique_ptr<Server> server_;
  std::vector<std::string> paths_;
  std::vector<Member> members_;
  Member writer_;
  std::mt19937_64 random_{5};
  std::uint64_t written_count_ = 0;
  std::map<std::size_t, std::vector<std::string>> written_;  // of each community, the newest first
};

int run(int argc, char** argv) {
  const Options options =
      parse_options(argc, argv, "bench_pages: pages of communities, beside nginx sending files");
  Report report("pages", options);
  Bench bench(options);
  if (options.wants("visitor")) bench.run(report, "visitor", false);
  if (options.wants("member")) bench.run(report, "member", true);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) { return matsuri::bench::run(argc, argv); }
