// The timeline of what one follows, over a real graph of 82 000 people (Slashdot's; a made one
// where that is not there) with a million posts:
//
//   inproc-N   a page of 50 from N people, the ids alone, beside Redis: ZUNION of a sorted set for
//              each of them, over a Unix socket. The sets hold what our rings hold: the newest 64
//              of each. Two ways are tried (ZUNION; ZUNIONSTORE and ZREVRANGE), and the faster
//              counts.
//   http-500   the page with its posts, as JSON, beside a *stored* feed (ZREVRANGE 50, MGET) behind
//              the same HTTP server: what one would have by writing each post to every follower.
//   memory-*   bytes of an account that was read lately, and of one that was not.
//
// Somebody who follows N people: a person of the graph with as many, or fewer and then whom those
// follow.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "bench/client.h"
#include "bench/crowd.h"
#include "bench/redis.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "http/router.h"
#include "http/server.h"
#include "io/thread_pool.h"
#include "sql/call.h"
#include "sql/db.h"
#include "timeline/home.h"
#include "timeline/render.h"

namespace matsuri::bench {
namespace {

std::string set_of(std::uint32_t person) { return "p:" + std::to_string(person); }

// The newest 64 of each person.
void fill_sets(Redis& redis, const World& world, std::size_t ring_count) {
  std::string commands;
  std::size_t count = 0;
  std::vector<std::string> arguments;
  for (std::uint32_t person = 1; person <= world.count(); ++person) {
    const auto& posts = world.posts[person];
    if (posts.empty()) continue;
    arguments = {"ZADD", set_of(person)};
    for (std::size_t at = posts.size() - std::min(posts.size(), ring_count); at < posts.size();
         ++at) {
      arguments.push_back(std::to_string(posts[at]));  // the second: exact as a double
      arguments.push_back(std::to_string(World::id_of(posts[at])));
    }
    commands += Redis::command_of(arguments);
    if (++count % 500 == 0) {
      redis.ask(commands, 500);
      commands.clear();
    }
  }
  if (count % 500 != 0) redis.ask(commands, count % 500);
}

std::uint64_t redis_bytes(Redis& redis) {
  const std::string_view info = redis.ask(Redis::command({"INFO", "memory"}))[0];
  return std::strtoull(info.data() + info.find("used_memory:") + 12, nullptr, 10);
}

struct Bench {
  const Options& options;
  Report& report;
  World& world;
  Data& data;
  Redis& redis;
  const std::string& redis_socket;
};

// One way to get the newest 50 of a union out of Redis.
class Union {
 public:
  Union(Redis& redis, const std::vector<Viewer>& viewers, bool is_stored)
      : redis_(redis), is_stored_(is_stored) {
    for (const Viewer& viewer : viewers) {
      std::vector<std::string> arguments = {is_stored ? "ZUNIONSTORE" : "ZUNION"};
      if (is_stored) arguments.push_back("union");
      arguments.push_back(std::to_string(viewer.followees.size()));
      for (const std::uint32_t followee : viewer.followees) arguments.push_back(set_of(followee));
      if (!is_stored) arguments.push_back("WITHSCORES");
      commands_.push_back(Redis::command_of(arguments));
      if (is_stored)
        commands_.back() += Redis::command({"ZREVRANGE", "union", "0", "49", "WITHSCORES"});
    }
  }
  // The ids, the newest first.
  void ask(std::size_t index, std::vector<std::uint64_t>& ids) {
    const auto& answer = redis_.ask(commands_[index], is_stored_ ? 2 : 1);
    const std::size_t count = std::min(answer.size() / 2, page_count);
    ids.clear();
    for (std::size_t at = 0; at < count; ++at) {
      const std::string_view text = answer[is_stored_ ? at * 2 : answer.size() - 2 - at * 2];
      std::uint64_t id = 0;
      std::from_chars(text.data(), text.data() + text.size(), id);
      ids.push_back(id);
    }
  }

