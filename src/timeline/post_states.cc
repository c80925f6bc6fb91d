#include <algorithm>

#include "sql/list.h"
#include "timeline/internal/post_states.h"
#include "timeline/model.h"

namespace matsuri::timeline::internal {

Result<void> PostStates::load(std::vector<std::uint64_t> ids) {
  std::erase_if(ids, [&](std::uint64_t id) { return states_.contains(PostId{id}); });
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  states_.reserve(states_.size() + ids.size());
  for (const std::uint64_t id : ids) states_.try_emplace(PostId{id});
  return load_tables({ids.begin(), ids.end()});
}

Result<void> PostStates::load_early(const std::vector<std::uint64_t>& ids) {
  // Most often nothing is early.
  TRY_ASSIGN(const auto any, connection_.integer("SELECT post FROM early LIMIT 1"));
  if (!any) return {};
  std::vector<std::uint64_t> early;
  TRY(sql::query_in(connection_, "SELECT post FROM early WHERE post", "",
                    std::vector<sql::Value>(ids.begin(), ids.end()), {},
                    [&](const sql::Row& row) { early.push_back(row.id(0)); }));
  return load(std::move(early));
}

Result<void> PostStates::load_tables(const std::vector<sql::Value>& ids) {
  TRY(sql::query_in(connection_,
                    "SELECT id, community, author, parent, rev, deleted FROM post WHERE id", "",
                    ids, {}, [&](const sql::Row& row) {
                      PostState& state = states_[PostId{row.id(0)}];
                      state.is_there = true;
                      state.community = CommunityId{row.id(1)};
                      state.author = AccountId{row.id(2)};
                      state.parent = PostId{row.id(3)};
                      state.rev = row.id(4);
                      state.deleted = row.integer(5) != 0;
                    }));
  TRY(sql::query_in(connection_,
                    "SELECT post, rev, text, feeling, spoiler, tag, deleted FROM early WHERE post",
                    "", ids, {}, [&](const sql::Row& row) {
                      PostState& state = states_[PostId{row.id(0)}];
                      state.is_early = true;
                      state.rev = row.id(1);
                      state.words = {.text = std::string(row.text(2)),
                                     .feeling = static_cast<std::uint8_t>(row.integer(3)),
                                     .spoiler = row.integer(4) != 0,
                                     .tag = std::string(row.text(5))};
                      state.deleted = row.integer(6) != 0;
                    }));
  return sql::query_in(
      connection_, "SELECT post, empathy_count, empathy_rev, comment_count FROM heat WHERE post",
      "", ids, {}, [&](const sql::Row& row) {
        PostState& state = states_[PostId{row.id(0)}];
        state.empathy_count = row.id(1);
        state.empathy_rev = row.id(2);
        state.comment_count = row.id(3);
      });
}

PostState* PostStates::find(PostId id) {
  if (states_.empty()) return nullptr;
  const auto found = states_.find(id);
  return found == states_.end() ? nullptr : &found->second;
}

Result<void> PostStates::write() {
  if (states_.empty()) return {};
  TRY(write_posts());
  TRY(write_heat());
  return write_early();
}

Result<void> PostStates::write_posts() {
  for (const auto& [id, state] : states_) {
    if (!state.is_there || state.is_new || !state.has_changed) continue;
    if (state.deleted) {
      TRY(connection_.execute(
          "UPDATE post SET rev = 1, text = '', feeling = 0, spoiler = 0, tag = '', drawing = 0, "
          "deleted = 1 WHERE id = ?",
          {id.value}));
      TRY(connection_.execute("DELETE FROM drawing WHERE post = ?", {id.value}));
    } else {
      TRY(connection_.execute(
          "UPDATE post SET rev = ?, text = ?, feeling = ?, spoiler = ?, tag = ? WHERE id = ?",
          {state.rev, state.words.text, std::uint32_t{state.words.feeling},
           std::int64_t{state.words.spoiler}, state.words.tag, id.value}));
    }
  }
  return {};
}

Result<void> PostStates::write_heat() {
  std::vector<sql::Value> values;
  for (const auto& [id, state] : states_) {
    if (!state.has_heated) continue;
    if (state.comment_count == 0 && state.empathy_rev == 0) {
      // Its last comment is gone: as if there had been none.
      TRY(connection_.execute("DELETE FROM heat WHERE post = ?", {id.value}));
      continue;
    }
    const std::int64_t created_ms = parts_of(id.value).unix_ms;
    const bool is_ranked = state.is_there && !state.deleted && !state.parent;
    const sql::Value row[] = {id.value,
                              is_ranked ? state.community.value : 0,
                              day_of(created_ms),
                              hot_score(state.empathy_count, state.comment_count, created_ms),
                              state.empathy_count,
                              state.empathy_rev,
                              state.comment_count};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection_.insert_rows(
      "INSERT INTO heat (post, community, day, hot, empathy_count, empathy_rev, comment_count)",
      "ON CONFLICT (post) DO UPDATE SET community = excluded.community, hot = excluded.hot, "
      "empathy_count = excluded.empathy_count, empathy_rev = excluded.empathy_rev, "
      "comment_count = excluded.comment_count",
      7, values);
}

Result<void> PostStates::write_early() {
  for (const auto& [id, state] : states_) {
    if (state.is_there && state.is_early)
      TRY(connection_.execute("DELETE FROM early WHERE post = ?", {id.value}));
  }
  std::vector<sql::Value> values;
  for (const auto& [id, state] : states_) {
    if (state.is_there || (!state.has_changed && !(state.has_heated && !state.is_early))) continue;
    const sql::Value row[] = {id.value,
                              state.rev,
                              state.words.text,
                              std::uint32_t{state.words.feeling},
                              std::int64_t{state.words.spoiler},
                              state.words.tag,
                              std::int64_t{state.deleted}};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection_.insert_rows(
      "INSERT INTO early (post, rev, text, feeling, spoiler, tag, deleted)",
      "ON CONFLICT (post) DO UPDATE SET rev = excluded.rev, text = excluded.text, "
      "feeling = excluded.feeling, spoiler = excluded.spoiler, tag = excluded.tag, "
      "deleted = excluded.deleted",
      7, values);
}

}  // namespace matsuri::timeline::internal
