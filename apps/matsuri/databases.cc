#include "databases.h"

#include "account/schema.h"
#include "board/schema.h"
#include "checkin/schema.h"
#include "community/schema.h"
#include "empathy/schema.h"
#include "game/schema.h"
#include "notification/query.h"
#include "notification/schema.h"
#include "people/schema.h"
#include "points/dues.h"
#include "points/projection.h"
#include "timeline/schema.h"

namespace matsuri {
namespace {

// One transaction of the database's own writer.
Result<std::uint64_t> count_in(sql::Db& db, std::int64_t now_unix_ms,
                               Result<std::uint64_t> (*forget)(sql::Connection&, std::int64_t)) {
  std::uint64_t count = 0;
  TRY(db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(count, forget(connection, now_unix_ms));
    return {};
  }));
  return count;
}

Result<std::uint64_t> forget_old_of_checkin(sql::Connection& connection, std::int64_t now_unix_ms) {
  TRY_ASSIGN(const std::uint64_t tickets, checkin::forget_old_tickets(connection, now_unix_ms));
  TRY_ASSIGN(const std::uint64_t counts,
             checkin::forget_old_attempt_counts(connection, now_unix_ms));
  return tickets + counts;
}

Result<Carried> carry_settings(sql::Connection& connection) {
  TRY_ASSIGN(auto all, notification::read_all_settings(connection));
  return
      [all = std::move(all)](sql::Connection& to) { return notification::write_settings(to, all); };
}

}  // namespace

std::span<const DatabaseKind> database_kinds() {
  static const std::vector<DatabaseKind> kinds = {
      {.name = "notification",
       .options = &Config::notification,
       .db = &ServerNode::notification_db,
       .outbox = &ServerNode::notification_outbox,
       .components = {{"people", people::migrations()},
                      {"notification", notification::migrations()}},
       .view = [](ServerNode& node) -> stream::View* { return &node.notification_view; },
       .begins_with_kept = true,
       .carry = carry_settings,
       .clean_up =
           [](ServerNode& node, std::int64_t now_unix_ms) {
             return count_in(*node.notification_db, now_unix_ms, notification::forget_old);
           }},
      {.name = "timeline",
       .options = &Config::timeline,
       .db = &ServerNode::timeline_db,
       .outbox = &ServerNode::timeline_outbox,
       .components = {{"timeline", timeline::migrations()}},
       .view = [](ServerNode& node) -> stream::View* { return &node.timeline_view; },
       .clean_up =
           [](ServerNode& node, std::int64_t now_unix_ms) {
             return count_in(*node.timeline_db, now_unix_ms, timeline::forget_old_keys);
           }},
      {.name = "empathy",
       .options = &Config::empathy,
       .db = &ServerNode::empathy_db,
       .outbox = &ServerNode::empathy_outbox,
       .components = {{"people", people::migrations()}, {"empathy", empathy::migrations()}},
       .view = [](ServerNode& node) -> stream::View* { return &node.empathy_view; },
       .begins_with_kept = true},
      {.name = "grants",
       .options = &Config::grants,
       .db = &ServerNode::grants_db,
       .outbox = &ServerNode::grants_outbox,
       .components = {{"grants", points::dues_migrations()}},
       .view = [](ServerNode& node) -> stream::View* { return &node.dues_view; },
       .begins_with_kept = true},
      {.name = "checkin",
       .options = &Config::checkin,
       .db = &ServerNode::checkin_db,
       .outbox = &ServerNode::checkin_outbox,
       .components = {{"checkin", checkin::migrations()}},
       .view = [](ServerNode& node) -> stream::View* { return &node.checkin_view; },
       .begins_with_kept = true,
       .clean_up =
           [](ServerNode& node, std::int64_t now_unix_ms) {
             return count_in(*node.checkin_db, now_unix_ms, forget_old_of_checkin);
           }},
      {.name = "main",
       .options = &Config::main,
       .db = &ServerNode::main_db,
       .outbox = &ServerNode::main_outbox,
       .components = {{"main", account::migrations()},
                      {"community", community::migrations()},
                      {"game", game::migrations()},
                      {"points", points::migrations()},
                      {"board", board::definition_migrations()}},
       .clean_up = [](ServerNode& node,
                      std::int64_t) { return node.accounts->forget_old_sessions(); }},
  };
  return kinds;
}

}  // namespace matsuri