 private:
  Redis& redis_;
  bool is_stored_;
  std::vector<std::string> commands_;
};

void bench_inproc(const Bench& bench, std::size_t followee_count) {
  const std::string name = "inproc-" + std::to_string(followee_count);
  if (!bench.options.wants(name)) return;
  const std::size_t viewer_count = bench.options.quick ? 4 : followee_count == 5000 ? 20 : 100;
  if (bench.options.quick) followee_count = std::min<std::size_t>(followee_count, 1000);
  const std::vector<Viewer> viewers = make_viewers(bench.world, followee_count, viewer_count);
  bench.data.add(viewers);
  timeline::Home home{timeline::render_row};
  bool checked = true;
  const auto ours = [&](int rounds, bool check) {
    double us = 0;
    must(bench.data.db().read_and_wait([&](sql::Connection& connection) -> Result<void> {
      const double begin = seconds_now();
      for (int round = 0; round < rounds; ++round) {
        for (const Viewer& viewer : viewers) {
          TRY_ASSIGN(const auto ids,
                     home.read_ids({&connection, home.now()},
                                   {.viewer = viewer.account, .count_max = page_count}));
          if (check) checked = checked && std::ranges::equal(*ids, viewer.page, {}, &PostId::value);
        }
      }
      us = (seconds_now() - begin) * 1e6 / rounds / static_cast<double>(viewers.size());
      return {};
    }));
    return us;
  };
  Union by_union(bench.redis, viewers, false), by_store(bench.redis, viewers, true);
  std::vector<std::uint64_t> ids;
  const auto theirs = [&](Union& one) {
    const double begin = seconds_now();
    for (std::size_t index = 0; index < viewers.size(); ++index) {
      one.ask(index, ids);
      checked = checked && ids == viewers[index].page;
    }
    return (seconds_now() - begin) * 1e6 / static_cast<double>(viewers.size());
  };
  ours(1, true);  // loads what it reads
  ours(1, true);
  const bool is_stored = theirs(by_store) < theirs(by_union);
  const int rounds = bench.options.quick ? 10 : 100;
  const auto figures = compare(
      bench.options.quick ? 1 : 5, [&] { return std::vector{ours(rounds, false)}; },
      [&] { return std::vector{theirs(is_stored ? by_store : by_union)}; });
  ours(1, true);
  bench.report.add({.name = name,
                    .metric = "time of a page of 50 ids",
                    .figures = figures[0],
                    .unit = "us",
                    .baseline = is_stored ? "Redis ZUNIONSTORE, ZREVRANGE" : "Redis ZUNION",
                    .better = Better::smaller,
                    .checked = checked});
}

std::string render(const timeline::FeedPage& page) {
  std::string body = R"({"posts":[)";
  for (const timeline::RowPtr& row : page.posts) {
    if (row != page.posts.front()) body += ',';
    timeline::append_row(body, *row, {});
  }
  return body += "]}";
}

// Two routes: /ours/N and /stored/N, for viewer number N. Ours answers from memory at once, and
// gives what it does not find there to the database's two readers; the stored one has two threads.
class PageServer {
 public:
  PageServer(const Bench& bench, timeline::Home& home, const std::vector<Viewer>& viewers)
      : pool_({.name = "stored"}) {
    router_.add(http::Method::get, "/ours/{viewer}", {},
                [&](http::RequestPtr request, http::Responder respond) {
                  const timeline::HomeQuery query{.viewer = viewers[number_of(*request)].account};
                  if (const auto page = must(home.read({}, query)))
                    return respond.send(http::Response{.body = render(*page)});
                  sql::read_value<timeline::FeedPage>(
                      bench.data.db(), *request->executor,
                      [&home, moment = home.now(),
                       query](sql::Connection& connection) -> Result<timeline::FeedPage> {
                        TRY_ASSIGN(auto page, home.read({&connection, moment}, query));
                        return std::move(*page);
                      },
                      [respond = std::move(respond)](Result<timeline::FeedPage> page) mutable {
                        respond.send(page.ok() ? http::Response{.body = render(page.value())}
                                               : http::problem(page.error()));
                      });
                });
    router_.add(http::Method::get, "/stored/{viewer}", {},
                [&bench, this](http::RequestPtr request, http::Responder respond) {
                  must(pool_.submit([&bench, viewer = number_of(*request),
                                     respond = std::move(respond)]() mutable {
                    thread_local Redis redis(bench.redis_socket);
                    respond.send(http::Response{.body = stored_page(redis, viewer)});
                  }));
                });
    http::ServerOptions options;
    options.port = 0;
    options.thread_count = 2;
    options.address_read = {.per_minute = 6e7, .burst = 1e6};
    server_ = must(http::Server::listen(std::move(options), router_));
    server_->start();
  }
  ~PageServer() { server_->stop(); }
  std::uint16_t port() const { return server_->port(); }

