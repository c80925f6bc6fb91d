// What the commands of the ledger say, and whether they add up: postings of each are 0 in all, and
// every balance is the sum of its purse's postings. The keeper looks at each command as it comes,
// the doctor at all of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "points/model.h"
#include "sequencer/history.h"
#include "sql/db.h"

namespace matsuri::points {

using PurseName = std::pair<sequencer::KindIndex, std::string>;
std::string to_string(const PurseName& name);  // "campaign:summer"

// Something as a command left it: a purse, or a grant.
struct Left {
  PurseName name;
  sequencer::Entity state;

  bool is_purse() const { return name.first != grant_kind; }
  std::int64_t balance() const { return state.get(balance_field(name.first)); }
  std::int64_t posting() const { return state.get(posting_field(name.first)); }
};
// An applied command, and all that it changed.
struct Posted {
  sequencer::StoredCommand command;
  std::vector<Left> left;
};
// Code::corrupt for what the sequencer does not write.
Result<Posted> parse_posted(sequencer::StoredCommand command);

// Commands of the ledger behind a place, as many as one look takes: none, and no slot, in a shard
// that does not have it.
Result<sequencer::Changes> read_ledger(sql::Connection& connection, std::uint64_t after);

// The fields of something of that kind, as the sequencer writes them. Code::corrupt, the end of a
// sentence.
Result<sequencer::Entity> parse_state(std::string_view fields, sequencer::KindIndex kind);

// What a purse is, by what was posted to it.
struct PurseState {
  std::uint64_t version = 0;
  std::int64_t balance = 0;
  std::int64_t held = 0;  // of an account, or a campaign

  bool operator==(const PurseState&) const = default;
};
using Purses = std::map<PurseName, PurseState>;

struct Fault {
  enum class What : std::uint8_t {
    sum,    // the postings are not 0 in all
    fold,   // a balance is not what was posted
    held,   // what purses have held is not what their holds have
    order,  // a version is not the next one: something is missing, or too much
  };
  What what = What::sum;
  std::string text;
};
std::string_view name_of(Fault::What what);

// Posts one command to the purses, each of which is there as it was before it (or was never); and
// tells what is wrong. A purse goes on from what the command says, so that one fault is told once.
std::vector<Fault> post(const Posted& posted, Purses& purses);

// For the doctor: everything in a shard's database, in the snapshot of the connection, if points
// are there. A line for each thing that is wrong, at most `line_count_max`.
Result<std::vector<std::string>> examine_shard(sql::Connection& connection,
                                               std::size_t line_count_max);

}  // namespace matsuri::points
