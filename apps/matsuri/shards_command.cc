// `matsuri shards`: what the shard map says, and what is wished of it. All of it works on the
// databases, so it needs no running server; it takes one to fulfil a wish.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "commands.h"
#include "io/clock.h"
#include "io/file.h"
#include "sequencer/history.h"
#include "sequencer/shard_map.h"
#include "sql/db.h"

namespace matsuri {
namespace {

// So long nothing moves until we say that it is not going to.
constexpr std::chrono::seconds patience{20};

struct Shards {
  std::vector<std::unique_ptr<sql::Db>> dbs;
  std::vector<sql::Db*> pointers;
  std::vector<sequencer::Slots> map;
};

Result<Shards> open_shards(const Config& config) {
  Shards shards;
  for (const sql::DbOptions& database : config.shards) {
    if (database.engine == sql::Engine::sqlite) {
      TRY_ASSIGN(const bool exists, io::posix_files().exists(database.sqlite_path));
      if (!exists)
        return Error(Code::invalid, database.sqlite_path +
                                        " is not there yet: serve once, or name "
                                        "the data folder with --data");
    }
    TRY_ASSIGN(shards.dbs.emplace_back(), sql::Db::open(database));
    shards.pointers.push_back(shards.dbs.back().get());
  }
  TRY_ASSIGN(shards.map, sequencer::read_map(shards.pointers));
  return shards;
}

std::int64_t count(const sequencer::Slots& slots, sequencer::SlotState state) {
  return std::ranges::count(slots, state, &sequencer::SlotRow::state);
}

Result<std::uint32_t> number(std::string_view text, std::size_t below, const char* what) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value < below) return value;
  return Error(Code::invalid, std::string(what) + ": 0 to " + std::to_string(below - 1) + ", not " +
                                  std::string(text));
}

// "17", or "17-40".
Result<std::vector<sequencer::Wish>> slots_of(std::string_view text, std::uint32_t shard) {
  const std::size_t dash = text.find('-');
  TRY_ASSIGN(const std::uint32_t first,
             number(text.substr(0, dash), sequencer::slot_count, "SLOTS"));
  std::uint32_t last = first;
  if (dash != std::string_view::npos) {
    TRY_ASSIGN(last, number(text.substr(dash + 1), sequencer::slot_count, "SLOTS"));
    if (last < first) return Error(Code::invalid, "SLOTS: the first comes before the last");
  }
  std::vector<sequencer::Wish> wishes;
  for (std::uint32_t slot = first; slot <= last; ++slot)
    wishes.push_back({.slot = slot, .shard = shard});
  return wishes;
}

// Writes the wishes down, and waits while they are fulfilled.
Result<int> wish_for(Shards& shards, const std::vector<sequencer::Wish>& wishes) {
  if (wishes.empty()) {
    std::printf("nothing to move\n");
    return 0;
  }
  TRY(sequencer::wish(*shards.dbs.front(), wishes));
  std::size_t left = wishes.size();
  auto moved_at = std::chrono::steady_clock::now();
  while (left > 0) {
    TRY_ASSIGN(const auto open, sequencer::read_wishes(*shards.dbs.front()));
    const auto still = static_cast<std::size_t>(std::ranges::count_if(
        wishes, [&](const auto& one) { return std::ranges::find(open, one) != open.end(); }));
    const auto now = std::chrono::steady_clock::now();
    if (still < left) moved_at = now;
    left = still;
    if (now - moved_at > patience) {
      std::fprintf(stderr,
                   "matsuri: %zu of %zu slots have not moved yet: a server that owns the shards "
                   "does it, also later\n",
                   left, wishes.size());
      return 1;
    }
    if (left > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::printf("%zu slots are where they were wished\n", wishes.size());
  return 0;
}

}  // namespace

Result<int> run_shards_show(const Config& config) {
  TRY_ASSIGN(const Shards shards, open_shards(config));
  using enum sequencer::SlotState;
  for (std::size_t i = 0; i < shards.dbs.size(); ++i) {
    std::string owner;
    std::uint64_t epoch = 0, seq = 0;
    bool leased = false;
    TRY(shards.dbs[i]->read_and_wait([&](sql::Connection& connection) {
      return connection.query("SELECT epoch, owner, lease_until_ms, seq FROM shard WHERE id = 1",
                              {}, [&](const sql::Row& row) {
                                epoch = row.id(0);
                                owner = row.text(1);
                                leased = row.integer(2) > io::system_clock().unix_ms();
                                seq = row.id(3);
                              });
    }));
    std::printf("shard %zu  %s  slots %lld  arriving %lld  seq %llu  epoch %llu  owner %s%s\n", i,
                shards.dbs[i]->name().c_str(), static_cast<long long>(count(shards.map[i], owned)),
                static_cast<long long>(count(shards.map[i], arriving)),
                static_cast<unsigned long long>(seq), static_cast<unsigned long long>(epoch),
                owner.empty() ? "nobody" : owner.c_str(), leased ? "" : " (its lease is over)");
  }
  const std::vector<std::uint32_t> map = sequencer::map_of(shards.map);
  for (std::uint32_t first = 0; first < map.size();) {
    std::uint32_t last = first;
    while (last + 1 < map.size() && map[last + 1] == map[first]) ++last;
    std::printf("slots %u-%u  shard %u\n", first, last, map[first]);
    first = last + 1;
  }
  TRY_ASSIGN(const auto wishes, sequencer::read_wishes(*shards.dbs.front()));
  for (const sequencer::Wish& wish : wishes)
    std::printf("slot %u  is wished in shard %u\n", wish.slot, wish.shard);
  return 0;
}

Result<int> run_shards_move(const Config& config, const std::string& slots, const std::string& to) {
  TRY_ASSIGN(Shards shards, open_shards(config));
  TRY_ASSIGN(const std::uint32_t shard, number(to, shards.dbs.size(), "SHARD"));
  TRY_ASSIGN(const auto wishes, slots_of(slots, shard));
  return wish_for(shards, wishes);
}

Result<int> run_shards_drain(const Config& config, const std::string& from) {
  TRY_ASSIGN(Shards shards, open_shards(config));
  TRY_ASSIGN(const std::uint32_t shard, number(from, shards.dbs.size(), "SHARD"));
  if (shards.dbs.size() == 1)
    return Error(Code::invalid, "SHARD: there is no other that could take its slots");
  return wish_for(shards, sequencer::drain(shards.map, shard));
}

}  // namespace matsuri