 private:
  static std::size_t number_of(const http::Request& request) {
    return std::strtoull(std::string(request.path_parameter("viewer")).c_str(), nullptr, 10);
  }
  static std::string stored_page(Redis& redis, std::size_t viewer) {
    std::vector<std::string> keys = {"MGET"};
    const auto feed = "f:" + std::to_string(viewer);
    for (const std::string_view id : redis.ask(Redis::command({"ZREVRANGE", feed, "0", "49"})))
      keys.push_back("j:" + std::string(id));
    std::string body = R"({"posts":[)";
    for (const std::string_view post : redis.ask(Redis::command_of(keys))) {
      if (!body.ends_with('[')) body += ',';
      body += post;
    }
    return body += "]}";
  }

  http::Router router_;
  io::ThreadPool pool_;
  std::unique_ptr<http::Server> server_;
};

// Feeds as fan-out on write would have left them: the newest 800 ids of each, and each post once.
void store_feeds(const Bench& bench, const std::vector<Viewer>& viewers) {
  std::unordered_set<std::uint64_t> known;
  for (std::size_t index = 0; index < viewers.size(); ++index) {
    std::vector<std::uint32_t> posts;
    for (const std::uint32_t followee : viewers[index].followees)
      posts.insert(posts.end(), bench.world.posts[followee].begin(),
                   bench.world.posts[followee].end());
    std::ranges::sort(posts, std::ranges::greater{});
    posts.resize(std::min<std::size_t>(posts.size(), 800));
    std::vector<std::string> arguments = {"ZADD", "f:" + std::to_string(index)};
    for (const std::uint32_t post : posts) {
      arguments.push_back(std::to_string(post));
      arguments.push_back(std::to_string(World::id_of(post)));
    }
    bench.redis.ask(Redis::command_of(arguments));
    for (std::size_t at = 0; at < std::min(posts.size(), page_count); ++at) {
      const std::uint64_t id = World::id_of(posts[at]);
      if (!known.insert(id).second) continue;
      const std::uint32_t author = bench.world.authors[posts[at]];
      const std::string name = "person_" + std::to_string(author);
      const std::string post =
          timeline::to_json({.id = PostId{id},
                             .community = common_ground,
                             .author = {.id = AccountId{author}, .handle = name, .name = name},
                             .text = text_of(posts[at]),
                             .language = "en",
                             .created_unix_ms = parts_of(id).unix_ms},
                            {});
      bench.redis.ask(Redis::command({"SET", "j:" + std::to_string(id), post}));
    }
  }
}

void bench_http(const Bench& bench) {
  if (!bench.options.wants("http-500")) return;
  const std::vector<Viewer> viewers =
      make_viewers(bench.world, 500, bench.options.quick ? 10 : 200);
  bench.data.add(viewers);
  store_feeds(bench, viewers);
  timeline::Home home{timeline::render_row};
  const PageServer server(bench, home, viewers);
  std::atomic<bool> checked{true};
  std::size_t body_size = 0;
  {
    HttpClient client(server.port());
    for (std::size_t index = 0; index < viewers.size(); ++index) {
      const std::string ours(client.get("/ours/" + std::to_string(index)));
      body_size = ours.size();
      if (ours.empty() || ours != client.get("/stored/" + std::to_string(index))) checked = false;
    }
  }
  const int count = bench.options.quick ? 50 : 1500;
  const auto run = [&](const std::string& path) {
    std::vector<std::thread> threads;
    const double begin = seconds_now();
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        HttpClient client(server.port());
        for (int index = 0; index < count; ++index) {
          const auto viewer = static_cast<std::size_t>(index * 7 + thread) % viewers.size();
          if (client.get(path + std::to_string(viewer)).empty()) checked = false;
        }
      });
    for (std::thread& thread : threads) thread.join();
    return std::vector{(seconds_now() - begin) * 1e6 / count};
  };
  const auto figures = compare(
      bench.options.quick ? 1 : 7, [&] { return run("/ours/"); }, [&] { return run("/stored/"); });
  bench.report.add({.name = "http-500",
                    .metric = "time of a page of 50 posts, " + std::to_string(body_size) +
                              " bytes, 4 connections",
                    .figures = figures[0],
                    .unit = "us",
                    .baseline = "stored feed: Redis ZREVRANGE, MGET",
                    .better = Better::smaller,
                    .checked = checked});
}

