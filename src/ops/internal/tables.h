// What the doctor has to know of each database, read at one moment.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/position.h"
#include "ops/internal/findings.h"
#include "sql/db.h"

namespace matsuri::ops::internal {

// An account as main's row, a fact or the timeline's copy tells of it.
struct AccountSeen {
  std::uint64_t rev = 0;
  std::string handle;
  std::string name;

  bool operator==(const AccountSeen&) const = default;
};
using AccountsSeen = std::unordered_map<std::uint64_t, AccountSeen>;

struct OutboxSeen {
  std::uint64_t incarnation = 0;
  std::uint64_t first_offset = 1;
  std::uint64_t end_offset = 0;
  AccountsSeen accounts;         // the newest fact of each
  std::uint64_t post_count = 0;  // facts that a post is there
};

// What became of a record that is not in effect as a post.
enum class Aside : std::uint8_t { refused, duplicate, quarantined };

struct MainSeen {
  OutboxSeen outbox;
  AccountsSeen accounts;
  std::vector<std::uint64_t> other_ids;  // of sessions and tokens
};

struct TimelineSeen {
  OutboxSeen outbox;
  std::map<Origin, std::uint64_t> positions;  // of the view "timeline"
  std::map<Position, Aside> asides;
  AccountsSeen authors;
  std::vector<std::uint64_t> post_ids;  // sorted
};

// The engine's own check of its files. Not inside a reading transaction that others depend on.
Result<void> check_engine(sql::Connection& connection, const std::string& name, Findings& findings);

Result<MainSeen> read_main(sql::Connection& connection, Findings& findings);
Result<TimelineSeen> read_timeline(sql::Connection& connection, Findings& findings);

// A further database, of a view.
struct OtherSeen {
  std::string name;
  OutboxSeen outbox;
  std::vector<Position> positions;
};
Result<OtherSeen> read_other(sql::Connection& connection, const std::string& name,
                             Findings& findings);

// A shard of game state: its order without gaps, every row in the slot of its arena.
Result<void> read_shard(sql::Connection& connection, const std::string& name, Findings& findings);

// The ledger of points, where the shard has it: every command, and what there is by them.
Result<void> read_ledger(sql::Connection& connection, const std::string& name, Findings& findings);
// What main shows of it.
Result<void> read_points(sql::Connection& connection, const std::string& name, Findings& findings);
// Check-ins against the ledger: what it is to have granted, and what it is not to have.
class GrantCheck {
 public:
  // First check-in, then all shards: what is final there is in the ledger before.
  Result<void> read_checkins(sql::Connection& connection, Findings& findings);
  Result<void> read_shard(sql::Connection& connection);
  void compare(Findings& findings) const;

 private:
  // By a hash of the grant with all that belongs to it; of the grant's name alone. To the account.
  std::unordered_map<std::uint64_t, std::uint64_t> granted_, refused_;
  std::uint64_t granted_though_count_ = 0;
  std::uint64_t granted_though_account_ = 0;
};

// Check-ins are of no later than now.
Result<void> read_checkin_times(sql::Connection& connection, std::int64_t now_unix_ms,
                                Findings& findings);

// Leaderboards: each entry of as many parts as there are.
Result<void> read_boards(sql::Connection& connection, const std::string& name, Findings& findings);

// The database of analytics: what was counted twice agrees.
Result<void> read_analytics(sql::Connection& connection, const std::string& name,
                            Findings& findings);

// What holds between the two, the timeline having been read first.
void compare(const MainSeen& main, const TimelineSeen& timeline, Findings& findings);

}  // namespace matsuri::ops::internal
