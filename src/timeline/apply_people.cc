// What other domains say of people and communities, kept where posts are read.
#include <vector>

#include "timeline/internal/apply_rooms.h"

namespace matsuri::timeline::internal {
namespace {

// The newest revision wins, column by column: facts may arrive again.
Result<void> apply_authors(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<AccountChanged>(&record.event);
    if (fact == nullptr) continue;
    const sql::Value row[] = {fact->account.value,
                              fact->rev,
                              fact->handle,
                              fact->name,
                              fact->face,
                              static_cast<std::int64_t>(fact->follows_shown_to),
                              static_cast<std::int64_t>(fact->empathies_shown_to)};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO author (id, rev, handle, name, face, follows_shown_to, empathies_shown_to)",
      "ON CONFLICT (id) DO UPDATE SET "
      "handle = CASE WHEN excluded.rev > rev THEN excluded.handle ELSE handle END, "
      "name = CASE WHEN excluded.rev > rev THEN excluded.name ELSE name END, "
      "face = CASE WHEN excluded.rev > rev THEN excluded.face ELSE face END, "
      "follows_shown_to = CASE WHEN excluded.rev > rev THEN excluded.follows_shown_to "
      "ELSE follows_shown_to END, "
      "empathies_shown_to = CASE WHEN excluded.rev > rev THEN excluded.empathies_shown_to "
      "ELSE empathies_shown_to END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      7, values);
}

Result<void> apply_blocks(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<BlockChanged>(&record.event);
    if (fact == nullptr) continue;
    const sql::Value row[] = {fact->account.value, fact->target.value, fact->rev,
                              std::int64_t{fact->blocked}};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO block (account, target, rev, blocked)",
      "ON CONFLICT (account, target) DO UPDATE SET "
      "blocked = CASE WHEN excluded.rev > rev THEN excluded.blocked ELSE blocked END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      4, values);
}

Result<void> apply_mutes(sql::Connection& connection, std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<MuteChanged>(&record.event);
    if (fact == nullptr) continue;
    const sql::Value row[] = {fact->account.value, fact->target.value, fact->rev,
                              std::int64_t{fact->muted}};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO mute (account, target, rev, muted)",
      "ON CONFLICT (account, target) DO UPDATE SET "
      "muted = CASE WHEN excluded.rev > rev THEN excluded.muted ELSE muted END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      4, values);
}

Result<void> apply_communities(sql::Connection& connection,
                               std::span<const stream::Record> records) {
  std::vector<sql::Value> values;
  for (const stream::Record& record : records) {
    const auto* fact = std::get_if<CommunityChanged>(&record.event);
    if (fact == nullptr) continue;
    const sql::Value row[] = {fact->community.value,
                              fact->rev,
                              fact->title.value,
                              static_cast<std::int64_t>(fact->kind),
                              fact->owner.value,
                              std::uint32_t{fact->post_kinds},
                              static_cast<std::int64_t>(fact->who_posts)};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO community (id, rev, title, kind, owner, post_kinds, who_posts)",
      "ON CONFLICT (id) DO UPDATE SET "
      "title = CASE WHEN excluded.rev > rev THEN excluded.title ELSE title END, "
      "kind = CASE WHEN excluded.rev > rev THEN excluded.kind ELSE kind END, "
      "owner = CASE WHEN excluded.rev > rev THEN excluded.owner ELSE owner END, "
      "post_kinds = CASE WHEN excluded.rev > rev THEN excluded.post_kinds ELSE post_kinds END, "
      "who_posts = CASE WHEN excluded.rev > rev THEN excluded.who_posts ELSE who_posts END, "
      "rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE rev END",
      7, values);
}

}  // namespace

Result<void> apply_people(sql::Connection& connection, std::span<const stream::Record> records) {
  TRY(apply_authors(connection, records));
  TRY(apply_blocks(connection, records));
  TRY(apply_mutes(connection, records));
  return apply_communities(connection, records);
}

}  // namespace matsuri::timeline::internal
