// The load of bench/game: raids whose bosses are hit, and one shard of ours that takes the hits.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "bench/mailbox.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "io/clock.h"
#include "io/random.h"
#include "sequencer/sequencer.h"
#include "sequencer/shard_map.h"
#include "sequencer/slots.h"
#include "sql/db.h"

namespace matsuri::bench {

using namespace sequencer;

inline constexpr TitleId title{4711};
inline constexpr KindIndex boss = 0;
inline constexpr KindIndex raider = 1;
inline constexpr std::int64_t boss_hp = 1'000'000'000'000;
inline constexpr std::int64_t hit = 10;
inline constexpr std::size_t raider_count = 16;  // in each raid
inline constexpr std::size_t batch_count =
    2048;  // commands of a transaction, as OwnerOptions has it

inline Schemas schemas() {
  auto schema = std::make_shared<const Schema>(
      Schema{{{"boss", {{"hp", 0}}}, {"raider", {{"hp", 0}, {"damage", 0}}}}});
  return [schema](TitleId) { return schema; };
}

// Real time, but so that the owner counts as one that has been there for a while: keys of now are
// known to be new without a look at the database, as they are after the first seconds of a node.
class Clock final : public io::Clock {
 public:
  std::int64_t unix_ms() const override { return io::system_clock().unix_ms() - behind_ms_; }
  std::int64_t monotonic_us() const override { return io::system_clock().monotonic_us(); }
  void settle() { behind_ms_ = 0; }

 private:
  std::atomic<std::int64_t> behind_ms_{60'000};
};

class Raids {
 public:
  explicit Raids(std::size_t raid_count) : raid_count_(raid_count), random_(1) {}

  // Bosses and people, as they are before anybody hits.
  std::vector<Command> births(std::int64_t unix_ms) {
    std::vector<Command> commands;
    for (std::size_t raid = 0; raid < raid_count_; ++raid)
      for (std::size_t who = 0; who <= raider_count; ++who) {
        Command command = base(unix_ms, "born");
        const KindIndex kind = who == 0 ? boss : raider;
        command.entities.push_back(name(raid, kind, who));
        const std::int64_t hp = kind == boss ? boss_hp : 100;
        command.steps.push_back({.field = 0, .operation = Operation::set, .value = hp});
        if (kind == raider)
          command.steps.push_back({.field = 1, .operation = Operation::set, .value = 0});
        commands.push_back(std::move(command));
      }
    return commands;
  }
  Command any_hit(std::int64_t unix_ms) {
    Command command = base(unix_ms, "raid.attack");
    const std::size_t raid = random_.next_u64() % raid_count_;
    command.entities.push_back(name(raid, boss, 0));
    command.entities.push_back(name(raid, raider, 1 + random_.next_u64() % raider_count));
    command.guards.push_back({.field = 0, .compare = Compare::greater, .value = 0});
    command.steps.push_back({.field = 0, .operation = Operation::sub_clamp, .value = hit});
    command.steps.push_back({.entity = 1, .field = 1, .operation = Operation::add, .value = hit});
    return command;
  }
  std::size_t entity_count() const { return raid_count_ * (1 + raider_count); }

 private:
  static EntityName name(std::size_t raid, KindIndex kind, std::size_t who) {
    return {title, "raid-" + std::to_string(raid), kind,
            (kind == boss ? "boss-" : "raider-") + std::to_string(who)};
  }
  Command base(std::int64_t unix_ms, const char* reason) {
    Command command;
    for (std::size_t half : {0U, 8U}) {
      const std::uint64_t bits = random_.next_u64();
      std::memcpy(command.key.bytes.data() + half, &bits, sizeof bits);
    }
    for (std::size_t i = 0; i < 6; ++i)
      command.key.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
    command.key.bytes[6] = static_cast<std::uint8_t>((command.key.bytes[6] & 0x0f) | 0x70);
    command.key.bytes[8] = static_cast<std::uint8_t>((command.key.bytes[8] & 0x3f) | 0x80);
    command.fingerprint = random_.next_u64();
    command.reason = reason;
    return command;
  }

  std::size_t raid_count_;
  io::SeededRandom random_;
};

// Shards with their owner, and who sends to them.
class Game {
 public:
  Game(const std::vector<sql::DbOptions>& shards, Raids& raids) {
    SequencerOptions start{.owner = {.name = "bench"}, .shards = {}};
    for (const sql::DbOptions& shard : shards) {
      dbs_.push_back(must(sql::Db::open(shard)));
      start.shards.push_back(dbs_.back().get());
    }
    start.owner.metrics = &metrics_;
    sequencer_ = must(Sequencer::start(start, schemas(), clock_));
    send(raids.births(clock_.unix_ms()), 1, 64);
    clock_.settle();
  }

