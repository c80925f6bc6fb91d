#include "board/boards.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "game/feed.h"
#include "sequencer/history.h"

namespace matsuri::board {
namespace {

using sequencer::SlotSet;

// Between two turns: so that many commits become one transaction.
constexpr std::chrono::milliseconds turn_pause{10};
// What other processes commit or define makes no noise here.
constexpr std::int64_t look_again_us = 1'000'000;
constexpr std::size_t change_count_max = 4096;
// Reads of one shard in one turn, so that none keeps the others from being read.
constexpr int read_count_max = 16;
// Entries that change under one lock, so that no reader waits for long.
constexpr std::size_t shown_count_max = 256;

Error being_filled() { return {Code::busy, "the board is being filled: ask again in a moment"}; }

bool is_of(std::span<const game::ShardDb> shards, std::uint64_t incarnation) {
  return std::ranges::find(shards, incarnation, &game::ShardDb::incarnation) != shards.end();
}

}  // namespace

Boards::Boards(BoardsParts parts)
    : parts_(std::move(parts)), read_to_(parts_.world), saved_(parts_.world) {
  if (parts_.metrics != nullptr) {
    update_counter_ = &parts_.metrics->counter("matsuri_board_updates_total",
                                               "Changes of entities that boards count.");
    entry_gauge_ = &parts_.metrics->gauge("matsuri_board_entries", "Ranked entities in memory.");
    filling_gauge_ =
        &parts_.metrics->gauge("matsuri_board_filling", "Boards that are being filled.");
  }
  thread_ = std::thread([this] { loop(); });
}

Boards::~Boards() {
  {
    const std::lock_guard lock(mutex_);
    is_draining_ = is_ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
  answer_waiters();
}

void Boards::drain() {
  {
    const std::lock_guard lock(mutex_);
    is_draining_ = true;
  }
  wake_.notify_all();
}

void Boards::wake() {
  if (has_news_.exchange(true)) return;
  const std::lock_guard lock(mutex_);  // so that the thread is not between its look and its sleep
  wake_.notify_one();
}

void Boards::loop() {
  bool is_behind = true;
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    if (!is_behind)
      wake_.wait_for(lock, std::chrono::microseconds(pause_us()), [this] {
        return has_news_ || is_ending_ || (is_draining_ && !waiters_.empty());
      });
    if (is_ending_) return;
    has_news_ = false;
    lock.unlock();
    const Result<bool> done = step();
    if (!done.ok())
      log::warn("board", "boards can't go on now", {{"error", done.error().to_string()}});
    answer_waiters();
    is_behind = done.ok() && *done;
    // Filling goes on at once; all else gathers, and what failed is not tried in a hurry.
    std::this_thread::sleep_for(done.ok() ? turn_pause : 20 * turn_pause);
    lock.lock();
  }
}

// REQUIRES: the lock is held.
std::int64_t Boards::pause_us() const {
  const std::int64_t now_us = parts_.clock.monotonic_us();
  std::int64_t until_us = now_us + look_again_us;
  for (const Waiter& waiter : waiters_) until_us = std::min(until_us, waiter.until_us);
  return std::max<std::int64_t>(until_us - now_us, 0);
}

Result<bool> Boards::step() {
  TRY(look_at_definitions());
  if (!is_loaded_) TRY(load());
  TRY(settle());
  if (live_.empty()) return false;
  std::int64_t filling_count = 0, entry_count = 0;
  for (const auto& [id, live] : live_) {
    if (live->fill && !live->fill->is_done()) TRY(fill_page(*live));
    if (live->fill) ++filling_count;
    if (live->ranking != nullptr) entry_count += static_cast<std::int64_t>(live->ranking->size());
  }
  game::Places seen;
  TRY_ASSIGN(const bool is_end, consume(seen));
  if (read_to_ != saved_) TRY(commit({}, read_to_));
  if (is_end) {
    // What a fill has found is no newer than this.
    for (const auto& [id, live] : live_)
      if (live->fill && live->fill->is_done()) TRY(make_ready(*live));
    const std::lock_guard lock(mutex_);
    passed_ = std::move(seen);
  }
  if (filling_gauge_ != nullptr) filling_gauge_->set(filling_count);
  if (entry_gauge_ != nullptr) entry_gauge_->set(entry_count);
  return filling_count != 0 || !is_end;
}

Result<void> Boards::look_at_definitions() {
  const std::int64_t now_us = parts_.clock.monotonic_us();
  if (is_loaded_ && now_us - looked_us_ < look_again_us) return {};
  TRY(parts_.main.read_and_wait([this](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const std::uint64_t rev, read_rev(connection));
    if (rev == parts_.definitions.all()->rev) return {};
    TRY_ASSIGN(Defined defined, read_defined(connection));
    parts_.definitions.learn(std::move(defined));
    return {};
  }));
  looked_us_ = now_us;
  return {};
}

