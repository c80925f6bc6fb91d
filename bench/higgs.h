// A week of one piece of news, split in two: the hours before its burst as a file to import, and
// those of the burst as commands, with what must be there when all of them are in effect.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/scratch.h"

namespace matsuri::bench {

struct Command {
  enum class Kind : std::uint8_t { post, comment, follow, empathy };
  Kind kind{};
  std::string id;       // of a post or comment
  std::string account;  // who acts
  std::string target;   // the post that is commented or felt with; the person who is followed
};

// All ids are those of the collection.
struct Higgs {
  std::string history;            // a file of the import format: all people, and what came before
  std::vector<Command> commands;  // the burst, in its order
  std::vector<std::string> people;
  std::set<std::string> posts;
  std::set<std::pair<std::string, std::string>> empathies;  // post and account
  std::set<std::pair<std::string, std::string>> follows;    // account and person
  std::map<std::string, std::uint64_t> comments;            // of each post
  bool is_real = false;
};

// The value of a key, as the converter writes them: without escapes.
inline std::string value_in(std::string_view line, std::string_view key) {
  const std::string mark = "\"" + std::string(key) + "\":\"";
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + mark.size();
  return std::string(line.substr(begin, line.find('"', begin) - begin));
}

// The four hours in which the world hears of it.
constexpr std::string_view burst_begin = "2012-07-04T05:00:00.000Z";
constexpr std::string_view burst_end = "2012-07-04T09:00:00.000Z";

inline void take_line(Higgs& higgs, std::string_view line, bool is_burst) {
  const std::string kind = value_in(line, "kind"), id = value_in(line, "id");
  Command command{.kind = Command::Kind::post, .id = id, .account = {}, .target = {}};
  if (kind == "post") {
    command.account = value_in(line, "author");
    higgs.posts.insert(id);
  } else if (kind == "comment") {
    command.kind = Command::Kind::comment;
    command.account = value_in(line, "author");
    command.target = value_in(line, "post");
    ++higgs.comments[command.target];
  } else if (kind == "follow") {
    command.kind = Command::Kind::follow;
    command.account = value_in(line, "account");
    command.target = value_in(line, "target");
    higgs.follows.emplace(command.account, command.target);
  } else {
    command.kind = Command::Kind::empathy;
    command.account = value_in(line, "account");
    command.target = value_in(line, "post");
    higgs.empathies.emplace(command.target, command.account);
  }
  if (is_burst) higgs.commands.push_back(std::move(command));
}

// Rows of (who, whom, second, kind), as the collection has them, of a crowd that is made.
inline void make_rows(const std::string& path, std::uint32_t count) {
  std::ofstream out(path);
  std::uint64_t state = 1;
  const auto random = [&](std::uint32_t bound) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>((state >> 33) % bound);
  };
  for (std::uint32_t row = 0; row < count; ++row) {
    const std::uint32_t who = 1 + random(count / 2), whom = 1 + random(1 + random(count / 2));
    constexpr const char* kinds[] = {"RT", "RT", "MT", "RE"};
    if (who == whom) continue;
    out << who << ' ' << whom << ' ' << 1'341'360'000 + std::uint64_t{row} * 3600 * 12 / count
        << ' ' << kinds[random(4)] << '\n';
  }
}

// `limit` rows, the first half of which is the history; 0: all rows up to the end of the burst.
inline Higgs load_higgs(const std::string& folder, std::uint32_t limit) {
  const char* shared = std::getenv("MATSURI_SHARED");
  std::string rows = std::string(shared == nullptr ? "../shared" : shared) +
                     "/data/higgs/higgs-activity_time.txt.gz";
  Higgs higgs{.history = folder + "/history.ndjson", .is_real = std::filesystem::exists(rows)};
  if (!higgs.is_real) {
    say("bench burst: " + rows + " is not there: a made crowd (MATSURI_SHARED names the folder)");
    make_rows(folder + "/rows.txt", limit == 0 ? 400'000 : limit);
    if (std::system(("gzip '" + folder + "/rows.txt'").c_str()) != 0) give_up("gzip failed");
    rows = folder + "/rows.txt.gz";
  }
  const std::string all = folder + "/all.ndjson";
  const std::string command = "python3 tools/datasets/convert.py higgs '" + rows + "' > '" + all +
                              "'" + (limit == 0 ? "" : " --limit " + std::to_string(limit));
  if (std::system(command.c_str()) != 0) give_up("failed: " + command);

  std::ofstream history(higgs.history);
  std::vector<std::string> later;  // than the people
  {
    std::ifstream file(all);
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with(R"({"kind":"user")") && !line.starts_with(R"({"kind":"community")")) {
        if (limit != 0 || value_in(line, "created_at") < burst_end) later.push_back(line);
        continue;
      }
      if (line.starts_with(R"({"kind":"user")")) higgs.people.push_back(value_in(line, "id"));
      history << line << '\n';
    }
  }
  for (std::size_t index = 0; index < later.size(); ++index) {
    const bool is_burst = limit != 0 || !higgs.is_real
                              ? index >= later.size() / 2
                              : value_in(later[index], "created_at") >= burst_begin;
    take_line(higgs, later[index], is_burst);
    if (!is_burst) history << later[index] << '\n';
  }
  history.close();
  std::filesystem::remove(all);
  return higgs;
}

}  // namespace matsuri::bench
