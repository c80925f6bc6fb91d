// The list of a node's databases that hold rows of the community: whoever works on all of them goes
// through it, so that a further one is an entry here and members of Config and ServerNode. The
// shards of game state stand beside it (all_databases(), ServerNode::shards): of a kind, and as
// many as the configuration says. So does that of leaderboards, which nobody copies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "config.h"
#include "node.h"
#include "sql/db.h"
#include "stream/outbox.h"
#include "stream/view.h"

namespace matsuri {

// The tables of one module in a database.
struct Component {
  std::string_view name;
  std::span<const sql::Migration> migrations;
};

// Writes into a new database what was read from the one that it replaces.
using Carried = std::function<Result<void>(sql::Connection&)>;

struct DatabaseKind {
  std::string_view name;  // of its section in the configuration, its file, its metrics
  sql::DbOptions Config::* options = nullptr;
  std::unique_ptr<sql::Db> ServerNode::* db = nullptr;
  std::unique_ptr<stream::Outbox> ServerNode::* outbox = nullptr;
  std::vector<Component> components;
  // The view whose rows these are; null where strict commands write them.
  stream::View* (*view)(ServerNode&) = nullptr;
  // Younger than the first data folders: the view begins with what journals still have.
  bool begins_with_kept = false;
  // What strict commands have written beside the view, for a rebuild. Null: nothing.
  Result<Carried> (*carry)(sql::Connection&) = nullptr;
  // Forgets what is too old, one turn, and gives how many rows that was. Null: nothing gets old.
  Result<std::uint64_t> (*clean_up)(ServerNode&, std::int64_t now_unix_ms) = nullptr;
};

// In the order of a backup: whose view reads another's facts comes before the other, so that no
// copy has read facts that the other copy has not. Timeline and empathy read each other's: a
// deletion that empathy has read too early comes again from the journal. So do grants and checkin:
// what is due is told again after a restore, and the ledger, which is copied before them, knows
// what it has granted.
std::span<const DatabaseKind> database_kinds();

}  // namespace matsuri