Result<void> Boards::load() {
  std::string passed, read_to;
  std::map<BoardId, State> states;
  std::optional<std::uint64_t> rev;
  TRY(parts_.db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    states.clear();
    rev.reset();
    TRY(connection.query("SELECT rev, passed, read_to FROM board_place WHERE id = 1", {},
                         [&](const sql::Row& row) {
                           rev = row.id(0);
                           passed = as_text(row.blob(1));
                           read_to = as_text(row.blob(2));
                         }));
    return connection.query("SELECT board, state FROM board_state", {}, [&](const sql::Row& row) {
      states[BoardId{row.id(0)}] = static_cast<State>(row.integer(1));
    });
  }));
  if (!rev) return forget_all();
  const auto places = game::Places::from_token(passed);
  const auto cursor = game::Cursor::from_token(read_to);
  const auto is_here = [this](const game::Places::Place& place) {
    return is_of(parts_.shards, place.incarnation);
  };
  if (!places.ok() || !cursor.ok() || cursor->world != parts_.world ||
      !std::ranges::all_of(places->all, is_here)) {
    log::warn("board", "boards are of another life of the shards: they are filled anew");
    return forget_all();
  }
  rev_ = *rev;
  read_to_ = saved_ = *cursor;
  states_ = std::move(states);
  {
    const std::lock_guard lock(mutex_);
    passed_ = *places;
  }
  settled_rev_ = 0;
  const auto defined = parts_.definitions.all();
  std::map<BoardId, std::shared_ptr<Live>> live;
  for (const Board& board : defined->boards) {
    const auto state = states_.find(board.id);
    if (state == states_.end()) continue;
    const auto old = live_.find(board.id);
    auto& one = live[board.id];
    one = old == live_.end() ? std::make_shared<Live>() : old->second;
    one->board = board;
    one->fill.reset();
    if (state->second == State::filling) one->fill.emplace(board);
    if (state->second == State::ready) TRY(rank_all(*one));
  }
  {
    const std::unique_lock lock(live_mutex_);
    live_.swap(live);
  }
  index();
  is_loaded_ = true;
  return {};
}

// Everything is made again by settle().
Result<void> Boards::forget_all() {
  const std::string passed = game::Places().to_token();
  const std::string read_to = game::Cursor(parts_.world).to_token();
  TRY(parts_.db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    for (const char* table : {"board_part", "board_entry", "board_state", "board_place"})
      TRY(connection.execute("DELETE FROM " + std::string(table)));
    TRY(connection.execute("INSERT INTO board_place (id, rev, passed, read_to) VALUES (1, 0, ?, ?)",
                           {as_bytes(passed), as_bytes(read_to)}));
    return {};
  }));
  rev_ = 0;
  read_to_ = saved_ = game::Cursor(parts_.world);
  states_.clear();
  settled_rev_ = 0;
  {
    const std::unique_lock lock(live_mutex_);
    live_.clear();
  }
  {
    const std::lock_guard lock(mutex_);
    passed_ = {};
  }
  by_title_.clear();
  is_loaded_ = true;
  return {};
}

// Makes what is there what is defined.
Result<void> Boards::settle() {
  const auto defined = parts_.definitions.all();
  if (defined->rev == settled_rev_) return {};
  is_loaded_ = false;  // where this fails, all is read again
  TRY(drop_undefined(*defined));
  std::vector<Board> fresh;
  for (const Board& board : defined->boards) {
    const auto found = live_.find(board.id);
    if (found == live_.end()) {
      fresh.push_back(board);
      continue;
    }
    Live& live = *found->second;
    const bool is_resized = live.board.size != board.size;
    live.board = board;
    if (is_resized && live.ranking != nullptr) TRY(rank_all(live));
  }
  if (!fresh.empty()) TRY(begin(fresh));
  index();
  settled_rev_ = defined->rev;
  is_loaded_ = true;
  return {};
}

Result<void> Boards::drop_undefined(const Defined& defined) {
  for (auto at = states_.begin(); at != states_.end();) {
    const BoardId id = at->first;
    if (std::ranges::find(defined.boards, id, &Board::id) != defined.boards.end()) {
      ++at;
      continue;
    }
    std::shared_ptr<Live> gone;  // it ends without the lock
    {
      const std::unique_lock lock(live_mutex_);
      if (const auto found = live_.find(id); found != live_.end()) {
        gone = std::move(found->second);
        live_.erase(found);
      }
    }
    index();
    TRY(parts_.db.write_and_wait(
        [&](sql::Connection& connection) { return clear_board(connection, id); }));
    at = states_.erase(at);
  }
  return {};
}