  // Sends all, in requests of `together`, with at most `in_flight` of them unanswered.
  void send(const std::vector<Command>& commands, std::size_t together, std::size_t in_flight) {
    std::size_t next = 0;
    std::size_t open = 0;
    while (next < commands.size() || open > 0) {
      while (next < commands.size() && open < in_flight) {
        const std::size_t end = std::min(commands.size(), next + together);
        ++open;
        request(commands, next, end, mailbox_, [&open] { --open; });
        next = end;
      }
      mailbox_.run();
    }
  }

  // Sends them evenly at `rate` a second, whatever is answered. Gives how long each waited, from
  // the moment it was due.
  std::vector<double> send_at(const std::vector<Command>& commands, double rate,
                              std::size_t together) {
    io::InlineExecutor at_once;
    std::mutex mutex;
    std::condition_variable all_answered;
    std::vector<double> waited;
    std::size_t open = 0;
    const double begin = seconds_now();
    for (std::size_t next = 0; next < commands.size(); next += together) {
      const double due = begin + static_cast<double>(next) / rate;
      std::this_thread::sleep_for(std::chrono::duration<double>(due - seconds_now()));
      {
        const std::lock_guard lock(mutex);
        ++open;
      }
      request(commands, next, std::min(commands.size(), next + together), at_once, [&, due] {
        const std::lock_guard lock(mutex);
        waited.push_back(seconds_now() - due);
        if (--open == 0) all_answered.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    all_answered.wait(lock, [&] { return open == 0; });
    return waited;
  }

  // Moves the slots of raids from shard to shard, one behind the other, until told to stop and the
  // last has arrived.
  void move_until(const std::atomic<bool>& stop, std::size_t raid_count) {
    for (std::size_t raid = 0; !stop; raid = (raid + 1) % raid_count) {
      const std::string arena = "raid-" + std::to_string(raid);
      const Wish one{.slot = slot_of(title, arena),
                     .shard = static_cast<std::uint32_t>(1 - sequencer_->shard_of(title, arena))};
      must(wish(*dbs_.front(), std::span(&one, 1)));
      while (sequencer_->shard_of(title, arena) != one.shard) {
        sequencer_->look_at_wishes();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
    while (owned_slots() < slot_count) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  // The mean of the first shard's.
  double commit_seconds() const {
    const auto of = [text = metrics_.to_text()](const std::string& end) {
      const std::string series = "matsuri_sequencer_commit_seconds_" + end + "{shard=\"0\"} ";
      const std::size_t at = text.find(series);
      return at == std::string::npos ? 0.0 : std::stod(text.substr(at + series.size()));
    };
    return of("sum") / std::max(1.0, of("count"));
  }
  std::int64_t now_ms() const { return clock_.unix_ms(); }

 private:
  std::int64_t owned_slots() {
    std::int64_t count = 0;
    for (const auto& db : dbs_)
      must(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(const auto found,
                   connection.integer("SELECT COUNT(*) FROM slot WHERE state = ?",
                                      {static_cast<std::int64_t>(SlotState::owned)}));
        count += found.value_or(0);
        return {};
      }));
    return count;
  }
  void request(const std::vector<Command>& commands, std::size_t begin, std::size_t end,
               io::Executor& executor, std::function<void()> done) {
    // Each shard answers its part of a request from a thread of its own.
    auto left = std::make_shared<std::atomic<std::size_t>>(end - begin);
    auto then = std::make_shared<std::function<void()>>(std::move(done));
    for (std::size_t i = begin; i < end; ++i)
      sequencer_->submit(title, commands[i].entities.front().arena, Chain{{commands[i]}}, executor,
                         [left, then](const sequencer::Answer& answer) {
                           if (answer.outcomes.at(0).verdict != Verdict::applied)
                             give_up("a command was not applied: " + answer.outcomes[0].message);
                           if (--*left == 0) (*then)();
                         });
  }

  metrics::Registry metrics_;
  Clock clock_;
  Mailbox mailbox_;
  std::vector<std::unique_ptr<sql::Db>> dbs_;
  std::unique_ptr<Sequencer> sequencer_;
};

inline std::vector<Command> hits(Raids& raids, std::size_t count, std::int64_t now_ms) {
  std::vector<Command> commands;
  commands.reserve(count);
  while (commands.size() < count) commands.push_back(raids.any_hit(now_ms));
  return commands;
}

}  // namespace matsuri::bench
