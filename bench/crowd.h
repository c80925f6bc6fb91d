// A crowd that follows one another and posts, and the timeline's database with all of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bench/report.h"
#include "bench/scratch.h"
#include "model/ids.h"
#include "sql/db.h"
#include "timeline/schema.h"

namespace matsuri::bench {

inline constexpr std::size_t page_count = 50;
inline constexpr std::uint64_t viewer_base =
    100'000'000;  // ids of viewers; those of the graph are below
inline constexpr std::int64_t start_ms = 1'790'000'000'000;

// Who follows whom, and who posted when. People are numbers from 1.
struct World {
  std::vector<std::vector<std::uint32_t>> followees;
  std::vector<std::uint32_t> authors;             // of each post, the oldest first
  std::vector<std::vector<std::uint32_t>> posts;  // of each person, the oldest first
  std::mt19937_64 random{1};

  std::size_t count() const { return followees.size() - 1; }
  static std::uint64_t id_of(std::uint32_t post) {
    return compose_id({.unix_ms = start_ms + std::int64_t{post} * 1000, .node = Node{1}});
  }
};

inline void read_graph(World& world, const std::string& path) {
  std::FILE* const pipe = ::popen(("gzip -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) give_up("cannot read " + path);
  char line[64];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    char* end = nullptr;
    const auto from = static_cast<std::uint32_t>(std::strtoul(line, &end, 10));
    const auto to =
        *end == ',' ? static_cast<std::uint32_t>(std::strtoul(end + 1, nullptr, 10)) : 0;
    if (from == 0 || to == 0 || from == to) continue;  // nobody follows themselves
    if (world.followees.size() <= std::max(from, to))
      world.followees.resize(std::max(from, to) + 1);
    world.followees[from].push_back(to);
  }
  if (::pclose(pipe) != 0 || world.count() < 1000) give_up("cannot read " + path);
}

// As many people, and as unequal.
inline void make_graph(World& world, std::size_t count) {
  world.followees.resize(count + 1);
  std::vector<std::uint32_t> ends;
  for (std::uint32_t person = 1; person <= count; ++person) {
    const std::uint64_t degree = 1 + 300 / (1 + world.random() % 300);
    for (std::uint64_t edge = 0; edge < degree; ++edge) {
      const auto to = ends.empty() || world.random() % 4 == 0
                          ? 1 + static_cast<std::uint32_t>(world.random() % count)
                          : ends[world.random() % ends.size()];
      if (to == person) continue;
      world.followees[person].push_back(to);
      ends.push_back(to);
    }
  }
}

// Whoever is followed by many posts more.
inline World make_world(const Options& options) {
  World world;
  const char* const shared = std::getenv("MATSURI_SHARED");
  const std::string path = std::string(shared == nullptr ? "../shared" : shared) +
                           "/data/graph_slashdot_directed/slashdot0902_edges.csv.gz";
  if (options.quick) {
    make_graph(world, 6'000);
  } else if (std::filesystem::exists(path)) {
    read_graph(world, path);
  } else {
    say("bench timeline: " + path +
        " is not there: a made graph (MATSURI_SHARED names the folder)");
    make_graph(world, 82'000);
  }
  std::vector<std::uint32_t> weights;
  for (std::uint32_t person = 1; person <= world.count(); ++person) {
    std::vector<std::uint32_t>& list = world.followees[person];
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    weights.push_back(person);
    weights.insert(weights.end(), list.begin(), list.end());
  }
  const std::size_t post_count = options.quick ? 30'000 : 1'000'000;
  world.posts.resize(world.count() + 1);
  for (std::uint32_t post = 0; post < post_count; ++post) {
    world.authors.push_back(weights[world.random() % weights.size()]);
    world.posts[world.authors.back()].push_back(post);
  }
  return world;
}

struct Viewer {
  AccountId account;
  std::vector<std::uint32_t> followees;
  std::vector<std::uint64_t> page;  // as a plain search over all posts finds it
};

inline std::vector<Viewer> make_viewers(World& world, std::size_t followee_count,
                                        std::size_t count) {
  std::vector<Viewer> viewers;
  static std::uint64_t next_id = viewer_base;
  while (viewers.size() < count) {
    std::vector<std::uint32_t> list;
    std::unordered_set<std::uint32_t> known;
    std::uint32_t person = 0;
    while (world.followees[person].size() < std::min<std::size_t>(followee_count, 20))
      person = 1 + static_cast<std::uint32_t>(world.random() % world.count());
    for (std::size_t at = 0; list.size() < followee_count; ++at) {
      for (const std::uint32_t followee : world.followees[person])
        if (list.size() < followee_count && known.insert(followee).second) list.push_back(followee);
      if (at >= list.size()) give_up("the graph is too small");
      person = list[at];
    }
    Viewer viewer{.account = AccountId{next_id++}, .followees = std::move(list), .page = {}};
    for (const std::uint32_t followee : viewer.followees)
      for (const std::uint32_t post : world.posts[followee])
        viewer.page.push_back(World::id_of(post));
    std::ranges::sort(viewer.page, std::ranges::greater{});
    viewer.page.resize(std::min(viewer.page.size(), page_count));
    viewers.push_back(std::move(viewer));
  }
  return viewers;
}

inline std::string text_of(std::uint32_t post) {
  std::string text = "Post " + std::to_string(post) + ": ";
  for (std::uint32_t word = 0; word < 4 + post % 12; ++word) text += "matsuri ";
  text.pop_back();
  return text;
}

// The timeline's database with all of it, as the view would have written it.
class Data {
 public:
  Data(const Folder& folder, const World& world) {
    sql::DbOptions options;
    options.name = "timeline";
    options.durability = sql::Durability::normal;
    options.sqlite_path = folder.path() + "/timeline.sqlite";
    db_ = must(sql::Db::open(options));
    must(db_->migrate("timeline", timeline::migrations()));
    write_posts(world);
    std::vector<std::string> names;
    for (std::uint32_t person = 1; person <= world.count(); ++person)
      names.push_back("person_" + std::to_string(person));
    insert("INSERT INTO author (id, rev, handle, name)", 4, names.size(),
           [&](std::vector<sql::Value>& values, std::size_t index) {
             values.insert(values.end(),
                           {std::uint64_t{index + 1}, std::int64_t{1}, names[index], names[index]});
           });
    for (std::uint32_t person = 1; person <= world.count(); ++person)
      follow(AccountId{person}, world.followees[person]);
    flush();
  }

  sql::Db& db() { return *db_; }

  void add(const std::vector<Viewer>& viewers) {
    for (const Viewer& viewer : viewers) follow(viewer.account, viewer.followees);
    flush();
  }

 private:
  template <class Fill>
  void insert(std::string_view head, std::size_t columns, std::size_t count, Fill fill) {
    std::vector<sql::Value> values;
    for (std::size_t first = 0; first < count; first += 20'000) {
      values.clear();
      for (std::size_t index = first; index < std::min(count, first + 20'000); ++index)
        fill(values, index);
      must(db_->write_and_wait([&](sql::Connection& connection) {
        return connection.insert_rows(head, "", columns, values);
      }));
    }
  }
  void write_posts(const World& world) {
    std::vector<std::string> texts;
    for (std::uint32_t post = 0; post < world.authors.size(); ++post)
      texts.push_back(text_of(post));
    insert("INSERT INTO post (id, community, author, rev, text, language)", 6, texts.size(),
           [&](std::vector<sql::Value>& values, std::size_t index) {
             const auto post = static_cast<std::uint32_t>(index);
             values.insert(values.end(), {World::id_of(post), common_ground.value,
                                          std::uint64_t{world.authors[index]}, std::int64_t{1},
                                          texts[index], "en"});
           });
  }
  void follow(AccountId account, const std::vector<std::uint32_t>& followees) {
    for (const std::uint32_t followee : followees) pairs_.emplace_back(account.value, followee);
    if (pairs_.size() >= 20'000) flush();
  }
  void flush() {
    insert("INSERT INTO follow (account, kind, target, rev, followed, since)", 6, pairs_.size(),
           [&](std::vector<sql::Value>& values, std::size_t index) {
             values.insert(values.end(),
                           {pairs_[index].first, std::int64_t{1}, pairs_[index].second,
                            std::int64_t{1}, std::int64_t{1}, std::uint64_t{index + 1}});
           });
    pairs_.clear();
  }

  std::unique_ptr<sql::Db> db_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs_;
};

}  // namespace matsuri::bench
