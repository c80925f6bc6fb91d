// Fills a board that was defined when there was something to count already: the entities of its
// title, page by page, from the tables of all shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "board/changes.h"
#include "board/model.h"
#include "game/commands.h"
#include "sequencer/history.h"

namespace matsuri::board {

// Each page is of one moment, whichever; versions tell what is newer, a page or a change. So all is
// right once those changes were taken that came up to the last page, and who begins with a fill has
// to take changes from a place before it on.
//
// Slots may move meanwhile: of each shard counts what it had from its first page to its last, and
// what then is missing is looked for again. One thread.
class Fill {
 public:
  explicit Fill(const Board& board);

  // The next page. On an error it is the same one with the next call.
  Result<std::vector<Update>> next(std::span<const game::ShardDb> shards, const Board& board);
  bool is_done() const { return missing_.none(); }
  // How many entities it has looked at.
  std::uint64_t count() const { return count_; }

 private:
  struct Page;
  Result<Page> read(sql::Db& db, const Board& board) const;

  sequencer::SlotSet missing_;
  std::size_t shard_ = 0;
  sequencer::SlotSet held_;  // of the missing, by this shard, from its first page on
  std::string arena_;        // behind which entity the next page begins
  std::string id_;
  std::uint64_t count_ = 0;
};

}  // namespace matsuri::board
