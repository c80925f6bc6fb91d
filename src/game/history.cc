// An entity's past lies in one shard: what that decided, and what came with the slot. An account's
// lies in all: each is asked for what it decided itself, which a move takes nothing away from, and
// what they say is put in the order of time.
#include "game/history.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "game/places.h"
#include "model/base64url.h"

namespace matsuri::game {
namespace {

using sequencer::PastPage;
using sequencer::PastQuery;
using sequencer::StoredCommand;

// Found beyond a page, so that what its last commands changed can be told.
constexpr std::size_t older_count_max = 64;
constexpr std::size_t request_count_max = 64;  // that may wait

Error refused() { return {Code::invalid, "is none that was given here"}; }

Result<PastPage> read_past(sql::Db& db, const PastQuery& query) {
  PastPage past;
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(past, sequencer::read_past(connection, query));
    return {};
  }));
  return past;
}

Result<HistoryPage> read_entity(const LogDbs& dbs, const HistoryQuery& query,
                                std::size_t shard_of_entity) {
  const PastQuery past_query{
      .title = query.title,
      .arena = query.entity->arena,
      .kind = query.entity->kind,
      .entity = query.entity->id,
      .before = query.cursor.before.empty() ? HistoryCursor::newest : query.cursor.before.front(),
      .count_max = query.count_max + older_count_max,
      .look_count = history_look_count,
      .with_moved = true};
  for (std::size_t i = 0; i < dbs.shards.size(); ++i) {
    std::optional<PastPage> past;
    sql::Db& db = *dbs.shards[(shard_of_entity + i) % dbs.shards.size()];
    TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
      past.reset();
      TRY_ASSIGN(const bool owns, sequencer::owns_arena(connection, query.title, past_query.arena));
      if (!owns) return {};
      TRY_ASSIGN(past, sequencer::read_past(connection, past_query));
      return {};
    }));
    if (!past) continue;
    HistoryPage page{.commands = std::move(past->commands)};
    const std::size_t count = std::min(query.count_max, page.commands.size());
    const auto rest = page.commands.begin() + static_cast<std::ptrdiff_t>(count);
    page.older.assign(std::move_iterator(rest), std::move_iterator(page.commands.end()));
    page.commands.erase(rest, page.commands.end());
    if (!page.older.empty()) {
      page.next = HistoryCursor{{page.commands.back().seq}};
      page.read_to_ms = page.commands.back().time_ms;
    } else if (!past->is_end) {
      page.next = HistoryCursor{{past->looked_to}};
      page.read_to_ms = past->looked_to_ms;
    }
    return page;
  }
  return Error(Code::busy, "the arena moves: try again in a moment");
}

// What a shard said, and how much of it is on the page.
struct Share {
  PastPage past;
  std::size_t count = 0;
  bool is_left() const { return count < past.commands.size(); }
  const StoredCommand& front() const { return past.commands[count]; }
};

// The place below which that shard goes on.
std::uint64_t next_of(const Share& share, std::uint64_t before) {
  if (!share.is_left()) return share.past.is_end ? 0 : share.past.looked_to;
  return share.count == 0 ? before : share.past.commands[share.count - 1].seq;
}

// Where one shard was looked at down to a moment only, older commands of the others have to wait.
struct Bound {
  const Share* share = nullptr;  // its own need not, whatever its clock did
  std::int64_t ms = std::numeric_limits<std::int64_t>::min();
};

// The newest that is left and need not wait; null where there is none.
Share* newest_of(std::span<Share> shares, const Bound& bound) {
  Share* newest = nullptr;
  for (Share& share : shares) {
    if (!share.is_left() || (&share != bound.share && share.front().time_ms < bound.ms)) continue;
    if (newest == nullptr || share.front().time_ms > newest->front().time_ms) newest = &share;
  }
  return newest;
}

Result<HistoryPage> read_player(const LogDbs& dbs, const HistoryQuery& query) {
  const std::size_t shard_count = dbs.shards.size();
  HistoryCursor cursor = query.cursor;
  cursor.before.resize(shard_count, HistoryCursor::newest);
  std::vector<Share> shares(shard_count);
  Bound bound;
  for (std::size_t i = 0; i < shard_count; ++i) {
    TRY_ASSIGN(shares[i].past,
               read_past(*dbs.shards[i], {.title = query.title,
                                          .arena = {},
                                          .kind = {},
                                          .entity = query.player.to_string(),
                                          .actor = query.player,
                                          .before = cursor.before[i],
                                          .count_max = query.count_max + older_count_max,
                                          .look_count = history_look_count / shard_count}));
    const PastPage& past = shares[i].past;
    if (!past.is_end && past.looked_to_ms >= bound.ms) bound = {&shares[i], past.looked_to_ms};
  }
  HistoryPage page;
  while (page.commands.size() < query.count_max) {
    Share* const newest = newest_of(shares, bound);
    if (newest == nullptr) break;
    page.commands.push_back(newest->front());
    ++newest->count;
  }
  bool is_end = true;
  for (std::size_t i = 0; i < shard_count; ++i) {
    cursor.before[i] = next_of(shares[i], cursor.before[i]);
    is_end = is_end && cursor.before[i] == 0;
    for (std::size_t left = shares[i].count; left < shares[i].past.commands.size(); ++left)
      page.older.push_back(std::move(shares[i].past.commands[left]));
  }
  if (is_end) return page;
  page.next = std::move(cursor);
  page.read_to_ms =
      page.commands.size() == query.count_max ? page.commands.back().time_ms : bound.ms;
  return page;
}

}  // namespace

