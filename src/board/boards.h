// Leaderboards: what applied commands make of entities, ranked in memory, exact at every moment.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "board/apply.h"
#include "board/definitions.h"
#include "board/fill.h"
#include "board/ranking.h"
#include "game/commands.h"
#include "game/cursor.h"
#include "game/places.h"
#include "io/clock.h"
#include "io/executor.h"
#include "sql/db.h"

namespace matsuri::board {

// How long a reader waits for a place at most, and how many may.
inline constexpr std::int64_t passed_wait_ms_max = 1'000;
inline constexpr std::size_t waiter_count_max = 1024;

// The values are stored: never renumber them.
enum class State : std::uint8_t { filling = 1, ready = 2 };

struct Status {
  State state = State::filling;
  std::uint64_t filled = 0;  // entities that the fill has looked at
  std::size_t count = 0;     // ranked entities
};

struct Page {
  std::vector<Row> rows;
  std::size_t index = 0;  // of the first row in the list
  std::size_t count = 0;  // of the whole list
  game::Places as_of;     // everything up to here is in it
};

struct BoardsParts {
  sql::Db& db;    // of boards: a view, which may be lost
  sql::Db& main;  // has the definitions
  std::vector<game::ShardDb> shards;
  std::uint64_t world = 0;  // the incarnation of main
  Definitions& definitions;
  io::Clock& clock;
  metrics::Registry* metrics = nullptr;
};

// Reads the commands of all shards in their order, beside their writers. Entries and places are
// committed together, so each command counts once whatever crashes; memory follows what has
// committed. A board that is new is filled from the entity tables meanwhile. Where a shard or main
// is not the one that was read before (a restore), all boards are filled anew.
//
// Thread-safe. Owns one thread, which alone writes the database; another process that does so is
// told by the row of places, and then all is read again.
class Boards {
 public:
  // REQUIRES: the tables are there.
  explicit Boards(BoardsParts parts);
  ~Boards();
  Boards(const Boards&) = delete;
  Boards& operator=(const Boards&) = delete;

  // A shard has something new, or a definition is another.
  void wake();

  Status status(BoardId board) const;
  // From place `after` of the list on. Code::busy while the board is being filled.
  Result<Page> page(BoardId board, std::size_t after, std::size_t count_max) const;
  // With `id` in the middle, as far as there are enough on both sides; no rows where it is not on
  // the board.
  Result<Page> around(BoardId board, std::string_view id, std::size_t count_max) const;

  // Runs `done` through `executor` when all up to `places` is in the boards; after
  // passed_wait_ms_max with false. Places of another life are nothing to wait for.
  void when_passed(const game::Places& places, io::Executor& executor,
                   std::move_only_function<void(Result<bool>)> done);

  // Lets nobody wait any more: before a server stops.
  void drain();

 private:
  struct Live {
    Board board;               // the thread's own, as is what follows
    std::optional<Fill> fill;  // while there is something to fill
    std::atomic<std::uint64_t> filled{0};
    mutable std::shared_mutex mutex;
    std::unique_ptr<Ranking> ranking;  // none before it is ready
  };
  struct Waiter {
    game::Places places;
    std::int64_t until_us = 0;
    io::Executor* executor = nullptr;
    std::move_only_function<void(Result<bool>)> done;
  };

  void loop();
  // False where there is nothing left to do for now.
  Result<bool> step();
  Result<void> look_at_definitions();
  Result<void> load();
  Result<void> forget_all();
  Result<void> settle();
  Result<void> begin(const std::vector<Board>& boards);
  Result<void> drop_undefined(const Defined& defined);
  Result<void> fill_page(Live& live);
  Result<void> make_ready(Live& live);
  Result<void> rank_all(Live& live);
  // True where everything was read, up to `seen`.
  Result<bool> consume(game::Places& seen);
  Result<bool> consume_shard(std::size_t shard, sequencer::SlotSet& slots, game::Places& seen);
  Result<void> commit(std::span<const Update> updates, const game::Cursor& read_to);
  Result<void> save_places(sql::Connection& connection, const game::Cursor& read_to);
  Result<void> show(std::span<const Moved> moved);
  void index();
  void answer_waiters();
  std::int64_t pause_us() const;
  bool has_passed(const game::Places& places) const;
  std::shared_ptr<const Live> find(BoardId board) const;

  const BoardsParts parts_;
  metrics::Counter* update_counter_ = nullptr;
  metrics::Gauge* entry_gauge_ = nullptr;
  metrics::Gauge* filling_gauge_ = nullptr;

  // The thread's own.
  bool is_loaded_ = false;
  std::uint64_t rev_ = 0;          // of the row of places
  std::uint64_t settled_rev_ = 0;  // of the definitions
  std::int64_t looked_us_ = 0;
  game::Cursor read_to_;
  game::Cursor saved_;
  std::map<BoardId, State> states_;  // as they are stored
  std::unordered_map<TitleId, std::vector<const Board*>> by_title_;

  mutable std::shared_mutex live_mutex_;
  std::map<BoardId, std::shared_ptr<Live>> live_;  // the thread writes it

  std::atomic<bool> has_news_{false};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  game::Places passed_;
  std::vector<Waiter> waiters_;
  bool is_draining_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri::board