// Those take part in what is read from now on; what was there before, their fills bring.
Result<void> Boards::begin(const std::vector<Board>& boards) {
  game::Cursor from = read_to_;
  if (live_.empty()) {
    TRY_ASSIGN(from, game::end_of_shards(parts_.shards, parts_.world));
  }
  TRY(parts_.db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    for (const Board& board : boards) {
      TRY(clear_board(connection, board.id));
      TRY(connection.execute("INSERT INTO board_state (board, state) VALUES (?, ?)",
                             {board.id.value, static_cast<std::int64_t>(State::filling)}));
    }
    return save_places(connection, from);
  }));
  ++rev_;
  read_to_ = saved_ = from;
  const std::unique_lock lock(live_mutex_);
  for (const Board& board : boards) {
    auto live = std::make_shared<Live>();
    live->board = board;
    live->fill.emplace(board);
    states_[board.id] = State::filling;
    live_[board.id] = std::move(live);
  }
  return {};
}

void Boards::index() {
  by_title_.clear();
  for (const auto& [id, live] : live_) by_title_[live->board.title].push_back(&live->board);
}

Result<void> Boards::fill_page(Live& live) {
  TRY_ASSIGN(const std::vector<Update> updates, live.fill->next(parts_.shards, live.board));
  live.filled = live.fill->count();
  if (!updates.empty()) TRY(commit(updates, read_to_));
  return {};
}

Result<void> Boards::make_ready(Live& live) {
  const BoardId id = live.board.id;
  TRY(parts_.db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(connection.execute("UPDATE board_state SET state = ? WHERE board = ?",
                           {static_cast<std::int64_t>(State::ready), id.value}));
    return {};
  }));
  states_[id] = State::ready;
  TRY(rank_all(live));
  live.fill.reset();
  log::info("board", "a board is filled",
            {{"board", live.board.name}, {"entities", live.filled.load()}});
  return {};
}

Result<void> Boards::rank_all(Live& live) {
  std::unique_ptr<Ranking> ranking;
  TRY(parts_.db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    ranking = std::make_unique<Ranking>(live.board.order, live.board.size);
    return read_entries(connection, live.board.id,
                        [&](std::string_view id, std::int64_t value, const Reached& reached) {
                          ranking->set(id, value, reached);
                        });
  }));
  const std::unique_lock lock(live.mutex);
  live.ranking.swap(ranking);
  return {};
}

Result<bool> Boards::consume(game::Places& seen) {
  SlotSet slots;
  bool is_end = true;
  for (std::size_t i = 0; i < parts_.shards.size(); ++i) {
    TRY_ASSIGN(const bool is_shard_end, consume_shard(i, slots, seen));
    is_end = is_end && is_shard_end;
  }
  // A slot that nobody had is on its way, with commands that its last shard has told of.
  return is_end && slots.all();
}

Result<bool> Boards::consume_shard(std::size_t shard, SlotSet& slots, game::Places& seen) {
  for (int turn = 0; turn < read_count_max; ++turn) {
    sequencer::Changes found;
    std::uint64_t seq = 0;
    const Result<void> read =
        parts_.shards[shard].db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
          TRY_ASSIGN(seq, sequencer::read_seq(connection));
          TRY_ASSIGN(found, sequencer::read_changes(connection, {.title = {},
                                                                 .arena = {},
                                                                 .slots = SlotSet().set(),
                                                                 .after = read_to_.seqs,
                                                                 .count_max = change_count_max}));
          return {};
        });
    if (!read.ok() && read.error().code() == Code::conflict) {
      // Entities are there all the same.
      log::warn("board", "commands went before boards read them: they are filled anew");
      TRY(forget_all());
      return false;
    }
    TRY(read);
    std::vector<Update> updates;
    for (const sequencer::StoredCommand& command : found.commands)
      if (const auto boards = by_title_.find(command.title); boards != by_title_.end())
        TRY(append_updates(command, boards->second, updates));
    game::Cursor next = read_to_;
    next.raise(found.slots, found.read_to);
    if (!updates.empty()) TRY(commit(updates, next));
    read_to_ = std::move(next);
    if (!found.is_end) continue;
    slots |= found.slots;
    seen.raise(parts_.shards[shard].incarnation, seq);
    return true;
  }
  return false;
}

Result<void> Boards::commit(std::span<const Update> updates, const game::Cursor& read_to) {
  std::vector<Moved> moved;
  is_loaded_ = false;  // where this fails, nobody knows what was written
  TRY(parts_.db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(moved, apply(connection, updates));
    return save_places(connection, read_to);
  }));
  ++rev_;
  saved_ = read_to;
  if (update_counter_ != nullptr) update_counter_->add(updates.size());
  TRY(show(moved));
  is_loaded_ = true;
  return {};
}

