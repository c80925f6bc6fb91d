// Goal: a move goes forward where it may and back where it must, and the rows of the shard map follow
// one another by its rules alone.
#include "sequencer/move.h"

#include <gtest/gtest.h>

#include <vector>

namespace matsuri::sequencer {
namespace {

using enum Move::Step;

constexpr MovePlan plan{.slot = 7, .from = 0, .to = 1, .version = 2};

// Does steps well until it comes to `step`.
Move at(Move::Step step) {
  Move move(plan);
  while (move.step() != step && !move.over()) move.did(true, 10, {.seq = 10, .all = true});
  EXPECT_EQ(move.step(), step);
  return move;
}

TEST(Move, GoesThroughItsSteps) {
  Move move(plan);
  std::vector<Move::Step> steps;
  for (; !move.over(); move.did(true, 10, {.seq = 10, .all = true})) steps.push_back(move.step());
  EXPECT_EQ(steps,
            (std::vector{arrive, carry, park, mark, carry_rest, give, take, open_there, clear}));
  EXPECT_EQ(move.step(), done);
}

TEST(Move, BeforeItIsDecidedAFailureUndoesIt) {
  for (const auto& [step, next] : {std::pair{arrive, failed},
                                   {carry, failed},
                                   {mark, open_here},
                                   {carry_rest, open_here},
                                   {give, open_here}}) {
    Move move = at(step);
    move.did(false);
    EXPECT_EQ(move.step(), next) << static_cast<int>(step);
  }
}

TEST(Move, CarriesUntilNothingIsLeftAndTheRestUpToTheMark) {
  Move move = at(carry);
  move.did(true, 0, {.seq = 5, .all = false});
  EXPECT_EQ(move.step(), carry);
  EXPECT_EQ(move.carried_seq(), 5U);
  move.did(true, 0, {.seq = 9, .all = true});
  move.did(true);
  EXPECT_EQ(move.step(), mark);
  move.did(true, 12);
  move.did(true, 0, {.seq = 11, .all = false});
  EXPECT_EQ(move.step(), carry_rest) << "the mark is at 12";
  move.did(true, 0, {.seq = 12, .all = true});
  EXPECT_EQ(move.step(), give);
  EXPECT_EQ(move.change().seq, 12U);
}

// A reader that comes between the last copy and `give` finds the slot at the shard's place of then.
TEST(Move, WhatIsDecidedThereIsAboveWhatWasReadHere) {
  Move move = at(give);
  move.did(true, 25);
  EXPECT_EQ(move.step(), take);
  EXPECT_EQ(move.change().seq, 25U);
}

TEST(Move, OneThatWasDecidedIsTakenAgain) {
  Move move = Move::resume(plan, 30);
  EXPECT_EQ(move.step(), take);
  const SlotChange change = move.change();
  EXPECT_EQ(change.row, (SlotRow{.state = SlotState::owned, .version = 2, .peer = 0}));
  EXPECT_EQ(change.seq, 30U);
  move.did(false);
  EXPECT_EQ(move.step(), take) << "there is no way back";
}

TEST(Slots, RowsFollowOneAnother) {
  const SlotRow owned{SlotState::owned, 3, 0};
  const SlotRow given{SlotState::given, 4, 1};
  const SlotRow arriving{SlotState::arriving, 4, 0};
  EXPECT_TRUE(check_change(owned, given).ok());
  EXPECT_TRUE(check_change(given, given).ok()) << "said again";
  EXPECT_TRUE(check_change(arriving, {SlotState::owned, 4, 0}).ok());
  EXPECT_TRUE(check_change(given, {SlotState::arriving, 5, 1}).ok()) << "it comes back";
  EXPECT_TRUE(check_change({}, arriving).ok());

  EXPECT_FALSE(check_change(owned, {SlotState::given, 5, 1}).ok()) << "of another version";
  EXPECT_FALSE(check_change(given, {SlotState::given, 4, 2}).ok()) << "to another shard";
  EXPECT_FALSE(check_change(owned, {SlotState::arriving, 4, 1}).ok()) << "it is here";
  EXPECT_FALSE(check_change(given, {SlotState::owned, 4, 1}).ok()) << "did not arrive";
  EXPECT_FALSE(check_change(arriving, {SlotState::owned, 5, 0}).ok());
  EXPECT_FALSE(check_change(arriving, {SlotState::arriving, 4, 2}).ok());
}

TEST(Slots, TheMapIsWhatTheRowsOfAllShardsSay) {
  std::vector<Slots> shards = {first_slots(0, 3), first_slots(1, 3), first_slots(2, 3)};
  std::vector<std::uint32_t> map = map_of(shards);
  EXPECT_EQ(map[0], 0U);
  EXPECT_EQ(map[341], 0U);
  EXPECT_EQ(map[342], 1U);
  EXPECT_EQ(map[1023], 2U);
  EXPECT_EQ(plan_of(shards, 7, 1), plan);
  EXPECT_EQ(plan_of(shards, 7, 0), std::nullopt) << "it is there";

  shards[1][7] = {SlotState::arriving, 2, 0};
  EXPECT_EQ(map_of(shards)[7], 0U);
  EXPECT_TRUE(unfinished(shards).empty());
  shards[0][7] = {SlotState::given, 2, 1};
  EXPECT_EQ(map_of(shards)[7], 1U) << "decided";
  EXPECT_EQ(unfinished(shards), std::vector{plan});
  EXPECT_EQ(plan_of(shards, 7, 2), std::nullopt) << "nobody has it yet";
  shards[1][7] = {SlotState::owned, 2, 0};
  EXPECT_TRUE(unfinished(shards).empty());
  EXPECT_EQ(map_of(shards)[7], 1U);
}

}  // namespace
}  // namespace matsuri::sequencer