std::string HistoryCursor::to_token() const {
  std::vector<std::byte> bytes(before.size() * sizeof(std::uint64_t));
  std::memcpy(bytes.data(), before.data(), bytes.size());
  return "h" + to_base64url(bytes);
}

Result<HistoryCursor> HistoryCursor::from_token(std::string_view token) {
  if (!token.starts_with('h') || token.size() > history_cursor_size_max) return refused();
  std::vector<std::byte> bytes((token.size() - 1) * 3 / 4);
  const std::size_t count = bytes.size() / sizeof(std::uint64_t);
  if (count == 0 || count > shard_count_max || bytes.size() % sizeof(std::uint64_t) != 0 ||
      !from_base64url(token.substr(1), bytes))
    return refused();
  HistoryCursor cursor{.before = std::vector<std::uint64_t>(count)};
  std::memcpy(cursor.before.data(), bytes.data(), bytes.size());
  if (std::ranges::max(cursor.before) > newest || cursor.to_token() != token) return refused();
  return cursor;
}

Result<HistoryPage> read_history(const LogDbs& dbs, const HistoryQuery& query,
                                 std::size_t shard_of_entity) {
  return query.entity ? read_entity(dbs, query, shard_of_entity) : read_player(dbs, query);
}

std::string EntitiesCursor::to_token() const {
  std::vector<std::byte> bytes{std::byte{shard}};
  for (const std::string* part : {&arena, &kind, &id}) {
    bytes.push_back(static_cast<std::byte>(part->size()));
    const Bytes text = as_bytes(*part);
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  return "e" + to_base64url(bytes);
}

Result<EntitiesCursor> EntitiesCursor::from_token(std::string_view token) {
  if (!token.starts_with('e') || token.size() > history_cursor_size_max) return refused();
  std::vector<std::byte> bytes((token.size() - 1) * 3 / 4);
  if (bytes.empty() || !from_base64url(token.substr(1), bytes)) return refused();
  EntitiesCursor cursor{.shard = std::to_integer<std::uint8_t>(bytes[0])};
  Bytes left = Bytes(bytes).subspan(1);
  for (std::string* part : {&cursor.arena, &cursor.kind, &cursor.id}) {
    if (left.empty()) return refused();
    const auto size = std::to_integer<std::size_t>(left[0]);
    left = left.subspan(1);
    if (size > left.size()) return refused();
    *part = as_text(left.first(size));
    left = left.subspan(size);
  }
  if (cursor.to_token() != token) return refused();
  return cursor;
}

Result<EntitiesPage> read_player_entities(const LogDbs& dbs, TitleId title, AccountId player,
                                          const EntitiesCursor& after, std::size_t count_max) {
  EntitiesPage page;
  EntitiesCursor at = after;
  std::uint64_t look_count = history_look_count;
  while (at.shard < dbs.shards.size()) {
    sequencer::Entities entities;
    TRY(dbs.shards[at.shard]->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(entities, sequencer::read_entities(connection,
                                                    {.title = title,
                                                     .id = player.to_string(),
                                                     .after_arena = at.arena,
                                                     .after_kind = at.kind,
                                                     .after_id = at.id,
                                                     .count_max = count_max - page.entities.size(),
                                                     .look_count = look_count}));
      return {};
    }));
    std::ranges::move(entities.found, std::back_inserter(page.entities));
    look_count -= std::min<std::uint64_t>(look_count, entities.looked_count);
    if (entities.is_end)
      at = {.shard = static_cast<std::uint8_t>(at.shard + 1), .arena = {}, .kind = {}, .id = {}};
    else
      at = {.shard = at.shard,
            .arena = std::move(entities.last_arena),
            .kind = std::move(entities.last_kind),
            .id = std::move(entities.last_id)};
    if (look_count == 0 || page.entities.size() == count_max) break;
  }
  if (at.shard < dbs.shards.size()) page.next = std::move(at);
  return page;
}

History::History(HistoryParts parts)
    : parts_(std::move(parts)),
      threads_({.name = "history", .thread_count = 2, .queue_count_max = request_count_max}) {}

namespace {

// Runs `read` on a thread of the pool. Where that is full, `done` hears it at once.
template <class Page, class Read>
void run_on(io::ThreadPool& threads, const HistoryParts& parts, io::Executor& executor,
            Completion<Page> done, Read read) {
  struct Call {
    Read read;
    Completion<Page> done;
  };
  const auto call = std::make_shared<Call>(Call{std::move(read), std::move(done)});
  const Result<void> taken = threads.submit([call, &parts, &executor] {
    const std::int64_t as_of_ms = parts.as_of_ms();
    Result<Page> result = call->read();
    if (result.ok()) result->as_of_ms = as_of_ms;
    executor.post([call, result = std::move(result)]() mutable { call->done(std::move(result)); });
  });
  if (!taken.ok()) call->done(taken.error());
}

}  // namespace

void History::read(HistoryQuery query, io::Executor& executor, Completion<HistoryPage> done) {
  run_on<HistoryPage>(
      threads_, parts_, executor, std::move(done), [this, query = std::move(query)] {
        const std::size_t shard =
            query.entity ? parts_.shard_of(query.title, query.entity->arena) : std::size_t{0};
        return read_history(parts_.dbs, query, shard);
      });
}

void History::read_entities(TitleId title, AccountId player, EntitiesCursor after,
                            std::size_t count_max, io::Executor& executor,
                            Completion<EntitiesPage> done) {
  run_on<EntitiesPage>(threads_, parts_, executor, std::move(done),
                       [this, title, player, after = std::move(after), count_max] {
                         return read_player_entities(parts_.dbs, title, player, after, count_max);
                       });
}

}  // namespace matsuri::game