std::size_t used_bytes() { return mallinfo2().uordblks; }

std::string sum_of(double bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "15 million: %.2f GB", bytes * 15e6 / 1e9);
  return text;
}

void bench_memory(const Bench& bench, std::uint64_t redis_set_bytes) {
  if (!bench.options.wants("memory-warm") && !bench.options.wants("memory-cold")) return;
  const auto people = static_cast<double>(bench.world.count());
  const auto read_all = [&](timeline::Home& home) {
    bool equal = true;
    must(bench.data.db().read_and_wait([&](sql::Connection& connection) -> Result<void> {
      for (std::uint32_t person = 1; person <= bench.world.count(); ++person) {
        TRY_ASSIGN(const auto ids,
                   home.read_ids({&connection, home.now()},
                                 {.viewer = AccountId{person}, .count_max = page_count}));
        if (person % 1000 != 0) continue;
        std::vector<std::uint64_t> wanted;
        const auto add = [&](std::uint32_t author) {
          for (const std::uint32_t post : bench.world.posts[author])
            wanted.push_back(World::id_of(post));
        };
        add(person);
        for (const std::uint32_t author : bench.world.followees[person]) add(author);
        std::ranges::sort(wanted, std::ranges::greater{});
        wanted.resize(std::min(wanted.size(), page_count));
        equal = equal && std::ranges::equal(*ids, wanted, {}, &PostId::value);
      }
      return {};
    }));
    return equal;
  };
  const auto measure = [&](const timeline::HomeOptions& options, bool& equal) {
    const std::size_t before = used_bytes();
    timeline::Home home(timeline::render_row, options);
    equal = read_all(home);
    return static_cast<double>(used_bytes() - before);
  };
  bool is_warm_true = false;
  bool is_cold_true = false;
  const double warm = measure({}, is_warm_true) / people;
  bench.report.add(
      {.name = "memory-warm",
       .metric = "memory of an account that reads and is read (" + sum_of(warm) + ")",
       .figures = {.value = warm, .baseline_value = static_cast<double>(redis_set_bytes) / people},
       .unit = "bytes",
       .baseline = "Redis: its sorted set and its set of followees",
       .better = Better::smaller,
       .checked = is_warm_true});
  // All have been read, and nothing of it fits: what is left is what does not depend on how many.
  const double cold =
      measure({.rings = {.size_max = 0}, .followee_count_max = 0}, is_cold_true) / people;
  bench.report.add({.name = "memory-cold",
                    .metric = "the same, of one that was not read lately: the tables of " +
                              std::to_string(bench.world.count()) + " (they do not grow)",
                    .figures = {.value = cold, .baseline_value = 0},
                    .unit = "bytes",
                    .baseline = {},
                    .better = Better::smaller,
                    .checked = is_cold_true});
}

// What a person follows, as sets, for the comparison of memory.
void fill_followees(Redis& redis, const World& world) {
  std::vector<std::string> arguments;
  for (std::uint32_t person = 1; person <= world.count(); ++person) {
    if (world.followees[person].empty()) continue;
    arguments = {"SADD", "l:" + std::to_string(person)};
    for (const std::uint32_t followee : world.followees[person])
      arguments.push_back(std::to_string(followee));
    redis.ask(Redis::command_of(arguments));
  }
}

int run(int argc, char** argv) {
  const Options options =
      parse_options(argc, argv, "bench_timeline: a page of what one follows, beside Redis");
  log::configure(log::Level::warn, log::Format::text);
  Report report("timeline", options);
  const Folder folder;
  World world = make_world(options);
  const RedisServer server(folder.path());
  Redis redis(server.socket());
  const std::uint64_t before = redis_bytes(redis);
  fill_sets(redis, world, timeline::RingOptions{}.count_max);
  fill_followees(redis, world);
  const std::uint64_t set_bytes = redis_bytes(redis) - before;
  Data data(folder, world);
  const Bench bench{options, report, world, data, redis, server.socket()};
  for (const std::size_t count : {50U, 500U, 5000U}) bench_inproc(bench, count);
  bench_http(bench);
  bench_memory(bench, set_bytes);
  return report.finish();
}

}  // namespace
}  // namespace matsuri::bench

int main(int argc, char** argv) { return matsuri::bench::run(argc, argv); }
