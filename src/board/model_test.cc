// Goal: a definition is what the API says, wrong ones name what is wrong, and what is stored is read
// back the same.
#include "board/model.h"

#include <gtest/gtest.h>

#include <string>

#include "game/schema_json.h"

namespace matsuri::board {
namespace {

TEST(BoardModel, ReadsAndWritesDefinitions) {
  const auto least = parse_board(R"({"kind":"raider","field":"damage"})");
  ASSERT_TRUE(least.ok());
  EXPECT_EQ(least->order, Order::high);
  EXPECT_EQ(least->combine, Combine::best);
  EXPECT_EQ(least->size, board_size_default);
  EXPECT_FALSE(least->players);
  for (const char* text :
       {R"({"kind":"raider","field":"damage"})",
        R"({"kind":"raider","field":"damage","combine":"sum","accounts":true,"players":true})",
        R"({"kind":"lap","field":"ms","order":"low","arena":"race-7","size":1000000})"}) {
    const auto board = parse_board(text);
    ASSERT_TRUE(board.ok()) << text;
    const auto again = parse_board(to_text(*board));
    ASSERT_TRUE(again.ok()) << to_text(*board);
    EXPECT_EQ(*again, *board);
  }
}

TEST(BoardModel, SaysWhatIsWrong) {
  const std::string head = R"({"kind":"raider","field":"damage",)";
  const std::string arena_64(64, 'a');
  const std::pair<std::string, std::string> wrong[] = {
      {R"({"field":"damage"})", "kind: is missing"},
      {R"({"kind":"raider"})", "field: is missing"},
      {head + R"("order":"up"})", "order: high or low is taken"},
      {head + R"("combine":"all"})", "combine: best or sum is taken"},
      {head + R"("arena":""})", "arena: 1 to 64 bytes are taken"},
      {head + R"("arena":")" + arena_64 + R"(a"})", "arena: 1 to 64 bytes are taken"},
      {head + R"("arena":"a","combine":"sum"})",
       "combine: is for a board of all arenas, and arena names one"},
      {head + R"("size":0})", "size: a number from 1 to 1000000 is taken"},
      {head + R"("size":1000001})", "size: a number from 1 to 1000000 is taken"},
      {head + R"("colour":1})", "colour: is not known here"}};
  for (const auto& [text, message] : wrong) {
    const auto board = parse_board(text);
    ASSERT_FALSE(board.ok()) << text;
    EXPECT_EQ(board.error().message(), message);
  }
  EXPECT_TRUE(parse_board(head + R"("arena":")" + arena_64 + R"("})").ok());
  EXPECT_TRUE(is_board_name("a" + std::string(31, '9')));
  for (const std::string& name :
       {std::string(), std::string("9"), std::string("A"), "a" + std::string(32, '9')})
    EXPECT_FALSE(is_board_name(name)) << name;
}

TEST(BoardModel, IsOfAKindAndFieldThatThereAre) {
  const auto schema =
      game::parse_schema(R"({"kinds":[{"name":"raider","fields":[{"name":"damage"}]}]})");
  ASSERT_TRUE(schema.ok());
  Board board{.kind = "raider", .field = "damage"};
  EXPECT_TRUE(check(board, *schema).ok());
  board.field = "hp";
  EXPECT_EQ(check(board, *schema).error().message(), "field: raider has no field hp");
  for (const char* kind : {"boss", "hold"}) {
    board.kind = kind;
    EXPECT_EQ(check(board, *schema).error().code(), Code::invalid);
  }
}

TEST(BoardModel, WhatCountsAlikeIsNotCountedAnew) {
  const Board board{.title = TitleId{7}, .kind = "raider", .field = "damage"};
  Board other = board;
  other.players = other.accounts = true;
  other.size = 3;
  EXPECT_TRUE(counts_alike(board, other));
  for (const auto change :
       {+[](Board& it) { it.field = "hp"; }, +[](Board& it) { it.kind = "a"; },
        +[](Board& it) { it.order = Order::low; }, +[](Board& it) { it.combine = Combine::sum; },
        +[](Board& it) { it.arena = "a"; }}) {
    other = board;
    change(other);
    EXPECT_FALSE(counts_alike(board, other));
  }
}

}  // namespace
}  // namespace matsuri::board