Result<void> Boards::save_places(sql::Connection& connection, const game::Cursor& read_to) {
  game::Places passed;
  {
    const std::lock_guard lock(mutex_);
    passed = passed_;
  }
  // A shard without a place is named too: by that one knows that it was this one.
  for (const game::ShardDb& shard : parts_.shards) passed.raise(shard.incarnation, 0);
  const std::string passed_text = passed.to_token();
  const std::string read_to_text = read_to.to_token();
  TRY_ASSIGN(const std::uint64_t count,
             connection.execute("UPDATE board_place SET rev = rev + 1, passed = ?, read_to = ?"
                                " WHERE id = 1 AND rev = ?",
                                {as_bytes(passed_text), as_bytes(read_to_text), rev_}));
  if (count == 1) return {};
  return Error(Code::conflict, "another process writes the boards");
}

Result<void> Boards::show(std::span<const Moved> moved) {
  while (!moved.empty()) {
    std::size_t count = 1;
    while (count < std::min(moved.size(), shown_count_max) &&
           moved[count].board == moved.front().board)
      ++count;
    const auto part = moved.first(count);
    moved = moved.subspan(count);
    const auto found = live_.find(part.front().board);
    if (found == live_.end() || found->second->ranking == nullptr) continue;
    Live& live = *found->second;
    {
      const std::unique_lock lock(live.mutex);
      for (const Moved& one : part)
        if (one.value)
          live.ranking->set(one.id, *one.value, one.reached);
        else
          live.ranking->remove(one.id);
    }
    if (live.ranking->is_thin()) TRY(rank_all(live));
  }
  return {};
}

std::shared_ptr<const Boards::Live> Boards::find(BoardId board) const {
  const std::shared_lock lock(live_mutex_);
  const auto found = live_.find(board);
  return found == live_.end() ? nullptr : found->second;
}

Status Boards::status(BoardId board) const {
  const auto live = find(board);
  if (live == nullptr) return {};
  const std::shared_lock lock(live->mutex);
  if (live->ranking == nullptr) return {.filled = live->filled};
  return {.state = State::ready, .filled = live->filled, .count = live->ranking->size()};
}

Result<Page> Boards::page(BoardId board, std::size_t after, std::size_t count_max) const {
  Page page{.index = after};
  {
    const std::lock_guard lock(mutex_);
    page.as_of = passed_;
  }
  const auto live = find(board);
  if (live == nullptr) return being_filled();
  const std::shared_lock lock(live->mutex);
  if (live->ranking == nullptr) return being_filled();
  page.rows = live->ranking->rows(after, count_max);
  page.count = live->ranking->size();
  return page;
}

Result<Page> Boards::around(BoardId board, std::string_view id, std::size_t count_max) const {
  Page page;
  {
    const std::lock_guard lock(mutex_);
    page.as_of = passed_;
  }
  const auto live = find(board);
  if (live == nullptr) return being_filled();
  const std::shared_lock lock(live->mutex);
  if (live->ranking == nullptr) return being_filled();
  page.count = live->ranking->size();
  const auto index = live->ranking->index_of(id);
  if (!index) return page;
  const std::size_t last_first = page.count - std::min(page.count, count_max);
  page.index = std::min(*index - std::min(*index, count_max / 2), last_first);
  page.rows = live->ranking->rows(page.index, count_max);
  return page;
}

bool Boards::has_passed(const game::Places& places) const {
  return std::ranges::all_of(places.all, [this](const game::Places::Place& place) {
    return !is_of(parts_.shards, place.incarnation) ||
           passed_.find(place.incarnation).value_or(0) >= place.seq;
  });
}

void Boards::when_passed(const game::Places& places, io::Executor& executor,
                         std::move_only_function<void(Result<bool>)> done) {
  std::unique_lock lock(mutex_);
  const bool is_full = waiters_.size() >= waiter_count_max;
  if (is_draining_ || is_full || has_passed(places)) {
    const bool passed = has_passed(places);
    lock.unlock();
    if (is_full && !passed)
      return done(Error(Code::busy, "too many wait for boards: try again in a moment"));
    return done(passed);
  }
  waiters_.push_back({.places = places,
                      .until_us = parts_.clock.monotonic_us() + passed_wait_ms_max * 1000,
                      .executor = &executor,
                      .done = std::move(done)});
  lock.unlock();
  wake();
}

void Boards::answer_waiters() {
  std::vector<std::pair<Waiter, bool>> answered;
  {
    const std::int64_t now_us = parts_.clock.monotonic_us();
    const std::lock_guard lock(mutex_);
    std::erase_if(waiters_, [&](Waiter& waiter) {
      const bool passed = has_passed(waiter.places);
      if (!passed && !is_draining_ && now_us < waiter.until_us) return false;
      answered.emplace_back(std::move(waiter), passed);
      return true;
    });
  }
  for (auto& [waiter, passed] : answered)
    waiter.executor->post(
        [done = std::move(waiter.done), passed]() mutable { done(Result<bool>(passed)); });
}

}  // namespace matsuri::board
