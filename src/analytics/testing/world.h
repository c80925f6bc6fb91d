// A world that plays and is counted: any commands through the real sequencer, with times of several
// weeks put over them; and the plain fold that a run's tables are compared with, which knows
// neither windows nor places.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "analytics/run.h"
#include "base/time.h"
#include "sequencer/sequencer.h"
#include "sql/testing/engines.h"

namespace matsuri::analytics {

inline constexpr std::int64_t hour_ms = 3'600'000;
inline const std::int64_t start_ms = parse_rfc3339("2026-10-01T05:00:00Z").value();

using Lines = std::vector<std::string>;

template <class... Parts>
std::string line(const Parts&... parts) {
  std::string text;
  const auto append = [&](const auto& part) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>)
      text += std::to_string(part);
    else
      text += part;
    text += ' ';
  };
  (append(parts), ...);
  return text;
}

// The shards of a node that plays, until it is gone.
struct PlayingNode {
  std::vector<std::unique_ptr<sql::Db>> dbs;
  std::unique_ptr<sequencer::Sequencer> sequencer;
  io::InlineExecutor executor;

  explicit PlayingNode(const std::vector<sql::DbOptions>& options);
  void run(const sequencer::Command& command);
  // To the other shard, and waits until it is there.
  void move(const std::string& arena);
};

// What a run works on: opened anew, as a process does it.
struct Databases {
  std::unique_ptr<sql::Db> main, own;
  std::vector<std::unique_ptr<sql::Db>> shards;
  game::LogDbs log;
};

class AnalyticsWorld : public sql::ForEachEngine {
 protected:
  void SetUp() override;

  // Any commands in some arenas, which move now and then.
  void play(std::uint64_t seed, int count);
  Databases databases() const;
  Result<Advance> run(const Databases& all, std::size_t window_count = 64, bool forgets = false);

  std::vector<sql::DbOptions> shard_options_;
  sql::DbOptions own_options_, main_options_;
  std::unique_ptr<sql::Db> main_;
  Zone zone_;
};

// All rows of a query, each as a line, sorted.
Lines rows_of(sql::Db& db, const std::string& text, std::size_t columns);

// The tables as they are, and as they ought to be.
struct Tables {
  Lines active, players, commands, arenas, arena_commands, participants, flows, states, calendar;
  bool operator==(const Tables&) const = default;
};
Tables tables_of(sql::Db& own);
Tables expected_of(const std::vector<sql::Db*>& shards, const Zone& zone);
void expect_equal(const Tables& got, const Tables& wanted);

}  // namespace matsuri::analytics
